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
SOURCES := $(wildcard daemon/*.c daemon/*/*.c daemon/*/*/*.c)
HEADERS := $(wildcard include/*/*.h include/*/*/*.h)
MANUALS := $(wildcard docs/man/*.[158])
# Installed with the same layout as here, so that links between them work.  All
# link targets are included.
DOCUMENTS := README.md CHANGELOG.md CONTRIBUTING.md LICENSE SECURITY.md \
	service/postdane.conf $(wildcard docs/*.md docs/*.svg)
OUR_MAKEFILES := Makefile $(wildcard mk/*.mk)

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

clean:
	rm -rf build

FORCE:

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

# ---- the rest, a file for each subject ----

# In this order: instruments.mk names programs of lab.mk.
include mk/packages.mk  # what has to be installed
include mk/style.mk     # the source text: layers, format, warnings, analysers
include mk/unit.mk      # unit tests, golden files, hardening
include mk/lab.mk       # what needs the lab: its tests, faults, attack, soak
include mk/instruments.mk # sanitizers, valgrind, coverage
include mk/fuzz.mk
include mk/allocs.mk    # allocation failures
include mk/mutants.mk
include mk/bench.mk
include mk/systems.mk   # Debian 12 and 13, bare and booted
include mk/deb.mk       # the Debian package
include mk/install.mk   # make install, and Postfix's resolver

.PHONY: all help objects clean FORCE check ci release-check demo \
	demo-incident run
.SECONDARY:
.DELETE_ON_ERROR:

-include $(OBJECTS:.o=.d)
