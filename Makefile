# postdane: TLS policy service for Postfix.
#
#   make            build/postdaned and build/postdane (needs no root)
#   sudo make demo  the main job, shown in a lab through real Postfix
#   sudo make check everything, on a bare Debian: installs what it needs
#   sudo make run   the daemon in the foreground, for real use
#
# CFLAGS, CPPFLAGS and LDFLAGS stay the user's; what the code needs is in the
# OUR_ variables.  SANITIZE=address,undefined and CC=clang build in a
# directory of their own.

VERSION := 0.1.0
CC := gcc
CFLAGS ?= -O2 -g
WERROR ?=
SANITIZE ?=
PREFIX ?= /usr/local

# ---- what has to be installed: this is the one place that says so ----

BUILD_PACKAGES := gcc make pkg-config libunbound-dev libevent-dev libssl-dev \
	libldns-dev libconfuse-dev libidn2-dev uthash-dev libxxhash-dev \
	libjansson-dev libsystemd-dev dns-root-data
TEST_PACKAGES := check clang clang-format clang-tidy valgrind iproute2 \
	bind9-utils bind9-dnsutils ldnsutils openssl python3-dnspython \
	python3-pytest
# Never installed, because they would start services, replace another MTA or
# be confined: unpacked into build/servers, and run only inside the lab.
SERVER_PACKAGES := nsd bind9 unbound postfix

PKGS := libunbound libevent openssl ldns libconfuse libidn2 jansson \
	libsystemd libxxhash

# ---- how to build ----

comma := ,
BUILD := build$(if $(filter-out gcc,$(CC)),/$(CC))$(if \
	$(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))

OUR_CPPFLAGS := -D_GNU_SOURCE -DPOSTDANE_VERSION='"$(VERSION)"' -Iinclude \
	-MMD -MP
OUR_CFLAGS := -std=c17 -fPIE -fstack-protector-strong -fcf-protection \
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wformat=2 \
	$(if $(WERROR),-Werror)
OUR_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack
ifneq ($(SANITIZE),)
OUR_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
OUR_LDFLAGS += -fsanitize=$(SANITIZE)
else
OUR_CPPFLAGS += -D_FORTIFY_SOURCE=2
endif
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS))
COMPILE = $(CC) $(OUR_CPPFLAGS) $(CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) \
	$(PKG_CFLAGS)
LINK = $(CC) $(OUR_LDFLAGS) $(LDFLAGS) $(CFLAGS)

LIBRARY_SOURCES := $(wildcard daemon/base/*.c daemon/dns/*.c daemon/dane/*.c \
	daemon/policy/*.c daemon/wire/*.c)
COMMAND_SOURCES := $(wildcard daemon/command/*.c)
SOURCES := daemon/main.c $(LIBRARY_SOURCES) $(COMMAND_SOURCES)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
HEADERS := $(wildcard include/*/*.h)

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY := $(BUILD)/libpostdane.a
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(UNIT_SOURCES))

# "sudo make": what is built stays the user's.
AS_USER := $(if $(SUDO_UID),$(if $(filter 0,$(SUDO_UID)),,setpriv \
	--reuid=$(SUDO_UID) --regid=$(SUDO_GID) --clear-groups --))

all: $(BUILD)/postdaned $(BUILD)/postdane

$(BUILD)/postdaned: $(BUILD)/daemon/main.o $(LIBRARY)
	@echo "  LD $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS)

$(BUILD)/postdane: $(call objects,$(COMMAND_SOURCES)) $(LIBRARY)
	@echo "  LD $@"
	@$(LINK) -o $@ $^ $(PKG_LIBS)

# Made anew each time: a module that has gone must not live on inside.
$(LIBRARY): $(call objects,$(LIBRARY_SOURCES))
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $@"
	@$(COMPILE) -c -o $@ $<

$(BUILD)/tests/unit/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(COMPILE) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $< $(LIBRARY) \
		$(shell pkg-config --libs check) $(PKG_LIBS)

# ---- packages ----

deps:
	tests/tools/install-packages $(BUILD_PACKAGES)

test-deps:
	tests/tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

servers: test-deps
	$(AS_USER) tests/tools/unpack-servers build/servers $(SERVER_PACKAGES)

# ---- checks ----

# As a person calls it: installs, then runs every part and adds up.
check: servers
	$(AS_USER) $(MAKE) --no-print-directory all
	tests/tools/run-checks "$(AS_USER)" $(if $(SANITIZE),SANITIZE=$(SANITIZE))

check-unit: $(UNIT_TESTS)
	@failed=0; for t in $(UNIT_TESTS); do $$t || failed=1; done; \
	exit $$failed

check-lab: all
	tests/lab/run --servers build/servers -- env POSTDANE_BUILD=$(BUILD) \
		/usr/bin/python3 -m pytest -q tests/lab

check-style: check-layers
	clang-format --dry-run -Werror $(SOURCES) $(HEADERS) $(UNIT_SOURCES)
	printf '%s\n' $(SOURCES) | xargs -P 2 -n 6 sh -c 'clang-tidy --quiet \
		"$$@" -- -std=c17 $(OUR_CPPFLAGS) 2>/dev/null' tidy

check-layers:
	awk -f tests/check_layers.awk tests/layers.txt $(SOURCES) $(HEADERS)

# Warnings are errors here, with both compilers.
check-compilers:
	$(MAKE) --no-print-directory CC=gcc WERROR=1 BUILD=build/werror-gcc all
	$(MAKE) --no-print-directory CC=clang WERROR=1 BUILD=build/werror-clang \
		all

# ---- things to see ----

demo: servers
	$(AS_USER) $(MAKE) --no-print-directory all
	tests/lab/run --servers build/servers -- env POSTDANE_BUILD=$(BUILD) \
		/usr/bin/python3 tests/lab/demo.py

run: deps
	$(AS_USER) $(MAKE) --no-print-directory all
	@echo
	@echo 'In main.cf of Postfix:'
	@echo '  smtp_dns_support_level = dnssec'
	@echo '  smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8642:query'
	@echo 'Try it from another terminal:'
	@echo '  postmap -q debian.org socketmap:inet:127.0.0.1:8642:query'
	@echo
	$(BUILD)/postdaned

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install $(BUILD)/postdaned $(DESTDIR)$(PREFIX)/sbin/
	install $(BUILD)/postdane $(DESTDIR)$(PREFIX)/bin/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/postdaned \
		$(DESTDIR)$(PREFIX)/bin/postdane

clean:
	rm -rf build

.PHONY: all deps test-deps servers check check-unit check-lab check-style \
	check-layers check-compilers demo run install uninstall clean
.DELETE_ON_ERROR:
-include $(shell find build -name '*.d' 2>/dev/null)
