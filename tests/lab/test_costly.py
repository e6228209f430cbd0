"""What one mail may cost, to a domain whose owner makes the most of NSEC3."""

import pathlib
import time

import pytest

import costly
import lab as lab_module

SECONDS = 0.5 * lab_module.SLOWNESS  # of processor time
LIMIT = 150  # iterations that are believed: include/dns/insecurity.h
SALTS = costly.salts(8)

# Above the limit, the worst of all; and at the limit, where every denial that
# libunbound looks at has a hash for each label, and for each salt.
ABOVE = [
    costly.Costly("flood.nsec", 16, [(1, b"")], above=(10000, SALTS[0])),
    costly.Costly("salts.nsec", 16, [(2500, salt) for salt in SALTS]),
    costly.Costly("labels.nsec", costly.LABELS_MAX, [(2500, SALTS[0])]),
    costly.Costly("fewlabels.nsec", 40, [(2500, SALTS[0])]),
]
LIMITED = [
    costly.Costly("deep.nsec", 16, [(LIMIT, SALTS[0])]),
    costly.Costly("deepsalts.nsec", 16, [(LIMIT, salt) for salt in SALTS]),
    costly.Costly("long.nsec", 40, [(LIMIT, SALTS[0])]),
    costly.Costly("longest.nsec", costly.LABELS_MAX, [(LIMIT, SALTS[0])]),
]


@pytest.fixture(scope="module")
def world():
    zones = [zone.served(f"10.53.20.{i + 1}")
             for i, zone in enumerate(ABOVE + LIMITED)]
    running = lab_module.Lab(zones).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "costly", port=8842).start()
    yield running
    running.stop()


def computed(daemon):
    """Seconds of processor time."""
    text = pathlib.Path(f"/proc/{daemon.process.pid}/schedstat").read_text()
    return int(text.split()[0]) / 1e9


def is_idle(daemon):
    had = computed(daemon)
    time.sleep(1)
    return computed(daemon) - had < 0.002


def cost_of_a_mail(world, daemon, key):
    had = computed(daemon)
    reply = daemon.socketmap(key)
    # What goes on inside libunbound is part of it.
    lab_module.wait_until("rest", lambda: is_idle(daemon))
    cost = computed(daemon) - had
    print(f"{key}: {cost:.2f} s, {world.questions(key)} questions, {reply}")
    return cost


@pytest.mark.parametrize("zone", ABOVE, ids=lambda zone: zone.zone)
def test_one_mail_costs_little(world, daemon, zone):
    assert cost_of_a_mail(world, daemon, zone.zone) < SECONDS


@pytest.mark.parametrize("zone", LIMITED, ids=lambda zone: zone.zone)
def test_one_mail_at_the_limit(world, daemon, zone):
    assert cost_of_a_mail(world, daemon, zone.zone) < 5 * SECONDS
