"""The root changes its key (RFC 5011), with real NSD and our own libunbound.

Thirty days pass by putting back the time in the state, while nobody runs."""

import os
import re
import signal

import dns.dnssec
import dns.message
import dns.query
import dns.rdata
import pytest

import lab as lab_module
import signer
import zones as table

DAY = 86400
ROOT = lab_module.PLACES["root"][0]
NAMES = ("hosts.nsec", "d.nsec", "plain.nsec")


class RootKey:
    """One key of the root, with the flags of the moment."""

    def __init__(self, salt, flags=257):
        made = signer.Key.shared("ecdsa", salt)
        self.private = made.private
        self.dnskey = dns.dnssec.make_dnskey(
            made.private.public_key(), made.dnskey.algorithm, flags=flags)

    def revoked(self):
        key = RootKey.__new__(RootKey)
        key.private = self.private
        key.dnskey = self.dnskey.replace(flags=self.dnskey.flags | 0x80)
        return key

    @property
    def tag(self):
        return dns.dnssec.key_id(self.dnskey)

    def ds(self):
        return dns.dnssec.make_ds(signer.name(""), self.dnskey, "SHA256")

    def anchor(self):
        return f". IN DS {self.ds().to_text()}\n"


class RootSigner(signer.Signer):
    """The zone's own key signs all but the keys."""

    def __init__(self, zone, records, keys, signers, zone_key):
        super().__init__(zone, records, "ecdsa")
        self.keys, self.signers, self.zone_key = keys, signers, zone_key

    def run(self):
        self.key = self.zone_key
        lines = [line for line in super().run()
                 if not re.search(r" IN (RRSIG )?DNSKEY ", line)]
        texts = [k.dnskey.to_text() for k in [self.zone_key, *self.keys]]
        self.lines = []
        self.put("", "DNSKEY", texts)
        for key in self.signers:
            self.key = key
            self.sign("", "DNSKEY", texts)
        return lines + self.lines


class Root:
    def __init__(self, lab):
        self.lab = lab
        self.built = lab.zones[""]
        self.zone_key = RootKey("zone", 256)

    def publish(self, keys, signers):
        """@keys beside the zone's own, and who signs them."""
        records = {place: texts for place, texts in self.built.records.items()
                   if place[1] != "DNSKEY"}
        lines = RootSigner("", records, keys, signers, self.zone_key).run()
        self.lab.zone_file("").write_text("\n".join(lines) + "\n")
        server = next(p for p in self.lab.processes
                      if "root" in str(p.args[-1]))
        os.kill(server.pid, signal.SIGHUP)
        tags = {k.tag for k in [self.zone_key, *keys]}
        lab_module.wait_until("the root's keys", lambda: self.tags() == (
            tags, {k.tag for k in signers}))

    @staticmethod
    def tags():
        reply = dns.query.udp(dns.message.make_query(
            ".", "DNSKEY", want_dnssec=True), ROOT, timeout=2)
        keys, signatures = set(), set()
        for rrset in reply.answer:
            for rdata in rrset:
                if rrset.rdtype == dns.rdatatype.DNSKEY:
                    keys.add(dns.dnssec.key_id(rdata))
                else:
                    signatures.add(rdata.key_tag)
        return keys, signatures


@pytest.fixture(scope="module")
def lab():
    yield from lab_module.running(lab_module.Lab(
        [z for z in table.ZONES if z.name in NAMES]))


@pytest.fixture
def root(lab):
    return Root(lab)


class Followed:
    """A daemon with a state, started anew for each look at the root."""

    def __init__(self, lab, anchor, name="followed", state=None):
        self.state = state or lab_module.ROOM / f"{name}-state"
        self.state.mkdir(exist_ok=True)
        self.anchor = lab_module.ROOM / f"{name}.key"
        self.anchor.write_text(anchor)
        self.daemon = lab_module.Daemon(
            lab, name, f'state-directory = "{self.state}"\n'
            f'trust-anchor = "{self.anchor}"\nlookup-deadline = 3\n',
            port=8942)

    @property
    def file(self):
        return self.state / "root.key"

    def keys(self):
        return {key["key_tag"]: key["state"]
                for key in self.daemon.status()["trust_anchor"]}

    def keys_in_file(self):
        tagged = {}
        for line in self.file.read_text().splitlines():
            rdata, _, comment = line.partition(";")
            if rdata.strip():
                rr = dns.rdata.from_text("IN", "DNSKEY",
                                         rdata.split("DNSKEY")[1])
                tagged[dns.dnssec.key_id(rr)] = int(
                    re.search(r"state=(\d)", comment)[1])
        return tagged

    def look(self, trust="alive"):
        """Start, wait until the root has been looked at, end."""
        self.daemon.start()
        try:
            if trust == "alive":
                lab_module.wait_until("a look", lambda: self.daemon.status()[
                    "trust_anchor_trouble"] == "")
            lab_module.wait_until(
                "trust", lambda: self.daemon.status()["trust"] == trust)
            reply = self.daemon.socketmap("dane.d.nsec")
            return reply, self.keys()
        finally:
            self.daemon.stop()

    def days_pass(self, days):
        self.file.write_text(re.sub(
            r"lastchange=(\d+)",
            lambda m: f"lastchange={int(m[1]) - days * DAY}",
            self.file.read_text()))


def test_a_rollover(lab, root):
    old, new, forger = RootKey("old"), RootKey("new"), RootKey("forger")
    root.publish([old], [old])
    followed = Followed(lab, old.anchor())
    log = followed.daemon.log

    assert followed.look() == ("OK dane", {old.tag: "valid"})

    # A key that only vouches for itself is not even watched.
    root.publish([old, forger], [forger, root.zone_key])
    reply, keys = followed.look(trust="unknown")
    assert reply.startswith("TEMP ") and keys == {old.tag: "valid"}

    # The new key is watched, and not trusted, for thirty days.
    root.publish([old, new], [old])
    followed.look()
    assert followed.keys_in_file() == {old.tag: 2, new.tag: 1}
    assert f"new key, {new.tag}" in log()
    root.publish([old, new], [new])
    assert followed.look(trust="unknown")[0].startswith("TEMP ")
    root.publish([old, new], [old])
    followed.days_pass(29)
    assert followed.look()[1] == {old.tag: "valid", new.tag: "pending"}
    followed.days_pass(2)
    assert followed.look()[1] == {old.tag: "valid", new.tag: "valid"}
    assert f"key {new.tag} of the root is trusted now" in log()
    root.publish([old, new], [new])
    assert followed.look()[0] == "OK dane"

    # The old one says itself that it is over; trust-anchor still has it.
    root.publish([old.revoked(), new], [old.revoked(), new])
    assert followed.look() == (
        "OK dane", {old.tag: "revoked", new.tag: "valid"})
    assert f"key {old.tag} of the root has been revoked" in log()
    root.publish([new], [new])
    followed.days_pass(400)
    assert followed.look() == (
        "OK dane", {old.tag: "revoked", new.tag: "valid"})

    # Whoever has got hold of the old one is not believed.
    root.publish([old], [old])
    assert followed.look(trust="unknown")[0].startswith("TEMP ")
    fresh = Followed(lab, old.anchor(), "fresh")
    assert fresh.look()[0] == "OK dane"  # as it would be without the state


def test_a_state_that_cannot_be_written(lab, root):
    """All goes on as trust-anchor has it, and it is said."""
    old = RootKey("old")
    root.publish([old], [old])
    nowhere = Followed(lab, old.anchor(), "nowhere")
    nowhere.state.rmdir()
    daemon = nowhere.daemon.start()
    try:
        lab_module.wait_until("trust", lambda: daemon.status()["trust"] ==
                              "alive" and "are not followed" in daemon.log())
        assert daemon.socketmap("dane.d.nsec") == "OK dane"
        assert "No such file" in daemon.status()["trust_anchor_trouble"]
        assert nowhere.keys() == {old.tag: "valid"}
        text = daemon.status_text()
        assert f"root key {old.tag}: valid, in trust-anchor\n" in text
        assert "root keys are not followed: " in text
    finally:
        daemon.stop()


def test_a_state_that_makes_no_sense(lab, root):
    old = RootKey("old")
    root.publish([old], [old])
    broken = Followed(lab, old.anchor(), "broken")
    broken.file.write_text("what is this\n")
    assert broken.look() == ("OK dane", {old.tag: "valid"})
    assert "it is begun anew" in broken.daemon.log()


def test_trust_anchor_changes(lab, root):
    """As an upgrade of dns-root-data or the administrator changes it."""
    old, new = RootKey("old"), RootKey("new")
    root.publish([old, new], [old])
    followed = Followed(lab, old.anchor(), "upgraded")
    assert followed.look()[1] == {old.tag: "valid", new.tag: "pending"}

    # What it gains is trusted at once.
    followed.anchor.write_text(old.anchor() + new.anchor())
    assert followed.look()[1] == {old.tag: "valid", new.tag: "valid"}
    root.publish([old, new], [new])
    assert followed.look()[0] == "OK dane"

    # What it loses is not trusted any more, though the state had it.
    followed.anchor.write_text(new.anchor())
    assert followed.look() == ("OK dane", {new.tag: "valid",
                                           old.tag: "pending"})
    root.publish([old, new], [old])
    assert followed.look(trust="unknown")[0].startswith("TEMP ")

    # Of another root nothing stays.
    other = RootKey("other")
    root.publish([other], [other])
    followed.anchor.write_text(other.anchor())
    assert followed.look() == ("OK dane", {other.tag: "valid"})


def test_a_reload_goes_on(lab, root):
    """With new trusted keys the contexts are new, and the check of a
    configuration knows them, too."""
    old, new = RootKey("old"), RootKey("new")
    root.publish([old, new], [old])
    followed = Followed(lab, old.anchor(), "reloaded")
    followed.look()
    followed.days_pass(31)
    daemon = followed.daemon.start()
    try:
        lab_module.wait_until("the new key", lambda: "trusted now" in
                              daemon.log())
        root.publish([old.revoked(), new], [old.revoked(), new])
        daemon.process.send_signal(signal.SIGHUP)
        lab_module.wait_until("the end of the old key", lambda:
                              "has been revoked" in daemon.log())
        lab_module.wait_until("trust", lambda: daemon.status()["trust"] ==
                              "alive")
        assert daemon.socketmap("dane.d.nsec") == "OK dane"
        root.publish([new], [new])
        daemon.process.send_signal(signal.SIGHUP)
        lab_module.wait_until("a second reload", lambda: daemon.log().count(
            "reload: done") == 2)
        assert daemon.socketmap("hosts.nsec").startswith("OK ")
        assert "old configuration stays" not in daemon.log()
    finally:
        daemon.stop()
