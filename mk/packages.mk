# Debian packages: to build with, and to test with.

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

deps:
	@tests/tools/install-packages $(BUILD_PACKAGES)

test-deps:
	@tests/tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@trap '$(GIVE_BACK)' EXIT; $(MAKE) servers

# Does nothing if they exist already.
servers:
	@tests/tools/unpack-servers $(SERVERS) $(SERVER_PACKAGES)

.PHONY: deps test-deps servers
