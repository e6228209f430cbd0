"""What forged packets leave behind, when nobody forges any more.

libunbound keeps what it was told for a day: name servers of an attacker's
choice, an alias that never ends, servers that are of no use.  Nothing that comes
of this is bogus, and all the same a domain has its right answer again seconds
after the last forged packet.
"""

import concurrent.futures
import contextlib
import time

import dns.rcode
import dns.rrset
import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import USABLE, Zone

DAY = 86400
RIGHT_AGAIN = 10 * lab_module.SLOWNESS  # seconds after the last forged packet
WATCHED = 75
RECORDS = f"@ MX 10 mx\nmx A 10.25.46.1\n_25._tcp.mx TLSA {USABLE}"


class Attack:
    """Whether it is under way, and how many packets it has forged."""

    def __init__(self):
        self.on = False
        self.forged = 0

    @contextlib.contextmanager
    def under_way(self):
        self.on, self.forged = True, 0
        yield
        self.on = False


# ---- referrals to name servers of his choice ----

PARENT = "refp.nsec"
INNOCENT = {kind: matrix.ADDRESSES.take()
            for kind in ("refuses", "nxname", "silent", "closed")}
INNOCENT["loopback"] = "127.0.0.1"  # nobody is asked there
REFERRALS = {kind: Attack() for kind in INNOCENT}
TLD_ROOT = matrix.ADDRESSES.take()
TLD = Attack()


def refer(reply, zone, server, address):
    """The DS record of @zone and its signature stay: they are true."""
    reply.authority = [r for r in reply.authority if r.rdtype != m.T.NS]
    reply.authority.insert(0, dns.rrset.from_text(
        f"{zone}.", DAY, "IN", "NS", server))
    reply.additional = [dns.rrset.from_text(server, DAY, "IN", "A", address)]


async def refers(x):
    kind = next((k for k in REFERRALS if f".{x.name}".endswith(
        f".{k}.{PARENT}")), None)
    reply = await x.real(tcp=True)
    if kind and REFERRALS[kind].on and x.rdtype != m.T.DS and reply.authority:
        REFERRALS[kind].forged += 1
        refer(reply, f"{kind}.{PARENT}", "no.such.name.nsec." if
              kind == "nxname" else f"ns.{kind}.{PARENT}.", INNOCENT[kind])
    return reply.to_wire()


async def refers_tld(x):
    """A root server that says of itself where the root is."""
    reply = await x.real(tcp=True)
    for section in (reply.answer, reply.authority, reply.additional):
        section[:] = [r for r in section
                      if r.name.to_text() != "ns.rootservers."]
    if x.name == "" and x.rdtype == m.T.NS:
        reply.additional = [dns.rrset.from_text(
            "ns.rootservers.", DAY, "IN", "A", x.proxy.addresses[0])]
    if TLD.on and x.rdtype != m.T.DS and any(
            r.rdtype == m.T.NS and r.name.to_text() == "nsec."
            for r in reply.authority):
        TLD.forged += 1
        refer(reply, "nsec", "ns.nsec.", INNOCENT["refuses"])
    return reply.to_wire()


async def refuses(x):
    return x.error(dns.rcode.REFUSED)


# ---- answers that make servers, or names, of no use ----

def says(section=None, owner=None, rtype="NS", text=None, aa=False, ra=False):
    """@owner and @text: with the zone, or the name, in the place of {}."""
    def make(x):
        reply = x.empty(aa=aa)
        if ra:
            reply.flags |= m.dns.flags.RA
        if section:
            getattr(reply, section).append(dns.rrset.from_text(
                owner.format(x.proxy.zone, x.name), DAY, "IN", rtype,
                text.format(x.proxy.zone, x.name)))
        return reply.to_wire()
    return make


def refusal(rcode):
    return lambda x: x.error(rcode)


UP = says("authority", ".", "NS", "ns.rootservers.")
DOWN = says("authority", "{1}.", "NS", "nothing.plain.unsigned.")
BARE = says(aa=True)
R = dns.rcode
# Which answers are forged: None for all.
ANSWERS = {
    "loop": (None, says("answer", "{1}.", "CNAME", "{1}.")),
    "up": (None, UP),
    "up-dnskey": (m.T.DNSKEY, UP),
    "up-ds": (m.T.DS, UP),
    "up-tlsa": (m.T.TLSA, UP),
    "self": (None, says("authority", "{0}.", "NS", "ns.{0}.")),
    "recursive": (None, says(ra=True)),
    "empty": (None, says()),
    "bare": (None, BARE),
    "bare-dnskey": (m.T.DNSKEY, BARE),
    "refused": (None, refusal(R.REFUSED)),
    "refused-dnskey": (m.T.DNSKEY, refusal(R.REFUSED)),
    "servfail": (None, refusal(R.SERVFAIL)),
    "notimp": (None, refusal(R.NOTIMP)),
    "formerr": (None, refusal(R.FORMERR)),
    "notauth": (None, refusal(R.NOTAUTH)),
    "servfail-dnskey": (m.T.DNSKEY, refusal(R.SERVFAIL)),
    "drop-dnskey": (m.T.DNSKEY, lambda x: None),
    "down": (None, DOWN),
    "down-in-zone": (None, says("authority", "{1}.", "NS", "nothing.{0}.")),
    "down-dnskey": (m.T.DNSKEY, DOWN),
    "down-a": (m.T.A, DOWN),
    "down-tlsa": (m.T.TLSA, DOWN),
    "down-host": (m.T.TLSA, says("authority", "mx.{0}.", "NS",
                                 "nothing.plain.unsigned.")),
}
ANSWERED = Attack()
# Answers that were forged once more, soon after; what has many names.
AGAIN = ("servfail-dnskey", "up", "loop")
HOSTS = 20
MANY = "\n".join(f"@ MX 10 mx{i}\nmx{i} A 10.25.46.1\nmx{i} AAAA fd00:25::1\n"
                 f"_25._tcp.mx{i} TLSA {USABLE}" for i in range(HOSTS))
# Nobody gets their keys; below them lies what is not signed.
KEYS, KEYS_AGAIN = "keys.nsec", "keysagain.nsec"


def forging(rtype, make):
    async def behave(x):
        if not ANSWERED.on or rtype not in (None, x.rdtype):
            return await x.pass_on()
        return make(x)
    return behave


# ---- the lab ----

@pytest.fixture(scope="module")
def world():
    zones = [matrix.served(Zone(PARENT, "@ TXT x", "ecdsa"), [(refers, True)])]
    zones += [Zone(f"{kind}.{PARENT}", RECORDS, "ecdsa", server="leaf")
              for kind in REFERRALS]
    zones += [matrix.served(Zone(f"after-{kind}.nsec", RECORDS, "ecdsa"),
                            [(forging(*how), True)])
              for kind, how in ANSWERS.items()]
    zones += [matrix.served(Zone(f"again-{kind}.nsec", MANY, "ecdsa", ttl=DAY),
                            [(forging(*ANSWERS[kind]), True)])
              for kind in AGAIN]
    for name in (KEYS, KEYS_AGAIN):
        zones += [matrix.served(Zone(name, "@ TXT x", "ecdsa"),
                                [(forging(*ANSWERS["servfail-dnskey"]), True)]),
                  Zone(f"plain.{name}", "@ MX 10 mx\nmx A 10.25.46.2",
                       server="leaf")]
    running = lab_module.Lab([*lab_module.table.ZONES, *zones]).start()
    running.start_proxy("other.", INNOCENT["silent"], m.drop_all)
    running.start_proxy("other.", INNOCENT["refuses"], refuses)
    running.start_proxy(".", TLD_ROOT, refers_tld, backend="10.53.0.1")
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    """One that has seen nothing."""
    yield from lab_module.watched(
        lab_module.Daemon(world, "afterwards", port=8942))


def right_again(daemon, key, right="OK dane"):
    """Seconds until it is."""
    begin = time.monotonic()
    while (reply := daemon.socketmap(key)) != right:
        assert reply.startswith("TEMP "), reply
        assert time.monotonic() - begin < WATCHED, reply
        time.sleep(0.5)
    seconds = time.monotonic() - begin
    print(f"{key}: {seconds:.1f} s")
    return seconds


@pytest.mark.parametrize("kind", REFERRALS)
def test_a_forged_referral(daemon, kind):
    """Broken: TEMP for a day.  Nothing comes from there that could be bogus."""
    key, attack = f"{kind}.{PARENT}", REFERRALS[kind]
    with attack.under_way():
        assert daemon.socketmap(key).startswith("TEMP ")
        assert attack.forged
    assert right_again(daemon, key) < RIGHT_AGAIN


def test_a_forged_referral_to_a_tld(world):
    """Broken: the same, for all signed domains below."""
    hints = world.hints.read_text()
    world.hints.write_text(". 3600 IN NS ns.rootservers.\n"
                           f"ns.rootservers. 3600 IN A {TLD_ROOT}\n")
    daemon = lab_module.Daemon(world, "afterwards-tld", port=8942).start()
    try:
        with TLD.under_way():
            assert daemon.socketmap("dane.d.nsec").startswith("TEMP ")
            assert TLD.forged
        assert right_again(daemon, "dane.d.nsec") < RIGHT_AGAIN
        daemon.holds_nobody()
    finally:
        world.hints.write_text(hints)
        daemon.stop()


def test_forged_answers(daemon):
    """Broken: an alias in a loop stayed for its TTL, and a referral upwards made
    servers useless for most of a minute."""
    keys = [f"after-{kind}.nsec" for kind in ANSWERS]
    with concurrent.futures.ThreadPoolExecutor(len(keys)) as pool:
        with ANSWERED.under_way():
            replies = list(pool.map(daemon.socketmap, keys))
        seconds = list(pool.map(lambda key: right_again(daemon, key), keys))
    for reply in replies:
        assert reply == "OK dane" or reply.startswith("TEMP "), reply
    late = {key: one for key, one in zip(keys, seconds) if one >= RIGHT_AGAIN}
    assert not late, late


def test_a_key_that_could_not_be_had(daemon):
    """Broken: libunbound keeps that for a minute.  What is not signed, below,
    was insecure with empty caches, and the proof was sought in the bad ones."""
    key = f"plain.{KEYS}"
    with ANSWERED.under_way():
        assert daemon.socketmap(key).startswith("TEMP ")
    assert right_again(daemon, key, "OK may") < RIGHT_AGAIN


@pytest.mark.parametrize("kind", AGAIN)
def test_forged_once_more(daemon, kind):
    """Broken: the caches had just been renewed, and were to stay as they were
    for half a minute.  Meanwhile each question had empty ones of its own, and
    when the addresses of some hosts were known there were none left for TLSA."""
    first, key = "after-refused-dnskey.nsec", f"again-{kind}.nsec"
    with ANSWERED.under_way():
        assert daemon.socketmap(first).startswith("TEMP ")
    right_again(daemon, first)
    with ANSWERED.under_way():
        assert daemon.socketmap(key).startswith("TEMP ")
    assert right_again(daemon, key) < RIGHT_AGAIN


def test_what_is_forged_right_after_caches_were_renewed(daemon):
    """Broken: they were renewed again after half a minute, and the proof had to
    come out of those of all."""
    for zone in (KEYS, KEYS_AGAIN):
        with ANSWERED.under_way():
            assert daemon.socketmap(f"plain.{zone}").startswith("TEMP ")
        assert right_again(daemon, f"plain.{zone}", "OK may") < RIGHT_AGAIN
