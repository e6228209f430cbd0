"""Until when signatures are believed, and which addresses nobody asks."""

import concurrent.futures
import contextlib
import ipaddress
import socket
import struct
import subprocess
import threading
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

import lab as lab_module
from lab import HANG
import matrix
import misbehave
from zones import USABLE, Zone

LISTENER = "127.0.0.25"
DAY = 86400
SKEW = 300  # seconds by which clocks may differ

# ---- time ----

NOT_VALID = ("ended-23h", "ended-10min", "begins-20h", "begins-10min")


def timed_zone(name, fault):
    """One domain that has TLSA, and one that has none."""
    return Zone(name, f"""
        @ MX 10 mx
        mx A 10.25.41.1
        _25._tcp.mx TLSA {USABLE}
        bare MX 10 without
        without A 10.25.41.2
    """, "ecdsa", fault=fault, ttl=DAY)


def with_junk(reply):
    """@wire with a signature of each set that ends in a month, and is none."""
    for section in (reply.answer, reply.authority):
        for rrset in list(section):
            if rrset.rdtype != dns.rdatatype.RRSIG:
                continue
            junk = rrset[0].replace(expiration=int(time.time()) + 30 * DAY,
                                    signature=b"junk" * 16)
            rrset.add(junk)
    reply.additional = []
    return reply.to_wire()


async def add_junk(x):
    return with_junk(await x.real(tcp=True))


def time_zones():
    for fault in (*NOT_VALID, "ended-1min", "ends-soon"):
        yield timed_zone(f"{fault}.nsec", fault)
    for fault in ("ended-1min", "ends-soon"):
        yield matrix.served(timed_zone(f"junk-{fault}.nsec", fault),
                            [(add_junk, True)])


# ---- place ----

# As a server's address these are the machine itself, its link, or nobody.
SHUNNED = ("127.0.0.53", "127.0.0.1", "0.0.0.0", "0.1.2.3", "169.254.9.9",
           "224.0.0.5", "240.0.0.1", "255.255.255.255", "::1", "::",
           "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.53.99.99")
# What a packet to each would have as its destination.
SEEN = [ipaddress.ip_network(text) for text in (
    "127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
    "240.0.0.0/4", "::1/128", "::/128", "fe80::/10", "ff00::/8",
    "10.53.99.99/32")]
MARK = b"the capture has got here"


def label(address):
    return "at" + address.replace(".", "-").replace(":", "x")


def misplaced(address, name, sign, beside):
    """A zone with a server at @address, and if @beside with a real one,
    which has no EDNS where the zone is unsigned: so the plain rung asks."""
    rtype = "AAAA" if ":" in address else "A"
    zone = Zone(name, matrix.records(False, bool(sign)), sign)
    if beside:
        behaviour = misbehave.healthy if sign else \
            misbehave.rcode_to_edns(dns.rcode.REFUSED)
        matrix.served(zone, [(behaviour, True)])
    else:
        zone.server = ""
    zone.ns = f"{zone.ns}\n@ NS bad\nbad {rtype} {address}".strip()
    return zone


def place_zones():
    for address in SHUNNED:
        yield misplaced(address, f"s-{label(address)}.nsec", "ecdsa", True)
        yield misplaced(address, f"u-{label(address)}.nsec", "", True)
        yield misplaced(address, f"o-{label(address)}.nsec", "", False)


class Capture:
    """All packets to port 53 that go to where nobody shall be asked."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                    socket.htons(3))  # ETH_P_ALL
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.settimeout(0.2)
        self.ended = False
        self.found = []            # (destination, payload in lower case)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.ended:
            try:
                data, (_, _, kind, *_) = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            if kind == socket.PACKET_OUTGOING:
                self.take(data)

    def take(self, data):
        if data[0] >> 4 == 4:
            to, after, protocol = data[16:20], (data[0] & 15) * 4, data[9]
        else:
            to, after, protocol = data[24:40], 40, data[6]
        if protocol not in (socket.IPPROTO_UDP, socket.IPPROTO_TCP) or \
                struct.unpack_from("!H", data, after + 2)[0] != 53:
            return
        to = ipaddress.ip_address(to)
        if any(to in network for network in SEEN if
               network.version == to.version):
            self.found.append((str(to), data[after:].lower()))

    def stop(self):
        """Once all is read that was sent before."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(MARK, (LISTENER, 53))
        lab_module.wait_until("the capture", lambda: any(
            MARK in payload for _, payload in self.found))
        self.ended = True
        self.thread.join()
        self.socket.close()

    def asked(self, name):
        """Where questions for @name went; of TCP, the first packet has none,
        but the question before it was by UDP."""
        first = name.split(".")[0].encode()
        wire = bytes([len(first)]) + first
        return sorted({to for to, payload in self.found if wire in payload})


@contextlib.contextmanager
def routes():
    """So that packets to all of these do leave."""
    added = ["route add local 169.254.0.0/16 dev lo",
             "route add local 240.0.0.0/4 dev lo",
             "route add 224.0.0.0/4 dev lo"]
    for command in added:
        subprocess.run(["ip", *command.split()], check=True)
    yield
    for command in added:
        subprocess.run(["ip", *command.replace(" add ", " del ").split()],
                       check=True)


# ---- the daemon ----

@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([*lab_module.table.ZONES, *time_zones(),
                              *place_zones()]).start()
    with routes():
        yield running
    running.stop()


@pytest.fixture(scope="module")
def daemon(world):
    yield from lab_module.watched(lab_module.Daemon(
        world, "place", "lookup-deadline = 6\n"
        f'dns-listen = {{ "{LISTENER}:53" }}\n', port=8942))


def ask(name, rtype):
    query = dns.message.make_query(name, rtype, want_dnssec=True,
                                   payload=1232)
    return dns.query.udp(query, LISTENER, timeout=HANG)


# ---- signatures end when they end ----

@pytest.mark.parametrize("fault", NOT_VALID)
def test_signatures_out_of_their_time(daemon, fault):
    """Broken: libunbound's skew of up to a day: a denial of TLSA whose
    signature had ended for 23 hours was believed, and made `may`."""
    for key in (f"{fault}.nsec", f"bare.{fault}.nsec"):
        reply = daemon.socketmap(key)
        assert reply.startswith("TEMP "), f"{key}: {reply}"
    for name, rtype in ((f"{fault}.nsec", "MX"),
                        (f"_25._tcp.mx.{fault}.nsec", "TLSA"),
                        (f"_25._tcp.without.{fault}.nsec", "TLSA")):
        assert ask(name, rtype).rcode() == dns.rcode.SERVFAIL


def ttls(fault):
    for name, rtype in ((f"{fault}.nsec", "MX"),
                        (f"_25._tcp.mx.{fault}.nsec", "TLSA")):
        reply = ask(name, rtype)
        if reply.rcode() != dns.rcode.SERVFAIL:
            yield reply.answer[0].ttl


def test_an_answer_ends_with_its_signature(daemon):
    """The TTL is a day, the signature ends within ten minutes."""
    found = list(ttls("ends-soon"))
    assert len(found) == 2 and max(found) <= 600
    assert daemon.explain("ends-soon.nsec")["ttl"] <= 600


def test_within_the_skew_an_answer_is_kept_for_the_rest_of_it(daemon):
    """Broken: a signature that had ended a minute ago was good for the whole
    TTL, a day.  Clocks may differ, so that it may still be believed."""
    assert all(ttl <= SKEW for ttl in ttls("ended-1min")), \
        list(ttls("ended-1min"))


@pytest.mark.parametrize("fault, most", [("ended-1min", SKEW),
                                         ("ends-soon", 600)])
def test_junk_that_ends_later_keeps_nothing_alive(daemon, fault, most):
    """Broken: a signature that is none, beside the true one, and lasts for a
    month: what had ended a minute ago was good for the whole TTL, a day."""
    found = list(ttls(f"junk-{fault}"))
    assert len(found) == 2 and max(found) <= most
    assert daemon.explain(f"junk-{fault}.nsec")["ttl"] <= most
    assert daemon.explain(f"bare.junk-{fault}.nsec")["ttl"] <= most


# ---- addresses that nobody asks ----

@pytest.fixture(scope="module")
def capture(daemon):
    """Of all zones, asked twice."""
    running = Capture()
    keys = [f"{kind}-{label(address)}.nsec" for address in SHUNNED
            for kind in "suo"]
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for _ in range(2):
                replies = dict(zip(keys, pool.map(daemon.socketmap, keys)))
                subprocess.run([daemon.command, "-s", daemon.control,
                                "flush"], timeout=HANG, check=True)
    finally:
        running.stop()
    running.replies = replies
    return running


def test_the_capture_sees_what_is_sent(world):
    running = Capture()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for address in ("127.0.0.53", "169.254.9.9", "240.0.0.1",
                            "224.0.0.5", "0.0.0.0"):
                s.sendto(b"xx-seen-xx", (address, 53))
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            for address in ("::1", "::", "::ffff:127.0.0.1"):
                s.sendto(b"xx-seen-xx", (address, 53))
        lab_module.wait_until("the packets", lambda: len(
            [p for _, p in running.found if b"xx-seen-xx" in p]) >= 8)
    finally:
        running.stop()


@pytest.mark.parametrize("address", SHUNNED)
def test_nobody_asks_this_machine_or_its_links(capture, address):
    """Broken: the library asks loopback, link-local and multicast addresses
    unless it is told otherwise; only the plain rung did not."""
    asked = {kind: capture.asked(f"{kind}-{label(address)}.nsec")
             for kind in "suo"}
    assert not any(asked.values()), asked


@pytest.mark.parametrize("address", SHUNNED)
def test_the_other_server_is_asked(capture, address):
    """One bad address takes nothing from a zone that has a good one."""
    assert capture.replies[f"s-{label(address)}.nsec"] == "OK dane"
    assert capture.replies[f"u-{label(address)}.nsec"] == "OK may"
    # Proven to be unsigned, and nobody answers: Postfix shall see.
    assert capture.replies[f"o-{label(address)}.nsec"] == "OK dane"
