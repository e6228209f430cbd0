"""postdane check against mail servers that match, and that do not."""

import json
import os
import pty
import re
import subprocess
import time
from dataclasses import dataclass

import pytest

import lab as lab_module
from lab import HANG
import mail
import zones

OK, WARNING, CRITICAL, UNKNOWN = range(4)
C = mail.Certificate


def host(name):
    return f"{name}.mx.nsec"


def domain(name):
    return f"{name}.c.nsec"


@dataclass
class Case:
    name: str
    code: int
    records: list              # TLSA
    serve: object              # certificates, or a server of mail.py
    says: tuple = ()           # what must stand in the output
    args: tuple = ()
    port: int = 25
    key: str = ""              # the domain, or else this
    addresses: int = 1         # IPv4 ones in DNS; the first one is served
    v6: bool = False           # and an IPv6 one, served
    posttls: str = ""          # what posttls-finger says of it


def cases():
    """Each name says what could go wrong."""
    ee, next_ee, other = C("lab.test"), C("lab.test"), C("lab.test")
    old = C("lab.test", days=-10)
    rsa = C("lab.test", kind="rsa")
    edwards = C("lab.test", kind="ed25519")
    ca = C()

    def issued(name, **kwargs):
        return C(name, issuer=ca, **kwargs)

    ta = [ca.tlsa(2, 1, 1)]
    pin = [ee.tlsa(3, 1, 1)]
    return [
        # ---- one record ----
        Case("match311", OK, pin, [ee], (
            ": matched, depth 0, certificate until 20",
            "no other record matches: a new key needs its record first"),
            posttls="Verified"),
        Case("match301", OK, [ee.tlsa(3, 0, 1)], [ee], (
            "a renewed certificate needs its record first",),
            posttls="Verified"),
        Case("match312", OK, [ee.tlsa(3, 1, 2)], [ee], posttls="Verified"),
        Case("match310", OK, [ee.tlsa(3, 1, 0)], [ee], posttls="Verified"),
        Case("match300", OK, [ee.tlsa(3, 0, 0)], [ee], posttls="Verified"),
        Case("mismatch", CRITICAL, [other.tlsa(3, 1, 1)], [ee], (
            ": not matched, certificate until",
            "no matching DANE TLSA records"), posttls="Untrusted"),
        Case("rsakey", OK, [rsa.tlsa(3, 1, 1)], [rsa], (
            "RSA 2048", "the server has no certificate with such a key"),
            posttls="Verified"),
        Case("ed25519key", OK, [edwards.tlsa(3, 1, 1)], [edwards], (
            "ED25519",), posttls="Verified"),
        # ---- trust anchors ----
        Case("ta", OK, ta, [issued(host("ta"))], (
            "matched, depth 1", "a certificate from another CA"),
            posttls="Verified"),
        Case("tafull", OK, [ca.tlsa(2, 0, 0)], [issued(host("tafull"))],
             posttls="Verified"),
        Case("tanexthop", OK, ta, [issued(domain("tanexthop"))],
             posttls="Verified"),
        Case("taname", CRITICAL, ta, [issued("other.test")], (
            "not matched, depth 1", "hostname mismatch"),
            posttls="Untrusted"),
        Case("taexpired", CRITICAL, ta, [issued(host("taexpired"), days=-3)], (
            "certificate has expired", "(expired)"), posttls="Untrusted"),
        Case("takey", CRITICAL, [other.tlsa(2, 1, 1)], [issued(host("takey"))],
             posttls="Untrusted"),
        Case("tasoon", OK, ta, [issued(host("tasoon"), days=10)],
             posttls="Verified"),
        Case("tasoonat", CRITICAL, ta, [issued(host("tasoonat"), days=10)], (
            "certificate has expired",), args=("--at", "+30d")),
        Case("tasoonearly", OK, ta, [issued(host("tasoonearly"), days=10)],
             args=("--at", "+9d")),
        Case("eeexpired", OK, [old.tlsa(3, 1, 1)], [old], (
            "(expired, which does not matter to DANE-EE)",),
            posttls="Verified"),
        Case("eelater", OK, pin, [ee], ("expired, which does not matter",),
             args=("--at", "+60w")),
        # ---- rollovers ----
        Case("rollover", OK, [ee.tlsa(3, 1, 1), next_ee.tlsa(3, 1, 1)], [ee], (
            "note: rollover.mx.nsec: the record 3 1 1 "
            + next_ee.tlsa(3, 1, 1)[6:22] + "... matches no certificate",
            "no other record matches"), posttls="Verified"),
        Case("twofold", OK, [ee.tlsa(3, 1, 1), ee.tlsa(3, 0, 1)], [ee],
             posttls="Verified"),
        Case("agility", CRITICAL, [ee.tlsa(3, 1, 1), other.tlsa(3, 1, 2)],
             [ee], ("not looked at: there are records with a stronger",),
             posttls="Untrusted"),
        Case("bothkeys", OK, [rsa.tlsa(3, 1, 1), ee.tlsa(3, 1, 1)], [rsa, ee],
             ("RSA 2048", "ECDSA 256"), posttls="Verified"),
        Case("ecdsaforgotten", CRITICAL, [rsa.tlsa(3, 1, 1)], [rsa, ee], (
            "1 of 2 certificates authenticated",
            "ECDSA 256 certificate: no matching DANE TLSA records"),
            posttls="Untrusted"),
        Case("rsaforgotten", CRITICAL, pin, [rsa, ee], (
            "RSA 2048 certificate: no matching",), posttls="Verified"),
        # ---- records of no use ----
        Case("pkix", WARNING, [ee.tlsa(1, 1, 1)], [ee], (
            "SMTP cannot use such a record",)),
        Case("pkixbeside", OK, [ee.tlsa(1, 1, 1), ee.tlsa(3, 1, 1)], [ee],
             posttls="Verified"),
        Case("absent", WARNING, [], [ee], (
            "no host has TLSA records", "no TLSA record to match")),
        # ---- servers ----
        Case("nostarttls", CRITICAL, pin, mail.smtp(), (
            "the server does not offer STARTTLS",)),
        Case("nodane", WARNING, [], mail.smtp(), ("does not offer STARTTLS",)),
        Case("silent", CRITICAL, pin, mail.silent, (
            "no answer from the server in time",), args=("--timeout", "3")),
        Case("dribble", CRITICAL, pin, mail.dribble, (
            "no answer from the server in time",), args=("--timeout", "3")),
        Case("tlssilent", CRITICAL, pin, mail.starttls_then(mail.silent), (
            "the TLS handshake did not end in time",),
            args=("--timeout", "3")),
        Case("garbage", CRITICAL, pin, mail.says(b"\0\xff\033[31mSSH-2.0\n"), (
            "this is no SMTP: ???[31mSSH-2.0",)),
        Case("longline", CRITICAL, pin, mail.says(b"220 " + 5000 * b"x"), (
            "a line of more than 2048 octets",)),
        Case("endless", CRITICAL, pin, mail.says(5000 * b"220-x\r\n"), (
            "a reply of more than 100 lines",)),
        Case("unwilling", CRITICAL, pin, mail.says(b"554 go \"away\"\r\n"), (
            "the server says: 554 go ?away?",)),
        Case("notls", CRITICAL, pin, mail.starttls_then(mail.says(
            b"this is not TLS\r\n")), ("wrong version number",)),
        Case("injected", CRITICAL, pin, "injected", (
            "sent more in clear after STARTTLS",)),
        Case("closed", CRITICAL, pin, None, (
            "Connection refused", "could be seen")),
        Case("onedown", WARNING, pin, [ee], (
            "1 of 1 certificates", "10.25.21.", "Connection refused"),
            addresses=2),
        Case("dual", OK, pin, [ee], ("[fd00:25:", "2 of 2 certificates"),
             v6=True),
        Case("submission", OK, pin, [ee], (":587 ",), port=587,
             key="[submission.mx.nsec]:587"),
    ]


CASES = cases()


def places(i, case):
    """The addresses of a case."""
    v4 = [f"10.25.{20 + k}.{i + 1}" for k in range(case.addresses)]
    return v4, [f"fd00:25::{i + 1:x}:1"] if case.v6 else []


def mail_zones():
    hosts, domains = [], []
    for i, case in enumerate(CASES):
        v4, v6 = places(i, case)
        hosts += [f"{case.name} A {a}" for a in v4]
        hosts += [f"{case.name} AAAA {a}" for a in v6]
        hosts += [f"_{case.port}._tcp.{case.name} TLSA {record}"
                  for record in case.records]
        domains.append(f"{case.name} MX 10 {host(case.name)}.")
    domains += ["half MX 10 match311.mx.nsec.", "half MX 20 absent.mx.nsec.",
                "none MX 0 .", "bogus MX 10 match311.mx.nsec."]
    return [
        zones.Zone("mx.nsec", "\n".join(hosts), sign="ecdsa"),
        zones.Zone("c.nsec", "\n".join(domains), sign="ecdsa",
                   fault={("bogus.c.nsec", "MX"): "alter"}),
        zones.Zone("c.unsigned", "match311 MX 10 match311.mx.nsec."),
    ]


@pytest.fixture(scope="module")
def lab():
    yield from lab_module.running(lab_module.Lab(mail_zones()))


@pytest.fixture(scope="module")
def servers(lab):
    started = []
    for i, case in enumerate(CASES):
        serve = case.serve
        if serve == "injected":
            serve = mail.smtp(mail.tls_context(lab_module.ROOM, C("lab.test")),
                              after_starttls=b"250 injected\r\n")
        elif isinstance(serve, list):
            serve = mail.smtp(mail.tls_context(lab_module.ROOM, *serve))
        if serve is None:
            continue
        v4, v6 = places(i, case)
        started += [mail.Server(a, serve, case.port) for a in v4[:1] + v6]
    yield started
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def daemon(lab, servers):
    yield from lab_module.running(lab_module.Daemon(lab, "check", port=8842))


def run(daemon, *args):
    result = subprocess.run(
        [daemon.command, "-s", daemon.control, "check", *args],
        capture_output=True, timeout=HANG, check=False)
    assert all(c == 10 or 0x20 <= c <= 0x7e for c in result.stdout)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(daemon, case):
    code, out, err = run(daemon, case.key or domain(case.name), *case.args)
    assert code == case.code, out + err
    for text in case.says:
        assert text in out, out
    assert out.startswith("POSTDANE " + (
        "OK", "WARNING", "CRITICAL", "UNKNOWN")[code])


@pytest.mark.parametrize("key, code, says", [
    ("half.c.nsec", WARNING, "absent.mx.nsec: not protected"),
    ("none.c.nsec", WARNING, "null MX"),
    ("missing.c.nsec", CRITICAL, "the domain does not exist"),
    ("bogus.c.nsec", CRITICAL, "Postfix would defer mail: DNS of "),
    ("match311.c.unsigned", WARNING, "the MX records are not secure"),
    ("[10.25.20.1]", UNKNOWN, "POSTDANE UNKNOWN"),
])
def test_domain(daemon, key, code, says):
    result, out, err = run(daemon, key)
    assert result == code, out + err
    assert says in out


def test_json(daemon):
    code, out, _ = run(daemon, "--json", domain("rollover"))
    report = json.loads(out)
    assert (code, report["code"], report["status"]) == (0, 0, "OK")
    (address,) = report["hosts"][0]["addresses"]
    rsa, ecdsa = address["probes"]
    assert rsa["status"] == "no-certificate"
    assert ecdsa["authenticated"] and ecdsa["key"] == "ECDSA 256"
    assert sorted(r["matched"] for r in ecdsa["records"]) == [False, True]


def test_explain_has_whole_records(daemon):
    explained = daemon.explain(domain("match310"))
    lookups = explained["hosts"][0]["lookups"]
    tlsa = next(lk for lk in lookups if lk["type"] == "TLSA")
    record = next(c for c in CASES if c.name == "match310").records[0]
    assert tlsa["rdata"] == ["030100" + record.split()[3]]


@pytest.mark.parametrize("args", [
    (), ("a.test", "b.test"), ("--at", "30", "a.test"),
    ("--at", "+30x", "a.test"), ("--timeout", "0", "a.test"), ("--bad", "x"),
])
def test_bad_usage_is_unknown(daemon, args):
    code, out, err = run(daemon, *args)
    assert code == UNKNOWN and err and not out


def test_no_daemon_is_unknown(daemon):
    result = subprocess.run(
        [daemon.command, "-s", "/nonexistent", "check", "a.test"],
        capture_output=True, timeout=HANG, check=False)
    assert result.returncode == UNKNOWN


def test_bad_at_names_the_forms(daemon):
    assert "+30d" in run(daemon, "--at", "soon", "a.test")[2]


# ---- on a terminal ----

def on_terminal(command, **environment):
    """What a terminal shows that is both outputs."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs,
                               env={**os.environ, "TERM": "xterm",
                                    **environment})
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(HANG) in (0, 1, 2, 3)
    return shown.decode()


def test_progress_on_a_terminal_only(daemon):
    command = [daemon.command, "-s", daemon.control, "check",
               domain("match311")]
    shown = on_terminal(command)
    assert "\r\033[Kasking postdane\r\033[K" in shown
    assert f"{host('match311')}, 10.25." in shown
    # It is gone before the report begins.
    assert shown.rpartition("\r\033[K")[2].startswith("POSTDANE OK")
    assert "\033" not in on_terminal(command, TERM="dumb")
    _, out, err = run(daemon, domain("match311"))
    assert err == "" and "\r" not in out


def test_explain_in_colours_on_a_terminal_only(daemon):
    command = [daemon.command, "-s", daemon.control, "explain",
               domain("match311")]
    assert re.search("\033\\[[0-9;]*m", on_terminal(command))
    assert "\033" not in on_terminal(command, NO_COLOR="1")
    assert "\033" not in daemon.explain_text(domain("match311"))
