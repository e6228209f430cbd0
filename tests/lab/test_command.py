"""The command postdane, before a daemon that has been taken over: what it
prints is printable, and it reads what others say as nobody."""

import json
import os
import pwd
import socket
import subprocess
import threading

import pytest

import lab as lab_module
from lab import HANG

COMMAND = (lab_module.BUILD / "postdane").resolve()
NOBODY = pwd.getpwnam("nobody").pw_uid
# A terminal's escape, another line, C1 in UTF-8, what turns text around.
EVIL = "\x1b]0;owned\x07\nsecond\r\x7f\u009b31m\u202e"
OK, _, _, ERROR = range(4)


class Daemon:
    """Says what it is told to say, to who comes to its control socket."""

    def __init__(self, folder):
        self.path = folder / "control"
        self.answers, self.asked, self.ready = [], [], threading.Semaphore(0)
        self.seen = None  # what look() has returned, before the answer
        self.look = lambda: None
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.path))
        os.chmod(self.path, 0o600)  # for root alone
        self.server.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            client, _ = self.server.accept()
            with client:
                line = client.makefile().readline()
                if not line:
                    return
                self.asked.append(json.loads(line))
                self.seen = self.look()
                try:
                    for part in self.answers.pop(0):
                        client.sendall(part)
                except OSError:
                    pass  # it has heard enough

    def end(self):
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self.path))
        self.thread.join(HANG)
        self.server.close()


@pytest.fixture
def daemon(tmp_path):
    running = Daemon(tmp_path)
    yield running
    running.end()


def run(daemon, *arguments):
    process = subprocess.Popen([COMMAND, "-s", daemon.path, *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    daemon.look = lambda: identity(process.pid)
    out, err = process.communicate(timeout=HANG)
    return process.returncode, out, err


def identity(pid):
    """Its user and group ids, its groups, and no_new_privs."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        lines = dict(line.rstrip("\n").split(":", 1) for line in file)
    return (set(lines["Uid"].split()), set(lines["Gid"].split()),
            lines["Groups"].split(), lines["NoNewPrivs"].strip())


def tampered(value):
    """The same with evil in all strings and keys."""
    if isinstance(value, str):
        return value + EVIL
    if isinstance(value, list):
        return [tampered(item) for item in value]
    if isinstance(value, dict):
        clean = {key: tampered(item) for key, item in value.items()}
        return {**clean, **{key + EVIL: item for key, item in clean.items()}}
    return value


def encoded(value):
    return [json.dumps(value).encode() + b"\n"]


def expect_printable(*texts):
    for text in texts:
        assert all(octet in b"\t\n" or 0x20 <= octet <= 0x7e
                   for octet in text), text
        assert b"\nsecond" not in text


STATUS = {"version": "1", "uptime": 1, "trust": "alive", "trust_why": "w",
          "trust_anchor": [{"key_tag": 1, "state": "valid"}],
          "trust_anchor_trouble": "t",
          "counters": {"replies": {"dane": 1}, "queries": 2}}
LOOKUP = {"name": "n", "type": "MX", "status": "ok", "security": "secure",
          "rung": "validated", "why": "w", "ttl": 1, "ms": 1,
          "records": ["10 mail."], "canonical": "c"}
EXPLAIN = {"key": "example.org", "map": "query", "reply": "dane",
           "rule": "r", "why": "w", "mx": {"status": "s", "security": "x",
                                           "lookups": [LOOKUP]},
           "hosts": [{"name": "mail.example.org", "status": "usable",
                      "why": "w", "lookups": [LOOKUP],
                      "addresses": ["192.0.2.1"]}]}

CASES = [
    (("query", "example.org"),
     {"key": "k", "reply": "TEMP", "text": "reason"}),
    (("query", "example.org"), {"key": "k", "reply": "x", "text": "y"}),
    (("explain", "example.org"), EXPLAIN),
    (("explain", "--json", "example.org"), EXPLAIN),
    (("check", "example.org"), EXPLAIN),
    (("check", "--json", "example.org"), EXPLAIN),
    (("status",), STATUS),
    (("status", "--json"), STATUS),
    (("flush", "example.org"), {"error": "reason"}),
    (("export",), {"verdicts": {"example.org": "dane"}}),
]


@pytest.mark.parametrize("arguments,answer", CASES)
def test_what_is_said_is_printable(daemon, arguments, answer):
    daemon.answers = [encoded(tampered(answer))] * 2
    _, out, err = run(daemon, *arguments)
    expect_printable(out, err)
    assert out + err


@pytest.mark.parametrize("answer", [EVIL, "[" + EVIL, '{"a": ' + EVIL,
                                    '{"a": "' + EVIL])
def test_what_is_no_answer_is_printable(daemon, answer):
    daemon.answers = [[answer.encode()]]
    code, out, err = run(daemon, "query", "example.org")
    expect_printable(out, err)
    assert code == ERROR and b"no answer from postdaned" in err


# ---- a table ----

PINS = "fingerprint match=" + "ab" * 32 + " servername=hostname"


def test_a_good_table_is_exported(daemon):
    verdicts = {"example.org": "dane", "[mail.example.org]:587": "encrypt",
                "example.net:465": "may", "example.com": PINS,
                "xn--bcher-kva.example": "dane-only"}
    daemon.answers = [encoded({"verdicts": verdicts})]
    code, out, err = run(daemon, "export")
    assert (code, err) == (OK, b"")
    assert dict(line.split("\t") for line in
                out.decode().splitlines()) == verdicts


@pytest.mark.parametrize("key,policy", [
    ("a\nvictim.example", "may"), ("a.example\tmay\nb", "dane"),
    ("victim example", "may"), ("", "may"), (".example.org", "may"),
    ("EXAMPLE.org", "may"), ("#example.org", "may"), (" a.example", "may"),
    ("[192.0.2.1]", "may"), ("a.example", "none"), ("a.example", ""),
    ("a.example", "may\nvictim.example may"), ("a.example", "may match=x"),
    ("a.example", "secure match=evil.example"), ("a.example", "TEMP"),
    ("a.example", "fingerprint match=00"), ("a.example", 1)])
def test_what_is_no_line_is_not_exported(daemon, key, policy):
    daemon.answers = [encoded({"verdicts": {"good.example": "dane",
                                            key: policy}})]
    code, out, err = run(daemon, "export")
    assert (code, out) == (ERROR, b"")
    assert b"no line of a table" in err
    expect_printable(err)


# ---- how much, and as whom ----

def test_an_answer_has_an_end(daemon):
    mebibyte = b" " * (1 << 20)
    daemon.answers = [[b"{"] + [mebibyte] * 130 + [b"}"]]
    code, out, err = run(daemon, "status")
    assert (code, out) == (ERROR, b"")
    assert b"the answer has more than 128 MiB" in err


@pytest.mark.parametrize("arguments", [
    ("query", "example.org"), ("explain", "example.org"), ("status",),
    ("flush",), ("export",), ("check", "example.org"),
    ("diagnose", "--timeout", "1", "example.org")])
def test_it_listens_as_nobody(daemon, arguments):
    daemon.answers = [encoded({"error": "no"})] * 2
    run(daemon, *arguments)
    assert daemon.seen == ({str(NOBODY)}, {str(pwd.getpwnam("nobody").pw_gid)},
                           [], "1")


def test_it_comes_again_though_it_is_nobody(daemon):
    """The socket is root's alone."""
    keys = [f"{i}.example" for i in range(100)]
    daemon.answers = [encoded({"key": key, "reply": "may", "text": "may"})
                      for key in keys]
    code, out, _ = run(daemon, "query", *keys)
    assert code == OK
    assert out.decode() == "".join(f"{key}\tmay\n" for key in keys)
    assert [question["key"] for question in daemon.asked] == keys


def test_it_says_why_it_cannot_come(tmp_path):
    """Found by the helper, said by the command; nobody is left behind."""
    path = tmp_path / "control"
    result = subprocess.run([COMMAND, "-s", path, "status"], timeout=HANG,
                            capture_output=True, text=True, check=False)
    assert result.returncode == ERROR
    assert result.stderr == (f"postdane: {path}: No such file or directory: "
                             "is postdaned running?\n")
