"""Aliases that only one kind of answer shows, and zones that are one alias."""

import concurrent.futures

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

import lab as lab_module
import matrix
import misbehave
from zones import USABLE, Zone

LISTENER, UNBOUND = "127.0.0.25", "127.0.0.26"
T = dns.rdatatype
HOST = "MX 10 mx\nmx A 10.25.0.9"

# ---- a DNAME at the apex of a signed zone: a whole zone that has moved ----

PLAIN = Zone("plain.nsec", f"@ {HOST}\nx MX 10 mx\ny A 10.25.0.9")
SECURE = Zone("secure.nsec", f"@ {HOST}\nx MX 10 mx\ny A 10.25.0.9\n"
              f"_25._tcp.mx TLSA {USABLE}\n_25._tcp.y TLSA {USABLE}", "ecdsa")


def moved(name, target, **options):
    return Zone(name, f"@ DNAME {target}.", "ecdsa", ns="@ NS ns.secure.nsec.",
                **options)


MOVED = [
    PLAIN, SECURE,
    moved("moved.nsec", "plain.nsec"),
    moved("moved3.nsec3", "plain.nsec", denial="nsec3"),
    moved("movedo.optout", "plain.nsec", denial="nsec3", opt_out=True),
    moved("twice.nsec", "moved.nsec"),
    moved("insecure.nsec", "secure.nsec"),
    Zone("hosts.nsec", "a MX 10 y.moved.nsec.\nb MX 10 y.insecure.nsec.\n"
         "c CNAME x.moved.nsec.", "ecdsa"),
]
LEVELS = {
    "x.moved.nsec": "may", "x.moved3.nsec3": "may", "x.movedo.optout": "may",
    "x.twice.nsec": "may", "x.insecure.nsec": "dane", "a.hosts.nsec": "may",
    "b.hosts.nsec": "dane", "c.hosts.nsec": "may",
}

# Into zones whose servers libunbound can do nothing with: plain DNS can.
BROKEN = [case for case in matrix.CASES
          if not case.ipv6 and case.name != "oneforging"]


def broken_zones():
    for zone in matrix.case_zones():
        if zone.name.startswith("u-"):
            yield zone
    for case in BROKEN:
        yield moved(f"m-{case.name}.nsec", f"u-{case.name}.nsec")


# ---- the lab ----

def daemon_in(lab, name, config=""):
    yield from lab_module.running(lab_module.Daemon(
        lab, name, f'dns-listen = {{ "{LISTENER}:53" }}\n' + config, port=8943))


@pytest.fixture(scope="module")
def lab():
    made = lab_module.Lab([*MOVED, *broken_zones(), *PARTIAL, *forged_zones()])
    made.start()
    made.start_unbound(UNBOUND, "  do-not-query-localhost: no\n"
                       "  qname-minimisation: no\n  aggressive-nsec: no\n")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def daemon(lab):
    yield from daemon_in(lab, "aliases", "lookup-deadline = 8\n"
                         "evaluation-deadline = 16\n")


def ask(name, rtype, address=LISTENER):
    query = dns.message.make_query(name + ".", rtype, want_dnssec=True,
                                   payload=1232)
    query.flags |= dns.flags.AD
    return dns.query.udp_with_fallback(query, address, timeout=60)[0]


def facts(name, rtype, address=LISTENER):
    reply = ask(name, rtype, address)
    return (dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD),
            sorted((r.name.to_text().lower(), T.to_text(r.rdtype),
                    sorted(d.to_text() for d in r))
                   for r in reply.answer if r.rdtype != T.RRSIG))


@pytest.mark.parametrize("key", LEVELS)
def test_moved_zone_has_the_level_of_its_target(daemon, key):
    assert daemon.socketmap(key).split()[:2] == ["OK", LEVELS[key]]


def test_broken_target_is_had_through_its_alias(daemon):
    names = [f"mx.{kind}-{case.name}.nsec" for case in BROKEN for kind in "um"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        said = dict(zip(names, pool.map(lambda name: facts(name, "A"), names)))
    for case in BROKEN:
        target, alias = (said[f"mx.{kind}-{case.name}.nsec"] for kind in "um")
        assert alias[0] == target[0], case.name
        assert target[2] == [r for r in alias[2] if r[1] == "A"], case.name
    assert said["mx.m-dropedns.nsec"][2]


@pytest.mark.parametrize("zone", ["moved.nsec", "moved3.nsec3",
                                  "movedo.optout", "twice.nsec",
                                  "insecure.nsec"])
def test_listener_says_what_unbound_says(daemon, zone):
    for name in (zone, f"x.{zone}", f"_25._tcp.mx.{zone}", f"nope.{zone}"):
        # Not CNAME and DNAME: below a DNAME these are bogus to libunbound.
        for rtype in ("MX", "A", "TLSA", "DS", "TXT"):
            ours, theirs = (facts(name, rtype, address)
                            for address in (LISTENER, UNBOUND))
            assert ours[0] != "SERVFAIL", (name, rtype)
            # On a busy machine unbound has no answer now and then.
            assert theirs[0] == "SERVFAIL" or ours == theirs, (name, rtype)


@pytest.mark.parametrize("name, is_secure", [
    ("nope.insecure.nsec", True), ("nope.moved.nsec", False)])
def test_dname_of_the_alias_is_no_contradiction(daemon, name, is_secure):
    assert facts(name, "DNAME")[:2] == ("NXDOMAIN", is_secure)


# ---- plain answers with something in them, but not what was asked ----

def plain_only(answer):
    """REFUSED to EDNS."""
    async def behave(x):
        return x.error(dns.rcode.REFUSED) if x.edns else await answer(x)
    return behave


async def dname_alone(x):
    """Without the alias that it makes."""
    reply = dns.message.from_wire(await x.plain())
    if reply.answer and reply.answer[0].rdtype == T.DNAME:
        reply.answer, reply.authority = reply.answer[:1], []
    return reply.to_wire()


async def target_alone(x):
    """The records that an alias leads to, and not the alias."""
    reply = dns.message.from_wire(await x.plain())
    if len(reply.answer) > 1:
        reply.answer = [r for r in reply.answer if r.rdtype != T.CNAME]
    return reply.to_wire()


def partial(name, records, behaviour, *others):
    return matrix.served(Zone(name, records), [
        (plain_only(behaviour), True), *[(other, True) for other in others]])


DNAME = "d DNAME plain.nsec."
CNAME = f"a CNAME t\nt {HOST}"
PARTIAL = [
    partial("dname.nsec", DNAME, dname_alone),
    partial("dname2.nsec", DNAME, dname_alone, misbehave.healthy),
    partial("target.nsec", CNAME, target_alone),
    partial("target2.nsec", CNAME, target_alone, misbehave.healthy),
]


@pytest.mark.parametrize("name, found", [
    ("x.d.dname.nsec", True), ("x.d.dname2.nsec", True),
    ("a.target.nsec", False), ("a.target2.nsec", True)])
def test_other_records_are_no_denial(daemon, name, found):
    reply = ask(name, "MX")
    assert dns.rcode.to_text(reply.rcode()) == (
        "NOERROR" if found else "SERVFAIL")
    assert any(r.rdtype == T.MX for r in reply.answer) == found


# ---- forged aliases: a signed name must not become an unsigned one ----

def record(name, rtype, text):
    return dns.rrset.from_text(f"{name}.", 86400, "IN", rtype, text)


async def answer_for(x, name, rtype):
    """What the server says of another name."""
    query = dns.message.make_query(name, rtype, want_dnssec=True)
    reply = dns.message.from_wire(
        await x.proxy.ask_backend(query.to_wire(), True))
    reply.id, reply.question = x.query.id, x.query.question
    return reply


def renamed(reply, old, new):
    """All that is said of @old is said of @new."""
    old, new = (dns.name.from_text(name) for name in (old, new))
    for section in (reply.answer, reply.authority):
        for rrset in section:
            if rrset.name == old:
                rrset.name = new
    return reply


async def forge_dname(x, apex):
    reply = x.empty()
    reply.use_edns(0, dns.flags.DO, 1232)
    reply.answer += [
        record(apex, "DNAME", "plain.nsec."),
        record(x.name, "CNAME", x.name[:-len(apex)] + "plain.nsec.")]
    return reply


async def forge_cname(x, apex):
    reply = x.empty()
    reply.use_edns(0, dns.flags.DO, 1232)
    reply.answer.append(record(x.name, "CNAME", "x.plain.nsec."))
    return reply


async def replay_wildcard(x, apex):
    """A true wildcard alias, by its true signature, with the true opt-out
    record of another name."""
    name = f"nothing.w.{apex}"
    return renamed(await answer_for(x, name, "CNAME"), name, x.name)


async def replay_wildcard_of_ds(x, apex):
    if x.rdtype in (T.DS, T.CNAME):
        return await replay_wildcard(x, apex)
    reply = x.empty()
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


async def junk_wildcard(x, apex):
    """An alias of the attacker's, as if by a wildcard's signature."""
    reply = await replay_wildcard(x, apex)
    for i, rrset in enumerate(reply.answer):
        if rrset.rdtype == T.CNAME:
            reply.answer[i] = record(x.name, "CNAME", "y.plain.nsec.")
    return reply


FORGERIES = {"dname": forge_dname, "cname": forge_cname,
             "replay": replay_wildcard, "replayds": replay_wildcard_of_ds,
             "junk": junk_wildcard}
FORGED = set()  # apexes
KINDS = {"nsec": {}, "nsec3": {"denial": "nsec3"},
         "optout": {"denial": "nsec3", "opt_out": True}}


def forging(forge, apex):
    async def behave(x):
        if f".{x.name}".endswith(f".signed.w.{apex}"):
            FORGED.add(apex)
            return (await forge(x, apex)).to_wire()
        return await x.pass_on()
    return behave


def forged_zones():
    for kind, options in KINDS.items():
        for name, forge in FORGERIES.items():
            apex = f"f-{name}-{kind}.nsec"
            yield matrix.served(Zone(apex, f"""
                *.w CNAME x.plain.nsec.
                signed.w MX 10 mx.signed.w
                mx.signed.w A 10.25.0.9
                _25._tcp.mx.signed.w TLSA {USABLE}
                """, "ecdsa", **options), [(forging(forge, apex), True)])


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_alias_makes_nothing_insecure(daemon, forgery):
    apexes = [f"f-{forgery}-{kind}.nsec" for kind in KINDS]
    names = [f"signed.w.{apex}" for apex in apexes]
    questions = [(f"{left}{name}", rtype) for name in names for left, rtype in (
        ("", "MX"), ("mx.", "A"), ("_25._tcp.mx.", "TLSA"))]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        policies = pool.map(daemon.socketmap, names)
        answers = pool.map(lambda question: facts(*question), questions)
        for policy in policies:
            assert policy.startswith(("OK dane", "TEMP"))
        for question, (rcode, is_secure, _) in zip(questions, answers):
            assert is_secure or rcode == "SERVFAIL", question
    assert FORGED.issuperset(apexes)
