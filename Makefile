# postdane.  CFLAGS, CPPFLAGS and LDFLAGS belong to the user.  The flags that
# the code needs are in the OUR_ variables.
#
#   make                    build/postdaned and build/postdane; needs no root
#   sudo make demo          the lab, real Postfix, a table of verdicts
#   sudo make check         all tests; make check-unit is the part that needs
#                           neither root nor a network
#   sudo make ci            make check, and sanitizers, analysers, a bare
#                           Debian 13
#   sudo make release-check checks that take hours, before a release
#   sudo make coverage      line coverage of the tests
#   sudo make run           the daemon in the foreground, to try it
#   make install            PREFIX (/usr/local), SYSCONFDIR (/etc), DESTDIR
#   sudo make install-postfix-conf
#                           makes postdane the resolver of Postfix alone
#   sudo make bench         measures again for docs/benchmark.md
#   sudo make faults        all fault tests, including those that take minutes
#   make fuzz TIME=60       fuzzes each parser of foreign data, for 60 seconds
#   sudo make soak TIME=1200
#                           mixed load while everything around the daemon fails
#   sudo make attack        an attacker on the path, RUNS=2000 times; SEED=…
#                           repeats a series, RUN=… a single run
#   make allocs             makes each allocation of the unit tests fail once
#   make golden             accepts the texts in tests/golden as they are now
#   make mutants            removes each security rule once
#   sudo make check-busy    part of the tests on a busy machine
#   sudo make check-systemd tests on Debian 12 and 13, booted in containers
#   sudo make check-debian13
#                           tests on a bare Debian 13, which it creates
#
# CC=clang, SANITIZE=address,undefined and WERROR=1 work with any target.  The
# first two build in separate directories below build/.

VERSION := 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CFLAGS ?= -O2 -g
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON := /usr/bin/python3
# The Debian release of this machine: bookworm is 12, trixie 13.
RELEASE := $(shell . /etc/os-release 2>/dev/null && echo "$$VERSION_CODENAME")
MAKEFLAGS += --no-print-directory

# ---- Debian packages ----

BUILD_PACKAGES := gcc libc6-dev make pkg-config libconfuse-dev libevent-dev \
	libidn2-dev libjansson-dev libldns-dev libseccomp-dev libssl-dev \
	libsystemd-dev \
	libunbound-dev libxxhash-dev nettle-dev uthash-dev dns-root-data
# Needed to run the lab.  Only utilities: none of them starts a service.
LAB_PACKAGES := bind9-dnsutils bind9-utils faketime iproute2 ldnsutils mount openssl \
	procps python3 python3-cryptography python3-dnspython unbound-host
DEB_PACKAGES := adduser build-essential check debhelper lintian
TEST_PACKAGES := $(LAB_PACKAGES) $(DEB_PACKAGES) clang clang-format \
	clang-tidy cppcheck libclang-rt-dev mandoc python3-pytest shellcheck \
	systemd valgrind $(DEBIAN_PACKAGES)
# Needed to create and boot other Debian releases: check-systemd,
# check-debian13.
DEBIAN_PACKAGES := debian-archive-keyring mmdebstrap systemd-container
# Never installed: they would start services, replace another MTA, or be
# confined by AppArmor.  They are unpacked below build/ and run only in the lab.
SERVER_PACKAGES := bind9 nsd pdns-recursor postfix prometheus systemd unbound

# ---- flags ----

comma := ,
BUILD := build$(if $(filter-out gcc,$(CC)),/$(notdir $(firstword $(CC))))$(if \
	$(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))$(if $(COVERAGE),/coverage)
SERVERS := build/servers

LIBRARIES := libunbound libevent openssl libconfuse ldns libidn2 jansson \
	libsystemd libxxhash libseccomp
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wformat=2
OUR_CFLAGS := -std=c17 -D_GNU_SOURCE -DPOSTDANE_VERSION='"$(VERSION)"' \
	-Iinclude $(WARNINGS) \
	$(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
OUR_LDFLAGS := -Wl,--as-needed
OUR_LIBS := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null)
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)

ifdef WERROR
OUR_CFLAGS += -Werror
endif
ifdef COVERAGE
# The path is needed to write coverage data from inside the sandbox.
OUR_CFLAGS += --coverage -DPOSTDANE_COVERAGE='"$(CURDIR)/$(BUILD)"'
OUR_LDFLAGS += --coverage
endif
ifdef SANITIZE
OUR_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
OUR_LDFLAGS += -fsanitize=$(SANITIZE)
else
# Not with sanitizers, which check more than _FORTIFY_SOURCE does.  It requires
# an optimised build.  A value set by the user takes precedence.
OUR_CFLAGS += $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,$(if \
	$(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-D_FORTIFY_SOURCE=2))
endif
# The build does not depend on the directory.  Except for coverage: gcov has to
# find its files.
OUR_CFLAGS += $(if $(COVERAGE),,-ffile-prefix-map=$(CURDIR)=.)
OUR_CFLAGS += -fPIE -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64 i%86,$(shell \
	uname -m)),-fcf-protection)
OUR_LDFLAGS += -pie -Wl,-z,relro,-z,now

# make V=1 shows the commands.
Q := $(if $(V),,@)

COMPILE = $(CC) $(OUR_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
LINK = $(CC) $(OUR_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

# ---- files ----

ARCHIVE := $(BUILD)/libpostdane.a
objects_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
ARCHIVE_OBJECTS := $(call objects_of,$(filter-out daemon/command/%,$(wildcard \
	daemon/*/*.c daemon/*/*/*.c)))
COMMAND_OBJECTS := $(call objects_of,$(wildcard daemon/command/*.c \
	daemon/command/*/*.c))
MAIN_OBJECT := $(BUILD)/obj/daemon/main.o
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SOURCES))
OBJECTS := $(MAIN_OBJECT) $(COMMAND_OBJECTS) $(ARCHIVE_OBJECTS) \
	$(call objects_of,$(UNIT_SOURCES))
FUZZ_OBJECTS := $(call objects_of,$(wildcard tests/fuzz/fuzz_*.c))
SOURCES := $(wildcard daemon/*.c daemon/*/*.c daemon/*/*/*.c)
HEADERS := $(wildcard include/*/*.h include/*/*/*.h)
MANUALS := $(wildcard docs/man/*.[158])
# Installed with the same layout as here, so that links between them work.  All
# link targets are included.
DOCUMENTS := README.md CHANGELOG.md CONTRIBUTING.md LICENSE SECURITY.md \
	service/postdane.conf $(wildcard docs/*.md docs/*.svg)

# ---- building ----

all: $(BUILD)/postdaned $(BUILD)/postdane

help:
	@sed -n '/^$$/q; s/^#$$//p; s/^# //p' Makefile

$(BUILD)/postdaned: $(MAIN_OBJECT) $(ARCHIVE)
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)

$(BUILD)/postdane: $(COMMAND_OBJECTS) $(ARCHIVE)
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)

# Created from scratch: the object of a removed module would still be linked.
$(ARCHIVE): $(ARCHIVE_OBJECTS)
	@echo "  AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# The modules of the commands, without main().
COMMAND_ARCHIVE := $(BUILD)/libcommand.a
$(COMMAND_ARCHIVE): $(filter-out %/postdane.o,$(COMMAND_OBJECTS))
	@echo "  AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(COMMAND_ARCHIVE) $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) $(CHECK_LIBS) $(OUR_LIBS)

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE)

# Changes if the flags change, so that everything is compiled again.
FLAGS_TEXT := $(CC) $(OUR_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
$(BUILD)/flags: FORCE
	@pkg-config --print-errors --exists $(LIBRARIES) || { \
		echo "The libraries to build with are missing: make deps" >&2; \
		exit 1; }
	@mkdir -p $(BUILD)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS_TEXT))' > $@

objects: $(OBJECTS)

# ---- tests ----

# One job per processor, unless the user sets -j.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# Files made by root are given to the owner of the source tree.  Not those of
# whole systems (build/debian), whose files have various owners.
GIVE_BACK = [ "$$(id -u)" != 0 ] || [ ! -e build ] || find build -path build/debian \
	-prune -o -exec chown -h "$$(stat -c %u:%g .)" {} +

NEEDS_ROOT = [ "$$(id -u)" = 0 ] || { \
	echo "make $@ needs root, for the lab's namespaces: sudo make $@" >&2; \
	exit 1; }

CHECKS := check-style check-compilers check-unit check-fuzz \
	$(if $(SANITIZE),,check-hardening) check-labs check-faults check-attack \
	check-soak
RUN_CHECKS = trap '$(GIVE_BACK)' EXIT; \
	tests/tools/run-checks '$(MAKE) WERROR=1' $(BUILD)/check

check:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@$(RUN_CHECKS) $(CHECKS)

# Includes checks that take longer.  Run by .ci/run.
ci:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@$(RUN_CHECKS) $(CHECKS) check-analyzers check-allocs check-mutants \
		check-sanitized check-debian13

# Takes hours; for releases.  make ci is for each change, and includes none or
# only a small part of each of these.  The last one rewrites docs/benchmark.md.
RELEASE_CHECKS := check-valgrind check-tsan coverage allocs faults mutants \
	attack soak fuzz fuzz-afl check-busy check-systemd check-debian13-all \
	bench

release-check:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; \
		tests/tools/run-checks '$(MAKE)' $(BUILD)/release \
		$(RELEASE_CHECKS)

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

# Programs that tests of the lab run, besides postdaned and postdane.
LAB_PROGRAMS := $(patsubst tests/system/%.c,$(BUILD)/system/%,$(wildcard tests/system/*.c))
$(LAB_PROGRAMS): $(BUILD)/system/%: $(BUILD)/obj/tests/system/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)

LAB = tests/lab/run --servers $(SERVERS) -- env POSTDANE_BUILD=$(BUILD) \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON)

check-hardening:
	@$(MAKE) $(JOBS) all
	@tests/tools/check-hardening $(BUILD)/postdaned $(BUILD)/postdane

# The tests mostly wait, so some run in parallel, each in its own namespaces,
# the longest first.  With sanitizers two files are left out: the package is always
# built without them, and a build with them has no sandbox.
LABS ?= 4
LONG := $(patsubst %,tests/%.py,incident/test_postfix_resolv system/test_dns_service \
	system/test_doctor system/test_matrix system/test_time_and_place system/test_daemon \
	system/test_diagnose faults/test_neighbours)
LAB_FILES := $(filter-out $(if $(SANITIZE)$(COVERAGE),\
	tests/system/test_package.py) $(if $(SANITIZE),tests/system/test_sandbox.py),\
	$(wildcard tests/system/test_*.py))
INCIDENT_FILES := $(wildcard tests/incident/test_*.py)
# $(1): files and directories.
SIDE_BY_SIDE = $(MAKE) -j$(LABS) --keep-going --output-sync $(foreach file,$(filter \
	$(1),$(LONG)) $(filter-out $(LONG),$(1)),$(file).run)

%.run:
	@$(LAB) -m pytest -q -p no:cacheprovider $(if $(filter \
		tests/faults/%,$*),-m '$(FAULTS_MARK)') $*

lab-programs:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all $(LAB_PROGRAMS)
	@$(MAKE) servers

lab-package:
	@$(if $(SANITIZE)$(COVERAGE),true,$(MAKE) deb)

check-lab: lab-programs lab-package
	@$(call SIDE_BY_SIDE,$(LAB_FILES))

# Tests with real mail servers whether each verdict has its intended effect.
check-oracle: lab-programs
	@$(call SIDE_BY_SIDE,tests/oracle)

check-incident: lab-programs
	@$(call SIDE_BY_SIDE,$(INCIDENT_FILES))

# check-lab, check-oracle and check-incident together.
check-labs: lab-programs lab-package
	@$(call SIDE_BY_SIDE,$(LAB_FILES) tests/oracle $(INCIDENT_FILES))

# ---- a busy machine ----

# Runs tests beside two endless loops per processor, to show that no result
# depends on timing.  Everything is built before the loops start.
check-busy:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all $(LAB_PROGRAMS) $(UNIT_TESTS)
	@$(MAKE) servers
	@trap '$(GIVE_BACK)' EXIT; \
		tests/tools/beside-loops tests/tools/run-checks '$(MAKE)' \
			$(BUILD)/busy check-unit check-busy-lab check-faults

# The tests that depend most on waiting, counting and measuring, and take only a
# few minutes.
LAB_BUSY := $(addprefix tests/system/test_,policy.py cache.py daemon.py counters.py)
check-busy-lab:
	@$(LAB) -m pytest -q -p no:cacheprovider $(LAB_BUSY)
	@$(LAB) -m pytest -q -p no:cacheprovider tests/oracle/test_mail.py

# ---- an attacker on the path ----

# Runs of each series; fuzz has a different RUNS.
attack: RUNS := 2000
SEED := fresh
# KEEP=DIRECTORY keeps the daemon's log of each failed run.
ATTACK = $(LAB) tests/attack/run.py $(if $(KEEP),--keep $(KEEP))

attack:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(ATTACK) $(if $(RUN),--run $(RUN),--runs $(RUNS)) --seed $(SEED)

# Runs for a limited time, with a constant and with a fresh seed.
check-attack:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(ATTACK) --seconds 12 --seed postdane --seed fresh

# ---- other systems: bare and booted ----

# Each package is built on the release that it is for.
build/debian/%/postdane.deb: $(SOURCES) $(HEADERS) $(MANUALS) Makefile \
		$(wildcard debian/* service/* postfix-conf/* tests/unit/* tests/fakes/* \
		tests/golden/*) tests/tools/check-golden
	@mkdir -p $(@D)
	@if [ $* = '$(RELEASE)' ]; then \
		$(MAKE) deb && cp build/deb/postdane.deb $@; \
	else \
		tests/tools/on-bare-debian $* make deb; \
	fi

# The short checks on a Debian 13 that has nothing but make.
check-debian13:
	@$(NEEDS_ROOT)
	@tests/tools/install-packages $(DEBIAN_PACKAGES)
	@tests/tools/on-bare-debian trixie 'make WERROR=1 demo deb demo-incident; \
		tests/tools/install-packages python3-pytest systemd; \
		make check-incident'

# All of make check there, except for parts of check-style that require Debian
# 12.
check-debian13-all:
	@$(NEEDS_ROOT)
	@tests/tools/install-packages $(DEBIAN_PACKAGES)
	@tests/tools/on-bare-debian trixie make check

# Tests the package in a container with a running systemd and real Postfix.
SYSTEMD_RELEASES := bookworm trixie
check-systemd: $(SYSTEMD_RELEASES:%=check-systemd-%)

$(SYSTEMD_RELEASES:%=check-systemd-%): check-systemd-%:
	@$(NEEDS_ROOT)
	@tests/tools/install-packages $(LAB_PACKAGES) $(DEBIAN_PACKAGES) \
		python3-pytest
	@$(MAKE) servers
	@tests/tools/can-boot
	@$(MAKE) build/debian/$*/postdane.deb
	@tests/tools/debian-system $* build/debian/$*/postdane.deb
	@POSTDANE_RELEASE=$* $(LAB) -m pytest -q -p no:cacheprovider tests/systemd

# ---- sanitizers ----

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

# ---- analysers ----

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

# Run in parallel like the labs: the tests mostly wait.
FAULTS_MARK := not slow
check-faults: lab-programs
	@$(call SIDE_BY_SIDE,$(wildcard tests/faults/test_*.py))

# Includes the fault tests that take minutes.
faults:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; \
		$(MAKE) check-faults FAULTS_MARK='slow or not slow'

# ---- fuzzing ----

# libFuzzer requires clang, which includes its runtime.
FUZZ_MAKE = $(MAKE) $(JOBS) CC=clang \
	SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O2 -g'
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SOURCES))
# TIME: seconds per target.  TARGETS="socketmap mx" fuzzes only those.
# RUNS=10000000 continues in rounds until each target has had that many
# executions.
TIME := 60
TARGETS := $(FUZZ_TARGETS)
fuzz: RUNS := 0

fuzz:
	@$(FUZZ_MAKE) fuzzers
	@RUNS=$(RUNS) tests/fuzz/run fuzz $(TIME) $(TARGETS)

check-fuzz:
	@$(FUZZ_MAKE) fuzzers
	@tests/fuzz/run replay 0 $(TARGETS)

fuzzers: $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(ARCHIVE)
	@mkdir -p $(@D) build/fuzz
	@echo "  LD $@"
	$(Q)$(LINK) -fsanitize=fuzzer $(OUR_LIBS)
	$(Q)ln -f $@ build/fuzz/$*

# The same targets with AFL++, which provides main() for them.
AFL_TARGETS = $(if $(filter file,$(origin TARGETS)),socketmap \
	dns_message,$(TARGETS))
AFL_MAKE = $(MAKE) $(JOBS) CC=afl-clang-fast SANITIZE=address,undefined \
	CFLAGS='-O2 -g'

fuzz-afl:
	@tests/tools/install-packages afl++
	@$(AFL_MAKE) $(AFL_TARGETS:%=build/afl/%)
	@tests/fuzz/run afl $(TIME) $(AFL_TARGETS)

build/afl/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) -fsanitize=fuzzer $(OUR_LIBS)

# ---- soak ----

# TIME: seconds.  The result goes to build/soak.  SEED= repeats a run's random
# choices.
soak: TIME := 1200
soak:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) soaked TIME=$(TIME)

# A short run, which only shows that the soak test works.
check-soak:
	@$(NEEDS_ROOT)
	@$(MAKE) servers
	@$(MAKE) soaked TIME=12

soaked:
	@$(MAKE) $(JOBS) all $(BUILD)/bench/load
	@$(LAB) tests/soak/run.py $(TIME)

# ---- allocation failures ----

# The unit tests, linked so that each allocation can be made to fail.  Our code
# is put into a separate section, which distinguishes its allocations from the
# test's: tests/allocs/allocs.h.  Not key_limits: it allocates nothing, and GMP,
# which its test uses through Nettle, ends the program if an allocation fails.
ALLOCS_MAKE = $(MAKE) $(JOBS) CC=gcc SANITIZE=address,undefined
ALLOCS_TESTS := $(filter-out key_limits,\
	$(patsubst tests/unit/test_%.c,%,$(UNIT_SOURCES)))
ALLOCS_OBJECTS := $(call objects_of,$(wildcard tests/allocs/*.c))
ALLOCS_ARCHIVES := $(BUILD)/allocs/libcommand.a $(BUILD)/allocs/libpostdane.a
MODULES := $(ALLOCS_TESTS)

allocs:
	@$(ALLOCS_MAKE) allocs-tests
	@ALLOCS=all tests/allocs/run $(MODULES)

check-allocs:
	@$(ALLOCS_MAKE) allocs-tests
	@ALLOCS=places tests/allocs/run $(MODULES)

allocs-tests: $(ALLOCS_TESTS:%=$(BUILD)/allocs/%)

# It replaces malloc(), and runs before the sanitizers are initialised.
$(BUILD)/obj/tests/allocs/allocs.o: OUR_CFLAGS += -fno-sanitize=all

$(BUILD)/allocs/lib%.a: $(BUILD)/lib%.a tests/allocs/calls.syms
	@mkdir -p $(@D)
	@echo "  OBJCOPY $@"
	$(Q)objcopy --redefine-syms=tests/allocs/calls.syms \
		--rename-section .text=postdane_text \
		--rename-section .text.unlikely=postdane_text $< $@

# Memory that a failed test still refers to is no leak.  Without optimisation
# the leak detector finds the references.
$(BUILD)/allocs/obj/%.o: tests/unit/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -O0

$(BUILD)/allocs/%: $(BUILD)/allocs/obj/test_%.o $(ALLOCS_OBJECTS) \
		$(ALLOCS_ARCHIVES)
	@mkdir -p $(@D) build/allocs
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)
	$(Q)ln -f $@ build/allocs/$*

# ---- mutation tests ----

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

# ---- benchmarks ----

# Needs two otherwise idle processors.  BENCH=brief takes minutes, but is not
# precise.  PEER=inet:HOST:PORT:MAP also measures another socketmap server.
BENCH ?= full
BENCH_PROGRAMS := $(BUILD)/bench/load $(BUILD)/bench/bare

bench:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@tests/tools/install-packages dnsperf
	@$(MAKE) $(JOBS) all $(BENCH_PROGRAMS)
	@trap '$(GIVE_BACK)' EXIT; exec 9</proc/self/ns/net; \
		BENCH=$(BENCH) PEER='$(PEER)' $(LAB) tests/bench/run.py

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) -lm

# ---- trying it ----

demo:
	@$(NEEDS_ROOT)
	@tests/tools/install-packages $(BUILD_PACKAGES) $(LAB_PACKAGES)
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) $(JOBS) all && \
		$(MAKE) servers && $(LAB) tests/lab/demo.py


demo-incident:
	@$(NEEDS_ROOT)
	@tests/tools/install-packages $(BUILD_PACKAGES) $(LAB_PACKAGES)
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) $(JOBS) all && \
		$(MAKE) servers && $(LAB) tests/incident/demo.py

run: deps
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) $(JOBS) all
	@echo
	@$(BUILD)/postdaned --help | sed -n '/main\.cf/,$$p'
	@echo "Until then, in another terminal:"
	@echo "    postmap -q example.org socketmap:inet:127.0.0.1:8642:query"
	@[ "$$(id -u)" = 0 ] && \
		echo "    sudo $(BUILD)/postdane explain example.org" || \
		echo "(not $(BUILD)/postdane: that takes sudo make run)"
	@echo
	@[ "$$(id -u)" != 0 ] || install -d /run/postdane
	@exec $(BUILD)/postdaned $(ARGS)

# ---- dependencies ----

deps:
	@tests/tools/install-packages $(BUILD_PACKAGES)

test-deps:
	@tests/tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) servers

# Does nothing if they exist already.
servers:
	@tests/tools/unpack-servers $(SERVERS) $(SERVER_PACKAGES)

# ---- the Debian package ----

# The package is built from a copy of the source tree: dpkg-buildpackage writes
# to the tree and to its parent directory.
deb: build/deb/postdane.deb
	@:

build/deb/postdane.deb: $(SOURCES) $(HEADERS) $(MANUALS) Makefile \
		$(DOCUMENTS) \
		$(wildcard debian/* service/* postfix-conf/* tests/unit/* tests/fakes/* \
		tests/golden/*) tests/tools/check-golden
	@tests/tools/install-packages $(BUILD_PACKAGES) $(DEB_PACKAGES)
	@rm -rf build/deb && mkdir -p build/deb/postdane
	@tar -c --exclude=./build --exclude=./.git . | \
		tar -x -C build/deb/postdane
	@echo "dpkg-buildpackage: compiles, and runs the unit tests, for some" \
		"minutes; what it says is in build/deb/log"
	@cd build/deb/postdane && $(CURDIR)/tests/tools/with-progress ../log \
		dpkg-buildpackage -us -uc -b || { tail -40 ../log; exit 1; }
	@lintian --allow-root --fail-on warning,error build/deb/*.changes
	@cp build/deb/postdane_*.deb $@

# ---- installing ----

UNITDIR ?= $(PREFIX)/lib/systemd/system
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITS := $(wildcard service/*.service service/*.socket postfix-conf/*.service \
	postfix-conf/*.path)
DOCDIR ?= $(PREFIX)/share/doc/postdane
POSTFIX_CONF_FILES := postfix-conf/postdane.conf postfix-conf/resolv.conf
POSTFIX_RESOLV := $(DESTDIR)$(PREFIX)/lib/postdane/postfix-resolv
POSTFIX_CONF_DIR := $(DESTDIR)$(PREFIX)/share/postdane/postfix-conf
man_of = $(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix \
	$(1)))/$(notdir $(1))
CONFIG := $(DESTDIR)$(SYSCONFDIR)/postdane/postdane.conf
INSTALL_DATA := install -D -m 644

# An existing configuration is not changed.
install: all
	install -D -m 755 $(BUILD)/postdaned $(DESTDIR)$(PREFIX)/sbin/postdaned
	install -D -m 755 $(BUILD)/postdane $(DESTDIR)$(PREFIX)/bin/postdane
	$(foreach manual,$(MANUALS),$(INSTALL_DATA) $(manual) \
		$(call man_of,$(manual)) &&) true
	install -d $(DESTDIR)$(UNITDIR)
	for unit in $(UNITS); do \
		sed -e 's,/usr/sbin/,$(PREFIX)/sbin/,' \
			-e 's,^\(ExecStart=\)/usr/lib/,\1$(PREFIX)/lib/,' \
			-e 's,^\(Exec.*\)/etc/,\1$(SYSCONFDIR)/,' \
			$$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	$(INSTALL_DATA) service/postdane.bash-completion \
		$(DESTDIR)$(COMPLETIONDIR)/postdane
	$(INSTALL_DATA) service/grafana-dashboard.json \
		$(DESTDIR)$(PREFIX)/share/postdane/grafana-dashboard.json
	$(INSTALL_DATA) service/prometheus-alerts.yml \
		$(DESTDIR)$(PREFIX)/share/postdane/prometheus-alerts.yml
	$(foreach document,$(DOCUMENTS),$(INSTALL_DATA) $(document) \
		$(DESTDIR)$(DOCDIR)/$(document) &&) true
	install -d $(POSTFIX_CONF_DIR)
	install -m 644 $(POSTFIX_CONF_FILES) $(POSTFIX_CONF_DIR)
	install -D -m 755 postfix-conf/postfix-resolv $(POSTFIX_RESOLV)
	[ -e $(CONFIG) ] || $(INSTALL_DATA) service/postdane.conf $(CONFIG)
	[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || $(POSTFIX_RESOLV) upgrade

# Keeps the administrator's configuration.  Removes postdane as Postfix's
# resolver first: without its resolver Postfix can't resolve any name.
uninstall:
	[ -n "$(DESTDIR)" ] || [ ! -e /etc/postdane/postfix/resolv.conf ] || \
		$(POSTFIX_RESOLV) uninstall --yes
	$(if $(DESTDIR),,-[ ! -d /run/systemd/system ] || \
		[ ! -e $(UNITDIR)/postdane.service ] || \
		systemctl disable --now $(notdir $(UNITS)))
	rm -f $(DESTDIR)$(PREFIX)/sbin/postdaned \
		$(DESTDIR)$(PREFIX)/bin/postdane \
		$(foreach manual,$(MANUALS),$(call man_of,$(manual))) \
		$(DESTDIR)$(COMPLETIONDIR)/postdane $(POSTFIX_RESOLV) \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS)))
	rm -rf $(DESTDIR)$(PREFIX)/share/postdane $(DESTDIR)$(DOCDIR)
	$(if $(DESTDIR),,[ ! -d /run/systemd/system ] || systemctl daemon-reload)
	rmdir $(dir $(POSTFIX_RESOLV)) 2>/dev/null || true

# These ask before they change anything, unless YES=--yes.
NEEDS_POSTFIX_RESOLV = [ -x $(POSTFIX_RESOLV) ] || { \
	echo "$(POSTFIX_RESOLV) is missing: make install first;" \
		"the Debian package has it in /usr/lib/postdane" >&2; exit 1; }

install-postfix-conf:
	@$(NEEDS_POSTFIX_RESOLV)
	@$(POSTFIX_RESOLV) install $(YES)

uninstall-postfix-conf:
	@$(NEEDS_POSTFIX_RESOLV)
	@$(POSTFIX_RESOLV) uninstall $(YES)

clean:
	rm -rf build

FORCE:

.PHONY: check-debian13 check-debian13-all check-systemd left-to-debian-12 \
	$(SYSTEMD_RELEASES:%=check-systemd-%) all allocs allocs-tests analyze \
	attack bench check check-allocs check-analyzer check-analyzers check-attack \
	check-busy check-busy-lab check-compilers check-cppcheck check-docs \
	check-faults check-format check-fuzz check-golden \
	check-hardening check-incident check-lab check-lab-daemon check-labs \
	check-layers check-mutants check-mutants-match check-oracle check-sanitized \
	check-shellcheck check-soak check-style check-tidy check-tsan check-unit \
	check-valgrind ci clean coverage coverage-objects coverage-report deb \
	demo demo-incident \
	deps faults FORCE fuzz fuzz-afl fuzzers golden help install install-postfix-conf \
	lab-package lab-programs mutants objects release-check run servers \
	soak soaked test-deps tidy uninstall uninstall-postfix-conf \
	$(UNIT_TESTS:%=run/%)
.SECONDARY:
.DELETE_ON_ERROR:

-include $(OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(ALLOCS_OBJECTS:.o=.d) \
	$(patsubst %,$(BUILD)/allocs/obj/test_%.d,$(ALLOCS_TESTS))
