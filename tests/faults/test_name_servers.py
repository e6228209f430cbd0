"""Name servers that die, and name servers whose answers nobody can like."""

import concurrent.futures
import os
import signal
import time

import pytest

import faults
import faulty
from faults import lawful

KILLED = ("root", "tld", "leaf", "backend")


def name_servers(world):
    return [p for p in world.processes
            if str(p.args[0]).endswith("nsd") and p.poll() is None]


@pytest.mark.parametrize("how", [
    "silent", pytest.param("refusing", marks=pytest.mark.slow)])
def test_all_name_servers_die_and_come_back(world, start, how):
    daemon = start()
    assert daemon.ask("dane.d.nsec") == "OK dane"
    assert daemon.ask("plain.nsec") == "OK may"
    for process in name_servers(world):
        os.killpg(process.pid, signal.SIGSTOP if how == "silent"
                  else signal.SIGKILL)
    try:
        daemon.flush()
        end = time.monotonic() + faults.DEADLINE + 2
        while time.monotonic() < end:
            lawful(daemon.ask("dane.d.nsec"))
            daemon.ask("plain.nsec")
    finally:
        for process in name_servers(world):
            os.killpg(process.pid, signal.SIGCONT)
        if how == "refusing":
            faults.until(lambda: not name_servers(world))
            for server in KILLED:
                world.start_nsd(server)
    daemon.recovers("dane.d.nsec", "OK dane")
    daemon.recovers("plain.nsec", "OK may")


# Where lookups fail and hang, libunbound has up to 64 contexts of up to 3 MiB
# each, and the sockets of what hangs for two minutes.
CONTEXTS = 200 + faults.GROWTH

# ---- what is asked of all the others, at once ----

KEYS = [
    *(f"{kind}-{name}.nsec" for kind in "us" for name in (
        *(f"size{size}" for size in faulty.SIZES), "claims",
        "hundredthousand", "1500", "3900", "forty", "thousands", "hundred", "itself",
        "downwards", "thirty", "ringa", "nowhere", "addressless",
        "soagarbage", "nsecgarbage", "garbage", "drips", "resets", "chain0")),
    *(f"{key}.{kind}-rings.nsec" for kind in "us"
      for key in faulty.RING_KEYS),
    "s-useless.nsec"]


@pytest.fixture(scope="module")
def answers(world):
    """The daemon, and {key: (reply, questions that its servers were asked)}"""
    print("POSTDANE_SEED =", faulty.SEED)
    daemon = faults.Watched(world, "answers", port=9362).start()
    daemon.ask("dane.d.nsec")

    def ask(key):
        before = world.questions(key)
        begin = time.monotonic()
        reply = daemon.socketmap(key)
        seconds = time.monotonic() - begin
        # Who waits for what hangs keeps nobody else waiting.
        begin = time.monotonic()
        assert daemon.socketmap("dane.d.nsec") == "OK dane"
        assert time.monotonic() - begin < faults.SLACK
        assert seconds < faults.DEADLINE + faults.SLACK, key
        assert reply, key
        return reply, world.questions(key) - before

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        with daemon.bounded(CONTEXTS, descriptors=400):
            found = dict(zip(KEYS, pool.map(ask, KEYS)))
    for key, (reply, asked) in found.items():
        print(f"{key:32} {asked:5} asked  {reply[:100]}")
    yield daemon, found
    daemon.stop()


def judge(answers, *names, signed=("OK dane",), unsigned=("OK may",)):
    daemon, found = answers
    for name in names:
        lawful(found[f"s-{name}.nsec"][0])
        for kind, allowed in (("s", signed), ("u", unsigned)):
            key = f"{kind}-{name}.nsec"
            reply = found[key][0]
            if reply not in allowed and not (
                    "TEMP" in allowed and reply.startswith("TEMP ")):
                # It was many at once: alone, it has time enough.
                daemon.flush()
                daemon.recovers(key, allowed[0])


SAFE = ("OK dane", "TEMP")
DELIVERABLE = ("OK may", "OK dane")


def test_an_answer_of_100000_records(answers):
    judge(answers, "hundredthousand", signed=SAFE, unsigned=DELIVERABLE)
    # More than is read of signed zones.
    judge(answers, "1500", "3900", signed=SAFE)


def test_an_answer_that_claims_65535_records(answers):
    judge(answers, "claims", signed=SAFE, unsigned=DELIVERABLE)


@pytest.mark.parametrize("size", faulty.SIZES)
def test_an_answer_at_the_size_limit(answers, size):
    judge(answers, f"size{size}",
          signed=SAFE if size > faulty.READ_MAX else ("OK dane",))


@pytest.mark.parametrize("size", faulty.RINGS)
def test_a_loop_of_cnames(answers, size):
    """Nothing can be delivered there; the signed hosts have TLSA records."""
    for place in (f"r{size}-0", f"host{size}", f"tlsa{size}"):
        lawful(answers[1][f"{place}.s-rings.nsec"][0])


def test_a_chain_of_cnames_across_zones(answers):
    judge(answers, "chain0", signed=SAFE)


def test_a_delegation_to_itself(answers):
    judge(answers, "itself", signed=SAFE, unsigned=DELIVERABLE)


def test_a_referral_loop(answers):
    judge(answers, "downwards", "ringa", signed=SAFE, unsigned=DELIVERABLE)


def test_referrals_that_multiply(answers):
    """One question of ours must not become thousands for others."""
    judge(answers, "thirty", signed=SAFE, unsigned=DELIVERABLE)
    for kind in "us":
        assert answers[1][f"{kind}-thirty.nsec"][1] < 2000


def test_ns_without_an_address(answers):
    judge(answers, "nowhere", "addressless", signed=SAFE,
          unsigned=DELIVERABLE)


def test_40_mx_hosts_with_40_addresses_each(answers):
    judge(answers, "forty", unsigned=DELIVERABLE)


def test_thousands_of_tlsa_records(answers):
    judge(answers, "thousands", signed=SAFE)
    judge(answers, "hundred")
    answers[0].recovers("s-useless.nsec", "OK encrypt")


def test_garbage_for_soa_and_nsec(answers):
    judge(answers, "soagarbage", "nsecgarbage", signed=SAFE)


def test_garbage_anywhere(answers):
    judge(answers, "garbage", signed=SAFE, unsigned=DELIVERABLE)


def test_tcp_of_one_octet_a_second(answers):
    judge(answers, "drips", signed=SAFE, unsigned=DELIVERABLE)


def test_tcp_that_is_reset(answers):
    judge(answers, "resets", signed=SAFE, unsigned=DELIVERABLE)


@pytest.mark.slow
def test_what_hangs_comes_to_an_end(start):
    """The same questions again and again: memory is bounded, and in the end
    no descriptor is left over."""
    daemon = start()
    # To give memory back takes a tenth of a millisecond for each MiB.
    daemon.loop_longest_allowed *= 3
    daemon.ask("dane.d.nsec")
    with daemon.bounded(CONTEXTS, descriptors=400):
        for _ in range(6):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(daemon.socketmap, KEYS))
            daemon.flush()
    faults.until(lambda: daemon.descriptors() < 40)
    daemon.serves()
