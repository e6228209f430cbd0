"""On the path between the daemon and all name servers.

A Sky holds the servers' true answers, and what tricks make of them; it lives
as long as its process.  An Attacker listens in a network of its own on the
addresses of every server, and does to each query what its plan says.
"""

import asyncio
import collections
import ctypes
import signal
import socket
import struct
import subprocess
import time

import dns.message
import dns.name
import dns.rdatatype

import lab as lab_module
import tampering
import world

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
ADDRESSES = {**{a: place for place in ("root", "tld", "leaf")
                for a in lab_module.PLACES[place]},
             **{a: "evil" for a in world.EVIL_SERVERS}}
MADE_MAX = 1 << 25   # octets of tricks that are kept
TYPE_TEXT = {int(t): t.name for t in dns.rdatatype.RdataType}
PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_*"
EVIL_TRICKS = ["unsigned", "unsigned", "forged-answer", "nodata", "nxdomain",
               "evil-answer", "empty"]


PR_SET_PDEATHSIG = 1


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter_network(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def own_network():
    """An empty network, with the lab's addresses on its loopback."""
    if LIBC.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    for command in ("link set lo up", "route add local 10.53.0.0/16 dev lo",
                    "route add local 10.25.0.0/16 dev lo",
                    "-6 route add local fd00:53::/64 dev lo",
                    "-6 route add local fd00:25::/64 dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    with open("/proc/sys/net/ipv6/ip_nonlocal_bind", "w") as f:
        f.write("1")


class Server:
    """A real name server, over one TCP connection."""

    def __init__(self, network, place):
        self.network = network
        self.address = lab_module.PLACES[place][0]
        self.stream = None

    def connect(self):
        # A socket stays in the network in which it was made.
        with open("/proc/thread-self/ns/net") as here:
            enter_network(self.network)
            try:
                self.stream = socket.create_connection((self.address, 53), 5)
            finally:
                enter_network(here.fileno())

    def ask(self, wire):
        for _ in range(3):
            try:
                if self.stream is None:
                    self.connect()
                self.stream.sendall(struct.pack("!H", len(wire)) + wire)
                size, = struct.unpack("!H", self.read(2))
                return self.read(size)
            except OSError:  # it closes what has been idle
                self.stream = None
        raise OSError(f"{self.address} does not answer")

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.stream.recv(size - len(data))
            if not part:
                raise OSError("closed")
            data += part
        return data


class Sky:
    def __init__(self, new, old, zones):
        """@new, @old: descriptors of the networks; @zones: {apex: place}."""
        self.servers = {(place, is_old): Server(old if is_old else new, place)
                        for place in ("root", "tld", "leaf")
                        for is_old in (False, True)}
        self.zones = zones
        self.true = {}
        self.made = {}
        self.size = 0    # of what is made

    def truth(self, name, rdtype, place, old, do, edns):
        """In wire format."""
        key = (name, rdtype, place, old, do, edns)
        if key not in self.true:
            wire = struct.pack("!HHHHHH", 0, 0, 1, 0, 0, edns) + \
                dns.name.from_text(name).to_wire() + \
                struct.pack("!HH", rdtype, 1)
            if edns:
                wire += struct.pack("!BHHIH", 0, 41, 4096, do << 15, 0)
            self.true[key] = self.servers[place, old].ask(wire)
        return self.true[key]

    def fetch(self, name, rdtype, place, old, do, edns):
        text = name.to_text().lower()
        return dns.message.from_wire(
            self.truth(text, rdtype, place, old, do, edns))

    def replies(self, query, trick, salt):
        """What is sent, in wire format, without the id."""
        key = (query.key, trick, salt)
        if key not in self.made:
            if self.size > MADE_MAX:
                self.made.clear()
                self.size = 0
            self.made[key] = self.make(query, trick, salt)
            self.size += 500 + sum(len(wire) for wire in self.made[key])
        return self.made[key]

    def make(self, query, trick, salt):
        question = tampering.Question(
            query.name + ".", query.rdtype,
            "leaf" if query.place == "evil" else query.place, query.edns,
            query.do, self.fetch, self.zones, salt)
        try:
            made = tampering.TRICKS[trick](question)
        except dns.name.NameTooLong:  # one below the longest: not to be had
            made = question.real()
        if made is None:
            return []
        return [m if isinstance(m, bytes) else to_wire(m)
                for m in (made if isinstance(made, list) else [made])]


def to_wire(message):
    return message.to_wire(max_size=65535)


MODES = {
    "any": lambda q: True, "edns": lambda q: q.edns,
    "plain": lambda q: not q.edns, "do": lambda q: q.do,
    "udp": lambda q: not q.tcp, "tcp": lambda q: q.tcp,
    "v4": lambda q: not q.ipv6, "v6": lambda q: q.ipv6,
}


class Query:
    """What one packet asks."""

    def __init__(self, wire, place, tcp, ipv6):
        self.wire = wire
        self.place = place
        self.tcp = tcp
        self.ipv6 = ipv6
        labels = []
        at = 12
        while wire[at]:
            size = wire[at]
            label = wire[at + 1:at + 1 + size].lower()
            labels.append(label.decode() if not label.translate(None, PLAIN)
                          else "".join(f"\\{b:03d}" for b in label))
            at += size + 1
        self.name = ".".join(labels)
        self.rdtype, = struct.unpack_from("!H", wire, at + 1)
        self.type = TYPE_TEXT.get(self.rdtype, str(self.rdtype))
        at += 5
        self.edns = self.do = False
        if wire[11] and wire[at:at + 3] == b"\0\0\x29":
            self.edns = True
            self.do = bool(wire[at + 7] & 0x80)
        self.key = (place, self.name, self.rdtype, self.edns, self.do)

    def has(self, mode):
        return MODES[mode](self)

    def __str__(self):
        return (f"{self.place:4} {'v6' if self.ipv6 else 'v4'} "
                f"{'tcp' if self.tcp else 'udp'} "
                f"{'do   ' if self.do else 'edns ' if self.edns else 'plain'} "
                f"{self.name or '.'} {self.type}")


class Attacker:
    def __init__(self, sky, log=None):
        self.sky = sky
        self.log = log              # a function, for each packet
        self.plan = None
        self.rules = []
        self.left = False           # his own servers are honest then, too
        self.counts = collections.Counter()    # by query
        self.tricks = collections.Counter()    # by trick
        self.packets = self.attacked = 0
        self.errors = []
        self.servers = []
        self.start = 0.0

    async def listen(self):
        loop = asyncio.get_running_loop()
        for address, place in ADDRESSES.items():
            transport, _ = await loop.create_datagram_endpoint(
                lambda a=address, p=place: Datagrams(self, a, p),
                local_addr=(address, 53))
            self.servers.append(transport)
            self.servers.append(await asyncio.start_server(
                lambda r, w, a=address, p=place: self.stream(r, w, a, p),
                address, 53))
        for address in world.SILENT_SERVERS:
            self.servers.append((await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, local_addr=(address, 53)))[0])

    def begin(self, plan):
        self.plan = plan
        self.left = False
        self.counts.clear()
        self.start = time.monotonic()

    def leave(self):
        """From here on everybody gets the truth."""
        self.rules = []
        self.left = True

    def choose(self, query):
        """The rule that fits, or None."""
        count = self.counts[query.key]
        self.counts[query.key] += 1
        for rule in self.rules:
            if rule.fits(query, count, self.plan):
                return rule
        return None

    def limit(self, query, wire):
        """As a server does; @wire may be rubbish."""
        if query.tcp or len(wire) <= (1232 if query.edns else 512):
            return wire
        question = 12 + len(query.name) + 2 + 4 if query.name else 17
        return wire[:2] + bytes([wire[2] | 2, wire[3], 0, 1, 0, 0, 0, 0, 0, 0]
                                ) + query.wire[12:question]

    def answer(self, query, send):
        self.packets += 1
        rule = self.choose(query)
        trick = rule.trick if rule else tampering.PASS
        salt = rule.salt if rule else 0
        if query.place == "evil" and self.left:
            query.place = "leaf"
        if query.place == "evil" and trick == tampering.PASS:
            trick = EVIL_TRICKS[int(self.plan.chance(
                query, 0, "evil") * len(EVIL_TRICKS))]
        if rule:
            self.tricks[trick] += 1
            self.attacked += trick != tampering.PASS or rule.delay > 0
        if trick == tampering.PASS:
            replies = [self.sky.truth(
                query.name + ".", query.rdtype, query.place, False, query.do,
                query.edns)]
        else:
            replies = self.sky.replies(query, trick, salt)
        if self.log:
            self.log(f"{time.monotonic() - self.start:7.3f} {query} -> "
                     f"{trick} #{salt} {[len(r) for r in replies]}"
                     f"{f' after {rule.delay:.2f} s' if rule and rule.delay else ''}")
        for i, wire in enumerate(replies):
            wire = query.wire[:2] + self.limit(query, wire)[2:]
            if (rule and rule.delay) or i:
                asyncio.get_running_loop().call_later(
                    (rule.delay if rule else 0) + i * 0.01, send, wire)
            else:
                send(wire)

    def take(self, wire, address, place, tcp, send):
        try:
            self.answer(Query(wire, place, tcp, ":" in address), send)
        except Exception as error:  # ours: to be told, and not to be lost
            self.errors.append(f"{type(error).__name__}: {error} "
                               f"({wire.hex()})")
            if self.log:
                raise

    async def stream(self, reader, writer, address, place):
        def send(reply):
            if not writer.is_closing():
                writer.write(struct.pack("!H", len(reply)) + reply)
        try:
            while True:
                size, = struct.unpack("!H", await reader.readexactly(2))
                self.take(await reader.readexactly(size), address, place,
                          True, send)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, attacker, address, place):
        self.attacker = attacker
        self.address = address
        self.place = place

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.attacker.take(data, self.address, self.place, False,
                           lambda reply: self.transport.sendto(reply, addr))

