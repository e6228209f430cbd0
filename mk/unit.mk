# Checks of what was built that need neither root nor a network.

check-unit:
	@pkg-config --exists check || { \
		echo "The library check is missing: make test-deps" >&2; exit 1; }
	@$(MAKE) $(JOBS) $(UNIT_TESTS)
	@$(MAKE) $(JOBS) --keep-going --output-sync $(UNIT_TESTS:%=run/%) check-golden

# A timeout that only a hang reaches, even on a busy machine.  Instrumented
# builds take longer.
$(UNIT_TESTS:%=run/%): run/%: %
	@CK_DEFAULT_TIMEOUT=120 CK_TIMEOUT_MULTIPLIER=$(if \
		$(SANITIZE)$(COVERAGE),5,1) $<

# What people and programs read is kept in tests/golden.
check-golden: all
	@echo "check-golden"
	@tests/tools/check-golden $(BUILD)

# In this order: the second one reads what the first one has written.
GOLDEN_TESTS := $(addprefix $(BUILD)/unit/test_golden_,status command evidence \
	report)

golden: all $(GOLDEN_TESTS)
	@export GOLDEN=write; for test in $(GOLDEN_TESTS); do $$test || exit 1; done; \
		tests/tools/check-golden $(BUILD)

check-hardening:
	@$(MAKE) $(JOBS) all
	@tests/tools/check-hardening $(BUILD)/postdaned $(BUILD)/postdane

.PHONY: check-unit $(UNIT_TESTS:%=run/%) check-golden golden check-hardening
