"""The lab's zones and what postdane shall say of them: one table.

A zone is a Zone(...); a line of expectation is a Row(...).  To add a case, add
a zone (or a host to one) and a row.  Everything else is generated.

The TLDs: nsec. and nsec3. (signed), optout. (NSEC3 with opt-out), unsigned.
"""

from dataclasses import dataclass, field

DIGEST = "8d02536c887482bc34ff54e41d2ba659bf85b341a0a20afadb5813dcfbcf286d"
DIGEST512 = DIGEST + DIGEST
USABLE = f"3 1 1 {DIGEST}"
CARRIED = f"fingerprint match={DIGEST} servername=hostname"
PKIX = f"0 0 1 {DIGEST}"
# 241 octets: below long.nsec, and with _25._tcp. before it, no name any more.
LONG = ".".join(["a" * 60] * 3 + ["b" * 58])


@dataclass
class Zone:
    name: str
    records: str = ""         # "owner type rdata", one a line, "@" the apex
    sign: str = ""            # "", "ecdsa", "rsa", "ed25519"
    denial: str = "nsec"      # or "nsec3"
    iterations: int = 0
    opt_out: bool = False
    fault: object = None      # see signer.Signer
    ds: object = True         # or False, or the text of a wrong DS
    server: str = "leaf"      # which server has it
    ns: str = ""              # lines of its own instead of the usual NS
    ttl: int = 300
    proxies: list = field(default_factory=list)  # see matrix.py


@dataclass
class Row:
    key: str
    expect: str               # dane, encrypt, may, NOTFOUND, TEMP
    why: str
    map: str = "query"
    rung: str = ""            # where it matters


ZONES = [
    # ---- where MX hosts live ----
    Zone("hosts.nsec", f"""
        usable A 10.25.0.1
        usable AAAA fd00:25::1
        _25._tcp.usable TLSA {USABLE}
        usable2 A 10.25.0.2
        _25._tcp.usable2 TLSA 3 1 2 {DIGEST512}
        ta A 10.25.0.3
        _25._tcp.ta TLSA 2 1 1 {DIGEST}
        unusable A 10.25.0.4
        _25._tcp.unusable TLSA {PKIX}
        pkixee A 10.25.0.4
        _25._tcp.pkixee TLSA 1 1 1 {DIGEST}
        selector A 10.25.0.4
        _25._tcp.selector TLSA 3 7 1 {DIGEST}
        mtype A 10.25.0.4
        _25._tcp.mtype TLSA 3 1 255 {DIGEST}
        short A 10.25.0.4
        _25._tcp.short TLSA 3 1 1 {DIGEST[:-2]}
        mixed A 10.25.0.5
        _25._tcp.mixed TLSA {PKIX} | {USABLE}
        absent A 10.25.0.6
        v6 AAAA fd00:25::7
        _25._tcp.v6 TLSA {USABLE}
        noaddress TXT "nothing to deliver to"
        alias CNAME target.hosts.nsec.
        target A 10.25.0.8
        _25._tcp.target TLSA {USABLE}
        original CNAME absent.hosts.nsec.
        _25._tcp.original TLSA {USABLE}
        crossing CNAME host.plain.unsigned.
        _25._tcp.crossing TLSA {USABLE}
        crossingbare CNAME host.plain.unsigned.
        tlsaalias A 10.25.0.9
        _25._tcp.tlsaalias CNAME _tlsa.hosts.nsec.
        _tlsa TLSA {USABLE}
        tlsaout A 10.25.0.10
        _25._tcp.tlsaout CNAME _tlsa.plain.unsigned.
        under_score A 10.25.0.11
        _25._tcp.under_score TLSA {USABLE}
        other A 10.25.0.12
        _587._tcp.other TLSA {USABLE}
        *.wild A 10.25.0.13
        *.wild TLSA {USABLE}
        _25._tcp.a.b.deep TLSA {USABLE}
        a.b.deep A 10.25.0.14
    """, sign="ecdsa"),
    Zone("bad.nsec", f"""
        abad A 10.25.1.1
        abad AAAA fd00:25::11
        _25._tcp.abad TLSA {USABLE}
        tlsabad A 10.25.1.2
        _25._tcp.tlsabad TLSA {USABLE}
        allbad A 10.25.1.3
    """, sign="ecdsa", fault={
        ("abad.bad.nsec", "A"): "alter",
        ("_25._tcp.tlsabad.bad.nsec", "TLSA"): "alter",
        ("allbad.bad.nsec", "A"): "alter",
    }),
    Zone("plain.unsigned", f"""
        @ A 10.25.2.1
        @ MX 10 host
        host A 10.25.2.2
        _tlsa TLSA {USABLE}
        _25._tcp.host TLSA {USABLE}
    """),
    Zone("plain.nsec", "@ MX 10 mail\nmail A 10.25.2.3"),
    Zone("plain.nsec3", "@ MX 10 mail\nmail A 10.25.2.4"),
    Zone("plain.optout", "@ MX 10 mail\nmail A 10.25.2.5"),
    # "sub" is an empty non-terminal of the TLD.
    Zone("plain.sub.optout", "@ MX 10 mail\nmail A 10.25.2.6"),
    Zone("signed.sub.optout", f"@ MX 10 mx\nmx A 10.25.2.7\n"
         f"_25._tcp.mx TLSA {USABLE}", sign="ecdsa"),

    # ---- algorithms and denials ----
    Zone("rsa.nsec3", f"@ MX 10 mx\nmx A 10.25.3.1\n_25._tcp.mx TLSA {USABLE}",
         sign="rsa", denial="nsec3"),
    Zone("ed25519.optout", "@ MX 10 mx\nmx A 10.25.3.2\n"
         f"_25._tcp.mx TLSA {USABLE}", sign="ed25519"),
    Zone("iter100.nsec", "@ MX 10 mx\nmx A 10.25.3.3\n@ TXT x",
         sign="ecdsa", denial="nsec3", iterations=100),
    Zone("iter150.nsec", "@ MX 10 mx\n@ MX 20 bare\nbare A 10.25.3.5\n"
         f"mx A 10.25.3.4\n_25._tcp.mx TLSA {USABLE}",
         sign="ecdsa", denial="nsec3", iterations=150),
    Zone("algorithm.nsec", f"@ MX 10 mx\nmx A 10.25.3.6\n"
         f"_25._tcp.mx TLSA {USABLE}", sign="ecdsa",
         ds=f"4711 200 2 {DIGEST}"),
    Zone("digest.nsec", f"@ MX 10 mx\nmx A 10.25.3.7\n"
         f"_25._tcp.mx TLSA {USABLE}", sign="ecdsa",
         ds=f"4711 13 200 {DIGEST}"),
    Zone("optouthosts.nsec", "@ MX 10 mx\nmx A 10.25.3.8",
         sign="ecdsa", denial="nsec3", opt_out=True),

    # ---- a host whose TLSA would have a name that is too long ----
    Zone("long.nsec", f"@ MX 10 {LONG}\n{LONG} A 10.25.3.9\n"
         f"some MX 10 {LONG}\nsome MX 20 usable.hosts.nsec.", sign="ecdsa"),

    # ---- broken signatures ----
    Zone("expired.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa",
         fault="expired"),
    Zone("future.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa",
         fault="future"),
    Zone("stripped.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa",
         fault="strip"),
    Zone("unsignedds.nsec", "@ MX 10 usable.hosts.nsec.",
         ds=f"4711 13 2 {DIGEST}"),
    Zone("wrongds.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa",
         ds=f"4711 13 2 {DIGEST}"),
    Zone("mxbogus.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa",
         fault={("mxbogus.nsec", "MX"): "alter"}),
    Zone("dead.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa",
         server="", ns="@ NS ns.dead.nsec.\nns A 10.53.66.66"),
    Zone("tlsadeny.nsec", "@ MX 10 mx\nmx A 10.25.4.1", sign="ecdsa",
         fault={("mx.tlsadeny.nsec", "NSEC"): "alter"}),

    # ---- internationalised, aliases of next hops ----
    Zone("xn--bcher-kva.nsec", "@ MX 10 usable.hosts.nsec.", sign="ecdsa"),
    Zone("dname.nsec", "under DNAME renamed.nsec.\n@ A 10.25.5.1", sign="ecdsa"),
    Zone("renamed.nsec", "sub MX 10 usable.hosts.nsec.\n"
         f"mx A 10.25.5.2\n_25._tcp.mx TLSA {USABLE}", sign="ecdsa"),
    Zone("cuttcp.nsec", "@ MX 10 mx\nmx A 10.25.5.3", sign="ecdsa",
         ),
]

# Domains that are one MX record set in a signed zone: {name: hosts}.
DOMAINS = {
    "dane": "10 usable",
    "two": "10 usable|20 usable2",
    "ta": "10 ta",
    "unusable": "10 unusable",
    "pkixee": "10 pkixee",
    "selector": "10 selector",
    "mtype": "10 mtype",
    "short": "10 short",
    "mixed": "10 mixed",
    "absent": "10 absent",
    "half": "10 usable|20 absent",
    "halfunusable": "10 unusable|20 absent",
    "allunusable": "10 unusable|20 pkixee",
    "v6": "10 v6",
    "alias": "10 alias",
    "original": "10 original",
    "crossing": "10 crossing",
    "crossingbare": "10 crossingbare",
    "tlsaalias": "10 tlsaalias",
    "tlsaout": "10 tlsaout",
    "underscore": "10 under_score",
    "port": "10 other",
    "wildhost": "10 x.wild",
    "deep": "10 a.b.deep",
    "noaddress": "10 noaddress",
    "nohost": "10 doesnotexist",
    "usablenoaddress": "10 usable|20 noaddress",
    "absentnoaddress": "10 absent|20 noaddress",
    "dup": "10 usable|20 usable",
    "plainhost": "10 host.plain.unsigned.",
    "mixedzones": "10 usable|20 host.plain.unsigned.",
    "numeric": "10 10.25.0.1.",
    "numericplus": "10 usable|20 10.25.0.1.",
    "aonlybad": "10 abad.bad.nsec.",
    "tlsabad": "10 tlsabad.bad.nsec.",
    "allbad": "10 allbad.bad.nsec.|20 tlsabad.bad.nsec.",
    "somebad": "10 tlsabad.bad.nsec.|20 absent",
    "badusable": "10 tlsabad.bad.nsec.|20 usable",
    "badunusable": "10 tlsabad.bad.nsec.|20 unusable",
    "null": "0 .",
    "many": "|".join(f"{i} absent{i}.many" for i in range(1, 26)),
    "manyusable": "1 usable|" + "|".join(
        f"{i} absent{i}.many" for i in range(2, 26)),
    "dnamehost": "10 mx.under.dname.nsec.",
}


def domain_zone():
    lines = []
    for domain, hosts in DOMAINS.items():
        for mx in hosts.split("|"):
            preference, host = mx.split()
            if not host.endswith("."):
                host += ".hosts.nsec."
            lines.append(f"{domain} MX {preference} {host}")
    lines += [
        "implicit A 10.25.6.1",
        f"_25._tcp.implicit TLSA {USABLE}",
        "implicitbare A 10.25.6.2",
        "cname CNAME dane.d.nsec.",
        "cnameout CNAME plain.unsigned.",
        "*.wild MX 10 usable.hosts.nsec.",
        "empty.below A 10.25.6.3",
    ]
    return Zone("d.nsec", "\n".join(lines), sign="ecdsa")


def many_hosts(zone):
    zone.records += "\n" + "\n".join(
        f"absent{i}.many A 10.25.7.{i}" for i in range(1, 26))


ZONES.append(domain_zone())
many_hosts(ZONES[0])
# Domains in unsigned zones whose hosts are signed: the MX is insecure.
ZONES += [
    Zone("mx.unsigned", """
        usable MX 10 usable.hosts.nsec.
        unusable MX 10 unusable.hosts.nsec.
        absent MX 10 absent.hosts.nsec.
        half MX 10 usable.hosts.nsec.
        half MX 20 absent.hosts.nsec.
        failed MX 10 tlsabad.bad.nsec.
        implicit A 10.25.6.9
        null MX 0 .
    """),
    # An insecure cut below _tcp of a signed host.
    Zone("_tcp.mx.cuttcp.nsec", f"_25 TLSA {USABLE}", ds=False),
]

# The profiles that rows ask with.
PROFILES = """
map "chain" { no-dane-policy = notfound }
map "strict" {
    no-dane-policy = encrypt
    dane-only = when-complete
    insecure-mx = encrypt
}
map "carry" { carry = fingerprint }
map "lax" { insecure-mx = may }
"""

ROWS = [
    # ---- docs/design.md, "One next hop" ----
    Row("dane.d.nsec", "dane", "MX and TLSA 3 1 1 secure"),
    Row("two.d.nsec", "dane", "two hosts with TLSA"),
    Row("ta.d.nsec", "dane", "TLSA 2 1 1"),
    Row("unusable.d.nsec", "encrypt", "only TLSA 0 0 1"),
    Row("pkixee.d.nsec", "encrypt", "only TLSA 1 1 1"),
    Row("selector.d.nsec", "encrypt", "unknown selector"),
    Row("mtype.d.nsec", "encrypt", "matching type 255"),
    Row("short.d.nsec", "encrypt", "a digest that is too short"),
    Row("mixed.d.nsec", "dane", "one usable record among unusable ones"),
    Row("absent.d.nsec", "may", "TLSA denied securely"),
    Row("half.d.nsec", "dane", "one host of two has TLSA"),
    Row("halfunusable.d.nsec", "dane", "one host unusable, one without"),
    Row("allunusable.d.nsec", "encrypt", "all hosts unusable"),
    Row("v6.d.nsec", "dane", "host with AAAA only"),
    Row("alias.d.nsec", "dane", "MX host is an alias, TLSA at its target"),
    Row("original.d.nsec", "dane", "alias, TLSA at the original name only"),
    Row("crossing.d.nsec", "dane",
        "secure alias into an unsigned zone, TLSA at the original name"),
    Row("crossingbare.d.nsec", "may",
        "secure alias into an unsigned zone, no TLSA"),
    Row("tlsaalias.d.nsec", "dane", "TLSA by a secure alias"),
    Row("tlsaout.d.nsec", "may", "TLSA by an alias into an unsigned zone"),
    Row("underscore.d.nsec", "dane", "a host name with an underscore"),
    Row("port.d.nsec", "may", "TLSA only for port 587"),
    Row("port.d.nsec:587", "dane", "the same asked for port 587"),
    Row("port.d.nsec:submission", "dane", "the port by its name"),
    Row("wildhost.d.nsec", "dane", "host and TLSA by wildcards"),
    Row("deep.d.nsec", "dane", "host below empty non-terminals"),
    Row("noaddress.d.nsec", "may", "no host has an address"),
    Row("nohost.d.nsec", "may", "the MX host does not exist"),
    Row("usablenoaddress.d.nsec", "dane", "a host without address counts not"),
    Row("absentnoaddress.d.nsec", "may", "nor here"),
    Row("dup.d.nsec", "dane", "the same host twice"),
    Row("plainhost.d.nsec", "may", "MX secure, host in an unsigned zone"),
    Row("mixedzones.d.nsec", "dane", "one host signed, one not"),
    Row("numeric.d.nsec", "may", "a numeric MX name"),
    Row("numericplus.d.nsec", "dane", "a numeric MX name beside a DANE host"),
    Row("aonlybad.d.nsec", "dane", "A bogus, AAAA secure"),
    Row("tlsabad.d.nsec", "TEMP", "TLSA bogus"),
    Row("allbad.d.nsec", "TEMP", "all hosts bogus"),
    Row("somebad.d.nsec", "dane", "one bogus host, one without TLSA"),
    Row("badusable.d.nsec", "dane", "one bogus host, one with TLSA"),
    Row("badunusable.d.nsec", "dane", "one bogus host, one unusable"),
    Row("null.d.nsec", "may", "null MX"),
    Row("nonexistent.d.nsec", "may", "the domain does not exist"),
    Row("long.nsec", "may", "a host with a name too long for TLSA"),
    Row("some.long.nsec", "dane", "the same, beside one with TLSA"),
    Row("many.d.nsec", "dane", "more than 20 MX hosts, none with TLSA"),
    Row("manyusable.d.nsec", "dane", "more than 20 MX hosts"),
    Row("implicit.d.nsec", "dane", "no MX, TLSA at the domain"),
    Row("implicitbare.d.nsec", "may", "no MX, no TLSA"),
    Row("cname.d.nsec", "dane", "the domain is a secure alias"),
    Row("cnameout.d.nsec", "may", "the domain is an alias to an unsigned one"),
    Row("x.wild.d.nsec", "dane", "a wildcard MX"),
    Row("below.d.nsec", "may", "an empty non-terminal"),
    Row("dnamehost.d.nsec", "dane", "the MX host lies below a DNAME"),
    Row("sub.under.dname.nsec", "dane", "the domain lies below a DNAME"),
    # ---- insecure MX ----
    Row("plain.unsigned", "may", "unsigned TLD"),
    Row("plain.nsec", "may", "unsigned delegation, NSEC"),
    Row("plain.nsec3", "may", "unsigned delegation, NSEC3"),
    Row("plain.optout", "may", "unsigned delegation, opt-out"),
    Row("plain.sub.optout", "may", "opt-out below an empty non-terminal"),
    Row("signed.sub.optout", "dane", "its signed sibling"),
    Row("missing.optout", "may", "insecure NXDOMAIN, opt-out"),
    Row("usable.mx.unsigned", "dane", "MX insecure, host with TLSA"),
    Row("unusable.mx.unsigned", "encrypt", "MX insecure, TLSA unusable"),
    Row("absent.mx.unsigned", "may", "MX insecure, no TLSA"),
    Row("failed.mx.unsigned", "dane", "MX insecure, all hosts failed"),
    Row("implicit.mx.unsigned", "may", "unsigned, no MX"),
    Row("null.mx.unsigned", "may", "null MX, unsigned"),
    # ---- algorithms and denials ----
    Row("rsa.nsec3", "dane", "RSASHA256 and NSEC3"),
    Row("ed25519.optout", "dane", "ED25519, secure below an opt-out TLD"),
    Row("iter100.nsec", "may", "NSEC3 with 100 iterations"),
    Row("iter150.nsec", "dane", "NSEC3 with 150 iterations"),
    Row("algorithm.nsec", "may", "DS with an unsupported algorithm"),
    Row("digest.nsec", "may", "DS with an unsupported digest"),
    Row("optouthosts.nsec", "may", "TLSA denial insecure by opt-out"),
    Row("cuttcp.nsec", "may", "an insecure delegation at _tcp"),
    # ---- broken ----
    Row("expired.nsec", "TEMP", "signatures expired"),
    Row("future.nsec", "TEMP", "signatures not yet valid"),
    Row("stripped.nsec", "TEMP", "signatures stripped"),
    Row("unsignedds.nsec", "TEMP", "DS for an unsigned zone"),
    Row("wrongds.nsec", "TEMP", "wrong DS"),
    Row("mxbogus.nsec", "TEMP", "MX altered"),
    Row("tlsadeny.nsec", "TEMP", "TLSA denied with a bad signature"),
    Row("dead.nsec", "TEMP", "servers of a signed zone dead"),
    # ---- docs/design.md, "Next hops" ----
    Row("DANE.D.nsec", "dane", "upper case"),
    Row("dane.d.nsec.", "dane", "trailing dot"),
    Row("b\u00fccher.nsec", "dane", "a U-label"),
    Row("xn--bcher-kva.nsec", "dane", "its A-label"),
    Row("[usable.hosts.nsec]", "dane", "brackets: no MX"),
    Row("[usable.hosts.nsec]:25", "dane", "brackets and port"),
    Row("[other.hosts.nsec]:587", "dane", "brackets, other port"),
    Row("[absent.hosts.nsec]", "NOTFOUND", "explicit, no TLSA: main.cf"),
    Row("absent.d.nsec:25", "NOTFOUND", "a port makes it explicit"),
    Row("[unusable.hosts.nsec]", "encrypt", "explicit, TLSA unusable"),
    Row("[tlsabad.bad.nsec]", "TEMP", "explicit, bogus"),
    Row(".d.nsec", "NOTFOUND", "a parent-domain key"),
    Row("[10.25.0.1]", "NOTFOUND", "a literal address"),
    Row("[IPv6:fd00:25::1]", "NOTFOUND", "a literal IPv6 address"),
    # ---- profiles ----
    Row("absent.d.nsec", "NOTFOUND", "no-dane-policy = notfound", map="chain"),
    Row("dane.d.nsec", "dane", "the same with DANE", map="chain"),
    Row("somebad.d.nsec", "TEMP", "dane only where may is the alternative",
        map="chain"),
    Row("failed.mx.unsigned", "NOTFOUND", "the same, MX insecure",
        map="chain"),
    Row("absent.d.nsec", "encrypt", "no-dane-policy = encrypt", map="strict"),
    Row("two.d.nsec", "dane-only", "dane-only = when-complete", map="strict"),
    Row("half.d.nsec", "dane", "not complete", map="strict"),
    Row("usable.mx.unsigned", "encrypt", "insecure-mx = encrypt",
        map="strict"),
    Row("half.mx.unsigned", "dane", "the same, one host without TLSA",
        map="strict"),
    Row("usable.mx.unsigned", "may", "insecure-mx = may", map="lax"),
    Row("dane.d.nsec", CARRIED, "carry = fingerprint", map="carry"),
    Row("two.d.nsec", "dane-only", "SHA2-512 of one host", map="carry"),
    Row("[usable.hosts.nsec]", CARRIED, "brackets", map="carry"),
    Row("half.d.nsec", "dane-only", "a host without TLSA", map="carry"),
    Row("somebad.d.nsec", "TEMP", "a host whose TLSA is withheld",
        map="carry"),
    Row("usable.mx.unsigned", "dane-only", "MX insecure", map="carry"),
    Row("failed.mx.unsigned", "TEMP", "MX insecure, hosts unknown",
        map="carry"),
    Row("unusable.d.nsec", "encrypt", "TLSA unusable", map="carry"),
    Row("absent.d.nsec", "may", "no TLSA", map="carry"),
]
