"""The ladder against every broken server, and against attackers."""

import concurrent.futures
import time

import pytest

import lab as lab_module
import matrix
import misbehave
from lab import HANG

# What a broken server may cost beyond so many times what a healthy zone costs
# in the same run: nobody else's work on this machine decides.
FIRST_SECONDS = 4.0 * lab_module.SLOWNESS
SECOND_SECONDS = 0.05 * lab_module.SLOWNESS
TIMES_HEALTHY = 10
HEALTHY = ["two.d.nsec", "alias.d.nsec", "rsa.nsec3", "agility.d.nsec"]
OUTAGE_SECONDS = 90  # what is broken for so long is repaired
REPAIR_SECONDS = 20  # and asked again by then, on an idle machine


@pytest.fixture(scope="module")
def broken():
    yield from lab_module.running(lab_module.Lab(
        [*lab_module.table.ZONES, *matrix.all_zones()]))


@pytest.fixture(scope="module")
def daemon(broken):
    yield from lab_module.watched(
        lab_module.Daemon(broken, "matrix", port=8742))


def timed(daemon, key):
    start = time.monotonic()
    reply = daemon.socketmap(key)
    return reply, time.monotonic() - start


def verdict(reply):
    word, _, text = reply.partition(" ")
    return text if word == "OK" else word


@pytest.fixture(scope="module")
def answers(daemon, broken):
    """All keys, eight at a time as Postfix would: {key: (reply, first,
    second, upstream questions)}."""
    keys = [f"{kind}-{case.name}.nsec" for case in matrix.CASES
            for kind in "us"]
    keys += [row[0] for row in matrix.SPECIAL] + matrix.ATTACK_KEYS
    for i, key in enumerate(HEALTHY):
        keys.insert(i * len(keys) // len(HEALTHY), key)

    def ask(key):
        reply, first = timed(daemon, key)
        asked = broken.questions(key)
        second = min(timed(daemon, key)[1] for _ in range(3)) \
            if verdict(reply) != "TEMP" else 0
        return reply, first, second, asked

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = dict(zip(keys, pool.map(ask, keys)))
    for key, (reply, first, second, asked) in found.items():
        print(f"{key:28} {first:6.2f} s {second * 1000:7.1f} ms "
              f"{asked:4} asked  {reply[:100]}")
    return found


def ask_through_outage(daemon, broken, key, expected):
    """Mail keeps asking while the servers are silent; then they are repaired.
    Returns the seconds until the right verdict."""
    end = time.monotonic() + OUTAGE_SECONDS
    while time.monotonic() < end:
        assert verdict(daemon.socketmap(key)) in matrix.SAFE
        time.sleep(1)
    for proxy in broken.proxies[key]:
        proxy.behaviour = misbehave.healthy
    repaired = time.monotonic()
    while verdict(daemon.socketmap(key)) != expected:
        assert time.monotonic() < repaired + HANG
        time.sleep(0.5)
    return time.monotonic() - repaired


@pytest.fixture(scope="module", autouse=True)
def outages(daemon, broken):
    """Goes on beside everything else."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {key: pool.submit(ask_through_outage, daemon, broken, key,
                                expected)
               for key, expected in matrix.REPAIRED.items()}


CASE_IDS = [case.name for case in matrix.CASES]


@pytest.mark.parametrize("case", matrix.CASES, ids=CASE_IDS)
def test_unsigned_zone_gets_its_verdict(daemon, answers, case):
    key = f"u-{case.name}.nsec"
    reply, first, second, _ = answers[key]
    assert verdict(reply) == case.unsigned, reply
    if case.name not in ("lossy", "late2"):
        healthy = [answers[key] for key in HEALTHY]
        assert first < FIRST_SECONDS + TIMES_HEALTHY * max(
            row[1] for row in healthy)
        assert second < SECOND_SECONDS + TIMES_HEALTHY * max(
            row[2] for row in healthy)
    if case.rung:
        assert daemon.explain(key)["rung"] == case.rung


@pytest.mark.parametrize("case", matrix.CASES, ids=CASE_IDS)
def test_signed_zone_is_never_weakened(answers, case):
    reply = answers[f"s-{case.name}.nsec"][0]
    assert verdict(reply) in matrix.may_get(case), reply


@pytest.mark.parametrize("row", matrix.SPECIAL,
                         ids=[row[0] for row in matrix.SPECIAL])
def test_special(answers, row):
    key, allowed, _ = row
    assert verdict(answers[key][0]) in allowed, answers[key][0]


@pytest.mark.parametrize("key", matrix.ATTACK_KEYS)
def test_no_attack_weakens(answers, key):
    assert verdict(answers[key][0]) in matrix.SAFE, answers[key][0]


@pytest.mark.parametrize("key", matrix.REPAIRED)
def test_repaired_server_is_used_again(answers, outages, key):
    """What a machine needs that is busy is in it, and so is a question that
    had just begun."""
    healthy = max(answers[name][1] for name in HEALTHY)
    assert outages[key].result(OUTAGE_SECONDS + 2 * HANG) \
        < REPAIR_SECONDS + TIMES_HEALTHY * healthy
