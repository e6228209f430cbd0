# Checks of the source text, without running it.

# The results of these tools depend on their version.
OF_DEBIAN_12 = $(if $(filter bookworm,$(RELEASE)),$(1),left-to-debian-12)

check-style: check-layers check-docs check-mutants-match check-shellcheck \
	$(call OF_DEBIAN_12,check-format)

left-to-debian-12:
	@echo "left to Debian 12, whose versions of the tools count:" \
		"clang-format, clang-tidy, cppcheck"

check-analyzers: check-analyzer $(call OF_DEBIAN_12,check-tidy check-cppcheck)

check-format:
	@echo "clang-format"
	@clang-format --dry-run -Werror $(SOURCES) $(HEADERS) \
		$(wildcard tests/*/*.[ch])

check-layers:
	@echo "check_layers.awk"
	@awk -f tests/check_layers.awk tests/layers.txt $(SOURCES) $(HEADERS)

check-docs:
	@echo "check-docs"
	@tests/tools/check-docs

# All files with a shell in their first line.
SHELL_SCRIPTS = $(shell find . \( -path ./build -o -path ./.git \) -prune -o \
	-type f -size -100k -exec awk 'FNR == 1 && \
	/^\#! *\/(usr\/)?bin\/(env +)?(ba|da)?sh( |$$)/ { print FILENAME } \
	{ nextfile }' {} +)

check-shellcheck:
	@echo "shellcheck"
	@shellcheck $(SHELL_SCRIPTS)
	@shellcheck --shell=bash service/postdane.bash-completion

check-tidy:
	@$(MAKE) $(JOBS) --keep-going --output-sync tidy

tidy: $(patsubst %.c,$(BUILD)/tidy/%.ok,$(SOURCES))

# clang-tidy counts suppressed warnings on stderr; this filters that line.
$(BUILD)/tidy/%.ok: %.c $(HEADERS) .clang-tidy
	@mkdir -p $(@D)
	@echo "clang-tidy $<"
	@clang-tidy --quiet $< -- $(filter-out -f%,$(OUR_CFLAGS)) 2>$@.log || { \
		grep -v 'warnings\? generated\.$$' $@.log; exit 1; }
	@touch $@

check-compilers:
	@$(MAKE) $(JOBS) WERROR=1 CC=gcc objects
	@$(MAKE) $(JOBS) WERROR=1 CC=clang objects

# cppcheck needs these headers for their loop macros.  All system headers would
# take minutes.
CPPCHECK_HEADERS := $(addprefix /usr/include/,uthash.h utlist.h \
	jansson.h jansson_config.h)

check-cppcheck:
	@echo "cppcheck"
	@rm -rf build/cppcheck && mkdir -p build/cppcheck/include
	@cp $(CPPCHECK_HEADERS) build/cppcheck/include
	@cppcheck --quiet --error-exitcode=1 --std=c17 --language=c $(JOBS) \
		--enable=warning,performance,portability --inline-suppr \
		--suppress='*:build/cppcheck/*' -D_GNU_SOURCE \
		-DPOSTDANE_VERSION='"$(VERSION)"' -Iinclude \
		-Ibuild/cppcheck/include $(SOURCES) $(wildcard tests/*/*.c)

# gcc 12 reports memory as leaked if its pointer is stored in allocated memory:
# all of its 28 reports were false.  Sanitizers and valgrind detect leaks.
ANALYZER := -fanalyzer -Wno-analyzer-malloc-leak -Werror

check-analyzer:
	@$(MAKE) $(JOBS) --keep-going --output-sync analyze

analyze: $(patsubst %.c,build/analyzer/%.ok,$(SOURCES))

build/analyzer/%.ok: %.c $(HEADERS)
	@mkdir -p $(@D)
	@echo "gcc -fanalyzer $<"
	@gcc $(OUR_CFLAGS) -O1 $(ANALYZER) -c -o /dev/null $<
	@touch $@

.PHONY: check-style left-to-debian-12 check-analyzers check-format \
	check-layers check-docs check-shellcheck check-tidy tidy check-compilers \
	check-cppcheck check-analyzer analyze
