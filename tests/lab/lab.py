"""The lab: a small internet of real name servers in our own namespaces.

Lab().start() builds and signs the zones of zones.py, starts the servers and
waits until they answer.  What it starts ends with the namespace (tests/lab/run).
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

import dns.message
import dns.query

import misbehave
import signer
import zones as table

SERVERS = pathlib.Path(os.environ.get("LAB_SERVERS", "build/servers"))
LIBRARIES = [SERVERS / "usr/lib/x86_64-linux-gnu", SERVERS / "usr/lib",
             SERVERS / "lib/x86_64-linux-gnu", SERVERS / "usr/lib/postfix"]
ROOM = pathlib.Path("/run/lab")
BUILD = pathlib.Path(os.environ.get("POSTDANE_BUILD", "build"))

# What instruments the daemon.  Valgrind can't live in the daemon's sandbox, and
# builds with sanitizers have none.
REPORTS = ROOM / "reports"
# Without its own pipes for a debugger: a daemon that is no longer root could not
# remove them.
VALGRIND = ("valgrind", "--quiet", "--vgdb=no", "--leak-check=full", "--error-exitcode=99",
            "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect",
            f"--log-file={REPORTS}/valgrind.%p")
UNDER_VALGRIND = os.environ.get("POSTDANE_WRAPPER") == "valgrind"
SANITIZED = BUILD.name not in ("build", "clang", "coverage")
# By this much more time may pass, and so much less is done side by side.
SLOWNESS = 4 if UNDER_VALGRIND else 2 if SANITIZED else 1

# Where each kind of server listens: IPv4 and IPv6.
PLACES = {
    "root": ("10.53.0.1", "fd00:53::1"),
    "tld": ("10.53.0.2", "fd00:53::2"),
    "leaf": ("10.53.0.3", "fd00:53::3"),
    "backend": (misbehave.BACKEND,),  # behind the proxies of misbehave.py
}

TLDS = [
    table.Zone("nsec", sign="ecdsa", server="tld"),
    table.Zone("nsec3", sign="ecdsa", denial="nsec3", server="tld"),
    table.Zone("optout", sign="rsa", denial="nsec3", opt_out=True,
               server="tld"),
    table.Zone("unsigned", server="tld"),
]


def environment():
    """For programs that were unpacked and not installed."""
    env = dict(os.environ)
    env["LD_LIBRARY_PATH"] = ":".join(str(p) for p in LIBRARIES)
    return env


# Seconds of processor time that a daemon's loop may be away from its sockets.
LOOP_LONGEST = 0.02 * SLOWNESS
# Seconds that only a hang takes: a busy machine may take its time, and no test
# is decided by how much.
HANG = 120 * SLOWNESS


def wait_until(what, ready):
    deadline = time.monotonic() + HANG
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not ready after {HANG} s")
        time.sleep(0.02)


def until(ready):
    wait_until("the test's condition", ready)


def running(thing):
    """A fixture's: `yield from running(Lab())`."""
    yield thing.start()
    thing.stop()


def watched(daemon):
    """As running(): a daemon whose loop nobody may hold."""
    yield daemon.start()
    try:
        daemon.holds_nobody()
    finally:
        daemon.stop()


@contextlib.contextmanager
def resolv_conf(address, text=None):
    """All programs of this namespace ask the resolver at @address."""
    path = ROOM / f"resolv.conf-{address}"
    path.write_text(text or f"nameserver {address}\n")
    subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "/etc/resolv.conf"], check=True)


def netstring(key, name="query"):
    payload = f"{name} {key}".encode()
    return b"%d:%s," % (len(payload), payload)


def pace():
    """How many times as long as its processor time a computation takes now: 1
    where nobody else computes."""
    begin, spent = time.monotonic(), time.process_time()
    while time.process_time() < spent + 0.05:
        pass
    return max(1, (time.monotonic() - begin) / (time.process_time() - spent))


def dearness():
    """How many times as much processor time the same computation takes at times
    as at best: others fill the caches of a busy machine's processors, and a
    virtual one's clock counts what its host does.  1 where nobody does."""
    spans = []
    for _ in range(300):
        begin = time.thread_time()
        sum(range(30000))
        spans.append(time.thread_time() - begin)
    spans.sort()
    return spans[-len(spans) // 100] / spans[0]


def at_best(measure, bounds):
    """Costs, one of each bound: what else the machine does makes them higher,
    never lower, so that one of three measurements is enough."""
    for _ in range(3):
        costs = measure()
        if all(cost < bound for cost, bound in zip(costs, bounds, strict=True)):
            return
    raise AssertionError(f"{costs}, where {bounds} are bounds")


def one_mail(daemon, ask, bounds, rests=False):
    """Returns what ask() did.  What it cost, in seconds of processor time, and
    the longest callback: @bounds.  @rests: what goes on inside libunbound
    afterwards is part of it."""
    replies = []

    def costs():
        if replies:
            daemon.stop()
            daemon.start()
        assert daemon.socketmap("dane.d.nsec") == "OK dane"
        had = daemon.computed()
        replies.append(ask())
        if rests:
            until(lambda: daemon.computed_in_a_second() < 0.002)
        cost = daemon.computed() - had
        longest = daemon.status()["loop_longest_seconds"]
        print(f"{cost:.2f} s, one callback {1000 * longest:.1f} ms, "
              f"{replies[-1]}")
        return cost, longest

    at_best(costs, bounds)
    return replies[-1]


def deadlines(lookup, evaluation):
    """Configuration: these, in seconds of a machine with nothing else to do,
    for tests in which something must come before them; and the most that there
    may be (daemon/base/conf_options.c)."""
    factor = pace() * SLOWNESS
    return (f"lookup-deadline = {min(60, round(lookup * factor))}\n"
            f"evaluation-deadline = {min(90, round(evaluation * factor))}\n")


def for_nobody(program, *options):
    """A function that runs a copy of the program, with these options first, as
    nobody."""
    command = ROOM / f"{program.name}-for-all"
    shutil.copy(program, command)
    command.chmod(0o755)
    for folder in (ROOM, *ROOM.parents):
        if folder.stat().st_mode & 0o5 != 0o5:
            raise PermissionError(f"{folder} is closed to others")

    def run_it(*arguments):
        return subprocess.run(
            [command, *options, *arguments], user="nobody", group="nogroup",
            extra_groups=[], capture_output=True, text=True, timeout=HANG,
            check=False, env=environment())
    return run_it


class BuiltZone:
    """A zone of the table on its way to a zone file."""

    def __init__(self, zone):
        self.zone = zone
        self.name = zone.name
        self.records = {}
        self.read(zone.records)

    def absolute(self, owner):
        if owner == "@":
            return self.name
        return f"{owner}.{self.name}".rstrip(".")

    def add(self, owner, rtype, rdata):
        self.records.setdefault((owner, rtype), []).append(rdata)

    def read(self, text):
        for line in text.splitlines():
            line = line.strip()
            if not line:
                continue
            owner, rtype, rdata = line.split(None, 2)
            for part in rdata.split(" | "):
                self.add(self.absolute(owner), rtype,
                         self.expand(rtype, part))

    def expand(self, rtype, rdata):
        """Names inside rdata are relative unless they end in a dot."""
        if rtype in ("MX", "CNAME", "DNAME", "NS"):
            *front, target = rdata.split()
            if not target.endswith("."):
                target = f"{target}.{self.name}."
            return " ".join(front + [target])
        return rdata

    def add_apex(self):
        apex = self.name
        self.add(apex, "SOA", f"ns.{apex}. host.{apex}. 1 3600 600 86400 60"
                 .replace("..", "."))
        if self.zone.ns:
            self.read(self.zone.ns)
        elif (apex, "NS") not in self.records:
            v4, v6 = PLACES[self.zone.server]
            ns = f"ns.{apex}" if apex else "ns.rootservers"
            self.add(apex, "NS", ns + ".")
            self.add(ns, "A", v4)
            self.add(ns, "AAAA", v6)

    def key(self):
        return signer.Key.shared(self.zone.sign)

    def delegate(self, child):
        """What this zone, the parent, says of @child."""
        apex = child.name
        for rdata in child.records[apex, "NS"]:
            self.add(apex, "NS", rdata)
            host = rdata.rstrip(".")
            if not f".{host}".endswith(f".{apex}"):
                continue
            for rtype in ("A", "AAAA"):
                for address in child.records.get((host, rtype), []):
                    if (host, rtype) not in self.records or \
                            address not in self.records[host, rtype]:
                        self.add(host, rtype, address)
        ds = child.zone.ds
        if ds is True and child.zone.sign:
            self.add(apex, "DS", child.key().ds(apex).to_text())
        elif isinstance(ds, str):
            self.add(apex, "DS", ds)

    def lines(self):
        if self.zone.sign:
            return signer.Signer(
                self.name, self.records, self.zone.sign, self.zone.denial,
                self.zone.iterations, b"\xab\xcd" if self.zone.iterations
                else b"", self.zone.opt_out, self.zone.fault,
                self.zone.ttl).run()
        return [f"{owner}. {self.zone.ttl} IN {rtype} {rdata}"
                for (owner, rtype), texts in self.records.items()
                for rdata in texts]


def group_lives(group):
    """Orphans become children of the namespace's first process: of this."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class Lab:
    def __init__(self, zones=None):
        self.hints = ROOM / "root.hints"
        self.anchor = ROOM / "root.key"
        self.processes = []
        self.proxies = {}    # by zone: [Proxy, ...]
        self.underworld = None
        self.zones = {}
        for zone in [table.Zone("", sign="ecdsa", server="root"), *TLDS,
                     *(zones if zones is not None else table.ZONES)]:
            self.zones[zone.name] = BuiltZone(zone)

    # -- zones --

    def parent_of(self, name):
        while name:
            name = name.partition(".")[2]
            if name in self.zones:
                return self.zones[name]
        return None

    def build(self):
        for zone in self.zones.values():
            zone.add_apex()
        for name, zone in self.zones.items():
            parent = self.parent_of(name)
            if parent is not None:
                parent.delegate(zone)
        (ROOM / "zones").mkdir(parents=True, exist_ok=True)
        for name, zone in self.zones.items():
            lines = zone.lines()
            self.zone_file(name).write_text("\n".join(lines) + "\n")
        v4, v6 = PLACES["root"]
        self.hints.write_text(
            ". 3600 IN NS ns.rootservers.\n"
            f"ns.rootservers. 3600 IN A {v4}\n"
            f"ns.rootservers. 3600 IN AAAA {v6}\n")
        self.anchor.write_text(
            ". IN DS " + self.zones[""].key().ds("").to_text() + "\n")

    def zone_file(self, name):
        return ROOM / "zones" / (name or "root")

    # -- servers --

    def spawn(self, name, command):
        with open(ROOM / f"{name}.log", "wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=environment(), start_new_session=True)
        self.processes.append(process)
        return process

    def start_nsd(self, server):
        folder = ROOM / server
        folder.mkdir(exist_ok=True)
        names = [n for n, z in self.zones.items() if z.zone.server == server]
        addresses = "".join(f"  ip-address: {a}\n" for a in PLACES[server])
        conf = (f'server:\n{addresses}  username: ""\n  zonesdir: "{ROOM}"\n'
                f'  pidfile: "{folder}/pid"\n  xfrdfile: "{folder}/xfrd"\n'
                f'  zonelistfile: "{folder}/list"\n  database: ""\n'
                '  server-count: 1\n  hide-version: yes\n'
                '  rrl-ratelimit: 0\n'
                'remote-control:\n  control-enable: no\n')
        for name in names:
            conf += (f'zone:\n  name: "{name}."\n'
                     f'  zonefile: "{self.zone_file(name)}"\n')
        (folder / "nsd.conf").write_text(conf)
        self.spawn(server, [SERVERS / "usr/sbin/nsd", "-d", "-c",
                            folder / "nsd.conf"])

    def answers(self, address, name):
        query = dns.message.make_query(name or ".", "SOA")
        try:
            reply = dns.query.udp(query, address, timeout=1)
        except (dns.exception.Timeout, OSError):
            return False
        return bool(reply.answer)

    def start_named(self, server, flag):
        """A real BIND, misled by -T, on the addresses of its zones."""
        folder = ROOM / server
        folder.mkdir(exist_ok=True)
        mine = [z for z in self.zones.values() if z.zone.server == server]
        addresses = [z.zone.proxies[0][0] for z in mine if z.zone.proxies]
        for address in addresses:  # it listens only where it sees one
            subprocess.run(["ip", "address", "add", f"{address}/32", "dev",
                            "lo"], check=True)
        conf = (f'options {{ directory "{folder}"; pid-file none; recursion '
                'no; dnssec-validation no; listen-on-v6 { none; }; '
                f'session-keyfile none; listen-on {{ {"; ".join(addresses)};'
                ' }; };\ncontrols { };\n')
        for zone in mine:
            conf += (f'zone "{zone.name}" {{ type primary; file '
                     f'"{self.zone_file(zone.name)}"; }};\n')
        (folder / "named.conf").write_text(conf)
        self.spawn(server, [SERVERS / "usr/sbin/named", "-g", "-n", "1", "-c",
                            folder / "named.conf", "-T", flag])

    def start_unbound(self, address, options=""):
        """A real validating recursor."""
        folder = ROOM / f"unbound-{address}"
        folder.mkdir(exist_ok=True)
        (folder / "unbound.conf").write_text(
            f'server:\n  interface: {address}\n  access-control: 0.0.0.0/0 '
            f'allow\n  chroot: ""\n  username: ""\n  pidfile: ""\n'
            f'  directory: "{folder}"\n  root-hints: "{self.hints}"\n'
            f'  trust-anchor-file: "{self.anchor}"\n  use-syslog: no\n'
            f'  do-daemonize: no\n  num-threads: 1\n{options}'
            'remote-control:\n  control-enable: no\n')
        self.spawn(folder.name, [SERVERS / "usr/sbin/unbound", "-d", "-c",
                                 folder / "unbound.conf"])
        wait_until(folder.name, lambda: self.answers(address, "nsec"))

    def start_pdns(self, address):
        """Another real validating recursor, of another make."""
        folder = ROOM / f"pdns-{address}"
        folder.mkdir(exist_ok=True)
        (folder / "anchor.lua").write_text(
            "addTA('.', \"" + self.zones[""].key().ds("").to_text() + "\")\n")
        (folder / "recursor.conf").write_text(
            f"local-address={address}\nallow-from=0.0.0.0/0\n"
            f"hint-file={self.hints}\ndnssec=validate\ndaemon=no\n"
            f"lua-config-file={folder}/anchor.lua\nsocket-dir={folder}\n"
            "dont-query=\nthreads=1\nquiet=yes\nwrite-pid=no\n"
            "security-poll-suffix=\n")
        program = SERVERS / "usr/sbin/pdns_recursor"
        said = subprocess.run([program, "--version"], capture_output=True,
                              text=True, env=environment(), check=False)
        major = re.search(r"Recursor (\d+)\.", said.stdout + said.stderr)
        # Since 5 it wants YAML otherwise.
        old = ["--enable-old-settings"] if int(major[1]) >= 5 else []
        self.spawn(folder.name, [program, f"--config-dir={folder}", *old])
        wait_until(folder.name, lambda: self.answers(address, "nsec"))

    def ask(self, address, name, rtype, do=False):
        """One question to a recursor."""
        query = dns.message.make_query(name, rtype, want_dnssec=do)
        return dns.query.udp(query, address, timeout=HANG)

    def start_proxy(self, zone, address, behaviour, **kwargs):
        self.underworld = self.underworld or misbehave.Underworld()
        return self.underworld.start(misbehave.Proxy(
            zone, [address], behaviour, **kwargs))

    def start_servers(self):
        used = {z.zone.server for z in self.zones.values()}
        waiting = []
        for server in ("root", "tld", "leaf", "backend"):
            if server not in used:
                continue
            self.start_nsd(server)
            some = next(n for n, z in self.zones.items()
                        if z.zone.server == server)
            waiting += [(server, a, some) for a in PLACES[server]]
        for server in sorted(used):
            if server.startswith("named-"):
                flag = server.removeprefix("named-")
                self.start_named(server, flag)
        for server, address, name in waiting:
            wait_until(f"{server} {address}",
                       lambda a=address, n=name: self.answers(a, n))
            log = (ROOM / f"{server}.log").read_text()
            assert "error:" not in log, log
        for server in used:
            if server.startswith("named-"):
                wait_until(server, lambda s=server: "running" in (
                    ROOM / f"{s}.log").read_text(errors="replace"))

    def start_proxies(self):
        for name, built in self.zones.items():
            for address, behaviour, tcp in built.zone.proxies:
                if behaviour is None:
                    continue
                self.proxies.setdefault(name, []).append(self.start_proxy(
                    name + ".", address, behaviour, tcp=tcp,
                    backend=PLACES.get(
                        built.zone.server, (misbehave.BACKEND,))[0]))

    def start(self):
        self.build()
        self.start_servers()
        self.start_proxies()
        return self

    def questions(self, name):
        """Asked of a zone's proxies so far."""
        return sum(sum(p.counts.values()) for p in self.proxies.get(name, []))

    def stop(self):
        if self.underworld is not None:
            self.underworld.end()
            self.underworld = None
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(HANG)
        # NSD's children outlive it, and with them its sockets.
        for process in self.processes:
            wait_until(f"end of {process.args[0]}",
                       lambda p=process: not group_lives(p.pid))


class Daemon:
    """postdaned, with a configuration of the test's."""

    loop_longest_allowed = LOOP_LONGEST

    def __init__(self, lab, name="daemon", config="", wrapper=(), port=8642):
        self.port = port  # of socketmap; tcp_table has the next
        self.folder = ROOM / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = BUILD / "postdaned"
        self.command = BUILD / "postdane"
        self.control = self.folder / "control"
        self.unix = self.folder / "socketmap"
        self.log_path = self.folder / "log"
        self.wrapper = list(wrapper or (VALGRIND if UNDER_VALGRIND else ()))
        if "valgrind" in self.wrapper:
            config = "sandbox = no\n" + config.replace("sandbox = no\n", "")
        self.config = self.folder / "postdane.conf"
        self.config.write_text(
            f'root-hints = "{lab.hints}"\ntrust-anchor = "{lab.anchor}"\n'
            f'control-socket = "{self.control}"\n'
            f'socketmap-listen = {{ "inet:127.0.0.1:{port}", '
            f'"unix:{self.unix}" }}\nlog-level = debug\n'
            f'tcp-table-listen = {{ "inet:127.0.0.1:{port + 1}" }}\n'
            'user = ""\nstate-directory = ""\n' + config)
        self.process = None
        self.postmap_lock = threading.Lock()

    def start(self):
        path = str(self.folder / "notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, \
                open(self.log_path, "wb") as log:
            notify.bind(path)
            os.chmod(path, 0o666)  # whoever the daemon becomes
            self.process = subprocess.Popen(
                [*self.wrapper, self.program, "-c", self.config], stderr=log,
                env=dict(os.environ, NOTIFY_SOCKET=path))
            notify.setblocking(False)
            wait_until("readiness", lambda: self.says_ready(notify))
        return self

    def says_ready(self, notify):
        assert self.process.poll() is None, self.log()
        try:
            return notify.recv(1024) == b"READY=1"
        except BlockingIOError:
            return False

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        """End it as systemd does; it must end well."""
        self.process.terminate()
        code = self.process.wait(HANG)
        assert code == 0, f"exit code {code}\n{self.log()[-4000:]}"

    # -- asking --

    def raw(self, data, port=None, timeout=HANG):
        with socket.create_connection(
                ("127.0.0.1", port or self.port), timeout) as s:
            s.sendall(data)
            return s.recv(65536)

    def socketmap(self, key, name="query"):
        reply = self.raw(netstring(key, name)).decode()
        return reply.partition(":")[2][:-1]

    def tcp_table(self, key):
        quoted = "".join(c if 0x21 <= ord(c) <= 0x7e and c != "%" else
                         "".join(f"%{b:02X}" for b in c.encode()) for c in key)
        return self.raw(f"get {quoted}\n".encode(), self.port + 1).decode()[:-1]

    def explain(self, key, name="query"):
        result = subprocess.run(
            [self.command, "-s", self.control, "explain", "--json", "-m",
             name, key], capture_output=True, timeout=HANG, check=False)
        assert result.stdout, result.stderr.decode()
        return json.loads(result.stdout)

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}").read_text()

    def computed(self):
        """Seconds of processor time; it has one thread."""
        return int(self.proc("schedstat").split()[0]) / 1e9

    def waited(self):
        """Seconds in which it could have computed, but others did."""
        return int(self.proc("schedstat").split()[1]) / 1e9

    def computed_in_a_second(self):
        had = self.computed()
        time.sleep(1)
        return self.computed() - had

    def loop_longest(self):
        return self.status()["loop_longest_seconds"]

    def holds_nobody(self, before=0):
        """No callback has held the loop; what was so long @before counts for
        others."""
        longest = self.loop_longest()
        print(f"the longest callback took {1000 * longest:.1f} ms")
        allowed = self.loop_longest_allowed
        if allowed <= longest > before:
            allowed *= dearness()
        assert longest < allowed or longest <= before, \
            f"the loop was held for {1000 * longest:.1f} ms, " \
            f"and {1000 * allowed:.1f} ms are allowed"

    def memory(self):
        """MiB that are resident."""
        words = self.proc("status").split()
        return int(words[words.index("VmRSS:") + 1]) / 1024

    def status(self):
        return json.loads(subprocess.run(
            [self.command, "-s", self.control, "status", "--json"],
            capture_output=True, timeout=HANG, check=False).stdout)

    def status_text(self):
        return subprocess.run(
            [self.command, "-s", self.control, "status"],
            capture_output=True, text=True, timeout=HANG, check=False).stdout

    def explain_text(self, key):
        return subprocess.run(
            [self.command, "-s", self.control, "explain", key],
            capture_output=True, text=True, timeout=HANG, check=False).stdout

    @staticmethod
    def configure_postmap(folder):
        if folder.exists():
            return
        folder.mkdir()
        (folder / "main.cf").write_text(
            "compatibility_level = 3.6\nmail_owner = postfix\n"
            f"queue_directory = {folder}\n"
            f"shlib_directory = {SERVERS}/usr/lib/postfix\n"
            f"daemon_directory = {SERVERS}/usr/lib/postfix/sbin\n")
        (folder / "master.cf").write_text("")

    def postmap(self, key, table):
        """Real Postfix asks; returns a level, NOTFOUND or TEMP."""
        folder = self.folder / "postfix"
        with self.postmap_lock:
            self.configure_postmap(folder)
        result = subprocess.run(
            [SERVERS / "usr/sbin/postmap", "-c", folder, "-q", key, table],
            capture_output=True, text=True, timeout=HANG, check=False,
            env=environment())
        if result.returncode == 0:
            return result.stdout.strip()
        if "query error" in result.stderr:
            return "TEMP"
        assert result.returncode == 1 and not result.stderr, result.stderr
        return "NOTFOUND"
