"""BREAK: plain answers are remembered whole, 20,000 of them for an hour, and
each may have 64 KiB: 1.3 GB that strangers can fill, by names of one unsigned
domain.
"""

import concurrent.futures
import os
import resource
import struct

import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import Zone

NAMES = int(os.environ.get("NAMES", "2000"))
MOST = 48  # MiB, as tests/faults/faults.py has it
EVIL = "evilmemory.unsigned"
PADDING = b"".join(struct.pack("!BHHIH", 0, 65280, 1, 3600, 15000) + os.urandom(15000)
                   for _ in range(4))


async def large(x):
    if x.edns:
        return x.error(m.dns.rcode.REFUSED)
    reply = x.empty()
    if x.rdtype != m.T.MX:
        reply.authority.append(m.dns.rrset.from_text(
            x.proxy.zone, 60, "IN", "SOA",
            f"ns.{x.proxy.zone} h.{x.proxy.zone} 1 1 1 1 60"))
        return reply.to_wire()
    if not x.tcp:
        reply.flags |= m.dns.flags.TC
        return reply.to_wire()
    reply.answer.append(m.dns.rrset.from_text(
        x.question.name, 3600, "IN", "MX", "10 mx.plain.unsigned."))
    wire = bytearray(reply.to_wire())
    struct.pack_into("!H", wire, 6, 1 + 4)
    return bytes(wire) + PADDING


@pytest.fixture(scope="module")
def world():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    running = lab_module.Lab([*lab_module.table.ZONES, matrix.served(
        Zone(EVIL, "@ TXT x"), [(large, True)])]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "memory", port=8942)
    running.config.write_text(running.config.read_text().replace(
        "log-level = debug\n", "log-level = warning\n"))
    running.start()
    yield running
    running.process.kill()


def memory(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        words = file.read().split()
    return int(words[words.index("VmRSS:") + 1]) / 1024


def test_large_plain_answers(daemon):
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    before = memory(daemon)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        for part in range(4):
            found = list(pool.map(daemon.socketmap, [
                f"n{part}-{i}.{EVIL}" for i in range(NAMES // 4)]))
            print({word: found.count(word) for word in set(found)},
                  f"{memory(daemon) - before:.0f} MiB more")
    grown = memory(daemon) - before
    assert grown < MOST, f"{grown:.0f} MiB for {NAMES} names"
