# postdane.  CFLAGS, CPPFLAGS and LDFLAGS are the user's; what the code needs
# is in the OUR_ variables.
#
#   make                    build/postdaned and build/postdane; needs no root
#   sudo make demo          the lab, real Postfix, a table of verdicts
#   sudo make check         everything that is tested; make check-unit is the
#                           part that needs neither root nor a network
#   sudo make run           the daemon, in the foreground, for a try
#   make install            PREFIX (/usr/local), SYSCONFDIR (/etc), DESTDIR
#   sudo make install-postfix-conf
#                           makes postdane the resolver of Postfix alone
#   sudo make bench         docs/benchmark.md, measured anew
#   make fuzz TIME=60       each parser of strange bytes, seconds for each
#   make allocs             each allocation of the unit tests fails once
#
# CC=clang, SANITIZE=address,undefined and WERROR=1 go with any of them; the
# first two build in a directory of their own below build/.

VERSION := 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CFLAGS ?= -O2 -g
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON := /usr/bin/python3
MAKEFLAGS += --no-print-directory

# ---- Debian packages ----

BUILD_PACKAGES := gcc libc6-dev make pkg-config libconfuse-dev libevent-dev \
	libidn2-dev libjansson-dev libldns-dev libseccomp-dev libssl-dev \
	libsystemd-dev \
	libunbound-dev libxxhash-dev nettle-dev uthash-dev dns-root-data
# What the lab needs to run.  Utilities: nothing here starts a service.
LAB_PACKAGES := bind9-dnsutils bind9-utils iproute2 ldnsutils mount openssl \
	procps python3 python3-cryptography python3-dnspython unbound-host
DEB_PACKAGES := adduser build-essential check debhelper lintian
TEST_PACKAGES := $(LAB_PACKAGES) $(DEB_PACKAGES) clang clang-format \
	clang-tidy libclang-rt-dev mandoc python3-pytest valgrind
# Never installed: they would start services, replace another MTA, or be
# confined by AppArmor.  They are unpacked below build/ and run in the lab only.
SERVER_PACKAGES := bind9 nsd pdns-recursor postfix unbound

# ---- flags ----

comma := ,
BUILD := build$(if $(filter-out gcc,$(CC)),/$(notdir $(firstword $(CC))))$(if \
	$(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
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
ifdef SANITIZE
OUR_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
OUR_LDFLAGS += -fsanitize=$(SANITIZE)
else
# The sanitizers do by themselves, and better, what _FORTIFY_SOURCE does; it
# wants an optimised build, and gives way to the user's own.
OUR_CFLAGS += $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,$(if \
	$(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-D_FORTIFY_SOURCE=2))
endif
OUR_CFLAGS += -fPIE -fstack-protector-strong $(if $(filter x86_64 i%86,$(shell \
	uname -m)),-fcf-protection)
OUR_LDFLAGS += -pie -Wl,-z,relro,-z,now

# make V=1 shows the commands.
Q := $(if $(V),,@)

COMPILE = $(CC) $(OUR_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
LINK = $(CC) $(OUR_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

# ---- files ----

ARCHIVE := $(BUILD)/libpostdane.a
objects_of = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
ARCHIVE_OBJECTS := $(call objects_of,$(wildcard \
	$(patsubst %,daemon/%/*.c,base dns dane policy wire process)))
COMMAND_OBJECTS := $(call objects_of,$(wildcard daemon/command/*.c))
MAIN_OBJECT := $(BUILD)/obj/daemon/main.o
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SOURCES))
OBJECTS := $(MAIN_OBJECT) $(COMMAND_OBJECTS) $(ARCHIVE_OBJECTS) \
	$(call objects_of,$(UNIT_SOURCES))
FUZZ_OBJECTS := $(call objects_of,$(wildcard tests/fuzz/fuzz_*.c))
SOURCES := $(wildcard daemon/*.c daemon/*/*.c)
HEADERS := $(wildcard include/*/*.h)
MANUALS := $(wildcard docs/man/*.[158])

# ---- building ----

all: $(BUILD)/postdaned $(BUILD)/postdane

$(BUILD)/postdaned: $(MAIN_OBJECT) $(ARCHIVE)
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)

$(BUILD)/postdane: $(COMMAND_OBJECTS) $(ARCHIVE)
	@echo "  LD $@"
	$(Q)$(LINK) $(OUR_LIBS)

# Made anew: what a removed module has left in it would still be linked.
$(ARCHIVE): $(ARCHIVE_OBJECTS)
	@echo "  AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# The commands' modules, without their main().
COMMAND_ARCHIVE := $(BUILD)/libcommand.a
$(COMMAND_ARCHIVE): $(filter-out %/postdane.o,$(COMMAND_OBJECTS))
	@echo "  AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(COMMAND_ARCHIVE) $(ARCHIVE)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) $(CHECK_LIBS) $(OUR_LIBS)

# The commands are in no archive.
$(BUILD)/unit/test_findings: $(BUILD)/obj/daemon/command/findings.o

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE)

# Changes when the flags do, and everything is compiled again.
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

# As many jobs as there are processors, where the user has not said.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# What root has made belongs to whom the source tree belongs to.
GIVE_BACK = [ "$$(id -u)" != 0 ] || [ ! -e build ] || chown -hR "$$(stat -c %u:%g .)" build

NEEDS_ROOT = [ "$$(id -u)" = 0 ] || { \
	echo "make $@ needs root, for the lab's namespaces: sudo make $@" >&2; \
	exit 1; }

check:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; \
		tests/tools/run-checks '$(MAKE) WERROR=1' $(BUILD)/check \
		check-style check-compilers check-unit check-fuzz check-allocs \
		$(if $(SANITIZE),,check-hardening) check-lab check-oracle \
		check-incident

check-style: check-format check-layers check-docs check-tidy

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

check-tidy:
	@$(MAKE) $(JOBS) --keep-going --output-sync tidy

tidy: $(patsubst %.c,$(BUILD)/tidy/%.ok,$(SOURCES))

# It counts the warnings that it does not show, on stderr.
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
	@failed=0; for test in $(UNIT_TESTS); do \
		CK_DEFAULT_TIMEOUT=60 "$$test" || failed=1; done; exit $$failed

LAB = tests/lab/run --servers $(SERVERS) -- env POSTDANE_BUILD=$(BUILD) \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON)

check-hardening:
	@$(MAKE) $(JOBS) all
	@tests/tools/check-hardening $(BUILD)/postdaned $(BUILD)/postdane

check-lab:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(MAKE) -j2 --output-sync check-lab-slow check-lab-rest

# They mostly wait: two labs, each in namespaces of its own, side by side.
LAB_SLOW := $(addprefix tests/lab/test_,matrix.py zones.py daemon.py cache.py \
	diagnose.py doctor.py)
check-lab-slow:
	@$(LAB) -m pytest -q -p no:cacheprovider $(LAB_SLOW)

check-lab-rest:
	@$(MAKE) deb
	@$(LAB) -m pytest -q -p no:cacheprovider \
		$(filter-out $(LAB_SLOW),$(wildcard tests/lab/test_*.py))

# Real mail servers: whether a verdict does what it says.
check-oracle:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(LAB) -m pytest -q -p no:cacheprovider tests/oracle

check-incident:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(LAB) -m pytest -q -p no:cacheprovider tests/incident

# ---- fuzzing ----

# libFuzzer, and so clang, which brings its runtime along.
FUZZ_MAKE = $(MAKE) $(JOBS) CC=clang \
	SANITIZE=fuzzer-no-link,address,undefined CFLAGS='-O1 -g'
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SOURCES))
# Seconds for each target; TARGETS="socketmap mx" fuzzes only those.
TIME := 60
TARGETS := $(FUZZ_TARGETS)

fuzz:
	@$(FUZZ_MAKE) fuzzers
	@tests/fuzz/run fuzz $(TIME) $(TARGETS)

check-fuzz:
	@$(FUZZ_MAKE) fuzzers
	@tests/fuzz/run replay 0 $(TARGETS)

fuzzers: $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(ARCHIVE)
	@mkdir -p $(@D) build/fuzz
	@echo "  LD $@"
	$(Q)$(LINK) -fsanitize=fuzzer $(OUR_LIBS)
	$(Q)ln -f $@ build/fuzz/$*

# ---- allocation failures ----

# The unit tests, linked so that each allocation can be made to fail.  What is
# ours goes to a section of its own, by which allocations are told from the
# test's: tests/allocs/allocs.h.
ALLOCS_MAKE = $(MAKE) $(JOBS) CC=gcc SANITIZE=address,undefined
ALLOCS_TESTS := $(patsubst tests/unit/test_%.c,%,$(UNIT_SOURCES))
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

# It is malloc, and runs before the sanitizers have begun.
$(BUILD)/obj/tests/allocs/allocs.o: OUR_CFLAGS += -fno-sanitize=all

$(BUILD)/allocs/lib%.a: $(BUILD)/lib%.a tests/allocs/calls.syms
	@mkdir -p $(@D)
	@echo "  OBJCOPY $@"
	$(Q)objcopy --redefine-syms=tests/allocs/calls.syms \
		--rename-section .text=postdane_text \
		--rename-section .text.unlikely=postdane_text $< $@

# What a failed test still holds is no leak: not optimised, it stays in sight.
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

# ---- benchmarks ----

# Wants two processors for itself; BENCH=brief takes minutes, and says little.
# PEER=inet:HOST:PORT:MAP measures another socketmap server in the same run.
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
	@echo "Postfix asks the daemon with these lines in main.cf:"
	@echo "    smtp_dns_support_level = dnssec"
	@echo "    smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:query"
	@echo "Until then, in another terminal:"
	@echo "    postmap -q example.org socketmap:inet:127.0.0.1:8642:query"
	@echo "    sudo $(BUILD)/postdane explain example.org"
	@echo
	@[ "$$(id -u)" != 0 ] || install -d /run/postdane
	@exec $(BUILD)/postdaned $(ARGS)

# ---- what is needed ----

deps:
	@tests/tools/install-packages $(BUILD_PACKAGES)

test-deps:
	@tests/tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) servers

# Does nothing where they are there already.
servers:
	@tests/tools/unpack-servers $(SERVERS) $(SERVER_PACKAGES)

# ---- the Debian package ----

# What the package is built from is a copy: dpkg-buildpackage works in the
# source tree and leaves its result beside it.
deb: build/deb/postdane.deb

build/deb/postdane.deb: $(SOURCES) $(HEADERS) $(MANUALS) Makefile \
		$(wildcard debian/* service/* postfix-conf/* tests/unit/*)
	@tests/tools/install-packages $(BUILD_PACKAGES) $(DEB_PACKAGES)
	@rm -rf build/deb && mkdir -p build/deb/postdane
	@tar -c --exclude=./build --exclude=./.git . | \
		tar -x -C build/deb/postdane
	@echo "dpkg-buildpackage"
	@cd build/deb/postdane && \
		dpkg-buildpackage -us -uc -b >../log 2>&1 || \
		{ tail -40 ../log; exit 1; }
	@lintian --allow-root --fail-on warning,error build/deb/*.changes
	@cp build/deb/postdane_*.deb $@

# ---- installing ----

UNITDIR ?= $(PREFIX)/lib/systemd/system
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITS := $(wildcard service/*.service service/*.socket)
POSTFIX_CONF := $(filter-out %/postfix-resolv,$(wildcard postfix-conf/*))
POSTFIX_CONF_DIR := $(DESTDIR)$(PREFIX)/share/postdane/postfix-conf
man_of = $(DESTDIR)$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix \
	$(1)))/$(notdir $(1))
CONFIG := $(DESTDIR)$(SYSCONFDIR)/postdane/postdane.conf
INSTALL_DATA := install -D -m 644

# A configuration that is there already stays as it is.
install: all
	install -D -m 755 $(BUILD)/postdaned $(DESTDIR)$(PREFIX)/sbin/postdaned
	install -D -m 755 $(BUILD)/postdane $(DESTDIR)$(PREFIX)/bin/postdane
	$(foreach manual,$(MANUALS),$(INSTALL_DATA) $(manual) \
		$(call man_of,$(manual)) &&) true
	install -d $(DESTDIR)$(UNITDIR)
	for unit in $(UNITS); do \
		sed 's,/usr/sbin/,$(PREFIX)/sbin/,; s,/etc/,$(SYSCONFDIR)/,' \
			$$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done
	$(INSTALL_DATA) service/postdane.bash-completion \
		$(DESTDIR)$(COMPLETIONDIR)/postdane
	$(INSTALL_DATA) service/grafana-dashboard.json \
		$(DESTDIR)$(PREFIX)/share/postdane/grafana-dashboard.json
	install -d $(POSTFIX_CONF_DIR)
	install -m 644 $(POSTFIX_CONF) $(POSTFIX_CONF_DIR)
	install -m 755 postfix-conf/postfix-resolv $(POSTFIX_CONF_DIR)
	[ -e $(CONFIG) ] || $(INSTALL_DATA) service/postdane.conf $(CONFIG)

# The configuration is the administrator's.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/postdaned \
		$(DESTDIR)$(PREFIX)/bin/postdane \
		$(foreach manual,$(MANUALS),$(call man_of,$(manual))) \
		$(DESTDIR)$(COMPLETIONDIR)/postdane \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS)))
	rm -rf $(DESTDIR)$(PREFIX)/share/postdane

# They ask before they change anything; YES=--yes answers.
install-postfix-conf:
	@postfix-conf/postfix-resolv install $(YES)

uninstall-postfix-conf:
	@postfix-conf/postfix-resolv uninstall $(YES)

clean:
	rm -rf build

FORCE:

.PHONY: all deb objects check check-style check-format check-layers check-docs \
	check-tidy tidy check-compilers check-unit check-fuzz check-allocs \
	check-hardening allocs allocs-tests \
	check-lab check-lab-slow check-lab-rest check-oracle check-incident \
	fuzz fuzzers bench demo \
	demo-incident run deps test-deps servers install uninstall \
	install-postfix-conf uninstall-postfix-conf clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:

-include $(OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(ALLOCS_OBJECTS:.o=.d) \
	$(patsubst %,$(BUILD)/allocs/obj/test_%.d,$(ALLOCS_TESTS))
