"""The command postdane, before a daemon that has been taken over: what it
prints is printable, and it reads what others say as nobody."""

import json
import os
import pathlib
import pty
import pwd
import re
import socket
import subprocess
import threading

import pytest

import lab as lab_module
from lab import HANG

COMMAND = (lab_module.BUILD / "postdane").resolve()
DAEMON = (lab_module.BUILD / "postdaned").resolve()
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
    started = threading.Event()  # it may ask before we know who it is
    daemon.look = lambda: started.wait(HANG) and identity(process.pid)
    process = subprocess.Popen([COMMAND, "-s", daemon.path, *arguments],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    started.set()
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


def test_a_daemon_that_ends_is_no_riddle(daemon):
    """What the parser says of nothing at all helps nobody."""
    daemon.answers = [[]]
    code, out, err = run(daemon, "query", "example.org")
    assert (code, out) == (ERROR, b"")
    assert err.endswith(b"no answer from postdaned: it has closed the "
                        b"connection: was it stopped?\n"), err


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


def test_an_empty_table_is_said_to_be_empty(daemon):
    daemon.answers = [encoded({"verdicts": {}})]
    assert run(daemon, "export") == (
        OK, b"", b"postdane: export: nothing is remembered that a table could "
        b"say\n")


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
                             "is postdaned running, and is this its "
                             "control-socket?\n")


def test_a_path_that_is_too_long_is_no_daemon_that_is_down():
    path = "/" + 200 * "x"
    result = call("-s", path, "status")
    assert result.returncode == ERROR
    assert result.stderr == (f"postdane: {path}: File name too long: a "
                             "socket's path has at most 107 octets\n")


def test_nobody_listens_any_more(tmp_path):
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    result = call("-s", path, "status")
    assert result.returncode == ERROR
    assert result.stderr == (f"postdane: {path}: Connection refused: is "
                             "postdaned running?\n")


@pytest.mark.parametrize("arguments,says", [
    (("--tset",), "unrecognized option '--tset'"),
    (("postdane.conf",), 'unexpected argument "postdane.conf": a '
                         "configuration is read with -c")])
def test_a_mistake_is_not_lost_above_a_page_of_help(arguments, says):
    result = subprocess.run([DAEMON, *arguments], capture_output=True,
                            text=True, timeout=HANG, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (f"{DAEMON if 'opt' in says else 'postdaned'}: "
                             f"{says}\npostdaned --help shows the options\n")


# ---- explain, for people ----

def explained(daemon, **changes):
    reply = {"key": "a.example", "domain": "a.example", "map": "",
             "reply": "may", "rule": "no host has TLSA",
             "why": "no host has TLSA", "questions": 1, "steps": 1, "ms": 3,
             "ttl": 60, **changes}
    daemon.answers = [encoded(reply)]
    return run(daemon, "explain", "a.example")[1].decode()


PROVEN = {"name": "mx.a.example", "type": "A", "status": "failed",
          "security": "insecure", "rung": "proof", "ttl": 60, "step": 2,
          "ms": 1, "why": "no server gave a usable answer",
          "proof": "DS of a.example denied by NSEC: delegation without DS"}


def test_explain_says_all_once_and_alarms_nobody(daemon):
    text = explained(daemon, hosts=[{
        "name": "mx.a.example", "preference": 10, "status": "insecure",
        "lookups": [PROVEN]}])
    assert text == """\
- a.example: may
  Postfix encrypts where the host offers it
  rule: no host has TLSA
  - host mx.a.example (preference 10): insecure
    - A mx.a.example: no data, insecure, rung proof, ttl 60, step 2, 1 ms
        insecure: DS of a.example denied by NSEC: delegation without DS
        no data: no server gave a usable answer
  1 question in 1 step, 3 ms, may be kept 60 s
"""


def test_explain_does_not_send_to_explain(daemon):
    """What could be done about it is at the end, where it helps."""
    temp = {"reply": "TEMP", "rule": "MX lookup failed", "questions": 2,
            "steps": 2}
    text = explained(daemon, why="DNS of a.example: MX: signature expired; "
                     "run: postdane explain a.example", **temp)
    assert "  DNS of a.example: MX: signature expired\n" in text
    assert "run: " not in text and "2 questions in 2 steps" in text
    assert 'zone "a.example" { insecure = yes }' in text
    text = explained(daemon, why="DNS of a.example: MX: no trust path: the "
                     "root's DNSKEY is insecure", **temp)
    assert "insecure = yes" not in text and "To deliver" not in text


# ---- while one waits ----

@pytest.mark.parametrize("command", ["query", "explain", "check"])
def test_who_waits_sees_that_it_waits(daemon, command):
    """The daemon does not answer until that has been seen."""
    seen = threading.Event()
    daemon.answers = [encoded({"key": "k", "reply": "may", "text": "may"})] * 2
    daemon.look = lambda: seen.wait(120)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "-s", daemon.path, command, "example.org"], stdout=theirs,
        stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
            if re.search(rb"waiting for postdaned: \d+ s", shown):
                seen.set()
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    process.wait(60)
    assert seen.is_set(), shown
    # It is gone before anything else is printed.
    assert b"waiting" not in shown.rpartition(b"\r\033[K")[2]


def test_nobody_watches(daemon):
    daemon.answers = [encoded({"key": "k", "reply": "may", "text": "may"})]
    code, _, err = run(daemon, "query", "example.org")
    assert (code, err) == (OK, b"")


# ---- usage ----

COMMANDS = {
    "query": "[-m MAP] KEY...",
    "explain": "[--json] [-m MAP] KEY",
    "check": "[--at +30d] [--json] KEY",
    "diagnose": "[--json] DOMAIN",
    "flush": "[KEY]",
    "export": "[-m MAP]",
    "doctor": "[-c DIR] [--json]",
    "names": "[--postfix] [-r ADDRESS] [NAME...]",
    "status": "[--json]",
}


def call(*arguments):
    return subprocess.run([COMMAND, *arguments], capture_output=True,
                          text=True, timeout=60, check=False)


def usage(command):
    return f"usage: postdane [-s SOCKET] {command} {COMMANDS[command]}\n"


def options_of(command):
    """Those of its page in the manual."""
    page = pathlib.Path("docs/man/postdane.1").read_text()
    start = page.index(f".Nm\n.Op Fl s Ar socket\n.Cm {command}\n")
    synopsis = page[start + 3:].partition("\n.Nm\n")[0].split(".Sh")[0]
    flags = [line.split()[2] for line in synopsis.splitlines()
             if line.startswith(".Op Fl ") and "Fl s " not in line]
    return ["-" + flag for flag in flags]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(command):
    for arguments in ((command, "--help"), (command, "-h"),
                      ("help", command)):
        result = call(*arguments)
        assert (result.returncode, result.stderr) == (OK, "")
        assert result.stdout.startswith(usage(command) + "\n")
    for option in options_of(command):
        assert f" {option}" in result.stdout
    assert f"  {command:8} {COMMANDS[command]} " in call("--help").stdout


def test_help_without_a_command():
    expected = call("--help")
    assert expected.returncode == OK
    for arguments in (["help"], ["help", "help"], ["help", "--help"]):
        result = call(*arguments)
        assert (result.returncode, result.stdout, result.stderr) == \
            (OK, expected.stdout, "")
    assert call("help", "expain").stderr.startswith(
        'postdane: no command "expain"; did you mean explain?\n')


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option_shows_the_usage_of_its_command(command):
    result = call(command, "--nonsense")
    assert (result.returncode, result.stdout) == (ERROR, "")
    assert result.stderr == (
        f"postdane: {command}: unrecognized option '--nonsense'\n"
        + usage(command))


@pytest.mark.parametrize("arguments", [
    ("-s", "@", "query", "k"), ("query", "-s", "@", "k"),
    ("query", "k", "-s", "@"), ("query", "-s@", "k"),
    # The last one counts, as it does with other options.
    ("-s", "/none", "query", "k", "-s", "@"),
    ("query", "-s", "/none", "-m", "m", "-s", "@", "--", "k")])
def test_the_socket_may_be_named_anywhere(daemon, arguments):
    daemon.answers = [encoded({"key": "k", "reply": "may", "text": "may"})]
    result = call(*[a.replace("@", str(daemon.path)) for a in arguments])
    assert (result.returncode, result.stderr) == (OK, "")
    assert "may" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_socket_that_is_missing(command):
    result = call(command, "-s")
    assert (result.returncode, result.stdout) == (ERROR, "")
    assert result.stderr == (
        f"postdane: {command}: behind -s the path of a socket is missing\n"
        + usage(command))


def test_behind_two_hyphens_there_is_no_option(daemon):
    """It is a key, as it is to Postfix."""
    daemon.answers = [encoded({"key": "-s", "reply": "may", "text": "may"})]
    result = call("-s", daemon.path, "query", "--", "-s")
    assert (result.returncode, result.stderr) == (OK, "")


def test_the_version_of_a_command_is_the_programs():
    for arguments in ("-V",), ("--version",), ("status", "-V"), \
            ("status", "--version"):
        result = call(*arguments)
        assert (result.returncode, result.stderr) == (OK, "")
        assert result.stdout == call("-V").stdout != ""


@pytest.mark.parametrize("arguments", [
    ("query",), ("explain", "a", "b"), ("check",), ("diagnose",),
    ("flush", "a", "b"), ("export", "a"), ("doctor", "a"), ("status", "a")])
def test_wrong_arguments_show_the_usage(arguments):
    result = call(*arguments)
    assert result.returncode == ERROR
    assert result.stderr.endswith("\n" + usage(arguments[0]))
    assert result.stderr.count("\n") == 2


@pytest.mark.parametrize("typed", [
    "user@example.org", "[mail.example.org]", "example.org:587", "192.0.2.1",
    "https://example.org/", "."])
def test_a_diagnosis_is_of_a_domain(typed):
    """What is copied from a log is not taken for a name that is not there."""
    result = call("diagnose", "--no-daemon", typed)
    assert (result.returncode, result.stdout) == (ERROR, "")
    assert result.stderr == (
        f"postdane: diagnose: no domain: {typed} (it takes no user@, "
        "address, brackets or port)\n")


@pytest.mark.parametrize("typed,meant", [
    ("expain", "; did you mean explain?"), ("stats", "; did you mean status?"),
    ("doktor", "; did you mean doctor?"), ("hepl", "; did you mean help?"),
    ("xyzzy", "")])
def test_a_mistyped_command(typed, meant):
    result = call(typed, "example.org")
    assert (result.returncode, result.stdout) == (ERROR, "")
    assert result.stderr == (f'postdane: no command "{typed}"{meant}\n'
                             "postdane --help lists them\n")
