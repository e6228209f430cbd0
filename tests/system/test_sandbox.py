"""The daemon's sandbox: escape.c, run in it, tries what one that has been taken
over would try; and a daemon that does in it all that it has to do."""

import ctypes
import platform
import shutil
import signal
import subprocess

import pytest

import lab as lab_module
from lab import HANG, until

ESCAPE = lab_module.BUILD / "system/escape"
NO_SANDBOX = lab_module.SANITIZED or lab_module.UNDER_VALGRIND
CREATE_RULESET = 444  # landlock_create_ruleset(2), on every machine

# What is refused by which error; "landlock": where the kernel has it.
REFUSED = {
    "add-key": "EPERM", "alg": "EPERM", "ask-for-keyring": "EPERM",
    "clone-network": "EPERM", "clone-user": "EPERM",
    "clone3-user": "ENOSYS", "enter-namespace": "EPERM", "execute": "EPERM",
    "execute-memory-file": "EPERM", "handle-faults": "EPERM",
    "limits-of-others": "EPERM", "load-kernel": "EPERM",
    "load-program": "EPERM",
    "make-directory": "EPERM", "make-link": "EPERM",
    "make-second-name": "EPERM", "make-second-name-at": "EPERM",
    "make-set-id-file": "EPERM", "map-all": "EPERM", "mount": "EPERM",
    "multipath-tcp": "EPERM",
    "netlink-in-disguise": "EPERM", "netlink-netfilter": "EPERM",
    "netlink-route": "EPERM", "netlink-sock-diag": "EPERM",
    "open-by-handle": "EPERM",
    "packet": "EPERM", "ping": "EPERM", "protect-later": "EPERM",
    "queue-calls": "EPERM", "raw": "EPERM", "raw-v6": "EPERM",
    "read-process": "EPERM",
    "run-memory-file": "EPERM", "run-written-file": "EPERM",
    "sctp": "EPERM", "seal-memory-file": "EPERM",
    "select-console": "EPERM", "set-id": "EPERM", "set-id-of-open": "EPERM",
    "set-user": "EPERM", "set-users": "EPERM",
    "share-memory": "EPERM", "take-descriptor": "EPERM", "trace": "EPERM",
    "truncate-by-neither": "EPERM", "truncate-by-reading": "EPERM",
    "type-at-terminal": "EPERM", "type-in-disguise": "EPERM",
    "udp-lite": "EPERM", "unix-packets": "EPERM",
    "unshare-user": "EPERM", "vsock": "EPERM", "watch-events": "EPERM",
    "write-beside-sockets": "landlock", "write-device": "landlock",
    "write-elsewhere": "landlock", "write-own-memory": "EACCES",
    "write-process": "EPERM"}
if platform.machine() == "x86_64":
    # By the other tables of system calls; this ends the process.
    REFUSED |= {"call-i386": "SIGSYS", "call-x32": "SIGSYS"}
ALLOWED = ("all-sockets", "bind-socket", "fork", "own-limits", "write-state",
           "zones-in-memory")
# Nothing that nobody could do, or that every kernel has, without a sandbox.
NOT_EVERYWHERE = {"add-key", "alg", "ask-for-keyring", "call-i386",
                  "call-x32", "handle-faults", "load-kernel", "load-program",
                  "mount", "multipath-tcp", "open-by-handle", "packet", "ping",
                  "queue-calls", "raw", "raw-v6", "sctp", "take-descriptor",
                  "udp-lite", "vsock", "watch-events"}

pytestmark = pytest.mark.skipif(NO_SANDBOX, reason="no sandbox in this build")


def has_landlock():
    libc = ctypes.CDLL(None)
    return libc.syscall(CREATE_RULESET, None, 0, 1) > 0


@pytest.fixture
def room():
    """A folder of nobody's, who runs the attempts."""
    folder = lab_module.ROOM / "escape"
    for part in ("state", "sockets"):
        (folder / part).mkdir(parents=True)
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "nobody")
    yield folder
    shutil.rmtree(folder)


def attempt(room, where, name):
    result = lab_module.for_nobody(ESCAPE)(where, room / "state", name)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(room, name):
    error = REFUSED[name]
    if error == "landlock":
        error = "EACCES" if has_landlock() else "done"
    assert attempt(room, "caged", name) == error


@pytest.mark.parametrize("name", sorted(NOT_EVERYWHERE & set(REFUSED)))
def test_refused_to_root(room, name):
    """Nobody may be refused by the kernel itself; root is by the sandbox."""
    said = subprocess.run([ESCAPE, "caged", room / "state", name], check=True,
                          capture_output=True, text=True, timeout=HANG).stdout
    assert said.strip() == REFUSED[name]


@pytest.mark.parametrize("name", sorted(set(REFUSED) - NOT_EVERYWHERE))
def test_only_the_sandbox_refuses(room, name):
    assert attempt(room, "free", name) == "done"


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(room, name):
    assert attempt(room, "caged", name) == "done"


# ---- the daemon in it ----

@pytest.fixture
def daemon(lab, room):
    """It has become nobody, and writes to all its places."""
    running = lab_module.Daemon(
        lab, "caged", f'state-directory = "{room}/state"\nuser = "nobody"\n'
        f'control-socket = "{room}/sockets/control"\n'
        f'socketmap-listen = {{ "unix:{room}/sockets/map" }}\n'
        'metrics-listen = { "inet:127.0.0.1:8644" }\n'
        'zone "silent.nsec" { forward = { "10.53.77.7" } }\n')
    running.control = room / "sockets/control"
    running.start()
    yield running
    if running.process.poll() is None:
        running.stop()


def reload(daemon, *changes):
    """Returns what the log says from there on."""
    text = daemon.config.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    daemon.config.write_text(text)
    before = len(daemon.log())
    daemon.process.send_signal(signal.SIGHUP)
    until(lambda: any(end in daemon.log()[before:] for end in
                      ("main: reload: done", "the old configuration stays")))
    return daemon.log()[before:]


def policy(daemon, path, key):
    return daemon.postmap(key, f"socketmap:unix:{path}:query")


def test_the_daemon_does_its_work(daemon, room):
    """State, sockets, metrics, and all of it again after reloads."""
    until(lambda: (room / "state/root.key").exists())
    assert policy(daemon, room / "sockets/map", "dane.d.nsec") == "dane"
    said = reload(daemon, ("sockets/map", "sockets/other"),
                  ("sockets/control", "sockets/c"), (":8644", ":8645"),
                  ("silent.nsec", "dumb.nsec"))
    assert "reload: done" in said and "denied" not in said
    daemon.control = room / "sockets/c"
    assert policy(daemon, room / "sockets/other", "dane.d.nsec") == "dane"
    assert daemon.explain("two.d.nsec")["reply"] == "dane"
    assert b" 200 OK" in daemon.raw(b"GET /metrics HTTP/1.1\r\n\r\n", 8645)
    said = reload(daemon, ("10.53.77.7", "10.53.77.8"),
                  ('user = "nobody"', 'socket-mode = "0600"\nuser = nobody'))
    assert "reload: done" in said and "denied" not in said
    assert (room / "sockets/other").stat().st_mode & 0o777 == 0o600
    assert policy(daemon, room / "sockets/other", "dane.d.nsec") == "dane"
    daemon.stop()
    assert not list((room / "sockets").iterdir())
    assert "dane.d.nsec" in (room / "state/busy-next-hops").read_text()
    # Whatever else would have been refused is in no line.
    log = daemon.log()
    assert "not permitted" not in log and "denied" not in log


def test_a_reload_cannot_widen_it(daemon, room):
    """It says why, and the daemon goes on."""
    new = room / "new"
    new.mkdir()
    shutil.chown(new, "nobody")
    said = reload(daemon, (f"unix:{room}/sockets/map", f"unix:{new}/map"))
    if not has_landlock():
        assert "reload: done" in said
        return
    assert (f"the sandbox was not made for writing in {new}: this takes a "
            "restart") in said
    assert "the old configuration stays" in said
    assert policy(daemon, room / "sockets/map", "dane.d.nsec") == "dane"
    daemon.stop()
    daemon.start()
    assert policy(daemon, new / "map", "dane.d.nsec") == "dane"


def test_the_log_says_that_there_is_no_landlock(daemon):
    assert ("main: no Landlock here" in daemon.log()) != has_landlock()
