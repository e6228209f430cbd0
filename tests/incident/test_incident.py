"""Before: the mail waits, with the very line of the incident.  After: it is
delivered, and DANE is as strict as ever."""

import pytest

import incident

LINE = "Name service error for name=mx.{}provider.nsec type=A: " \
    "Host not found, try again"
# What each real recursor cannot resolve.
LOST = {
    "unbound": (incident.UNBOUND, ("dropedns", "refused")),
    "pdns": (incident.PDNS, ("dropedns", "refused")),
}


@pytest.fixture(scope="module")
def world():
    running = incident.Incident()
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def before(world):
    return world.before("before", incident.FRAGILE,
                        [*incident.customers(), *incident.HEALTHY])


@pytest.fixture(scope="module")
def after(world):
    return world.after([*incident.customers(), *incident.HEALTHY])


@pytest.mark.parametrize("kind", incident.KINDS)
def test_before_the_mail_is_deferred(before, kind):
    delivery = before[f"{kind}customer.nsec"]
    assert delivery.status == "deferred"
    assert LINE.format(kind) in delivery.why


@pytest.mark.parametrize("kind", incident.KINDS)
def test_after_it_is_delivered(after, kind):
    delivery = after[f"{kind}customer.nsec"]
    assert delivery.status == "sent", delivery.lines
    assert delivery.tls == "Untrusted"  # opportunistic: there is no DANE


def test_dane_is_authenticated_all_the_time(before, after):
    for delivery in (before["right.i.nsec"], after["right.i.nsec"]):
        assert delivery.word == "Verified", delivery.lines


def test_wrong_certificate_is_deferred_all_the_time(before, after):
    for delivery in (before["wrong.i.nsec"], after["wrong.i.nsec"]):
        assert delivery.status == "deferred", delivery.lines
        assert "not verified" in delivery.why


def test_carried_records_need_no_dnssec_of_postfix(world):
    found = world.carried(incident.HEALTHY)
    assert found["right.i.nsec"].word == "Verified"
    assert found["wrong.i.nsec"].status == "deferred"


@pytest.mark.parametrize("recursor", LOST)
def test_real_recursors_lose_mail_too(world, recursor):
    address, kinds = LOST[recursor]
    delivered = world.before(
        recursor, address, [f"{kind}customer.nsec" for kind in kinds])
    for domain, delivery in delivered.items():
        assert delivery.status == "deferred", (domain, delivery.lines)
        assert "Host not found, try again" in delivery.why


def test_listener_gives_the_address_without_claiming_security(world):
    for kind in incident.KINDS:
        reply = world.lab.ask(incident.POSTDANE, f"mx.{kind}provider.nsec",
                              "A", do=True)
        assert [r.to_text() for r in reply.answer[0]] == ["10.25.40.3"]
        assert not reply.flags & incident.dns.flags.AD
    reply = world.lab.ask(incident.POSTDANE, "right.i.nsec", "MX", do=True)
    assert reply.flags & incident.dns.flags.AD
