"""BREAK: TLSA records with a whole key (matching type 0), its point compressed.

OpenSSL is asked about each record, and computes a square root for each: 0.8 ms
for P-224, whose prime makes it dear.  One answer holds more than 700 of them,
and all are judged in one go; by an alias, one set serves twenty hosts.  One mail
takes the only thread for eleven seconds, six of them in one go.
"""

import hashlib
import threading
import time

import pytest

import lab as lab_module
from zones import USABLE, Zone

# SubjectPublicKeyInfo of P-224, up to the point's x.
HEAD = "3032301006072a8648ce3d020106052b81040021031e0003"
COUNT = 760
HOSTS = 20
EVIL = "q.nsec"


def keys():
    """Half of them are points, but who knows before."""
    for i in range(COUNT):
        yield HEAD + hashlib.sha224(b"%d" % i).hexdigest()


@pytest.fixture(scope="module")
def world():
    tlsa = " | ".join(f"3 1 0 {key}" for key in keys())
    hosts = "\n".join(f"@ MX 10 h{i}\nh{i} A 10.25.45.1\n"
                      f"_25._tcp.h{i} CNAME t" for i in range(HOSTS))
    running = lab_module.Lab([
        *lab_module.table.ZONES,
        Zone(EVIL, f"t TLSA {tlsa}\n{hosts}", "ecdsa", ttl=3600)]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "loop", port=8942)
    running.start()
    yield running
    running.process.kill()


def cpu(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_one_mail(daemon):
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    longest, ended = [0.0], threading.Event()

    def ask_what_is_cached():
        while not ended.is_set():
            begin = time.monotonic()
            daemon.socketmap("dane.d.nsec")
            longest[0] = max(longest[0], time.monotonic() - begin)
            time.sleep(0.01)

    thread = threading.Thread(target=ask_what_is_cached)
    thread.start()
    before, begin = cpu(daemon), time.monotonic()
    reply = daemon.socketmap(EVIL)
    seconds = time.monotonic() - begin
    ended.set()
    thread.join()
    held = daemon.status()["loop_longest_seconds"]
    print(f"{reply[:90]!r} after {seconds:.1f} s, {cpu(daemon) - before:.1f} s "
          f"of processor time; the loop was held for {1000 * held:.0f} ms, a "
          f"cached verdict took {1000 * longest[0]:.0f} ms")
    assert held < 0.02 and longest[0] < 0.5
