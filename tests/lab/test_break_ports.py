"""BREAK: an unsigned domain whose server drops EDNS, and answers plainly.

Each mail for a name in it is answered at once: the walk proves the domain
unsigned, the plain rung has the MX record, and for the addresses of its twenty
hosts the proof is enough.  But the questions that libunbound was asked go on
inside it, each with a socket, until they have timed out there; they are
abandoned, and no bound counts them.  libunbound has 4,096 sockets
(outgoing-range), and one queue behind them: ten mails a second take them all, and
the questions of strangers wait.

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

CLIENTS = int(os.environ.get("CLIENTS", "10"))
HOSTS = 20  # of each domain; their addresses are not needed, but asked for
PAUSE = float(os.environ.get("PAUSE", "0.2"))  # seconds between two mails of one client
# libunbound learns which servers do not answer it, for each zone: he has as
# many delegations as he likes.
BATCH = 20
SECONDS = int(os.environ.get("SECONDS_OF_ATTACK", "40"))
RECORDS = f"@ MX 10 mx\nmx A 10.25.43.1\n_25._tcp.mx TLSA {USABLE}"
VICTIMS = [f"v{i}.nsec" for i in range(150)]
EVIL = [f"evilports{i}.unsigned" for i in range(int(os.environ.get("ZONES", "150")))]


first_seen = {}


async def drops_edns(x):
    """Answers without any backend, so that the lab is fast enough.  What
    libunbound asks without EDNS, once it has waited for long, it drops, too."""
    now = time.monotonic()
    if x.edns or now - first_seen.setdefault((x.name, x.rdtype), now) > 0.3:
        return None
    reply = x.empty()
    if x.rdtype == m.T.MX:
        reply.answer.append(m.dns.rrset.from_text(
            x.question.name, 60, "IN", "MX",
            *[f"10 h{i}.{x.name}." for i in range(HOSTS)]))
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


def memory(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        words = file.read().split()
    return int(words[words.index("VmRSS:") + 1]) / 1024


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
            reply = daemon.socketmap(f"n{i}.{EVIL[i // BATCH % len(EVIL)]}")[:50]
            with lock:
                found[reply] = found.get(reply, 0) + 1
            time.sleep(PAUSE)

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
                  f"{descriptors(daemon)} descriptors, {memory(daemon):.0f} MiB; "
                  f"{during[-1]}")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    print(daemon.status()["loop_longest_seconds"])
    slow = [one for one in during if one[1] != "OK dane" or one[2] > 2]
    assert all(one[1] == "OK dane" and one[2] < 1 for one in before), before
    assert not slow, "\n".join(map(str, slow))
