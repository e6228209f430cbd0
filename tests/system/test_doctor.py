"""postdane doctor: each misconfiguration is planted and is all that is found.

Postfix's configuration is real and read by its own postconf; the resolvers are
real ones, or stand before a real one and stumble.
"""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field

import pytest

import lab as lab_module
from lab import HANG
import misbehave
import test_command

OK, WARNING, CRITICAL, UNKNOWN = range(4)
PORT = 8942
MAP = f"socketmap:inet:127.0.0.1:{PORT}"

async def refuse(x):
    return x.error(5)


async def know_corp(x):
    """A resolver that has an internal zone besides the world's."""
    return x.forge() if "corp.nsec" in x.name else await x.pass_on()


GOOD = "127.0.0.61"
RESOLVERS = {  # behaviours before the good one
    "127.0.0.62": misbehave.rcode_to_edns(2),   # SERVFAIL
    "127.0.0.63": misbehave.rcode_to_edns(1),   # FORMERR
    "127.0.0.64": misbehave.drop_do,
    "127.0.0.65": refuse,
}
KNOWS_CORP = "127.0.0.70"
LISTENER = "127.0.0.25"
NOT_VALIDATING = "127.0.0.66"
NO_TCP = "127.0.0.67"
REMOTE = "10.53.0.68"
SILENT = "127.0.0.69"


@dataclass
class Case:
    name: str
    finds: set                     # ids; warnings and critical ones, and notes
    code: int
    main: str = ""                 # more lines of main.cf
    master: str = "smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n"
    maps: str = f"{MAP}:query"
    inside: str = ""               # the chroot's resolv.conf; "": none
    outside: str = f"nameserver {GOOD}"
    says: tuple = field(default=())


CHROOT = "smtp unix - - y - - smtp\n"
STRICT = 'map "strict" { no-dane-policy = notfound dane-only = when-complete }'

CASES = [
    Case("clean", set(), OK),
    Case("chrooted", set(), OK, master=CHROOT, inside=f"nameserver {GOOD}"),
    Case("secondmap", set(), OK, maps=f"hash:OWN, {MAP}:query"),
    Case("twomaps", set(), OK, maps=f"{MAP}:chain, hash:OWN"),
    # ---- the map ----
    Case("nomap", {"no-map"}, CRITICAL, maps="hash:OWN", says=(
        f"main.cf: smtp_tls_policy_maps = hash:OWN, {MAP}:query\n",)),
    Case("emptymap", {"no-map"}, CRITICAL, maps=""),
    Case("noname", {"map-syntax"}, CRITICAL, maps=f"{MAP}"),
    Case("transport", {"map-syntax"}, CRITICAL,
         maps=f"socketmap:tcp:127.0.0.1:{PORT}:query"),
    Case("tcpnoport", {"map-syntax"}, CRITICAL, maps="tcp:127.0.0.1"),
    Case("hostname", {"map-host-name"}, WARNING,
         maps=f"socketmap:inet:localhost:{PORT}:query"),
    Case("refused", {"map-unreachable"}, CRITICAL,
         maps="socketmap:inet:127.0.0.1:1:query", says=(
             "Connection refused", f"smtp_tls_policy_maps = {MAP}:query")),
    Case("tcp", {"map-tcp"}, OK, maps=f"tcp:127.0.0.1:{PORT + 1}"),
    Case("proxied", set(), OK, maps=f"proxy:{MAP}:query"),
    Case("unixgood", set(), OK, maps="socketmap:unix:{unix}:query"),
    Case("unixchroot", {"map-unreachable"}, CRITICAL, master=CHROOT,
         inside=f"nameserver {GOOD}", maps="socketmap:unix:{unix}:query",
         says=("No such file or directory; the service is chrooted",)),
    Case("unixclosed", {"map-unreachable"}, CRITICAL,
         maps="socketmap:unix:{closed}:query", says=(
             "Permission denied", "give the user postfix search permission")),
    # ---- tables of others ----
    Case("otherskinds", set(), OK, maps=f"static:may, unix:passwd.byname, "
         f"inline:{{ a=may, b=may }}, proxy:texthash:OWN, {MAP}:query"),
    Case("othersrelative", set(), OK, maps=f"texthash:relative, {MAP}:query"),
    # smtp(8) opens it as root, proxymap(8) as user postfix.
    Case("otherssecret", set(), OK, maps=f"texthash:SECRET, {MAP}:query"),
    Case("otherssecretproxied", {"map-unusable"}, CRITICAL,
         maps=f"proxy:texthash:SECRET, {MAP}:query", says=(
             "Postfix can't use proxy:texthash:SECRET (open database SECRET: "
             "Permission denied): it defers all mail [smtp/unix",)),
    Case("othersnotindexed", {"map-unusable"}, CRITICAL,
         maps=f"hash:SECRET, {MAP}:query", says=(
             "Postfix can't use hash:SECRET (open database SECRET.db: No such "
             "file or directory): it defers all mail [smtp/unix",
             "shell: postmap hash:SECRET\n")),
    Case("othersbehind", {"map-unusable"}, CRITICAL,
         maps=f"{MAP}:chain, texthash:OWN.x", says=(
             "Postfix can't use texthash:OWN.x (open database OWN.x: No such "
             "file or directory): it defers all mail that the tables before "
             "it say nothing about [smtp/unix",)),
    Case("othersunknown", {"map-unusable"}, CRITICAL,
         maps=f"mongo:/etc/postfix/own, {MAP}:query", says=(
             "(unsupported dictionary type: mongo)",)),
    Case("othersdown", {"map-unusable"}, CRITICAL,
         maps=f"pipemap:{{socketmap:inet:127.0.0.1:1:x}}, {MAP}:query", says=(
             "(table socketmap:inet:127.0.0.1:1:x lookup error: Connection "
             "refused)",)),
    Case("onlyone", {"service-without-map"}, OK,
         master="smtp unix - - n - - smtp\nplain unix - - n - - smtp\n"
                "    -o smtp_tls_policy_maps=\n"
                "    -o smtp_dns_support_level=enabled\n",
         says=("[plain/unix]",)),
    Case("noservice", {"no-service"}, CRITICAL,
         master="lmtp unix - - n - - lmtp\n"),
    # ---- parameters ----
    Case("dnslevel", {"dns-support-level"}, CRITICAL,
         main="smtp_dns_support_level = enabled", says=(
             "main.cf: smtp_dns_support_level = dnssec",
             "[smtp/unix, relay/unix]")),
    Case("dnslevelunset", {"dns-support-level"}, CRITICAL,
         main="smtp_dns_support_level ="),
    Case("dnsleveloverride", {"dns-support-level"}, CRITICAL,
         master="smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n"
                "    -o smtp_dns_support_level=enabled\n", says=(
             "master.cf: relay/unix: -o smtp_dns_support_level=dnssec",
             "[relay/unix]")),
    Case("hostlookup", {"host-lookup"}, CRITICAL,
         main="smtp_host_lookup = native",
         says=("main.cf: smtp_host_lookup = dns",)),
    Case("hostlookupboth", set(), OK, main="smtp_host_lookup = native, dns"),
    Case("insecuremx", {"insecure-mx"}, WARNING,
         main="smtp_tls_dane_insecure_mx_policy = may",
         says=("main.cf: smtp_tls_dane_insecure_mx_policy = dane",)),
    # Debian 12's default; a level of its own in main.cf changes it.
    Case("insecuremxdefault", {"insecure-mx"}, WARNING,
         main="smtp_tls_dane_insecure_mx_policy = "
              "${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}"),
    Case("insecuremxdane", set(), OK, main="smtp_tls_security_level = dane\n"
         "smtp_tls_dane_insecure_mx_policy = "
         "${{$smtp_tls_security_level} == {dane} ? {dane} : {may}}"),
    Case("insecuremxagreed", set(), OK, maps=f"{MAP}:lax",
         main="smtp_tls_dane_insecure_mx_policy = may"),
    Case("resolveroptions", {"resolver-options"}, CRITICAL,
         main="smtp_dns_resolver_options = res_defnames",
         says=("main.cf: smtp_dns_resolver_options =\n",)),
    Case("ignoremx", {"ignore-mx-lookup-error"}, CRITICAL,
         main="ignore_mx_lookup_error = yes",
         says=("main.cf: ignore_mx_lookup_error = no",)),
    # ---- levels ----
    Case("encrypt", {"level-weakened"}, CRITICAL,
         main="smtp_tls_security_level = encrypt", says=(
             f"postdane.conf: {STRICT}",
             f"main.cf: smtp_tls_policy_maps = {MAP}:strict")),
    Case("secure", {"level-weakened"}, CRITICAL,
         main="smtp_tls_security_level = secure"),
    Case("verifychain", {"dane-weakens"}, WARNING, maps=f"{MAP}:chain",
         main="smtp_tls_security_level = verify"),
    Case("securechain", {"dane-weakens"}, WARNING, maps=f"{MAP}:chain",
         main="smtp_tls_security_level = secure"),
    Case("securestrict", {"dane-only-resolver"}, WARNING,
         maps=f"{MAP}:strict", main="smtp_tls_security_level = secure"),
    Case("encryptencrypt", {"dane-weakens"}, WARNING, maps=f"{MAP}:encrypt",
         main="smtp_tls_security_level = encrypt"),
    Case("danelevel", set(), OK, main="smtp_tls_security_level = dane"),
    Case("daneonly", {"level-weakened", "dane-only-resolver"}, CRITICAL,
         main="smtp_tls_security_level = dane-only"),
    Case("overriddenlevel", {"level-weakened"}, CRITICAL,
         master="smtp unix - - n - - smtp\nstrict unix - - n - - smtp\n"
                "    -o { smtp_tls_security_level = encrypt }\n",
         says=("[strict/unix]",)),
    Case("shadowed", {"map-shadowed"}, WARNING,
         maps=f"{MAP}:query, hash:OWN", says=(
             "hash:OWN is never asked",
             f"main.cf: smtp_tls_policy_maps = {MAP}:strict, "
             "hash:OWN\n",
             'postdane.conf: map "strict" { no-dane-policy = notfound }')),
    # ---- the relay host ----
    Case("explicit", {"dane-weakens", "explicit-weakened"}, CRITICAL,
         maps=f"{MAP}:explicit", main="smtp_tls_security_level = secure\n"
         "default_transport = smtp:[relay.example.org]", says=(
             'answer "encrypt"', "[relay.example.org] of default_transport",
             'postdane.conf: map "explicit" '
             "{ no-dane-policy-explicit = notfound }")),
    Case("password", {"relay-password"}, WARNING,
         main="relayhost = [relay.example.org]:587\n"
         "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/p\n"
         "smtp_sasl_security_options = noanonymous", says=(
             'answer is "notfound"',
             "postdane.conf: no-dane-policy-explicit = encrypt")),
    Case("passwordmx", {"relay-password"}, WARNING,
         main="relayhost = example.org\n"
         "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/p\n"
         "smtp_sasl_security_options = noanonymous", says=(
             "main.cf: smtp_sasl_security_options = noanonymous, noplaintext",
             "main.cf: smtp_sasl_tls_security_options = noanonymous")),
    Case("passwordsafe", set(), OK,
         main="relayhost = [relay.example.org]:587\n"
         "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = hash:/p"),
    # ---- the resolver ----
    Case("chrootdiffers", {"chroot-differs", "resolver-not-validating"},
         CRITICAL, master=CHROOT, inside=f"nameserver {NOT_VALIDATING}"),
    Case("chrootstale", {"chroot-differs"}, WARNING, master=CHROOT,
         inside=f"nameserver {GOOD}", outside="nameserver 127.0.0.53"),
    # One finding, and no advice to write what does not resolve.
    Case("chrootmissing", {"resolver-default"}, CRITICAL, master=CHROOT, says=(
        "does not exist: Postfix asks 127.0.0.1, which does not resolve",
        "    shell: cp /etc/resolv.conf ")),
    Case("servers0", {"resolver-default"}, CRITICAL,
         outside="search example.org", says=(
             "names no nameserver: Postfix asks 127.0.0.1, which does not",
             "nameserver ADDRESS of a resolver on this machine")),
    Case("dnslevelempty", {"dns-support-level"}, CRITICAL,
         main="smtp_dns_support_level =", says=(
             "smtp_dns_support_level is empty: Postfix asks for no DNSSEC",)),
    Case("second", {"second-nameserver"}, WARNING,
         outside=f"nameserver {GOOD}\nnameserver {GOOD}", says=(
             f"/etc/resolv.conf: nameserver {GOOD} (and no other)",)),
    Case("novalidation", {"resolver-not-validating"}, CRITICAL,
         outside=f"nameserver {NOT_VALIDATING}", says=(
             "does not validate (no AD bit",)),
    Case("ednsservfail", {"resolver-edns"}, CRITICAL,
         outside="nameserver 127.0.0.62", says=(
             "with EDNS (SERVFAIL)", "defers all mail")),
    Case("ednsformerr", {"resolver-edns"}, CRITICAL,
         outside="nameserver 127.0.0.63", says=(
             "with EDNS (FORMERR)", "returns all mail to its senders")),
    Case("ednsdropped", {"resolver-edns"}, CRITICAL,
         outside="nameserver 127.0.0.64", says=("with EDNS (no answer)",)),
    Case("refusing", {"resolver-down"}, CRITICAL,
         outside="nameserver 127.0.0.65", says=("(REFUSED for",)),
    Case("silent", {"resolver-down"}, CRITICAL,
         outside=f"nameserver {SILENT}", says=("(no answer for",)),
    Case("notcp", {"resolver-tcp"}, WARNING, outside=f"nameserver {NO_TCP}"),
    Case("remote", {"resolver-remote"}, WARNING,
         outside=f"nameserver {REMOTE}"),
    # ---- several at once ----
    Case("several", {"dns-support-level", "host-lookup", "no-map",
                     "second-nameserver"}, CRITICAL, maps="",
         main="smtp_dns_support_level = enabled\nsmtp_host_lookup = native",
         outside=f"nameserver {GOOD}\nnameserver {GOOD}"),
]


@pytest.fixture(scope="module")
def lab():
    running = lab_module.Lab([]).start()
    running.start_unbound(GOOD)
    running.start_unbound(REMOTE)
    not_validating(running)
    for address, behaviour in RESOLVERS.items():
        running.start_proxy(".", address, behaviour, backend=GOOD)
    running.start_proxy("corp.nsec.", KNOWS_CORP, know_corp, backend=GOOD)
    running.start_proxy(".", NO_TCP, misbehave.healthy, backend=GOOD,
                        tcp=False)
    yield running
    running.stop()


def not_validating(lab):
    """A real recursor that only passes on what it is told."""
    folder = lab_module.ROOM / "not-validating"
    folder.mkdir(exist_ok=True)
    (folder / "unbound.conf").write_text(
        f'server:\n  interface: {NOT_VALIDATING}\n  chroot: ""\n'
        f'  username: ""\n  pidfile: ""\n  directory: "{folder}"\n'
        f'  root-hints: "{lab.hints}"\n  module-config: "iterator"\n'
        '  use-syslog: no\n  do-daemonize: no\n'
        'remote-control:\n  control-enable: no\n')
    lab.spawn("not-validating", [lab_module.SERVERS / "usr/sbin/unbound", "-d",
                                 "-c", folder / "unbound.conf"])
    lab_module.wait_until("not-validating",
                          lambda: lab.answers(NOT_VALIDATING, "nsec"))


@pytest.fixture(scope="module")
def daemon(lab):
    running = lab_module.Daemon(lab, "doctor", port=PORT, config="""
map "chain" { no-dane-policy = notfound }
map "encrypt" { no-dane-policy = encrypt }
map "explicit" { no-dane-policy = notfound no-dane-policy-explicit = encrypt }
map "lax" { insecure-mx = may }
map "strict" { no-dane-policy = notfound dane-only = when-complete }
""").start()
    lab_module.wait_until("trust", lambda: subprocess.run(
        [running.command, "-s", running.control, "status"],
        capture_output=True, check=False).returncode == 0)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def resolv_conf(lab):
    """Our own mount namespace's, to be written at will."""
    path = lab_module.ROOM / "resolv.conf"
    path.write_text("")
    subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"], check=True)
    yield path
    subprocess.run(["umount", "/etc/resolv.conf"], check=True)


def configure(case, daemon, resolv_conf):
    folder = daemon.folder / "postfix" / case.name
    queue = folder / "queue"
    queue.mkdir(parents=True)
    for directory in (daemon.folder, folder.parent, folder, queue):
        directory.chmod(0o755)
    servers = lab_module.SERVERS
    settings = {
        "compatibility_level": "3.6", "mail_owner": "postfix",
        "queue_directory": queue,
        "shlib_directory": servers / "usr/lib/postfix",
        "daemon_directory": servers / "usr/lib/postfix/sbin",
        "command_directory": servers / "usr/sbin",
        "smtp_dns_support_level": "dnssec",
        "smtp_tls_security_level": "may",
        "smtp_tls_dane_insecure_mx_policy": "dane",
        "smtp_tls_policy_maps": expand(case.maps, daemon),
    }
    (folder / "main.cf").write_text("".join(
        f"{name} = {value}\n" for name, value in settings.items())
        + case.main + "\n")
    (folder / "master.cf").write_text(case.master)
    (queue / "relative").write_text("example.org may\n")
    make_tables(daemon, folder)
    if case.inside:
        (queue / "etc").mkdir()
        (queue / "etc/resolv.conf").write_text(case.inside + "\n")
    resolv_conf.write_text(case.outside + "\n")
    return folder


def closed(daemon):
    """The daemon's socket, below a directory that only root may search."""
    folder = daemon.folder / "closed"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.link(daemon.unix, folder / "socketmap")
    return folder / "socketmap"


def expand(text, daemon):
    """With the names of files in their places."""
    for name, path in {"{unix}": daemon.unix, "{closed}": closed(daemon),
                       "OWN": daemon.folder / "own",
                       "SECRET": daemon.folder / "secret"}.items():
        text = text.replace(name, str(path))
    return text


def make_tables(daemon, folder):
    """One that all may read, with its index, and one that only root may."""
    for name, mode in ("own", 0o644), ("secret", 0o600):
        (daemon.folder / name).write_text("example.org may\n")
        (daemon.folder / name).chmod(mode)
    if not (daemon.folder / "own.db").exists():
        subprocess.run(
            [lab_module.SERVERS / "usr/sbin/postmap", "-c", folder,
             f"hash:{daemon.folder / 'own'}"], check=True, timeout=HANG,
            env=lab_module.environment())


def run(daemon, folder, *args, control=None):
    return subprocess.run(
        [daemon.command, "-s", control or daemon.control, "doctor", "-c",
         folder, "--postconf", lab_module.SERVERS / "usr/sbin/postconf",
         *args], capture_output=True, text=True, timeout=HANG, check=False,
        env=lab_module.environment())


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_finds_what_is_wrong(daemon, resolv_conf, case):
    folder = configure(case, daemon, resolv_conf)
    result = run(daemon, folder)
    found = re.findall(r"^(critical|warning|note): ([a-z-]+): ",
                       result.stdout, re.M)
    assert {name for _, name in found} == case.finds, \
        result.stdout + result.stderr
    assert len(found) == len(case.finds), result.stdout
    assert result.returncode == case.code, result.stdout
    for words in case.says:
        assert expand(words, daemon) in result.stdout, result.stdout


def test_json(daemon, resolv_conf):
    case = by_name("several")
    folder = configure(fresh("json", **{
        n: getattr(case, n) for n in ("main", "maps", "outside")}),
        daemon, resolv_conf)
    result = run(daemon, folder, "--json")
    report = json.loads(result.stdout)
    assert (report["code"], report["status"]) == (CRITICAL, "CRITICAL")
    assert result.returncode == CRITICAL
    finding = next(f for f in report["findings"]
                   if f["id"] == "dns-support-level")
    assert finding["severity"] == "critical"
    assert finding["services"] == ["smtp/unix", "relay/unix"]
    assert finding["changes"] == [
        {"file": "main.cf", "line": "smtp_dns_support_level = dnssec"}]


def by_name(name):
    return next(c for c in CASES if c.name == name)


def ids(result):
    return {f["id"] for f in json.loads(result.stdout)["findings"]}


def fresh(name, **changes):
    return Case(**{**by_name("clean").__dict__, "name": name, **changes})


def test_daemon_down(daemon, resolv_conf):
    folder = configure(fresh("down"), daemon, resolv_conf)
    result = run(daemon, folder, "--json", control=daemon.folder / "nobody")
    assert ids(result) == {"daemon-down"}
    assert result.returncode == CRITICAL


def test_what_comes_of_a_daemon_that_is_down_is_no_finding(
        daemon, resolv_conf):
    """Its table, its resolver and the chroot's copy that names it."""
    case = fresh("consequences", maps="socketmap:inet:127.0.0.1:1:query",
                 master=CHROOT, inside=f"nameserver {LISTENER}")
    folder = configure(case, daemon, resolv_conf)
    result = run(daemon, folder, "--json", control=daemon.folder / "nobody")
    assert ids(result) == {"daemon-down"}
    assert result.returncode == CRITICAL


@pytest.fixture
def as_nobody(daemon, resolv_conf):
    """Runs the command as a user whom the daemon does not admit."""
    return lab_module.for_nobody(daemon.command, "-s", daemon.control)


def test_who_may_not_ask_is_told_so(daemon, as_nobody):
    result = as_nobody("status")
    assert result.returncode == 3
    assert result.stderr == (
        f"postdane: {daemon.control}: Permission denied: only root or the "
        "daemon's user may ask: use sudo\n")


def for_all(folder):
    """The servers' own postconf, where everybody may run it."""
    postconf = folder / "postconf"
    postconf.write_text(
        f'#!/bin/sh\nexec {lab_module.SERVERS}/usr/sbin/postconf "$@"\n')
    postconf.chmod(0o755)
    return postconf


def test_who_may_not_ask_knows_nothing(daemon, resolv_conf, as_nobody):
    """Not that it is down, nor that Postfix can't reach it."""
    folder = configure(fresh("unprivileged",
                             maps="socketmap:unix:{closed}:query"),
                       daemon, resolv_conf)
    result = as_nobody("doctor", "-c", folder, "--postconf",
                       for_all(folder))
    assert result.stdout.splitlines()[0] == (
        "POSTDANE UNKNOWN - only root or the daemon's user may ask: use sudo")
    found = re.findall(r"^unknown: ([a-z-]+): ", result.stdout, re.M)
    assert found == ["may-not-ask", "map-unknown"], result.stdout
    assert len(found) == len(re.findall("^[a-z]+: [a-z-]+: ", result.stdout,
                                        re.M))
    assert result.returncode == UNKNOWN


def test_what_this_user_may_not_open_is_not_known(
        daemon, resolv_conf, as_nobody):
    """Postfix opens it as root."""
    folder = configure(fresh("nobodys", maps=f"texthash:SECRET, {MAP}:query"),
                       daemon, resolv_conf)
    result = as_nobody("doctor", "-c", folder, "--postconf", for_all(folder))
    secret = daemon.folder / "secret"
    assert (f"unknown: map-unknown: whether Postfix can use texthash:{secret} "
            f"is not known: open database {secret}: Permission denied [smtp/unix"
            ) in result.stdout
    assert result.returncode == UNKNOWN


def test_without_postmap_it_is_not_known(daemon, resolv_conf):
    folder = configure(fresh("nopostmap", maps=f"texthash:OWN, {MAP}:query",
                             main="command_directory = /nonexistent"),
                       daemon, resolv_conf)
    result = run(daemon, folder)
    assert ("is not known: /nonexistent/postmap: No such file or directory "
            "[smtp/unix" in result.stdout)
    assert result.returncode == UNKNOWN


def test_what_only_root_may_see_is_not_guessed(
        daemon, resolv_conf, as_nobody):
    """Postfix may run, and have another resolv.conf than the system's, which
    would be a critical finding."""
    folder = configure(fresh("hidden", outside=f"nameserver {NOT_VALIDATING}"),
                       daemon, resolv_conf)
    (folder / "queue/pid").mkdir()
    (folder / "queue/pid/master.pid").write_text("1\n")
    (folder / "queue/pid/master.pid").chmod(0o600)
    result = as_nobody("doctor", "--json", "-c", folder, "--postconf",
                       for_all(folder))
    assert ids(result) == {"may-not-ask", "resolver-unreadable"}
    assert result.returncode == UNKNOWN
    # Root sees that it does not run.
    result = run(daemon, folder, "--json")
    assert ids(result) == {"resolver-not-validating"}


def test_no_trust(lab, daemon, resolv_conf):
    """An anchor of another root's: postdane defers everything."""
    blind = lab_module.Daemon(lab, "blind", port=PORT + 10)
    anchor = blind.folder / "anchor"
    anchor.write_text(". IN DS 1 13 2 " + 64 * "0" + "\n")
    blind.config.write_text(blind.config.read_text().replace(
        str(lab.anchor), str(anchor)))
    blind.start()
    folder = configure(fresh(
        "blind", maps=f"socketmap:inet:127.0.0.1:{PORT + 10}:query"),
        daemon, resolv_conf)
    result = run(daemon, folder, "--json", control=blind.control)
    blind.stop()
    assert ids(result) & {"no-trust", "trust-unknown"}, result.stdout
    assert result.returncode >= WARNING


def test_no_postfix(daemon):
    """There is a state, even so."""
    def doctor(*args):
        return subprocess.run(
            [daemon.command, "doctor", "--postconf", "/nonexistent/postconf",
             *args], capture_output=True, text=True, check=False)

    why = "/nonexistent/postconf: No such file or directory: is Postfix " \
        "installed?"
    result = doctor()
    assert result.returncode == UNKNOWN
    assert result.stdout.splitlines()[0] == f"POSTDANE UNKNOWN - {why}"
    result = doctor("--json")
    report = json.loads(result.stdout)
    assert result.returncode == report["code"] == UNKNOWN
    assert report["summary"] == why
    assert ids(result) == {"postfix-unknown"}


# ---- names in Postfix's configuration ----

def sharing(lab, config=""):
    """A daemon that is also Postfix's resolver."""
    running = lab_module.Daemon(
        lab, "sharing", port=PORT + 20,
        config=f'dns-listen = {{ "{LISTENER}:53" }}\n{config}\n').start()
    lab_module.wait_until("trust", lambda: subprocess.run(
        [running.command, "-s", running.control, "status"],
        capture_output=True, check=False).returncode == 0)
    return running


def relaying(name, **changes):
    return fresh(name, maps=f"socketmap:inet:127.0.0.1:{PORT + 20}:query",
                 main="relayhost = [relay.corp.nsec]:587\n"
                      "smtpd_milters = inet:other.corp.nsec:8891",
                 outside=f"nameserver {KNOWS_CORP}", **changes)


def test_internal_names_and_the_zone_that_mends_them(lab, resolv_conf):
    running = sharing(lab)
    case = relaying("lost", master=CHROOT, inside=f"nameserver {LISTENER}")
    folder = configure(case, running, resolv_conf)
    report = run(running, folder, "--json")
    # Where Postfix does not ask postdane, it is no more than a warning.
    other = configure(relaying("unused"), running, resolv_conf)
    unused = run(running, other)
    running.stop()
    findings = json.loads(report.stdout)["findings"]
    assert [(f["id"], f["severity"]) for f in findings] == \
        2 * [("name-lost", "critical")]
    assert [f["text"].partition(":")[0] for f in findings] == [
        "relay.corp.nsec MX (relayhost)", "other.corp.nsec MX (smtpd_milters)"]
    assert ('the system\'s resolver says "MX 10 relay.corp.nsec.", '
            'postdane\'s "NXDOMAIN"') in findings[0]["text"]
    zone = f'zone "corp.nsec" {{ forward = {{ "{KNOWS_CORP}" }} insecure = yes }}'
    assert all(f["changes"] == [{"file": "postdane.conf", "line": zone}]
               for f in findings)
    assert "warning: name-lost: relay.corp.nsec" in unused.stdout
    assert unused.returncode == WARNING

    running = sharing(lab, zone)
    result = run(running, folder, "--json")
    running.stop()
    assert ids(result) == set()


def names(daemon, *arguments, **options):
    return subprocess.run([daemon.command, "names", *arguments],
                          capture_output=True, text=True, timeout=120,
                          check=False, **options)


NOBODY_ANSWERS = (f"postdane: names: nobody answers at {LISTENER}: is "
                  "dns-listen set, and was postdane restarted?\n")


@pytest.mark.parametrize("server,more", [
    (GOOD, ""), (SILENT, "postdane: names: the system's resolver "
                         "(/etc/resolv.conf) does not answer, either\n")])
def test_names_where_nobody_listens(daemon, resolv_conf, server, more):
    """No advice to switch DNSSEC off: dns-listen was forgotten."""
    resolv_conf.write_text(f"nameserver {server}\n")
    result = names(daemon, "plain.nsec")
    assert (result.returncode, result.stdout) == (UNKNOWN, "")
    assert result.stderr == NOBODY_ANSWERS + more


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.25:53", ""])
def test_names_at_what_is_no_address(daemon, address):
    result = names(daemon, "-r", address, "nsec")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == (
        f'postdane: names: -r "{address}" is no IP address: it takes one of '
        "dns-listen, without the port, such as 127.0.0.25\n")


def test_names_that_are_none_are_said(lab, resolv_conf):
    resolv_conf.write_text(f"nameserver {GOOD}\n")
    running = sharing(lab)
    good = names(running, "plain.nsec")
    results = [names(running, "plain.nsec", "foo bar", "a..b"),
               names(running, input="plain.nsec\nfoo bar\na..b\n")]
    resolv_conf.write_text(f"nameserver {SILENT}\n")
    absent = names(running, "plain.nsec")
    running.stop()
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    for result in results:
        assert (result.returncode, result.stdout) == (3, "")
        assert result.stderr == (
            'postdane: names: "foo bar" is no host name\n'
            'postdane: names: "a..b" is no host name\n')
    assert (absent.returncode, absent.stdout) == (3, "")
    assert "(/etc/resolv.conf) does not answer: there is nothing to compare " \
        "with" in absent.stderr


# ---- Postfix's processes ----

@pytest.fixture(scope="module")
def programs(lab):
    """A daemon_directory whose master is an interpreter."""
    folder = lab_module.ROOM / "programs"
    folder.mkdir()
    shutil.copy(os.path.realpath("/usr/bin/python3"), folder / "master")
    for directory in (lab_module.ROOM, folder):
        directory.chmod(0o755)
    return folder


@pytest.fixture
def run_as(daemon, programs, resolv_conf):
    """Runs a script as Postfix's master, or as something like it."""
    processes = []

    def start(script, name, *arguments, program=None, **changes):
        folder = configure(fresh(
            name, main=f"daemon_directory = {programs}", **changes),
            daemon, resolv_conf)
        (folder / "queue/pid").mkdir()
        process = subprocess.Popen(
            [program or programs / "master", "-c", script, folder / "queue",
             *arguments], stdout=subprocess.PIPE,
            env={**lab_module.environment(), "PYTHONHOME": "/usr"})
        processes.append(process)
        assert process.stdout.readline() == b"running\n"
        return folder

    yield start
    for process in processes:
        process.terminate()
        process.wait(HANG)


PARENT = """
import ctypes, os, pathlib, signal, sys, time
def name(text):
    ctypes.CDLL(None).prctl(15, text, 0, 0, 0)
queue = pathlib.Path(sys.argv[1])
child = os.fork()
if child == 0:
    name(b"smtp")
    os.chroot(queue)
    time.sleep(600)
name(b"master")
(queue / "pid/master.pid").write_text(f"{os.getpid():>10}\\n")
def end(*_):
    os.kill(child, signal.SIGTERM)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("running", flush=True)
time.sleep(600)
"""


def test_processes_with_an_older_resolver(daemon, run_as):
    folder = run_as(PARENT, "running", master=CHROOT,
                    inside=f"nameserver {GOOD}")
    assert ids(run(daemon, folder, "--json")) == set()
    time.sleep(0.2)
    (folder / "queue/etc/resolv.conf").write_text(
        f"nameserver {GOOD}\n# new\n")
    result = run(daemon, folder, "--json")
    assert ids(result) == {"stale-resolver"}
    assert result.returncode == WARNING
    assert "postfix reload" in result.stdout


def test_stale_pid_file(daemon, resolv_conf):
    """The number in it may be anybody's by now."""
    folder = configure(fresh("stalepid"), daemon, resolv_conf)
    (folder / "queue/pid").mkdir()
    (folder / "queue/pid/master.pid").write_text(f"{os.getpid()}\n")
    assert ids(run(daemon, folder, "--json")) == set()


PRIVATE = """
import ctypes, os, pathlib, subprocess, sys, time
assert ctypes.CDLL(None).unshare(0x20000) == 0  # CLONE_NEWNS
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
subprocess.run(["mount", "--bind", sys.argv[2], "/etc/resolv.conf"],
               check=True)
ctypes.CDLL(None).prctl(15, b"master", 0, 0, 0)
pathlib.Path(sys.argv[1], "pid/master.pid").write_text(f"{os.getpid():>10}\\n")
if len(sys.argv) > 3:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(*map(int, sys.argv[3].split()))
print("running", flush=True)
time.sleep(600)
"""
ROOTED = """
import ctypes, os, pathlib, sys, time
ctypes.CDLL(None).prctl(15, b"master", 0, 0, 0)
pathlib.Path(sys.argv[1], "pid/master.pid").write_text(f"{os.getpid():>10}\\n")
os.chroot(sys.argv[2])
print("running", flush=True)
time.sleep(600)
"""


def other_resolver(daemon, name):
    path = daemon.folder / name
    path.write_text(f"nameserver {NOT_VALIDATING}\n")
    return path


def test_private_resolv_conf(daemon, run_as):
    """What counts is what Postfix's processes see, not what we do."""
    folder = run_as(PRIVATE, "private", other_resolver(daemon, "seen"))
    assert ids(run(daemon, folder, "--json")) == {"resolver-not-validating"}


def test_links_end_in_the_root_of_postfix(daemon, run_as):
    """An absolute one leads to a file of this name there, not here."""
    root = daemon.folder / "other-root"
    here = daemon.folder / "link-target"
    here.write_text(f"nameserver {GOOD}\n")
    there = root / here.relative_to("/")
    there.parent.mkdir(parents=True)
    there.write_text(f"nameserver {NOT_VALIDATING}\n")
    (root / "etc").mkdir()
    (root / "etc/resolv.conf").symlink_to(here)
    folder = run_as(ROOTED, "rooted", root)
    assert ids(run(daemon, folder, "--json")) == {"resolver-not-validating"}


@pytest.mark.parametrize("target", ["/run/own.conf", "../../run/own.conf"])
def test_links_end_in_the_chroot(daemon, resolv_conf, target):
    name = "chrootlink" + str(target.count(".."))
    folder = configure(fresh(name, master=CHROOT,
                             inside=f"nameserver {GOOD}"), daemon, resolv_conf)
    queue = folder / "queue"
    (queue / "run").mkdir()
    (queue / "etc/resolv.conf").rename(queue / "run/own.conf")
    (queue / "etc/resolv.conf").symlink_to(target)
    assert ids(run(daemon, folder, "--json")) == set()


def test_a_program_that_is_not_the_master(daemon, run_as):
    """Anybody can take its name."""
    folder = run_as(PRIVATE, "namesake", other_resolver(daemon, "namesakes"),
                    program="/usr/bin/python3")
    assert ids(run(daemon, folder, "--json")) == set()


@pytest.mark.parametrize("ids_of_user", ["65534 65534 65534", "65534 0 0"])
def test_a_master_that_is_not_of_root(daemon, run_as, ids_of_user):
    """Anybody can run the program, and say what it sees."""
    name = "users" + ids_of_user[-1]
    folder = run_as(PRIVATE, name, other_resolver(daemon, name), ids_of_user)
    assert ids(run(daemon, folder, "--json")) == set()


@pytest.mark.parametrize("kind", ["fifo", "large", "device"])
def test_what_cannot_be_read(daemon, run_as, kind):
    """It does not wait, has an end, and is not said to be missing."""
    path = daemon.folder / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        path.write_text(f"nameserver {GOOD}\n" + 70000 * "#")
    else:
        path = "/dev/zero"
    folder = run_as(PRIVATE, kind, path)
    result = run(daemon, folder, "--json")
    assert ids(result) == {"resolver-unreadable"}
    assert result.returncode == UNKNOWN


def test_the_program_of_before_an_upgrade(daemon, programs, run_as):
    folder = run_as(PRIVATE, "upgraded", other_resolver(daemon, "upgrade"))
    new = programs / "new"
    shutil.copy(programs / "master", new)
    new.rename(programs / "master")
    assert ids(run(daemon, folder, "--json")) == {"resolver-not-validating"}


@pytest.mark.parametrize("place", [
    None, 7, {}, {"protocol": "socketmap"}, {"endpoint": "inet:"},
    {"protocol": 7, "endpoint": 7},
    {"protocol": "socketmap", "endpoint": "inet:"}], ids=str)
def test_a_daemon_that_lies(daemon, resolv_conf, tmp_path, place):
    """Of whatever kind its values are, doctor comes to an end."""
    folder = configure(fresh("lies" + tmp_path.name), daemon, resolv_conf)
    liar = test_command.Daemon(tmp_path)
    status = {**daemon.status(), "listening": [place],
              "dns_listening": [place], "maps": {"query": place}}
    liar.answers = [test_command.encoded(status)]
    result = run(daemon, folder, "--json", control=liar.path)
    liar.end()
    assert result.returncode in range(4)
    assert json.loads(result.stdout)["findings"]
