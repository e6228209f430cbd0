"""What one mail may cost, to an unsigned domain whose servers have names that
are dear to look up: plain DNS needs their addresses."""

import asyncio
import re

import dns.rcode
import dns.rrset
import pytest

import costly
import lab as lab_module
import matrix
import misbehave as m
from test_dear import dear_keys, nested  # noqa: F401, pylint: disable=unused-import
from zones import Zone

SECONDS = 1 * lab_module.SLOWNESS    # of processor time
HELD = 0.02 * lab_module.SLOWNESS    # the loop, by one callback; likewise
LIMIT = 150  # iterations that are believed
NAMES = 7    # of servers, beside the one that answers: 8 are looked up
REFERRALS = 6  # and two more, from the root
LINKS = 3    # the last of these is an alias, to as many more
LATE = 0.6   # seconds that the next referral takes


class Referrals:
    """An unsigned domain without EDNS, whose servers refer to the next zone
    below, and each of these has servers of its own below dear zones."""

    def __init__(self, zone, names):
        self.zone = zone
        self.names = names  # a name, of a number
        self.addresses = [matrix.ADDRESSES.take(False)
                          for _ in range(REFERRALS + 1)]

    def key(self, link=0):
        return ".".join(f"z{i}-{link}" for i in range(REFERRALS, 0, -1)) \
            + f".{self.zone}"

    def name(self, link, depth, i):
        return self.names(NAMES * (REFERRALS * link + depth - 1) + i)

    def end(self, x, link):
        if link + 1 == LINKS:
            return x.error(dns.rcode.SERVFAIL)
        reply = x.empty()
        reply.answer.append(dns.rrset.from_text(
            x.question.name, 60, "IN", "CNAME", f"{self.key(link + 1)}."))
        return reply.to_wire()

    def refer(self, depth):
        async def behave(x):
            if x.edns:
                return x.error(dns.rcode.REFUSED)
            await asyncio.sleep(LATE)
            labels = x.name.split(".")
            link = int(labels[0].partition("-")[2])
            if depth > REFERRALS:
                return self.end(x, link)
            child = ".".join(labels[REFERRALS - depth:]) + "."
            servers = [f"ns.{child}"] + [f"{self.name(link, depth, i)}."
                                         for i in range(NAMES)]
            reply = x.empty(aa=False)
            reply.authority.append(dns.rrset.from_text_list(
                child, 60, "IN", "NS", servers))
            reply.additional.append(dns.rrset.from_text(
                f"ns.{child}", 60, "IN", "A", self.addresses[depth]))
            return reply.to_wire()
        return behave

    def served(self):
        return Zone(self.zone, "@ TXT x", server="backend",
                    ns=f"@ NS ns\nns A {self.addresses[0]}",
                    proxies=[(address, self.refer(i + 1), True)
                             for i, address in enumerate(self.addresses)])


HASHED = costly.Costly("deep.nsec", 16, [(LIMIT, costly.SALT_MAX * b"s")])
HASHES = Referrals("hashes.unsigned",
                   lambda i: f"{HASHED.host(i)}.{HASHED.zone}")

SIGNED = nested("nested.nsec", 1, NAMES * REFERRALS * LINKS, 10)
SIGNED_HOSTS = [line.split()[-1].rstrip(".")
                for line in SIGNED[0].records.splitlines()]
SIGNATURES = Referrals("signatures.unsigned", SIGNED_HOSTS.__getitem__)


@pytest.fixture(scope="module")
def world(dear_keys):  # noqa: F811, pylint: disable=redefined-outer-name
    yield from lab_module.running(lab_module.Lab([
        *lab_module.table.ZONES, HASHED.served(matrix.ADDRESSES.take(False)),
        HASHES.served(), *SIGNED, SIGNATURES.served()]))


@pytest.fixture
def daemon(world):
    yield from lab_module.running(lab_module.Daemon(world, "errands", port=8982))


def one_mail(daemon, key):
    """Returns what is said of it."""
    return lab_module.one_mail(daemon, lambda: daemon.explain_text(key),
                               (SECONDS, HELD), rests=True)


@pytest.mark.parametrize("domain", [HASHES, SIGNATURES],
                         ids=lambda domain: domain.zone)
def test_names_of_servers_are_no_way_around_the_budget(world, daemon, domain):
    assert re.search("of one evaluation (is|are) used up",
                     one_mail(daemon, domain.key()))
    # It goes on with what costs nothing, as far as the first alias.
    assert world.questions(domain.zone) > REFERRALS
