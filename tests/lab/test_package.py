"""The Debian package: installed into an overlay of this machine, asked through
postmap, purged again."""

import os
import pathlib
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
                 "bash-completion/completions/postdane"):
        assert name in files
    state = installed.root / "var/lib/postdane"
    assert state.is_dir() and state.stat().st_uid != 0


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


def test_purge_leaves_nothing(installed):
    # Postfix's resolver as well, which the administrator had installed.
    share = installed.root / "usr/share/postdane/postfix-conf"
    ours = installed.root / "etc/postdane/postfix"
    ours.mkdir(parents=True)
    shutil.copy(share / "resolv.conf", ours)
    installed.run("systemctl", "enable", "postdane-dns.socket",
                  "postdane-postfix-resolv.path")
    assert len(list((installed.root / "etc/systemd/system").glob(
        "*.wants/postdane*"))) == 5
    installed.run("dpkg", "--purge", "postdane")
    assert "postdane" not in installed.run("getent", "passwd").stdout
    # What dpkg removes from the layer leaves whiteouts: character devices.
    left = {name for name in installed.changed()
            if "postdane" in name and
            not (installed.upper / name).is_char_device()}
    assert not left
    assert os.path.exists(installed.root / "etc/passwd")
