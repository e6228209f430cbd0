"""Zones of attackers and of their victims: what test_volume.py and
test_neighbours.py ask."""

import asyncio
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import dns.zonefile

import mail
import matrix
import misbehave as m
import signer
import volume
from faulty import truncated
from zones import DIGEST, Zone

T = m.T
DAY = 86400
HOST = ("10.25.40.1", "fd00:25::40")      # of every domain below
CERTIFICATE = mail.Certificate("mx.hostile.nsec")
TLSA = CERTIFICATE.tlsa(3, 1, 1)


def records(host="mx"):
    return (f"@ MX 10 mx\n{host} A {HOST[0]}\n{host} AAAA {HOST[1]}\n"
            f"_25._tcp.{host} TLSA {TLSA}")


# ---- true answers that are swollen, or spoilt ----

STUFFED = ("TLSA", "A", "AAAA", "A+AAAA", "MX", "CNAME", "DS", "DNSKEY")


def headed(rcode=None, tc=False, counts=True, content=True, aa=True):
    """Another header before the true content, or before none."""
    def change(wire):
        head = bytearray(wire[:12])
        head[2] = head[2] & ~(0 if aa else 4) | (2 if tc else 0)
        if rcode is not None:
            head[3] = head[3] & 0xf0 | rcode
        if not content or not counts:
            head[6:12] = bytes(6)
        end = volume.skip_name(wire, 12) + 4
        return bytes(head) + (wire[12:] if content else wire[12:end])
    return change


R = dns.rcode
SPOILING = {
    "yxdomain": headed(R.YXDOMAIN),
    "yxdomain-bare": headed(R.YXDOMAIN, content=False),
    "refused": headed(R.REFUSED),
    "counts": headed(counts=False),
    "tc": headed(tc=True),
    "tc-bare": headed(tc=True, content=False),
    "nodata-bare": headed(content=False, aa=False),
    "nxdomain-bare": headed(R.NXDOMAIN, content=False, aa=False),
    "nxdomain": headed(R.NXDOMAIN),
}
# Signatures on both sides of what libunbound reads, and of what it writes for
# us: "msg-buffer-size:" in daemon/dns/validator.c.
READ_MAX = 8192
NEAR = 300  # octets: a few signatures, and what is left out of a message
AT_THE_LIMIT = {
    "below-written": lambda wire: volume.signatures_to(
        wire, READ_MAX - NEAR, written=True),
    "above-written": lambda wire: volume.signatures_to(
        wire, READ_MAX + NEAR, written=True),
    "below-read": lambda wire: volume.signatures_to(wire, READ_MAX),
    "above-read": lambda wire: volume.signatures_to(
        wire, READ_MAX + volume.SIGNATURE),
}
KINDS = {**volume.KINDS, **AT_THE_LIMIT, **SPOILING}
del KINDS["signatures-900"]  # of the attack suite's plans
# Of all kinds those that make check has time for.
FIRST = ("below-written", "above-written", "above-read", "signatures-1850",
         "foreign", "yxdomain")


def swollen(rtype, kind):
    """Answers of this type have more in them than the server has said."""
    async def behave(x):
        # An alias is what the answer to any question at its name begins with.
        if not (x.name.startswith("mx.") if rtype == "CNAME"
                else T.to_text(x.rdtype) in rtype.split("+")):
            return await x.pass_on()
        wire = KINDS[kind](await x.pass_on(tcp=True))
        limit = max(512, x.query.payload) if x.edns else 512
        return wire if x.tcp or len(wire) <= limit else truncated(x)
    return behave


class Stuffed:
    """One domain whose answers of one type are swollen in one way."""

    def __init__(self, rtype, kind):
        self.name = f"{rtype.lower().replace('+', '-')}-{kind}"
        self.rtype = rtype
        self.kind = kind
        self.attacked = f"st-{self.name}.nsec"
        self.key = ("c." if rtype == "DS" else "") + self.attacked

    def zones(self):
        behaviour = [(swollen(self.rtype, self.kind), True)]
        if self.rtype == "DS":
            yield matrix.served(Zone(self.attacked, "@ TXT x", "ecdsa",
                                     ttl=DAY), behaviour)
            yield Zone(self.key, records(), "ecdsa", ttl=DAY)
        elif self.rtype == "CNAME":
            yield matrix.served(Zone(
                self.attacked, records("target") + "\nmx CNAME target",
                "ecdsa", ttl=DAY), behaviour)
        else:
            yield matrix.served(Zone(self.attacked, records(), "ecdsa",
                                     ttl=DAY), behaviour)

    def truth(self):
        """[(name, type, records or None where it is enough that there are
        some)]: what Postfix asks, and what is attacked."""
        host = ("target." if self.rtype == "CNAME" else "mx.") + self.key
        asked = [(self.key, "MX", {f"10 mx.{self.key}."}),
                 (f"mx.{self.key}", "A", {HOST[0]}),
                 (f"mx.{self.key}", "AAAA", {HOST[1]}),
                 (f"_25._tcp.{host}", "TLSA", {TLSA})]
        if self.rtype in ("DS", "DNSKEY"):
            asked.append((self.key, self.rtype, None))
        return asked


ALL_STUFFED = [Stuffed(rtype, kind) for rtype in STUFFED
               for kind in KINDS]

# An alias and its target, each answer within the limit, both together not.
PART = READ_MAX * 3 // 5
TWO_PARTS = "st-parts.nsec"
TWO_PARTS_TARGET = "st-partstarget.nsec"
LATE = 0.9  # seconds: the alias has been asked for by itself by then


def two_parts():
    def part(wire):
        return volume.signatures_to(wire, PART, written=True)

    async def target(x):
        wire = part(await x.pass_on(tcp=True))
        if not x.tcp:
            return truncated(x)
        await m.asyncio.sleep(LATE)
        return wire

    async def alias(x):
        if x.name.startswith("_25."):
            wire = part(await x.pass_on(tcp=True))
            return wire if x.tcp else truncated(x)
        return await x.pass_on()
    yield matrix.served(Zone(
        TWO_PARTS, f"@ MX 10 mx\nmx A {HOST[0]}\nmx AAAA {HOST[1]}\n"
        f"_25._tcp.mx CNAME _tlsa.{TWO_PARTS_TARGET}.", "ecdsa", ttl=DAY),
        [(alias, True)])
    yield matrix.served(Zone(
        TWO_PARTS_TARGET, f"_tlsa TLSA {TLSA}", "ecdsa", ttl=DAY),
        [(m.for_types(target, T.TLSA), True)])


# ---- who pays for what somebody else does ----

# Zones like those that registries run below a country's: whoever pays has a
# name there, and is not the neighbour of those who have one, too.
SUFFIX = "co.nsec"
SILENT_SERVERS = 24
SILENT = []                                # their addresses
# Victims of each kind are asked once each: before, and during an attack.
BELOW = [f"{kind}{i}.{SUFFIX}" for kind in "sp" for i in range(40)]
BESIDE = [f"{kind}-beside{i}.nsec" for kind in "sp" for i in range(40)]
DROPPERS = 70
KEY_DROPPERS = [f"keydrop{i}.nsec" for i in range(DROPPERS)]
FORGED_ONCE = [f"once-{rtype.lower()}.nsec" for rtype in ("MX", "A", "TLSA")]
FLUSHED = "flushed.nsec"
EXPENSIVE = "expensive.nsec"
EXPENSIVE_HOSTS = 20
DEEP = "a.b.c.d.e.f.g.h.i.j.k.l.m"         # labels of the expensive hosts


def silent_zone(name):
    addresses = [matrix.ADDRESSES.take() for _ in range(SILENT_SERVERS)]
    SILENT.extend(addresses)
    return Zone(name, records(), server="", ns="\n".join(
        f"@ NS ns{i}\nns{i} A {address}"
        for i, address in enumerate(addresses)))


# One domain, whose next hops have twenty hosts each, every one of them in a zone
# of its own; their keys are asked for, and nobody answers.
SWARM = "swarm.nsec"
SWARM_HOPS = 50
SWARM_HOSTS = 20
# An honest one, half of whose hosts lie in a zone with servers that are dead.
HALF_DEAD = "halfdead.nsec"


def swarm_zones():
    servers = [matrix.ADDRESSES.take() for _ in range(4)]
    SILENT.extend(servers)
    lines = []
    for i in range(SWARM_HOPS * SWARM_HOSTS):
        name = f"z{i}.{SWARM}"
        lines.append(f"m{i // SWARM_HOSTS} MX 10 mx.{name}.")
        yield Zone(name, server="", ds=f"4711 13 2 {DIGEST}", ns="\n".join(
            f"@ NS ns{j}\nns{j} A {address}"
            for j, address in enumerate(servers)))
    yield Zone(SWARM, "\n".join(lines), "ecdsa")
    half = range(SWARM_HOSTS // 2)
    yield Zone(HALF_DEAD, "\n".join(
        f"@ MX 10 mx{i}.z0.{SWARM}.\n@ MX 20 mx{i}" for i in half) + "".join(
        f"\nmx{i} A {HOST[0]}\n_25._tcp.mx{i} TLSA {TLSA}" for i in half),
        "ecdsa")


# Addresses that send one octet a second over TCP, and never end; and an honest
# domain whose answers need TCP.
DRIPPERS = [f"drip{i}.unsigned" for i in range(90)]
NEEDS_TCP = [f"tcp{i}.nsec" for i in range(4)]


async def truncates(x):
    return truncated(x)


async def drips(_, reader, writer):
    await reader.readexactly(2)
    writer.write(b"\xff\xff")
    while True:
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(1)


def dripping_zones():
    for name in DRIPPERS:
        yield matrix.served(Zone(name, "@ TXT x"), [(truncates, drips)])
    for name in NEEDS_TCP:
        yield matrix.served(Zone(name, records(), "ecdsa"),
                            [(m.tc_to_edns, True)])


# Unsigned ones that leave whoever asks with EDNS waiting, and answer plain
# questions at once: of twenty hosts each, whose addresses are not to be had.
PLAIN_ONLY = [f"plainonly{i}.unsigned" for i in range(5)]
PLAIN_ONLY_HOSTS = 20


def answers_plain_questions():
    """The first ones: those that libunbound asks later it waits for, too."""
    asked = {}

    async def behave(x):
        now = time.monotonic()
        if x.edns or now - asked.setdefault((x.name, x.rdtype), now) > 0.3:
            return None
        reply = x.empty()
        if x.rdtype == T.MX:
            reply.answer.append(dns.rrset.from_text(
                x.question.name, 60, "IN", "MX",
                *[f"10 h{i}.{x.name}." for i in range(PLAIN_ONLY_HOSTS)]))
        else:
            reply.authority.append(dns.rrset.from_text(
                x.proxy.zone, 60, "IN", "SOA", ". . 1 1 1 1 60"))
        return reply.to_wire()
    return behave


def plain_only_zones():
    for name in PLAIN_ONLY:
        yield matrix.served(Zone(name, "@ TXT x"),
                            [(answers_plain_questions(), True)])


def drops_keys_later():
    """The first question for keys is answered: so the zone is seen to be
    bogus; whoever then looks again waits for ever."""
    asked = []

    async def behave(x):
        if x.rdtype == T.DNSKEY:
            asked.append(x)
            if len(asked) > 1:
                return None
        return await x.pass_on()
    return behave


def forges_until_all_is_asked_anew(rdtype):
    """As long as nobody asks for the keys again, which is what a second look
    begins with: libunbound repeats a question by itself."""
    asked = []

    async def behave(x):
        if x.rdtype == T.DNSKEY:
            asked.append(x)
        reply = await x.real(tcp=True)
        if x.rdtype == rdtype and len(asked) < 2:
            m.strip(reply, {T.RRSIG})
        return reply.to_wire()
    return behave


class Spans:
    """Denies the DS of the deepest names with the dearest NSEC3 records: the
    zone is the attacker's, so they are signed.  All else is honest, but for
    addresses, which never come."""

    COUNT, ITERATIONS, SALT = 8, 10000, b"\xab" * 255

    def __init__(self):
        self.asked = m.threading.Event()
        self.made = []

    def records(self):
        if not self.made:
            maker = signer.Signer(EXPENSIVE, {}, "ecdsa")
            for i in range(self.COUNT):
                first = signer.b32(bytes([32 * i]) + bytes(19))
                last = signer.b32(bytes([32 * i + 31]) + bytes(19))
                maker.put_signed(
                    f"{first}.{EXPENSIVE}", "NSEC3",
                    [f"1 1 {self.ITERATIONS} {self.SALT.hex()} {last} A"], 60)
            self.made = dns.zonefile.read_rrsets("\n".join(maker.lines),
                                                   rdclass=None)
        return self.made

    async def behave(self, x):
        host = x.name.endswith(f".{DEEP}.{EXPENSIVE}")
        if host and x.rdtype in (T.A, T.AAAA, T.TLSA):
            return None
        if not host or x.rdtype != T.DS:
            return await x.pass_on()
        soa = await x.proxy.ask_backend(dns.message.make_query(
            x.proxy.zone, "SOA", want_dnssec=True).to_wire(), True)
        reply = x.empty()
        reply.use_edns(0, dns.flags.DO, 1232)
        reply.authority = dns.message.from_wire(soa).answer + self.records()
        self.asked.set()
        wire = reply.to_wire(max_size=65535)
        return wire if x.tcp else truncated(x)


SPANS = Spans()


def neighbour_zones():
    yield Zone(SUFFIX, "@ TXT x", "ecdsa")
    yield Zone(f"evil.{SUFFIX}", "a CNAME b\nb CNAME a", "ecdsa")
    yield silent_zone(f"hang.{SUFFIX}")
    yield silent_zone(f"dead.{SUFFIX}")
    yield from swarm_zones()
    for name in BELOW + BESIDE:
        yield Zone(name, records(), "ecdsa" if name[0] == "s" else "")
    for name in KEY_DROPPERS:
        yield matrix.served(Zone(name, records(), "ecdsa",
                                 fault={(name, "MX"): "alter"}),
                            [(drops_keys_later(), True)])
    for name, rdtype in zip(FORGED_ONCE, (T.MX, T.A, T.TLSA)):
        yield matrix.served(Zone(name, records(), "ecdsa", ttl=DAY),
                            [(forges_until_all_is_asked_anew(rdtype), True)])
    yield matrix.served(Zone(FLUSHED, records(), "ecdsa", ttl=DAY),
                        [(m.healthy, True)])
    lines = [line for i in range(EXPENSIVE_HOSTS) for line in (
        f"@ MX 10 x.y.h{i}.{DEEP}", f"x.y.h{i}.{DEEP} A {HOST[0]}")]
    yield matrix.served(Zone(EXPENSIVE, "\n".join(lines), "ecdsa",
                             denial="nsec3", iterations=1),
                        [(SPANS.behave, True)])


def all_zones():
    return [zone for stuffed in ALL_STUFFED for zone in stuffed.zones()] + [
        *two_parts(), *neighbour_zones(), *dripping_zones(),
        *plain_only_zones()]
