"""The Debian package: installed into an overlay of this machine, asked through
postmap, purged again."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

import lab as lab_module
from lab import HANG

PACKAGE = pathlib.Path("build/deb/postdane.deb").resolve()
PORT = 8642


class Machine:
    """This machine's files with a layer over them, which takes all changes."""

    def __init__(self, folder):
        self.upper, self.root = folder / "upper", folder / "root"
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True)
        subprocess.run(
            ["mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir=/,upperdir={self.upper},workdir={folder}/work",
             self.root], check=True)
        for place in ("dev", "proc", "tmp", "run"):
            subprocess.run(["mount", "--rbind", f"/{place}",
                            self.root / place], check=True)

    def run(self, *command, **options):
        return subprocess.run(["chroot", self.root, *command], check=True,
                              capture_output=True, text=True, **options)

    def changed(self):
        """Files and folders that the layer has, not counting the books of dpkg
        and other logs."""
        found = set()
        for path in self.upper.rglob("*"):
            name = str(path.relative_to(self.upper))
            if not name.startswith(("var/lib/dpkg", "var/log", "var/cache",
                                    "etc/passwd", "etc/group", "etc/shadow",
                                    "etc/gshadow", "etc/.pwd.lock",
                                    "var/lib/ucf", "root")) \
                    and (path.is_file() or not any(path.iterdir())):
                found.add(name)
        return found


@pytest.fixture(scope="module")
def machine(lab):
    folder = lab_module.ROOM / "machine"
    folder.mkdir()
    return Machine(folder)


@pytest.fixture(scope="module")
def installed(machine, lab):
    package = lab_module.ROOM / "postdane.deb"  # /run is the same inside
    package.write_bytes(PACKAGE.read_bytes())
    machine.run("dpkg", "-i", str(package))
    return machine


def test_install_gives_user_units_and_manuals(installed):
    assert "postdane" in installed.run("getent", "passwd", "postdane").stdout
    files = installed.run("dpkg", "-L", "postdane").stdout
    for name in ("postdaned.8.gz", "postdane.1.gz", "postdane.conf.5.gz",
                 "postdane.service", "postdane-socketmap.socket",
                 "postdane-dns.socket", "/etc/postdane/postdane.conf",
                 "/usr/lib/postdane/postfix-resolv",
                 "/postdane-postfix-resolv.path",
                 "/postdane-postfix-resolv.service",
                 "grafana-dashboard.json", "prometheus-alerts.yml",
                 "bash-completion/completions/postdane",
                 "/usr/share/doc/postdane/README.md\n",
                 "/usr/share/doc/postdane/docs/operations.md\n",
                 "/usr/share/doc/postdane/docs/security-model.md\n"):
        assert name in files
    # It names a file that is there.
    wrong = subprocess.run(
        ["chroot", installed.root, "/usr/lib/postdane/postfix-resolv"],
        capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "see /usr/share/doc/postdane/README.md\n" in wrong.stderr
    state = installed.root / "var/lib/postdane"
    assert state.is_dir() and state.stat().st_uid != 0


def dead_links(folder):
    """Links to files that are not there."""
    texts = list(folder.rglob("*.md"))
    assert texts
    return [f"{text}: {link}" for text in texts for link in re.findall(
        r"\]\(([^)#:]+)(?:#[^)]*)?\)", text.read_text())
        if not (text.parent / link).is_file()]


def test_documents_lead_to_what_is_installed(installed):
    folder = installed.root / "usr/share/doc/postdane"
    assert not dead_links(folder)
    # The licence is in one of its files alone.
    assert (folder / "copyright").is_file()
    assert not (folder / "LICENSE").exists()


def test_all_is_enabled_but_port_53(installed):
    wanted = {path.name for path in
              (installed.root / "etc/systemd/system").glob("*.wants/postdane*")}
    assert wanted == {"postdane.service", "postdane-socketmap.socket",
                      "postdane-tcp-table.socket"}


def test_shipped_configuration_is_good(installed, lab):
    config = installed.root / "etc/postdane/postdane.conf"
    config.write_text(config.read_text() +
                      f'root-hints = "{lab.hints}"\n'
                      f'trust-anchor = "{lab.anchor}"\n')
    result = installed.run("postdaned", "-t", "-c",
                           "/etc/postdane/postdane.conf")
    assert "the configuration is valid" in result.stdout


@pytest.fixture
def invoked(installed):
    """A systemd that only notes what the maintainer's scripts ask of it."""
    log = lab_module.ROOM / "invoked"  # /run is the same inside
    log.write_text("")
    systemd = pathlib.Path("/run/systemd/system")
    systemd.mkdir(parents=True)
    program = installed.root / "usr/bin/deb-systemd-invoke"
    program.rename(program.with_suffix(".away"))
    program.write_text(f'#!/bin/sh\necho "$@" >>{log}\n')
    program.chmod(0o755)
    yield log
    program.with_suffix(".away").rename(program)
    systemd.rmdir()


def test_an_upgrade_lets_no_port_go(installed, invoked):
    """Whoever asks for it meanwhile would be asked for policies."""
    package = lab_module.ROOM / "postdane.deb"
    installed.run("dpkg", "-i", str(package))
    calls = [line.split() for line in invoked.read_text().splitlines()]
    touched = {(action, unit) for call in calls
               for action in ("start", "stop", "restart", "try-restart")
               if action in call for unit in call if unit.startswith("postdane")}
    assert touched == {("restart", "postdane.service"),
                       ("start", "postdane-socketmap.socket"),
                       ("start", "postdane-tcp-table.socket")}
    # Sockets are there before the service that they are for.
    assert "postdane.service" in calls[-1]


def test_answers_without_systemd(installed, lab):
    asker = lab_module.Daemon(lab, "asker")  # for its postmap only
    process = subprocess.Popen(
        ["chroot", installed.root, "postdaned", "-c",
         "/etc/postdane/postdane.conf"], stderr=subprocess.PIPE)
    try:
        table = f"socketmap:inet:127.0.0.1:{PORT}:query"
        lab_module.wait_until("the daemon", lambda: asker.postmap(
            "dane.d.nsec", table) == "dane")
        assert asker.postmap("plain.nsec", table) == "may"
        user = installed.run("id", "-u", "postdane").stdout.strip()
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            assert f"Uid:\t{user}\t{user}" in status.read()
    finally:
        process.terminate()
        assert process.wait(HANG) == 0


def start_by_hand(installed):
    process = subprocess.Popen(
        ["chroot", installed.root, "postdaned"], stderr=subprocess.DEVNULL)
    user = installed.run("id", "-u", "postdane").stdout.strip()

    def has_become_it():
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            return f"Uid:\t{user}\t{user}" in status.read()
    lab_module.wait_until("another user", has_become_it)
    return process


def test_purge_says_that_a_daemon_still_runs(installed):
    """Its user can't go then."""
    process = start_by_hand(installed)
    result = installed.run("dpkg", "--purge", "postdane")
    process.terminate()
    assert process.wait(20) == 0
    assert "a daemon that was started by hand still runs" in result.stderr
    assert "userdel" not in result.stderr
    assert "postdane" in installed.run("getent", "passwd").stdout
    installed.run("dpkg", "-i", str(lab_module.ROOM / "postdane.deb"))


def test_purge_leaves_nothing(installed):
    # Postfix's resolver as well, which the administrator had installed.
    share = installed.root / "usr/share/postdane/postfix-conf"
    ours = installed.root / "etc/postdane/postfix"
    ours.mkdir(parents=True)
    shutil.copy(share / "resolv.conf", ours)
    installed.run("systemctl", "enable", "postdane-dns.socket",
                  "postdane-postfix-resolv.path")
    assert len(list((installed.root / "etc/systemd/system").glob(
        "*.wants/postdane*"))) == 6  # the DNS listener's socket has two
    installed.run("dpkg", "--purge", "postdane")
    assert "postdane" not in installed.run("getent", "passwd").stdout
    # What dpkg removes from the layer leaves whiteouts: character devices.
    left = {name for name in installed.changed()
            if "postdane" in name and
            not (installed.upper / name).is_char_device()}
    assert not left
    assert os.path.exists(installed.root / "etc/passwd")


# ---- make install ----

def make(*arguments):
    return subprocess.run(["make", *arguments], check=True, text=True,
                          capture_output=True, timeout=300).stdout


def test_what_make_installs_it_takes_away(tmp_path):
    make("install", f"DESTDIR={tmp_path}", f"BUILD={lab_module.BUILD}")
    manual = tmp_path / "usr/local/share/doc/postdane/README.md"
    assert "## Postfix's resolver" in manual.read_text()
    assert not dead_links(manual.parent)
    make("uninstall", f"DESTDIR={tmp_path}")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")
            if path.is_file()] == ["etc/postdane/postdane.conf"]


def test_uninstall_disables_units_before_they_go():
    """Their links would lead nowhere, and the daemon run on."""
    script = make("-n", "uninstall")
    disable = script.index("systemctl disable --now")
    for unit in ("postdane.service", "postdane-dns.socket",
                 "postdane-postfix-resolv.path"):
        assert unit in script[disable:].partition("\n")[0]
    assert disable < script.index("rm -f") < script.index("daemon-reload")
    assert "systemctl" not in make("-n", "uninstall", "DESTDIR=/nowhere")


def test_what_takes_long_shows_that_it_lives(tmp_path):
    """The command does not end before a dot has been seen."""
    fifo, log = tmp_path / "fifo", tmp_path / "log"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        ["tests/tools/with-progress", log, "sh", "-c",
         'echo said; read -r _ <"$0"; exit 3', fifo], stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"."
    fifo.write_text("seen\n")
    rest = process.stdout.read()
    assert process.wait(60) == 3
    assert rest.endswith(b" s\n") and log.read_text() == "said\n"
