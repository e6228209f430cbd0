"""The daemon as a process: connections, reloads, signals, leaks."""

import concurrent.futures
import grp
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

import lab as lab_module
from lab import HANG, netstring, until

PORT = 8942
NO_SANDBOX = lab_module.SANITIZED or lab_module.UNDER_VALGRIND


@pytest.fixture
def start(lab):
    """start(config, …) -> a daemon of the test's own."""
    started = []

    def run(config="", **options):
        daemon = lab_module.Daemon(lab, "process", config, port=PORT,
                                   **options).start()
        started.append(daemon)
        return daemon
    yield run
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.stop()


def connect(port=PORT):
    return socket.create_connection(("127.0.0.1", port), HANG)


def ask(connection, key="dane.d.nsec", name="query"):
    connection.sendall(netstring(key, name))
    return connection.recv(4096)


# ---- connections ----

def test_idle_connections_live_on(start):
    """Longer than any time limit: a close would defer mail."""
    start("request-timeout = 1\n")
    with connect() as socketmap, connect(PORT + 1) as tcp:
        assert ask(socketmap) == b"7:OK dane,"
        tcp.sendall(b"get dane.d.nsec\n")
        assert tcp.recv(4096) == b"200 dane\n"
        time.sleep(4)
        assert ask(socketmap) == b"7:OK dane,"
        tcp.sendall(b"get dane.d.nsec\n")
        assert tcp.recv(4096) == b"200 dane\n"


def test_half_a_request_ends(start):
    start("request-timeout = 1\n")
    with connect() as connection:
        connection.sendall(b"15:query dane")
        assert connection.recv(4096) == b""


def test_a_thousand_connections(start):
    daemon = start()
    connections = [connect() for _ in range(1000)]
    try:
        for connection in connections[::2]:
            connection.sendall(netstring("dane.d.nsec"))
        assert daemon.socketmap("two.d.nsec") == "OK dane"
        for connection in connections[::2]:
            assert connection.recv(4096) == b"7:OK dane,"
    finally:
        for connection in connections:
            connection.close()


def test_longest_idle_makes_room(start):
    daemon = start("max-connections = 16\n")
    old = connect()
    assert ask(old) == b"7:OK dane,"
    others = [connect() for _ in range(15)]
    for other in others:
        assert ask(other) == b"7:OK dane,"
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    assert old.recv(1) == b""
    assert ask(others[-1]) == b"7:OK dane,"
    for connection in [old, *others]:
        connection.close()


SILENT = 'zone "silent.nsec" { forward = { "10.53.77.7" } }\n'


def in_flight(daemon):
    return json.loads(status(daemon))["evaluations_in_flight"]


def hold(daemon, connection, number):
    """Keep a connection busy with a name that nobody resolves."""
    before = in_flight(daemon)
    connection.sendall(netstring(f"n{number}.silent.nsec"))
    until(lambda: in_flight(daemon) > before)


def test_unanswered_questions_keep_nobody_out(start):
    daemon = start("max-connections = 4\n" + SILENT)
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    held = [connect() for _ in range(4)]
    for number, connection in enumerate(held):
        hold(daemon, connection, number)
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    assert b":TEMP postdane: all connections are busy," in held[0].recv(4096)
    assert held[0].recv(1) == b""
    # An idle one goes first.
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    for connection in held[1:]:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
    assert "user 0 has most of them and is told TEMP" in daemon.log()


def connect_as(user, path=None):
    """The kernel notes who we are when the socket is made, or, where it has a
    name, at connect(2).  @user: a name or a number; without @path, over TCP."""
    uid = user if isinstance(user, int) else pwd.getpwnam(user).pw_uid
    os.seteuid(uid)
    try:
        connection = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        connection.settimeout(HANG)
        connection.connect(str(path) if path else ("127.0.0.1", PORT))
    finally:
        os.seteuid(0)
    return connection


@pytest.mark.parametrize("over", ["unix", "tcp"])
def test_who_has_most_makes_room(start, queue, over):
    """Not who has waited longest, and not who has not asked yet."""
    path = queue / "socket" if over == "unix" else None
    daemon = start((f'socketmap-listen = {{ "unix:{path}" }}\n' if path
                    else "") + "max-connections = 4\n" + SILENT)
    held = [connect_as(user, path)
            for user in ("postfix", "nobody", "nobody", "nobody")]
    for number, connection in enumerate(held):
        hold(daemon, connection, number)
    with connect_as("postfix", path) as other:
        flood = [connect_as("nobody", path) for _ in range(32)]
        assert ask(other) == b"7:OK dane,"
        assert b":TEMP postdane: all connections" in held[1].recv(4096)
        held[0].setblocking(False)
        with pytest.raises(BlockingIOError):
            held[0].recv(1)
    assert (f"user {pwd.getpwnam('nobody').pw_uid} has most of them"
            in daemon.log())
    for connection in [*held, *flood]:
        connection.close()


def test_the_users_of_a_namespace_are_one(start, queue):
    """Each user of the machine may have 65,536 of them (subuid(5))."""
    path = queue / "socket"
    daemon = start(f'socketmap-listen = {{ "unix:{path}" }}\n'
                   "max-connections = 8\n" + SILENT)
    users = ["postfix"] * 3 + [100000 + number for number in range(5)]
    held = [connect_as(user, path) for user in users]
    for number, connection in enumerate(held):
        hold(daemon, connection, number)
    flood = [connect_as(200000 + number, path) for number in range(32)]
    with connect_as("postfix", path) as other:
        assert ask(other) == b"7:OK dane,"
    assert b":TEMP postdane: all connections" in held[3].recv(4096)
    for connection in held[:3]:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
    assert "users above 65535 has most of them" in daemon.log()
    for connection in [*held, *flood]:
        connection.close()


ZONES = 100
EVALUATIONS = 64 + 2000  # those of one user (policy/askers.h), and the others


def ask_all(daemon, user, path, keys):
    """A hundred at a time; then their evaluations go on by themselves."""
    for at in range(0, len(keys), ZONES):
        held = [connect_as(user, path) for _ in keys[at:at + ZONES]]
        for connection, key in zip(held, keys[at:]):
            connection.sendall(netstring(key))
        until(lambda at=at, held=held: in_flight(daemon) == at + len(held))
        for connection in held:
            connection.close()


@pytest.mark.parametrize("over", ["unix", "tcp"])
def test_who_asks_for_many_leaves_room_to_others(start, queue, over):
    """All evaluations that one user can have, in silent zones: those of another
    go on, also where it is the first who has asked for the same next hop."""
    path = queue / "socket" if over == "unix" else None
    zones = "".join(f'zone "s{i}.nsec" {{ forward = {{ "10.53.77.7" }} }}\n'
                    for i in range(ZONES))
    daemon = start((f'socketmap-listen = {{ "unix:{path}" }}\n' if path
                    else "") + lab_module.deadlines(30, 45) + zones)
    ask_all(daemon, "nobody", path,
            [f"n{i}.s{i % ZONES}.nsec" for i in range(EVALUATIONS - 1)]
            + ["two.d.nsec"])
    with connect_as("nobody", path) as flood, \
            connect_as("postfix", path) as other:
        assert b":TEMP postdane: too many evaluations" in ask(flood)
        assert ask(other, "dane.d.nsec") == b"7:OK dane,"
        assert ask(other, "two.d.nsec") == b"7:OK dane,"
    assert in_flight(daemon) >= EVALUATIONS - 1


def test_any_map_name(start):
    daemon = start()
    for name in ("query", "QUERY", "postfix"):
        assert daemon.socketmap("dane.d.nsec", name) == "OK dane"
    assert daemon.socketmap("absent.d.nsec", "other-name") == "OK may"
    assert "map=other-name" in daemon.log()


# ---- unix sockets, where Postfix has its chroot ----

@pytest.fixture
def queue(lab):
    """A queue directory with a folder for our socket."""
    folder = lab_module.ROOM / "queue" / "postdane"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder.parent)


def postmap(daemon, queue, user):
    """As smtp(8) in its chroot asks: the path is relative to the queue."""
    daemon.postmap("dane.d.nsec", f"socketmap:unix:{queue}/socket:query")
    return subprocess.run(
        [(lab_module.SERVERS / "usr/sbin/postmap").resolve(), "-c",
         daemon.folder / "postfix", "-q", "dane.d.nsec",
         "socketmap:unix:postdane/socket:query"], cwd=queue.parent, user=user,
        group=user, extra_groups=[], env=lab_module.environment(),
        capture_output=True, text=True, timeout=HANG, check=False)


def rights(path):
    info = path.stat()
    return (pwd.getpwuid(info.st_uid).pw_name,
            grp.getgrgid(info.st_gid).gr_name, oct(info.st_mode & 0o777))


def test_socket_for_postfix_alone(start, queue):
    path = queue / "socket"
    shutil.chown(queue, "nobody")
    daemon = start(f'socketmap-listen = {{ "unix:{path}" }}\n'
                   'socket-owner = "postfix"\nsocket-group = "mail"\n'
                   'socket-mode = "0600"\nuser = "nobody"\n')
    assert rights(path) == ("postfix", "mail", "0o600")
    assert postmap(daemon, queue, "postfix").stdout == "dane\n"
    other = postmap(daemon, queue, "mail")
    assert other.stdout == "" and "Permission denied" in other.stderr
    # The user that the daemon has become can give nothing away, nor take it.
    text = daemon.config.read_text()
    for i, (old, new) in enumerate((
            ('"mail"', '"postfix"'), ('socket-owner = "postfix"\n', "")), 1):
        daemon.config.write_text(text.replace(old, new))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda i=i:
              daemon.log().count("the old configuration stays") == i)
        assert daemon.log().count("rights for it take a restart") == i
        assert rights(path) == ("postfix", "mail", "0o600")
    assert postmap(daemon, queue, "postfix").stdout == "dane\n"
    daemon.stop()
    assert not path.exists()


def test_reload_changes_the_rights_of_a_socket(start, queue):
    path = queue / "socket"
    config = f'socketmap-listen = {{ "unix:{path}" }}\n'
    daemon = start(config)
    assert rights(path) == ("root", "root", "0o666")
    for i, mode in enumerate(("0620", "0660"), 1):
        text = daemon.config.read_text().split("socket-group")[0]
        daemon.config.write_text(
            f'{text}socket-group = "mail"\nsocket-mode = {mode}\n')
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda i=i: daemon.log().count("reload: done") == i)
        assert rights(path) == ("root", "mail", oct(int(mode, 8)))
    assert "changed: socket-mode" in daemon.log()
    assert postmap(daemon, queue, "mail").stdout == "dane\n"
    # What is named no more is gone, too.
    text = daemon.config.read_text().split("socket-group")[0]
    for i, more in enumerate(('socket-owner = "postfix"\n', ""), 3):
        daemon.config.write_text(text + more)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda i=i: daemon.log().count("reload: done") == i)
        assert rights(path) == ("postfix" if more else "root", "root", "0o666")


@pytest.mark.parametrize("owner", ["root", "nobody"])
def test_sockets_belong_to_whom_the_daemon_becomes(start, queue, owner):
    """In root's directory, which only root can put them into, too."""
    path, control = queue / "socket", queue / "control"
    metrics = queue / "metrics"
    shutil.chown(queue, owner)
    daemon = start(f'socketmap-listen = {{ "unix:{path}" }}\n'
                   f'metrics-listen = {{ "unix:{metrics}" }}\n'
                   f'control-socket = "{control}"\nuser = "nobody"\n')
    assert rights(path) == ("nobody", "nogroup", "0o666")
    assert rights(control) == ("nobody", "nogroup", "0o660")
    assert rights(metrics) == ("nobody", "nogroup", "0o666")
    assert postmap(daemon, queue, "postfix").stdout == "dane\n"


# ---- life and death ----

def test_no_leak_under_valgrind(start):
    """What it or a sanitizer says fails the test, by sanitizers.py."""
    wrapper = () if lab_module.SANITIZED else lab_module.VALGRIND
    daemon = start(lab_module.deadlines(20, 50), wrapper=wrapper)
    keys = ["dane.d.nsec", "plain.nsec", "mxbogus.nsec", "two.d.nsec",
            "null.d.nsec", "alias.d.nsec", "plain.optout", "expired.nsec"]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(daemon.socketmap, keys))
    assert replies[:2] == ["OK dane", "OK may"]
    assert daemon.explain("two.d.nsec")["reply"] == "dane"
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "main: reload: done" in daemon.log())
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    with connect(), connect() as half:  # open when the end comes
        half.sendall(b"15:query")
        daemon.stop()


def test_built_in_configuration_runs_unprivileged(lab):
    """No file, no network: it starts, answers TEMP, and is not root."""
    daemon = lab_module.Daemon(lab, "bare")
    process = subprocess.Popen([daemon.program], stderr=subprocess.PIPE,
                               text=True)

    def is_root():  # it is until its sockets are bound
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            uids = next(line for line in file if line.startswith("Uid:"))
        return "0" in uids.split()[1:]
    try:
        until(lambda: not socket.socket().connect_ex(("127.0.0.1", 8642)))
        until(lambda: not is_root())
    finally:
        process.terminate()
        assert process.wait(HANG) == 0


def test_ends_in_order_with_requests_in_flight(start):
    """What is in flight is answered, or told TEMP; nobody is cut off."""
    daemon = start('zone "silent.nsec" { forward = { "10.53.77.7" } }\n')
    with connect() as connection:
        connection.sendall(netstring("silent.nsec"))
        until(lambda: json.loads(status(daemon))["lookups_in_flight"] > 0)
        daemon.process.terminate()
        assert b":TEMP postdane: " in connection.recv(4096)
        assert connection.recv(1) == b""
    assert daemon.process.wait(HANG) == 0


@pytest.fixture
def late(lab):
    """A forwarder that denies all names, after a second and a half."""
    def serve():
        while True:
            wire, client = server.recvfrom(4096)
            if not wire:
                return
            query = dns.message.from_wire(wire)
            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.NXDOMAIN)
            reply.authority.append(dns.rrset.from_text(
                "late.nsec.", 60, "IN", "SOA", ". . 1 2 3 4 60"))
            reply.flags |= dns.flags.RA
            timers.append(threading.Timer(1.5, server.sendto,
                                          (reply.to_wire(), client)))
            timers[-1].start()
    timers = []
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("10.53.77.8", 53))
    thread = threading.Thread(target=serve)
    thread.start()
    yield "10.53.77.8"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.sendto(b"", ("10.53.77.8", 53))
    thread.join()
    for timer in timers:
        timer.cancel()
        timer.join()
    server.close()


def test_ends_after_what_can_be_answered(start, late):
    """A question on its way when the end comes gets its own answer."""
    daemon = start(f'zone "late.nsec" {{ forward = {{ "{late}" }} '
                   'insecure = yes }\n')
    with connect() as connection, connect() as idle:
        connection.sendall(netstring("gone.late.nsec"))
        until(lambda: json.loads(status(daemon))["lookups_in_flight"] > 0)
        daemon.process.terminate()
        assert idle.recv(1) == b""
        with pytest.raises(OSError):
            connect().recv(1)  # nobody new
        assert connection.recv(4096) == b"6:OK may,"
        assert connection.recv(1) == b""
    assert daemon.process.wait(HANG) == 0


def proc(daemon, name):
    with open(f"/proc/{daemon.process.pid}/{name}", encoding="ascii") as file:
        return file.read()


def test_sandbox(start):
    """Sanitizers need more system calls: their builds have none."""
    daemon = start()
    words = proc(daemon, "status").split()
    assert words[words.index("Seccomp:") + 1] == ("0" if NO_SANDBOX else "2")
    assert words[words.index("NoNewPrivs:") + 1] == (
        "0" if NO_SANDBOX else "1")
    if not NO_SANDBOX:
        assert re.search(r"Max core file size +0 +0 ", proc(daemon, "limits"))
    if not lab_module.UNDER_VALGRIND:
        assert " rwx" not in proc(daemon, "maps")
    assert daemon.socketmap("dane.d.nsec") == "OK dane"


def test_no_sandbox(start):
    words = proc(start("sandbox = no\n"), "status").split()
    assert words[words.index("Seccomp:") + 1] == "0"


# ---- systemd ----

def run_as_systemd(daemon, sockets, environment):
    """With @sockets as descriptors 3 and up, and our process id named."""
    def dup():
        for i, sock in enumerate(sockets):
            os.dup2(sock.fileno(), 3 + i)
    return subprocess.Popen(
        ["/bin/sh", "-c", 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"', "sh",
         *daemon.wrapper, daemon.program, "-c", daemon.config],
        env=dict(os.environ, **environment), preexec_fn=dup,
        pass_fds=[3 + i for i in range(len(sockets))],
        stderr=open(daemon.log_path, "wb"))


def listening(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen()
    os.set_inheritable(sock.fileno(), True)
    return sock


def test_socket_activation(lab):
    """Sockets outlive the process: who connects meanwhile is answered."""
    daemon = lab_module.Daemon(lab, "activated", port=PORT)
    sockets = [listening(PORT), listening(PORT + 1)]
    names = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "socketmap:tcp-table"}
    for _ in range(2):
        with connect() as early, connect(PORT + 1) as tcp:
            early.sendall(b"17:query dane.d.nsec,")
            process = run_as_systemd(daemon, sockets, names)
            assert early.recv(4096) == b"7:OK dane,"
            tcp.sendall(b"get dane.d.nsec\n")
            assert tcp.recv(4096) == b"200 dane\n"
            process.send_signal(signal.SIGHUP)
            until(lambda: "main: reload: done" in daemon.log())
            with connect(PORT + 1) as late:
                for connection in (tcp, late):
                    connection.sendall(b"get absent.d.nsec\n")
                    assert connection.recv(4096) == b"200 may\n"
            process.terminate()
            assert process.wait(HANG) == 0
            for place in (f"socketmap on inet:127.0.0.1:{PORT}",
                          f"tcp_table on inet:127.0.0.1:{PORT + 1}"):
                assert f"listener: {place}\n" in daemon.log()
    for sock in sockets:
        sock.close()


def test_unknown_socket_is_refused(lab):
    daemon = lab_module.Daemon(lab, "activated", port=PORT)
    with listening(PORT + 7) as sock:
        process = run_as_systemd(daemon, [sock], {
            "LISTEN_FDS": "1", "LISTEN_FDNAMES": "what"})
        assert process.wait(HANG) == 1
    assert "must be socketmap, tcp-table or dns" in daemon.log()


def test_watchdog_is_fed(lab):
    daemon = lab_module.Daemon(lab, "watched", port=PORT)
    path = str(daemon.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(HANG)
        process = run_as_systemd(daemon, [], {
            "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        said = []
        while said.count(b"WATCHDOG=1") < 3:
            said.append(notify.recv(100))
        process.terminate()
        while b"STOPPING=1" not in said:
            said.append(notify.recv(100))
        assert process.wait(HANG) == 0
    assert said[0] == b"READY=1"


def test_systemd_is_told_how_it_fares(lab):
    """What systemctl status shows: that it waits, answers, or what was wrong
    with the last reload."""
    daemon = lab_module.Daemon(lab, "told", port=PORT)
    good = daemon.config.read_text()
    path = str(daemon.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(HANG)
        process = run_as_systemd(daemon, [], {"NOTIFY_SOCKET": path})

        def hears(what):
            while what not in (said := notify.recv(1000).decode()):
                assert said.startswith(("READY", "STATUS", "RELOADING"))

        def reloads(text):
            daemon.config.write_text(text)
            process.send_signal(signal.SIGHUP)

        hears("STATUS=Answering; 0 policy queries and 0 DNS questions so far")
        reloads(good + "no-such-option = 1\n")
        hears("STATUS=The old configuration stays: ")
        reloads(good)
        hears("STATUS=Answering; ")
        process.terminate()
        assert process.wait(HANG) == 0


# ---- configuration ----

def status(daemon):
    return subprocess.run(
        [daemon.command, "-s", daemon.control, "status", "--json"],
        capture_output=True, text=True, timeout=HANG, check=False).stdout


def check_config(daemon):
    return subprocess.run(
        [*daemon.wrapper, daemon.program, "-t", "-c", daemon.config],
        capture_output=True, text=True, timeout=HANG, check=False)


def test_check_of_a_good_file(lab):
    result = check_config(lab_module.Daemon(lab, "tested"))
    assert (result.returncode, result.stderr) == (0, "")
    assert "the configuration is valid" in result.stdout


@pytest.mark.parametrize("line,says", [
    ('lookup-deadlin = 3', "lookup-deadline"),
    ('lookup-deadline = 0', "lookup-deadline"),
    ('resolver-options = { "module-config: iterator" }', "module-config"),
    ('resolver-options = { "val-permissive-mode: yes" }',
     "val-permissive-mode"),
    ('trust-anchor = "/nonexistent"', "/nonexistent"),
    ('trust-anchor = "/etc"', "/etc"),
    ('root-hints = "/etc"', "/etc"),
    ('socket-owner = "nobody-at-all"', "socket-owner"),
    ('map "x" { no-dane-policy = perhaps }', "no-dane-policy"),
])
def test_check_of_a_bad_file(lab, line, says):
    daemon = lab_module.Daemon(lab, "tested", line + "\n")
    result = check_config(daemon)
    assert result.returncode == 1, result
    assert says in result.stderr
    assert f"{daemon.config}:" in result.stderr


def test_check_looks_at_the_directories_of_sockets(lab):
    """Nothing is made; and what is made at the start may be missing."""
    folder = lab_module.ROOM / "sockets"
    daemon = lab_module.Daemon(lab, "tested", config=f"""
socketmap-listen += {{ "unix:{folder}/socketmap" }}
user = "nobody"
""")
    result = check_config(daemon)
    assert result.returncode == 0
    assert (f"socketmap-listen: the directory {folder} does not exist now"
            in result.stderr)
    folder.mkdir()
    folder.chmod(0o755)
    assert check_config(daemon).stderr == ""
    assert list(folder.iterdir()) == []
    other = pathlib.Path("/tmp/no-such-directory-of-postdane")
    daemon.config.write_text(daemon.config.read_text().replace(
        str(folder), str(other)))
    line = daemon.config.read_text().split("\n").index(
        f'socketmap-listen += {{ "unix:{other}/socketmap" }}') + 1
    result = check_config(daemon)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"postdaned: {daemon.config}:{line}: socketmap-listen: the directory "
        f"{other} does not exist\n")


def test_check_finds_an_anchor_that_is_not_the_roots(lab):
    anchor = lab_module.ROOM / "foreign.key"
    anchor.write_text(". IN DS 4711 200 2 " + "ab" * 32 + "\n")
    result = check_config(
        lab_module.Daemon(lab, "tested", f'trust-anchor = "{anchor}"\n'))
    assert result.returncode == 1
    assert "trust-anchor: " in result.stderr


def test_reload_loses_no_query(start):
    daemon = start()
    stop = []

    def load(_):
        count = 0
        with connect() as connection:
            while not stop:
                assert ask(connection) == b"7:OK dane,"
                count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        counts = [pool.submit(load, i) for i in range(64)]
        for seconds in (20, 21, 22):
            text = daemon.config.read_text().split("evaluation-deadline")[0]
            daemon.config.write_text(
                f"{text}evaluation-deadline = {seconds}\n")
            before = daemon.log().count("main: reload: done")
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda b=before: daemon.log().count("main: reload: done") > b)
        stop.append(True)
        assert all(count.result(HANG) > 0 for count in counts)
    assert "reload: done, changed: evaluation-deadline" in daemon.log()


def test_reload_with_a_bad_file_changes_nothing(start):
    daemon = start()
    good = daemon.config.read_text()
    with connect() as connection:
        daemon.config.write_text(good + "no-dane-policy = perhaps\n")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "the old configuration stays" in daemon.log())
        assert ask(connection, "absent.d.nsec") == b"6:OK may,"
        daemon.config.write_text(good + "no-dane-policy = encrypt\n")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "reload: done, changed: no-dane-policy" in daemon.log())
        assert ask(connection, "absent.d.nsec") == b"10:OK encrypt,"


def test_reload_moves_listeners(start):
    daemon = start()
    with connect(PORT + 1) as old:
        text = daemon.config.read_text()
        daemon.config.write_text(text.replace(f":{PORT + 1}", f":{PORT + 2}"))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "main: reload: done" in daemon.log())
        with connect(PORT + 2) as new:
            for connection in (old, new):
                connection.sendall(b"get dane.d.nsec\n")
                assert connection.recv(4096) == b"200 dane\n"
    with pytest.raises(ConnectionRefusedError):
        connect(PORT + 1)


def test_reload_gives_connections_another_map(start):
    """Also those whose listener has gone."""
    daemon = start('map "a" { no-dane-policy = encrypt }\n'
                   'map "b" { no-dane-policy = notfound }\n'
                   'tcp-table-map = a\n')
    with connect(PORT + 1) as old:
        old.sendall(b"get absent.d.nsec\n")
        assert old.recv(4096) == b"200 encrypt\n"
        daemon.config.write_text(
            daemon.config.read_text().replace(f":{PORT + 1}", f":{PORT + 2}")
            .replace("tcp-table-map = a", "tcp-table-map = b"))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "main: reload: done" in daemon.log())
        with connect(PORT + 2) as new:
            for connection in (old, new):
                connection.sendall(b"get absent.d.nsec\n")
                assert connection.recv(4096).startswith(b"500 ")


# ---- the log ----

def ask_many(connection, keys):
    """All at once; returns the answers, one after the other."""
    connection.sendall(b"".join(map(netstring, keys)))
    answers = b""
    while answers.count(b",") < len(keys):
        answers += connection.recv(65536)
    return answers


def written_and_left(log, kind):
    """Lines that begin like this, and those that were only counted."""
    left = re.findall(rf"log: (\d+) more like this: {kind}", log)
    return (len(re.findall(rf"\npostdaned: {kind}", log)),
            sum(int(count) for count in left))


def test_nobody_fills_the_journal(start):
    """Neither by what is no request, nor by keys that need no lookup.  How many
    lines there may be depends on how long it has taken; a machine that is slow
    enough leaves none out."""
    begin = time.monotonic()
    daemon = start("log-level = info\n")
    for _ in range(300):
        assert b":PERM " in daemon.raw(b"rubbish")
    with connect() as connection:
        for i in range(60):
            answers = ask_many(connection, [f"a{i}x{n}.example:unheard-of"
                                            for n in range(100)])
            assert answers.count(b":TEMP ") == 100
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    daemon.stop()
    passed = time.monotonic() - begin
    log = daemon.log()
    written, left = written_and_left(log, "session: socketmap: ")
    assert written + left == 300
    assert 50 <= written <= 51 + passed * 30 / 60
    written, left = written_and_left(log, r"policy: key=a")
    assert written + left == 6000
    assert 2000 <= written <= 2001 + passed * 6000 / 60
    assert 'key=dane.d.nsec map=query reply="dane"' in log


def test_no_key_looks_like_a_field(start):
    daemon = start("log-level = debug\n")
    for key, name in (("a map=x reply=\"may\"", "query"), ("b c", "m=n")):
        daemon.socketmap(key, name)
    assert 'key="a map=x reply=?may?" map=query reply="' in daemon.log()
    assert 'key="b c" map="m=n" reply="' in daemon.log()


def test_debug_writes_everything(start):
    daemon = start()
    for _ in range(100):
        assert b":PERM " in daemon.raw(b"rubbish")
    daemon.stop()
    assert daemon.log().count("session: socketmap: ") == 100


# ---- numbers ----

def http(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:8644{path}",
                                    timeout=HANG) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_metrics_and_health(start):
    daemon = start('metrics-listen = { "inet:127.0.0.1:8644" }\n')
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    until(lambda: http("/healthz")[0] == 200)
    text = http("/metrics")[1]
    assert 'postdane_queries_total{protocol="socketmap"} 1' in text
    assert 'postdane_replies_total{reply="dane"} 1' in text
    assert "postdane_trust_path 1" in text
    assert json.loads(status(daemon))["trust"] == "alive"


@pytest.mark.parametrize("octets,code", [(7000, 200), (9000, 431)])
def test_a_request_has_an_end(start, octets, code):
    """Also where all of it comes at once."""
    daemon = start('metrics-listen = { "inet:127.0.0.1:8644" }\n')
    request = b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * (octets // 6)
    answer = daemon.raw(request + b"\r\n", 8644)
    assert answer.startswith(b"HTTP/1.1 %d " % code)


def test_a_reload_opens_only_what_has_changed(start):
    daemon = start('metrics-listen = { "inet:127.0.0.1:8644" }\n')
    before = daemon.control.stat().st_ino
    daemon.config.write_text(
        daemon.config.read_text().replace(":8644", ":8645"))
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "reload: done, changed: metrics-listen" in daemon.log())
    assert daemon.raw(b"GET /healthz HTTP/1.1\r\n\r\n", 8645)
    assert daemon.control.stat().st_ino == before


def test_a_reload_is_no_reason_for_alarm(start):
    """The new context proves its anchors; meanwhile all is as it was."""
    daemon = start('metrics-listen = { "inet:127.0.0.1:8644" }\n')
    until(lambda: http("/healthz")[0] == 200)
    for count in range(1, 4):
        daemon.process.send_signal(signal.SIGHUP)
        while daemon.log().count("main: reload: done") < count:
            assert http("/healthz") == (200, "ok\n")
        for _ in range(20):
            assert http("/healthz") == (200, "ok\n")


def test_health_without_trust(start):
    anchor = lab_module.ROOM / "foreign.key"
    anchor.write_text(". IN DS 4711 200 2 " + "ab" * 32 + "\n")
    daemon = start('metrics-listen = { "inet:127.0.0.1:8644" }\n'
                   f'trust-anchor = "{anchor}"\n')
    until(lambda: "no trust path" in daemon.log())
    code, text = http("/healthz")
    assert code == 503 and "anchor" in text
    assert "postdane_trust_path 0" in http("/metrics")[1]
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: "main: reload: " in daemon.log())
    assert http("/healthz")[0] == 503
