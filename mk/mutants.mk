# Mutants: the code without one of its rules.

# MUTANTS="dane verdict/ttl-most" runs only these: all of a module, or single
# mutants.
RUN_MUTANTS = tests/mutants/run $(patsubst -j%,--jobs=%,$(filter-out -j,$(filter -j%,\
	$(MAKEFLAGS))))

mutants:
	@$(RUN_MUTANTS) $(MUTANTS)

# Only checks, within a second, that each mutant still applies: a change of code
# must update its mutants.
check-mutants-match:
	@echo "check-mutants-match"
	@tests/mutants/run --match

# A random selection; SEED= repeats it.
check-mutants:
	@$(RUN_MUTANTS) --draw 10 --seed $(SEED)

.PHONY: mutants check-mutants-match check-mutants
