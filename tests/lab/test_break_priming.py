"""The same as test_break_referral.py, one level up.

BREAK (tld): four forged packets, and all signed domains below a TLD are TEMP for
a day: its servers are, so the referral says, where somebody innocent refuses.
What held (priming): the root's servers are elsewhere.
"""

import time

import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import USABLE, Zone

DAY = 86400
ROOT, TLD = matrix.ADDRESSES.take(), matrix.ADDRESSES.take()
INNOCENT = matrix.ADDRESSES.take()
attacks = []


async def refuses(x):
    return x.error(m.dns.rcode.REFUSED)


async def forges_priming(x):
    reply = await x.real(tcp=True)
    if attacks and x.name == "" and x.rdtype == m.T.NS:
        attacks.append("primed")
        reply.additional = [m.dns.rrset.from_text(
            "ns.rootservers.", DAY, "IN", "A", INNOCENT)]
    return reply.to_wire()


async def forges_tld(x):
    """The referral to a TLD."""
    reply = await x.real(tcp=True)
    for section in (reply.answer, reply.authority, reply.additional):
        section[:] = [r for r in section if r.name.to_text() != "ns.rootservers."]
    if x.name == "" and x.rdtype == m.T.NS:
        reply.additional = [m.dns.rrset.from_text(
            "ns.rootservers.", DAY, "IN", "A", x.proxy.addresses[0])]
    if attacks and x.name.endswith("nsec") and reply.authority and x.rdtype != m.T.DS:
        attacks.append("tld")
        ns = [r for r in reply.authority if r.rdtype == m.T.NS]
        if ns and ns[0].name.to_text() == "nsec.":
            reply.authority = [r for r in reply.authority if r.rdtype != m.T.NS]
            reply.authority.insert(0, m.dns.rrset.from_text("nsec.", DAY, "IN", "NS", "ns.nsec."))
            reply.additional = [m.dns.rrset.from_text("ns.nsec.", DAY, "IN", "A", INNOCENT)]
    return reply.to_wire()


BEHAVIOURS = {"priming": forges_priming, "tld": forges_tld}


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([*lab_module.table.ZONES]).start()
    running.start_proxy("other.", INNOCENT, refuses)
    yield running
    running.stop()


@pytest.mark.parametrize("kind", BEHAVIOURS)
def test_forged(world, kind):
    address = matrix.ADDRESSES.take()
    world.start_proxy(".", address, BEHAVIOURS[kind], backend="10.53.0.1")
    world.hints.write_text(f". 3600 IN NS ns.rootservers.\nns.rootservers. 3600 IN A {address}\n")
    daemon = lab_module.Daemon(world, f"priming-{kind}", port=8942)
    attacks[:] = ["begins"]
    daemon.start()
    try:
        reply = daemon.socketmap("dane.d.nsec")
        print(reply, attacks)
        attacks.clear()
        begin = time.monotonic()
        while (reply := daemon.socketmap("dane.d.nsec")) != "OK dane":
            if time.monotonic() - begin > 60:
                break
            time.sleep(1)
        seconds = time.monotonic() - begin
        print(f"{reply} {seconds:.0f} s after the last forged packet")
        assert reply == "OK dane" and seconds < 10
    finally:
        daemon.process.kill()
