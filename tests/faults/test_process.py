"""What the machine does to the daemon: descriptors, clock, disk, signals."""

import concurrent.futures
import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.message
import dns.query
import dns.rcode
import pytest

import faults
import lab as lab_module
from lab import HANG, netstring
import signer
from faults import lawful, until

DAY = 86400
# What a client may get: (a whole reply, or a close without a word).
WHOLE = re.compile(rb"(\d+:(OK (dane|may)|TEMP [^,]*|TEMP .*),)?")


# ---- descriptors ----

LIMIT = 512


@pytest.mark.parametrize("place", ["socketmap", "tcp-table", "dns", "control",
                                   "metrics"])
def test_descriptors_run_out(start, place):
    """Too many connections at one place: no other suffers for long, nothing
    spins, and all is well when they are gone."""
    daemon = start(wrapper=["prlimit", f"--nofile={LIMIT}:{LIMIT}"])
    daemon.serves()
    old, logged = daemon.connect(), len(daemon.log())
    clients = []
    try:
        # Beyond those, the kernel lets clients of the control socket wait.
        for _ in range(100 if place == "control" else 2 * LIMIT):
            clients.append(daemon.places()[place]())
        until(lambda: daemon.computed_in_a_second() < 0.2)  # or it spins
        assert daemon.ask("two.d.nsec") == "OK dane"  # asks name servers
        old.sendall(netstring("dane.d.nsec"))
        assert old.recv(4096) in (b"7:OK dane,", b"")
        said = daemon.log()[logged:]
        assert said.count("accept") + said.count("busy") < 3
    finally:
        for client in clients:
            client.close()
        old.close()
    until(lambda: daemon.descriptors() < 80)
    daemon.serves()


def test_no_descriptor_is_left(start):
    """Fewer than a single evaluation needs: TEMP, and no harm."""
    daemon = start(wrapper=["prlimit", "--nofile=40:40"])
    clients = [daemon.connect() for _ in range(100)]
    begin = daemon.computed()
    for key in ("dane.d.nsec", "two.d.nsec", "alias.d.nsec"):
        lawful(daemon.ask(key))
    time.sleep(1)
    assert daemon.computed() - begin < 0.5
    for client in clients:
        client.close()
    daemon.recovers("dane.d.nsec", "OK dane")
    daemon.recovers("plain.nsec", "OK may")


# ---- the clock ----

LIBFAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class Clock:
    """The wall clock of a daemon; the monotonic one goes on as it does."""

    def __init__(self):
        self.path = lab_module.ROOM / "clock"
        self.set("+0")

    def set(self, offset):
        other = self.path.with_suffix(".new")
        other.write_text(f"{offset}\n")
        other.rename(self.path)

    def wrapper(self):
        return ["env", f"LD_PRELOAD={preload()}",
                f"FAKETIME_TIMESTAMP_FILE={self.path}", "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_"
                "FIX=0"]


def preload():
    """The sanitizer's library wants to be the first."""
    if not faults.SANITIZED:
        return LIBFAKETIME
    asan = subprocess.run(["gcc", "-print-file-name=libasan.so"],
                          capture_output=True, text=True, check=True).stdout
    return f"{asan.strip()}:{LIBFAKETIME}"


@pytest.mark.parametrize("jump", ["+20d", "-20d"], ids=["forwards",
                                                        "backwards"])
def test_the_clock_jumps(start, jump):
    """Signatures are valid from yesterday for two weeks."""
    clock = Clock()
    daemon = start(wrapper=clock.wrapper())
    assert daemon.ask("dane.d.nsec") == "OK dane"
    assert daemon.ask("plain.nsec") == "OK may"
    begin, real = daemon.status()["uptime"], time.monotonic()
    clock.set(jump)
    faults.until(lambda: daemon.ask("two.d.nsec").startswith("TEMP "))
    for key in ("dane.d.nsec", "alias.d.nsec", "two.d.nsec"):
        lawful(daemon.ask(key))
    # No timer has gone wild, and none has stopped.
    until(lambda: daemon.computed_in_a_second() < 0.3)
    passed = daemon.status()["uptime"] - begin
    assert 0 <= passed <= time.monotonic() - real + 2
    clock.set("+0")
    for key in ("dane.d.nsec", "alias.d.nsec", "two.d.nsec"):
        daemon.recovers(key, "OK dane")
    daemon.recovers("plain.nsec", "OK may")
    daemon.serves()


def test_the_clock_is_set_back(start):
    """libunbound counts by it, and would keep records for an hour longer."""
    clock = Clock()
    daemon = start(wrapper=clock.wrapper())
    question = dns.message.make_query("dane.d.nsec", "MX")

    def ttl():
        return dns.query.udp(question, daemon.dns, timeout=HANG).answer[0].ttl

    assert daemon.ask("dane.d.nsec") == "OK dane"
    assert ttl() <= signer.TTL
    clock.set("-1h")
    until(lambda: "the clock was set by -3" in daemon.log())
    assert ttl() <= signer.TTL
    daemon.serves()


# ---- disks ----

@pytest.fixture
def full(world):
    """A file system on which nothing more can be written."""
    path = lab_module.ROOM / "full"
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", path],
                   check=True)
    (path / "busy-next-hops").write_text("dane.d.nsec\n")
    with open(path / "ballast", "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    yield path
    subprocess.run(["umount", "-l", path], check=True)


def test_the_disk_of_the_state_directory_is_full(start, full):
    daemon = start(f'state-directory = "{full}"\n')
    for i in range(200):
        daemon.ask(f"{'x' * 50}{i}.d.nsec")
    daemon.serves()
    daemon.stop()
    assert "No space left on device" in daemon.log()
    # What was there is there still, whole.
    assert (full / "busy-next-hops").read_text() == "dane.d.nsec\n"
    assert not (full / "busy-next-hops.new").exists()


def test_the_disk_of_the_log_is_full(start):
    with open("/dev/full", "wb") as nowhere:
        daemon = start(log=nowhere)
    daemon.serves()
    daemon.process.send_signal(signal.SIGHUP)
    daemon.serves()
    daemon.stop()


def test_nobody_reads_the_log(start):
    """Its reader hangs, and then has gone."""
    reader, writer = os.pipe()
    daemon = start(log=writer)
    os.close(writer)
    for i in range(600):
        daemon.ask(f"{'x' * 60}{i}.d.nsec")
    daemon.serves()
    # Now it reads on: what was lost is said.
    os.read(reader, 1 << 20)
    daemon.ask("two.d.nsec")
    assert b"lines were lost here" in os.read(reader, 1 << 20)
    os.close(reader)
    daemon.serves()
    daemon.stop()


def test_the_state_directory_is_not_writable(start):
    """Root may write anywhere: but not where a file is in the way."""
    path = lab_module.ROOM / "nodirectory"
    path.write_text("")
    daemon = start(f'state-directory = "{path}"\n')
    daemon.serves()
    daemon.stop()
    assert f"policy: {path}/busy-next-hops: Not a directory" in daemon.log()


def test_the_state_directory_is_read_only(start, full):
    subprocess.run(["mount", "-o", "remount,ro", full], check=True)
    daemon = start(f'state-directory = "{full}"\n')
    daemon.serves()
    daemon.stop()
    assert "Read-only file system" in daemon.log()


STATES = {
    "garbage": lambda path: path.write_bytes(
        random.Random(4).randbytes(100000)),
    "huge": lambda path: path.write_bytes(b"dane.d.nsec\n" * 3000000),
    "one-line": lambda path: path.write_bytes(b"a" * 2000000),
    "many": lambda path: path.write_bytes(b"".join(
        b"x%d.d.nsec\n" % i for i in range(100000))),
    "truncated": lambda path: path.write_bytes(b"# The\ndane.d.nsec\ntwo.d"),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "directory": lambda path: path.mkdir(),
    "fifo": os.mkfifo,
    "dangling": lambda path: path.symlink_to("/nonexistent/file"),
    "device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("state", STATES)
def test_the_state_file_is_corrupted(start, state):
    folder = lab_module.ROOM / f"state-{state}"
    folder.mkdir()
    STATES[state](folder / "busy-next-hops")
    daemon = start(f'state-directory = "{folder}"\n')
    with daemon.bounded():
        daemon.serves()
    daemon.stop()


# ---- signals ----

def clients_of(daemon, stop, seed):
    """One client that asks until the end.  Returns how many answers it got;
    what is no whole answer is a failure."""
    rng = random.Random(seed)
    count = 0
    keys = {"dane.d.nsec": True, "two.d.nsec": True, "plain.nsec": False,
            "alias.d.nsec": True, "s-never.nsec": True}
    connection, fresh = None, True
    while not stop.is_set():
        try:
            fresh = connection is None
            connection = connection or daemon.connect()
            key = rng.choice(list(keys))
            connection.sendall(netstring(key))
            reply = connection.recv(4096)
        except ConnectionRefusedError:
            break  # it has ended
        except ConnectionResetError:
            # The kernel has taken a client that the daemon has never seen.
            assert fresh, "cut off"
            break
        except BrokenPipeError:
            reply = b""
        if not reply:
            connection.close()
            connection = None
            continue
        text = reply.decode().partition(":")[2][:-1]
        if keys[key]:
            lawful(text)
        else:
            assert text == "OK may" or text.startswith("TEMP "), text
        count += 1
    return count


@pytest.fixture
def seed():
    """POSTDANE_SEED=… runs the same once more."""
    number = int(os.environ.get("POSTDANE_SEED") or random.randrange(2**32))
    print("POSTDANE_SEED =", number)
    return random.Random(number)


def end_under_load(start, seed):
    daemon = start()
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        clients = [pool.submit(clients_of, daemon, stop, seed.random())
                   for _ in range(12)]
        for _ in range(seed.randrange(4)):
            time.sleep(seed.random() * 0.3)
            daemon.process.send_signal(signal.SIGHUP)
        time.sleep(seed.random() * 0.6)
        daemon.process.send_signal(seed.choice(
            [signal.SIGTERM, signal.SIGINT]))
        for _ in range(seed.randrange(3)):
            daemon.process.send_signal(seed.choice(
                [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]))
        try:
            assert daemon.process.wait(HANG) == 0, daemon.log()[-4000:]
        finally:
            stop.set()
        for client in clients:
            client.result(HANG)


def test_sigterm_at_any_moment(start, seed):
    for _ in range(4):
        end_under_load(start, seed)


@pytest.mark.slow
def test_sigterm_at_many_moments(start, seed):
    for _ in range(60):
        end_under_load(start, seed)


def handles(pid, number):
    """Whether a signal would not kill it."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    masks = re.findall(r"^Sig(?:Ign|Cgt):\t(\w+)", text, re.M)
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def test_sigterm_before_it_is_ready(world, seed):
    """It ends, in order or at once; never in another way."""
    for _ in range(12):
        daemon = faults.Watched(world, "early")
        process = subprocess.Popen([daemon.program, "-c", daemon.config],
                                   stderr=subprocess.PIPE)
        time.sleep(seed.random() * 0.15)
        process.terminate()
        log = process.communicate(timeout=HANG)[1]
        assert process.returncode in (0, -signal.SIGTERM), log


def start_and_hang_up(daemon):
    """Whether it was not ready yet, when it was told first."""
    with open(daemon.log_path, "wb") as log:
        daemon.process = subprocess.Popen(
            [daemon.program, "-c", daemon.config], stderr=log)
    while not handles(daemon.process.pid, signal.SIGHUP):
        assert daemon.process.poll() is None, daemon.log()
    early = "is ready" not in daemon.log()
    while True:
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.process.poll() is None, daemon.log()
        if "is ready" in daemon.log():
            return early


def test_sighup_before_it_is_ready(world):
    """From the first moment on that it can be told: it goes on."""
    for _ in range(20):  # the moment is short, and may be missed
        daemon = faults.Watched(world, "early")
        try:
            early = start_and_hang_up(daemon)
            daemon.serves()
        finally:
            daemon.stop()
        if early:
            return
    pytest.fail("it was always ready before")


def test_a_storm_of_sighups(start, seed):
    """Fifty, under load: nobody is cut off, no configuration is left over."""
    daemon = start()
    # Each forks, and frees hundreds of MiB of caches; where others have the
    # processor's caches, that has taken 34 ms.
    daemon.loop_longest_allowed *= 3
    stop = threading.Event()
    daemon.serves()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(clients_of, daemon, stop, seed.random())
                   for _ in range(8)]
        try:
            with daemon.bounded():
                for _ in range(50):
                    daemon.process.send_signal(signal.SIGHUP)
                    time.sleep(seed.random() * 0.06)
                done = daemon.log().count("main: reload: done")
                daemon.process.send_signal(signal.SIGHUP)
                until(lambda: daemon.log().count("main: reload: done") > done)
        finally:
            stop.set()
        counts = [client.result(HANG) for client in clients]
    assert all(counts)
    assert done >= 2
    daemon.serves()


def test_sighup_with_dns_clients(start, seed):
    """A datagram may be lost; a connection is answered to its end."""
    daemon = start()
    for _ in range(10):
        with socket.create_connection((daemon.dns, 53), HANG) as stream:
            stream.sendall(faults.dns_query("mx.two.d.nsec", "A"))
            daemon.process.send_signal(signal.SIGHUP)
            stream.sendall(faults.dns_query("dane.d.nsec", "MX"))
            for _ in range(2):
                size, = struct.unpack("!H", stream.recv(2))
                reply = dns.message.from_wire(stream.recv(size))
                assert reply.rcode() in (dns.rcode.NOERROR,
                                         dns.rcode.NXDOMAIN)
        time.sleep(seed.random() * 0.1)
    daemon.serves()
