"""What people read on a machine that reaches nothing of the internet: the one
sentence that helps comes first, and nobody is blamed of whom nothing was
learned."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

import lab as lab_module

SENTENCE = ("this machine reaches no root server: open port 53, UDP and TCP, "
            "or set zone '.' { forward = ... }")
FORWARDER = ("no forwarder of zone '.' gives a usable answer: are they up, "
             "and do they pass signatures on?")
OK, WARNING, CRITICAL, UNKNOWN = range(4)
NOTFOUND, TEMP, ERROR = 1, 2, 3
PORT = 9142
ROOTS = 13
# Ways to reach nobody: questions vanish; there is no route.
NOBODY = {"silent": "10.53.13.{}", "unrouted": "192.0.2.{}"}


class Nowhere:
    """Root servers that take questions and never answer, by UDP or TCP."""

    def __init__(self, folder, kind):
        addresses = [NOBODY[kind].format(i + 1) for i in range(ROOTS)]
        self.hints, self.anchor = folder / "root.hints", folder / "root.key"
        self.hints.write_text("".join(
            f". 3600 IN NS {chr(97 + i)}.rootservers.\n"
            f"{chr(97 + i)}.rootservers. 3600 IN A {address}\n"
            f"{chr(97 + i)}.rootservers. 3600 IN AAAA 2001:db8::{i + 1}\n"
            for i, address in enumerate(addresses)))
        self.anchor.write_text(". IN DS 20326 8 2 " + 64 * "E" + "\n")
        self.sockets = []
        if kind == "silent":
            for address in addresses:
                self.hold(address)

    def hold(self, address):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            held = socket.socket(socket.AF_INET, kind)
            held.bind((address, 53))
            if kind == socket.SOCK_STREAM:
                held.listen()
            self.sockets.append(held)

    def close(self):
        for held in self.sockets:
            held.close()


@pytest.fixture(scope="module", params=sorted(NOBODY))
def nowhere(request):
    folder = lab_module.ROOM / f"nowhere-{request.param}"
    folder.mkdir(parents=True)
    running = Nowhere(folder, request.param)
    yield running
    running.close()


@pytest.fixture(scope="module")
def daemon(nowhere, request):
    running = lab_module.Daemon(
        nowhere, "cutoff-" + nowhere.hints.parent.name, port=PORT,
        config="lookup-deadline = 1\n").start()
    lab_module.wait_until("the sentence", lambda: SENTENCE in
                          running.status()["trust_why"])
    yield running
    running.stop()


def run(daemon, *arguments):
    return subprocess.run(
        [daemon.command, "-s", daemon.control, *arguments],
        capture_output=True, text=True, timeout=300, check=False)


def test_query(daemon):
    result = run(daemon, "query", "example.org")
    assert result.returncode == TEMP
    assert result.stdout == \
        f"example.org\tTEMP {SENTENCE}; run: postdane status\n"


def test_postfix_is_told(daemon):
    assert daemon.socketmap("example.net") == \
        f"TEMP {SENTENCE}; run: postdane status"


def test_log_says_it_once_and_in_each_decision(daemon):
    lines = daemon.log().splitlines()
    assert [line for line in lines if "trust: this machine" in line] == \
        [line for line in lines if f"trust: {SENTENCE}" in line][:1]
    daemon.socketmap("example.com")
    assert f'reply="TEMP {SENTENCE}; run: postdane status"' in daemon.log()


def test_status(daemon):
    result = run(daemon, "status")
    assert result.returncode == TEMP
    assert f"\ntrust: unknown: {SENTENCE}\n" in result.stdout
    assert "not looked at yet" not in result.stdout


@pytest.mark.parametrize("key", ["example.org", "[mail.example.org]"])
def test_explain(daemon, key):
    """Once, and no exception that would give protection away for nothing."""
    result = run(daemon, "explain", key)
    assert result.returncode == TEMP
    assert result.stdout.splitlines()[:2] == [f"! {key}: TEMP",
                                              f"  {SENTENCE}"]
    assert result.stdout.count("no root server") == 1
    for words in ("run: postdane", "To deliver all the same", "insecure = yes",
                  "encrypt"):
        assert words not in result.stdout


@pytest.mark.parametrize("key", ["example.org", "[mail.example.org]"])
def test_check(daemon, key):
    result = run(daemon, "check", key)
    assert result.returncode == UNKNOWN
    assert result.stdout == (f"POSTDANE UNKNOWN - {key}: not checked: "
                             f"{SENTENCE}; run: postdane status\n")


def resolv_conf():
    path = lab_module.ROOM / "resolv.conf-nowhere"
    path.write_text(f"nameserver {NOBODY['unrouted'].format(53)}\n")
    return path


def diagnose(daemon, *arguments):
    return run(daemon, "diagnose", "-c", daemon.config, "--resolv-conf",
               resolv_conf(), "--chroot", "/nonexistent", "--timeout", "15",
               *arguments, "example.org")


def test_diagnose(daemon):
    """One finding, of this machine; the servers of the root have done
    nothing, and whether they sign was not seen."""
    result = diagnose(daemon, "--json")
    report = json.loads(result.stdout)
    assert (result.returncode, report["code"]) == (UNKNOWN, UNKNOWN)
    assert [(f["behaviour"], f["severity"]) for f in report["findings"]] == [
        ("no-internet", "unknown")]
    assert report["findings"][0]["blame"] == "who runs this machine's network"
    assert [zone["signed"] for zone in report["zones"]] == [None]


def test_diagnose_text(daemon):
    text = diagnose(daemon, "--no-daemon").stdout
    assert text.splitlines()[:3] == [
        "POSTDANE UNKNOWN - example.org: 1 finding", "",
        f"unknown: {SENTENCE}"]
    assert "not signed" not in text and "take it out" not in text


def test_a_reload_is_not_ended_by_the_next(daemon):
    """pkill -HUP postdaned finds the process that tries the configuration,
    too: it waits for the root."""
    pid, before = daemon.process.pid, len(daemon.log())
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    os.kill(pid, signal.SIGHUP)
    lab_module.wait_until("the trial", children.read_text)
    trial = int(children.read_text())
    # Its own handling of signals begins after that.
    lab_module.wait_until("its hangup is ignored", lambda: int(
        pathlib.Path(f"/proc/{trial}/status").read_text()
        .split("SigIgn:")[1].split()[0], 16) & 1 << signal.SIGHUP - 1)
    for one in (pid, trial):
        os.kill(one, signal.SIGHUP)
    lab_module.wait_until("both reloads", lambda: daemon.log()[before:].count(
        "main: reload: done, changed: nothing") == 2)
    assert "ended with" not in daemon.log()[before:]


def test_the_configuration_can_be_tested(nowhere):
    daemon = lab_module.Daemon(nowhere, "tested", port=PORT + 10)
    result = subprocess.run([daemon.program, "-t", "-c", daemon.config],
                            capture_output=True, text=True, timeout=120,
                            check=False)
    assert result.returncode == OK
    assert result.stderr.startswith(f"postdaned: warning: {SENTENCE}; ")


def test_a_forwarder_that_is_silent(nowhere):
    """Opening ports would not help there."""
    address = NOBODY["silent"].format(99)
    nowhere.hold(address)
    daemon = lab_module.Daemon(
        nowhere, "forwarded", port=PORT + 20,
        config="lookup-deadline = 1\n"
        f'zone "." {{ forward = {{ "{address}" }} }}\n').start()
    lab_module.wait_until("the sentence", lambda: FORWARDER in
                          daemon.status()["trust_why"])
    result = run(daemon, "query", "example.org")
    daemon.stop()
    nowhere.sockets.pop().close()
    nowhere.sockets.pop().close()
    assert result.stdout == \
        f"example.org\tTEMP {FORWARDER}; run: postdane status\n"
    assert not re.search("root server", result.stdout)
