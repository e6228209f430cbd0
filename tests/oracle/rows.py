"""What postdane says, what posttls-finger says, what real mail comes to.

A Host has a name, TLSA records and a server; a Row is a next hop.  To add a
case, add a line; names, addresses, zones and certificates follow from it.

The columns of a row that are left out follow from what posttls-finger says
(OUTCOMES).  Where postdane's verdict is not the one that belongs to that, the
row must say the reason.
"""

import subprocess
from dataclasses import dataclass

import lab
import mail
import zones

OK, WARNING, CRITICAL = range(3)
C = mail.Certificate


@dataclass
class Outcome:
    """What belongs to a word of posttls-finger's (test_oracle.read_finger)."""
    verdicts: tuple
    mail: str
    check: int


OUTCOMES = {
    "Verified": Outcome(("dane", "dane-only"), "Verified", OK),
    # MX insecure: the certificate must match, but it is not called verified.
    "Trusted": Outcome(("dane",), "Trusted", WARNING),
    "mismatch": Outcome(("dane", "dane-only"), "deferred", CRITICAL),
    "stripped": Outcome(("dane", "dane-only"), "deferred", CRITICAL),
    "useless and stripped": Outcome(("encrypt",), "deferred", CRITICAL),
    "encrypt": Outcome(("encrypt",), "Untrusted", WARNING),
    "may": Outcome(("may", "NOTFOUND"), "Untrusted", WARNING),
    "clear": Outcome(("may", "NOTFOUND"), "clear", WARNING),
    "defer": Outcome(("TEMP",), "deferred", CRITICAL),
    # Postfix has nowhere to go, and does not ask for a policy.
    "bounce": Outcome(("may",), "bounced", CRITICAL),
}


@dataclass
class Server:
    """What listens on a host's address."""
    kind: str                 # "smtpd", "clear", "hangs", "none"
    certificates: tuple = ()
    length: int = None        # of the chain that it sends


CLEAR = Server("clear")       # SMTP without STARTTLS
HANGS = Server("hangs")       # nobody accepts the connection
NONE = Server("none")         # nobody listens


def postfix_version():
    """Of the lab's: (3, 7)."""
    said = subprocess.run(
        [lab.SERVERS / "usr/sbin/postconf", "-d", "-h", "mail_version"],
        env=lab.environment(), capture_output=True, text=True, check=True)
    return tuple(int(part) for part in said.stdout.split(".")[:2])


def shows(*certificates, length=None):
    return Server("smtpd", certificates, length)


@dataclass
class Host:
    name: str                 # below the zone
    records: tuple            # TLSA
    server: Server
    zone: str = "mx.nsec"
    lines: str = ""           # instead of an A record; {a} is the address
    family: str = "A"
    port: int = 25
    reason: str = ""          # where postdane and posttls-finger disagree
    address: str = ""         # given out by Table

    @property
    def full(self):
        return f"{self.name}.{self.zone}"


@dataclass
class Row:
    key: str
    what: str
    verdict: str
    finger: str
    mail: str = ""
    check: int = None
    reason: str = ""          # where verdict and finger do not go together
    check_reason: str = ""    # the same for postdane check
    seconds: int = 0          # that the delivery takes at least
    recipient: str = ""       # the domain of the recipient, if not the key
    to: str = ""              # the MX host that gets the mail, of several

    def __post_init__(self):
        outcome = OUTCOMES[self.finger]
        self.mail = self.mail or outcome.mail
        self.check = outcome.check if self.check is None else self.check
        self.recipient = self.recipient or self.key


class Table:
    def __init__(self):
        self.hosts = []
        self.lines = {zone: [] for zone in (
            "o.nsec", "o.unsigned", "mx.nsec", "mx.optout", "mx.unsigned")}
        self.rows = []
        fill(self)
        for i, host in enumerate(self.hosts, 1):
            host.address = f"fd00:25::30:{i:x}" if host.family == "AAAA" \
                else f"10.25.30.{i}"
            self.lines[host.zone] += (
                host.lines or f"{host.name} {host.family} {{a}}"
            ).format(a=host.address).splitlines()
            self.lines[host.zone] += [
                f"_{host.port}._tcp.{host.name} TLSA {record}"
                for record in host.records]

    def host(self, name, records, server, **kwargs):
        self.hosts.append(Host(name, tuple(records), server, **kwargs))

    def domain(self, name, hosts, zone="o.nsec"):
        """@hosts: "10 a|20 b", relative to mx.nsec."""
        for mx in hosts.split("|"):
            preference, host = mx.split()
            if not host.endswith("."):
                host += ".mx.nsec."
            self.lines[zone].append(f"{name} MX {preference} {host}")

    def one(self, name, what, records, server, finger, verdict="", **kwargs):
        """A domain with one MX host."""
        self.host(name, records, server)
        self.domain(name, f"10 {name}")
        verdict = verdict or OUTCOMES[finger].verdicts[0]
        self.rows.append(
            Row(f"{name}.o.nsec", what, verdict, finger, **kwargs))

    def more(self, name, what, hosts, finger, verdict="", zone="o.nsec",
             **kwargs):
        """A domain whose MX hosts are defined elsewhere."""
        self.domain(name, hosts, zone)
        verdict = verdict or OUTCOMES[finger].verdicts[0]
        self.rows.append(
            Row(f"{name}.{zone}", what, verdict, finger, **kwargs))

    def zones(self):
        def zone(name, **kwargs):
            return zones.Zone(name, "\n".join(self.lines[name]), **kwargs)

        return [
            zone("mx.nsec", sign="ecdsa", fault=FAULTS),
            zone("o.nsec", sign="ecdsa", fault=FAULTS),
            zone("mx.optout", sign="ecdsa", denial="nsec3", opt_out=True),
            zone("mx.unsigned"), zone("o.unsigned"),
            zones.Zone("_tcp.cut.mx.nsec", ds=False, server="", ns=DEAD),
            zones.Zone("dead.unsigned", server="", ns=DEAD),
        ]


# A delegation to where nobody listens.
DEAD = "@ NS ns\nns A 10.53.66.66"

# What an attacker or an accident has altered.
FAULTS = {
    ("mxbogus.o.nsec", "MX"): "alter",
    ("_25._tcp.tlsabad.mx.nsec", "TLSA"): "alter",
    ("abad.mx.nsec", "A"): "alter",
    ("allbad.mx.nsec", "A"): "alter",
    ("allbad.mx.nsec", "NSEC"): "alter",
    ("aaaabad.mx.nsec", "NSEC"): "alter",
}


def replaced(record, **fields):
    """@record with another usage, selector or mtype."""
    usage, selector, mtype, data = record.split()
    return " ".join([str(fields.get("usage", usage)),
                     str(fields.get("selector", selector)),
                     str(fields.get("mtype", mtype)), data])


def fill(t):
    ee, other, following = C("lab.test"), C("lab.test"), C("lab.test")
    good, wrong = ee.tlsa(3, 1, 1), other.tlsa(3, 1, 1)
    end_entities(t, ee, other, following)
    trust_anchors(t, other)
    of_no_use(t, ee, good, wrong)
    mixed_sets(t, ee, other, following)
    servers(t, ee, good, wrong)
    names(t, ee, good, wrong)
    failures(t, ee, good)
    proven_insecure(t, ee)
    several_hosts(t)
    insecure_mx(t)
    next_hops(t, ee, good)


def end_entities(t, ee, other, following):
    for usage in ((3, 1, 1), (3, 0, 1), (3, 1, 2), (3, 0, 2), (3, 1, 0),
                  (3, 0, 0)):
        name = "ee" + "".join(map(str, usage))
        t.one(name, f"TLSA {usage}", [ee.tlsa(*usage)], shows(ee), "Verified")
        t.one(f"{name}not", f"TLSA {usage} of another certificate",
              [other.tlsa(*usage)], shows(ee), "mismatch")
    rsa, edwards = C("lab.test", kind="rsa"), C("lab.test", kind="ed25519")
    expired = C("lab.test", days=-10)
    renewed = C("lab.test", key=ee.key, days=400)
    t.one("rsa", "an RSA key", [rsa.tlsa(3, 1, 1)], shows(rsa), "Verified")
    t.one("ed25519", "an Ed25519 key", [edwards.tlsa(3, 1, 1)],
          shows(edwards), "Verified")
    t.one("eeexpired", "expired: no matter to DANE-EE",
          [expired.tlsa(3, 1, 1)], shows(expired), "Verified")
    t.one("renewed311", "renewed, the key kept, 3 1 1", [ee.tlsa(3, 1, 1)],
          shows(renewed), "Verified")
    t.one("renewed301", "renewed, the key kept, 3 0 1", [ee.tlsa(3, 0, 1)],
          shows(renewed), "mismatch")
    t.one("rollover", "this key and the next, before",
          [ee.tlsa(3, 1, 1), following.tlsa(3, 1, 1)], shows(ee), "Verified")
    t.one("rolledover", "this key and the next, after",
          [ee.tlsa(3, 1, 1), following.tlsa(3, 1, 1)], shows(following),
          "Verified")
    t.one("rollover301", "this certificate and the next",
          [ee.tlsa(3, 0, 1), following.tlsa(3, 0, 1)], shows(following),
          "Verified")
    t.one("rolledtoosoon", "the next key without its record",
          [ee.tlsa(3, 1, 1)], shows(following), "mismatch")
    t.one("bothkeys", "RSA and ECDSA, a record each",
          [rsa.tlsa(3, 1, 1), ee.tlsa(3, 1, 1)], shows(rsa, ee), "Verified")
    t.one("ecdsaforgotten", "RSA and ECDSA, a record for RSA",
          [rsa.tlsa(3, 1, 1)], shows(rsa, ee), "mismatch")
    t.one("rsaforgotten", "RSA and ECDSA, a record for ECDSA",
          [ee.tlsa(3, 1, 1)], shows(rsa, ee), "Verified", check=CRITICAL,
          check_reason="check looks at both keys; a client that prefers RSA "
          "would fail")


def trust_anchors(t, other):
    ca, wrong_ca = C(), C()
    middle = C(issuer=ca, ca="Lab CA 2")
    old_ca = C(days=-3, ca="Lab CA 3")

    def leaf(name, issuer=ca, domain="mx.nsec", **kwargs):
        return C(f"{name}.{domain}", issuer=issuer, **kwargs)

    for usage in ((2, 0, 1), (2, 1, 1), (2, 0, 2), (2, 1, 2), (2, 0, 0),
                  (2, 1, 0)):
        name = "ta" + "".join(map(str, usage))
        t.one(name, f"TLSA {usage}", [ca.tlsa(*usage)], shows(leaf(name)),
              "Verified")
    ta = [ca.tlsa(2, 1, 1)]
    t.one("tawrong", "TLSA 2 1 1 of another CA", [wrong_ca.tlsa(2, 1, 1)],
          shows(leaf("tawrong")), "mismatch")
    t.one("taname", "the certificate of another host", ta,
          shows(leaf("other")), "mismatch")
    t.one("tanexthop", "the certificate names the next hop", ta,
          shows(leaf("tanexthop", domain="o.nsec")), "Verified")
    t.one("taexpired", "expired: it matters to DANE-TA", ta,
          shows(leaf("taexpired", days=-3)), "mismatch")
    t.one("caexpired", "the trust anchor is expired",
          [old_ca.tlsa(2, 1, 1)], shows(leaf("caexpired", old_ca)), "mismatch")
    t.one("middle", "an intermediate CA is the anchor, the root not sent",
          [middle.tlsa(2, 1, 1)], shows(leaf("middle", middle), length=2),
          "Verified")
    t.one("root", "the root is the anchor, two CAs sent", ta,
          shows(leaf("root", middle)), "Verified")
    t.one("tanotsent", "a digest of a CA that is not sent", ta,
          shows(leaf("tanotsent"), length=1), "mismatch")
    t.one("tainrecord", "a CA that is not sent, whole in the record",
          [ca.tlsa(2, 0, 0)], shows(leaf("tainrecord"), length=1), "Verified")
    t.one("eeofca", "TLSA 3 1 1 of the CA's key", [ca.tlsa(3, 1, 1)],
          shows(leaf("eeofca")), "mismatch")
    t.one("taandee", "a right trust anchor, a wrong end entity",
          [*ta, other.tlsa(3, 1, 1)], shows(leaf("taandee")), "Verified")
    mine = leaf("eeandta", wrong_ca)
    t.one("eeandta", "a right end entity, a wrong trust anchor",
          [*ta, mine.tlsa(3, 1, 1)], shows(mine), "Verified")


def of_no_use(t, ee, good, wrong):
    def useless(name, what, *records):
        t.one(name, what, records, shows(ee), "encrypt")

    useless("pkixta", "PKIX-TA", replaced(good, usage=0))
    useless("pkixee", "PKIX-EE", replaced(good, usage=1))
    useless("usage4", "an unknown usage", replaced(good, usage=4))
    useless("selector2", "an unknown selector", replaced(good, selector=2))
    useless("mtype3", "an unknown matching type", replaced(good, mtype=3))
    useless("mtype255", "the private matching type",
            replaced(good, mtype=255))
    useless("short", "a digest too short", good[:-2])
    useless("long", "a digest too long", good + "00")
    useless("nokey", "3 1 0 that is no key", "3 1 0 00")
    useless("nocertificate", "2 0 0 that is no certificate", "2 0 0 3000")
    useless("allkinds", "useless in several ways", replaced(good, usage=1),
            replaced(good, selector=2), wrong[:-2])
    t.one("uselessclear", "useless TLSA, no STARTTLS",
          [replaced(good, usage=1)], CLEAR, "useless and stripped")


def mixed_sets(t, ee, other, following):
    good, wrong = ee.tlsa(3, 1, 1), other.tlsa(3, 1, 1)
    sets = [
        ("pkixandgood", [replaced(wrong, usage=1), good], "Verified"),
        ("pkixandwrong", [replaced(good, usage=1), wrong], "mismatch"),
        ("selectorandgood", [replaced(wrong, selector=2), good], "Verified"),
        ("mtypeandgood", [replaced(wrong, mtype=3), good], "Verified"),
        ("mtypeandwrong", [replaced(good, mtype=3), wrong], "mismatch"),
        ("shortandwrong", [good[:-2], wrong], "mismatch"),
        ("twofold", [good, ee.tlsa(3, 0, 1)], "Verified"),
        ("agilitygood", [wrong, ee.tlsa(3, 1, 2)], "Verified"),
        ("agilityother", [good, other.tlsa(3, 0, 2)], "Verified"),
        ("agilityfull", [ee.tlsa(3, 1, 0), other.tlsa(3, 1, 2)], "Verified"),
        ("fivewrong", [C("x.test").tlsa(3, 1, 1) for _ in range(5)],
         "mismatch"),
        ("fiveandgood", [*(C("x.test").tlsa(3, 1, 1) for _ in range(4)),
                         following.tlsa(3, 0, 1), good], "Verified"),
    ]
    for name, records, finger in sets:
        t.one(name, f"a set of {len(records)}", records, shows(ee), finger)
    # The strongest digest of a usage and selector is the one that counts; for
    # the bare key that Postfix 3.10 negotiates (RFC 7250), all of them do.
    bare = postfix_version() >= (3, 10)
    t.one("agilitywrong", "a set of 2", [good, other.tlsa(3, 1, 2)], shows(ee),
          "Verified" if bare else "mismatch", check=CRITICAL,
          check_reason="check looks at the certificate, as most clients do"
          if bare else "")


def servers(t, ee, good, wrong):
    t.one("none", "no TLSA, opportunistic TLS", [], shows(ee), "may")
    t.one("clear", "no TLSA, no STARTTLS", [], CLEAR, "clear")
    t.one("stripped", "TLSA, but no STARTTLS (an attacker may strip it)",
          [good], CLEAR, "stripped")
    t.host("down", [good], NONE)
    t.host("hangs", [good], HANGS)


def names(t, ee, good, wrong):
    def alias(name, what, lines, records, finger, **kwargs):
        t.host(name, records, shows(ee) if "{a}" in lines else NONE,
               lines=lines)
        t.more(name, what, f"10 {name}", finger, **kwargs)

    alias("alias", "an alias, TLSA at its target",
          f"alias CNAME aliasto\naliasto A {{a}}\n"
          f"_25._tcp.aliasto TLSA {good}", [], "Verified")
    alias("original", "an alias, TLSA at the original name only",
          "original CNAME originalto\noriginalto A {a}", [good], "Verified")
    alias("expandedwins", "an alias, wrong at its target, right at itself",
          "expandedwins CNAME winsto\nwinsto A {a}\n"
          f"_25._tcp.winsto TLSA {wrong}", [good], "mismatch")
    alias("twice", "an alias of an alias, TLSA at the end",
          "twice CNAME twice2\ntwice2 CNAME twice3\ntwice3 A {a}\n"
          f"_25._tcp.twice3 TLSA {good}", [], "Verified")
    alias("tlsaalias", "TLSA by a secure alias",
          f"tlsaalias A {{a}}\n_25._tcp.tlsaalias CNAME _pool\n"
          f"_pool TLSA {good}", [], "Verified")
    alias("tlsaout", "TLSA by an alias into an unsigned zone",
          "tlsaout A {a}\n_25._tcp.tlsaout CNAME _pool.mx.unsigned.",
          [], "may")
    alias("crossing", "a secure alias into an unsigned zone, TLSA at itself",
          "crossing CNAME outside.mx.unsigned.", [good], "Verified")
    alias("crossingnot", "the same, TLSA not of the certificate",
          "crossingnot CNAME outside.mx.unsigned.", [wrong], "mismatch")
    alias("crossingbare", "the same without TLSA",
          "crossingbare CNAME outside.mx.unsigned.", [], "may")
    t.host("outside", [good], shows(ee), zone="mx.unsigned",
           lines=f"outside A {{a}}\n_pool TLSA {good}\n"
           "inward CNAME ee311.mx.nsec.")
    t.more("plainhost", "secure MX, unsigned host (TLSA ignored)",
           "10 outside.mx.unsigned.", "may")
    t.more("inward", "an alias in an unsigned zone to a host with TLSA",
           "10 inward.mx.unsigned.", "may")
    t.host("host", [], shows(ee), zone="mx.optout")
    t.more("optout", "TLSA denied by NSEC3 with opt-out",
           "10 host.mx.optout.", "may")
    t.host("sixonly", [good], shows(ee), family="AAAA")
    t.more("sixonly", "AAAA only", "10 sixonly", "Verified")
    t.host("under_score", [good], shows(ee))
    t.more("underscore", "a host name with an underscore", "10 under_score",
           "Verified")


def failures(t, ee, good):
    t.one("tlsabad", "TLSA bogus", [good], shows(ee), "defer")
    t.one("aaaabad", "A secure, the denial of AAAA bogus", [good], shows(ee),
          "Verified", check=WARNING, check_reason="a family was not looked at")
    t.one("allbad", "A and the denial of AAAA bogus", [good], shows(ee),
          "defer")
    t.host("abad", [good], shows(ee), family="AAAA",
           lines="abad A 10.25.39.1\nabad AAAA {a}")
    t.more("abad", "A bogus, AAAA secure", "10 abad", "Verified",
           check=WARNING, check_reason="a family was not looked at")
    t.more("mxbogus", "MX bogus", "10 ee311", "defer")
    t.more("noaddress", "the only MX host does not exist", "10 nowhere",
           "bounce", check=WARNING, check_reason="nothing is unprotected "
           "that could be protected, and nothing fails by DANE")
    t.rows.append(Row("nodomain.o.nsec", "the domain does not exist", "may",
                      "bounce"))
    t.more("null", "null MX", "0 .", "bounce", check=WARNING,
           check_reason="no mail is wanted, nothing is broken")


def proven_insecure(t, ee):
    """What the DNS of Postfix alone would defer for ever."""
    reason = ("postdane proves that the dead servers are those of an unsigned "
              "zone: no TLSA of theirs could count.  Under `may` Postfix does "
              "not ask for it, and the mail goes out")
    t.host("cut", [], shows(ee), reason=reason)
    t.more("cut", "an insecure delegation at _tcp, its servers dead",
           "10 cut", "defer", "may", mail="Untrusted", to="cut",
           check=WARNING, reason=reason, check_reason="the same")
    t.host("deadalias", [], shows(ee), reason=reason,
           lines="deadalias A {a}\n"
           "_25._tcp.deadalias CNAME _pool.dead.unsigned.")
    t.more("deadalias", "TLSA by an alias into a dead unsigned zone",
           "10 deadalias", "defer", "may", mail="Untrusted", to="deadalias",
           check=WARNING, reason=reason, check_reason="the same")


def several_hosts(t):
    t.more("two", "two usable", "10 ee311|20 ee301", "Verified", to="ee311")
    t.more("usableabsent", "the second without TLSA", "10 ee311|20 none",
           "Verified", check=WARNING,
           check_reason="the second host is not protected", to="ee311")
    t.more("absentusable", "the first without TLSA", "10 none|20 ee311",
           "may", "dane", reason="Postfix judges host by host under `dane`, "
           "posttls-finger shows the first one only", to="none")
    t.more("unusableusable", "the first unusable", "10 pkixee|20 ee311",
           "encrypt", "dane", reason="the same: the first host is encrypted, "
           "the second would be verified", to="pkixee")
    t.more("unusableabsent", "unusable, then absent", "10 pkixee|20 none",
           "encrypt", "dane", reason="the second host need not have TLS, the "
           "first must", to="pkixee")
    t.more("mismatchgood", "the first does not match", "10 ee311not|20 ee301",
           "mismatch", mail="Verified", to="ee301")
    t.more("mismatchabsent", "a wrong one, then one without TLSA",
           "10 ee311not|20 none", "mismatch", mail="Untrusted", to="none")
    t.more("strippedgood", "STARTTLS stripped at the first",
           "10 stripped|20 ee311", "stripped", mail="Verified", to="ee311")
    t.more("badusable", "TLSA of the first bogus", "10 tlsabad|20 ee311",
           "Verified", check=CRITICAL,
           check_reason="one host's TLSA is bogus: mail is at risk",
           to="ee311")
    t.more("badabsent", "TLSA of the first bogus, none at the second",
           "10 tlsabad|20 none", "may", "dane", check=CRITICAL,
           reason="`may` would let mail go to the first in clear; under "
           "`dane` Postfix skips it",
           check_reason="one host's TLSA is bogus", to="none")
    t.more("badunusable", "TLSA of the first bogus, useless at the second",
           "10 tlsabad|20 pkixee", "encrypt", "dane", check=CRITICAL,
           reason="Postfix skips the first and encrypts to the second",
           check_reason="one host's TLSA is bogus", to="pkixee")
    t.more("nowhereusable", "the first without address",
           "10 nowhere|20 ee311", "Verified", check=WARNING,
           check_reason="a name in the MX records does not exist",
           to="ee311")
    t.more("downusable", "the first refuses the connection",
           "10 down|20 ee311", "Verified", check=WARNING,
           check_reason="a host is down", to="ee311")
    t.more("hangsusable", "the first hangs for longer than any idle limit",
           "10 hangs|20 ee311", "Verified", check=WARNING,
           check_reason="a host is down", seconds=15, to="ee311")
    t.more("equal", "the same preference", "10 ee311|10 ee312", "Verified")


def insecure_mx(t):
    def insecure(name, what, hosts, finger, verdict="", **kwargs):
        t.more(name, what, hosts, finger, verdict, zone="o.unsigned",
               **kwargs)

    insecure("good", "MX insecure, TLSA matches", "10 ee311", "Trusted")
    insecure("ta", "MX insecure, trust anchor", "10 ta211", "Trusted")
    insecure("wrong", "MX insecure, TLSA does not match", "10 ee311not",
             "mismatch")
    insecure("useless", "MX insecure, TLSA useless", "10 pkixee", "encrypt")
    insecure("absent", "MX insecure, no TLSA", "10 none", "may")
    insecure("clear", "MX insecure, no TLSA, no STARTTLS", "10 clear",
             "clear")
    insecure("plain", "all unsigned", "10 outside.mx.unsigned.", "may")
    insecure("half", "MX insecure, one of two", "10 ee311|20 none",
             "Trusted")
    insecure("bogus", "MX insecure, TLSA bogus", "10 tlsabad", "defer",
             "dane", reason="behind an insecure MX never TEMP: Postfix judges "
             "host by host, and defers for itself")


def next_hops(t, ee, good):
    t.host("direct", [good], shows(ee), port=587)
    t.domain("direct", "10 direct")
    t.host("implicit", [good], shows(ee), zone="o.nsec")
    t.rows += [
        Row("implicit.o.nsec", "no MX: the domain is its host", "dane",
            "Verified"),
        Row("[ee311.mx.nsec]", "brackets", "dane", "Verified",
            recipient="brackets.test"),
        Row("[ee311not.mx.nsec]:25", "brackets and port, no match", "dane",
            "mismatch", recipient="bracketsnot.test"),
        Row("[none.mx.nsec]", "brackets, no TLSA", "NOTFOUND", "may",
            mail="clear", recipient="bracketsnone.test"),
        Row("[direct.mx.nsec]:587", "TLSA of port 587", "dane", "Verified",
            recipient="submission.test"),
        Row("direct.o.nsec:587", "MX hosts at port 587", "dane", "Verified",
            recipient="port.test"),
    ]
