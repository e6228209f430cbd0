"""Every counter that is documented is counted: each is moved, once, by what it
counts."""

import concurrent.futures
import re
import socket
import struct
import subprocess
import urllib.request

import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import pytest

import lab as lab_module
from lab import HANG
import matrix
import misbehave as m
from zones import USABLE, Zone

T = dns.rdatatype
LISTENER = ("127.0.0.25", 5325)
SIGNED = f"@ MX 10 mx\nmx A 10.25.9.1\n_25._tcp.mx TLSA {USABLE}"
HANGING = 40  # lookups of one dead zone; sixteen of them may run


def forged_until_all_is_asked_again():
    """What comes is bogus, until somebody asks for the keys once more."""
    asked = []

    async def behave(x):
        if x.rdtype == T.DNSKEY:
            asked.append(x)
        reply = await x.real(tcp=True)
        if x.rdtype == T.MX and len(asked) < 2:
            m.strip(reply, {T.RRSIG})
        return reply.to_wire()
    return behave


class Switch:
    """An MX record that leads to a host with TLSA records, until it does not."""

    def __init__(self):
        self.is_on = False

    async def behave(self, x):
        return x.forge() if self.is_on and x.rdtype in (T.MX, T.A) \
            else await x.pass_on()


SWITCH = Switch()
ZONES = [
    *lab_module.table.ZONES,
    Zone("good.nsec", SIGNED, sign="ecdsa"),
    Zone("short.nsec", SIGNED, sign="ecdsa", ttl=2),
    Zone("large.nsec", "\n".join(f"many A 10.25.0.{i}" for i in range(200)),
         sign="ecdsa"),
    matrix.served(Zone("weak.nsec", "@ MX 10 usable.hosts.nsec.", ttl=1),
                  [(SWITCH.behave, True)]),
    matrix.served(Zone("stumbles.nsec", "@ MX 10 mx\nmx A 10.25.9.1"),
                  [(m.to_edns(lambda x: None), True)]),
    matrix.served(Zone("dead.nsec", "@ MX 10 mx"), [(m.drop_all, True)]),
    matrix.served(Zone("silent.nsec", SIGNED, sign="ecdsa"),
                  [(m.drop_all, True)]),
    matrix.served(Zone("once.nsec", SIGNED, sign="ecdsa"),
                  [(forged_until_all_is_asked_again(), True)]),
    matrix.served(Zone("late.nsec", SIGNED, sign="ecdsa"),
                  [(m.late(0.5), True)]),
]


class Daemon(lab_module.Daemon):
    def numbers(self):
        with urllib.request.urlopen("http://127.0.0.1:8644/metrics",
                                    timeout=HANG) as reply:
            text = reply.read().decode()
        counters = set(re.findall(r"^# TYPE (\w+) counter$", text, re.M))
        return {name: int(value) for name, value in re.findall(
            r"^(postdane_\w+(?:\{.*?\})?) (\d+)$", text, re.M)
            if name.split("{")[0] in counters}

    def command_line(self, *arguments):
        subprocess.run([self.command, "-s", self.control, *arguments],
                       capture_output=True, timeout=HANG, check=True)

    def ask_all(self, keys):
        with concurrent.futures.ThreadPoolExecutor(len(keys)) as pool:
            return list(pool.map(self.socketmap, keys))


@pytest.fixture(scope="module")
def world():
    yield from lab_module.running(lab_module.Lab(ZONES))


@pytest.fixture(scope="module")
def daemon(world):
    yield from lab_module.running(Daemon(
        world, "counted", 'metrics-listen = { "inet:127.0.0.1:8644" }\n'
        f'dns-listen = {{ "{LISTENER[0]}:{LISTENER[1]}" }}\n'
        "max-connections = 8\nrequest-timeout = 1\nlookup-deadline = 6\n"
        "cache-entries = 64\n"
        'map "carry" { carry = fingerprint }\n'
        'map "strict" { no-dane-policy = encrypt }\n'
        'map "chain" { no-dane-policy = notfound }\n'
        'map "alone" { dane-only = when-complete }\n'))


# ---- what moves them ----

def asks(key, name="query"):
    return lambda daemon: daemon.socketmap(key, name)


def evict(daemon):
    daemon.ask_all([f"{i}.good.nsec" for i in range(7)])
    for i in range(100):
        daemon.socketmap(f"x{i}.good.nsec")


def refresh(daemon):
    for _ in range(10):
        daemon.socketmap("short.nsec")


def weaken(daemon):
    SWITCH.is_on = False
    assert daemon.socketmap("weak.nsec") == "OK dane"
    SWITCH.is_on = True
    lab_module.wait_until("may", lambda: daemon.socketmap("weak.nsec")
                          == "OK may")


def make_room(_):
    waiting = [socket.create_connection(("127.0.0.1", 8642), HANG)
               for _ in range(12)]
    waiting[-1].sendall(b"15:query good.nsec,")
    assert waiting[-1].recv(100)
    for connection in waiting:
        connection.close()


def half_a_request(_):
    with socket.create_connection(("127.0.0.1", 8642), HANG) as connection:
        connection.sendall(b"15:query")
        connection.settimeout(HANG)
        assert connection.recv(100) == b""


def hang(daemon):
    daemon.ask_all(["a.dead.nsec"])
    for i in range(HANGING):
        send(f"{i}.dead.nsec", "MX")


def send(name, rdtype, **options):
    """A question by UDP, whose answer nobody waits for."""
    query = dns.message.make_query(name, rdtype, **options)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(query.to_wire(), LISTENER)


def by_udp(name, rdtype="MX", change=lambda query: None):
    def act(_):
        query = dns.message.make_query(name, rdtype, want_dnssec=True)
        change(query)
        dns.query.udp(query, LISTENER[0], port=LISTENER[1], timeout=HANG)
    return act


def by_tcp(name):
    return lambda _: dns.query.tcp(dns.message.make_query(name, "MX"),
                                   LISTENER[0], port=LISTENER[1], timeout=HANG)


def datagram(wire, is_answered=True):
    def act(_):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(HANG)
            sender.sendto(wire, LISTENER)
            if is_answered:
                sender.recv(512)
    return act


def twice(_):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        wire = dns.message.make_query("twice.late.nsec", "A").to_wire()
        for _ in range(2):
            sender.sendto(wire, LISTENER)


def header(bits, questions=1):
    return struct.pack("!6H", 7, bits, questions, 0, 0, 0)


QUESTION = b"\4good\4nsec\0" + struct.pack("!2H", T.MX, 1)
MOVERS = {
    'postdane_queries_total{protocol="socketmap"}': asks("good.nsec"),
    'postdane_queries_total{protocol="tcp_table"}':
        lambda daemon: daemon.tcp_table("good.nsec"),
    'postdane_queries_total{protocol="control"}':
        lambda daemon: daemon.command_line("query", "good.nsec"),
    'postdane_replies_total{reply="temp"}': asks("expired.nsec"),
    'postdane_replies_total{reply="notfound"}': asks("absent.d.nsec", "chain"),
    'postdane_replies_total{reply="may"}': asks("absent.d.nsec"),
    'postdane_replies_total{reply="encrypt"}': asks("absent.d.nsec", "strict"),
    'postdane_replies_total{reply="dane"}': asks("good.nsec"),
    'postdane_replies_total{reply="dane-only"}': asks("good.nsec", "alone"),
    'postdane_replies_total{reply="fingerprint"}': asks("good.nsec", "carry"),
    'postdane_replies_total{reply="bad"}': asks("good\0.nsec"),
    "postdane_evaluations_total": asks("two.d.nsec"),
    'postdane_cache_lookups_total{result="hit"}': asks("good.nsec"),
    'postdane_cache_lookups_total{result="joined"}':
        lambda daemon: daemon.ask_all(["late.nsec"] * 4),
    'postdane_cache_lookups_total{result="miss"}': asks("alias.d.nsec"),
    "postdane_cache_evictions_total": evict,
    "postdane_refreshes_total": refresh,
    "postdane_verdicts_weakened_total": weaken,
    "postdane_connections_total": asks("good.nsec"),
    "postdane_protocol_errors_total":
        lambda daemon: daemon.raw(b"no netstring"),
    "postdane_request_timeouts_total": half_a_request,
    "postdane_connections_made_room_total": make_room,
    'postdane_lookups_total{rung="none"}': asks("silent.nsec"),
    'postdane_lookups_total{rung="validated"}': asks("agility.d.nsec"),
    'postdane_lookups_total{rung="fresh"}': asks("once.nsec"),
    'postdane_lookups_total{rung="proof"}': asks("stumbles.nsec"),
    'postdane_lookups_total{rung="plain"}':
        by_udp("mx.stumbles.nsec", "A"),
    'postdane_lookup_failures_total{reason="bogus"}': asks("mxbogus.nsec"),
    'postdane_lookup_failures_total{reason="unproven"}':
        asks("sub.silent.nsec"),
    'postdane_lookup_failures_total{reason="slots"}': hang,
    'postdane_dns_queries_total{transport="udp"}': by_udp("good.nsec"),
    'postdane_dns_queries_total{transport="tcp"}': by_tcp("good.nsec"),
    'postdane_dns_replies_total{rcode="noerror"}': by_udp("good.nsec"),
    'postdane_dns_replies_total{rcode="nxdomain"}': by_udp("none.good.nsec"),
    'postdane_dns_replies_total{rcode="servfail"}': by_udp("mxbogus.nsec"),
    'postdane_dns_replies_total{rcode="refused"}':
        by_udp("good.nsec", "AXFR"),
    'postdane_dns_replies_total{rcode="formerr"}':
        datagram(header(0x0100, 2) + QUESTION * 2),
    'postdane_dns_replies_total{rcode="notimp"}':
        datagram(header(0x2100) + QUESTION),
    "postdane_dns_authentic_total": by_udp("good.nsec"),
    "postdane_dns_truncated_total": by_udp("many.large.nsec", "A"),
    "postdane_dns_repeated_total": twice,
    "postdane_dns_dropped_total": datagram(b"\0\1\2", False),
}


@pytest.mark.parametrize("counter", MOVERS)
def test_it_is_counted(daemon, counter):
    before = daemon.numbers()[counter]
    MOVERS[counter](daemon)
    lab_module.wait_until(counter,
                          lambda: daemon.numbers()[counter] > before)


def test_these_are_all(daemon):
    assert set(daemon.numbers()) == set(MOVERS)
