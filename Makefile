# postdane.  CFLAGS, CPPFLAGS and LDFLAGS are the user's; what the code needs
# is in the OUR_ variables.
#
#   make                    build/postdaned and build/postdane; needs no root
#   sudo make demo          the lab, real Postfix, a table of verdicts
#   sudo make check         everything that is tested; make check-unit is the
#                           part that needs neither root nor a network
#   sudo make run           the daemon, in the foreground, for a try
#   make install            PREFIX (/usr/local), DESTDIR
#
# CC=clang, SANITIZE=address,undefined and WERROR=1 go with any of them; the
# first two build in a directory of their own below build/.

VERSION := 0.1.0
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON := /usr/bin/python3
MAKEFLAGS += --no-print-directory

# ---- Debian packages ----

BUILD_PACKAGES := gcc libc6-dev make pkg-config libconfuse-dev libevent-dev \
	libidn2-dev libjansson-dev libldns-dev libssl-dev libsystemd-dev \
	libunbound-dev libxxhash-dev uthash-dev dns-root-data
# What the lab needs to run.  Utilities: nothing here starts a service.
LAB_PACKAGES := bind9-dnsutils bind9-utils iproute2 ldnsutils openssl procps \
	python3 python3-dnspython
TEST_PACKAGES := $(LAB_PACKAGES) check clang clang-format clang-tidy \
	python3-cryptography python3-pytest valgrind
# Never installed: they would start services, replace another MTA, or be
# confined by AppArmor.  They are unpacked below build/ and run in the lab only.
SERVER_PACKAGES := bind9 nsd postfix unbound

# ---- flags ----

comma := ,
BUILD := build$(if $(filter-out gcc,$(CC)),/$(notdir $(firstword $(CC))))$(if \
	$(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
SERVERS := build/servers

LIBRARIES := libunbound libevent openssl libconfuse ldns libidn2 jansson \
	libsystemd libxxhash
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
SOURCES := $(wildcard daemon/*.c daemon/*/*.c)
HEADERS := $(wildcard include/*/*.h)

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

$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(ARCHIVE)
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
GIVE_BACK = [ "$$(id -u)" != 0 ] || chown -hR "$$(stat -c %u:%g .)" build

NEEDS_ROOT = [ "$$(id -u)" = 0 ] || { \
	echo "make $@ needs root, for the lab's namespaces: sudo make $@" >&2; \
	exit 1; }

check:
	@$(NEEDS_ROOT)
	@$(MAKE) test-deps
	@trap '$(GIVE_BACK)' EXIT; \
		tests/tools/run-checks '$(MAKE) WERROR=1' $(BUILD)/check \
		check-style check-compilers check-unit check-lab

check-style: check-format check-layers check-tidy

check-format:
	@echo "clang-format"
	@clang-format --dry-run -Werror $(SOURCES) $(HEADERS) \
		$(wildcard tests/*/*.[ch])

check-layers:
	@echo "check_layers.awk"
	@awk -f tests/check_layers.awk tests/layers.txt $(SOURCES) $(HEADERS)

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
		"$$test" || failed=1; done; exit $$failed

LAB = tests/lab/run --servers $(SERVERS) -- env POSTDANE_BUILD=$(BUILD) \
	PYTHONDONTWRITEBYTECODE=1 $(PYTHON)

check-lab:
	@$(NEEDS_ROOT)
	@$(MAKE) $(JOBS) all
	@$(MAKE) servers
	@$(LAB) -m pytest -q -p no:cacheprovider tests/lab

# ---- trying it ----

demo:
	@$(NEEDS_ROOT)
	@tests/tools/install-packages $(BUILD_PACKAGES) $(LAB_PACKAGES)
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) $(JOBS) all && \
		$(MAKE) servers && $(LAB) tests/lab/demo.py

run: deps
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) $(JOBS) all
	@echo
	@echo "Postfix asks the daemon with these lines in main.cf:"
	@echo "    smtp_dns_support_level = dnssec"
	@echo "    smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:query"
	@echo "Until then, in another terminal:"
	@echo "    postmap -q example.org socketmap:inet:127.0.0.1:8642:query"
	@echo "    $(BUILD)/postdane explain example.org"
	@echo
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

# ---- installing ----

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/postdaned $(DESTDIR)$(PREFIX)/sbin/postdaned
	install -m 755 $(BUILD)/postdane $(DESTDIR)$(PREFIX)/bin/postdane

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/postdaned $(DESTDIR)$(PREFIX)/bin/postdane

clean:
	rm -rf build

FORCE:

.PHONY: all objects check check-style check-format check-layers check-tidy \
	tidy check-compilers check-unit check-lab demo run deps test-deps \
	servers install uninstall clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:

-include $(OBJECTS:.o=.d)
