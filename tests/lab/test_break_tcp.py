"""BREAK: servers that answer TC, and over TCP one octet a second.

libunbound has 64 TCP connections (outgoing-num-tcp).  Each octet that comes
starts the timeout of its connection anew, and who has given up waiting does not
end it: a connection is held for as long as the attacker likes.  One question to
each of some hundred addresses (an IPv6 /64 has more), and no stranger's answer
that needs TCP is had any more: their domain is signed, and TEMP.
"""

import asyncio
import concurrent.futures
import os
import time

import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import USABLE, Zone

COUNT = int(os.environ.get("COUNT", "100"))
RECORDS = f"@ MX 10 mx\nmx A 10.25.44.1\n_25._tcp.mx TLSA {USABLE}"
EVIL = [f"eviltcp{i}.unsigned" for i in range(COUNT)]
VICTIMS = [f"tcpv{i}.nsec" for i in range(12)]


async def truncated(x):
    reply = x.empty()
    reply.flags |= m.dns.flags.TC
    return reply.to_wire()


async def drips(_, reader, writer):
    await reader.readexactly(2)
    writer.write(b"\xff\xff")
    while True:
        writer.write(b"\0")
        await writer.drain()
        await asyncio.sleep(1)


@pytest.fixture(scope="module")
def world():
    zones = [matrix.served(Zone(name, "@ TXT x"), [(truncated, drips)])
             for name in EVIL]
    zones += [matrix.served(Zone(name, RECORDS, "ecdsa"), [(m.tc_to_edns, True)])
              for name in VICTIMS]
    running = lab_module.Lab([*lab_module.table.ZONES, *zones]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "tcp", port=8942)
    running.start()
    yield running
    running.process.kill()


def victim(daemon, name):
    begin = time.monotonic()
    reply = daemon.socketmap(name)
    return name, reply, time.monotonic() - begin


def test_strangers_that_need_tcp(daemon):
    victims = list(VICTIMS)
    before = [victim(daemon, victims.pop()) for _ in range(2)]
    print(before)
    assert all(one[1] == "OK dane" and one[2] < 2 for one in before), before
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(COUNT) as pool:
        found = list(pool.map(daemon.socketmap, EVIL))
    print({word: found.count(word) for word in set(found)},
          f"{time.monotonic() - begin:.0f} s")
    after = []
    for _ in range(4):
        time.sleep(5)
        after.append(victim(daemon, victims.pop()))
        print(f"{time.monotonic() - begin:.0f} s after the only question:", after[-1])
    assert all(one[1] == "OK dane" and one[2] < 5 for one in after), after
