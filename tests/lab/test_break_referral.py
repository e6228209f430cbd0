"""BREAK: one forged referral, and the domain is deferred until its TTL ends.

Who is on the path to the parent's servers answers with the true DS record and
its signature, and with name servers of his own choice: those are signed by
nobody.  They need not even exist.  libunbound keeps them for a day; nothing that
comes from there is bogus, for nothing comes, so that nobody looks again with
empty caches.  When he has gone, the domain stays TEMP.
"""

import time

import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import USABLE, Zone

RIGHT_AGAIN = 10
WATCHED = 60
PARENT = "refp.nsec"
DAY = 86400
KINDS = ("refuses", "loopback", "nxname", "silent", "closed")
# Servers that have nothing to do with it: they are nobody's accomplice.
INNOCENT = {kind: matrix.ADDRESSES.take() for kind in KINDS}
INNOCENT["loopback"] = "127.0.0.1"  # nobody asks there, and it fails at once
attacks = []


async def forges_referrals(x):
    child = next((f"{kind}.{PARENT}" for kind in KINDS
                  if f".{x.name}".endswith(f".{kind}.{PARENT}")), None)
    if not attacks or child is None or x.rdtype == m.T.DS:
        return await x.pass_on()
    reply = await x.real(tcp=True)
    if not reply.authority:
        return reply.to_wire()
    server = "no.such.name.nsec." if child.startswith("nxname") else f"ns.{child}."
    attacks.append(child)
    reply.authority = [r for r in reply.authority if r.rdtype != m.T.NS]
    reply.authority.insert(0, m.dns.rrset.from_text(
        child + ".", DAY, "IN", "NS", server))
    reply.additional = []
    reply.additional.append(m.dns.rrset.from_text(
        server, DAY, "IN", "A", INNOCENT[child.split(".")[0]]))
    return reply.to_wire()


async def refuses(x):
    return x.error(m.dns.rcode.REFUSED)


@pytest.fixture(scope="module")
def world():
    records = f"@ MX 10 mx\nmx A 10.25.46.1\n_25._tcp.mx TLSA {USABLE}"
    zones = [matrix.served(Zone(PARENT, "@ TXT x", "ecdsa"),
                           [(forges_referrals, True)])]
    zones += [Zone(f"{kind}.{PARENT}", records, "ecdsa", server="leaf")
              for kind in KINDS]
    running = lab_module.Lab([*lab_module.table.ZONES, *zones]).start()
    running.start_proxy("other.", INNOCENT["silent"], m.drop_all)
    running.start_proxy("other.", INNOCENT["refuses"], refuses)
    yield running
    running.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_referral(world, kind):
    daemon = lab_module.Daemon(world, f"referral-{kind}", port=8942)
    daemon.start()
    try:
        attacks.append("begins")
        reply = daemon.socketmap(f"{kind}.{PARENT}")
        print(reply, attacks)
        assert len(attacks) > 1 and reply.startswith("TEMP ")
        attacks.clear()
        begin = time.monotonic()
        while (reply := daemon.socketmap(f"{kind}.{PARENT}")) != "OK dane":
            print(f"{time.monotonic() - begin:.0f} s later: {reply}")
            if time.monotonic() - begin > WATCHED:
                break
            time.sleep(1)
        seconds = time.monotonic() - begin
        print(f"{reply} {seconds:.0f} s later")
        assert reply == "OK dane" and seconds < RIGHT_AGAIN, \
            f"{reply} {seconds:.0f} s after the last forged packet"
    finally:
        daemon.process.kill()
