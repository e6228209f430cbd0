"""BREAK: what forged packets leave behind in libunbound.

loop: an unsigned alias to itself, with a TTL of a day.  The chain never ends, so
that nothing is ever validated, nothing is bogus, and nobody looks again with
empty caches: one packet, and the domain is TEMP for a day.

up, upkey, uptlsa: a referral upwards makes the server lame for infra-host-ttl, a
minute; with all servers lame nothing is asked.  It was to be right again ten
seconds after the last forged packet.

All other kinds are here because they held.
"""

import concurrent.futures
import time

import dns.flags
import dns.rcode
import dns.rrset
import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import USABLE, Zone

RIGHT_AGAIN = 10
WATCHED = 75
attacked = set()
RECORDS = f"@ MX 10 mx\nmx A 10.25.46.1\n_25._tcp.mx TLSA {USABLE}"


def authority(x, owner, rtype, text, aa=False, ra=False):
    reply = x.empty(aa=aa)
    if ra:
        reply.flags |= dns.flags.RA
    if owner is not None:
        reply.authority.append(dns.rrset.from_text(owner, 86400, "IN", rtype, text))
    return reply.to_wire()


def alias(x):
    reply = x.empty()
    reply.answer.append(dns.rrset.from_text(
        x.question.name, 86400, "IN", "CNAME", x.name + "."))
    return reply.to_wire()


def edns(x, rcode):
    return x.error(rcode)


def zone_of(x):
    return x.proxy.zone


KINDS = {
    "up": lambda x: authority(x, ".", "NS", "ns.rootservers."),
    "self": lambda x: authority(x, zone_of(x), "NS", f"ns.{zone_of(x)}"),
    "reclame": lambda x: authority(x, None, None, None, ra=True),
    "empty": lambda x: authority(x, None, None, None),
    "emptyaa": lambda x: authority(x, None, None, None, aa=True),
    "refused": lambda x: x.error(dns.rcode.REFUSED),
    "servfail": lambda x: x.error(dns.rcode.SERVFAIL),
    "notimp": lambda x: x.error(dns.rcode.NOTIMP),
    "formerr": lambda x: x.error(dns.rcode.FORMERR),
    "notauth": lambda x: x.error(dns.rcode.NOTAUTH),
    "down": lambda x: authority(x, f"{x.name}.", "NS", "nothing.plain.unsigned."),
    "downapex": lambda x: authority(x, f"{x.name}.", "NS", f"nothing.{zone_of(x)}"),
    "loop": alias,
    "dsdown": lambda x: authority(x, f"mx.{zone_of(x)}", "NS", "nothing.plain.unsigned."),
    "drop": lambda x: None,  # used by dropkey
}
ONLY = {"dropkey": (m.T.DNSKEY, "drop"), "refusekey": (m.T.DNSKEY, "refused"),
        "upkey": (m.T.DNSKEY, "up"), "emptykey": (m.T.DNSKEY, "emptyaa"),
        "downkey": (m.T.DNSKEY, "down"),
        "upds": (m.T.DS, "up"), "downtlsa": (m.T.TLSA, "down"),
        "downa": (m.T.A, "down"), "uptlsa": (m.T.TLSA, "up"),
        "nstlsa": (m.T.TLSA, "dsdown")}
ALL = [kind for kind in [*KINDS, *ONLY] if kind != "drop"]


def behaviour(kind):
    rdtype, what = ONLY.get(kind, (None, kind))

    async def behave(x):
        if kind not in attacked or (rdtype is not None and x.rdtype != rdtype):
            return await x.pass_on()
        return KINDS[what](x)
    return behave


@pytest.fixture(scope="module")
def world():
    zones = [matrix.served(Zone(f"lame-{kind}.nsec", RECORDS, "ecdsa"),
                           [(behaviour(kind), True)]) for kind in ALL]
    running = lab_module.Lab([*lab_module.table.ZONES, *zones]).start()
    yield running
    running.stop()


def recovery(daemon, key):
    begin = time.monotonic()
    while (reply := daemon.socketmap(key)) != "OK dane":
        assert reply.startswith("TEMP "), reply
        if time.monotonic() - begin > WATCHED:
            break
        time.sleep(0.5)
    return reply, time.monotonic() - begin


def test_right_again(world):
    daemon = lab_module.Daemon(world, "lame", port=8942)
    daemon.start()
    try:
        attacked.update(ALL)
        keys = [f"lame-{kind}.nsec" for kind in ALL]
        with concurrent.futures.ThreadPoolExecutor(len(keys)) as pool:
            under = dict(zip(ALL, pool.map(daemon.socketmap, keys)))
            attacked.clear()
            after = dict(zip(ALL, pool.map(lambda k: recovery(daemon, k), keys)))
        for kind in ALL:
            print(f"{kind:10} {under[kind][:90]:90} then {after[kind][0][:60]} after {after[kind][1]:.0f} s")
        wrong = {kind: one for kind, one in after.items()
                 if one[0] != "OK dane" or one[1] > RIGHT_AGAIN}
        assert not wrong, wrong
    finally:
        daemon.process.kill()
