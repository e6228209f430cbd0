"""True, signed answers that an attacker on the path has swollen, or to which
he has given another header.

He needs no key: the set and its signature stay as they are, junk comes behind
them.  Whoever validates the set and then cannot hand it over may not say that
there is nothing: neither to Postfix's policy lookup nor to its resolver.  Nor
may one packet of his be believed, or stand in the way, until its TTL ends.
"""

import concurrent.futures
import ctypes
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

import faults
import finger
import hostile
import lab as lab_module
from lab import HANG
import mail
import misbehave

T = dns.rdatatype
# Seconds after the last forged packet: ten, and what a busy machine may need.
# What was forged would last for a day.
RIGHT_AGAIN = 10
STOPPED = ("defer", "unreachable")      # words of finger.read_finger()


# ---- what is asked, and what is true ----

def ask(daemon, name, rtype, tcp):
    query = dns.message.make_query(name, rtype, want_dnssec=True,
                                   payload=1232)
    how = dns.query.tcp if tcp else dns.query.udp
    return how(query, daemon.dns, timeout=HANG)


def found(reply, rtype):
    return {rdata.to_text() for rrset in reply.answer
            if rrset.rdtype == T.from_text(rtype) for rdata in rrset}


def is_true(reply, rtype, truth):
    got = found(reply, rtype)
    return reply.rcode() == dns.rcode.NOERROR and bool(
        reply.flags & dns.flags.AD) and (got == truth if truth else got)


def is_harmless(reply, rtype, truth, tcp):
    """SERVFAIL, or the truth, or over UDP the advice to ask over TCP."""
    if reply.flags & dns.flags.TC:
        return not tcp
    return reply.rcode() == dns.rcode.SERVFAIL or \
        bool(is_true(reply, rtype, truth))


def said(reply):
    return (f"{dns.rcode.to_text(reply.rcode())} "
            f"{dns.flags.to_text(reply.flags)}, "
            f"{sum(len(r) for r in reply.answer)} in the answer")


class Observed:
    """What one domain got while it was attacked, and afterwards."""

    def __init__(self, stuffed):
        self.stuffed = stuffed
        self.policy = self.finger = ""
        self.answers = []       # those that are neither SERVFAIL nor true
        self.failed = []        # those that are SERVFAIL
        self.wrong = []         # what was so still, RIGHT_AGAIN later
        self.seconds = 0.0

    def attack(self, daemon, folder):
        key = self.stuffed.key
        # The listener first: nothing is cached yet.
        for name, rtype, truth in self.stuffed.truth():
            for tcp in (False, True):
                reply = ask(daemon, name, rtype, tcp)
                text = (f"{name} {rtype} {'TCP' if tcp else 'UDP'}: "
                        f"{said(reply)}")
                if not is_harmless(reply, rtype, truth, tcp):
                    self.answers.append(text)
                if reply.rcode() == dns.rcode.SERVFAIL:
                    self.failed.append(text)
        self.policy = daemon.socketmap(key)
        self.finger = finger.finger(key, folder)

    def still_wrong(self, daemon):
        reply = daemon.socketmap(self.stuffed.key)
        if reply != "OK dane":
            yield f"policy: {reply}"
        for name, rtype, truth in self.stuffed.truth():
            for tcp in (False, True):
                answer = ask(daemon, name, rtype, tcp)
                if not is_true(answer, rtype, truth) and not (
                        answer.flags & dns.flags.TC and not tcp):
                    yield (f"{name} {rtype} {'TCP' if tcp else 'UDP'}: "
                           f"{said(answer)}")

    def recover(self, daemon, folder, begin):
        """A busy machine may take as long as it takes for all questions, some
        times over."""
        while True:
            asked = time.monotonic()
            if not (wrong := list(self.still_wrong(daemon))):
                break
            now = time.monotonic()
            if now - begin > RIGHT_AGAIN + 5 * (now - asked):
                self.wrong = wrong
                return
            time.sleep(0.5)
        self.seconds = time.monotonic() - begin
        text = finger.finger(self.stuffed.key, folder)
        if finger.read_finger(text) != "Verified":
            self.wrong = [text]


# ---- all of them at once ----

@pytest.fixture(scope="module")
def daemon(world):
    running = faults.Watched(world, "volume", port=9372).start()
    with lab_module.resolv_conf(running.dns):
        yield running
    running.stop()
    assert "ERROR: " not in running.log(), running.log()[-4000:]


@pytest.fixture(scope="module")
def server(world):
    """The host of all of them, which shows the right certificate."""
    context = mail.tls_context(lab_module.ROOM, hostile.CERTIFICATE)
    running = [mail.Server(address, mail.smtp(context))
               for address in hostile.HOST]
    yield running
    for one in running:
        one.stop()


@pytest.fixture(scope="module")
def folder(daemon):
    path = daemon.folder / "postfix"
    daemon.configure_postmap(path)
    return path


@pytest.fixture(scope="module")
def observed(world, daemon, server, folder, request):
    """{name: Observed} of all that were selected."""
    stuffed = {item.callspec.params["stuffed"] for item in
               request.session.items if "stuffed" in getattr(
                   getattr(item, "callspec", None), "params", {})}
    every = [Observed(one) for one in sorted(stuffed, key=lambda s: s.name)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda o: o.attack(daemon, folder), every))
        for one in every:
            for proxy in world.proxies[one.stuffed.attacked]:
                proxy.behaviour = misbehave.healthy
        begin = time.monotonic()
        list(pool.map(lambda o: o.recover(daemon, folder, begin), every))
    for one in every:
        print(f"{one.stuffed.name:24} {one.seconds:5.1f} s "
              f"{finger.read_finger(one.finger):10} {one.policy[:90]}")
    return {one.stuffed.name: one for one in every}


STUFFED = pytest.mark.parametrize("stuffed", [
    pytest.param(s, id=s.name, marks=[] if s.kind in hostile.FIRST
                 else pytest.mark.slow) for s in hostile.ALL_STUFFED])


@STUFFED
def test_the_policy_is_not_weakened(observed, stuffed):
    """Broken: libunbound cuts a set that it cannot write into 64 KiB, and the
    rest was read as "secure, no data": `may`, or another host."""
    faults.lawful(observed[stuffed.name].policy)


@STUFFED
def test_the_listener_says_servfail_or_the_truth(observed, stuffed):
    """Broken: the same, as NODATA with AD."""
    answers = observed[stuffed.name].answers
    assert not answers, "\n".join(answers)


@STUFFED
def test_postfix_itself_agrees(observed, stuffed):
    """Broken: Postfix, with postdane as its resolver, found no TLSA records
    and no error, or no domain at all."""
    text = observed[stuffed.name].finger
    assert finger.read_finger(text) in ("Verified", *STOPPED), text


@STUFFED
def test_all_is_right_again_at_once(observed, stuffed):
    """Broken: what was forged stayed as long as its TTL, here a day."""
    wrong = observed[stuffed.name].wrong
    assert not wrong, "\n".join(wrong)


# ---- on both sides of what is read and written ----

# One family of addresses is enough, and a DS comes with the referral.
SPARED = ("A", "AAAA", "DS")


def of_kind(kind, without=()):
    return pytest.mark.parametrize("stuffed", [
        pytest.param(s, id=s.name) for s in hostile.ALL_STUFFED
        if s.kind == kind and s.rtype not in without])


@of_kind("below-written")
def test_what_can_be_read_and_written_is_no_failure(observed, stuffed):
    one = observed[stuffed.name]
    assert one.policy == "OK dane"
    assert not one.failed, "\n".join(one.failed)


@of_kind("above-read", without=SPARED)
def test_what_is_too_large_to_be_read_is_a_failure(observed, stuffed):
    """Else the other rows of this kind would show nothing."""
    one = observed[stuffed.name]
    assert one.policy.startswith("TEMP ")
    assert one.failed


def few_signatures_are_kept():
    """By libunbound 1.26: what it writes again is never large."""
    library = ctypes.CDLL("libunbound.so.8")
    library.ub_ctx_create.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.ub_ctx_create())
    known = library.ub_ctx_set_option(context, b"iter-scrub-rrsig:", b"8") == 0
    library.ub_ctx_delete(context)
    return known


@of_kind("above-written", without=(*SPARED, "DNSKEY"))
def test_what_is_too_large_to_be_written_is_a_failure(observed, stuffed):
    """Keys are only read: whoever wants to see them gets SERVFAIL."""
    one = observed[stuffed.name]
    if few_signatures_are_kept():
        assert one.policy == "OK dane"
        return
    assert one.policy.startswith("TEMP ")
    assert one.failed


# ---- answers of several parts ----

def test_what_does_not_fit_over_tcp_is_servfail(daemon, server, folder):
    """Broken: an alias and its target, both swollen, came to more than 64
    KiB, as long as as much was read of each; the listener set TC over TCP and
    gave no records, which Postfix takes for "no TLSA records", while the
    policy was `dane`."""
    alone = ask(daemon, f"_tlsa.{hostile.TWO_PARTS_TARGET}", "TLSA", True)
    assert is_true(alone, "TLSA", {hostile.TLSA}), said(alone)
    name = f"_25._tcp.mx.{hostile.TWO_PARTS}"
    for _ in range(3):
        daemon.flush()
        reply = ask(daemon, name, "TLSA", True)
        assert not reply.flags & dns.flags.TC, said(reply)
        assert is_harmless(reply, "TLSA", {hostile.TLSA}, True), said(reply)
    daemon.flush()
    faults.lawful(daemon.socketmap(hostile.TWO_PARTS))
    text = finger.finger(hostile.TWO_PARTS, folder)
    assert finger.read_finger(text) in ("Verified", *STOPPED), text
