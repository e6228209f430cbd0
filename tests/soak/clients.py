"""Who asks the daemon, who runs it, and who pulls the plugs."""

import collections
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.query

import lab as lab_module
from lab import HANG
import truth
from zones import PROFILES

LISTENER = "127.0.0.25"
PATIENCE = 100  # seconds; Postfix's
CALM = 20       # seconds after which nothing of a fault is left

CONFIG = PROFILES + f"""
map "corp" {{ no-dane-policy = encrypt }}
cache-entries = 1500
cache-memory = 8
dns-listen = {{ "inet:{LISTENER}:53" }}
max-connections = 400
request-timeout = 2
lookup-deadline = 6
evaluation-deadline = 20
log-level = info
"""
# What reloads change, and what must not be taken.
CHANGES = ("", "no-dane-policy = encrypt\n",
           'zone "corp.nsec" { forward = { "10.53.0.3" } }\n',
           'resolver-options = { "msg-cache-size: 2m", '
           '"rrset-cache-size: 3m" }\n',
           "evaluation-deadline = 25\nno-dane-policy = encrypt\n")
MISTAKES = ("no-such-option = 1\n", 'map "x" {\n', "lookup-deadline = 0\n",
            'trust-anchor = "/dev/null"\n', 'zone "." { insecure = yes }\n')


class Ledger:
    """What was asked and what came of it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        self.calm_counts = collections.Counter()  # by judgement
        self.unexpected = []      # each would be a failure
        self.troubles = set()     # servers of all the world that are away
        self.last_trouble = 0.0
        self.encrypts = False     # no-dane-policy = encrypt
        self.encrypted = 0.0      # when it was so the last time

    def note(self, kind, judgement, what, reply):
        with self.lock:
            self.counts[kind, judgement] += 1
            if judgement not in ("right", "unknown", "cautious"):
                self.unexpected.append(
                    f"{time.strftime('%H:%M:%S')} {kind}: {what}: {judgement}:"
                    f" {reply}")

    def note_calm(self, judgement):
        """Of a reply that has been noted already."""
        with self.lock:
            self.calm_counts[judgement] += 1

    def fail(self, kind, what):
        self.note(kind, "failed", what, "")

    @property
    def encrypting(self):
        """It is so, or was when a reply that comes now was made."""
        return self.encrypts or time.monotonic() - self.encrypted < CALM

    def trouble(self, who, begins):
        with self.lock:
            (self.troubles.add if begins else self.troubles.discard)(who)
            self.last_trouble = time.monotonic()

    def calm(self):
        with self.lock:
            return not self.troubles and \
                time.monotonic() - self.last_trouble > CALM

    def total(self, judgement):
        return sum(count for (_, what), count in self.counts.items()
                   if what == judgement)


class Daemon(lab_module.Daemon):
    def __init__(self, world):
        super().__init__(world, "soak", CONFIG)
        self.base = self.config.read_text().replace("log-level = debug\n", "")
        self.config.write_text(self.base)

    def run(self, *arguments):
        return subprocess.run(
            [self.command, "-s", self.control, *arguments],
            capture_output=True, text=True, timeout=PATIENCE, check=False)

    def log_from(self, at):
        with open(self.log_path, "rb") as file:
            file.seek(at)
            return file.read().decode(errors="replace")

    def reload(self, text):
        """Returns whether the new configuration was taken."""
        at = os.path.getsize(self.log_path)
        self.config.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        lab_module.wait_until("reload", lambda: re.search(
            r"main: reload: done|the old configuration stays",
            self.log_from(at)))
        return "main: reload: done" in self.log_from(at)


class Actor(threading.Thread):
    """Does something again and again until it is told to stop."""

    def __init__(self, soak, period, name):
        super().__init__(name=name, daemon=True)
        self.soak, self.period = soak, period
        self.ledger, self.daemon_ = soak.ledger, soak.daemon
        self.random = random.Random(f"{soak.seed} {name}")

    def run(self):
        while not self.soak.ending.wait(self.period
                                        * self.random.uniform(0.5, 1.5)):
            try:
                self.act()
            except Exception as error:  # noqa: BLE001  whatever it is
                self.ledger.fail(self.name, f"{type(error).__name__}: {error}")
        self.end()

    def act(self):
        raise NotImplementedError

    def end(self):
        """Leave things as they should be."""


# ---- who asks ----

class Client(Actor):
    """As an smtp(8) process: a connection for a while, a question at a time."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.connection = None
        self.tcp_table = False

    def connect(self):
        self.tcp_table = self.random.random() < 0.3
        if not self.tcp_table and self.random.random() < 0.5:
            self.connection = socket.socket(socket.AF_UNIX)
            self.connection.settimeout(PATIENCE)
            self.connection.connect(str(self.daemon_.unix))
        else:
            self.connection = socket.create_connection(
                ("127.0.0.1", self.daemon_.port + self.tcp_table), PATIENCE)

    def send(self, hop):
        if self.tcp_table:
            quoted = "".join(
                c if "!" <= c <= "~" and c != "%" else
                "".join(f"%{b:02X}" for b in c.encode()) for c in hop.key)
            self.connection.sendall(f"get {quoted}\n".encode())
        else:
            payload = f"{hop.map} {hop.key}".encode()
            self.connection.sendall(b"%d:%s," % (len(payload), payload))

    def receive(self):
        data = b""
        while not (data.endswith(b"\n") if self.tcp_table else re.fullmatch(
                rb"(\d+):.*,", data, re.S) and len(data) - 2 - len(
                    data.split(b":")[0]) == int(data.split(b":")[0])):
            more = self.connection.recv(4096)
            if not more:
                raise ConnectionError("closed while a question was asked")
            data += more
        if not self.tcp_table:
            reply = data.partition(b":")[2][:-1].decode()
            return reply.removeprefix("OK ").rstrip()
        code, _, text = data.decode().strip().partition(" ")
        return {"200": text, "400": f"TEMP {text}"}.get(code, "NOTFOUND")

    def hop(self):
        if self.random.random() < 0.1:
            return truth.fresh_hop()
        return self.random.choice(self.soak.hops)

    def act(self):
        if self.connection is None:
            self.connect()
        hop = self.hop()
        while self.tcp_table and hop.map != "query":
            hop = self.hop()
        calm = self.ledger.calm()
        try:
            self.send(hop)
            reply = self.receive()
        except (OSError, TimeoutError) as error:
            self.ledger.note("lost", "lost", f"{hop.key} {hop.map}", error)
            self.close()
            return
        judgement = hop.judge(reply, self.ledger.encrypting)
        self.ledger.note("policy", judgement, f"{hop.key} {hop.map}", reply)
        # With no-dane-policy = encrypt there is less that can be said of hosts
        # that fail for ever, and of those that have no DANE.
        if calm and self.ledger.calm() and hop.steady and \
                not self.ledger.encrypting:
            self.ledger.note_calm(judgement)
            if judgement != "right":
                self.soak.needless.append(
                    f"{time.strftime('%H:%M:%S')} {hop.key} {hop.map}: {reply}")
        if self.random.random() < 0.05:
            self.close()

    def close(self):
        if self.connection is not None:
            if self.random.random() < 0.5:  # a reset
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))
            self.connection.close()
            self.connection = None

    end = close


class Rude(Actor):
    """Half a request, garbage, more than is allowed, a question whose answer
    nobody waits for."""

    SAYINGS = (b"", b"15:query dan", b"99999999:", b"get %\n", b"\0\xff\n" * 50,
               b"0:,", b"get " + b"x" * 20000, b"3:a b,5:quer",
               b"22:query sleep.dead0.nsec,", b"get late.u0.nsec\n")

    def act(self):
        port = self.daemon_.port + self.random.randrange(2)
        with socket.create_connection(("127.0.0.1", port), HANG) as connection:
            try:
                connection.sendall(self.random.choice(self.SAYINGS))
                if self.random.random() < 0.5:
                    connection.shutdown(socket.SHUT_WR)
                time.sleep(self.random.uniform(0, 3))
                if self.random.random() < 0.5:
                    connection.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was shown the door
        self.ledger.note("rude", "right", "", "")


class Resolver(Actor):
    """As smtpd(8) with the daemon as its resolver."""

    def act(self):
        name = self.random.choice(self.soak.names)
        query = dns.message.make_query(name.owner, name.rtype,
                                       want_dnssec=True, payload=1232)
        query.flags |= dns.flags.AD
        try:
            if self.random.random() < 0.2:
                reply = dns.query.tcp(query, LISTENER, PATIENCE)
            else:
                reply, _ = dns.query.udp_with_fallback(query, LISTENER,
                                                       PATIENCE)
        except (OSError, EOFError, dns.exception.DNSException) as error:
            self.ledger.note("lost", "lost", f"{name.owner} {name.rtype}",
                             repr(error))
            return
        self.ledger.note("dns", name.judge(reply),
                         f"{name.owner} {name.rtype}", reply)


class Operator(Actor):
    """Explains, looks, exports, forgets."""

    def act(self):
        choice = self.random.random()
        if choice < 0.4:
            hop = self.random.choice(self.soak.hops)
            done = self.daemon_.run("explain", "--json", "-m", hop.map, hop.key)
            said = json.loads(done.stdout)
            reply = said["reply"] + (
                " " + said["carried"].removeprefix("fingerprint ")
                if "carried" in said else "")
            self.ledger.note("explain", hop.judge(reply, self.ledger.encrypting),
                             f"{hop.key} {hop.map}", reply)
        elif choice < 0.6:
            done = self.daemon_.run("export")
            for line in done.stdout.splitlines():
                key, level = line.split("\t")
                for hop in self.soak.by_key.get(key, ()):
                    self.ledger.note("export", hop.judge(
                        level, self.ledger.encrypting), key, level)
        elif choice < 0.8:
            self.require(self.daemon_.run("status").returncode in (0, 1),
                         "status")
        elif choice < 0.95:
            self.daemon_.run("flush",
                             self.random.choice(self.soak.hops).key)
        else:
            self.daemon_.run("flush")

    def require(self, well, what):
        if well:
            self.ledger.note(self.name, "right", "", "")
        else:
            self.ledger.fail(self.name, what)


# ---- who changes things ----

class Reloader(Actor):
    def act(self):
        change = self.random.choice(CHANGES)
        if self.random.random() < 0.3:
            taken = self.daemon_.reload(
                self.daemon_.base + self.random.choice(MISTAKES))
            self.count(not taken, "a bad configuration was taken")
            return
        policy = "encrypt" if "encrypt" in change else "may"
        self.ledger.encrypts = True  # as soon as it is taken
        taken = self.daemon_.reload(self.daemon_.base + change)
        self.count(taken, "a good configuration was not taken")
        deadline = time.monotonic() + PATIENCE
        while self.daemon_.socketmap("absent.d.nsec") != f"OK {policy}":
            if time.monotonic() > deadline:
                self.count(False, f"the new policy, {policy}, is not used")
                break
            time.sleep(0.2)
        self.ledger.encrypts = policy == "encrypt"
        self.ledger.encrypted = time.monotonic()

    def count(self, well, what):
        if well:
            self.ledger.note("reload", "right", "", "")
        else:
            self.ledger.fail("reload", what)


class Flapper(Actor):
    """A server ends, and is started again; the world's fall silent."""

    def act(self):
        world = self.soak.world
        if self.random.random() < 0.7:
            world.stop_flap()
            self.soak.ending.wait(self.random.uniform(0.5, self.period))
            world.start_flap()
        else:
            server = self.random.choice(("leaf", "leaf", "tld", "root"))
            self.ledger.trouble(server, True)
            self.soak.spans.append([self.soak.seconds(), None])
            world.signal(server, signal.SIGSTOP)
            self.soak.ending.wait(self.random.uniform(0.5, self.period))
            world.signal(server, signal.SIGCONT)
            self.ledger.trouble(server, False)
            self.soak.spans[-1][1] = self.soak.seconds()
        self.ledger.note("flaps", "right", "", "")


class Turncoats(Actor):
    """The servers of a zone begin to behave in another way."""

    def act(self):
        kind = self.random.choice("su")
        name = f"{kind}{self.random.randrange(truth.TURNCOATS)}.nsec"
        self.soak.world.turn(name, self.random.choice(
            truth.FOR_SIGNED if kind == "s" else truth.FOR_UNSIGNED))
        self.ledger.note("turns", "right", "", "")
