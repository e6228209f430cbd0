"""BREAK: an unsigned domain whose server drops EDNS, and answers plainly.

Each mail for a name in it is answered at once: the walk proves the domain
unsigned, the plain rung has the MX record.  But the question that libunbound
was asked goes on inside it, with a socket, until it has timed out there; it is
abandoned and counted nowhere.  libunbound has 4,096 sockets (outgoing-range),
and one queue behind them: with 50 clients, half of what one Postfix has, they
are all taken within seconds, and the questions of strangers wait.

Nothing fails in the attacker's domain, so that it never gets few slots.
"""

import concurrent.futures
import os
import resource
import threading
import time

import pytest

import lab as lab_module
import matrix
import misbehave as m
from zones import USABLE, Zone

CLIENTS = 50
SECONDS = int(os.environ.get("SECONDS_OF_ATTACK", "25"))
RECORDS = f"@ MX 10 mx\nmx A 10.25.43.1\n_25._tcp.mx TLSA {USABLE}"
VICTIMS = [f"v{i}.nsec" for i in range(60)]
EVIL = [f"evilports{i}.unsigned" for i in range(int(os.environ.get("ZONES", "1")))]


async def drops_edns(x):
    """Answers without any backend, so that the lab is fast enough."""
    if x.edns:
        return None
    reply = x.empty()
    if x.rdtype == m.T.MX:
        reply.answer.append(m.dns.rrset.from_text(
            x.question.name, 60, "IN", "MX", "10 mx.plain.unsigned."))
    else:
        reply.authority.append(m.dns.rrset.from_text(
            x.proxy.zone, 60, "IN", "SOA",
            f"ns.{x.proxy.zone} h.{x.proxy.zone} 1 1 1 1 60"))
    return reply.to_wire()


@pytest.fixture(scope="module")
def world():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    evil = [matrix.served(Zone(name, "@ TXT x"), [(drops_edns, True)])
            for name in EVIL]
    running = lab_module.Lab([*lab_module.table.ZONES, *evil, *[
        Zone(name, RECORDS, "ecdsa") for name in VICTIMS]]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "ports", port=8942)
    running.config.write_text(running.config.read_text().replace(
        "log-level = debug\n", "log-level = warning\n"))
    running.start()
    yield running
    running.process.kill()


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def victim(daemon, name):
    begin = time.monotonic()
    reply = daemon.socketmap(name)
    return name, reply, time.monotonic() - begin


def test_strangers_beside_mails_to_a_domain_that_drops_edns(daemon):
    victims = list(VICTIMS)
    before = [victim(daemon, victims.pop()) for _ in range(4)]
    counter = iter(range(10**9))
    ended = threading.Event()
    lock = threading.Lock()
    found = {}

    def attack():
        while not ended.is_set():
            with lock:
                i = next(counter)
            reply = daemon.socketmap(f"n{i}.{EVIL[i % len(EVIL)]}")[:50]
            with lock:
                found[reply] = found.get(reply, 0) + 1

    threads = [threading.Thread(target=attack) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    during, begin = [], time.monotonic()
    try:
        while time.monotonic() - begin < SECONDS:
            time.sleep(2)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                during += pool.map(lambda name: victim(daemon, name),
                                   [victims.pop() for _ in range(4)])
            print(f"{time.monotonic() - begin:.0f} s: {found}, "
                  f"{descriptors(daemon)} descriptors; {during[-1]}")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    print(daemon.status()["loop_longest_seconds"])
    slow = [one for one in during if one[1] != "OK dane" or one[2] > 2]
    assert all(one[1] == "OK dane" and one[2] < 1 for one in before), before
    assert not slow, "\n".join(map(str, slow))
