"""What people read where somebody answers in place of the root servers, or a
forwarder does no DNSSEC: the one sentence that helps comes first, nobody is
blamed of whom nothing was learned, and nothing gives protection away that would
not help."""

import json
import re
import subprocess

import dns.exception
import dns.message
import dns.query
import pytest

import lab as lab_module
from lab import HANG
import misbehave
from test_no_internet import SENTENCE
from zones import USABLE, Zone

INTERCEPTED = ("something answers in place of the root servers, without "
               "DNSSEC: let port 53, UDP and TCP, through, or set zone '.' "
               "{ forward = ... }")
NO_FORWARDER = ("no forwarder of zone '.' gives a usable answer: are they up, "
                "and do they pass signatures on?")
UNSIGNED = ("no forwarder of zone '.' does DNSSEC, which it must (pass on DO "
            "and RRSIG): ")
OK, WARNING, CRITICAL, UNKNOWN = range(4)
NOTFOUND, TEMP, ERROR = 1, 2, 3
PORT = 9242
RECURSOR = "10.53.0.53"   # real, validating, of the real tree
LIAR = "10.53.0.56"       # knows internal names besides
ZONES = [Zone("fine.nsec", f"@ MX 10 mx\nmx A 10.25.6.1\n"
              f"_25._tcp.mx TLSA {USABLE}", "ecdsa"),
         Zone("fine.unsigned", "@ MX 10 mx\nmx A 10.25.6.4"),
         Zone("bogus.nsec", "@ MX 10 mx\nmx A 10.25.6.5", "ecdsa",
              fault="expired")]


def is_up(address):
    """Whatever it answers."""
    query = dns.message.make_query(".", "NS")
    try:
        return dns.query.udp(query, address, timeout=1)
    except (dns.exception.DNSException, OSError):
        return False


def start_unbound(world, name, address, options):
    """A real one that answers everything in its own way."""
    folder = lab_module.ROOM / name
    folder.mkdir(exist_ok=True)
    (folder / "unbound.conf").write_text(
        f'server:\n  interface: {address}\n'
        '  access-control: 0.0.0.0/0 allow_snoop\n  chroot: ""\n'
        f'  username: ""\n  pidfile: ""\n  directory: "{folder}"\n'
        f'  use-syslog: no\n  do-daemonize: no\n  num-threads: 1\n{options}'
        'remote-control:\n  control-enable: no\n')
    world.spawn(name, [lab_module.SERVERS / "usr/sbin/unbound", "-d", "-c",
                       folder / "unbound.conf"])
    lab_module.wait_until(name, lambda: is_up(address))


def start_portal(world, address):
    """A real BIND with a tree of its own: all names lead to one address."""
    folder = lab_module.ROOM / "portal"
    folder.mkdir()
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"],
                   check=True)
    (folder / "zone").write_text(
        "$TTL 300\n@ SOA ns.portal. h.portal. 1 3600 600 86400 60\n"
        f"@ NS ns.portal.\nns.portal. A {address}\n* A 10.66.66.66\n"
        "* MX 10 portal.\n")
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file none; recursion no; '
        'dnssec-validation no; listen-on-v6 { none; }; session-keyfile none; '
        f'listen-on {{ {address}; }}; }};\ncontrols {{ }};\n'
        f'zone "." {{ type primary; file "{folder}/zone"; }};\n')
    world.spawn("portal", [lab_module.SERVERS / "usr/sbin/named", "-g", "-n",
                           "1", "-c", folder / "named.conf"])
    lab_module.wait_until("portal", lambda: world.answers(address, ""))


async def servfail(x):
    return x.error(2)


async def know_corp(x):
    """A resolver with internal zones, below a signed and an unsigned zone, and
    its own view of a signed one."""
    internal = ("corp.nsec", "corp.unsigned", "fine.nsec", "bogus.nsec")
    return x.forge() if x.name.endswith(internal) else await x.pass_on()


# Who answers in place of the root servers, and what the daemon makes of it.
REFUSER, NXDOMAIN, PORTAL, SERVFAIL, STRIPPER = (
    f"10.53.13.{i}" for i in range(1, 6))
INTERCEPTORS = {"refuser": (REFUSER, SENTENCE),
                "nxdomain": (NXDOMAIN, SENTENCE),
                "portal": (PORTAL, INTERCEPTED),
                "servfail": (SERVFAIL, SENTENCE)}
# Forwarders that do no DNSSEC; or nothing at all.
FORWARDERS = {"nxdomain": (NXDOMAIN, UNSIGNED + NXDOMAIN),
              "portal": (PORTAL, UNSIGNED + PORTAL),
              "stripper": (STRIPPER, UNSIGNED + STRIPPER),
              "refuser": (REFUSER, NO_FORWARDER)}


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab(ZONES).start()
    running.start_unbound(RECURSOR)
    start_unbound(running, "refuser", REFUSER,
                  '  local-zone: "." always_refuse\n')
    start_unbound(running, "nxdomain", NXDOMAIN,
                  '  local-zone: "." always_nxdomain\n')
    start_portal(running, PORTAL)
    running.start_proxy(".", SERVFAIL, servfail, backend=RECURSOR)
    running.start_proxy(".", STRIPPER, misbehave.strip_all, backend=RECURSOR)
    running.start_proxy("liar.", LIAR, know_corp, backend=RECURSOR)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def resolv_conf():
    """Our own mount namespace's, to be written at will."""
    path = lab_module.ROOM / "resolv.conf"
    path.write_text("")
    subprocess.run(["mount", "--bind", path, "/etc/resolv.conf"], check=True)
    yield path
    subprocess.run(["umount", "/etc/resolv.conf"], check=True)


class Misled:
    """The root's servers, as a machine sees them whose port 53 is somebody
    else's."""

    def __init__(self, world, name, address):
        self.hints, self.anchor = lab_module.ROOM / f"{name}.hints", \
            world.anchor
        self.hints.write_text("".join(
            f". 3600 IN NS {c}.rootservers.\n"
            f"{c}.rootservers. 3600 IN A {address}\n" for c in "abc"))


def listening(world, name, number, config=""):
    """A resolver, too; each at a place of its own."""
    daemon = lab_module.Daemon(
        world, name, port=PORT + 10 * number,
        config=f'dns-listen = {{ "127.0.0.{25 + number}:53" }}\n{config}')
    daemon.listener = f"127.0.0.{25 + number}"
    return daemon.start()


def start(misled, name, number, sentence, config=""):
    daemon = listening(misled, name, number, f"lookup-deadline = 2\n{config}")
    try:
        lab_module.wait_until("the sentence", lambda: sentence in
                              daemon.status()["trust_why"])
    except BaseException:
        daemon.stop()
        raise
    return daemon


@pytest.fixture(scope="module", params=sorted(INTERCEPTORS))
def intercepted(world, request):
    address, sentence = INTERCEPTORS[request.param]
    daemon = start(Misled(world, request.param, address),
                   f"intercepted-{request.param}", 0, sentence)
    daemon.sentence, daemon.address = sentence, address
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module", params=sorted(FORWARDERS))
def forwarded(world, request):
    address, sentence = FORWARDERS[request.param]
    daemon = start(world, f"forwarded-{request.param}", 1, sentence,
                   f'zone "." {{ forward = {{ "{address}" }} }}\n')
    daemon.sentence, daemon.address = sentence, address
    yield daemon
    daemon.stop()


def run(daemon, *arguments):
    return subprocess.run(
        [daemon.command, "-s", daemon.control, *arguments],
        capture_output=True, text=True, timeout=HANG, check=False)


def says_it_everywhere(daemon):
    sentence = daemon.sentence
    status = run(daemon, "status")
    assert status.returncode == TEMP
    assert f"\ntrust: unknown: {sentence}\n" in status.stdout
    # Not once for each try, and nothing else.
    said = {line for line in daemon.log().splitlines() if "trust: " in line}
    assert [line for line in said if sentence in line], said
    query = run(daemon, "query", "example.org")
    assert (query.returncode, query.stdout) == (
        TEMP, f"example.org\tTEMP {sentence}; run: postdane status\n")
    explain = run(daemon, "explain", "example.org")
    assert explain.stdout.splitlines()[:2] == ["! example.org: TEMP",
                                               f"  {sentence}"]
    assert explain.stdout.count(sentence) == 1
    assert "insecure = yes" not in explain.stdout
    check = run(daemon, "check", "example.org")
    assert (check.returncode, check.stdout) == (
        UNKNOWN, "POSTDANE UNKNOWN - example.org: not checked: "
        f"{sentence}; run: postdane status\n")


def test_interception_is_said(intercepted):
    says_it_everywhere(intercepted)


def test_a_forwarder_without_dnssec_is_named(forwarded):
    says_it_everywhere(forwarded)
    assert "root server" not in forwarded.log()


def test_the_configuration_is_tested(forwarded):
    result = subprocess.run(
        [forwarded.program, "-t", "-c", forwarded.config],
        capture_output=True, text=True, timeout=HANG, check=False)
    assert result.returncode == OK
    assert f"postdaned: warning: {forwarded.sentence}; " in result.stderr


# ---- diagnose ----

def diagnose(daemon, *arguments, domain="fine.nsec"):
    path = lab_module.ROOM / "resolv.conf-diagnosed"
    path.write_text(f"nameserver {daemon.address}\n")
    return run(daemon, "diagnose", "-c", daemon.config, "--resolv-conf", path,
               "--chroot", "/nonexistent", *arguments, domain)


@pytest.mark.parametrize("domain", ["fine.nsec", "nosuch.nsec"])
def test_diagnosis_of_an_interception(intercepted, domain):
    """One finding; of nobody on the way anything was learned."""
    result = diagnose(intercepted, "--json", domain=domain)
    report = json.loads(result.stdout)
    assert (result.returncode, report["status"]) == (UNKNOWN, "UNKNOWN")
    assert [(f["behaviour"], f["severity"], f["blame"])
            for f in report["findings"]] == [
        ("intercepted", "unknown", "who runs this machine's network")]
    assert {zone["signed"] for zone in report["zones"]} == {None}
    text = diagnose(intercepted, "--no-daemon", domain=domain).stdout
    assert text.splitlines()[:3] == [
        f"POSTDANE UNKNOWN - {domain}: 1 finding", "",
        "unknown: something between this machine and the root servers answers "
        "in their place, or takes DNSSEC out of their answers: nothing can be "
        "learned of anybody's name servers"]
    assert "not signed" not in text


def test_diagnosis_where_dnssec_is_taken_out(world):
    """The root's servers are reached, and all others are well."""
    address = "10.53.13.6"
    proxy = world.start_proxy(".", address, misbehave.strip_all,
                              backend=lab_module.PLACES["root"][0])
    daemon = lab_module.Daemon(Misled(world, "taken", address), "taken",
                               port=PORT + 40)
    daemon.address = address
    result = diagnose(daemon, "--json", "--no-daemon")
    world.underworld.stop(proxy)
    assert result.returncode == UNKNOWN
    assert [f["behaviour"] for f in json.loads(result.stdout)["findings"]] == [
        "intercepted"]


def test_diagnosis_of_a_forwarder(forwarded):
    """It is the one that is named; all name servers are reached, and well."""
    result = diagnose(forwarded, "--json")
    report = json.loads(result.stdout)
    findings = report["findings"]
    assert result.returncode == CRITICAL
    if forwarded.sentence == NO_FORWARDER:
        assert findings[0]["behaviour"].startswith("recursor-refused")
        return
    assert [(f["behaviour"], f["severity"], f["address"])
            for f in findings] == [
        ("forwarder-unsigned", "critical", forwarded.address)]
    assert "which it must: pass on DO" in findings[0]["text"]


# ---- names ----

def names(daemon, *arguments, **options):
    return subprocess.run([daemon.command, "names", "-r", daemon.listener,
                           *arguments], capture_output=True, text=True,
                          timeout=HANG, check=False, **options)


def compares_nothing(daemon, resolv_conf, resolver):
    """Whatever the system's resolver knows, or makes up."""
    resolv_conf.write_text(f"nameserver {resolver}\n")
    result = names(daemon, "fine.nsec", "relay.corp.nsec", "fine.unsigned")
    assert (result.returncode, result.stdout) == (ERROR, "")
    assert result.stderr.splitlines() == [
        "postdane: names: " + daemon.sentence,
        "postdane: names: until then postdane resolves nothing, and no name "
        "was compared"]


def test_names_without_a_trust_path(intercepted, resolv_conf):
    compares_nothing(intercepted, resolv_conf, LIAR)
    compares_nothing(intercepted, resolv_conf, PORTAL)


def test_names_with_a_bad_forwarder(forwarded, resolv_conf):
    compares_nothing(forwarded, resolv_conf, LIAR)


@pytest.fixture
def trusting(world):
    daemon = listening(world, "trusting", 2)
    lab_module.wait_until("trust", lambda: daemon.status()["trust"] == "alive")
    yield daemon
    daemon.stop()


def test_silence_of_the_system_is_no_comparison(
        trusting, resolv_conf):
    resolv_conf.write_text("nameserver 10.53.13.99\n")
    result = names(trusting, "fine.nsec")
    assert (result.returncode, result.stdout) == (ERROR, "")
    assert result.stderr == (
        "postdane: names: the system's resolver (/etc/resolv.conf) does not "
        "answer: there is nothing to compare with\n")


def test_failures_alone_are_no_comparison(
        trusting, resolv_conf):
    resolv_conf.write_text(f"nameserver {RECURSOR}\n")
    both = names(trusting, "bogus.nsec")
    assert (both.returncode, both.stdout) == (ERROR, "")
    assert "nothing was compared" in both.stderr
    assert names(trusting, "bogus.nsec", "fine.nsec").returncode == OK


FORWARD = f'forward = {{ "{LIAR}" }}'


def test_dnssec_is_given_up_for_what_is_proven_to_be_internal(
        trusting, resolv_conf):
    resolv_conf.write_text(f"nameserver {LIAR}\n")
    result = names(trusting, "relay.corp.nsec")
    assert result.returncode == NOTFOUND
    assert "postdane  NXDOMAIN" in result.stdout
    assert f'zone "corp.nsec" {{ {FORWARD} insecure = yes }}' in result.stdout


def test_nothing_is_given_up_below_an_unsigned_zone(
        world, trusting, resolv_conf):
    """There, a forwarder is believed as it is."""
    resolv_conf.write_text(f"nameserver {LIAR}\n")
    result = names(trusting, "relay.corp.unsigned")
    assert result.returncode == NOTFOUND
    assert f'zone "corp.unsigned" {{ {FORWARD} }}\n' in result.stdout
    trusting.config.write_text(trusting.config.read_text() +
                               f'zone "corp.unsigned" {{ {FORWARD} }}\n')
    trusting.process.send_signal(1)  # SIGHUP
    lab_module.wait_until("the zone", lambda: names(
        trusting, "relay.corp.unsigned").returncode == OK)


def test_what_is_signed_is_not_given_up_for_a_lie(trusting, resolv_conf):
    resolv_conf.write_text(f"nameserver {LIAR}\n")
    result = names(trusting, "mx.fine.nsec", "fine.nsec")
    assert result.returncode == NOTFOUND
    assert result.stdout.count("proven by DNSSEC") == 2
    assert 'zone "' not in result.stdout and "insecure" not in result.stdout


def test_of_a_signed_zone_only_the_name_is_given_up(trusting, resolv_conf):
    """Not the protection of all others in it."""
    resolv_conf.write_text(f"nameserver {LIAR}\n")
    result = names(trusting, "inside.fine.nsec")
    assert result.returncode == NOTFOUND
    assert f'zone "inside.fine.nsec" {{ {FORWARD} insecure = yes }}' in \
        result.stdout


def test_what_fails_is_not_known(trusting, resolv_conf):
    """Its DNSSEC is broken; or it is forged on the way."""
    resolv_conf.write_text(f"nameserver {LIAR}\n")
    result = names(trusting, "bogus.nsec")
    assert result.returncode == ERROR
    assert re.search(r"^    postdane  SERVFAIL\n +\(.*expired", result.stdout,
                     re.M), result.stdout
    assert "see: postdane explain bogus.nsec" in result.stdout
    assert "insecure" not in result.stdout
