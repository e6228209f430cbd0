"""Whether what the daemon says under attack is allowed.

Law 1: nothing that is sent, dropped or forged turns a destination with secure
TLSA records into less.  And no AD on what is not proven
(docs/security-model.md, "The promise").
"""

import dns.flags
import dns.rcode
import dns.rdatatype

import world

F = dns.flags
R = dns.rcode
T = dns.rdatatype
SERVFAIL = R.SERVFAIL


def level(reply):
    word, _, text = reply.partition(" ")
    return text if word == "OK" else word


def allowed(truth, map_name):
    """What an attacked next hop may get instead of @truth."""
    if map_name == "carry":
        return {truth, "dane-only", "TEMP"}
    levels = {"dane", "dane-only", "TEMP"}
    return levels | {"encrypt"} if truth == "encrypt" else levels


def judge_policy(key, map_name, truth, reply, usable):
    """A complaint, or None.  @usable: the most hosts with usable TLSA that an
    evaluation of the key has had in this run."""
    got = level(reply)
    if got not in allowed(truth, map_name):
        return f"{key} of map {map_name}: {reply!r}, in truth {truth!r}"
    if got == "dane" and map_name in ("chain", "strict") and not usable:
        # Where "may" is not the alternative, "dane" without a host that has
        # TLSA would let hosts without it go at "may".
        return f"{key} of map {map_name}: 'dane' without a usable host"
    return None


# ---- the listener ----

def records(section, dnssec=True):
    return {(rrset.name.to_text().lower(), rrset.rdtype, rdata.to_text())
            for rrset in section for rdata in rrset
            if dnssec or rrset.rdtype != T.RRSIG}


def judged(section, true):
    """The records of a section, but for false signatures beside a true one of
    the same set: signatures are not signed themselves, and whoever validates
    needs one that is good (RFC 4035 section 5.3.3)."""
    found = records(section)
    for rrset in section:
        if rrset.rdtype == T.RRSIG and records([rrset]) & true:
            found -= records([rrset]) - true
    return found


class Truth:
    """What a resolver that nobody attacks says."""

    def __init__(self, reply):
        self.rcode = reply.rcode()
        self.secure = bool(reply.flags & F.AD)
        self.answer = records(reply.answer)
        self.plain_answer = records(reply.answer, False)


def same(truth, reply):
    answer = judged(reply.answer, truth.answer)
    return reply.rcode() == truth.rcode and \
        answer in (truth.answer, truth.plain_answer)


def said(reply):
    return f"{R.to_text(reply.rcode())} {sorted(records(reply.answer, False))}"


def right(truth, reply):
    """Whole, and what everybody gets who asks for signatures."""
    return not reply.flags & F.TC and same(truth, reply) and \
        bool(reply.flags & F.AD) == truth.secure


def judge_answer(name, rtype, flags, truth, reply, everything):
    """@flags: of the question, "do", "ad", "cd" and "tcp" among them.
    @everything: all records of all zones, as records() has them."""
    what = f"{name} {rtype} ({'+'.join(sorted(flags)) or 'plain'})"
    got = said(reply)
    if reply.flags & F.TC:
        # Nobody asks once more after TCP: to Postfix it is "no data".
        if "tcp" in flags:
            return f"{what}: truncated over TCP: {got}"
        return None if not reply.flags & F.AD or truth.secure else \
            f"{what}: truncated, with AD"
    if reply.flags & F.AD:
        if not flags & {"do", "ad"}:
            return f"{what}: AD without being asked"
        if not truth.secure:
            return f"{what}: AD on what is insecure: {got}"
        if not same(truth, reply):
            return f"{what}: AD on what is not true: {got}"
        foreign = judged(reply.authority, everything) - everything
        return f"{what}: AD with {foreign} in the authority" if foreign \
            else None
    if "cd" in flags or reply.rcode() == SERVFAIL:
        return None
    if truth.secure and truth.plain_answer and \
            not records(reply.answer, False):
        # Postfix makes "no TLSA" or "no host" of it, whether AD or not.
        return f"{what}: denied, and it is there: {got}"
    if truth.secure and flags & {"do", "ad"}:
        return f"{what}: neither AD nor SERVFAIL: {got}"
    if truth.secure and not same(truth, reply):
        return f"{what}: not true: {got}"
    if is_signed_alias(name):
        own = {r for r in records(reply.answer, False)
               if r[0] == f"{name}." }
        true = {r for r in truth.plain_answer if r[0] == f"{name}."}
        if own != true:
            return f"{what}: the signed alias is not there: {got}"
    return None


def is_signed_alias(name):
    """An alias in a signed zone that leads into an unsigned one."""
    return name == "crossing.hosts.nsec" or \
        name in {f"out.{zone}" for zone in world.SHAPES}
