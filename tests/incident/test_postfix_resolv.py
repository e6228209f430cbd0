"""postfix-conf/postfix-resolv, where what it asks fails, lies or is hostile: it
runs as root, unwatched, beside the machine's own resolv.conf."""

import itertools
import os
import pathlib
import re
import subprocess
import threading
import time

import pytest

import machine as machine_module
from machine import LISTENER, QUEUE, SYSTEM, name_servers

NUMBERS = itertools.count()
TEMPLATE = (machine_module.CONF / "resolv.conf").read_text()
COPY = f"{QUEUE}/etc/resolv.conf"
OURS = "etc/postdane/postfix/resolv.conf"


@pytest.fixture(scope="module", autouse=True)
def listener():
    running = machine_module.Listener()
    yield running
    running.stop()


@pytest.fixture(params=["dash", "bash"])
def both(request):
    """A machine of each /bin/sh."""
    created = machine_module.Machine(f"{next(NUMBERS)}", request.param)
    yield created
    created.remove()


@pytest.fixture
def machine():
    created = machine_module.Machine(f"{next(NUMBERS)}")
    yield created
    created.remove()


# ---- what Postfix says ----

def says(text, status=0):
    return f"#!/bin/sh\nprintf '{text}'\nexit {status}\n"


POSTCONFS = {
    "fails": "#!/bin/sh\nexit 1\n",
    "fails after it has spoken": says("/var/spool/postfix\\n", 1),
    "empty": says(""),
    "empty line": says("\\n"),
    "root": says("/\\n"),
    "root again": says("//\\n"),
    "root by a dot": says("/.\\n"),
    "root by the way": says("/etc/..\\n"),
    "root by a link": says("/fake/link\\n"),
    "root by proc": says("/proc/self/root\\n"),
    "relative": says("var/spool/postfix\\n"),
    "two lines": says("/var/spool/postfix\\n/\\n"),
    "no line": says("/var/spool/postfix"),
    "NUL": says("/var/spool/postfix\\000/\\n"),
    "variable": says("$config_directory/spool\\n"),
    "blank": says("/var/spool/post fix\\n"),
    "escape": says("/var/spool/postfix\\\\012/\\n"),
    "option": says("-rf\\n"),
    "not there": says("/nowhere\\n"),
    "a file": says("/etc/passwd\\n"),
    "endless": "#!/bin/sh\nexec yes /\n",
}


@pytest.mark.parametrize("what", POSTCONFS)
def test_a_postconf_that_lies(machine, what):
    """The system's file, and Postfix's, stay what they are."""
    machine.installed()
    machine.path("fake/link").symlink_to("/")
    machine.write(COPY, SYSTEM)
    before = machine.ours
    machine.program("fake/bin/postconf", POSTCONFS[what])
    for command in ("refresh", "status", "install --yes", "upgrade",
                    "uninstall --yes"):
        result = machine.resolv(*command.split())
        assert not machine.path("etc/resolv.conf").is_symlink()
        assert machine.bytes_of("etc/resolv.conf") == SYSTEM.encode(), command
        assert machine.copy == SYSTEM.encode()
        assert result.returncode in (1, 3), (command, result.text)
        if command != "uninstall --yes":
            assert machine.ours == before
    # It can be taken away nevertheless, but for the chroot's copy.
    assert machine.ours is None
    assert "was left as it is" in result.text


@pytest.mark.parametrize("link", [False, True])
def test_an_absent_postconf(both, link):
    """Postfix was removed, and the watch goes on."""
    both.installed()
    if link:
        both.path("etc/resolv.conf").unlink()
        both.write("run/net/resolv.conf", SYSTEM)
        both.path("etc/resolv.conf").symlink_to("/run/net/resolv.conf")
    both.path("fake/bin/postconf").unlink()
    result = both.resolv("refresh")
    assert both.path("etc/resolv.conf").is_symlink() == link
    assert both.system == SYSTEM.encode()
    assert result.returncode == 0 and "no Postfix" in result.text
    assert both.resolv("status").returncode == 3
    result = both.resolv("uninstall", "--yes")
    assert both.path("etc/resolv.conf").is_symlink() == link
    assert both.system == SYSTEM.encode()
    assert both.ours is None


def test_a_postconf_that_hangs(machine):
    machine.installed()
    machine.write(COPY, SYSTEM)
    machine.program("fake/bin/postconf", "#!/bin/sh\nexec sleep 1000\n")
    assert machine.resolv("refresh").returncode == 3
    assert machine.system == SYSTEM.encode()
    assert machine.copy == SYSTEM.encode()


# ---- what the system says ----

HOSTILE = {
    "decimal escapes": "search corp.example\\012nameserver\\0118.8.8.8\n",
    "newline": "search corp.example\\nnameserver 8.8.8.8\n",
    "newline and tab": "search corp.example\\nnameserver\\t8.8.8.8\n",
    "octal": "search a\\0012nameserver\\00118.8.8.8\n",
    "hexadecimal": "search a\\x0anameserver\\x098.8.8.8\n",
    "end of output": "search a\\c\n",
    "domain": "domain corp.example\\012nameserver\\0118.8.8.8\n",
    "two": "nameserver 192.0.2.1\nnameserver 8.8.8.8\nsearch a.example\n",
    "option": "options ndots:2\\nnameserver\\t8.8.8.8\n",
    "options": "options ndots:1 timeout:1 rotate edns0 no-aaaa attempts:1\n",
    "percent": "search %s%n%d.example\n",
    "command": "search $(touch${IFS}/fake/owned) `touch /fake/owned`\n",
    "glob": "search *\n",
    "option of a command": "search -n -e\n",
    "carriage return": "search a.example\rnameserver 8.8.8.8\n",
    "vertical tab": "search a.example\vnameserver\v8.8.8.8\n",
    "escape sequence": "search \x1b[2Ja.example\n",
    "long name": f"search {'a' * 300}\n",
    "many names": "search" + " a.example" * 400 + "\n",
    "one long line": "search " + "a" * 1_000_000 + "\n",
    "many lines": "search a\\nnameserver\\t8.8.8.8\n" * 1500,
    "no end": "search a.example",
    "NUL": b"search a.example\0\nnameserver 8.8.8.8\n",
    "beyond ASCII": "search a.example\xa0nameserver\n".encode("latin-1"),
    "nameserver as a name": "search nameserver 8.8.8.8\n",
    "empty": "",
}
KEPT = {
    "two": "search a.example", "no end": "search a.example",
    "option of a command": "search -n -e", "options": "options ndots:1",
    "nameserver as a name": "search nameserver 8.8.8.8"}


def assert_lines_are_known(text, what):
    assert name_servers(text) == [LISTENER]
    added = text.decode().removeprefix(TEMPLATE).splitlines()
    assert added == [KEPT[what]] if what in KEPT else not added


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_system_file(both, what):
    system = HOSTILE[what]
    system = system if isinstance(system, bytes) else system.encode()
    both.write("etc/resolv.conf", system)
    result = both.resolv("install", "--yes")
    if both.ours is not None:
        assert_lines_are_known(both.ours, what)
    else:
        assert result.returncode == 3
    both.write("etc/resolv.conf", SYSTEM)
    both.installed()
    both.write("etc/resolv.conf", system)
    assert both.resolv("refresh").returncode in (0, 3)
    assert_lines_are_known(both.ours, what)
    assert both.copy == both.ours
    assert both.bytes_of("etc/resolv.conf") == system
    assert not both.path("fake/owned").exists()


def test_what_an_older_version_let_in_is_mended(both):
    both.installed()
    with both.path(OURS).open("ab") as file:
        file.write(b"search a\nnameserver\t8.8.8.8\n")
    assert "does not name 127.0.0.25 alone" in both.resolv("status").text
    assert both.resolv("refresh").returncode == 0
    assert name_servers(both.ours) == [LISTENER]
    assert "postfix reload" in both.calls
    assert both.resolv("status").returncode == 0


def test_search_is_followed(both):
    both.installed()
    inode = both.path(OURS).stat().st_ino
    both.write("etc/resolv.conf", SYSTEM + "search a.example\n"
               "search b.example\tc.example\noptions ndots:2 ndots:3\n")
    result = both.resolv("status")
    assert result.returncode == 1 and "search, domain" in result.text
    assert both.resolv("refresh").returncode == 0
    assert both.ours.decode() == TEMPLATE + (
        "search b.example c.example\noptions ndots:3\n")
    assert both.resolv("status").returncode == 0
    both.write("etc/resolv.conf", SYSTEM)
    assert both.resolv("refresh").returncode == 0
    assert both.ours.decode() == TEMPLATE
    assert both.path(OURS).stat().st_ino == inode
    assert both.seen_by_postfix() == both.copy == both.ours
    assert not both.restarts
    assert both.calls.count("postfix reload") == 2


def test_no_system_file(machine):
    """As for a moment while a link is made anew."""
    machine.installed()
    machine.path("etc/resolv.conf").unlink()
    before = machine.ours
    assert machine.resolv("refresh").returncode == 3
    assert machine.ours == before
    machine.run("mkfifo", "/etc/resolv.conf")
    assert machine.resolv("refresh").returncode == 3
    assert machine.ours == before


# ---- what the running Postfix sees ----

@pytest.mark.parametrize("link", ["/run/net/resolv.conf",
                                  "../run/net/resolv.conf"])
def test_links_lead_where_postfix_is_led(both, link):
    both.write("run/net/resolv.conf", SYSTEM)
    both.path("etc/resolv.conf").unlink()
    both.path("etc/resolv.conf").symlink_to(link)
    both.installed()
    for _ in range(3):
        assert both.resolv("refresh").returncode == 0
    assert not both.restarts
    assert both.resolv("status").returncode == 0
    assert both.path("etc/resolv.conf").is_symlink()
    assert both.system == SYSTEM.encode()


def test_a_lost_binding_costs_one_restart(both):
    both.installed()
    both.start_postfix("none")
    assert both.seen_by_postfix() == SYSTEM.encode()
    result = both.resolv("status")
    assert result.returncode == 1 and "sees another" in result.text
    assert both.resolv("refresh").returncode == 0
    assert both.restarts == ["try-restart postfix@-.service"]
    assert both.seen_by_postfix() == both.ours
    assert both.resolv("status").returncode == 0


def test_a_restart_that_does_not_help_is_not_repeated(both):
    both.installed()
    both.write("fake/broken", "")
    both.start_postfix("none")
    for _ in range(3):
        result = both.resolv("refresh")
        assert result.returncode == 1
        assert both.copy == both.ours
    assert "a restart has not helped" in result.text
    assert len(both.restarts) == 1
    # Well again, and lost again: that is another cause.
    both.path("fake/broken").unlink()
    both.start_postfix()
    assert both.resolv("refresh").returncode == 0
    both.start_postfix("none")
    assert both.resolv("refresh").returncode == 0
    assert len(both.restarts) == 2


@pytest.mark.parametrize("units, type_, restarted", [
    ("postfix@-.service postfix.service", "oneshot", "postfix@-.service"),
    ("postfix.service", "forking", "postfix.service"),
    ("postfix.service postfix@second.service", "forking",
     "postfix.service postfix@second.service"),
    ("postfix.service evil;x.service", "forking", "postfix.service"),
])
def test_units_of_debian_12_and_13(both, units, type_, restarted):
    both.write("fake/units", "".join(f"{unit} loaded active running x\n"
                                     for unit in units.split()))
    both.write("fake/type", f"{type_}\n")
    both.start_postfix("none")
    result = both.resolv("install", "--yes")
    assert result.returncode == 0 and "done" in result.text, result.text
    assert both.restarts == [f"try-restart {restarted}"]
    assert both.seen_by_postfix() == both.ours
    assert both.resolv("uninstall", "--yes").returncode == 0
    assert both.seen_by_postfix() == both.copy == SYSTEM.encode()


def test_install_does_not_say_done_where_it_is_not(both):
    both.write("fake/broken", "")
    both.start_postfix()
    result = both.resolv("install", "--yes")
    assert result.returncode == 1
    assert "the running Postfix sees another" in result.text
    assert "done" not in result.text


def test_postfix_does_not_run(both):
    """As at boot, when the chroot's copy has just been written."""
    both.installed()
    both.stop_postfix()
    both.write(COPY, SYSTEM)
    both.program("fake/bin/postfix", "#!/bin/sh\necho $* >>/fake/calls; exit 1")
    result = both.resolv("refresh")
    assert result.returncode == 0 and "it is mended" in result.text
    assert both.copy == both.ours
    assert not both.calls and not both.restarts


def pretend(machine, *command):
    """A process whose number is in Postfix's file, in a namespace of its own."""
    machine.stop_postfix()
    process = subprocess.Popen(
        ["chroot", machine.root, "unshare", "-m", "sh", "-c", *command],
        stdin=subprocess.DEVNULL, start_new_session=True)
    machine.write("fake/master", f"{process.pid}\n")
    machine.write(f"{QUEUE}/pid/master.pid", f"{process.pid:10}\n")
    deadline = time.monotonic() + machine_module.SECONDS
    comm = pathlib.Path(f"/proc/{process.pid}/comm")
    while comm.read_text() not in ("master\n", "sleep\n"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


PRETENDERS = {
    "user": "mount --bind /fake/odd /etc/resolv.conf; exec setpriv --reuid="
            "65534 --clear-groups /usr/lib/postfix/sbin/master 10000",
    "another program": "mount --bind /fake/odd /etc/resolv.conf; "
                       "exec sleep 10000",
    "set-id program": "mount --bind /fake/odd /etc/resolv.conf; exec setpriv "
                      "--ruid=65534 /usr/lib/postfix/sbin/master 10000",
}


@pytest.mark.parametrize("odd", ["pipe", "endless"])
@pytest.mark.parametrize("who", PRETENDERS)
def test_a_number_is_not_enough(machine, who, odd):
    machine.installed()
    odd_file(machine, odd)
    process = pretend(machine, PRETENDERS[who])
    try:
        result = machine.resolv("refresh")
        assert result.returncode == 0, result.text
        assert not machine.restarts
    finally:
        process.kill()
        process.wait()


def odd_file(machine, odd):
    if odd == "pipe":
        machine.run("mkfifo", "/fake/odd")
    else:
        machine.path("fake/odd").symlink_to("/dev/zero")


@pytest.mark.parametrize("odd, status, restarts", [
    ("pipe", 3, 0), ("endless", 0, 1)])
def test_master_sees_something_odd(machine, odd, status, restarts):
    """It ends, with memory and time that are bounded."""
    machine.installed()
    odd_file(machine, odd)
    process = pretend(machine, "mount --bind /fake/odd /etc/resolv.conf; "
                      "exec /usr/lib/postfix/sbin/master 10000")
    try:
        result = machine.resolv("refresh")
        assert result.returncode == status, result.text
        assert len(machine.restarts) == restarts
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("text", [
    b"", b"0\n", b"-1\n", b"1 2\n", b"99999999999999999999\n", b"../1\n",
    b"1\0\n", b"a" * 100_000])
def test_a_pid_file_with_something_else(machine, text):
    machine.installed()
    machine.write(f"{QUEUE}/pid/master.pid", text)
    assert machine.resolv("refresh").returncode == 0
    assert not machine.restarts


# ---- the chroot's copy ----

def test_a_copy_that_is_a_link_is_replaced(both):
    both.installed()
    both.path(COPY).unlink()
    both.path(COPY).symlink_to("/etc/resolv.conf")
    assert both.resolv("refresh").returncode == 0
    assert not both.path(COPY).is_symlink()
    assert both.copy == both.ours
    assert both.system == SYSTEM.encode()


@pytest.mark.parametrize("link", ["/" + COPY, "../" + COPY])
@pytest.mark.parametrize("command", ["refresh", "install"])
def test_a_copy_that_is_the_systems_own_file_stays(machine, link, command):
    machine.installed()
    machine.write(COPY, SYSTEM)
    machine.path("etc/resolv.conf").unlink()
    machine.path("etc/resolv.conf").symlink_to(link)
    result = machine.resolv(command, *(["--yes"] if command == "install"
                                       else []))
    assert machine.system == SYSTEM.encode()
    assert result.returncode == 3, result.text


@pytest.mark.parametrize("mode, owner", [(0o777, 0), (0o775, 0), (0o755, 2)])
def test_a_folder_of_others_is_not_written_to(machine, mode, owner):
    machine.installed()
    folder = machine.path(QUEUE, "etc")
    machine.write(COPY, SYSTEM)
    folder.chmod(mode)
    os.chown(folder, owner, 0)
    assert machine.resolv("refresh").returncode == 3
    assert machine.copy == SYSTEM.encode()
    assert machine.resolv("status").returncode == 3


def test_the_systems_folder_is_no_chroot(machine):
    machine.installed()
    machine.run("rm", "-r", f"/{QUEUE}/etc")
    machine.path(QUEUE, "etc").symlink_to("/etc")
    assert machine.resolv("refresh").returncode == 3
    assert machine.bytes_of("etc/resolv.conf") == SYSTEM.encode()


def test_no_chroot_no_copy(machine):
    machine.installed()
    machine.path(COPY).unlink()
    assert machine.resolv("refresh").returncode == 0
    assert machine.copy is None


def test_another_queue_is_watched(machine):
    machine.program("fake/bin/postconf", machine_module.POSTCONF.replace(
        "/var/spool/postfix", "/srv/queue"))
    machine.path("srv/queue/pid").mkdir(parents=True)
    machine.write("srv/queue/etc/resolv.conf", SYSTEM)
    drop_in = "etc/systemd/system/postdane-postfix-resolv.path.d/queue.conf"
    assert machine.resolv("install", "--yes").returncode == 0
    assert machine.bytes_of(drop_in) == (
        b"[Path]\nPathChanged=/srv/queue/etc/resolv.conf\n")
    machine.path(drop_in).unlink()
    assert "does not watch" in machine.resolv("status").text
    assert machine.resolv("install", "--yes").returncode == 0
    assert machine.resolv("uninstall", "--yes").returncode == 0
    assert not machine.path(drop_in).parent.exists()


# ---- full disks, two at a time, and ends in the middle ----

def small_disk(machine, place, octets=8192, keep=True):
    """@place moves to a disk that has room for no more than @octets."""
    path = machine.path(place)
    kept = {entry.name: entry.read_bytes() for entry in path.iterdir() if keep}
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={octets}",
                    "none", path], check=True)
    for name, text in kept.items():
        (path / name).write_bytes(text)


def filled(machine, place):
    with machine.path(place, "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass


LONG = "search " + " ".join(f"{i:02}{'a' * 240}.example" for i in range(20))


@pytest.mark.parametrize("full", [False, True])
def test_a_full_disk_leaves_what_was_there(both, full):
    both.installed()
    small_disk(both, "etc/postdane/postfix")
    both.stop_postfix()
    both.start_postfix()
    inode, before = both.path(OURS).stat().st_ino, both.ours
    if full:
        filled(both, "etc/postdane/postfix")
    both.write("etc/resolv.conf", f"{SYSTEM}{LONG}\n")
    result = both.resolv("refresh")
    assert result.returncode == 3 and "can't be written" in result.text
    assert both.ours == before
    assert both.path(OURS).stat().st_ino == inode
    assert both.resolv("install", "--yes").returncode == 3
    assert both.ours == before == both.seen_by_postfix()


@pytest.mark.parametrize("place", [f"{QUEUE}/etc",
                                   "run/postdane-postfix-resolv"])
def test_a_full_disk_elsewhere(both, place):
    both.installed()
    both.write(COPY, SYSTEM)
    small_disk(both, place, keep=place.startswith(QUEUE))
    both.path(place).chmod(0o755)
    filled(both, place)
    before = both.ours
    result = both.resolv("refresh")
    assert result.returncode == 3, result.text
    assert both.copy == SYSTEM.encode()
    assert both.ours == before


def test_nobody_finds_it_empty_or_half_written(machine):
    """A reader looks all the time while it gets longer and shorter."""
    machine.installed()
    path = machine.path(OURS)
    wrong, done, reads = [], threading.Event(), [0]

    def read():
        while not done.is_set():
            text = path.read_bytes()
            reads[0] += 1
            if name_servers(text) != [LISTENER] or b"trust-ad" not in text:
                wrong.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for search in (f"{LONG}\n", "", "search a\n", f"{LONG}\n" * 2,
                       "search b.example\n", "") * 3:
            machine.write("etc/resolv.conf", SYSTEM + search)
            result = machine.resolv("install", "--yes")
            assert result.returncode == 0, result.text
    finally:
        done.set()
        reader.join()
    assert reads[0] > 1000
    assert not wrong


def test_several_at_a_time(both):
    both.installed()
    both.start_postfix("none")
    both.write("etc/resolv.conf", f"{SYSTEM}search a.example\n")
    results = []

    def refresh():
        results.append(both.resolv("refresh"))

    threads = [threading.Thread(target=refresh) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.returncode for result in results] == [0] * 6
    assert len(both.restarts) == 1
    assert both.resolv("status").returncode == 0


# Where no more than a second is waited for the other one.
FLOCK = """#!/bin/sh
[ "$1" != -w ] || { shift 2; set -- -w 1 "$@"; }
exec /usr/bin/flock "$@"
"""


def test_the_package_stays_while_postfix_needs_it(machine):
    """Another postfix-resolv that hangs keeps this one from its work."""
    machine.installed()
    machine.program("fake/bin/flock", FLOCK)
    machine.write("prerm", pathlib.Path("debian/postdane.prerm").read_text())
    holder = subprocess.Popen(
        ["flock", machine.path("run/postdane-postfix-resolv/lock"), "cat"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdin.write(b"x")
    holder.stdin.flush()
    assert holder.stdout.read(1) == b"x"        # it has the lock
    result = machine.run("sh", "/prerm", "remove")
    assert result.returncode == 1
    assert b"waiting for another postfix-resolv" in result.stdout
    assert b"another postfix-resolv does not end" in result.stderr
    assert b"the package is not removed" in result.stderr
    assert name_servers(machine.ours) == [LISTENER]
    assert name_servers(machine.seen_by_postfix()) == [LISTENER]
    holder.communicate()
    result = machine.run("sh", "/prerm", "remove")
    assert result.returncode == 0, result.stderr
    assert machine.ours is None
    assert machine.seen_by_postfix() == SYSTEM.encode()
    # Where it was not installed there is nothing to do.
    assert machine.run("sh", "/prerm", "remove").returncode == 0


# The Nth program that the script starts is not run: all of it is killed.  Those
# of a pipe start together.
STEP = """#!/bin/dash
exec 8>>/fake/steps.lock
/usr/bin/flock 8
read -r n </fake/step
echo $((n + 1)) >/fake/step
if [ $((n + 1)) = "$(/usr/bin/cat /fake/last)" ]; then
	kill -KILL $(/usr/bin/cat /fake/main)
	kill -KILL 0
fi
exec 8>&-
export PATH=/fake/bin:/usr/sbin:/usr/bin:/sbin:/bin
exec %s "$@"
"""
PROGRAMS = ("awk bash cat chmod chroot cmp dd dirname flock grep head id mkdir "
            "mv readlink rm rmdir sed sha256sum stat sync timeout touch tr "
            "truncate wc").split()
FAKES = ("postconf", "postdane", "postfix", "systemctl")


def in_steps(machine, last, *arguments):
    """Returns whether it came to its end before step @last."""
    machine.write("fake/step", "0\n")
    machine.write("fake/last", f"{last}\n")
    machine.run("env", "PATH=/fake/steps:/usr/sbin:/usr/bin:/sbin:/bin",
                "dash", "-c", 'echo $$ >/fake/main; exec "$@"', "dash",
                machine.script, *arguments, start_new_session=True)
    return int(machine.bytes_of("fake/step")) < last


def make_steps(machine):
    for name in PROGRAMS:
        machine.program(f"fake/steps/{name}", STEP % f"/usr/bin/{name}")
    for name in FAKES:
        machine.program(f"fake/steps/{name}", STEP % f"/fake/bin/{name}")


def assert_nothing_is_broken(machine, texts):
    """Postfix can start, and asks nobody else by what we have written."""
    drop_ins = list(machine.path("etc/systemd/system").glob(
        "postfix*.service.d/postdane.conf"))
    assert machine.bytes_of("etc/resolv.conf") == texts["system"]
    assert machine.ours is not None or not drop_ins
    if machine.ours is not None:
        assert name_servers(machine.ours) == [LISTENER]
        assert machine.ours.rstrip() in texts["ours"]
    assert machine.copy in (*texts["ours"], *texts["systems"]) or \
        machine.copy.rstrip() in texts["ours"]


def walk(machine, prepare, *arguments):
    """@prepare and the command, killed at each step; and, after that, once
    more to its end."""
    make_steps(machine)
    new = f"{SYSTEM}search a.example\n"
    texts = {"system": new.encode(), "systems": (SYSTEM.encode(), new.encode()),
             "ours": [TEMPLATE.encode().rstrip(),
                      f"{TEMPLATE}search a.example".encode(),
                      TEMPLATE.encode(),
                      f"{TEMPLATE}search a.example\n".encode()]}
    for last in itertools.count(1):
        prepare()
        machine.write("etc/resolv.conf", new)
        ended = in_steps(machine, last, *arguments)
        assert_nothing_is_broken(machine, texts)
        if ended:
            return last


def test_refresh_is_killed_at_each_step(machine):
    machine.installed()

    def prepare():
        machine.path(OURS).write_text(TEMPLATE)
        machine.write(COPY, SYSTEM)

    assert walk(machine, prepare, "refresh") > 40
    assert machine.resolv("refresh").returncode == 0
    assert machine.resolv("status").returncode == 0
    assert not list(machine.root.glob("etc/postdane/postfix/*-new"))


def test_install_is_killed_at_each_step(machine):
    machine.start_postfix()

    def prepare():
        machine.run("rm", "-rf", "/etc/postdane/postfix",
                    "/etc/systemd/system/postfix.service.d",
                    "/etc/systemd/system/postfix@.service.d")
        machine.write(COPY, SYSTEM)

    assert walk(machine, prepare, "install", "--yes") > 60
    assert machine.resolv("status").returncode == 0


def test_uninstall_is_killed_at_each_step(machine):
    machine.installed()

    def prepare():
        machine.write(OURS, TEMPLATE)
        for unit in ("postfix", "postfix@"):
            machine.write(f"etc/systemd/system/{unit}.service.d/postdane.conf",
                          (machine_module.CONF / "postdane.conf").read_text())
        machine.write(COPY, TEMPLATE)

    assert walk(machine, prepare, "uninstall", "--yes") > 20
    assert machine.ours is None
    assert machine.seen_by_postfix() == machine.copy == machine.system


def test_upgrade_is_killed_at_each_step(machine):
    machine.installed()
    units = "etc/systemd/system"

    def prepare():
        machine.write(f"{units}/postdane-postfix-resolv.path", OLD_PATH)
        machine.write(f"{units}/postdane-postfix-resolv.service", OLD_SERVICE)
        machine.run("rm", "-rf", f"/{units}/postfix.service.d")
        machine.write(OURS, TEMPLATE)
        machine.write(COPY, SYSTEM)

    assert walk(machine, prepare, "upgrade") > 60
    assert not list(machine.path(units).glob("postdane-postfix-resolv.*"))
    assert machine.path(units, "postfix.service.d/postdane.conf").exists()
    assert machine.resolv("status").returncode == 0


# ---- install, upgrade ----

def test_asks_the_listener_before_all_else(both, listener):
    """dns-listen was forgotten: no advice about names then."""
    listener.stop()
    try:
        result = both.resolv("install", "--yes")
    finally:
        listener.start()
    assert result.returncode == 3
    assert "is dns-listen set, and was postdane restarted?" in result.text
    assert not both.calls
    assert both.ours is None
    assert not list(both.path("etc/systemd/system").glob("post*"))


def test_uninstall_gives_all_back(both):
    both.installed()
    assert both.resolv("uninstall", "--yes").returncode == 0
    assert both.ours is None
    assert both.seen_by_postfix() == both.copy == SYSTEM.encode()
    assert not list(both.path("etc/systemd/system").glob("post*.d"))
    assert both.resolv("uninstall", "--yes").returncode == 1


OLD_PATH = """# Replacing /etc/resolv.conf by a rename detaches the private bind mount without
# a word, and hooks of the network scripts write the system's file into Postfix's
# chroot: look after both.
[Unit]
Description=Watch over the resolver that Postfix uses

[Path]
PathChanged=/etc/resolv.conf
PathChanged=/var/spool/postfix/etc/resolv.conf
Unit=postdane-postfix-resolv.service

[Install]
WantedBy=multi-user.target
"""
OLD_SERVICE = """[Unit]
Description=Give Postfix its resolver back
After=postdane.service
StartLimitIntervalSec=60
StartLimitBurst=20

[Service]
Type=oneshot
ExecStart=/usr/lib/postdane/postfix-resolv refresh
"""


def test_copies_of_older_versions_go(both):
    both.installed()
    folder = both.path("etc/systemd/system")
    both.write("etc/systemd/system/postdane-postfix-resolv.path", OLD_PATH)
    both.write("etc/systemd/system/postdane-postfix-resolv.service",
               OLD_SERVICE)
    both.run("rm", "-r", "/etc/systemd/system/postfix.service.d")
    with both.path(OURS).open("ab") as file:
        file.write(b"nameserver\t8.8.8.8\n")
    assert both.resolv("upgrade").returncode == 0
    assert not list(folder.glob("postdane-postfix-resolv.*"))
    assert (folder / "postfix.service.d/postdane.conf").exists()
    assert name_servers(both.ours) == [LISTENER]
    # What somebody has changed is theirs.
    both.write("etc/systemd/system/postdane-postfix-resolv.service",
               OLD_SERVICE + "Nice=10\n")
    assert "was changed" in both.resolv("upgrade").text
    assert (folder / "postdane-postfix-resolv.service").exists()


def test_usage(machine):
    assert machine.resolv().returncode == 2
    assert machine.resolv("frobnicate").returncode == 2
    assert machine.resolv("refresh").returncode == 1
    assert machine.resolv("status").returncode == 1
    assert machine.resolv("install", "--yse").returncode == 2
    assert machine.resolv("refresh", "--yes").returncode == 2


@pytest.mark.parametrize("arguments", [
    ["--help"], ["-h"], ["help"], ["install", "--help"],
    ["uninstall", "--yes", "--help"]], ids=" ".join)
def test_help_changes_nothing(machine, arguments):
    result = machine.resolv(*arguments)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.startswith(b"usage: postfix-resolv install ")
    assert machine.ours is None
    assert not machine.path("run/postdane-postfix-resolv").exists()


def test_it_names_a_manual_that_is_there():
    wrong = subprocess.run(["postfix-conf/postfix-resolv"], text=True,
                           capture_output=True, timeout=60, check=False)
    assert wrong.returncode == 2
    named = re.search(r"postfix-resolv: see (/.*)\n", wrong.stderr)[1]
    assert "## Postfix's resolver\n" in pathlib.Path(named).read_text()


# ---- what changes while it works, and who owns what is above ----

def test_the_unit_was_reloading_at_that_moment(machine):
    """systemctl list-units --state=active leaves out what is reloading."""
    machine.installed()
    machine.start_postfix("none")
    units = machine.bytes_of("fake/units")
    machine.write("fake/units", "")
    machine.resolv("refresh")
    machine.write("fake/units", units)
    for _ in range(3):
        machine.resolv("refresh")
    assert machine.seen_by_postfix() == machine.ours


def test_another_copy_removes_the_packages(machine):
    """From a source tree, or /usr/local."""
    machine.installed()
    package = machine.path("usr/lib/postdane/postfix-resolv")
    share = "usr/share/postdane/postfix-conf/postfix-resolv"
    machine.program(share, package.read_text())
    machine.run("/" + share, "upgrade")
    assert package.exists()


def test_a_queue_below_a_users_directory(machine):
    """Who owns a directory above the queue swaps it after it was looked at."""
    machine.installed()
    for part in ("home/u/spool/etc", "home/u/spool/pid"):
        machine.path(part).mkdir(parents=True)
    os.chown(machine.path("home/u"), 1234, 1234)
    machine.write("home/u/spool/etc/resolv.conf", SYSTEM)
    machine.program("fake/bin/postconf", machine_module.POSTCONF.replace(
        "/var/spool/postfix", "/home/u/spool"))
    # The user, at the moment between find_copy and replace.
    machine.program("fake/bin/cmp", """#!/bin/sh
case "$*" in
*/home/u/spool/etc/resolv.conf)
    setpriv --reuid 1234 --clear-groups sh -c \
        'cd /home/u; mv spool old; ln -s / spool' ;;
esac
exec /usr/bin/cmp "$@"
""")
    machine.resolv("refresh")
    assert machine.bytes_of("etc/resolv.conf") == SYSTEM.encode()


def test_renamed_again_while_postfix_starts(machine):
    """DHCP and RA clients write twice; the second is within the restart."""
    machine.installed()
    machine.program("fake/rename", "#!/bin/sh\n"
                    "cp /etc/resolv.conf /etc/r.new\n"
                    "mv -fT /etc/r.new /etc/resolv.conf\n")
    machine.program("fake/systemctl-program", machine_module.SYSTEMCTL.replace(
        'exec /fake/start "$@"',
        '/fake/start "$@"; [ -e /fake/once ] || '
        '{ >/fake/once; /fake/rename; }'))
    machine.run("/fake/rename")
    for _ in range(4):  # each further renewal
        machine.resolv("refresh")
        machine.run("/fake/rename")
    machine.resolv("refresh")
    assert machine.seen_by_postfix() == machine.ours


def test_renamed_again_while_it_ends(machine):
    """After it has looked; the path unit's event is lost while it runs."""
    machine.installed()
    machine.program("fake/rename", "#!/bin/sh\n"
                    "cp /etc/resolv.conf /etc/r.new\n"
                    "mv -fT /etc/r.new /etc/resolv.conf\n")
    machine.write(COPY, SYSTEM)  # by the hook, so that it reloads
    machine.program("fake/bin/postfix", "#!/bin/sh\n/fake/rename\n")
    result = machine.resolv("refresh")
    assert result.returncode != 0 or machine.seen_by_postfix() == machine.ours
