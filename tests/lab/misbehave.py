"""Servers that misbehave as no real one can be told to, and attackers.

A Proxy listens on the addresses of one zone (or of one server of it), passes
queries on to the real server that has the zone, and lets a behaviour change,
answer or drop what goes by.  All proxies live in one thread of the lab.

A behaviour is a function (Exchange) -> bytes to answer, or None to drop.
"""

import asyncio
import collections
import random
import struct
import threading

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

T = dns.rdatatype
BACKEND = "10.53.0.9"
FORGED = "10.66.66.66"
DNSSEC_TYPES = {T.RRSIG, T.NSEC, T.NSEC3, T.DS, T.DNSKEY}


class Exchange:
    """One query on its way, and what a behaviour may do with it."""

    def __init__(self, proxy, wire, tcp):
        self.proxy = proxy
        self.wire = wire
        self.tcp = tcp
        self.query = dns.message.from_wire(wire)
        self.question = self.query.question[0]
        self.name = self.question.name.to_text().rstrip(".").lower()
        self.rdtype = self.question.rdtype

    @property
    def edns(self):
        return self.query.edns >= 0

    @property
    def do(self):
        return self.edns and bool(self.query.ednsflags & dns.flags.DO)

    async def pass_on(self, wire=None, tcp=None):
        """The real server's answer, as wire format."""
        return await self.proxy.ask_backend(
            wire or self.wire, self.tcp if tcp is None else tcp)

    async def real(self, **kwargs):
        return dns.message.from_wire(await self.pass_on(**kwargs))

    async def plain(self):
        """The answer that a server without EDNS gives."""
        query = dns.message.make_query(self.question.name, self.rdtype)
        query.flags = self.query.flags
        query.id = self.query.id
        return await self.pass_on(query.to_wire(), tcp=True)

    def header(self, rcode):
        """Twelve octets, no question."""
        return struct.pack("!HHHHHH", self.query.id, 0x8000 | rcode,
                           0, 0, 0, 0)

    def error(self, rcode, opt=False):
        reply = dns.message.make_response(self.query)
        if not opt:
            reply.use_edns(False)
        reply.set_rcode(rcode)
        return reply.to_wire()

    def empty(self, aa=True):
        reply = dns.message.make_response(self.query)
        reply.use_edns(False)
        if aa:
            reply.flags |= dns.flags.AA
        return reply

    def forge(self):
        """Unsigned lies: mail goes elsewhere, nothing has TLSA."""
        reply = self.empty()
        owner = self.question.name
        lies = {T.A: FORGED, T.MX: f"10 {self.name}."}
        if self.rdtype in lies:
            reply.answer.append(dns.rrset.from_text(
                owner, 300, "IN", self.rdtype, lies[self.rdtype]))
        else:
            reply.authority.append(dns.rrset.from_text(
                self.proxy.zone, 300, "IN", "SOA",
                f"ns.{self.proxy.zone} h.{self.proxy.zone} 1 1 1 1 60"))
        return reply.to_wire()


def strip(message, types):
    for section in (message.answer, message.authority, message.additional):
        section[:] = [r for r in section if r.rdtype not in types]
    return message


def small(message, exchange, limit):
    wire = message.to_wire()
    if exchange.tcp or len(wire) <= limit:
        return wire
    reply = exchange.empty()
    reply.flags |= dns.flags.TC
    return reply.to_wire()


# ---- behaviours ----

async def healthy(x):
    return await x.pass_on()


def to_edns(answer):
    """A behaviour that stumbles over EDNS and is right without."""
    async def behave(x):
        return answer(x) if x.edns else await x.plain()
    return behave


def rcode_to_edns(rcode, opt=False):
    return to_edns(lambda x: x.error(rcode, opt))


async def drop_do(x):
    if x.do:
        return None
    return await x.pass_on()


async def ignore_opt(x):
    return await x.plain()


async def echo_opt(x):
    reply = dns.message.from_wire(await x.plain())
    reply.use_edns(0, x.query.ednsflags, 1232)
    return reply.to_wire()


async def strip_opt(x):
    reply = await x.real()
    reply.use_edns(False)
    return reply.to_wire()


async def tc_to_edns(x):
    if x.edns and not x.tcp:
        reply = x.empty()
        reply.flags |= dns.flags.TC
        return reply.to_wire()
    return await x.pass_on()


def lost_above(limit):
    async def behave(x):
        wire = await x.pass_on()
        if not x.tcp and len(wire) > limit:
            return None
        return wire
    return behave


async def tc_at_512(x):
    return small(await x.real(tcp=True), x, 512)


def for_type(rdtype, answer):
    """One type only goes wrong."""
    async def behave(x):
        if x.rdtype == rdtype:
            return answer(x)
        return await x.pass_on()
    return behave


def for_types(behaviour, *types):
    """Another behaviour, for some types only."""
    async def behave(x):
        if x.rdtype in types:
            return await behaviour(x)
        return await x.pass_on()
    return behave


def no_soa(keep_signature=False):
    async def behave(x):
        reply = await x.real()
        if not reply.answer:
            reply.authority = [r for r in reply.authority if not (
                r.rdtype == T.SOA or r.covers == T.SOA and not keep_signature)]
        return reply.to_wire()
    return behave


async def foreign_soa(x):
    """As some balancers answer: NODATA with the SOA of another zone."""
    reply = await x.real()
    if not reply.answer:
        strip(reply, {T.SOA})
        reply.authority.insert(0, dns.rrset.from_text(
            "awsdns.nsec.", 60, "IN", "SOA",
            "ns.awsdns.nsec. h.awsdns.nsec. 1 1 1 1 60"))
    return reply.to_wire()


def as_referral(target):
    """NODATA as a referral: to the zone itself, or upwards."""
    async def behave(x):
        reply = await x.real()
        if reply.answer:
            return reply.to_wire()
        reply = x.empty(aa=False)
        zone = target or x.proxy.zone
        reply.authority.append(dns.rrset.from_text(
            zone, 300, "IN", "NS", f"ns.{x.proxy.zone}"))
        return reply.to_wire()
    return behave


async def ent_nxdomain(x):
    reply = await x.real()
    if not reply.answer and reply.rcode() == dns.rcode.NOERROR:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply.to_wire()


def without_flags(clear, setting=0):
    async def behave(x):
        reply = await x.real()
        reply.flags = (reply.flags & ~clear) | setting
        return reply.to_wire()
    return behave


def late(seconds):
    async def behave(x):
        await asyncio.sleep(seconds)
        return await x.pass_on()
    return behave


def lossy(share):
    async def behave(x):
        if random.random() < share:
            return None
        return await x.pass_on()
    return behave


def recase(change):
    async def behave(x):
        wire = bytearray(await x.pass_on())
        at = 12
        while wire[at]:
            for i in range(at + 1, at + 1 + wire[at]):
                wire[i:i + 1] = change(bytes(wire[i:i + 1]))
            at += wire[at] + 1
        return bytes(wire)
    return behave


async def upper_refer(x):
    reply = x.empty(aa=False)
    reply.authority.append(dns.rrset.from_text(
        ".", 300, "IN", "NS", "ns.rootservers."))
    return reply.to_wire()


async def no_rrsig(x):
    return strip(await x.real(), DNSSEC_TYPES - {T.DS, T.DNSKEY}).to_wire()


async def false_cname(x):
    """A balancer that knows only A (DVE-2017-0019)."""
    if x.rdtype in (T.A, T.SOA, T.NS, T.DS, T.DNSKEY):
        return await x.pass_on()
    if x.rdtype == T.MX:
        return await x.pass_on()
    reply = x.empty()
    reply.answer.append(dns.rrset.from_text(
        x.question.name, 300, "IN", "CNAME", f"nowhere.{x.proxy.zone}"))
    return reply.to_wire()


async def formerr_to_options(x):
    if x.edns and x.query.options:
        return x.error(dns.rcode.FORMERR)
    return await x.pass_on()


async def drop_all(_):
    return None


# ---- attackers: they see every query to the zone ----

async def forge_all(x):
    return x.forge()


async def strip_all(x):
    return strip(await x.real(), DNSSEC_TYPES).to_wire()


async def drop_edns_forge_plain(x):
    return None if x.edns else x.forge()


async def drop_edns_refer_elsewhere(x):
    """The steered ladder: a forged referral below a signed zone."""
    if x.edns:
        return None
    reply = x.empty(aa=False)
    reply.authority.append(dns.rrset.from_text(
        x.question.name, 300, "IN", "NS", f"evil.{x.name}."))
    reply.additional.append(dns.rrset.from_text(
        f"evil.{x.name}.", 300, "IN", "A", x.proxy.addresses[0]))
    return reply.to_wire()


def drop_types(*types):
    async def behave(x):
        return None if x.rdtype in types else await x.pass_on()
    return behave


def forge_types(*types):
    """Forged, unsigned answers or denials for some types, even with EDNS."""
    async def behave(x):
        return x.forge() if x.rdtype in types else await x.pass_on()
    return behave


def late_and_drop(seconds, *types):
    """All answers come late, some types are dropped: what runs beside a
    lookup can't use what that will find."""
    async def behave(x):
        if x.rdtype in types:
            return None
        await asyncio.sleep(seconds)
        return await x.pass_on()
    return behave


def stuffed(rdtype, octets, seconds=0):
    """The true answer with its signature, and junk signatures behind it, as many
    as there is room for.  Their signer is a pointer: whoever writes the name
    out needs an eighth more.  They are as long as true ones, so that there are
    few pointers: libunbound 1.26 reads no message with more than 2,048."""
    async def behave(x):
        if x.rdtype != rdtype:
            return await x.pass_on()
        await asyncio.sleep(seconds)
        reply = await x.real(tcp=True)
        signature = next((r for r in reply.answer if r.rdtype == T.RRSIG), None)
        if signature is None:
            return reply.to_wire()
        strip(reply, set())
        reply.authority, reply.additional = [], []
        reply.use_edns(False)
        wire = bytearray(reply.to_wire())
        signer = signature[0].signer
        begin = 12 + len(x.question.name.to_wire()) - len(signer.to_wire())
        rdata = signature[0].to_wire()[:18] + struct.pack(
            "!H", 0xc000 | begin) + bytes(64)
        junk = struct.pack("!HHHIH", 0xc00c, T.RRSIG, 1, signature.ttl,
                           len(rdata)) + rdata
        count = (octets - len(wire)) // len(junk)
        wire += junk * count
        struct.pack_into("!H", wire, 6, struct.unpack_from(
            "!H", wire, 6)[0] + count)
        if x.tcp:
            return bytes(wire)
        reply = x.empty()
        reply.flags |= dns.flags.TC
        return reply.to_wire()
    return behave


def strip_types(*types):
    async def behave(x):
        if x.rdtype in types:
            return strip(await x.real(), DNSSEC_TYPES).to_wire()
        return await x.pass_on()
    return behave


def add_foreign_cut(owner, and_drop=(T.A, T.AAAA, T.MX, T.TLSA)):
    """Adds the valid denial record of an insecure delegation (@owner, below
    the zone) to every answer to DS, and drops what would conclude."""
    async def behave(x):
        if x.rdtype in and_drop:
            return None
        reply = await x.real()
        if x.rdtype == T.DS and not reply.answer:
            query = dns.message.make_query(f"{owner}.{x.proxy.zone}", "DS",
                                           want_dnssec=True)
            extra = dns.message.from_wire(
                await x.proxy.ask_backend(query.to_wire(), True))
            for rrset in extra.authority:
                if rrset not in reply.authority:
                    reply.authority.append(rrset)
        return reply.to_wire()
    return behave


def deny_ds(behaviour=None):
    """Unsigned denials of DS, beside another behaviour."""
    async def behave(x):
        if x.rdtype == T.DS:
            return x.forge()
        if behaviour is not None:
            return await behaviour(x)
        return await x.pass_on()
    return behave


def replay_denial(of):
    """Answers TLSA with the signed denial of another name (@of)."""
    async def behave(x):
        if x.rdtype != T.TLSA:
            return await x.pass_on()
        query = dns.message.make_query(f"{of}.{x.proxy.zone}", "TLSA",
                                       want_dnssec=True)
        other = dns.message.from_wire(
            await x.proxy.ask_backend(query.to_wire(), True))
        reply = x.empty()
        reply.authority = other.authority
        reply.set_rcode(other.rcode())
        return reply.to_wire()
    return behave


async def hide_addresses(x):
    """Denies addresses by the signed denial of another name, and drops DS."""
    if x.rdtype == T.DS:
        return None
    if x.rdtype not in (T.A, T.AAAA) or not x.name.startswith("mx."):
        return await x.pass_on()
    query = dns.message.make_query(f"other.{x.proxy.zone}", x.rdtype,
                                   want_dnssec=True)
    other = dns.message.from_wire(
        await x.proxy.ask_backend(query.to_wire(), True))
    reply = x.empty()
    reply.use_edns(0, dns.flags.DO, 1232)
    reply.authority = other.authority
    return reply.to_wire()


class ForgeBelow:
    """Forges the MX of @name, below the apex of a zone with so many NSEC3
    iterations that denials are insecure whatever they deny.  The first question
    for its DS is answered by the denial of another name; the others are dropped,
    since no cache keeps what has TTL 0."""

    def __init__(self, name, target):
        self.name = name
        self.target = target
        self.denied = False

    async def behave(self, x):
        if x.name != self.name or x.rdtype not in (T.MX, T.DS):
            return await x.pass_on()
        reply = x.empty()
        if x.rdtype == T.MX:
            reply.answer.append(dns.rrset.from_text(
                x.question.name, 300, "IN", "MX", f"10 {self.target}"))
            return reply.to_wire()
        if self.denied:
            return None
        self.denied = True
        query = dns.message.make_query(f"other.{x.proxy.zone}", T.DS,
                                       want_dnssec=True)
        other = dns.message.from_wire(
            await x.proxy.ask_backend(query.to_wire(), True))
        for rrset in other.authority:
            rrset.ttl = 0
        reply.use_edns(0, dns.flags.DO, 1232)
        reply.authority = other.authority
        return reply.to_wire()


# ---- the servers ----

class Proxy:
    """behaviour: one for all addresses.  @zone ends in a dot."""

    def __init__(self, zone, addresses, behaviour, tcp=True, backend=BACKEND):
        self.zone = zone
        self.addresses = addresses
        self.behaviour = behaviour
        self.tcp = tcp  # True, False: refused, "hang", or what serves TCP
        self.backend = backend
        self.counts = collections.Counter()
        self.servers = []

    async def ask_backend(self, wire, tcp):
        if tcp:
            return await self.ask_backend_tcp(wire)
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: OneReply(done), remote_addr=(self.backend, 53))
        try:
            transport.sendto(wire)
            return await asyncio.wait_for(done, 20)
        finally:
            transport.close()

    async def ask_backend_tcp(self, wire):
        reader, writer = await asyncio.open_connection(self.backend, 53)
        try:
            writer.write(struct.pack("!H", len(wire)) + wire)
            size, = struct.unpack("!H", await reader.readexactly(2))
            return await reader.readexactly(size)
        finally:
            writer.close()

    async def answer(self, wire, tcp, send):
        try:
            exchange = Exchange(self, wire, tcp)
            self.counts[T.to_text(exchange.rdtype)] += 1
            reply = await self.behaviour(exchange)
            if reply is not None:
                send(reply)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass  # the lab is ending, or the client has gone

    async def serve_tcp(self, reader, writer):
        try:
            while self.tcp is True:
                size, = struct.unpack("!H", await reader.readexactly(2))
                wire = await reader.readexactly(size)
                await self.answer(wire, True, lambda reply: writer.write(
                    struct.pack("!H", len(reply)) + reply))
            if callable(self.tcp):
                await self.tcp(self, reader, writer)
                return
            await asyncio.sleep(60)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def start(self):
        loop = asyncio.get_running_loop()
        for address in self.addresses:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: Datagrams(self), local_addr=(address, 53))
            self.servers.append(transport)
            if self.tcp:
                self.servers.append(await asyncio.start_server(
                    self.serve_tcp, address, 53))

    def stop(self):
        for server in self.servers:
            server.close()
        self.servers = []


class OneReply(asyncio.DatagramProtocol):
    def __init__(self, done):
        self.done = done

    def datagram_received(self, data, addr):
        if not self.done.done():
            self.done.set_result(data)


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, proxy):
        self.proxy = proxy
        self.tasks = set()  # the loop itself would lose them

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.ensure_future(self.proxy.answer(
            data, False, lambda reply: self.transport.sendto(reply, addr)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class Underworld:
    """The thread in which all proxies live."""

    def __init__(self):
        self.proxies = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(
            coroutine, self.loop).result(120)  # for a hang

    def start(self, proxy):
        self.run(proxy.start())
        self.proxies.append(proxy)
        return proxy

    def stop(self, proxy):
        async def stop():
            proxy.stop()
        self.run(stop())
        self.proxies.remove(proxy)

    def end(self):
        """Stops them all, and the thread."""
        async def cancel():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for proxy in list(self.proxies):
            self.stop(proxy)
        self.run(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(120)  # for a hang
        self.loop.close()
