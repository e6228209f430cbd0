"""Denials of which something is missing, and other ways to say no."""

import pathlib
import sys
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "oracle"))

import finger  # noqa: E402
import lab as lab_module  # noqa: E402
from lab import HANG  # noqa: E402
import mail  # noqa: E402
import matrix  # noqa: E402
import misbehave  # noqa: E402
from zones import Zone  # noqa: E402

LISTENER = "127.0.0.25"
UNBOUND = "10.53.0.53"
T = dns.rdatatype
HOST = "10.25.42.1"
UNSEEN_SECONDS = 10  # at most, until what is new is seen; unbound: 5

# ---- servers ----


def bare(*, soa=False, aa=False):
    """Denials of an unsigned zone, with or without what belongs to them."""
    async def behave(x):
        reply = await x.real()
        if not reply.answer:
            if not soa:
                misbehave.strip(reply, {T.SOA})
            if not aa:
                reply.flags &= ~dns.flags.AA
        return reply.to_wire()
    return behave


class Later:
    """There is no host yet, and no SOA says how long that will be so."""

    def __init__(self, rcode, edns):
        self.added = False
        self.rcode = rcode
        self.edns = edns

    async def behave(self, x):
        if x.edns and not self.edns:
            return x.error(dns.rcode.REFUSED)
        if self.added or not x.name.startswith("new."):
            return await x.pass_on()
        reply = x.empty()
        reply.set_rcode(self.rcode)
        return reply.to_wire()


LATER = {f"{name}{'edns' if edns else 'plain'}": Later(rcode, edns)
         for name, rcode in (("nodata", dns.rcode.NOERROR),
                             ("nxdomain", dns.rcode.NXDOMAIN))
         for edns in (False, True)}
# Sixty octets more, and it is no name.
LONG = ".".join(c * 60 for c in "abc") + f".{'d' * 10}"
TOO_LONG = "y" * 60
BARE = {"nosoanoaa": bare(), "nosoa": bare(aa=True), "noaa": bare(soa=True)}


def all_zones():
    for name, behaviour in BARE.items():
        yield matrix.served(Zone(f"{name}.unsigned", f"@ A {HOST}"),
                            [(behaviour, True)])
        yield matrix.served(Zone(f"{name}2.unsigned", f"@ A {HOST}"),
                            [(behaviour, True), (behaviour, True)])
    for name, later in LATER.items():
        yield matrix.served(Zone(f"{name}.unsigned", f"new A {HOST}"),
                            [(later.behave, True)])
    for tld, sign in (("nsec", "ecdsa"), ("nsec3", "ecdsa"),
                      ("unsigned", "")):
        yield Zone(f"long.{tld}", f"d DNAME {LONG}", sign,
                   denial="nsec3" if tld == "nsec3" else "nsec")


BARE_KEYS = [f"{name}{count}.unsigned" for name in BARE
             for count in ("", "2")]


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([*lab_module.table.ZONES, *all_zones()]).start()
    running.start_unbound(UNBOUND)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def daemon(world):
    with lab_module.resolv_conf(LISTENER):
        yield from lab_module.watched(lab_module.Daemon(
            world, "denials", "lookup-deadline = 6\n"
            f'dns-listen = {{ "{LISTENER}:53" }}\n', port=8942))


@pytest.fixture(scope="module")
def server(world):
    context = mail.tls_context(lab_module.ROOM,
                               mail.Certificate("mx.denials.unsigned"))
    running = mail.Server(HOST, mail.smtp(context))
    yield running
    running.stop()


def ask(name, rtype, server=LISTENER):
    query = dns.message.make_query(name, rtype, want_dnssec=True,
                                   payload=1232)
    return dns.query.udp(query, server, timeout=HANG)


def facts(reply):
    return (dns.rcode.to_text(reply.rcode()),
            bool(reply.flags & dns.flags.AD),
            sorted(rrset.to_text().split(None, 2)[2]
                   for rrset in reply.answer))


# ---- without SOA, without AA ----

@pytest.mark.parametrize("key", BARE_KEYS)
@pytest.mark.parametrize("owner,rtype", [
    ("", "A"), ("", "AAAA"), ("", "MX"), ("nothing.", "A"),
    ("nothing.", "MX"), ("_25._tcp.", "TLSA")])
def test_bare_denials_of_an_unsigned_zone(daemon, key, owner, rtype):
    """Broken: without SOA and AA at once the denial was doubted by one rung,
    and did not count for the other: SERVFAIL, although the zone is proven to
    be unsigned, and plain DNS delivers."""
    ours, theirs = ask(owner + key, rtype), ask(owner + key, rtype, UNBOUND)
    assert theirs.rcode() != dns.rcode.SERVFAIL
    assert facts(ours)[:2] == facts(theirs)[:2]
    assert len(ours.answer) == len(theirs.answer)


@pytest.mark.parametrize("key", BARE_KEYS)
def test_mail_flows_all_the_same(daemon, server, key):
    """Broken: Postfix deferred the mail, "Host not found, try again", and the
    policy was `dane` where nothing has TLSA records."""
    text = finger.finger(key, postfix_folder(daemon))
    assert finger.read_finger(text) == "may", text
    assert daemon.socketmap(key) == "OK may"


def postfix_folder(daemon):
    path = daemon.folder / "postfix"
    daemon.configure_postmap(path)
    return path


# ---- YXDOMAIN ----

@pytest.mark.parametrize("tld", ["nsec", "nsec3", "unsigned"])
@pytest.mark.parametrize("rtype", ["A", "MX", "TLSA"])
def test_a_name_that_becomes_too_long(daemon, tld, rtype):
    """Broken: only NOERROR and NXDOMAIN were answers: an error for good became
    one for now."""
    name = f"{TOO_LONG}.d.long.{tld}"
    ours, theirs = ask(name, rtype), ask(name, rtype, UNBOUND)
    assert theirs.rcode() == dns.rcode.YXDOMAIN
    assert ours.rcode() in (dns.rcode.YXDOMAIN, dns.rcode.NXDOMAIN), \
        dns.rcode.to_text(ours.rcode())
    dnames = [rrset.name.to_text() for rrset in ours.answer
              if rrset.rdtype == T.DNAME]
    assert dnames == [f"d.long.{tld}."]
    # Where the DNAME is signed, what follows from it is proven.
    assert not ours.flags & dns.flags.AD or tld != "unsigned"


# ---- how long there is nothing ----

def seconds_of(name):
    begin = time.monotonic()
    ask(name, "A")
    return time.monotonic() - begin


@pytest.mark.parametrize("kind", LATER)
def test_a_host_that_is_added_after_its_denial(daemon, kind):
    """Broken: a plain denial without SOA was kept for a minute (RFC 2308
    section 5: it should not be kept at all)."""
    name = f"new.{kind}.unsigned"
    assert not ask(name, "A").answer
    LATER[kind].added = True
    begin = time.monotonic()
    while not ask(name, "A").answer:
        # The question may have waited, on a busy machine: for as long as one
        # of another name, which has just been asked, and some more.
        passed = time.monotonic() - begin
        pace = seconds_of(f"a{passed}.{kind}.unsigned")
        assert passed < (UNSEEN_SECONDS + 20 * pace) * lab_module.SLOWNESS
        time.sleep(0.2)
