# Tests with instruments: sanitizers, valgrind, coverage.

# A report fails the test during which it appears: tests/lab/sanitizers.py.
check-sanitized:
	@$(MAKE) --keep-going SANITIZE=address,undefined check-unit check-labs

# The programs have one thread.  Races are possible only with threads of
# libraries and with signals.
check-tsan:
	@$(MAKE) --keep-going SANITIZE=thread check-unit check-lab-daemon

# The normal build, but without the sandbox, in which valgrind can't run.
check-valgrind:
	@POSTDANE_WRAPPER=valgrind $(MAKE) check-lab-daemon

check-lab-daemon:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(LAB) -m pytest -q -p no:cacheprovider tests/system/test_daemon.py \
		tests/system/test_policy.py

# ---- coverage ----

# Uses a separate build without optimisation, and the tests that check results:
# the unit tests and the lab's.  Lines that can't run are marked GCOVR_EXCL_LINE
# with the reason.
COVERAGE_DIRECTORY := build/coverage
COVERAGE_MAKE = $(MAKE) COVERAGE=1 CFLAGS='-O0 -g'
GCOVR = gcovr --root . --filter 'daemon/' --exclude-unreachable-branches \
	--gcov-ignore-parse-errors

coverage:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@tests/tools/install-packages gcovr
	@trap '$(GIVE_BACK)' EXIT; \
		find $(COVERAGE_DIRECTORY) -name '*.gcda' -delete 2>/dev/null; \
		failed=0; \
		$(COVERAGE_MAKE) $(JOBS) coverage-objects && \
			$(COVERAGE_MAKE) --keep-going check-unit check-lab || \
			failed=1; \
		find $(COVERAGE_DIRECTORY) -name '*.gcda' -empty -delete; \
		$(MAKE) coverage-report && exit $$failed

# Coverage data is written by the user that a program has switched to.  So the
# files are created in advance, writable for all.
coverage-objects: all $(LAB_PROGRAMS) $(UNIT_TESTS)
	@find $(BUILD)/obj -name '*.gcno' -exec sh -c 'for file; do \
		data=$${file%.gcno}.gcda; : >"$$data" && chmod 666 "$$data"; \
		done' sh {} +

coverage-report:
	@mkdir -p $(COVERAGE_DIRECTORY)/html
	@$(GCOVR) $(COVERAGE_DIRECTORY)/obj \
		--json-summary $(COVERAGE_DIRECTORY)/summary.json \
		--txt $(COVERAGE_DIRECTORY)/report.txt \
		--html-details $(COVERAGE_DIRECTORY)/html/index.html
	@tests/tools/check-coverage $(COVERAGE_DIRECTORY)/summary.json $(DOCUMENT)
	@echo "each line: $(COVERAGE_DIRECTORY)/html/index.html"

.PHONY: check-sanitized check-tsan check-valgrind check-lab-daemon coverage \
	coverage-objects coverage-report
