"""The package on a Debian that is booted: what systemd, dpkg and Postfix do with
it.  The tests are the life of one machine, in their order, from the installation
to the purge."""

import contextlib
import re
import socket

import pytest

import container
import lab as lab_module
import mail
import postfix
import rows
from load import RESOLVER, Load, Thief, socketmap, tcp_table
from zones import Zone

SOCKETS = ("postdane-socketmap.socket", "postdane-tcp-table.socket")
DNS_SOCKET = "postdane-dns.socket"
WATCH = "postdane-postfix-resolv"
COPY = "var/spool/postfix/etc/resolv.conf"
RESTARTS = 20

RIGHT, OTHER = mail.Certificate("lab.test"), mail.Certificate("lab.test")
HOSTS = [
    rows.Host("right", (), rows.shows(RIGHT), "i.nsec", address="10.25.40.1"),
    rows.Host("wrong", (), rows.shows(OTHER), "i.nsec", address="10.25.40.2"),
]
ZONES = [Zone("i.nsec", f"""
    right A 10.25.40.1
    right MX 10 right
    _25._tcp.right TLSA {RIGHT.tlsa(3, 1, 1)}
    wrong A 10.25.40.2
    wrong MX 10 wrong
    _25._tcp.wrong TLSA {RIGHT.tlsa(3, 1, 1)}
    bare A 10.25.40.3
    bare MX 10 bare
""", "ecdsa")]


@pytest.fixture(scope="module")
def lab():
    running = lab_module.Lab(ZONES).start()
    running.start_unbound(container.RECURSOR)
    yield running
    running.stop()


@pytest.fixture(scope="module", autouse=True)
def receiver(lab):
    yield from lab_module.running(postfix.Receiver(HOSTS))


@pytest.fixture(scope="module")
def machine(lab):
    running = container.Container(lab)
    try:
        running.boot()
        running.configure_postfix()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def configured(machine):
    """For the lab's internet."""
    machine.well("dpkg", "-i", container.PACKAGE)
    with open(machine.path(container.OURS), "a", encoding="ascii") as conf:
        conf.write('root-hints = "/etc/lab/root.hints"\n'
                   'trust-anchor = "/etc/lab/root.key"\n'
                   f'dns-listen = {{ "{RESOLVER}:53" }}\n')
    machine.systemctl("restart", "postdane")
    return machine


def restarts(machine):
    return int(machine.show("postdane", "NRestarts"))


def is_active(machine, *units):
    said = machine.run("systemctl", "is-active", *units).text.split()
    return said == ["active"] * len(units)


def answers(machine, key="right.i.nsec", verdict="dane"):
    return machine.postmap(key).text.strip() == verdict


def show_all_is_well(machine):
    assert machine.state() == "running"
    assert is_active(machine, "postdane", *SOCKETS)
    assert answers(machine)


# ---- it runs ----

def test_the_release_is_the_one_that_was_asked_for(machine):
    assert f"VERSION_CODENAME={container.RELEASE}\n" in \
        machine.read("etc/os-release")


def test_an_installed_package_runs(configured):
    configured.wait_for("the first answer", lambda: answers(configured))
    show_all_is_well(configured)
    for unit in ("postdane.service", *SOCKETS):
        assert configured.show(unit, "UnitFileState") == "enabled"
    assert configured.show(DNS_SOCKET, "UnitFileState") == "disabled"
    assert answers(configured, "bare.i.nsec", "may")
    assert configured.postmap(
        "right.i.nsec", "tcp:127.0.0.1:8643").text.strip() == "dane"


def test_real_mail(configured):
    delivery = configured.mail("a@right.i.nsec")
    assert delivery.word == "Verified", delivery.lines
    delivery = configured.mail("a@wrong.i.nsec")
    assert delivery.status == "deferred", delivery.lines
    assert "not verified" in delivery.why


def test_status_tells_how_it_fares(configured):
    configured.wait_for("STATUS", lambda: re.match(
        r"Answering; \d+ policy queries and \d+ DNS questions so far$",
        configured.show("postdane", "StatusText")))
    assert "Status: \"Answering; " in \
        configured.run("systemctl", "status", "postdane").text


# ---- a mistake ----

@contextlib.contextmanager
def mistake(machine):
    """In the configuration; mended when this is over, or earlier by a call."""
    good = machine.read(container.OURS)
    machine.write(container.OURS, good + "no-such-option = 1\n")

    def mend():
        machine.write(container.OURS, good)

    try:
        yield mend
    finally:
        mend()


def test_a_reload_with_a_mistake_is_told(configured):
    with mistake(configured):
        result = configured.run("systemctl", "reload", "postdane")
        assert result.code != 0
        assert "no-such-option" in configured.well(
            "journalctl", "-u", "postdane")
        show_all_is_well(configured)  # with the configuration of before
    configured.systemctl("reload", "postdane")
    show_all_is_well(configured)


def test_a_restart_with_a_mistake_leaves_the_sockets(configured):
    with mistake(configured) as mend:
        assert configured.run("systemctl", "restart", "postdane").code != 0
        # More often than systemd allows by itself, which is five times.
        configured.wait_for("restarts", lambda: restarts(configured) >= 7)
        assert is_active(configured, *SOCKETS)
        with Load(clients=1, protocols=(socketmap, tcp_table)) as load:
            mend()
            configured.wait_for("an answer", lambda: answers(configured))
    assert not load.lost, configured.well("journalctl", "-u", "postdane",
                                          "-o", "short-precise", "-n", "60")
    show_all_is_well(configured)


# ---- the DNS listener's socket ----

def test_the_dns_socket_as_the_manual_has_it(configured):
    """Also while the daemon, which has the address itself, runs."""
    configured.systemctl("enable", DNS_SOCKET)
    configured.systemctl("restart", "postdane")
    assert is_active(configured, DNS_SOCKET)
    show_all_is_well(configured)
    assert "10.25.40.1" in configured.well(
        "dig", "+short", f"@{RESOLVER}", "right.i.nsec", "A")
    configured.systemctl("stop", "postdane")  # and the socket stays
    assert is_active(configured, DNS_SOCKET)
    configured.systemctl("start", "postdane")


def test_another_place_for_a_socket(configured):
    """README's unix socket: the daemon's start brings the socket back."""
    folder = configured.path("etc/systemd/system/postdane-socketmap.socket.d")
    folder.mkdir()
    (folder / "here.conf").write_text(
        "[Socket]\nListenStream=/var/spool/postfix/postdane/socketmap\n"
        "SocketUser=postfix\nSocketMode=0600\n")
    configured.systemctl("daemon-reload")
    configured.systemctl("stop", "postdane-socketmap.socket")
    configured.systemctl("restart", "postdane")
    table = "socketmap:unix:/var/spool/postfix/postdane/socketmap:query"
    assert configured.postmap("right.i.nsec", table).text.strip() == "dane"
    (folder / "here.conf").unlink()
    folder.rmdir()
    configured.well("rm", "-r", "/var/spool/postfix/postdane")
    configured.systemctl("daemon-reload")
    configured.systemctl("stop", "postdane-socketmap.socket")
    configured.systemctl("restart", "postdane")
    show_all_is_well(configured)


# ---- no question is lost ----

def show_nothing_was_lost(load):
    print(load.answered, "asked again:", load.again)
    assert not load.lost
    assert min(load.answered.values()) > RESTARTS, load.answered


def test_restarts_lose_no_question(configured):
    with Load() as load:
        for _ in range(RESTARTS):
            configured.systemctl("restart", "postdane")
            assert answers(configured)
    show_nothing_was_lost(load)


def test_an_upgrade_loses_no_question_and_no_port(configured):
    before = daemon_pid(configured)
    with Thief() as thief, Load() as load:
        for _ in range(2):
            configured.well("dpkg", "-i", container.PACKAGE)
            assert answers(configured)
    assert daemon_pid(configured) != before
    show_nothing_was_lost(load)
    assert thief.tries > 100 and not thief.got
    show_all_is_well(configured)


# ---- a daemon that dies, or stands still ----

def daemon_pid(machine):
    pid = machine.show("postdane", "MainPID")
    assert int(pid) > 1  # or kill(1) would end the tests themselves
    return pid


def test_a_killed_daemon_is_back(configured):
    before = restarts(configured)
    configured.well("kill", "-KILL", daemon_pid(configured))
    assert answers(configured)  # the question waits for it
    configured.wait_for("the restart",
                        lambda: restarts(configured) == before + 1)
    show_all_is_well(configured)


def test_the_watchdog_ends_what_stands_still(configured):
    """Sooner than the unit has it, so that nobody waits for a minute."""
    assert configured.show("postdane", "WatchdogUSec") == "1min"
    configured.well("sh", "-c", "mkdir -p /run/systemd/system/postdane.service.d"
                    " && printf '[Service]\\nWatchdogSec=5\\n' >"
                    "/run/systemd/system/postdane.service.d/watchdog.conf")
    configured.systemctl("daemon-reload")
    configured.systemctl("restart", "postdane")
    before, pid = restarts(configured), daemon_pid(configured)
    configured.well("kill", "-STOP", pid)
    assert answers(configured)
    assert restarts(configured) == before + 1
    assert daemon_pid(configured) != pid
    assert "atchdog timeout" in configured.well("journalctl", "-u", "postdane")
    configured.well("rm", "-r", "/run/systemd/system/postdane.service.d")
    configured.systemctl("daemon-reload")
    configured.systemctl("restart", "postdane")
    show_all_is_well(configured)


# ---- Postfix's resolver ----

def sees_ours(machine):
    return f"\nnameserver {RESOLVER}\n" in machine.seen_by_postfix()


def copy_is_ours(machine):
    return f"\nnameserver {RESOLVER}\n" in machine.read(COPY)


def show_resolver_is_well(machine):
    result = machine.resolv("status")
    assert result.code == 0, result
    assert sees_ours(machine)
    show_all_is_well(machine)


@pytest.fixture(scope="module")
def resolver(configured):
    result = configured.resolv("install", "--yes")
    assert result.code == 0 and "done" in result.text, result
    return configured


def test_postfix_resolv_installs(resolver):
    show_resolver_is_well(resolver)
    assert copy_is_ours(resolver)
    # Nobody else has it.
    assert RESOLVER not in resolver.read("etc/resolv.conf")
    delivery = resolver.mail("b@right.i.nsec")
    assert delivery.word == "Verified", delivery.lines


def test_an_overwritten_copy_is_mended(resolver):
    resolver.well("cp", "/etc/resolv.conf", f"/{COPY}")
    resolver.wait_for("the copy", lambda: copy_is_ours(resolver))
    show_resolver_is_well(resolver)


def test_a_renamed_resolv_conf_costs_nothing(resolver):
    """As DHCP clients do: the binding is off without a word."""
    before = resolver.read("var/spool/postfix/pid/master.pid")
    resolver.well("sh", "-c", "cp /etc/resolv.conf /etc/resolv.conf.new && "
                  "mv /etc/resolv.conf.new /etc/resolv.conf")
    resolver.wait_for("the restart of Postfix", lambda: resolver.read(
        "var/spool/postfix/pid/master.pid") != before and sees_ours(resolver))
    resolver.wait_for("the watch", lambda: resolver.show(
        WATCH + ".service", "ActiveState") == "inactive")
    show_resolver_is_well(resolver)


def test_a_new_search_line_is_followed(resolver):
    resolver.write("etc/resolv.conf", f"search i.nsec\n"
                   f"nameserver {container.RECURSOR}\n")
    resolver.wait_for("search", lambda: "search i.nsec" in
                      resolver.seen_by_postfix())
    resolver.wait_for("the copy", lambda: "search i.nsec" in
                      resolver.read(COPY))
    show_resolver_is_well(resolver)


def test_a_copy_is_mended_while_postfix_stands_still(resolver):
    """And nothing has failed by that."""
    resolver.systemctl("stop", "postfix@-" if container.RELEASE == "bookworm"
                       else "postfix", "postfix")
    resolver.well("cp", "/etc/resolv.conf", f"/{COPY}")
    resolver.wait_for("the copy", lambda: copy_is_ours(resolver))
    resolver.wait_for("the watch", lambda: resolver.show(
        WATCH + ".service", "ActiveState") != "activating")
    assert resolver.state() == "running"
    resolver.systemctl("start", "postfix")
    show_resolver_is_well(resolver)


def test_doctor_finds_nothing(resolver):
    result = resolver.run("postdane", "doctor")
    assert result.code == 0, result


# ---- a boot ----

def test_all_is_there_after_a_boot(resolver):
    resolver.reboot()
    assert is_active(resolver, DNS_SOCKET, WATCH + ".path")
    resolver.wait_for("an answer", lambda: answers(resolver))
    show_resolver_is_well(resolver)
    delivery = resolver.mail("c@right.i.nsec")
    assert delivery.word == "Verified", delivery.lines


# ---- the end ----

def test_an_upgrade_with_everything_enabled(resolver):
    resolver.well("dpkg", "-i", container.PACKAGE)
    assert is_active(resolver, DNS_SOCKET, WATCH + ".path")
    show_resolver_is_well(resolver)


def is_closed(kind, address, port):
    with socket.socket(socket.AF_INET, kind) as mine:
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            mine.bind((address, port))
        except OSError:
            return False
    return True


def test_purge_leaves_nothing(resolver):
    resolver.well("dpkg", "--purge", "postdane")
    left = resolver.well(
        "sh", "-c", "find / -xdev -name '*postdane*' "
        "! -path '/root/*' ! -path '/proc/*' ! -path '/var/log/*'; "
        "find /etc /run /var/lib -xdev -path '*postdane*'")
    assert not left.strip()
    units = resolver.systemctl("list-units", "--all", "--plain", "--no-legend",
                               "postdane*")
    assert not units.strip()
    assert "postdane" not in resolver.well("getent", "passwd")
    for place in Thief.PLACES:
        assert is_closed(*place), place
    assert resolver.state() == "running"
    assert RESOLVER not in resolver.seen_by_postfix() + resolver.read(COPY)
    assert f"nameserver {container.RECURSOR}" in resolver.seen_by_postfix()
