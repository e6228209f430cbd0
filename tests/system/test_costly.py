"""What one mail may cost, to a domain whose owner makes the most of NSEC3."""

import contextlib
import threading
import time

import pytest

import costly
import lab as lab_module
import misbehave as m
from matrix import one, served
from zones import USABLE, Zone

SECONDS = 0.5 * lab_module.SLOWNESS  # of processor time
# Where the budget for hashing ends it; without it they take more than this.
PAID_SECONDS = 0.2 * lab_module.SLOWNESS
HELD = 0.02 * lab_module.SLOWNESS    # the loop, by one callback; likewise
# Seconds of a machine with nothing else to do.
NEIGHBOUR = 1 * lab_module.SLOWNESS
LIMIT = 150  # iterations that are believed: include/dns/proof_judge.h
SALTS = costly.salts(8)

# Of a host: the most that is looked up, and the most with "_25._tcp" before it
# (include/dns/ladder.h).
LABELS, TLSA_LABELS = 18, 16

# Above the limit of iterations: nothing may be hashed.  The others are at the
# limit, where every denial that libunbound looks at has a hash for each label,
# and for each salt.
ABOVE = [
    costly.Costly("flood.nsec", TLSA_LABELS, [(1, b"")],
                  above=(10000, SALTS[0])),
    costly.Costly("salts.nsec", TLSA_LABELS, [(2500, s) for s in SALTS]),
    costly.Costly("deepflood.nsec", LABELS, [(1, b"")],
                  above=(10000, SALTS[0])),
]
# So few salts that libunbound gets to the end of each denial: what ends these
# is the budget for hashing.
PAID = [
    costly.Costly("tlsa.nsec", TLSA_LABELS, [(LIMIT, SALTS[0])]),
    costly.Costly("almost.nsec", LABELS - 1, [(LIMIT, SALTS[0])]),
    costly.Costly("deep.nsec", LABELS, [(LIMIT, SALTS[0])]),
    costly.Costly("nosalt.nsec", TLSA_LABELS, [(LIMIT, b"")]),
    costly.Costly("deepnosalt.nsec", LABELS, [(LIMIT, b"")]),
    costly.Costly("records.nsec", LABELS, [(LIMIT, SALTS[0])], records=15),
    costly.Costly("foursalts.nsec", LABELS, [(LIMIT, s) for s in SALTS[:4]]),
    # The walk has one salt alone, so that it goes on.
    costly.Costly("walk.nsec", LABELS - 1, [(LIMIT, s) for s in SALTS[:4]],
                  pure_ds=True),
    costly.Costly("deepwalk.nsec", LABELS, [(LIMIT, s) for s in SALTS[:4]],
                  pure_ds=True),
]
# So many that it does not: it rests after every few hashes, and the lookup's
# time may be over before the budget is.
SLOW = [
    costly.Costly("tlsasalts.nsec", TLSA_LABELS, [(LIMIT, s) for s in SALTS]),
    costly.Costly("deepsalts.nsec", LABELS, [(LIMIT, s) for s in SALTS]),
]
# More labels than are looked up.
LONG = [
    costly.Costly("onemore.nsec", LABELS + 1, [(LIMIT, SALTS[0])]),
    costly.Costly("longest.nsec", costly.LABELS_MAX, [(LIMIT, SALTS[0])]),
]
COSTLY = ABOVE + PAID + SLOW + LONG

# As many hosts as are looked at, at the limit, with the salt of many a zone.
HONEST = Zone("honest.nsec", "\n".join(
    f"@ MX {i} mx{i}\nmx{i} A 10.25.9.{i + 1}" for i in range(costly.HOSTS)),
    "ecdsa", denial="nsec3", iterations=LIMIT)

# Hosts wait for one another: those that are proven unsigned not for long.
DEAD = [
    Zone("dead-hosts.unsigned", "\n".join(
        f"@ MX {i} mx{i}.dead-zone.unsigned." for i in range(costly.HOSTS))),
    served(Zone("dead-zone.unsigned", "@ TXT x"), one(m.drop_all)),
]


def neighbour(zone):
    """That nobody has asked for yet."""
    return f"beside-{zone.zone}"


@pytest.fixture(scope="module")
def world():
    zones = [zone.served(f"10.53.20.{i + 1}") for i, zone in enumerate(COSTLY)]
    zones += [Zone(neighbour(zone), "@ MX 10 mx\nmx A 10.25.9.1\n"
                   f"_25._tcp.mx TLSA {USABLE}", "ecdsa") for zone in COSTLY]
    yield from lab_module.running(lab_module.Lab([*zones, HONEST, *DEAD]))


@contextlib.contextmanager
def started(world):
    running = lab_module.Daemon(world, "costly", port=8842).start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def daemon(world):
    with started(world) as running:
        yield running


def is_idle(daemon):
    return daemon.computed_in_a_second() < 0.002


class Mail(threading.Thread):
    """One to a costly domain, under way."""

    def __init__(self, world, daemon, key):
        super().__init__()
        self.world, self.daemon, self.key = world, daemon, key
        self.reply = ""
        self.had, self.asked = daemon.computed(), world.questions(key)
        self.start()

    def run(self):
        self.reply = self.daemon.socketmap(self.key)

    def wait_for_questions(self):
        """Until its hosts are asked for."""
        lab_module.wait_until(
            "questions", lambda: self.world.questions(self.key) >
            self.asked + 4 or not self.is_alive())

    def cost(self):
        self.join()
        # What goes on inside libunbound is part of it.
        lab_module.wait_until("rest", lambda: is_idle(self.daemon))
        cost = self.daemon.computed() - self.had
        print(f"{self.key}: {cost:.2f} s, {self.world.questions(self.key)} "
              f"questions, {self.reply}")
        return cost


def what_ends(zone):
    """A row that something else ends says nothing about its bound.  The end of
    a long reply is cut off."""
    if zone in PAID:
        return "NSEC3 hashing"
    return "more labels than are looked up" if zone in LONG else "TEMP "


@pytest.mark.parametrize("zone", COSTLY, ids=lambda zone: zone.zone)
def test_one_mail_costs_little(world, zone):
    replies = []

    def costs():
        with started(world) as daemon:
            mail = Mail(world, daemon, zone.zone)
            cost = mail.cost()
            longest = daemon.status()["loop_longest_seconds"]
        replies.append(mail.reply)
        print(f"the longest callback took {1000 * longest:.1f} ms")
        return cost, longest

    seconds = PAID_SECONDS if zone in PAID else SECONDS
    lab_module.at_best(costs, (seconds, HELD))
    assert what_ends(zone) in replies[-1]


@pytest.mark.parametrize("zone", COSTLY, ids=lambda zone: zone.zone)
def test_neighbours_do_not_wait(world, zone):
    def seconds():
        with started(world) as daemon:
            pace = lab_module.pace()
            mail = Mail(world, daemon, zone.zone)
            mail.wait_for_questions()
            begin = time.monotonic()
            assert daemon.socketmap(neighbour(zone)).startswith("OK dane")
            took = time.monotonic() - begin
            print(f"{took:.3f} s, and all takes {pace:.1f} times as long; "
                  f"the mail is {'' if mail.is_alive() else 'not '}under way")
            mail.join()
        return [took / pace]

    lab_module.at_best(seconds, [NEIGHBOUR])


def test_many_honest_hosts_are_no_cost(daemon):
    assert daemon.socketmap(HONEST.name) == "OK may"


def test_many_dead_hosts_without_dnssec_are_delivered_to(daemon):
    assert daemon.socketmap(DEAD[0].name) == "OK may"
