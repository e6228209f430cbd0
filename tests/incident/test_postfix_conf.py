"""postfix-conf/postfix-resolv: gives Postfix its resolver, and only where
nothing would change for the names in Postfix's own configuration."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import incident
import lab as lab_module
from lab import HANG
import misbehave
import postfix

LIAR = "10.53.9.54"
SCRIPT = pathlib.Path("postfix-conf/postfix-resolv").resolve()


@pytest.fixture(scope="module")
def world():
    running = incident.Incident()
    running.lab.start()
    running.lab.start_unbound(incident.UNBOUND)
    running.lab.start_proxy("nsec.", LIAR, misbehave.forge_all,
                            backend=incident.UNBOUND)
    running.daemon = lab_module.Daemon(
        running.lab, "resolver",
        f'dns-listen = {{ "inet:{incident.POSTDANE}:53" }}\n').start()
    yield running
    running.daemon.stop()
    running.lab.stop()


@pytest.fixture(scope="module")
def instance(world):
    running = postfix.Postfix("hosted", "relayhost = [right.i.nsec]:587\n")
    chroot = running.folder / "queue/etc"
    chroot.mkdir()
    (chroot / "resolv.conf").write_text("nameserver 10.0.0.1\n")
    with incident.resolv_conf(incident.UNBOUND):
        running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def script(world, instance):
    """script(arguments) with Postfix's programs in the path, and ours."""
    programs = lab_module.ROOM / "programs"
    programs.mkdir()
    for name in ("postconf", "postfix"):
        (programs / name).write_text(
            f"#!/bin/sh\nexec {lab_module.SERVERS}/usr/sbin/{name} "
            f'-c {instance.folder} "$@"\n')
    (programs / "postdane").write_text(
        f'#!/bin/sh\nexec {world.daemon.command.resolve()} "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    destination = lab_module.ROOM / "destination"

    def run(*arguments, resolver=incident.UNBOUND, answer=""):
        with incident.resolv_conf(resolver) if resolver else \
                contextlib.nullcontext():
            return subprocess.run(
                [SCRIPT, *arguments], input=answer, text=True,
                capture_output=True, timeout=HANG, check=False,
                env=dict(postfix.environment(instance.folder),
                         PATH=f"{programs}:{os.environ['PATH']}",
                         DESTDIR=str(destination)))
    run.destination = destination
    return run


def written(script):
    """But for what it has below /run, which is not kept."""
    return sorted(str(path.relative_to(script.destination))
                  for path in script.destination.rglob("*")
                  if path.is_file() and "run" not in path.parts[-3:])


def test_refuses_where_a_name_would_be_another(script):
    result = script("install", "--yes", resolver=LIAR)
    assert result.returncode == 1
    assert "right.i.nsec A:" in result.stdout
    assert "10.66.66.66" in result.stdout and "10.25.40.1" in result.stdout
    # Who contradicts what is signed is not believed for it.
    assert "proven by DNSSEC, and the system's contradicts" in result.stdout
    assert 'zone "i.nsec"' not in result.stdout
    assert "nothing was changed" in result.stderr
    assert not written(script)


def test_changes_nothing_without_a_yes(script):
    result = script("install", answer="n\n")
    assert result.returncode == 1
    assert "Make postdane the resolver of Postfix?" in result.stdout
    assert not written(script)


def test_install_refresh_uninstall(script, instance):
    result = script("install", "--yes")
    assert result.returncode == 0, result.stderr
    assert written(script) == [
        "etc/postdane/postfix/resolv.conf",
        # Its queue is not the usual one.
        "etc/systemd/system/postdane-postfix-resolv.path.d/queue.conf",
        "etc/systemd/system/postfix.service.d/postdane.conf",
        "etc/systemd/system/postfix@.service.d/postdane.conf"]
    ours = script.destination / "etc/postdane/postfix/resolv.conf"
    lines = ours.read_text().splitlines()
    assert [line for line in lines if line.startswith("nameserver")] == [
        f"nameserver {incident.POSTDANE}"]
    assert "options trust-ad timeout:15 attempts:2" in lines

    # The running Postfix and its chroot have another one.
    copy = instance.folder / "queue/etc/resolv.conf"
    assert "the running Postfix sees another" in script("status").stderr
    result = script("refresh")
    assert "Postfix has lost its resolver" in result.stdout
    assert "the chroot had another resolver: it is mended" in result.stdout
    assert copy.read_text() == ours.read_text()
    assert "mended" not in script("refresh").stdout

    assert script("uninstall", "--yes").returncode == 0
    assert not written(script)
    assert copy.read_text() == f"nameserver {incident.UNBOUND}\n"


EXECUTABLE = re.compile(r"^Exec\w+=[-+!@:]*(\S+)", re.M)


def test_systemd_understands_all_units(script):
    """Ours, and those that the drop-in becomes a part of."""
    assert script("install", "--yes").returncode == 0
    root = script.destination
    system = root / "etc/systemd/system"
    units = [*pathlib.Path("service").glob("postdane*.s*"),
             *pathlib.Path("postfix-conf").glob("postdane-*.*"),
             *lab_module.SERVERS.glob("lib/systemd/system/postfix*.service"),
             *lab_module.SERVERS.glob(
                 "usr/lib/systemd/system/postfix*.service")]
    for unit in units + [*pathlib.Path("/lib/systemd/system").glob("*.target")]:
        shutil.copy(unit, system)
    for unit in system.glob("*.service"):
        for path in EXECUTABLE.findall(unit.read_text()):
            # Debian 13's units leave the directory to systemd.
            program = root / (path[1:] if path.startswith("/")
                              else f"usr/bin/{path}")
            program.parent.mkdir(parents=True, exist_ok=True)
            program.touch()
            program.chmod(0o755)
    names = [unit.name.replace("@.", "@-.") for unit in units]
    assert len(names) >= 8
    result = subprocess.run(
        ["systemd-analyze", f"--root={root}", "verify", "--man=no", *(
            system / name for name in names)],
        capture_output=True, text=True, check=False)
    # Postfix's own complaints are not ours to mend.
    ours = [line for line in (result.stdout + result.stderr).splitlines()
            if "postdane" in line or result.returncode]
    assert not ours, ours
    shutil.rmtree(root)


def test_nobody_listens(script, world):
    """dns-listen was forgotten, or postdane not restarted."""
    world.daemon.stop()
    try:
        result = script("install", "--yes")
    finally:
        world.daemon.start()
    assert result.returncode == 3
    assert "is dns-listen set, and was postdane restarted?" in result.stderr
    assert not written(script)


def test_a_silent_system_is_no_comparison(script):
    result = script("install", "--yes", resolver="10.53.9.99")
    assert result.returncode == 3
    assert "(/etc/resolv.conf) does not answer: there is nothing to compare " \
        "with" in result.stderr
    assert "not all names could be compared; nothing was changed" in result.stderr
    assert not written(script)


def test_without_a_trust_path_nothing_is_proposed(script, world):
    """A forwarder that does no DNSSEC: that helps no name of Postfix's."""
    forwarder = "10.53.9.55"
    proxy = world.lab.start_proxy("nsec.", forwarder, misbehave.strip_all,
                                  backend=incident.UNBOUND)
    world.daemon.stop()
    daemon = lab_module.Daemon(
        world.lab, "blind", f'dns-listen = {{ "{incident.POSTDANE}:53" }}\n'
        f'zone "." {{ forward = {{ "{forwarder}" }} }}\n')
    try:
        daemon.start()
        lab_module.wait_until("the sentence", lambda: forwarder in
                              daemon.status()["trust_why"])
        result = script("install", "--yes")
        daemon.stop()
    finally:
        world.daemon.start()
        world.lab.underworld.stop(proxy)
    assert result.returncode == 3
    assert f"(pass on DO and RRSIG): {forwarder}\n" in result.stderr
    assert "not all names could be compared; nothing was changed" in result.stderr
    assert "insecure" not in result.stdout + result.stderr
    assert not written(script)


def test_status_speaks_of_what_runs(script, instance):
    """Real Postfix, which sees the file that it was started with, even where
    that was bound for it alone."""
    ours = script.destination / "etc/postdane/postfix/resolv.conf"
    assert script("install", "--yes").returncode == 0
    script("refresh")
    assert "sees another" in script("status").stderr
    instance.stop()
    subprocess.run(["mount", "--bind", ours, "/etc/resolv.conf"], check=True)
    try:
        instance.start()
        result = script("status", resolver=None)
        assert (result.returncode, result.stderr) == (0, "")
        assert "well" in result.stdout
    finally:
        subprocess.run(["umount", "/etc/resolv.conf"], check=True)
    shutil.rmtree(script.destination)
