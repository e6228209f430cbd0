"""A daemon that is watched while things go wrong around it."""

import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import time

import dns.message

import lab as lab_module
from lab import HANG, until

SANITIZED = "address" in os.environ.get("POSTDANE_BUILD", "")
LOOKUP_DEADLINE = 3
DEADLINE = 6  # seconds, of an evaluation
# What a busy machine may need beyond a deadline.  What has none hangs for much
# longer: libunbound gives up after two minutes.
SLACK = 30 * lab_module.SLOWNESS
# Sanitizers keep what was freed for a while, and more around each block.
GROWTH = 400 if SANITIZED else 48  # MiB: what caches and buffers may take
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER
# Seconds until a server that has been repaired is used again, with what a busy
# machine may need.
RECOVERY = 20 + SLACK


class Watched(lab_module.Daemon):
    def __init__(self, lab, name, config="", port=9342, **options):
        self.dns = f"127.0.0.{port % 100}"
        self.metrics = port + 5
        super().__init__(
            lab, name, f"lookup-deadline = {LOOKUP_DEADLINE}\n"
            f"evaluation-deadline = {DEADLINE}\n"
            f'dns-listen = {{ "{self.dns}:53" }}\n'
            f'metrics-listen = {{ "inet:127.0.0.1:{self.metrics}" }}\n'
            f'state-directory = "{lab_module.ROOM}/{name}-state"\n'
            + config, port=port, **options)

    def start_logging_to(self, file):
        """As start(), but the log goes elsewhere."""
        self.process = subprocess.Popen(
            [self.program, "-c", self.config], stderr=file, stdout=file)
        until(lambda: self.control.exists())
        return self

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def lives(self):
        return self.process.poll() is None

    def connect(self, timeout=HANG, port=None):
        return socket.create_connection(
            ("127.0.0.1", port or self.port), timeout)

    def places(self):
        """(name, how to connect) of everything that takes connections."""
        return {
            "socketmap": lambda: self.connect(),
            "tcp-table": lambda: self.connect(port=self.port + 1),
            "dns": lambda: socket.create_connection((self.dns, 53), HANG),
            "control": lambda: unix(self.control),
            "metrics": lambda: self.connect(port=self.metrics),
        }

    def flush(self):
        """Nothing is known any more: name servers must be asked."""
        subprocess.run([self.command, "-s", self.control, "flush"],
                       capture_output=True, timeout=HANG, check=False)

    def ask(self, key):
        """Answered in time, whatever goes wrong."""
        begin = time.monotonic()
        reply = self.socketmap(key)
        assert time.monotonic() - begin < DEADLINE + SLACK, reply
        assert reply, "closed without an answer"
        return reply

    def recovers(self, key, expected, seconds=RECOVERY):
        """Until it has the right answer again; a secure domain gets nothing
        less than TEMP meanwhile.  Returns the seconds that it took."""
        begin = time.monotonic()
        while (reply := self.ask(key)) != expected:
            assert reply.startswith("TEMP ") or expected != "OK dane", reply
            assert time.monotonic() - begin < seconds, reply
            time.sleep(0.2)
        return time.monotonic() - begin

    def is_reloading(self):
        """A child tries the configuration, and after it comes the next one."""
        pid = self.process.pid
        return pathlib.Path(
            f"/proc/{pid}/task/{pid}/children").read_text() != ""

    def serves(self):
        """Everybody, over each protocol, once no reload is under way."""
        until(lambda: not self.is_reloading())
        assert self.ask("dane.d.nsec") == "OK dane"
        assert self.tcp_table("plain.nsec") == "200 may"
        until(lambda: self.status()["trust"] == "alive")
        with self.connect(port=self.metrics) as http:
            http.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert b" 200 OK" in http.recv(4096)

    @contextlib.contextmanager
    def bounded(self, mib=GROWTH, descriptors=30):
        """What happens inside costs memory and descriptors for a while, if at
        all.  libunbound keeps some descriptors of its own."""
        had_memory, had_descriptors = self.memory(), self.descriptors()
        had_longest = self.loop_longest()
        yield
        lab_module.wait_until(
            "descriptors that are closed again",
            lambda: self.descriptors() <= had_descriptors + descriptors)
        assert self.lives(), self.log()[-4000:]
        self.holds_nobody(had_longest)
        # What was freed is given back by and by, ten seconds apart.
        print(f"{self.memory() - had_memory:.0f} MiB more")
        lab_module.wait_until("memory that is given back",
                              lambda: self.memory() - had_memory < mib)


def unix(path, timeout=HANG):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(timeout)
    sock.connect(str(path))
    return sock


def dns_query(name, rtype):
    """As it goes over TCP."""
    wire = dns.message.make_query(name, rtype, use_edns=0,
                                  payload=1232).to_wire()
    return struct.pack("!H", len(wire)) + wire


def lawful(reply):
    """Of a domain with secure TLSA records."""
    assert reply == "OK dane" or reply.startswith("TEMP "), reply
