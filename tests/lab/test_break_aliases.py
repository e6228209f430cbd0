"""BREAK: thousands of aliases of one long name, before a chain of twelve.

packet_facts() looks for each link among all records, and makes text of each
owner anew: of 250 octets that each take four.  One plain answer is read three
times in one go.
"""

import struct
import time

import dns.message
import dns.name
import dns.query
import dns.rcode
import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import Zone

EVIL = "evilaliases.unsigned"
SIZE = 65000
LINKS = 11
LISTENER = "127.0.0.25"
QUESTIONS = 50
LONG = dns.name.Name([b"\x01" * 61] * 4 + [b""]).to_wire()


async def chain(x):
    if x.edns or x.rdtype != m.T.MX or x.name.startswith("c"):
        return x.error(dns.rcode.REFUSED)
    reply = x.empty()
    wire = bytearray(reply.to_wire())
    names = [dns.name.from_text(f"c{i}.{x.name}.").to_wire() for i in range(LINKS)]
    tail, owner = b"", x.question.name.to_wire()
    for target in names:
        tail += owner + struct.pack("!HHIH", 5, 1, 60, len(target)) + target
        owner = target
    at = len(wire)
    wire += LONG + struct.pack("!HHIHH", 5, 1, 60, 2, 0xc00c)
    junk = struct.pack("!HHHIHH", 0xc000 | at, 5, 1, 60, 2, 0xc00c)
    count = (SIZE - len(wire) - len(tail)) // len(junk)
    wire += junk * count + tail
    struct.pack_into("!H", wire, 6, 1 + count + LINKS)
    return bytes(wire)


@pytest.fixture(scope="module")
def world():
    zone = matrix.served(Zone(EVIL, "@ TXT x"), [(chain, True)])
    running = lab_module.Lab([*lab_module.table.ZONES, zone]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(
        world, "aliases", f'dns-listen = {{ "{LISTENER}:53" }}\n', port=8942)
    running.start()
    yield running
    running.process.kill()


def test_one_mail(daemon):
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    for i in range(3):
        begin = time.monotonic()
        reply = daemon.socketmap(f"n{i}.{EVIL}")
        held = daemon.status()["loop_longest_seconds"]
        print(f"{reply[:90]!r} after {time.monotonic() - begin:.1f} s; the loop was held for {1000 * held:.0f} ms")
    assert held < 0.02


def cpu(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_what_is_remembered_is_as_dear(daemon):
    """The listener reads it anew for each question: a sender's domain, as
    often as he likes, and nothing is sent."""
    query = dns.message.make_query(f"again.{EVIL}", "MX", payload=1232)
    dns.query.udp(query, LISTENER, timeout=20)
    before = cpu(daemon)
    for _ in range(QUESTIONS):
        dns.query.udp(query, LISTENER, timeout=20)
    each = (cpu(daemon) - before) / QUESTIONS
    print(f"{1000 * each:.0f} ms of processor time for each question")
    assert each < 0.005
