"""Zones that are more than a resolver can like, and servers that go wrong in
ways of their own: what test_name_servers.py and test_late_answers.py ask."""

import asyncio
import hashlib
import ipaddress
import os
import random
import socket
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

import matrix
import misbehave as m
from zones import PKIX, USABLE, Zone

T = dns.rdatatype
SEED = int(os.environ.get("POSTDANE_SEED") or random.randrange(2**32))
RANDOM = random.Random(SEED)


def records(tlsa=USABLE):
    return f"@ MX 10 mx\nmx A 10.25.9.1\n_25._tcp.mx TLSA {tlsa}"


def pair(name, behaviour, tcp=True, text=None):
    """u-NAME.nsec, unsigned, and s-NAME.nsec, with TLSA records."""
    for kind, sign in (("u", ""), ("s", "ecdsa")):
        yield matrix.served(
            Zone(f"{kind}-{name}.nsec", text or records(), sign),
            [(behaviour, tcp)])


# ---- late ----

class Gate:
    """Answers are held until it opens."""

    def __init__(self):
        self.opens = 0  # time.monotonic()

    async def behave(self, x):
        while (wait := self.opens - time.monotonic()) > 0:
            await asyncio.sleep(min(wait, 0.01))
        return await x.pass_on()


EDGES = 21  # servers that answer around the deadline
GATES = {name: Gate() for name in (
    "before", "after", "gone", "never", *(f"edge{i}" for i in range(EDGES)))}


def late_zones():
    for name, gate in GATES.items():
        yield from pair(name, gate.behave)


# ---- large ----

# Not TTL, but octets: of what EDNS allows, of UDP's habits, of DNS itself.
# Nothing above READ_MAX is read where it has to be validated.
READ_MAX = 8192
SIZES = (511, 512, 513, 1231, 1232, 1233, 4096, READ_MAX, READ_MAX + 1, 65534,
         65535)


def truncated(x):
    reply = x.empty()
    reply.flags |= dns.flags.TC
    return reply.to_wire()


def padded(size):
    """Every answer has exactly this size: a record of no known type."""
    async def behave(x):
        wire = await x.pass_on(tcp=True)
        limit = max(512, x.query.payload) if x.edns else 512
        if not x.tcp and size > limit:
            return truncated(x)
        room = size - len(wire) - 11
        if room < 0:
            return wire
        count, = struct.unpack("!H", wire[10:12])
        return (wire[:10] + struct.pack("!H", count + 1) + wire[12:]
                + struct.pack("!BHHIH", 0, 65280, 1, 0, room) + bytes(room))
    return behave


async def claims_65535_records(x):
    wire = await x.pass_on()
    return wire[:6] + b"\xff\xff" + wire[8:]


def many_addresses(count):
    """As many as fit, of every host that is asked for."""
    block = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", T.A, 1, 300, 4)
        + ipaddress.IPv4Address(0x0a190000 + i).packed for i in range(count))

    async def behave(x):
        if x.rdtype != T.A or not x.name.startswith("h"):
            return await x.pass_on()
        if not x.tcp:
            return truncated(x)
        head = bytearray(x.empty().to_wire())
        head[6:8] = struct.pack("!H", count)
        return bytes(head) + block
    return behave


def forty_by_forty():
    lines = []
    for host in range(40):
        lines += [f"@ MX {host} h{host}", f"_25._tcp.h{host} TLSA {USABLE}"]
        lines.append(f"h{host} A " + " | ".join(
            f"10.25.{100 + host}.{i}" for i in range(1, 41)))
        lines.append(f"h{host} AAAA " + " | ".join(
            f"fd00:25::{host + 1:x}:{i:x}" for i in range(1, 41)))
    return "\n".join(lines)


def many_tlsa(count, lead):
    """TLSA records, for three hosts.  100 are about as many as libunbound
    validates: it puts all of a set into 8 KiB, names in full."""
    rdata = " | ".join(f"{lead} {hashlib.sha256(b'%d' % i).hexdigest()}"
                       for i in range(count))
    return "\n".join(f"@ MX 10 h{i}\nh{i} A 10.25.9.{i}\n"
                     f"_25._tcp.h{i} TLSA {rdata}" for i in range(1, 4))


def large_zones():
    for size in SIZES:
        yield from pair(f"size{size}", padded(size))
    yield from pair("claims", claims_65535_records)
    # Twenty-five hosts: of the unsigned zone, 100,000 addresses.
    yield from pair("hundredthousand", many_addresses(4000), text="\n".join(
        f"@ MX {i} h{i}\nh{i} A 10.25.9.1\n_25._tcp.h{i} TLSA {USABLE}"
        for i in range(25)))
    for name, count in (("1500", 1500), ("3900", 3900)):
        addresses = " | ".join(f"10.25.{30 + i // 250}.{i % 250 + 1}"
                               for i in range(count))
        text = f"@ MX 10 mx\nmx A {addresses}\n_25._tcp.mx TLSA {USABLE}"
        yield Zone(f"s-{name}.nsec", text, "ecdsa")
        yield Zone(f"u-{name}.nsec", text)
    for kind, sign in (("u", ""), ("s", "ecdsa")):
        yield Zone(f"{kind}-forty.nsec", forty_by_forty(), sign)
        yield Zone(f"{kind}-thousands.nsec", many_tlsa(800, "3 1 1"), sign)
        yield Zone(f"{kind}-hundred.nsec", many_tlsa(100, "3 1 1"), sign)
    yield Zone("s-useless.nsec", many_tlsa(100, PKIX.rpartition(" ")[0]),
               "ecdsa")


# ---- loops ----

RINGS = (1, 2, 20)


def rings():
    """Aliases in a ring: as the domain itself, as its host, as its TLSA."""
    lines = []
    for size in RINGS:
        for i in range(size):
            lines.append(f"r{size}-{i} CNAME r{size}-{(i + 1) % size}")
        lines += [f"host{size} MX 10 r{size}-0",
                  f"_25._tcp.r{size}-0 TLSA {USABLE}",
                  f"tlsa{size} MX 10 t{size}", f"t{size} A 10.25.9.1",
                  f"_25._tcp.t{size} CNAME r{size}-0"]
    return "\n".join(lines)


RING_KEYS = [f"{place}{size}{rest}" for size in RINGS for place, rest in (
    ("r", "-0"), ("host", ""), ("tlsa", ""))]
CHAIN = 8  # zones that an alias leads through


def loop_zones():
    yield Zone("s-rings.nsec", rings(), "ecdsa")
    yield Zone("u-rings.nsec", rings())
    for kind, sign in (("u", ""), ("s", "ecdsa")):
        for i in range(CHAIN):
            tld = "nsec" if i % 2 == 0 else "nsec3"
            other = "nsec3" if i % 2 == 0 else "nsec"
            text = f"@ MX 10 mx\nmx CNAME mx.{kind}-chain{i + 1}.{other}."
            if i == CHAIN - 1:
                text = records()
            yield Zone(f"{kind}-chain{i}.{tld}", text, sign)


def referral(x, zone, hosts, glue=True):
    reply = x.empty(aa=False)
    for host in hosts:
        reply.authority.append(dns.rrset.from_text(
            zone, 300, "IN", "NS", host))
        if glue:
            reply.additional.append(dns.rrset.from_text(
                host, 300, "IN", "A", x.proxy.addresses[0]))
    return reply.to_wire()


async def refers_to_itself(x):
    return referral(x, x.proxy.zone, [f"ns0.{x.proxy.zone}"])


async def refers_to_the_question(x):
    """Each name is a zone of its own, on the same server."""
    return referral(x, x.question.name, [f"ns0.{x.proxy.zone}"])


async def refers_to_thirty(x):
    """Whose names lead to thirty others, each, and so on."""
    return referral(x, x.question.name, [
        f"n{RANDOM.randrange(2**32)}.{x.proxy.zone}" for _ in range(30)],
        glue=False)


def referral_zones():
    yield from pair("itself", refers_to_itself)
    yield from pair("downwards", refers_to_the_question)
    yield from pair("thirty", refers_to_thirty)
    for kind, sign in (("u", ""), ("s", "ecdsa")):
        for name, ns in (("ringa", f"ns.{kind}-ringb.nsec."),
                         ("ringb", f"ns.{kind}-ringa.nsec."),
                         ("nowhere", "nothing.hosts.nsec."),
                         ("addressless", "noaddress.hosts.nsec.")):
            yield Zone(f"{kind}-{name}.nsec", records(), sign,
                       server="backend", ns=f"@ NS {ns}")


# ---- garbage ----

def garbage_in(*types):
    """Records of these types have random octets for data."""
    async def behave(x):
        reply = await x.real(tcp=True)
        for section in (reply.answer, reply.authority):
            for i, rrset in enumerate(section):
                if rrset.rdtype not in types:
                    continue
                section[i] = dns.rrset.from_rdata(
                    rrset.name, rrset.ttl, dns.rdata.GenericRdata(
                        dns.rdataclass.IN, rrset.rdtype,
                        RANDOM.randbytes(RANDOM.randrange(80))))
        return m.small(reply, x, 1232)
    return behave


async def garbage_anywhere(x):
    """Some octets behind the question are others."""
    wire = bytearray(await x.pass_on())
    for _ in range(RANDOM.randrange(1, 6)):
        wire[RANDOM.randrange(6, len(wire))] = RANDOM.randrange(256)
    return bytes(wire)


def garbage_zones():
    yield from pair("soagarbage", garbage_in(T.SOA))
    yield from pair("nsecgarbage", garbage_in(T.NSEC, T.SOA, T.RRSIG))
    yield from pair("garbage", garbage_anywhere)


# ---- TCP ----

async def only_by_tcp(x):
    return await x.pass_on() if x.tcp else truncated(x)


async def drips(proxy, reader, writer):
    """One octet a second."""
    size, = struct.unpack("!H", await reader.readexactly(2))
    wire = await proxy.ask_backend(await reader.readexactly(size), True)
    for octet in struct.pack("!H", len(wire)) + wire:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(1)


async def resets(_, reader, writer):
    await reader.readexactly(2)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
    writer.transport.abort()


def tcp_zones():
    yield from pair("drips", only_by_tcp, drips)
    yield from pair("resets", only_by_tcp, resets)


def all_zones():
    return [*late_zones(), *large_zones(), *loop_zones(), *referral_zones(),
            *garbage_zones(), *tcp_zones()]
