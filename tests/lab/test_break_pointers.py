"""BREAK: names that are pointers to pointers to pointers.

libldns follows up to 65,535 of them, for each name anew.  8,000 pointers in a
row fit before offset 16,384, and 6,000 names behind them that begin at the last:
one plain answer takes a quarter of a second to read, in one go, and the lookup
then asks another server.  No budget knows of it, and the owner of an
unsigned domain can cause it with each mail.
"""

import struct
import time

import dns.rcode
import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import Zone

SERVERS = 24
EVIL = "evilpointers.unsigned"
SIZE = 65000  # octets; UDP would take 507 more
MINFO = 14    # two names


async def points(x):
    if x.edns or x.rdtype != m.T.MX:
        return x.error(dns.rcode.REFUSED)
    wire = bytearray(x.error(dns.rcode.SERVFAIL))
    wire += struct.pack("!BHHIH", 0, 65280, 1, 60, 0)
    start, last = len(wire), 12
    while len(wire) + 2 <= 16382:
        wire += struct.pack("!H", 0xc000 | last)
        last = len(wire) - 2
    struct.pack_into("!H", wire, start - 2, len(wire) - start)
    record = struct.pack("!HHHIHHH", 0xc000 | last, MINFO, 1, 60, 4,
                         0xc000 | last, 0xc000 | last)
    count = (SIZE - len(wire)) // len(record)
    struct.pack_into("!H", wire, 6, 1 + count)
    return bytes(wire + record * count)


@pytest.fixture(scope="module")
def world():
    zone = matrix.served(Zone(EVIL, "@ TXT x"), [(points, True)] * SERVERS)
    running = lab_module.Lab([*lab_module.table.ZONES, zone]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "pointers", port=8942)
    running.start()
    yield running
    running.process.kill()


def cpu(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_one_mail(daemon):
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    before, begin = cpu(daemon), time.monotonic()
    reply = daemon.socketmap(f"n1.{EVIL}")
    seconds = time.monotonic() - begin
    held = daemon.status()["loop_longest_seconds"]
    print(f"{reply[:90]!r} after {seconds:.1f} s, {cpu(daemon) - before:.1f} s "
          f"of processor time; the loop was held for {1000 * held:.0f} ms")
    assert held < 0.02
