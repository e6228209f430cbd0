"""Real mail, sent by a Postfix whose TLS policy is postdane's: what became of
it, by the logs of both sides."""

import conftest
import postfix
import pytest
import rows

ROWS = conftest.TABLE.rows
PAIRS = [(row, table) for row in ROWS for table in postfix.Sender.TABLES]
IDS = [f"{row.key}-{table}" for row, table in PAIRS]


@pytest.fixture(scope="session")
def deliveries(sender):
    return sender.deliver()


@pytest.mark.parametrize("row, table", PAIRS, ids=IDS)
def test_mail(deliveries, receiver, row, table):
    recipient = f"{table}@{row.recipient}"
    delivery = deliveries[recipient]
    shown = "\n".join(delivery.lines)
    assert delivery.word == row.mail, shown
    assert delivery.seconds >= row.seconds, shown
    assert receiver.has_for(recipient) == (delivery.status == "sent"), shown


@pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])
def test_mail_goes_as_postfix_itself_would(row):
    """Other than posttls-finger, Postfix goes on to the next MX host; that,
    and what main.cf says instead of `may`, is all that may differ."""
    alone = rows.OUTCOMES[row.finger].mail
    assert row.mail == alone or row.several or row.verdict == "NOTFOUND"


def test_temp_shows_its_reason_in_the_log(deliveries):
    shown = "\n".join(deliveries["socketmap@tlsabad.o.nsec"].lines)
    assert "temporary error: DNS of _25._tcp.tlsabad.mx.nsec: TLSA" in shown
    assert "run: postdane explain tlsabad.o.nsec" in shown


def test_no_lookup_was_lost(deliveries, sender):
    """Connections to the tables outlive an MX host that times out, and are
    closed by Postfix alone."""
    log = sender.postfix.log.text()
    for complaint in ("Connection reset", "Broken pipe", "unexpected EOF",
                      "tcp_map lookup error", "read TCP map reply",
                      "panic:", "fatal:"):
        assert complaint not in log
