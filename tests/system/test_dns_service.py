"""The DNS listener: Postfix's resolver, side by side with a real unbound."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

import lab as lab_module
from lab import HANG
import matrix
import misbehave
from zones import USABLE, Zone

OURS = "127.0.0.25"
UNBOUND = "10.53.0.53"
T = dns.rdatatype
F = dns.flags
R = dns.rcode

MANY = " | ".join(f"10.25.11.{i}" for i in range(1, 101))
THIRTY = " | ".join(f"10.25.12.{i}" for i in range(1, 31))
NIBBLES = ".".join("1000000000000000000000000000ff20"[::-1])
OWN_ZONES = [
    Zone("7.8.in-addr.arpa", "5.9 PTR usable.hosts.nsec.\n"
         "6.9 PTR one.unsigned. | two.unsigned.\n"
         "128/25 NS ns.7.8.in-addr.arpa.\n9.9 CNAME 9.128/25.9.7.8.in-addr."
         "arpa.", sign="ecdsa"),
    Zone("d.c.b.a.ip6.arpa", f"{NIBBLES[:47]} PTR usable.hosts.nsec."),
    Zone("dnsbl.unsigned", "2.0.0.127 A 127.0.0.2 | 127.0.0.10\n"
         "2.0.0.127 TXT \"listed, see https://dnsbl.unsigned/2\"\n"
         f"{NIBBLES} A 127.0.0.4"),
    Zone("text.nsec", '@ TXT "v=spf1 a mx ip4:192.0.2.0/24 -all"\n'
         '@ SPF "v=spf1 -all"\n'
         f'key._domainkey TXT "v=DKIM1; k=rsa; p={"A" * 200}" "{"B" * 180}"\n'
         '_dmarc TXT "v=DMARC1; p=reject"\n'
         '_mta-sts TXT "v=STSv1; id=1"\n'
         '_submission._tcp SRV 0 1 587 usable.hosts.nsec.\n'
         '@ CAA 0 issue "ca.example"\n'
         'twice CNAME alias.hosts.nsec.\n'
         r'odd TYPE65280 \# 3 616263', sign="ecdsa"),
    Zone("text.unsigned", '@ TXT "v=spf1 -all"\n@ MX 10 mx\nmx A 10.25.13.1'),
    Zone("big.nsec", f"many A {MANY}\nthirty A {THIRTY}\n"
         f"manyalias CNAME many.big.nsec.", sign="ecdsa"),
    Zone("dnametobroken.nsec", "under DNAME u-dropedns.nsec.", sign="ecdsa"),
    matrix.served(Zone("alias.unsigned", "mx CNAME usable.hosts.nsec."),
                  matrix.one(misbehave.rcode_to_edns(dns.rcode.REFUSED))),
    Zone("into.unsigned", "signed CNAME usable.hosts.nsec.\n"
         "gone CNAME nothing.hosts.nsec.\nthrice CNAME twice.text.nsec."),
    Zone("mirror.nsec", "@ MX 10 mx", server="",
         ns="@ NS ns\nns A 10.53.0.98"),
    # Each answer has room in a message, both together do not; the second one
    # comes so late that the first is no longer waited for alone.
    matrix.served(Zone("stuffed.nsec", "@ MX 10 mx\nmx A 10.25.15.1\n"
                       "_25._tcp.mx CNAME _tlsa.stuffedtoo.nsec.",
                       sign="ecdsa"),
                  matrix.one(misbehave.stuffed(T.TLSA, 5000))),
    matrix.served(Zone("stuffedtoo.nsec", f"_tlsa TLSA {USABLE}",
                       sign="ecdsa"),
                  matrix.one(misbehave.stuffed(T.TLSA, 5000, 0.9))),
    # So full that libunbound can't write it again.
    matrix.served(Zone("stuffedfull.nsec", "mx A 10.25.15.1\n"
                       f"_25._tcp.mx TLSA {USABLE}", sign="ecdsa"),
                  matrix.one(misbehave.stuffed(T.TLSA, 8000))),
    Zone("wild.nsec3", "*.a TXT wild\n*.c CNAME target\ntarget A 10.25.14.1",
         sign="ecdsa", denial="nsec3"),
]


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([*lab_module.table.ZONES, *matrix.all_zones(),
                              *OWN_ZONES]).start()
    running.start_unbound(UNBOUND)
    yield running
    running.stop()


def listening(world, name, places=f'"{OURS}:53"', config="", port=8942):
    return lab_module.Daemon(
        world, name, f'lookup-deadline = 6\ndns-listen = {{ {places} }}\n'
        + config, port=port)


@pytest.fixture(scope="module")
def daemon(world):
    yield from lab_module.running(
        listening(world, "dns", f'"{OURS}:53", "inet:[::1]:53"'))


def question(name, rtype, do=True, ad=False, cd=False, edns=True, **kwargs):
    query = dns.message.make_query(name, rtype, use_edns=0 if edns else -1,
                                   want_dnssec=do and edns, payload=1232,
                                   **kwargs)
    query.flags |= (F.AD if ad else 0) | (F.CD if cd else 0)
    return query


def ask(name, rtype, server=OURS, timeout=HANG, tcp=False, **kwargs):
    query = question(name, rtype, **kwargs)
    if tcp:
        return dns.query.tcp(query, server, timeout)
    return dns.query.udp(query, server, timeout)


def records(section):
    """Without TTLs, which differ by the age of a cache."""
    return sorted((rrset.name.to_text().lower(), rrset.rdtype, rrset.covers,
                   rdata.to_text()) for rrset in section for rdata in rrset)


def facts(reply):
    """What two resolvers must agree on."""
    return {"rcode": R.to_text(reply.rcode()),
            "ad": bool(reply.flags & F.AD), "tc": bool(reply.flags & F.TC),
            "answer": records(reply.answer),
            "authority": records(reply.authority)}


def status(daemon):
    """On a busy machine the command may find that it takes too long."""
    for _ in range(3):
        result = subprocess.run(
            [daemon.command, "-s", daemon.control, "status", "--json"],
            capture_output=True, text=True, check=False)
        if result.returncode == 0:
            break
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def counter(daemon, name, label=None):
    value = status(daemon)["counters"][name]
    return value[label] if label else value


# ---- healthy zones: as unbound answers ----

SAME = """
    . NS|. SOA|. DNSKEY|nsec. NS|nsec. DNSKEY|nsec. SOA|unsigned. SOA
    dane.d.nsec MX|two.d.nsec MX|many.d.nsec MX|null.d.nsec MX
    usable.hosts.nsec A|usable.hosts.nsec AAAA|_25._tcp.usable.hosts.nsec TLSA
    _25._tcp.usable2.hosts.nsec TLSA|_25._tcp.mixed.hosts.nsec TLSA
    v6.hosts.nsec A|v6.hosts.nsec AAAA|noaddress.hosts.nsec A
    alias.hosts.nsec A|alias.hosts.nsec AAAA|alias.hosts.nsec CNAME
    _25._tcp.alias.hosts.nsec TLSA|_25._tcp.tlsaalias.hosts.nsec TLSA
    crossing.hosts.nsec A|crossing.hosts.nsec AAAA|crossing.hosts.nsec CNAME
    _25._tcp.tlsaout.hosts.nsec TLSA|_25._tcp.absent.hosts.nsec TLSA
    x.wild.hosts.nsec A|x.wild.hosts.nsec MX|_25._tcp.x.wild.hosts.nsec TLSA
    _tcp.a.b.deep.hosts.nsec A|nothing.hosts.nsec A|a.b.c.d.nsec MX
    cname.d.nsec MX|cnameout.d.nsec MX|x.wild.d.nsec MX|below.d.nsec MX
    mx.under.dname.nsec A|sub.under.dname.nsec MX|under.dname.nsec DNAME
    no.under.dname.nsec A|dname.nsec DNAME
    plain.unsigned MX|plain.unsigned A|host.plain.unsigned A
    host.plain.unsigned AAAA|nothing.plain.unsigned A|plain.unsigned TXT
    plain.nsec MX|plain.nsec3 MX|plain.optout MX|mail.plain.optout AAAA
    plain.nsec DS|plain.nsec3 DS|plain.optout DS|missing.optout MX
    missing.optout DS|hosts.nsec DS|missing.nsec3 A
    rsa.nsec3 MX|_25._tcp.mx.rsa.nsec3 TLSA|ed25519.optout MX|iter100.nsec TXT
    _25._tcp.bare.iter100.nsec TLSA|algorithm.nsec MX|digest.nsec MX
    _25._tcp.mx.cuttcp.nsec TLSA|_tcp.mx.cuttcp.nsec A
    5.9.7.8.in-addr.arpa PTR|6.9.7.8.in-addr.arpa PTR|1.9.7.8.in-addr.arpa PTR
    2.0.0.127.dnsbl.unsigned A|2.0.0.127.dnsbl.unsigned TXT
    3.0.0.127.dnsbl.unsigned A|text.nsec TXT|text.nsec SPF|text.unsigned TXT
    key._domainkey.text.nsec TXT|_dmarc.text.nsec TXT|_mta-sts.text.nsec TXT
    _submission._tcp.text.nsec SRV|text.nsec CAA|odd.text.nsec TYPE65280
    text.unsigned MX|mx.text.unsigned A|many.big.nsec A|thirty.big.nsec A
    manyalias.big.nsec A|x.a.wild.nsec3 TXT|x.c.wild.nsec3 A
    signed.into.unsigned A|gone.into.unsigned A|thrice.into.unsigned AAAA
    twice.text.nsec A|twice.text.nsec TXT|thrice.into.unsigned A
    x.a.wild.nsec3 MX|x.y.wild.nsec3 TXT
    1.0.0.127.in-addr.arpa PTR|9.8.0.10.in-addr.arpa PTR|localhost A
    localhost MX|x.test A|x.invalid A|1.2.168.192.in-addr.arpa PTR
""".replace("\n", "|")
SAME = [tuple(line.split()) for line in SAME.split("|") if line.strip()]
SAME.append((NIBBLES + ".dnsbl.unsigned", "A"))
SAME.append((NIBBLES[:47] + ".d.c.b.a.ip6.arpa", "PTR"))


def test_table_is_long_enough():
    assert len(SAME) >= 60


@pytest.mark.parametrize("how", [
    {"do": True}, {"do": False}, {"do": False, "ad": True},
    {"edns": False}, {"do": True, "cd": True}, {"tcp": True}],
    ids=lambda how: ",".join(f"{k}={v}" for k, v in how.items()))
@pytest.mark.parametrize("name,rtype", SAME)
def test_healthy_zones_as_unbound(daemon, name, rtype, how):
    ours = ask(name, rtype, **how)
    assert not ours.flags & F.AA
    assert ours.flags & F.RA
    ours, theirs = facts(ours), facts(ask(name, rtype, UNBOUND, **how))
    if theirs["tc"]:  # how much of it is given nobody prescribes
        assert ours["tc"]
        return
    if T.from_text(rtype) in [r[1] for r in ours["answer"]]:
        # unbound adds what its minimised questions were answered with.
        theirs["authority"] = [r for r in theirs["authority"]
                               if r in ours["authority"]]
    assert ours == theirs


def test_status_says_where(daemon):
    assert status(daemon)["dns_listening"] == [OURS, "::1"]


def test_ipv6_listener(daemon):
    assert facts(ask("dane.d.nsec", "MX", "::1")) == \
        facts(ask("dane.d.nsec", "MX", UNBOUND))


# ---- broken zones: better than unbound ----

MX = (["10 mx.{}."], "MX", "{}")
A = (["10.25.9.1"], "A", "mx.{}")
BETTER = [case.name for case in matrix.CASES if case.rung == "plain"]


def unbound_fails(name, rtype):
    """Or takes longer than those who ask it wait; a busy machine makes that no
    less likely."""
    try:
        reply = ask(name, rtype, UNBOUND, timeout=2, do=False)
    except dns.exception.Timeout:
        return True
    return reply.rcode() != R.NOERROR or not reply.answer


@pytest.mark.parametrize("case", BETTER)
def test_broken_servers(daemon, case):
    zone = f"u-{case}.nsec"
    for rdata, rtype, name in (MX, A):
        # At the deadline, six seconds, there would be none.
        reply = ask(name.format(zone), rtype)
        assert reply.rcode() == R.NOERROR
        assert not reply.flags & F.AD
        assert [r[3] for r in records(reply.answer)] == \
            [r.format(zone) for r in rdata]
        assert not reply.authority
    assert ask(zone, "TXT").rcode() == (
        R.NXDOMAIN if case == "nxdomain" else R.NOERROR)
    assert unbound_fails(zone, "MX")


@pytest.mark.parametrize("kind", ["formerr", "dropedns", "refused"])
def test_the_incident(daemon, kind):
    zone = f"o365{kind}.nsec"
    for rdata, rtype, name in (MX, A):
        reply = ask(name.format(zone), rtype)
        assert [r[3] for r in records(reply.answer)] == \
            [r.format(zone) for r in rdata], reply
    assert kind == "formerr" or unbound_fails(zone, "MX")


def test_aliases_into_broken_zones(daemon):
    """The whole chain, and what of it is signed keeps its signature."""
    reply = ask("x.cnamezone.nsec", "MX")
    assert [r[1:] for r in records(reply.answer)][:1] == \
        [(T.MX, T.NONE, "10 mx.u-dropedns.nsec.")]
    assert {(r[0], r[1]) for r in records(reply.answer)} == {
        ("u-dropedns.nsec.", T.MX), ("x.cnamezone.nsec.", T.CNAME),
        ("x.cnamezone.nsec.", T.RRSIG)}
    assert not reply.flags & F.AD
    assert [r.rdtype for r in ask("x.cnamezone.nsec", "MX", do=False).answer] \
        == [T.CNAME, T.MX]
    reply = ask("mx.alias.unsigned", "A")  # a signed end makes no chain so
    assert {(r[0], r[1]) for r in records(reply.answer)} == {
        ("mx.alias.unsigned.", T.CNAME), (NAME + ".", T.A),
        (NAME + ".", T.RRSIG)}
    assert not reply.flags & F.AD
    reply = ask("_25._tcp.mx.tlsaintobroken.nsec", "TLSA")
    assert reply.rcode() == R.NXDOMAIN
    assert [r.rdtype for r in reply.answer] == [T.CNAME, T.RRSIG]
    assert not reply.flags & F.AD


def test_dname_into_a_broken_zone(daemon):
    reply = ask("mx.under.dnametobroken.nsec", "A")
    assert [(r[0], r[1]) for r in records(reply.answer)] == [
        ("mx.u-dropedns.nsec.", T.A),
        ("mx.under.dnametobroken.nsec.", T.CNAME),
        ("under.dnametobroken.nsec.", T.DNAME),
        ("under.dnametobroken.nsec.", T.RRSIG)]
    assert reply.rcode() == R.NOERROR and not reply.flags & F.AD
    assert unbound_fails("mx.under.dnametobroken.nsec", "A")


# ---- attackers ----

def truth(zone):
    prefix = zone.split(".")[0]
    return {"MX": (zone, [f"10 mx.{zone}."]), "A": (f"mx.{zone}",
            ["10.25.9.1"]), "TLSA": (f"_25._tcp.mx.{zone}", [USABLE])}, prefix


@pytest.fixture(scope="module")
def attacked(daemon):
    """Everything asked of every attacked zone, 32 questions at a time."""
    questions = [(zone, rtype, cd) for zone in matrix.ATTACK_KEYS
                 for rtype in ("MX", "A", "TLSA") for cd in (False, True)]

    def run(q):
        zone, rtype, cd = q
        return ask(truth(zone)[0][rtype][0], rtype, cd=cd, timeout=HANG)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        return dict(zip(questions, pool.map(run, questions)))


@pytest.mark.parametrize("zone", matrix.ATTACK_KEYS)
def test_attacks_give_the_truth_or_nothing(attacked, zone):
    """No forged record ever, with CD=0; with CD=1 never with AD."""
    for rtype, (_, rdata) in truth(zone)[0].items():
        for cd in (False, True):
            reply = attacked[zone, rtype, cd]
            got = [r[3].lower() for r in records(reply.answer)
                   if r[1] == T.from_text(rtype)]
            true = reply.rcode() == R.NOERROR and got == rdata
            if reply.flags & F.AD:
                assert true, reply
            if not cd:
                assert true and reply.flags & F.AD \
                    or reply.rcode() == R.SERVFAIL, reply


def test_some_attacks_leave_answers(attacked):
    """The test above would be green without any answer."""
    assert sum(bool(r.flags & F.AD) for r in attacked.values()) > 20
    assert sum(r.rcode() == R.SERVFAIL for r in attacked.values()) > 20


def ede(reply):
    return [(int(o.code), o.text) for o in reply.options
            if o.otype == dns.edns.OptionType.EDE]


def test_bogus(daemon):
    for name, rtype in (("mxbogus.nsec", "MX"), ("tlsabad.bad.nsec", "TLSA"),
                        ("abad.bad.nsec", "A"), ("expired.nsec", "MX"),
                        ("stripped.nsec", "MX"), ("wrongds.nsec", "MX")):
        name = f"_25._tcp.{name}" if rtype == "TLSA" else name
        for _ in range(2):  # CD=1 leaves nothing behind
            reply = ask(name, rtype)
            assert reply.rcode() == R.SERVFAIL, name
            assert not reply.answer and not reply.authority
            assert ede(reply)[0][0] == 6
            assert not ede(ask(name, rtype, edns=False))
            reply = ask(name, rtype, cd=True, ad=True)
            assert reply.rcode() == R.NOERROR
            assert T.from_text(rtype) in [r.rdtype for r in reply.answer]
            assert reply.flags & F.CD and not reply.flags & F.AD


def test_failed(daemon):
    reply = ask("u-dead.nsec", "MX")
    assert reply.rcode() == R.SERVFAIL
    assert ede(reply)[0][0] == 22
    reply = ask("dead.nsec", "MX")
    assert reply.rcode() == R.SERVFAIL
    assert ede(reply)[0][0] == 23


# ---- the letter of the protocol ----

def changed(query, **fields):
    for field, value in fields.items():
        setattr(query, field, value)
    return query


def raw(wire, server=OURS, timeout=HANG, count=1):
    """Sends a datagram; returns the wire format of what comes back."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.connect((server, 53))
        for _ in range(count):
            s.send(wire)
        return s.recv(65536)


def silent(wire):
    """Whether the answer to a question after it is the first that comes."""
    after = question(NAME, "A", id=4711)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(HANG)
        s.connect((OURS, 53))
        s.send(wire)
        s.send(after.to_wire())
        return dns.message.from_wire(s.recv(65536)).id == after.id


def rcode_of(wire):
    return dns.message.from_wire(wire, ignore_trailing=True).rcode()


NAME = "usable.hosts.nsec"
REFUSED = {
    "RD=0": changed(question(NAME, "A"), flags=0),
    "AXFR": question("hosts.nsec", "AXFR"),
    "IXFR": question("hosts.nsec", "IXFR"),
    "class CH": question("version.bind", "TXT", rdclass="CH"),
    "class ANY": question(NAME, "A", rdclass="ANY"),
    "RRSIG": question(NAME, "RRSIG"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(daemon, what):
    reply = raw(REFUSED[what].to_wire())
    assert rcode_of(reply) == R.REFUSED


@pytest.mark.parametrize("opcode", [
    dns.opcode.IQUERY, dns.opcode.STATUS, 3, dns.opcode.NOTIFY,
    dns.opcode.UPDATE, 6, 15])
def test_other_opcodes(daemon, opcode):
    wire = bytearray(question(NAME, "A").to_wire())
    wire[2] = opcode << 3 | 1
    reply = raw(bytes(wire))
    assert reply[3] & 15 == R.NOTIMP
    assert reply[:2] == wire[:2]
    assert reply[2] == 0x80 | opcode << 3
    assert reply[3] == R.NOTIMP
    assert reply[4:] == bytes(8)


def test_edns_version(daemon):
    query = question(NAME, "A")
    query.use_edns(1, F.DO, 1232)
    reply = dns.message.from_wire(raw(query.to_wire()))
    assert reply.rcode() == R.BADVERS
    assert reply.edns == 0
    assert not reply.answer


def test_edns_only_if_asked(daemon):
    assert ask(NAME, "A", edns=False).edns == -1
    for do in (False, True):
        reply = ask(NAME, "A", do=do)
        assert reply.edns == 0 and not reply.options
        assert bool(reply.ednsflags & F.DO) == do
        assert reply.payload == 1232


def test_options_are_not_passed_on(daemon):
    """u-options.nsec and s-options.nsec say FORMERR to any."""
    options = [dns.edns.GenericOption(10, b"12345678"),
               dns.edns.GenericOption(65001, b"x"),
               dns.edns.ECSOption("192.0.2.1")]
    for zone in ("u-options.nsec", "s-options.nsec"):
        reply = ask(zone, "MX", options=options)
        assert reply.rcode() == R.NOERROR and reply.answer
        assert not reply.options


def test_any(daemon):
    reply = ask(NAME, "ANY")
    assert reply.rcode() == R.NOERROR
    assert [r[3] for r in records(reply.answer)] == ['"RFC8482" ""']
    assert not reply.flags & (F.AD | F.AA)


@pytest.mark.parametrize("name", ["uSaBlE.hOsTs.nSeC", "ALIAS.HOSTS.NSEC",
                                  "NoThInG.HOSTS.nsec", "U-Refused.NSEC"])
def test_question_is_echoed(daemon, name):
    query = question(name, "A").to_wire()
    reply = raw(query)
    end = 12 + len(name) + 2 + 4
    assert reply[:2] == query[:2]
    assert reply[4:6] == b"\0\1"
    assert reply[12:end] == query[12:end]


@pytest.mark.parametrize("flags", [0x0100, 0x0120, 0x0110, 0x0130, 0x0140,
                                   0x0180, 0x0300, 0x0500])
def test_flags(daemon, flags):
    """RD and CD come back; TC, AA and Z do not."""
    query = changed(question(NAME, "A", edns=False), flags=flags)
    reply = raw(query.to_wire())
    got = reply[2] << 8 | reply[3]
    assert got & ~F.AD == 0x8180 | flags & 0x0010
    assert bool(got & F.AD) == bool(flags & F.AD)


def test_no_answer_to_answers_and_shreds(daemon):
    query = question(NAME, "A").to_wire()
    for wire in (b"", b"x", query[:11], query[:2] + bytes([query[2] | 0x80])
                 + query[3:]):
        assert silent(wire)
    for length in range(12, len(query)):
        assert raw(query[:length])[3] & 15 == R.FORMERR
    assert rcode_of(raw(query)) == R.NOERROR


def test_never_to_port_zero(daemon):
    query = question(NAME, "A").to_wire()
    before = counter(daemon, "dns_dropped")
    with socket.socket(socket.AF_INET, socket.SOCK_RAW,
                       socket.IPPROTO_UDP) as s:
        s.sendto(struct.pack("!HHHH", 0, 53, 8 + len(query), 0) + query,
                 (OURS, 0))
    lab_module.wait_until("the datagram", lambda: counter(
        daemon, "dns_dropped") == before + 1)


def test_repeated_questions_are_looked_up_once(daemon, world):
    before = counter(daemon, "dns_repeated")
    wire = question("mx.u-late2.nsec", "AAAA").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(HANG)
        s.connect((OURS, 53))
        for _ in range(6):
            s.send(wire)
        assert rcode_of(s.recv(4096)) == R.NOERROR
        # One answer: the next that comes is another question's.
        other = question(NAME, "A", id=4711)
        s.send(other.to_wire())
        assert dns.message.from_wire(s.recv(4096)).id == other.id
        assert counter(daemon, "dns_repeated") == before + 5
        s.settimeout(HANG)
        s.send(wire)  # it is answered: this is a new question
        assert rcode_of(s.recv(4096)) == R.NOERROR


# ---- sizes ----

@pytest.mark.parametrize("name,count", [("many.big.nsec", 100),
                                        ("thirty.big.nsec", 30)])
def test_truncation(daemon, name, count):
    for payload in (0, 511, 512, 513, 600, 800, 1232, 1400, 4096, 65535):
        query = question(name, "A", edns=payload != 0)
        if payload:
            query.use_edns(0, F.DO, payload)
        wire = raw(query.to_wire())
        reply = dns.message.from_wire(wire)
        assert len(wire) <= max(512, min(payload, 1232))
        whole = len(records(reply.answer)) - (payload > 0) == count
        assert whole != bool(reply.flags & F.TC)
        assert whole or not reply.flags & F.AD
    reply = ask(name, "A", tcp=True)
    assert len(reply.answer[0]) == count
    assert reply.flags & F.AD and not reply.flags & F.TC


STUFFED = ("mx.stuffed.nsec", "mx.stuffedfull.nsec")


@contextlib.contextmanager
def smtp_server(address):
    """Greets, and has no STARTTLS."""
    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                with client, client.makefile("rwb") as stream:
                    stream.write(b"220 lab\r\n")
                    stream.flush()
                    while line := stream.readline():
                        stream.write(b"221 bye\r\n" if line[:4] == b"QUIT"
                                     else b"250 lab\r\n")
                        stream.flush()
    server = socket.create_server((address, 25))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(HANG)


def finger(host, folder):
    """What Postfix makes of @host under `dane`."""
    return subprocess.run(
        [lab_module.SERVERS / "usr/sbin/posttls-finger", "-c", "-l", "dane",
         "-t", "20", "-T", "20", "-L", "summary,certmatch,dane", f"[{host}]"],
        env=dict(lab_module.environment(), MAIL_CONFIG=str(folder)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=HANG, check=False).stdout


def is_whole_or_failed(reply):
    """Never "there is none"."""
    if reply.flags & F.TC or reply.rcode() not in (R.NOERROR, R.SERVFAIL):
        return False
    if reply.rcode() == R.SERVFAIL:
        return not reply.answer and ede(reply) != []
    return [r.to_text() for s in reply.answer if s.rdtype == T.TLSA
            for r in s] == [USABLE] and bool(reply.flags & F.AD)


def test_what_does_not_fit_over_tcp_is_no_denial(world):
    """Two parts of a chain, stuffed by whoever is on the path."""
    seen = collections.Counter()
    for turn in range(3):
        daemon = listening(world, f"stuffed{turn}", '"127.0.0.32:53"',
                           port=9642 + 10 * turn)
        daemon.configure_postmap(daemon.folder / "postfix")
        daemon.start()
        try:
            if turn:
                for host, tcp in itertools.product(
                        STUFFED, (turn == 1, True, True)):
                    reply = ask(f"_25._tcp.{host}", "TLSA", "127.0.0.32",
                                tcp=tcp, timeout=HANG)
                    assert is_whole_or_failed(reply) or (
                        not tcp and reply.flags & F.TC), reply
                    seen[R.to_text(reply.rcode())] += tcp
            with lab_module.resolv_conf("127.0.0.32"), smtp_server("10.25.15.1"):
                for host in STUFFED * 2:
                    text = finger(host, daemon.folder / "postfix")
                    assert ("DNSSEC-signed TLSA record" in text) != (
                        "TLSA lookup error" in text), text
        finally:
            daemon.stop()
    assert seen["NOERROR"], seen  # without the junk it has room


# ---- TCP ----

def connect(timeout=HANG):
    return socket.create_connection((OURS, 53), timeout)


def framed(wire):
    return struct.pack("!H", len(wire)) + wire


def receive(stream):
    def exactly(count):
        data = b""
        while len(data) < count:
            more = stream.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data
    size, = struct.unpack("!H", exactly(2))
    return dns.message.from_wire(exactly(size))


def test_pipelining_out_of_order(daemon):
    slow = question("mx2.u-late2.nsec", "A")
    fast = [question(name, "A") for name in (
        NAME, "absent.hosts.nsec", "nothing.hosts.nsec")]
    with connect() as s:
        s.sendall(b"".join(framed(q.to_wire()) for q in [slow, *fast]))
        ids = [receive(s).id for _ in range(4)]
    assert sorted(ids[:3]) == sorted(q.id for q in fast)
    assert ids[3] == slow.id


def test_many_at_once_on_one_connection(daemon):
    """More than are looked up at a time, and more output than fits."""
    queries = {i: question("many.big.nsec", "A", id=i) for i in range(500)}
    with connect() as s:
        s.sendall(b"".join(framed(q.to_wire()) for q in queries.values()))
        time.sleep(1)
        got = [receive(s) for _ in queries]
    assert sorted(r.id for r in got) == sorted(queries)
    assert all(len(r.answer[0]) == 100 for r in got)


def test_octet_by_octet_and_half_closed(daemon):
    wire = framed(question(NAME, "A").to_wire())
    with connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in wire:
            s.send(bytes([octet]))
        assert receive(s).rcode() == R.NOERROR
        s.sendall(framed(question("mx3.u-late2.nsec", "A").to_wire()))
        s.shutdown(socket.SHUT_WR)
        assert receive(s).rcode() == R.NXDOMAIN
        assert s.recv(1) == b""


def test_tcp_rubbish(daemon):
    query = question(NAME, "A").to_wire()
    with connect() as s:  # malformed: told so, and the next one answered
        s.sendall(framed(query[:20]) + framed(query))
        assert receive(s).rcode() == R.FORMERR
        assert receive(s).rcode() == R.NOERROR
    for rubbish in (b"\0\0", framed(b"x"), framed(b"\xff" * 300)):
        with connect() as s:
            s.sendall(rubbish)
            assert s.recv(1) == b""
    for part in (b"", b"\0", framed(query)[:10]):  # gone in the middle
        with connect() as s:
            s.sendall(part)
    with connect() as s:  # gone while it is looked up
        s.sendall(framed(question("mx4.u-late2.nsec", "A").to_wire()))
    assert ask(NAME, "A", tcp=True).rcode() == R.NOERROR


def test_connection_limit(daemon):
    """Those that have been idle longest make room."""
    streams = [connect() for _ in range(300)]
    try:
        streams[-1].sendall(framed(question(NAME, "A").to_wire()))
        assert receive(streams[-1]).rcode() == R.NOERROR
        assert streams[0].recv(1) == b""
        streams[200].sendall(framed(question(NAME, "A").to_wire()))
        assert receive(streams[200]).rcode() == R.NOERROR
    finally:
        for stream in streams:
            stream.close()


# ---- tools ----

def run(*command):
    return subprocess.run(command, capture_output=True, text=True,
                          timeout=HANG, check=False).stdout


def test_dig(daemon):
    text = run("dig", f"@{OURS}", NAME, "A", "+dnssec")
    assert "status: NOERROR" in text and "flags: qr rd ra ad;" in text
    assert "10.25.0.1" in text and "RRSIG" in text
    text = run("dig", f"@{OURS}", "many.big.nsec", "A", "+noedns")
    assert "Truncated, retrying in TCP mode" in text
    assert text.count("10.25.11.") == 100
    assert "status: NOTIMP" not in run("dig", f"@{OURS}", NAME, "+ednsopt=10")
    assert "u-refused" in run("dig", f"@{OURS}", "u-refused.nsec", "MX",
                              "+short")
    assert "usable.hosts.nsec." in run("dig", f"@{OURS}", "-x", "8.7.9.5")


def test_delv(daemon, world, tmp_path):
    anchor = tmp_path / "anchor"
    _, _, ds = world.anchor.read_text().partition(" DS ")
    tag, algorithm, digest, data = ds.split()
    anchor.write_text(f'trust-anchors {{ . static-ds {tag} {algorithm} '
                      f'{digest} "{data}"; }};\n')

    def delv(name, rtype):
        return run("delv", f"@{OURS}", "-a", anchor, "+root", name, rtype)
    for name, rtype in ((NAME, "A"), ("dane.d.nsec", "MX"), (
            "alias.hosts.nsec", "A"), ("x.wild.hosts.nsec", "A"), (
            "_25._tcp.usable.hosts.nsec", "TLSA"), ("rsa.nsec3", "MX")):
        assert "; fully validated" in delv(name, rtype), (name, rtype)
    assert "; unsigned answer" in delv("plain.nsec", "MX")
    assert "negative response, fully validated" in \
        delv("nothing.hosts.nsec", "A")
    assert "validated" not in delv("mxbogus.nsec", "MX")


def test_unbound_host(daemon, world, tmp_path):
    conf = tmp_path / "unbound.conf"
    conf.write_text("server:\n  do-not-query-localhost: no\n"
                    f"forward-zone:\n  name: .\n  forward-addr: {OURS}\n")

    def host(name, rtype):
        return run("unbound-host", "-v", "-f", world.anchor, "-C", conf,
                   "-t", rtype, name)
    assert "(secure)" in host(NAME, "A")
    assert "(secure)" in host("dane.d.nsec", "MX")
    assert "(insecure)" in host("plain.nsec", "MX")
    assert "(insecure)" in host("u-dropedns.nsec", "MX")
    assert "BOGUS" in host("mxbogus.nsec", "MX")


# ---- one set of facts ----

def test_policy_and_listener_share_what_they_know(daemon, world):
    for zone, names in (("s-lower.nsec", [("", "MX"), ("mx.", "A"),
                                          ("_25._tcp.mx.", "TLSA")]),
                        ("u-lower.nsec", [("", "MX")])):
        daemon.socketmap(zone)
        lab_module.wait_until("the end of all lookups", lambda: daemon.status(
            )["lookups_in_flight"] == 0)
        asked = world.questions(zone)
        assert asked
        for prefix, rtype in names:
            assert ask(prefix + zone, rtype).answer
        assert world.questions(zone) == asked


# ---- configuration ----

INSIDE = Zone("corp.internal", '@ MX 10 mail\nmail A 10.25.8.2\n'
              '@ TXT "v=spf1 -all"')
INSIDE_REVERSE = Zone("8.25.10.in-addr.arpa", "2 PTR mail.corp.internal.")
FORWARDER = "10.53.9.7"


@pytest.fixture
def inside(world):
    """A forwarder without EDNS that knows internal names."""
    def answer(x):
        for built in zones:
            for (owner, rtype), rdata in built.records.items():
                if owner == x.name and T.from_text(rtype) == x.rdtype:
                    reply = x.empty()
                    reply.answer.append(misbehave.dns.rrset.from_text(
                        owner + ".", 300, "IN", rtype, *rdata))
                    return reply.to_wire()
        return x.error(R.NXDOMAIN)

    async def behave(x):
        return None if x.edns else answer(x)
    zones = [lab_module.BuiltZone(z) for z in (INSIDE, INSIDE_REVERSE)]
    proxy = world.start_proxy("internal.", FORWARDER, behave)
    yield FORWARDER
    world.underworld.stop(proxy)


def test_internal_zones(world, inside):
    block = f'{{ forward = {{ "{inside}" }} insecure = yes }}\n'
    daemon = listening(world, "internal", '"127.0.0.26:53"',
                       f'zone "corp.internal" {block}'
                       f'zone "10.in-addr.arpa" {block}', 9042).start()
    try:
        for name, rtype, rdata in (
                ("corp.internal", "MX", "10 mail.corp.internal."),
                ("mail.corp.internal", "A", "10.25.8.2"),
                ("corp.internal", "TXT", '"v=spf1 -all"'),
                ("2.8.25.10.in-addr.arpa", "PTR", "mail.corp.internal.")):
            reply = ask(name, rtype, "127.0.0.26")
            assert [r[3] for r in records(reply.answer)] == [rdata], reply
            assert not reply.flags & F.AD
        assert ask("no.corp.internal", "A", "127.0.0.26").rcode() == R.NXDOMAIN
        assert ask(NAME, "A", "127.0.0.26").flags & F.AD
    finally:
        daemon.stop()


def refused_config(world, text):
    daemon = lab_module.Daemon(world, "refused", text, port=9142)
    result = subprocess.run([daemon.program, "-t", "-c", daemon.config],
                            capture_output=True, text=True, timeout=HANG,
                            check=False)
    assert result.returncode != 0
    return result.stderr


def test_only_loopback_unless_allowed(world):
    assert "dns-allow" in refused_config(
        world, 'dns-listen = { "10.53.0.99:53" }\n')
    assert "all addresses" in refused_config(
        world, 'dns-listen = { "0.0.0.0:53" }\n')
    assert "prefix" in refused_config(
        world, 'dns-listen = { "127.0.0.1:53" }\n'
        'dns-allow = { "10.0.0.0/33" }\n')
    daemon = listening(world, "allow", '"10.53.0.99:53"',
                       'dns-allow = { "10.25.1.0/24" }\n', 9142).start()
    try:
        for source, rcode in (("10.25.1.7", R.NOERROR),
                              ("10.25.2.7", R.REFUSED)):
            reply = dns.query.udp(question(NAME, "A"), "10.53.0.99", 10,
                                  source=source)
            assert reply.rcode() == rcode
            assert ede(reply) == ([] if rcode == R.NOERROR else [(18, None)])
        reply = dns.query.tcp(question(NAME, "A"), "10.53.0.99", 10,
                              source="10.25.1.7")
        assert reply.rcode() == R.NOERROR
        with pytest.raises((EOFError, OSError)):
            dns.query.tcp(question(NAME, "A"), "10.53.0.99", 10,
                          source="10.25.2.7")
    finally:
        daemon.stop()


def test_a_resolver_alone(world):
    """No policy: what the log and the status say of where it listens is true,
    and it ends well."""
    daemon = listening(world, "alone", '"127.0.0.33:53"', port=9742)
    daemon.config.write_text("".join(
        line.partition("=")[0] + "= {}\n"
        if line.startswith(("socketmap-listen", "tcp-table-listen")) else line
        for line in daemon.config.read_text().splitlines(True)))
    daemon.start()
    try:
        assert ask(NAME, "A", "127.0.0.33").flags & F.AD
        assert status(daemon)["listening"] == []
        daemon.process.send_signal(signal.SIGHUP)
        lab_module.wait_until(
            "reload", lambda: "reload: done" in daemon.log())
        assert ask(NAME, "A", "127.0.0.33").flags & F.AD
    finally:
        daemon.stop()
    assert "nobody could ask" in refused_config(
        world, "socketmap-listen = {}\ntcp-table-listen = {}\n")


def is_silent(server):
    """Nobody has the port any more, which the kernel says.  What came just
    before it was closed gets neither: it is asked again."""
    heard = []

    def is_told(s):
        s.send(question(NAME, "A").to_wire())
        try:
            heard.append(s.recv(4096))
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        s.connect((server, 53))
        lab_module.wait_until("a reply, or nobody", lambda: is_told(s))
    return not heard


def test_warns_of_a_postfix_without_dnssec(world):
    """Once, and only where the verdict counts on DNSSEC."""
    daemon = listening(world, "warns", '"127.0.0.27:53"', port=9142).start()
    warning = "was asked without DNSSEC, while its policy is dane"
    try:
        assert daemon.socketmap("dane.d.nsec") == "OK dane"
        assert daemon.socketmap("plain.nsec") == "OK may"
        ask("dane.d.nsec", "MX", "127.0.0.27")
        ask("plain.nsec", "MX", "127.0.0.27", do=False)
        ask("dane.d.nsec", "A", "127.0.0.27", do=False)
        assert warning not in daemon.log()
        for _ in range(2):
            ask("dane.d.nsec", "MX", "127.0.0.27", edns=False)
        assert daemon.log().count(warning) == 1
        assert f"MX of dane.d.nsec {warning}" in daemon.log()
    finally:
        daemon.stop()


def test_never_asks_itself(world):
    """Glue names our own listener, at an address that is not loopback."""
    daemon = listening(world, "mirror", '"10.53.0.98:53"',
                       'dns-allow = { "10.0.0.0/8" }\n'
                       "lookup-deadline = 60\n", 9142).start()
    try:
        begin = time.monotonic()
        reply = ask("mirror.nsec", "MX", "10.53.0.98")
        assert reply.rcode() == R.SERVFAIL
        # Not at the deadline.
        assert time.monotonic() - begin < 30
        counters = daemon.status()["counters"]
        assert sum(counters["dns_queries"].values()) == 1
    finally:
        daemon.stop()


def until_asked(daemon, count):
    """The daemon has begun with so many questions."""
    lab_module.wait_until("questions", lambda: sum(daemon.status()["counters"][
        "dns_queries"].values()) == count)


def test_reload(world):
    """New places answer, old ones no more, what was asked is answered."""
    daemon = listening(world, "reload", '"127.0.0.27:53"', port=9242).start()
    text = daemon.config.read_text()

    def reload(places):
        done = daemon.log().count("main: reload:")
        daemon.config.write_text(text.replace('"127.0.0.27:53"', places))
        daemon.process.send_signal(signal.SIGHUP)
        lab_module.wait_until("reload", lambda: daemon.log().count(
            "main: reload:") > done)
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            slow = pool.submit(ask, "mx5.u-late2.nsec", "A", "127.0.0.27")
            until_asked(daemon, 1)
            reload('"127.0.0.28:53"')
            assert ask(NAME, "A", "127.0.0.28").flags & F.AD
            assert slow.result(HANG).rcode() == R.NXDOMAIN
        lab_module.wait_until("silence", lambda: is_silent("127.0.0.27"))
        reload(f'"127.0.0.27:53", "{UNBOUND}:53"')  # taken: all or nothing
        assert "the old configuration stays" in daemon.log()
        assert ask(NAME, "A", "127.0.0.28").flags & F.AD
        assert is_silent("127.0.0.27")
        reload('"127.0.0.27:53", "127.0.0.28:53"')
        for server in ("127.0.0.27", "127.0.0.28"):
            assert ask(NAME, "A", server, tcp=True).flags & F.AD
        reload("")
        assert is_silent("127.0.0.28")
    finally:
        daemon.stop()


def test_no_port_of_the_system_after_the_start(world):
    """The capability has gone when it serves, also where it was never root; a
    reload says why it can't have such a port, and changes nothing."""
    daemon = listening(world, "bound", '"127.0.0.33:53"', port=9746)
    daemon.wrapper = ["setpriv", "--reuid=nobody", "--regid=nogroup",
                      "--clear-groups", "--inh-caps=+net_bind_service",
                      "--ambient-caps=+net_bind_service"]
    shutil.chown(daemon.folder, "nobody")
    daemon.start()
    text = daemon.config.read_text()
    taken = socket.socket()
    taken.bind(("127.0.0.1", 9750))
    taken.listen()

    def reload(*changes):
        changed, before = text, len(daemon.log())
        for old, new in changes:
            assert old in changed
            changed = changed.replace(old, new)
        daemon.config.write_text(changed)
        daemon.process.send_signal(signal.SIGHUP)
        lab_module.wait_until("reload", lambda: any(
            end in daemon.log()[before:] for end in
            ("main: reload: done", "the old configuration stays")))
        return daemon.log()[before:]

    def answers(server, port=53):
        return all(how(question(NAME, "A"), server, HANG, port).flags & F.AD
                   for how in (dns.query.udp, dns.query.tcp))
    try:
        for kind in ("Prm", "Eff", "Inh", "Amb"):
            assert f"Cap{kind}:\t{0:016x}\n" in daemon.proc("status")
        assert answers("127.0.0.33")
        said = reload(("127.0.0.33:53", "127.0.0.34:53"))
        assert ("dns_service: inet:127.0.0.34:53: ports below 1024 take a "
                "privilege, which the daemon has at its start at most, from "
                "root or from systemd: this takes a restart by them") in said
        assert "no longer on" not in said
        assert "the old configuration stays" in said
        assert answers("127.0.0.33")
        # What was left could not be opened again.
        said = reload(("127.0.0.33:53", "127.0.0.33:5353"),
                      ("127.0.0.1:9746", "127.0.0.1:9750"))
        assert "the old configuration stays" in said
        assert answers("127.0.0.33")
        assert "reload: done" in reload(("127.0.0.33:53", "127.0.0.33:5353"))
        assert answers("127.0.0.33", 5353)
    finally:
        taken.close()
        daemon.stop()


def inherited(sockets):
    """What a child must do that gets @sockets from systemd."""
    def dup():
        for i, sock in enumerate(sockets):
            os.dup2(sock.fileno(), 3 + i)
    return dup


def test_sockets_from_systemd(world):
    """They outlive the process: who asks meanwhile is answered, and a reload
    does not close them."""
    daemon = listening(world, "activated", port=9542)
    daemon.config.write_text(daemon.config.read_text().replace(
        f'"{OURS}:53"', '"127.0.0.31:53"'))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket()
    for sock in (udp, tcp):
        sock.bind(("127.0.0.31", 53))
    tcp.listen()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            early = [pool.submit(ask, NAME, "A", "127.0.0.31", tcp=over_tcp)
                     for over_tcp in (False, True)]
            time.sleep(0.3)
            process = subprocess.Popen(
                ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh",
                 daemon.program, "-c", daemon.config],
                env=dict(os.environ, LISTEN_FDS="2", LISTEN_FDNAMES="dns:dns"),
                preexec_fn=inherited([udp, tcp]), pass_fds=[3, 4],
                stderr=open(daemon.log_path, "wb"))
            assert all(r.result(HANG).flags & F.AD for r in early)
            process.send_signal(signal.SIGHUP)
            lab_module.wait_until(
                "reload", lambda: "reload: done" in daemon.log())
            assert ask(NAME, "A", "127.0.0.31").flags & F.AD
            process.terminate()
            assert process.wait(HANG) == 0, daemon.log()
            # One line for one place.
            assert daemon.log().count(
                "dns_service: DNS on inet:127.0.0.31:53\n") == 1
    udp.close()
    tcp.close()


def test_end_answers_what_was_asked(world):
    daemon = listening(world, "end", '"127.0.0.29:53"', port=9342).start()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, "mx6.u-late2.nsec", "A", "127.0.0.29",
                               tcp=tcp) for tcp in (False, True)]
        until_asked(daemon, 2)
        daemon.stop()
        for reply in waiting:
            assert reply.result(HANG).rcode() == R.NXDOMAIN


def test_without_trust_path(world, tmp_path):
    """SERVFAIL, never AD, never data of signed zones."""
    anchor = tmp_path / "root.key"
    anchor.write_text(". IN DS 4711 200 2 " + "ab" * 32 + "\n")
    daemon = listening(world, "untrusted", '"127.0.0.30:53"', port=9442)
    daemon.config.write_text(daemon.config.read_text().replace(
        str(world.anchor), str(anchor)))
    daemon.start()
    try:
        for name in ("dane.d.nsec", "plain.unsigned"):
            reply = ask(name, "MX", "127.0.0.30")
            assert reply.rcode() == R.SERVFAIL
            assert "no trust path" in ede(reply)[0][1]
    finally:
        daemon.stop()


# ---- anything ----

def mutated(rng, wire):
    wire = bytearray(wire)
    for _ in range(rng.randrange(1, 6)):
        action = rng.randrange(4)
        at = rng.randrange(len(wire)) if wire else 0
        if action == 0 and wire:
            wire[at] = rng.randrange(256)
        elif action == 1:
            del wire[at:]
        elif action == 2:
            wire[at:at] = rng.randbytes(rng.randrange(8))
        elif wire:
            wire[at] ^= 1 << rng.randrange(8)
    return bytes(wire)


def is_alive():
    """Among thousands of datagrams one may be lost."""
    flags = []

    def is_answered():
        try:
            flags.append(ask(NAME, "A", timeout=3).flags)
        except dns.exception.Timeout:
            pass
        return flags
    lab_module.wait_until("an answer", is_answered)
    return bool(flags[0] & F.AD)


def test_fuzz(daemon):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print(f"SEED={seed}")
    rng = random.Random(seed)
    seeds = [question(name, rtype, edns=edns).to_wire() for name, rtype in (
        (NAME, "A"), ("dane.d.nsec", "MX"), ("many.big.nsec", "A"),
        ("u-refused.nsec", "MX"), ("x.test", "PTR")) for edns in (True, False)]
    started = time.monotonic()
    rcodes = collections.Counter()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((OURS, 53))
        s.setblocking(False)
        for i in range(30000):
            s.send(rng.randbytes(rng.randrange(600)) if i % 5 == 0
                   else mutated(rng, rng.choice(seeds)))
            try:
                while True:
                    rcodes[s.recv(65536)[3] & 15] += 1
            except BlockingIOError:
                pass
            if i % 2000 == 0:
                assert is_alive()
    for i in range(300):
        data = framed(mutated(rng, rng.choice(seeds)))
        if i % 3 == 0:
            data = rng.randbytes(rng.randrange(2000))
        with connect() as s:
            s.sendall(data)
    print(f"{time.monotonic() - started:.1f} s, rcodes {dict(rcodes)}")
    assert rcodes[R.NOERROR] and rcodes[R.FORMERR]
    assert is_alive()
    assert daemon.process.poll() is None


SILENT = 'zone "silent.nsec" { forward = { "10.53.77.7" } }\n'


def connect_as(uid, server):
    """The kernel notes whose a socket is when it is made."""
    os.seteuid(uid)
    try:
        connection = socket.socket()
    finally:
        os.seteuid(0)
    connection.settimeout(HANG)
    connection.connect((server, 53))
    return connection


def test_unanswered_questions_keep_nobody_out(world):
    """One user holds all connections with names that nobody resolves, and goes
    on opening others: another one's are open until they are answered."""
    daemon = listening(world, "held", '"127.0.0.29:53"', SILENT, 9046).start()
    held = [connect_as(65534, "127.0.0.29") for _ in range(256)]
    try:
        for number, connection in enumerate(held):
            connection.sendall(framed(question(
                f"n{number}.silent.nsec", "A").to_wire()))
        lab_module.wait_until("questions", lambda: counter(
            daemon, "dns_queries", "tcp") == 256)
        with connect_as(60053, "127.0.0.29") as other:
            held += [connect_as(65534, "127.0.0.29") for _ in range(256)]
            other.sendall(framed(question(NAME, "A").to_wire()))
            assert receive(other).flags & F.AD
        assert held[0].recv(1) == b""
        assert "user 65534 has most of them" in daemon.log()
        assert status(daemon)["dns_connections"] <= 256
    finally:
        for connection in held:
            connection.close()
        daemon.stop()


ZONES, NAMES = 100, 30  # three times as many as there are slots


def silent_zones():
    return "".join(f'zone "s{i}.nsec" {{ forward = {{ "10.53.77.7" }} }}\n'
                   for i in range(ZONES))


def ask_all(daemon, udp):
    """So many at a time as the socket's buffer takes."""
    for number in range(NAMES):
        for zone in range(ZONES):
            udp.send(question(f"n{number}.s{zone}.nsec", "A",
                              id=number * ZONES + zone + 1).to_wire())
        lab_module.wait_until("questions", lambda number=number: counter(
            daemon, "dns_queries", "udp") >= (number + 1) * ZONES)


def socket_as(uid, server):
    os.seteuid(uid)
    try:
        udp = socket.socket(type=socket.SOCK_DGRAM)
    finally:
        os.seteuid(0)
    udp.settimeout(HANG)
    udp.connect((server, 53))
    return udp


def test_unanswered_datagrams_keep_nobody_waiting(world):
    """One user holds all slots, and more wait: another one's question is
    answered while it is so."""
    daemon = lab_module.Daemon(
        world, "flooded", lab_module.deadlines(20, 30)
        + 'dns-listen = { "127.0.0.30:53" }\n' + silent_zones(),
        port=9047).start()
    try:
        with socket_as(65534, "127.0.0.30") as flood, \
                socket_as(60053, "127.0.0.30") as other:
            ask_all(daemon, flood)
            other.send(question(NAME, "A", id=7).to_wire())
            answer = dns.message.from_wire(other.recv(4096))
            assert answer.id == 7 and answer.flags & F.AD
            assert status(daemon)["dns_queries_in_flight"] > 2000
    finally:
        daemon.stop()


def test_idle_connection_is_closed(daemon):
    """Last: it waits for half a minute."""
    with connect() as idle, connect() as busy:
        started = time.monotonic()
        for _ in range(3):
            time.sleep(8)
            busy.sendall(framed(question(NAME, "A").to_wire()))
            assert receive(busy).rcode() == R.NOERROR
        assert idle.recv(1) == b""
        assert time.monotonic() - started > 25
        busy.sendall(framed(question(NAME, "A").to_wire()))
        assert receive(busy).rcode() == R.NOERROR
