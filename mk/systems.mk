# Tests on other systems, bare and booted.

# Each package is built on the release that it is for.
build/debian/%/postdane.deb: $(SOURCES) $(HEADERS) $(MANUALS) $(OUR_MAKEFILES) \
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

.PHONY: check-debian13 check-debian13-all check-systemd \
	$(SYSTEMD_RELEASES:%=check-systemd-%)
