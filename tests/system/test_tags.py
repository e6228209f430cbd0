"""What one mail may cost to a domain with many octets of keys, and signatures by
none of them: for each signature libunbound computes the tag of each key, and
counts nothing, since none is checked."""

import struct
import time

import dns.dnssec
import pytest

import lab as lab_module
import matrix
import misbehave as m
import signer
from zones import Zone

T = m.T
HOSTS = 20
SECONDS = 0.5 * lab_module.SLOWNESS  # of processor time
HELD = 0.02 * lab_module.SLOWNESS    # the loop, by one callback; likewise


def record(owner, rtype, rdata):
    return owner + struct.pack("!HHIH", rtype, 1, 300, len(rdata)) + rdata


def tag_of(rdata):
    total = sum(b << 8 if i % 2 == 0 else b for i, b in enumerate(rdata))
    return (total + (total >> 16)) & 0xffff


class Tagged:
    """A zone with @keys more keys, of @octets each, and @signatures of an
    address."""

    def __init__(self, apex, keys, octets, signatures):
        self.apex, self.signatures = apex, signatures
        self.keys = [b"\1\0\3\x0d" + struct.pack("!H", i) + bytes(octets)
                     for i in range(keys)]
        self.made = None

    def served(self):
        hosts = "".join(f"@ MX 10 h{i}\nh{i} A 10.25.45.1\n"
                        for i in range(HOSTS))
        return matrix.served(Zone(self.apex, hosts, "ecdsa"),
                             [(self.answer, True)])

    def front(self, rtype, tag, labels):
        now = int(time.time())
        return struct.pack("!HBBIIIH", rtype, 13, labels, 300, now + 86400,
                           now - 86400, tag) + signer.name(self.apex).to_wire()

    def make(self):
        """The DNSKEY records with their signature, and a tag that no key
        has."""
        if self.made is None:
            key = signer.Key.shared("ecdsa")
            owner = signer.name(self.apex).to_wire()
            keys = sorted([key.dnskey.to_wire(), *self.keys])
            tags = {tag_of(key) for key in keys}
            front = self.front(T.DNSKEY, dns.dnssec.key_id(key.dnskey), 2)
            signature = signer.sign_data(key.private, front + b"".join(
                record(owner, T.DNSKEY, key) for key in keys))
            self.made = (
                [(T.DNSKEY, key) for key in keys]
                + [(T.RRSIG, front + signature)],
                next(tag for tag in range(65535, 0, -1) if tag not in tags))
        return self.made

    def address(self, rtype):
        rdata = bytes([10, 25, 45, 1] if rtype == T.A else [0xfd] + [0] * 15)
        front = self.front(rtype, self.make()[1], 3)
        return [(rtype, rdata)] + [
            (T.RRSIG, front + struct.pack("!H", i))
            for i in range(self.signatures)]

    async def answer(self, x):
        if x.rdtype not in (T.A, T.AAAA, T.DNSKEY) or x.name.startswith("ns"):
            return await x.pass_on()
        reply = x.empty()
        if not x.tcp:
            reply.flags |= m.dns.flags.TC
            return reply.to_wire()
        records = self.make()[0] if x.rdtype == T.DNSKEY else self.address(
            x.rdtype)
        wire = bytearray(reply.to_wire() + b"".join(
            record(b"\xc0\x0c", *each) for each in records))
        struct.pack_into("!H", wire, 6, len(records))
        return bytes(wire)


# As much as DNS allows, and as much as is read.  A tag is a sum of all octets:
# few long keys are as dear as many short ones.
TAGGED = [Tagged("most.nsec", 15, 4200, 1450), Tagged("long.nsec", 2, 3700, 170),
          Tagged("short.nsec", 200, 10, 170)]


@pytest.fixture(scope="module")
def world():
    yield from lab_module.running(lab_module.Lab([
        *lab_module.table.ZONES, *(zone.served() for zone in TAGGED)]))


@pytest.fixture
def daemon(world):
    yield from lab_module.running(lab_module.Daemon(world, "tags", port=8943))


@pytest.mark.parametrize("zone", TAGGED, ids=lambda zone: zone.apex)
def test_tags_of_many_keys(daemon, zone):
    zone.make()
    reply = lab_module.one_mail(daemon, lambda: daemon.socketmap(zone.apex),
                                (SECONDS, HELD), rests=True)
    assert reply.startswith("TEMP ")
