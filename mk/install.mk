# Installing, and what undoes it.

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

.PHONY: install uninstall install-postfix-conf uninstall-postfix-conf
