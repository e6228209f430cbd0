"""postdane diagnose names the guilty server and what it does, and blames
nobody in a healthy world."""

import json
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import lab as lab_module
from lab import HANG
import matrix
import misbehave
from zones import USABLE, ZONES, Zone

R = misbehave.dns.rcode
RECURSOR = "10.53.0.53"
BROKEN = "10.53.0.54"
SILENT = "10.53.0.55"
OK, WARNING, CRITICAL, UNKNOWN = range(4)

HEALTHY = [
    Zone("fine.nsec", f"@ MX 10 mx\nmx A 10.25.6.1\nmx AAAA fd00:25::61\n"
         f"_25._tcp.mx TLSA {USABLE}", "ecdsa"),
    Zone("fine.nsec3", f"@ MX 10 mx\nmx A 10.25.6.2\n_25._tcp.mx TLSA {USABLE}",
         "ecdsa", denial="nsec3"),
    Zone("fine.optout", "@ MX 10 mx\nmx A 10.25.6.3"),
    Zone("fine.unsigned", "@ A 10.25.6.4"),
]

# (zone of the matrix, the behaviour to be named, exit code)
GUILTY = [
    ("u-formerr", "edns-formerr", CRITICAL),
    ("u-formerrhdr", "edns-formerr", CRITICAL),
    ("u-notimp", "edns-notimp", CRITICAL),
    ("u-refused", "edns-refused", CRITICAL),
    ("u-servfail", "edns-servfail", CRITICAL),
    ("u-badvers", "edns-badvers", CRITICAL),
    ("u-nxdomain", "edns-nxdomain", CRITICAL),
    ("u-dropedns", "edns-dropped", CRITICAL),
    ("u-dropdo", "do-dropped", CRITICAL),
    ("u-ignoreopt", "edns-ignored", WARNING),
    ("s-ignoreopt", "no-rrsig", CRITICAL),
    ("s-echoopt", "no-rrsig", CRITICAL),
    ("s-stripopt", "edns-ignored", WARNING),
    ("u-tcedns", "edns-truncated", WARNING),
    ("u-tcrefused", "tcp-refused", CRITICAL),
    ("u-tcrefused", "truncated-without-tcp", CRITICAL),
    ("u-tchang", "tcp-silent", CRITICAL),
    ("u-lost512", "large-lost", CRITICAL),
    ("s-namedmaxudp512", "large-lost", CRITICAL),
    ("u-tlsadrop", "type-tlsa-dropped", CRITICAL),
    ("u-tlsanotimp", "type-tlsa-notimp", CRITICAL),
    ("u-tlsaservfail", "type-tlsa-servfail", CRITICAL),
    ("s-tlsarefused", "type-tlsa-refused", CRITICAL),
    ("u-tlsaformerr", "type-tlsa-formerr", CRITICAL),
    ("s-tlsanx", "type-nxdomain", CRITICAL),
    ("u-aaaadrop", "type-aaaa-dropped", CRITICAL),
    ("s-aaaaservfail", "type-aaaa-servfail", CRITICAL),
    ("u-aaaanx", "type-nxdomain", CRITICAL),
    ("u-entnx", "ent-nxdomain", CRITICAL),
    ("u-foreignsoa", "foreign-soa", WARNING),
    ("u-nosoa", "denial-without-soa", WARNING),
    ("s-nosoa", "denial-without-soa", WARNING),
    ("u-selfref", "self-referral", WARNING),
    ("u-upref", "upward-referral", CRITICAL),
    ("u-noaa", "no-aa", WARNING),
    ("u-raonly", "no-aa-recursor", WARNING),
    ("u-late2", "slow", WARNING),
    ("u-falsecname", "false-cname", CRITICAL),
    ("u-options", "option-formerr", WARNING),
    ("u-dead", "dead", CRITICAL),
    ("u-onerefused", "edns-refused", WARNING),
    ("u-oneup", "lame-upward", WARNING),
    ("u-onedead", "dead", WARNING),
    ("s-onenorrsig", "no-rrsig", WARNING),
    ("u-namedednsformerr", "edns-formerr", CRITICAL),
    ("u-nameddropedns", "edns-dropped", CRITICAL),
    ("u-namednotcp", "tcp-refused", WARNING),
    ("u-namednosoa", "denial-without-soa", WARNING),
    ("o365dropedns", "edns-dropped", CRITICAL),
    ("ourselves", "false-address", CRITICAL),
    ("noroute", "no-route", CRITICAL),
]
BY_ZONE = ["expired", "stripped", "dead", "wrongds", "mxbogus"]

# dig's words for what it sees, where it is asked as told.
REPRODUCED = {
    "edns-formerr": "status: FORMERR", "edns-refused": "status: REFUSED",
    "edns-servfail": "status: SERVFAIL", "edns-notimp": "status: NOTIMP",
    "edns-dropped": "timed out", "do-dropped": "timed out",
    "type-tlsa-dropped": "timed out", "type-aaaa-servfail": "SERVFAIL",
    "tcp-refused": "refused", "dead": "timed out",
    "edns-badvers": "BADVERS", "large-lost": "timed out",
}


@pytest.fixture(scope="module")
def world():
    wanted = {name + ".nsec" for name, _, _ in GUILTY + [("o365dropednsservers", 0, 0)]}
    zones = [z for z in matrix.all_zones() if z.name in wanted]
    zones += [z for z in ZONES if z.name.removesuffix(".nsec") in
              BY_ZONE]
    running = lab_module.Lab([*HEALTHY, *zones]).start()
    running.start_unbound(RECURSOR)
    yield running
    running.stop()


def resolv_conf(name, *addresses):
    path = lab_module.ROOM / f"resolv.conf-{name}"
    path.write_text("".join(f"nameserver {a}\n" for a in addresses))
    return path


def diagnose(world, domain, *args, recursor=None, text=False):
    """Returns (exit code, report)."""
    result = subprocess.run(
        [lab_module.Daemon(world, "diagnose").command, "diagnose",
         "--root-hints", world.hints, "--chroot", "/nonexistent",
         "--resolv-conf", recursor or resolv_conf("none"),
         *([] if text else ["--json"]), *(args or ["--no-daemon"]), domain],
        capture_output=True, text=True, timeout=HANG, check=False)
    assert result.stdout, result.stderr
    return (result.returncode,
            result.stdout if text else json.loads(result.stdout))


@pytest.fixture(scope="module")
def reports(world):
    """Of all broken zones: side by side, as most of it is waiting.  A server
    that is late because the machine is busy would look guilty."""
    names = sorted({name for name, _, _ in GUILTY} | set(BY_ZONE))
    with ThreadPoolExecutor(6 // lab_module.SLOWNESS) as pool:
        return dict(zip(names, pool.map(
            lambda name: diagnose(world, name + ".nsec"), names)))


def guilty_address(world, zone):
    built = world.zones[zone + ".nsec"].zone
    if built.proxies:
        return built.proxies[0][0]
    return {"ourselves": "127.0.0.25", "noroute": "10.0.0.1",
            "o365dropedns": world.zones["o365dropednsservers.nsec"]
            .zone.proxies[0][0]}[zone]


@pytest.mark.parametrize("zone,behaviour,code", GUILTY)
def test_guilty_server_is_named(world, reports, zone, behaviour, code):
    exit_code, report = reports[zone]
    address = guilty_address(world, zone)
    found = [f for f in report["findings"] if f["behaviour"] == behaviour]
    assert [f["address"] for f in found
            if f["zone"] == zone + ".nsec"] == [address], report["findings"]
    assert exit_code == report["code"] == code, report["findings"]
    # Nobody else is blamed.
    assert {f["address"] for f in report["findings"]} == {address}
    for finding in found:
        assert finding["text"] and finding["remedy"]
        assert zone in finding["blame"]


@pytest.mark.parametrize("behaviour", sorted(REPRODUCED))
def test_dig_line_reproduces(reports, behaviour):
    zone = next(z for z, b, _ in GUILTY if b == behaviour)
    line = next(f["reproduce"] for f in reports[zone][1]["findings"]
                if f["behaviour"] == behaviour)
    assert line.startswith("dig +norec ")
    result = subprocess.run([*line.split(), "+time=1", "+tries=1"],
                            capture_output=True, text=True, timeout=HANG,
                            check=False)
    assert REPRODUCED[behaviour] in result.stdout + result.stderr


@pytest.mark.parametrize("zone,behaviour", [
    ("expired", "signature-expired"), ("stripped", "no-rrsig"),
    ("dead", "dead"), ("wrongds", "ds-mismatch"),
    ("mxbogus", "signature-bogus")])
def test_guilty_zone_is_named(reports, zone, behaviour):
    code, report = reports[zone]
    assert code == CRITICAL
    assert behaviour in {f["behaviour"] for f in report["findings"]
                         if f["zone"] == zone + ".nsec"}


@pytest.mark.parametrize("zone", [z.name for z in HEALTHY])
def test_healthy_zone_has_no_finding(world, zone):
    code, report = diagnose(world, zone,
                            recursor=resolv_conf("healthy", RECURSOR))
    assert report["findings"] == []
    assert code == OK and report["status"] == "OK"
    for part in report["zones"]:
        for server in part["servers"]:
            assert server["asked"] == server["answered"] > 0
    assert report["recursors"][0]["answered"] > 0


def test_no_such_domain(world):
    code, report = diagnose(world, "nosuchdomain.nsec")
    assert code == CRITICAL
    assert [f["behaviour"] for f in report["findings"]] == ["no-such-domain"]


# ---- recursors ----

def servfail_to_do(zone):
    """The incident's recursor: for one zone."""
    async def behave(x):
        if x.do and x.name.endswith(zone):
            return x.error(R.SERVFAIL, True)
        return await x.pass_on()
    return behave


@pytest.fixture
def broken(world):
    """broken(behaviour): a recursor that behaves so; its resolv.conf."""
    started = []

    def start(behaviour):
        started.append(world.start_proxy(".", BROKEN, behaviour,
                                         backend=RECURSOR))
        return resolv_conf("broken", BROKEN)
    yield start
    for proxy in started:
        world.underworld.stop(proxy)


@pytest.mark.parametrize("zone,behave,behaviour", [
    ("fine.nsec", servfail_to_do("fine.nsec"), "recursor-do-servfail"),
    ("fine.optout", servfail_to_do("fine.optout"), "recursor-do-servfail"),
    ("fine.nsec", misbehave.strip_all, "recursor-strips"),
    ("fine.nsec", misbehave.without_flags(misbehave.dns.flags.AD),
     "recursor-no-ad"),
    ("fine.nsec", misbehave.rcode_to_edns(R.FORMERR), "recursor-do-formerr"),
])
def test_broken_recursor_is_named(world, broken, zone, behave, behaviour):
    code, report = diagnose(world, zone, recursor=broken(behave))
    assert code > OK
    assert {(f["behaviour"], f["address"]) for f in report["findings"]} == {
        (behaviour, BROKEN)}, report["findings"]


def test_silent_recursor_is_named(world):
    code, report = diagnose(world, "fine.unsigned",
                            recursor=resolv_conf("silent", SILENT))
    assert code == CRITICAL
    assert [(f["behaviour"], f["address"]) for f in report["findings"]] == [
        ("recursor-dead", SILENT)]


def test_recursor_and_cause_are_told_apart(world):
    """A real unbound that can't cope with REFUSED: both are named."""
    code, report = diagnose(world, "u-refused.nsec",
                            recursor=resolv_conf("healthy", RECURSOR))
    assert code == CRITICAL
    found = {f["behaviour"]: f for f in report["findings"]}
    assert found["edns-refused"]["zone"] == "u-refused.nsec"
    assert found["recursor-servfail"]["address"] == RECURSOR
    assert "cannot cope" in found["recursor-servfail"]["text"]


def test_chroot_of_postfix(world, broken):
    """Its own resolv.conf counts, too."""
    etc = lab_module.ROOM / "chroot" / "etc"
    etc.mkdir(parents=True, exist_ok=True)
    etc.joinpath("resolv.conf").write_text(
        broken(servfail_to_do("fine.nsec")).read_text())
    _, report = diagnose(world, "fine.nsec", "--no-daemon", "--chroot",
                         str(etc.parent),
                         recursor=resolv_conf("healthy", RECURSOR))
    assert {f["behaviour"] for f in report["findings"]} == {
        "chroot-differs", "recursor-do-servfail"}
    assert all(str(etc) in f["server"] for f in report["findings"])


# ---- postdane, and the words ----

def test_daemon_is_asked(world):
    daemon = lab_module.Daemon(world, "diagnosed", port=9042)
    daemon.start()
    try:
        for domain, code in (("fine.nsec", OK), ("expired.nsec", CRITICAL)):
            result = subprocess.run(
                [daemon.command, "-s", daemon.control, "diagnose", "--json",
                 "-c", daemon.config, "--chroot", "/nonexistent",
                 "--resolv-conf", resolv_conf("none"), domain],
                capture_output=True, text=True, timeout=HANG, check=False)
            report = json.loads(result.stdout)
            assert result.returncode == code, report["findings"]
            temp = "postdane-temp" in {f["behaviour"]
                                       for f in report["findings"]}
            assert temp == (report["postdane"]["reply"] == "TEMP")
            assert temp == (code == CRITICAL)
    finally:
        daemon.stop()


def test_the_daemons_configuration_is_read_where_it_is_installed(world):
    """Its root-hints: those that are built in lead nowhere here."""
    daemon = lab_module.Daemon(world, "installed")
    script = """
        mkdir "$1/upper" "$1/work"
        mount -t overlay overlay \\
            -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
        mkdir -p /etc/postdane
        cp "$1/postdane.conf" /etc/postdane/
        exec "$2" diagnose --json --no-daemon --chroot /nonexistent \\
            --resolv-conf "$3" fine.nsec"""
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-euc", script, "sh", daemon.folder,
         daemon.command.resolve(), resolv_conf("none")],
        capture_output=True, text=True, timeout=120, check=False)
    report = json.loads(result.stdout)
    assert (result.returncode, report["findings"]) == (OK, [])


def test_a_machine_without_ipv6_is_one_note(world):
    """However many servers it leads to; and nobody's fault."""
    config = lab_module.ROOM / "no-ipv6.conf"
    v4, _ = lab_module.PLACES["leaf"]
    config.write_text(f'zone "fine.nsec" {{ stub = {{ "{v4}", '
                      '"2001:db8::1", "2001:db8::2" } }\n')
    code, report = diagnose(world, "fine.nsec", "-c", config, "--no-daemon")
    assert code == OK
    assert [(f["behaviour"], f["severity"], f["blame"], f["text"])
            for f in report["findings"]] == [
        ("no-ipv6", "note", "", "has no route by IPv6: 2 addresses of name "
                                "servers were not asked")]


def test_absent_daemon_is_a_finding(world):
    code, report = diagnose(world, "fine.unsigned", "--timeout", "20")
    assert code == WARNING
    assert [f["behaviour"] for f in report["findings"]] == ["postdane-silent"]


def test_one_deadline_for_everything(world):
    """A daemon that takes the question and never answers."""
    control = lab_module.ROOM / "mute.socket"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(control))
        mute.listen()
        begun = time.monotonic()
        usual, _ = diagnose(world, "fine.unsigned", "--no-daemon")
        usual = time.monotonic() - begun
        begun = time.monotonic()
        result = subprocess.run(
            [lab_module.Daemon(world, "mute").command, "-s", control, "diagnose",
             "--json", "--timeout", "3", "--root-hints", world.hints,
             "--chroot", "/nonexistent", "--resolv-conf", resolv_conf("none"),
             "fine.unsigned"],
            capture_output=True, text=True, timeout=HANG, check=False)
    # Once, and what the same takes this machine without a daemon.
    assert 2.9 < time.monotonic() - begun < 5 + 5 * usual
    assert [f["behaviour"] for f in json.loads(result.stdout)["findings"]] \
        == ["postdane-silent"]
    assert "not answered in the given time" in result.stdout


def test_short_of_time_is_not_healthy(world):
    code, report = diagnose(world, "u-late2.nsec", "--no-daemon",
                            "--timeout", "1")
    assert code == WARNING
    assert "unfinished" in {f["behaviour"] for f in report["findings"]}


def test_text(world):
    code, text = diagnose(world, "u-refused.nsec", text=True)
    address = guilty_address(world, "u-refused")
    assert code == CRITICAL
    assert text.startswith("POSTDANE CRITICAL - u-refused.nsec: 1 finding\n")
    assert (f"name server ns0.u-refused.nsec {address} of zone u-refused.nsec "
            "answers REFUSED to all questions with EDNS") in text
    assert "to blame:  who runs the name servers of u-refused.nsec" in text
    assert f"@{address} SOA u-refused.nsec" in text
    assert "remedy:" in text


@pytest.mark.parametrize("args", [
    [], ["a", "b"], ["--nonsense", "a"], ["--timeout", "x", "a"], ["a..b"],
    ["--root-hints", "/nonexistent", "a"]])
def test_bad_usage(world, args):
    result = subprocess.run(
        [lab_module.Daemon(world, "diagnose").command, "diagnose", *args],
        capture_output=True, text=True, timeout=HANG, check=False)
    assert result.returncode == 3
    assert result.stderr and not result.stdout


# ---- an ordinary user ----

@pytest.fixture
def as_nobody():
    """Runs the program as somebody who may ask nobody."""
    return lab_module.for_nobody(lab_module.BUILD / "postdane")


def test_what_may_not_be_asked_is_not_known(world, as_nobody):
    """The daemon runs, and nothing is to be started."""
    daemon = lab_module.Daemon(world, "closed", port=9052).start()
    for path in (daemon.folder, world.hints, resolv_conf("none")):
        path.chmod(0o755)
    try:
        result = as_nobody(
            "-s", daemon.control, "diagnose", "--json", "--root-hints",
            world.hints, "--chroot", "/nonexistent", "--resolv-conf",
            resolv_conf("none"), "fine.nsec")
    finally:
        daemon.stop()
    report = json.loads(result.stdout)
    assert [(f["behaviour"], f["severity"], f["blame"])
            for f in report["findings"]] == [
        ("postdane-not-asked", "unknown", "")]
    assert (result.returncode, report["status"]) == (UNKNOWN, "UNKNOWN")
    assert "use sudo" in report["findings"][0]["text"]


@pytest.mark.parametrize("option,severity,code", [
    ("--resolv-conf", "unknown", UNKNOWN), ("--chroot", "note", OK)])
def test_what_may_not_be_read_is_not_known(world, as_nobody, option, severity,
                                           code):
    closed = lab_module.ROOM / f"closed{option}"
    (closed / "etc").mkdir(parents=True)
    path = closed / "etc/resolv.conf"
    path.write_text("nameserver 192.0.2.1\n")
    closed.chmod(0o700)
    options = {"--resolv-conf": resolv_conf("none"), "--chroot": "/nonexistent",
               option: path if option == "--resolv-conf" else closed}
    for file in (world.hints, resolv_conf("none")):
        file.chmod(0o644)
    result = as_nobody(
        "diagnose", "--json", "--no-daemon", "--root-hints", world.hints,
        *(word for pair in options.items() for word in pair), "fine.nsec")
    report = json.loads(result.stdout)
    assert [(f["behaviour"], f["severity"], f["server"])
            for f in report["findings"]] == [
        ("resolv-conf-unreadable", severity, str(path))]
    assert result.returncode == code
