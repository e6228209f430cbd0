"""What an attacker makes of an answer.

A trick is a function (Question) -> what is sent: a message, wire format, a
list of those (one after the other), or None for nothing.  Tricks see the true
answer and any other that the servers would give; they own no key but their own
("forger") and that of the zone world.EVIL.
"""

import random
import struct
import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

import signer
import volume
import world

T = dns.rdatatype
R = dns.rcode
IN = 1
PROOFS = {T.RRSIG, T.NSEC, T.NSEC3}
DNSSEC = PROOFS | {T.DS, T.DNSKEY, T.NSEC3PARAM}
TTL = 300

TRICKS = {}


def trick(function):
    TRICKS[function.__name__.replace("_", "-")] = function
    return function


class Question:
    """One query; @fetch(name, type, place, old) asks the servers."""

    def __init__(self, name, rdtype, place, edns, do, fetch, zones, salt):
        self.name = dns.name.from_text(name)
        self.rdtype = rdtype
        self.place = place
        self.edns = edns
        self.do = do
        self.fetch = fetch
        self.zones = zones
        self.random = random.Random(f"{salt} {name} {rdtype} {place}")

    def real(self, name=None, rdtype=None, place=None, old=False, do=None):
        """A true answer; another's with signatures, whatever was asked."""
        other = name is not None or rdtype is not None or place is not None
        if do is None:
            do = True if other or old else self.do
        return self.fetch(name or self.name, self.rdtype if rdtype is None
                          else rdtype, place or self.place, old, do,
                          self.edns or do)

    def blank(self, aa=True, rcode=R.NOERROR):
        query = dns.message.make_query(
            self.name, self.rdtype, use_edns=0 if self.edns else -1,
            want_dnssec=self.do, payload=1232)
        reply = dns.message.make_response(query)
        if self.edns:
            reply.use_edns(0, dns.flags.DO if self.do else 0, 1232)
        if aa:
            reply.flags |= dns.flags.AA
        reply.set_rcode(rcode)
        return reply

    def zone(self):
        """The deepest zone of this server that the name lies in; of DS, the
        parent's."""
        name = self.name.to_text().rstrip(".").lower()
        own = True
        while True:
            if self.zones.get(name) == self.place and not (
                    own and self.rdtype == T.DS and name):
                return name
            if not name:
                return ""
            own = False
            name = name.partition(".")[2]

    def soa(self):
        return dns.rrset.from_text(
            dns.name.from_text(self.zone() or "."), 60, "IN", "SOA",
            "ns.attacker. h.attacker. 1 1 1 1 60")

    def replay_name(self):
        return dns.name.from_text(
            self.random.choice(world.REPLAYS[self.place]))


def as_answer(question, other):
    """@other's records, as an answer to the question."""
    reply = question.blank(rcode=other.rcode())
    reply.answer = list(other.answer)
    reply.authority = list(other.authority)
    reply.additional = list(other.additional)
    return reply


def renamed(rrset, owner):
    made = dns.rrset.RRset(owner, rrset.rdclass, rrset.rdtype, rrset.covers)
    made.update(rrset)
    return made


def without(message, unwanted, sections=("answer", "authority",
                                         "additional")):
    for name in sections:
        setattr(message, name, [r for r in getattr(message, name)
                                if not unwanted(r)])
    return message


def stripped(types, sections=("answer", "authority", "additional")):
    def trick_(q):
        return without(q.real(), lambda r: r.rdtype in types, sections)
    return trick_


# ---- the attacker's own records ----

def lie(q, owner=None):
    """Unsigned data of the asked type: mail goes to the attacker."""
    owner = owner or q.name
    texts = {
        T.A: [world.FORGED],
        T.AAAA: [world.FORGED6],
        T.MX: [f"5 mx.{world.EVIL}."],
        T.TLSA: [f"3 1 1 {world.FORGED_DIGEST}"],
        T.NS: [f"ns.{world.EVIL}."],
        T.CNAME: ["host.plain.unsigned."],
        T.DNAME: ["plain.unsigned."],
        T.DS: [forger("ecdsa").ds(q.name.to_text().rstrip(".")).to_text()],
        T.DNSKEY: [forger("ecdsa").dnskey.to_text()],
    }.get(q.rdtype, ["lie"] if q.rdtype == T.TXT else None)
    if texts is None:
        return None
    return dns.rrset.from_text(owner, TTL, "IN", q.rdtype, *texts)


def forger(algorithm):
    return signer.Key.shared(algorithm, "forger")


def signed(rrset, zone, key, labels=None, tag=None):
    """RRSIG by @key, in the name of @zone."""
    now = int(time.time()) // 86400 * 86400
    labels = len(rrset.name) - 1 if labels is None else labels
    made = signer.Signer(zone, {}, "ecdsa")
    if tag is not None:
        made.key = type("Key", (), {"dnskey": tag})()
    else:
        made.key = key
    text = made.rrsig(rrset, key.private, now - 86400, now + 14 * 86400)
    return dns.rrset.from_text(rrset.name, rrset.ttl, "IN", "RRSIG", text)


def forge_signed(q, rrset, zone=None):
    """By the forger's key, with the tag of the zone's own in every second
    case, so that it is tried."""
    zone = q.zone() if zone is None else zone
    own = signer.Key.shared("ecdsa").dnskey
    return signed(rrset, zone, forger("ecdsa"),
                  tag=own if q.random.random() < 0.5 else None)


# ---- strip ----

TRICKS.update({
    "strip-rrsig": stripped({T.RRSIG}),
    "strip-ds": stripped({T.DS}),
    "strip-nsec": stripped({T.NSEC, T.NSEC3}),
    "strip-proofs": stripped(PROOFS),
    "strip-dnssec": stripped(DNSSEC),
    "strip-soa": stripped({T.SOA}),
    "strip-ns": stripped({T.NS}),
    "strip-answer": stripped(set(T.RdataType), ("answer",)),
    "strip-authority": stripped(set(T.RdataType), ("authority",)),
    "strip-additional": stripped(set(T.RdataType), ("additional",)),
    "strip-answer-rrsig": stripped({T.RRSIG}, ("answer",)),
    "strip-authority-rrsig": stripped({T.RRSIG}, ("authority",)),
})


@trick
def strip_asked(q):
    """The records that were asked for; their signatures stay."""
    return without(q.real(), lambda r: r.rdtype == q.rdtype, ("answer",))


@trick
def strip_some(q):
    reply = q.real()
    sections = [s for s in (reply.answer, reply.authority, reply.additional)
                if s]
    if sections:
        section = q.random.choice(sections)
        section.pop(q.random.randrange(len(section)))
    return reply


@trick
def strip_one_of_set(q):
    """One record of a set: the signature is of all."""
    reply = q.real()
    for rrset in reply.answer:
        if rrset.rdtype != T.RRSIG and len(rrset) > 1:
            rrset.remove(list(rrset)[q.random.randrange(len(rrset))])
            break
    return reply


@trick
def strip_opt(q):
    reply = q.real()
    reply.use_edns(False)
    return reply


# ---- failures ----

def failing(rcode, edns=True):
    def trick_(q):
        reply = q.blank(aa=False)
        if not edns:
            reply.use_edns(False)
        elif rcode == R.BADVERS:
            reply.use_edns(0, 0, 1232)
        reply.set_rcode(rcode)
        return reply
    return trick_


TRICKS.update({
    "drop": lambda q: None,
    "servfail": failing(R.SERVFAIL),
    "refused": failing(R.REFUSED),
    "formerr": failing(R.FORMERR, False),
    "notimp": failing(R.NOTIMP, False),
    "badvers": failing(R.BADVERS),
})


@trick
def header_only(q):
    return struct.pack("!HHHHHH", 0, 0x8000 | R.FORMERR, 0, 0, 0, 0)


@trick
def tc(q):
    reply = q.blank()
    reply.flags |= dns.flags.TC
    return reply


@trick
def tc_with_lie(q):
    reply = unsigned(q)
    reply.flags |= dns.flags.TC
    return reply


@trick
def as_without_edns(q):
    return q.fetch(q.name, q.rdtype, q.place, False, False, False)


# ---- unsigned lies ----

@trick
def nxdomain(q):
    reply = q.blank(rcode=R.NXDOMAIN)
    reply.authority.append(q.soa())
    return reply


@trick
def nxdomain_bare(q):
    return q.blank(rcode=R.NXDOMAIN)


@trick
def nodata(q):
    reply = q.blank()
    reply.authority.append(q.soa())
    return reply


@trick
def empty(q):
    return q.blank()


@trick
def lame(q):
    return q.blank(aa=False)


@trick
def unsigned(q):
    reply = q.blank()
    rrset = lie(q)
    if rrset is None:
        reply.authority.append(q.soa())
    else:
        reply.answer.append(rrset)
    return reply


@trick
def cname(q):
    """Unsigned, into a healthy unsigned zone or a signed one without TLSA."""
    target = q.random.choice(["host.plain.unsigned.", "mail.plain.nsec.",
                              "absent.hosts.nsec.", f"mx.{world.EVIL}.",
                              "host.dead.unsigned."])
    reply = q.blank()
    reply.answer.append(dns.rrset.from_text(q.name, TTL, "IN", "CNAME",
                                            target))
    return reply


@trick
def dname(q):
    if q.name == dns.name.root:
        return cname(q)
    reply = q.blank()
    owner = q.name.parent() if len(q.name) > 2 else q.name
    reply.answer.append(dns.rrset.from_text(owner, TTL, "IN", "DNAME",
                                            "plain.unsigned."))
    reply.answer.append(dns.rrset.from_text(
        q.name, TTL, "IN", "CNAME",
        q.name.labels[0].decode() + ".plain.unsigned."))
    return reply


def refer(q, owner):
    reply = q.blank(aa=False)
    owner = dns.name.from_text(owner) if isinstance(owner, str) else owner
    # The glue lies below the delegation, or it would not be taken.
    ns = dns.name.from_text("ns", owner)
    reply.authority.append(dns.rrset.from_text(owner, TTL, "IN", "NS",
                                               ns.to_text()))
    reply.additional.append(dns.rrset.from_text(
        ns, TTL, "IN", "A", world.EVIL_SERVERS[0]))
    reply.additional.append(dns.rrset.from_text(
        ns, TTL, "IN", "AAAA", world.EVIL_SERVERS[1]))
    return reply


@trick
def referral(q):
    """To the attacker's servers: of the name, or of an ancestor of it."""
    depth = q.random.randrange(max(1, len(q.name) - 1))
    owner = q.name
    for _ in range(depth):
        owner = owner.parent()
    return refer(q, owner)


@trick
def referral_signed_denial(q):
    """The same, with the proof that another delegation is insecure."""
    reply = referral(q)
    reply.authority += sibling(q).authority
    return reply


@trick
def referral_up(q):
    reply = q.blank(aa=False)
    reply.authority.append(dns.rrset.from_text(".", TTL, "IN", "NS",
                                               "ns.rootservers."))
    return reply


@trick
def poison(q):
    """The true answer, and what nobody has asked for."""
    reply = q.real()
    for owner in ("mx.shape.nsec.", "usable.hosts.nsec."):
        reply.additional.append(dns.rrset.from_text(
            owner, TTL, "IN", "A", world.FORGED))
    reply.authority.append(dns.rrset.from_text(
        dns.name.from_text(q.zone() or "."), TTL, "IN", "NS",
        f"ns.{world.EVIL}."))
    reply.additional.append(dns.rrset.from_text(
        f"ns.{world.EVIL}.", TTL, "IN", "A", world.EVIL_SERVERS[0]))
    return reply


# ---- signed records of others ----

INSECURE_DELEGATIONS = {
    "root": ["unsigned."], "tld": ["plain.nsec.", "plain.nsec3.",
                                   "plain.optout."],
    "leaf": ["cut.shape.nsec.", "cut.shape.nsec3.", "cut.shape.optout.",
             "cut.shape.iter.nsec.", "cut.opted.optout."],
}


def sibling(q):
    """The denial of DS of an insecure delegation, of this zone if it has
    one."""
    names = INSECURE_DELEGATIONS[q.place]
    zone = q.zone()
    own = [n for n in names if zone and n.endswith(f".{zone}.")]
    return q.real(dns.name.from_text(q.random.choice(own or names)), T.DS)


@trick
def replay_sibling_denial(q):
    return as_answer(q, sibling(q))


@trick
def add_sibling_denial(q):
    """To the true answer."""
    reply = q.real()
    reply.authority += [r for r in sibling(q).authority
                        if r not in reply.authority]
    return reply


@trick
def replay_other_name(q):
    return as_answer(q, q.real(q.replay_name()))


@trick
def replay_other_name_renamed(q):
    other = q.real(q.replay_name())
    reply = as_answer(q, other)
    reply.answer = [renamed(r, q.name) for r in other.answer]
    return reply


@trick
def replay_other_type(q):
    """The denial of a type that is not there, of the same name."""
    return as_answer(q, q.real(rdtype=q.random.choice(
        [T.TXT, T.SRV, T.A, T.AAAA, T.MX, T.TLSA, T.DS])))


@trick
def replay_denial(q):
    """The denial of another name, in its own place."""
    other = q.real(q.replay_name(), T.TXT)
    reply = q.blank(rcode=q.random.choice([R.NOERROR, R.NXDOMAIN,
                                           other.rcode()]))
    reply.authority = list(other.authority)
    return reply


@trick
def replay_denials(q):
    """Many of them: one may fit."""
    reply = q.blank(rcode=q.random.choice([R.NOERROR, R.NXDOMAIN]))
    for name in q.random.sample(world.REPLAYS[q.place], 4):
        for rrset in q.real(dns.name.from_text(name), T.TXT).authority:
            if rrset not in reply.authority:
                reply.authority.append(rrset)
    return reply


@trick
def replay_renamed_nsec(q):
    """An NSEC under the asked name: of a wildcard, it would even verify."""
    zone = q.zone()
    name = f"x.w.{zone}" if zone in world.SHAPES else \
        "x.wild.hosts.nsec" if zone == "hosts.nsec" else zone
    other = q.real(dns.name.from_text(name or "."), T.TXT)
    reply = q.blank()
    for rrset in other.authority:
        wild = rrset.name.labels[0] == b"*"
        covers = rrset.rdtype == T.NSEC or rrset.covers == T.NSEC
        reply.authority.append(renamed(rrset, q.name)
                               if wild and covers else rrset)
    return reply


@trick
def replay_child_apex(q):
    """The child's own word about its apex, where the parent's counts."""
    return as_answer(q, q.real(place="leaf", rdtype=T.DS))


@trick
def replay_parent(q):
    """The parent's word about the delegation, where the child's counts."""
    place = {"leaf": "tld", "tld": "root", "root": "root"}[q.place]
    other = q.real(place=place)
    reply = as_answer(q, other)
    without(reply, lambda r: r.rdtype == T.NS, ("authority",))
    return reply


@trick
def replay_opt_out(q):
    """Spans of another zone, and of the TLD with opt-out."""
    name, place = q.random.choice([
        ("missing.optout.", "tld"), ("plain.optout.", "tld"),
        ("x.cut.opted.optout.", "leaf"), ("cut.opted.optout.", "leaf"),
        ("nothing.opted.optout.", "leaf"), ("cut.shape.optout.", "leaf")])
    other = q.real(dns.name.from_text(name), T.DS, place)
    reply = q.blank(rcode=q.random.choice([R.NOERROR, R.NXDOMAIN]))
    reply.authority = list(other.authority)
    return reply


@trick
def replay_wildcard(q):
    """What a wildcard would say, under this name."""
    zone = q.zone()
    name = {"hosts.nsec": "x.wild.hosts.nsec", "d.nsec": "y.wild.d.nsec"}.get(
        zone, f"y.{q.random.choice(['w', 'all'])}.{zone}")
    other = q.real(dns.name.from_text(name.strip(".")))
    reply = as_answer(q, other)
    reply.answer = [renamed(r, q.name) for r in other.answer]
    return reply


@trick
def old(q):
    """From before the zone was signed; signatures have expired since."""
    return as_answer(q, q.real(old=True))


@trick
def old_without_signatures(q):
    return without(as_answer(q, q.real(old=True)),
                   lambda r: r.rdtype in DNSSEC)


@trick
def old_beside_new(q):
    reply = q.real()
    other = q.real(old=True)
    reply.answer += [r for r in other.answer if r not in reply.answer]
    reply.authority += [r for r in other.authority
                        if r not in reply.authority]
    return reply


# ---- signatures of the wrong ones ----

def evil_name(q):
    return dns.name.from_text({T.MX: world.EVIL}.get(
        q.rdtype, f"_25._tcp.mx.{world.EVIL}" if q.rdtype == T.TLSA
        else f"mx.{world.EVIL}"))


@trick
def evil_answer(q):
    """The attacker's own signed answer under the asked name."""
    other = q.real(evil_name(q), place="leaf")
    reply = as_answer(q, other)
    reply.answer = [renamed(r, q.name) for r in other.answer]
    return reply


@trick
def evil_denial(q):
    other = q.real(dns.name.from_text(q.random.choice(
        [f"bare.{world.EVIL}", f"_25._tcp.bare.{world.EVIL}",
         f"cut.{world.EVIL}", world.EVIL])), q.random.choice([T.DS, T.TXT]),
        "leaf")
    reply = as_answer(q, other)
    if q.random.random() < 0.5:
        reply.authority = [renamed(r, q.name)
                           if T.NSEC in (r.rdtype, r.covers) else r
                           for r in other.authority]
    return reply


@trick
def forged_answer(q):
    reply = unsigned(q)
    for rrset in list(reply.answer):
        reply.answer.append(forge_signed(q, rrset))
    return reply


@trick
def forged_cname(q):
    reply = cname(q)
    reply.answer.append(forge_signed(q, reply.answer[0]))
    return reply


@trick
def forged_denial(q):
    """An NSEC of the name that lacks the type, or that says: not signed."""
    types = q.random.choice(["NS RRSIG NSEC", "A RRSIG NSEC",
                             "RRSIG NSEC TYPE128"])
    reply = q.blank()
    nsec = dns.rrset.from_text(q.name, 60, "IN", "NSEC",
                               rf"\000.{q.name.to_text().lstrip('.')} {types}")
    for rrset in (nsec, q.soa()):
        reply.authority += [rrset, forge_signed(q, rrset)]
    return reply


@trick
def forged_span(q):
    """One NSEC from apex to apex: nothing exists."""
    zone = q.zone()
    reply = q.blank(rcode=R.NXDOMAIN)
    nsec = dns.rrset.from_text(dns.name.from_text(zone or "."), 60, "IN", "NSEC",
                               f"{zone}. SOA NS RRSIG NSEC DNSKEY")
    for rrset in (nsec, q.soa()):
        reply.authority += [rrset, forge_signed(q, rrset)]
    return reply


@trick
def forged_opt_out(q):
    """An NSEC3 that covers all with opt-out, beside the true ones."""
    zone = q.zone()
    reply = q.blank(rcode=q.random.choice([R.NOERROR, R.NXDOMAIN]))
    label = "0" * 31 + "g"
    span = dns.rrset.from_text(
        f"{label}.{zone}".strip(".") + ".", 60, "IN", "NSEC3",
        f"1 1 0 - {'v' * 31}u NS")
    for rrset in (span, q.soa()):
        reply.authority += [rrset, forge_signed(q, rrset)]
    reply.authority += [r for r in q.real(do=True).authority
                        if r.rdtype in PROOFS]
    return reply


@trick
def iteration_denial(q):
    """Denied by NSEC3 with more iterations than are validated."""
    zone = q.zone()
    count = q.random.choice([151, 2501, 65535])
    label = signer.b32(signer.nsec3_hash(
        q.name.to_text().rstrip("."), min(count, 5000), b""))
    reply = q.blank()
    nsec3 = dns.rrset.from_text(
        f"{label}.{zone}".strip(".") + ".", 60, "IN", "NSEC3",
        f"1 {q.random.randrange(2)} {count} - {'v' * 32} NS")
    for rrset in (nsec3, q.soa()):
        reply.authority += [rrset, forge_signed(q, rrset)]
    return reply


@trick
def unknown_algorithm(q):
    """DS or DNSKEY that nobody can check would make it insecure."""
    if q.rdtype not in (T.DS, T.DNSKEY):
        return forged_answer(q)
    key = forger("ecdsa")
    text = f"4711 16 2 {'66' * 32}" if q.rdtype == T.DS else \
        f"257 3 16 {key.dnskey.to_text().split(None, 3)[3]}"
    rrset = dns.rrset.from_text(q.name, TTL, "IN", q.rdtype, text)
    reply = q.real() if q.random.random() < 0.5 else q.blank()
    reply.answer.append(rrset)
    if q.random.random() < 0.5:
        reply.answer.append(forge_signed(q, rrset))
    return reply


@trick
def key_beside(q):
    """The forger's key or DS beside the true one."""
    reply = q.real()
    rrset = lie(q)
    if rrset is not None:
        for known in reply.answer:
            if known.rdtype == q.rdtype:
                known.update(rrset)
                reply.answer.append(forge_signed(q, known))
                break
    return reply


@trick
def key_forged(q):
    """The whole chain anew: DS, keys and data of the forger."""
    return forged_answer(q)


# ---- both ----

@trick
def lie_beside(q):
    """The unsigned lie among the signed records."""
    reply = q.real()
    rrset = lie(q)
    if rrset is None:
        return nxdomain(q)
    for known in reply.answer:
        if known.rdtype == rrset.rdtype and known.name == rrset.name:
            known.update(rrset)
            return reply
    reply.answer.append(rrset)
    return reply


@trick
def cname_beside(q):
    reply = q.real()
    reply.answer.insert(0, cname(q).answer[0])
    return reply


@trick
def lie_with_true_signature(q):
    """The true RRSIG over a lie."""
    reply = q.real()
    rrset = lie(q)
    if rrset is None:
        return reply
    reply.answer = [rrset] + [r for r in reply.answer
                              if r.rdtype == T.RRSIG]
    return reply


@trick
def denial_with_true_answer(q):
    """The true records, and NXDOMAIN."""
    reply = q.real()
    reply.set_rcode(R.NXDOMAIN)
    return reply


@trick
def denial_and_answer_swapped(q):
    """The true answer's proof only, the rcode of the contrary."""
    reply = q.real()
    reply.answer = []
    reply.set_rcode(q.random.choice([R.NOERROR, R.NXDOMAIN]))
    return reply


def first(name):
    """The lie comes first, the truth right after it."""
    def trick_(q):
        return [TRICKS[name](q), q.real()]
    return trick_


TRICKS["race-unsigned"] = first("unsigned")
TRICKS["race-nxdomain"] = first("nxdomain")
TRICKS["race-servfail"] = first("servfail")


# ---- flags, times, octets ----

@trick
def wrong_flags(q):
    reply = q.real()
    reply.flags ^= q.random.choice([dns.flags.AA, dns.flags.AD, dns.flags.RA,
                                    dns.flags.CD, dns.flags.TC])
    return reply


@trick
def forged_ad(q):
    reply = unsigned(q)
    reply.flags |= dns.flags.AD
    return reply


def with_ttl(seconds):
    def trick_(q):
        reply = q.real()
        for section in (reply.answer, reply.authority, reply.additional):
            for rrset in section:
                rrset.ttl = seconds
        return reply
    return trick_


TRICKS["ttl-0"] = with_ttl(0)
TRICKS["ttl-1"] = with_ttl(1)
TRICKS["ttl-max"] = with_ttl(0x7fffffff)


@trick
def bits(q):
    """Some bits flip, behind the question."""
    wire = bytearray(q.real().to_wire())
    start = 12 + len(q.name.to_wire()) + 4
    if len(wire) > start:
        for _ in range(q.random.choice([1, 1, 1, 3, 20])):
            at = q.random.randrange(start, len(wire))
            wire[at] ^= 1 << q.random.randrange(8)
    return bytes(wire)


@trick
def cut_short(q):
    wire = q.real().to_wire()
    return wire[:q.random.randrange(13, len(wire))]


@trick
def rubbish(q):
    return bytes(4) + q.random.randbytes(q.random.randrange(8, 600))


@trick
def other_question(q):
    """The answer to another question, as such."""
    return q.real(q.replay_name())


# ---- volume: all of the truth, and much beside it ----

def swollen(kind):
    def trick_(q):
        return volume.KINDS[kind](q.real(do=True).to_wire(max_size=65535))
    return trick_


SWELLING = {f"swell-{kind}": swollen(kind) for kind in volume.KINDS}
TRICKS.update(SWELLING)


@trick
def large_denial(q):
    """The true answer, and all denials that the server would give."""
    reply = q.real(do=True)
    for name in world.REPLAYS[q.place]:
        for rrset in q.real(dns.name.from_text(name), T.TXT).authority:
            if rrset not in reply.authority:
                reply.authority.append(rrset)
    wire = reply.to_wire(max_size=65535)
    return volume.foreign(wire, 2000) if reply.answer else wire


# ---- cost ----

def own_signed(q, rrset):
    """By the zone's key where the zone is the attacker's."""
    zone = q.zone()
    if zone in world.OWNED:
        return signed(rrset, zone, signer.Key.shared("ecdsa"))
    return forge_signed(q, rrset, zone)


@trick
def dear_denial(q):
    """Eight NSEC3 records with the dearest parameters; each has its own."""
    zone = q.zone()
    count = q.random.choice([150, 2500, 10000])
    reply = q.blank()
    soa = q.soa()
    reply.authority += [soa, own_signed(q, soa)]
    for i in range(8):
        salt = f"{i:02x}" * 255
        nsec3 = dns.rrset.from_text(
            f"{signer.b32(bytes([32 * i]) + bytes(19))}.{zone}".strip(".")
            + ".", 60, "IN", "NSEC3", f"1 1 {count} {salt} "
            f"{signer.b32(bytes([32 * i + 31]) + bytes(19))} A")
        reply.authority += [nsec3, own_signed(q, nsec3)]
    return reply


@trick
def keys_of_one_tag(q):
    """Sixty keys with the tag of the true one, each signature to be tried
    with all of them (KeyTrap)."""
    reply = q.real(do=True)
    for rrset in reply.answer:
        if rrset.rdtype != T.DNSKEY:
            continue
        true = list(rrset)[0]
        # The tag is a sum of pairs of octets, in any order.
        pairs = [true.key[i:i + 2] for i in range(0, len(true.key) & ~1, 2)]
        for _ in range(60):
            q.random.shuffle(pairs)
            rrset.add(true.replace(key=b"".join(pairs)))
    return volume.signatures(reply.to_wire(max_size=65535), 60)


@trick
def alias_chain(q):
    """Unsigned aliases, one behind the other."""
    reply = q.blank()
    owner = q.name
    for i in range(40):
        target = dns.name.from_text(f"link{i}.{world.EVIL}.")
        reply.answer.append(dns.rrset.from_text(
            owner, TTL, "IN", "CNAME", target.to_text()))
        owner = target
    return reply


@trick
def alias_loop(q):
    reply = q.blank()
    other = dns.name.from_text(f"loop.{world.EVIL}.")
    for owner, target in ((q.name, other), (other, q.name)):
        reply.answer.append(dns.rrset.from_text(
            owner, TTL, "IN", "CNAME", target.to_text()))
    return reply


@trick
def referral_to_thirty(q):
    """To names without addresses, which have to be looked for."""
    reply = q.blank(aa=False)
    reply.authority.append(dns.rrset.from_text(
        q.name, TTL, "IN", "NS", *(f"n{q.random.randrange(1 << 32)}.{world.EVIL}."
                                   for _ in range(30))))
    return reply


# ---- headers that say something else than what follows ----

@trick
def counts_disagree(q):
    """More records than there are, or fewer."""
    wire = bytearray(q.real().to_wire(max_size=65535))
    at = q.random.choice([6, 8, 10])
    count, = struct.unpack_from("!H", wire, at)
    struct.pack_into("!H", wire, at, q.random.choice(
        [0, max(0, count - 1), count + 1, 65535]))
    return bytes(wire)


@trick
def counts_of_nothing(q):
    """All records follow, and the header says that there are none."""
    wire = bytearray(q.real().to_wire(max_size=65535))
    wire[6:12] = bytes(6)
    return bytes(wire)


@trick
def tc_with_truth(q):
    """Cut, it says, over TCP as well."""
    reply = q.real()
    reply.flags |= dns.flags.TC
    return reply


@trick
def tc_with_denial(q):
    reply = q.real()
    reply.answer = []
    reply.flags |= dns.flags.TC
    return reply


@trick
def yxdomain(q):
    return q.blank(rcode=R.YXDOMAIN)


@trick
def yxdomain_with_alias(q):
    reply = dname(q)
    reply.answer = reply.answer[:1]
    reply.set_rcode(R.YXDOMAIN)
    return reply


@trick
def yxdomain_with_truth(q):
    reply = q.real()
    reply.set_rcode(R.YXDOMAIN)
    return reply


@trick
def bare_denial(q):
    """Without SOA, proof and AA."""
    return q.blank(aa=False, rcode=q.random.choice([R.NOERROR, R.NXDOMAIN]))


@trick
def denial_of_signatures(q):
    """The SOA, signed, and nothing that denies."""
    reply = q.blank(rcode=q.random.choice([R.NOERROR, R.NXDOMAIN]))
    zone = dns.name.from_text(q.zone() or ".")
    reply.authority = list(q.real(zone, T.SOA).answer)
    return reply


PASS = "pass"
EVERY = sorted(TRICKS)
