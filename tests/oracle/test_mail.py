"""Real mail, sent by a Postfix whose TLS policy is postdane's: what became of
it, by the logs of both sides."""

import conftest
import lab as lab_module
import postfix
import pytest
import rows
from zones import PROFILES

ROWS = conftest.TABLE.rows
PAIRS = [(row, table) for row in ROWS for table in ("socketmap", "tcp")]
IDS = [f"{row.key}-{table}" for row, table in PAIRS]
CONFIG = PROFILES + 'tcp-table-map = "carry"\n'
# What the table behind postdane's says where a row gets to it.
BEHIND = "inline:{ none.o.nsec=encrypt, clear.o.nsec=encrypt }"


def check_mail(deliveries, receiver, recipient, expected):
    delivery = deliveries[recipient]
    shown = "\n".join(delivery.lines)
    assert delivery.word == expected, shown
    if delivery.status == "sent":
        # The sender's log is written before the receiver's.
        lab_module.wait_until(f"mail for {recipient}",
                              lambda: receiver.has_for(recipient))
    else:
        assert not receiver.has_for(recipient), shown
    return delivery


# ---- every row, over both protocols ----

@pytest.mark.parametrize("row, table", PAIRS, ids=IDS)
def test_mail(deliveries, receiver, row, table):
    delivery = check_mail(deliveries.result(), receiver,
                          f"{table}@{row.recipient}", row.mail)
    assert delivery.seconds >= row.seconds
    if row.to:
        assert delivery.host == f"{row.to}.mx.nsec", delivery.lines


@pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])
def test_mail_goes_as_postfix_itself_would(row):
    """Other than posttls-finger, Postfix goes on to the next MX host; that,
    and main.cf's level where we say NOTFOUND, is all that may differ."""
    assert row.mail == rows.OUTCOMES[row.finger].mail or row.to or \
        row.verdict == "NOTFOUND"


def test_log_shows_the_reason_of_temp(deliveries):
    lines = deliveries.result()["socketmap@tlsabad.o.nsec"].lines
    shown = "\n".join(lines)
    assert "temporary error: DNS of _25._tcp.tlsabad.mx.nsec: TLSA" in shown
    assert "run: postdane explain tlsabad.o.nsec" in shown


def test_over_tcp_table_only_ours_has_it(deliveries):
    """Postfix logs the text of a 400 for who debugs it; README says so."""
    shown = "\n".join(deliveries.result()["tcp@tlsabad.o.nsec"].lines)
    assert "lookup error" in shown
    assert "DNS of" not in shown


def test_no_lookup_was_lost(deliveries, sender):
    """Connections to the tables outlive an MX host that times out, and only
    Postfix closes them."""
    deliveries.result()
    complaints = [
        line for line in sender.postfix.log.text().splitlines()
        if ("map lookup" in line or "TCP map" in line or "socketmap server"
            in line or " lookup error for" in line)
        and "TLSA lookup error" not in line]
    assert complaints
    assert all("tlsabad.o.nsec" in line for line in complaints), complaints


# ---- profiles, other sockets, another table behind ----

@pytest.fixture(scope="module")
def profiled(lab):
    yield from lab_module.running(
        lab_module.Daemon(lab, "profiles", CONFIG, port=8952))


EXPECTED = [
    ("unix", "ee311.o.nsec", "Verified"),
    ("unix", "ee311not.o.nsec", "deferred"),
    ("unix", "none.o.nsec", "Untrusted"),
    # no-dane-policy = notfound: the next table decides.
    ("chain", "ee311.o.nsec", "Verified"),
    ("chain", "ee311not.o.nsec", "deferred"),
    ("chain", "none.o.nsec", "Untrusted"),
    ("chain", "clear.o.nsec", "deferred"),
    ("chain", "absentusable.o.nsec", "Untrusted"),
    ("chain", "badabsent.o.nsec", "deferred"),
    # no-dane-policy = encrypt, insecure-mx = encrypt, dane-only
    ("strict", "two.o.nsec", "Verified"),
    ("strict", "ee311not.o.nsec", "deferred"),
    ("strict", "none.o.nsec", "Untrusted"),
    ("strict", "clear.o.nsec", "deferred"),
    ("strict", "clear.o.unsigned", "deferred"),
    ("strict", "badabsent.o.nsec", "deferred"),
    ("strict", "good.o.unsigned", "Untrusted"),
    ("strict", "wrong.o.unsigned", "Untrusted"),
    # insecure-mx = may
    ("lax", "good.o.unsigned", "Untrusted"),
    ("lax", "wrong.o.unsigned", "Untrusted"),
    ("lax", "clear.o.unsigned", "clear"),
    ("lax", "ee311not.o.nsec", "deferred"),
]


@pytest.fixture(scope="module")
def profiled_deliveries(profiled, receiver):
    tables = {name: f"socketmap:inet:127.0.0.1:{profiled.port}:{name}"
              for name in ("chain", "strict", "lax")}
    tables["chain"] += ", " + BEHIND
    tables["unix"] = f"socketmap:unix:{profiled.unix}:query"
    sender = postfix.Sender("profiled", tables).start()
    yield sender.deliver(*(f"{name}@{key}" for name, key, _ in EXPECTED))
    sender.stop()


# A Postfix without DNSSEC, for which `dane` would mean `may`: the policy
# carries the records, or it fails closed.
CARRIED = [
    ("ee311.o.nsec", "Verified"),
    ("ee301.o.nsec", "Verified"),
    ("ee310.o.nsec", "Verified"),
    ("ee300.o.nsec", "Verified"),
    ("twofold.o.nsec", "Verified"),
    ("rollover.o.nsec", "Verified"),
    ("rolledover.o.nsec", "Verified"),
    ("eeexpired.o.nsec", "Verified"),
    ("original.o.nsec", "Verified"),
    ("two.o.nsec", "Verified"),
    # A policy is for all MX hosts: the record of one counts at another too.
    ("mismatchgood.o.nsec", "Verified"),
    ("ee311not.o.nsec", "deferred"),
    ("ee301not.o.nsec", "deferred"),
    ("renewed301.o.nsec", "deferred"),
    ("stripped.o.nsec", "deferred"),
    ("ee312.o.nsec", "deferred"),
    ("agilitywrong.o.nsec", "deferred"),
    ("ta211.o.nsec", "deferred"),
    ("alias.o.nsec", "deferred"),
    ("usableabsent.o.nsec", "deferred"),
    ("badabsent.o.nsec", "deferred"),
    ("tlsabad.o.nsec", "deferred"),
    ("good.o.unsigned", "deferred"),
    ("pkixee.o.nsec", "Untrusted"),
    ("none.o.nsec", "Untrusted"),
    ("clear.o.nsec", "clear"),
]


@pytest.fixture(scope="module")
def carried_deliveries(profiled, receiver):
    sender = postfix.Sender("carried", {
        "carry": f"socketmap:inet:127.0.0.1:{profiled.port}:carry",
        "tcpcarry": f"tcp:127.0.0.1:{profiled.port + 1}",
    }, dns="enabled").start()
    yield sender.deliver(*(f"{table}@{key}" for key, _ in CARRIED
                           for table in sender.tables))
    sender.stop()


@pytest.mark.parametrize("table", ["carry", "tcpcarry"])
@pytest.mark.parametrize("key, expected", CARRIED,
                         ids=[key for key, _ in CARRIED])
def test_carried(carried_deliveries, receiver, table, key, expected):
    check_mail(carried_deliveries, receiver, f"{table}@{key}", expected)


@pytest.mark.parametrize("name, key, expected", EXPECTED,
                         ids=[f"{name}-{key}" for name, key, _ in EXPECTED])
def test_profile(profiled_deliveries, receiver, name, key, expected):
    check_mail(profiled_deliveries, receiver, f"{name}@{key}", expected)


# ---- the daemon goes, and comes back ----

def test_restart_loses_nothing_and_absence_weakens_nothing(lab, receiver):
    daemon = lab_module.Daemon(lab, "restart", port=8962).start()
    sender = postfix.Sender("restarted", {
        "one": f"socketmap:inet:127.0.0.1:{daemon.port}:query"}).start()

    def deliver(recipient, expected):
        return check_mail(sender.deliver(recipient), receiver, recipient,
                          expected)

    first = deliver("one@ee311.o.nsec", "Verified")
    daemon.stop()
    daemon.start()
    # The process of before has a connection to the daemon of before.
    second = deliver("one@ee301.o.nsec", "Verified")
    assert second.process == first.process
    assert "lookup error" not in sender.postfix.log.text()
    daemon.stop()
    deliver("one@none.o.nsec", "deferred")
    deliver("one@ee312.o.nsec", "deferred")
    daemon.start()
    deliver("one@ee302.o.nsec", "Verified")
    sender.stop()
    daemon.stop()
