"""What the attacker does in one run: Plan(seed, number), the same each time.

A plan has phases, a phase has rules; the first rule that fits a query says
what becomes of it.  Between phases the daemon keeps what it has learnt.
"""

import dataclasses
import hashlib
import random

import tampering
import world

TYPES = ["A", "AAAA", "MX", "TLSA", "DS", "DNSKEY", "CNAME", "NS", "DNAME"]
DATA = ("A", "AAAA", "MX", "TLSA")
ALL = ()
MODES = ["any", "edns", "plain", "do", "udp", "tcp", "v4", "v6"]
ZONES = [*world.SHAPES, "hosts.nsec", "d.nsec", "rsa.nsec3", "ed25519.optout",
         "iter150.nsec", "xn--bcher-kva.nsec", "dname.nsec", "renamed.nsec",
         "nsec", "nsec3", "optout", "plain.unsigned", "dead.unsigned"]
FAILURES = ["drop", "servfail", "refused", "formerr", "notimp", "badvers",
            "nxdomain-bare", "empty", "header-only", "tc", "lame",
            "as-without-edns", "rubbish", "strip-opt"]
LIES = ["unsigned", "nxdomain", "nxdomain-bare", "nodata", "empty", "cname",
        "dname", "referral", "forged-answer", "forged-denial", "forged-span",
        "evil-answer", "evil-denial", "race-unsigned", "race-nxdomain",
        "forged-ad", "lie-with-true-signature", "old-without-signatures"]
DENIALS = ["replay-sibling-denial", "add-sibling-denial", "replay-denial",
           "replay-denials", "replay-renamed-nsec", "replay-child-apex",
           "replay-parent", "replay-opt-out", "replay-other-type",
           "evil-denial", "forged-denial", "forged-span", "forged-opt-out",
           "iteration-denial", "old", "old-without-signatures", "nodata",
           "nxdomain", "empty", "nxdomain-bare", "strip-ds", "strip-dnssec",
           "strip-rrsig", "strip-asked", "unknown-algorithm", "cname",
           "denial-and-answer-swapped", "denial-with-true-answer",
           "replay-other-name", "replay-wildcard", "key-forged"]
SWELLING = sorted(tampering.SWELLING) + 5 * ["swell-signatures-200"]
COST = ["dear-denial", "keys-of-one-tag", "alias-chain", "alias-loop",
        "referral-to-thirty", "large-denial"]
HEADERS = ["counts-disagree", "counts-of-nothing", "tc-with-truth",
           "tc-with-denial", "tc", "tc-with-lie", "yxdomain",
           "yxdomain-with-alias", "yxdomain-with-truth", "bare-denial",
           "denial-of-signatures", "strip-soa", "strip-nsec"]
SALTS = 4   # ways in which a trick goes: few, since they are kept
CUTS = ["add-sibling-denial", "add-sibling-denial", "replay-sibling-denial",
        "replay-denials", "replay-opt-out", "forged-opt-out",
        "replay-child-apex", "replay-parent", "forged-denial", "old"]
WAIT = 1.2  # seconds: what has a TTL of 1 has expired


@dataclasses.dataclass
class Rule:
    trick: str
    types: tuple = ALL       # names of types; none: all
    zone: str = None         # names at and below it; "": all
    place: str = None        # root, tld, leaf
    mode: str = "any"
    share: float = 1.0       # of the queries that fit
    after: int = 0           # of the same query
    until: int = 1000000
    delay: float = 0.0       # seconds, before the answer
    salt: int = 0

    def fits(self, query, count, plan):
        if self.types and query.type not in self.types:
            return False
        if self.place and query.place != self.place:
            return False
        if self.zone and not f".{query.name}".endswith(f".{self.zone}"):
            return False
        if not self.after <= count < self.until or not query.has(self.mode):
            return False
        return self.share >= 1 or \
            plan.chance(query, count, self.trick) < self.share

    def __str__(self):
        where = self.zone or self.place or "everywhere"
        text = f"{'/'.join(self.types) or 'all'} of {where}"
        if self.mode != "any":
            text += f" by {self.mode}"
        if self.share < 1:
            text += f" ({self.share:.0%})"
        if self.after or self.until < 1000:
            text += f" (query {self.after} to {self.until})"
        text += f" -> {self.trick} #{self.salt}"
        if self.delay:
            text += f" after {self.delay:.2f} s"
        return text


@dataclasses.dataclass
class Phase:
    rules: list
    then: str = ""           # before the next one: "", "wait", "flush"


class Control:
    """No attack."""

    seed, number, strategy, deadline, whole = "control", 0, "control", 25, True
    phases = [Phase([])]
    lasting, hostile = False, []


class Plan:
    def __init__(self, seed, number):
        self.seed = seed
        self.number = number
        self.random = random.Random(f"{seed}/{number}")
        self.deadline = self.random.choice([2, 2, 2, 3, 3, 3, 4, 8])
        self.strategy = self.random.choices(
            list(STRATEGIES), [s[0] for s in STRATEGIES.values()])[0]
        self.phases = STRATEGIES[self.strategy][1](self.random)
        # Most runs ask for some next hops only, so that there are more runs.
        self.whole = self.random.random() < 0.03
        for phase in self.phases:
            for rule in phase.rules:
                rule.salt = self.random.randrange(SALTS)
        # Whether it is looked at how long what was done lasts.
        self.lasting = self.strategy == "volume" or self.random.random() < 0.2
        self.hostile = []
        if self.strategy == "neighbours":
            self.deadline = 15
            self.lasting = False
            self.hostile = hostile(self.random)
        elif len(self.phases) == 1 and self.random.random() < 0.25:
            learnt = self.random.random() < 0.5
            self.phases = learn(self.random, self.phases[0].rules, learnt)

    def chance(self, query, count, salt):
        """Between 0 and 1, the same for the same query."""
        text = f"{self.seed}/{self.number}/{salt}/{query.key}/{count}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2 ** 64

    def __str__(self):
        lines = [f"run {self.number} of seed {self.seed}: {self.strategy}, "
                 f"lookup-deadline {self.deadline} s"]
        for i, phase in enumerate(self.phases):
            for rule in phase.rules or ["nothing"]:
                lines.append(f"  phase {i + 1}: {rule}")
            if phase.then:
                lines.append(f"  {phase.then}")
        if self.hostile:
            lines.append(f"  {len(self.hostile)} next hops of the attacker's, "
                         f"{self.hostile[0]} the first")
        return "\n".join(lines)


# ---- parts ----

def some(r, items, least=1, most=3):
    return tuple(r.sample(items, min(len(items), r.randint(least, most))))


def where(r):
    kind = r.random()
    if kind < 0.15:
        return {}
    if kind < 0.35:
        return {"place": r.choice(["root", "tld", "tld", "leaf", "leaf",
                                   "leaf"])}
    return {"zone": r.choice(ZONES)}


def delay(r):
    return r.choices([0, r.uniform(0.05, 0.5), r.uniform(0.5, 3)],
                     [0.8, 0.12, 0.08])[0]


def any_rule(r):
    rule = Rule(r.choice(tampering.EVERY),
                types=r.choice([ALL, *[some(r, TYPES)] * 4]),
                mode=r.choices(MODES, [8] + [1] * (len(MODES) - 1))[0],
                share=r.choices([1, r.uniform(0.1, 0.9)], [0.7, 0.3])[0],
                delay=delay(r), **where(r))
    kind = r.random()
    if kind < 0.1:
        rule.until = r.randint(1, 3)
    elif kind < 0.2:
        rule.after = r.randint(1, 3)
    return rule


def learn(r, rules, learnt):
    """First all is well, or EDNS fails, or the same attack with another half
    of it; then @rules."""
    short = [Rule(r.choice(["ttl-0", "ttl-1", "ttl-1", "ttl-1"]))]
    if learnt:
        before = short
    else:
        before = [Rule(r.choice(FAILURES), mode="edns", **where(r)), *short]
    then = r.choice(["wait", "wait", ""])
    phases = [Phase(before, then), Phase([*rules, *short], "wait")]
    if r.random() < 0.3:
        phases.append(Phase(r.choice([short, rules])))
    return phases


def attack(*rules):
    return [Phase(list(rules))]


# ---- strategies ----

def packets(r):
    """Every packet anew."""
    tricks = r.sample(tampering.EVERY, r.randint(2, 12))
    total = r.choice([0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
    return attack(*(Rule(t, share=total / len(tricks) / (
        1 - total * i / len(tricks)), delay=delay(r))
        for i, t in enumerate(tricks)))


def rules(r):
    return attack(*(any_rule(r) for _ in range(r.randint(1, 4))))


def ladder(r):
    """EDNS fails, and who is asked plainly lies."""
    at = where(r)
    plain = r.choice([r.choice(LIES), "pass", "referral", "unsigned",
                      "nxdomain", "empty"])
    types = r.choice([ALL, DATA, ("TLSA",), ("A", "AAAA"), ("MX",)])
    beside = [Rule(r.choice(DENIALS), types=("DS",), **at)] \
        if r.random() < 0.5 else []
    return attack(Rule(plain, types=types, mode="plain", **at),
                  *beside,
                  Rule(r.choice(FAILURES), types=types, mode="edns",
                       until=r.choice([1, 3, 1000000]), **at))


def proof(r):
    """What the walk finds, while all else fails."""
    at = where(r)
    return attack(Rule(r.choice(DENIALS), types=r.choice(
                       [("DS",), ("DS", "CNAME"), ("DS", "DNAME", "NS")]),
                       delay=delay(r), **at),
                  Rule(r.choice(FAILURES + LIES), types=r.choice(
                      [DATA, DATA, ("A", "AAAA"), ("TLSA",), ("MX",)]), **at),
                  *([Rule(r.choice(FAILURES + LIES), types=("DNSKEY",), **at)]
                    if r.random() < 0.2 else []))


def cuts(r):
    """Signed proofs that other names are insecure delegations, while what
    would conclude fails."""
    at = {"zone": r.choice([*world.SHAPES, "shape.nsec3", "optout", "nsec3"])}
    return attack(Rule(r.choice(CUTS), types=("DS",), **at),
                  Rule(r.choice(LIES), mode="plain", types=DATA, **at),
                  Rule(r.choice(["drop", "servfail", "refused", "empty",
                                 "unsigned"]),
                       types=r.choice([DATA, ("A", "AAAA"), ("TLSA",),
                                       ("MX",)]), **at))


def slow_proof(r):
    """All answers come late, what would conclude not at all."""
    at = where(r)
    return attack(Rule("drop", types=some(r, list(DATA) + ["CNAME", "DS"], 1,
                                          4), **at),
                  Rule(r.choice(["pass", "pass", *DENIALS]), types=("DS",),
                       delay=r.uniform(0, 1.5), **at),
                  Rule("pass", delay=r.uniform(0.1, 1), **at))


def alias(r):
    """Aliases with TLSA at their own name, targets in unsigned zones."""
    target = r.choice(["plain.unsigned", "dead.unsigned", "unsigned"])
    zone = r.choice([*world.SHAPES, "hosts.nsec", "hosts.nsec", "d.nsec"])
    made = [Rule(r.choice(FAILURES + LIES), types=r.choice(
        [("A", "AAAA"), ALL, ("A",), ("AAAA",), ("A", "AAAA", "DS")]),
        zone=target)]
    if r.random() < 0.6:
        made.append(Rule(r.choice(DENIALS + FAILURES), types=some(
            r, ["DS", "CNAME", "DNAME", "TLSA", "A", "AAAA"]), zone=zone,
            delay=delay(r)))
    return attack(*made)


def tlsa(r):
    return attack(Rule(r.choice(tampering.EVERY), types=("TLSA",),
                       delay=delay(r), **where(r)),
                  *([any_rule(r)] if r.random() < 0.3 else []))


def denial(r):
    """A denial of what is there, by records that are signed."""
    return attack(Rule(r.choice(DENIALS), types=r.choice(
        [("TLSA",), ("TLSA",), ("MX",), ("A", "AAAA"), DATA, ("DS",)]),
        **where(r)), *([any_rule(r)] if r.random() < 0.4 else []))


def hosts(r):
    """Addresses and MX: other hosts, no hosts, one family only."""
    return attack(*(Rule(r.choice(LIES + FAILURES + DENIALS), types=types,
                         **where(r))
                    for types in r.sample([("A",), ("AAAA",), ("MX",),
                                           ("A", "AAAA")], 2)))


def usurp(r):
    """A chain of the forger's own: DS, keys, data."""
    at = {"zone": r.choice(ZONES[:-2])}
    return attack(Rule(r.choice(["key-forged", "key-beside",
                                 "unknown-algorithm", "evil-answer"]),
                       types=("DS", "DNSKEY"), **at),
                  Rule(r.choice(["forged-answer", "forged-denial",
                                 "forged-span", "unsigned", "evil-answer",
                                 "forged-opt-out"]), **at))


def elsewhere(r):
    """Referrals to the attacker's servers."""
    at = where(r)
    return attack(Rule(r.choice(["referral", "referral-signed-denial",
                                 "poison"]), types=r.choice([ALL, DATA]),
                       mode=r.choice(["any", "edns", "plain"]), **at),
                  Rule(r.choice(["pass", *DENIALS, *FAILURES]),
                       types=r.choice([("DS",), ALL]), **at))


def caches(r):
    """All is learnt, with a short life; what must be learnt again is not."""
    kind = r.choice([tlsa, denial, ladder, proof, alias, hosts, usurp, rules])
    return learn(r, kind(r)[0].rules, True)


def stumbling(r):
    """A zone is remembered as one that needs plain questions; then lies."""
    at = where(r)
    short = Rule("ttl-1")
    lies = [Rule(r.choice(LIES), mode="plain", **at),
            Rule(r.choice(FAILURES), types=r.choice([ALL, DATA, ("TLSA",)]),
                 mode="edns", **at)]
    return [Phase([Rule(r.choice(FAILURES), mode="edns",
                        types=r.choice([ALL, DATA]), **at), short],
                  r.choice(["", "wait"])),
            Phase([*lies, Rule(r.choice(DENIALS), types=("DS",), **at),
                   short], r.choice(["wait", "flush"])),
            Phase(r.choice([[short], lies]))]


def volume(r):
    """True answers, swollen."""
    at = where(r) if r.random() < 0.7 else {}
    return attack(Rule(r.choice(SWELLING), types=r.choice(
                       [ALL, DATA, ("TLSA",), ("A", "AAAA"), ("MX",),
                        ("DS", "DNSKEY"), (r.choice(TYPES),)]),
                       share=r.choice([1, 1, 0.5]), delay=r.choice(
                           [0, 0, 0, r.uniform(0.3, 1)]), **at),
                  Rule(r.choice(SWELLING), share=r.choice([0, 0, 1, 0.3]),
                       types=r.choice([ALL, DATA]), **where(r)),
                  *([any_rule(r)] if r.random() < 0.2 else []))


def cost(r):
    """What takes the daemon's time."""
    at = where(r)
    return attack(Rule(r.choice(COST), types=r.choice(
                       [ALL, DATA, ("DS",), ("DNSKEY",), ("DS", "DNSKEY")]),
                       **at),
                  Rule(r.choice(FAILURES + COST), types=r.choice(
                       [DATA, ("A", "AAAA"), ("TLSA",), ("MX",)]),
                       share=r.choice([1, 0.5]), **at))


def headers(r):
    """Flags, codes and counts that disagree with the content."""
    return attack(Rule(r.choice(HEADERS), types=r.choice(
                       [ALL, DATA, ("TLSA",), ("A", "AAAA"), ("MX",),
                        ("DS",)]), mode=r.choice(["any", "any", *MODES]),
                       **where(r)),
                  *([Rule(r.choice(HEADERS + FAILURES), **where(r))]
                    if r.random() < 0.5 else []))


def neighbours(r):
    """Only the attacker's own zones: nothing happens to anybody else's."""
    deep = {"zone": world.DEEP}
    return attack(Rule("strip-rrsig", types=("MX",), zone=world.BOGUS),
                  Rule("drop", types=("DNSKEY",), zone=world.BOGUS, after=1),
                  Rule("dear-denial", types=("DS",), **deep),
                  Rule("drop", types=("A", "AAAA", "TLSA"), **deep))


def hostile(r):
    """Next hops of the attacker's that are asked for meanwhile."""
    hang, dead = world.SILENT_ZONES
    kinds = {
        "loop": [f"a.{world.LOOP}"] + [f"x{i}.{hang}" for i in range(60)],
        "dead": [f"x{i}.{dead}" for i in range(r.choice([50, 200]))],
        "bogus": list(world.BOGUS_ZONES),
        "bomb": [world.BOMB],
    }
    return [key for kind in r.sample(list(kinds), r.randint(1, 2))
            for key in kinds[kind]]


STRATEGIES = {
    "volume": (10, volume), "cost": (4, cost), "headers": (6, headers),
    "neighbours": (2, neighbours),
    "packets": (12, packets), "rules": (20, rules),
    "ladder": (9, ladder), "proof": (8, proof), "cuts": (9, cuts),
    "slow-proof": (5, slow_proof),
    "alias": (6, alias), "tlsa": (6, tlsa), "denial": (7, denial),
    "hosts": (5, hosts), "usurp": (3, usurp), "elsewhere": (4, elsewhere),
    "caches": (7, caches), "stumbling": (4, stumbling),
}
