"""What is attacked: the lab's zones and some more, and what is true of them.

TARGETS are next hops in signed zones with secure TLSA records, NAMES what
Postfix would ask the DNS listener for.  All of the lab's own rows are here.
"""

import copy

import lab as lab_module
import zones as table
from zones import CARRIED, PKIX, USABLE, Zone

EVIL = "evil.nsec"             # a signed zone that the attacker owns
EVIL_SERVERS = ("10.53.66.99", "fd00:53::99")
FORGED = "10.66.66.66"
FORGED6 = "fd00:25::66"
FORGED_DIGEST = "66" * 32


DAY = 86400


def shape(name, **kwargs):
    """Everything that proofs stumble over, in one zone."""
    return Zone(name, f"""
        @ MX 10 mx
        mx A 10.25.20.1
        mx AAAA fd00:25::20
        _25._tcp.mx TLSA {USABLE}
        mx2 A 10.25.20.2
        _25._tcp.mx2 TLSA {USABLE}
        _587._tcp.mx2 TLSA {USABLE}
        pair MX 10 mx
        pair MX 20 mx2
        pairbare MX 10 mx
        pairbare MX 20 bare
        bare A 10.25.20.3
        a.b.deep A 10.25.20.4
        _25._tcp.a.b.deep TLSA {USABLE}
        ent MX 10 a.b.deep
        *.w A 10.25.20.5
        h.w A 10.25.20.6
        _25._tcp.h.w TLSA {USABLE}
        belowwild MX 10 h.w
        *.all A 10.25.20.7
        *.all TLSA {USABLE}
        inwild MX 10 some.all
        alias CNAME mx
        viaalias MX 10 alias
        out CNAME host.plain.unsigned.
        _25._tcp.out TLSA {USABLE}
        outalias MX 10 out
        outdead CNAME host.dead.unsigned.
        _25._tcp.outdead TLSA {USABLE}
        outdeadalias MX 10 outdead
        hop CNAME @
        tlsaalias A 10.25.20.8
        _25._tcp.tlsaalias CNAME _tlsa
        _tlsa TLSA {USABLE}
        shared MX 10 tlsaalias
        afar MX 10 usable.hosts.nsec.
        afar MX 20 mx.shape.nsec3.
        afar MX 30 mx.shape.optout.
        anchor MX 10 pkix
        pkix A 10.25.20.9
        _25._tcp.pkix TLSA {PKIX}
        cut NS ns.elsewhere.unsigned.
        implicit A 10.25.20.10
        _25._tcp.implicit TLSA {USABLE}
        under DNAME mx.{name}.
        renamed DNAME new
        mx.new A 10.25.20.11
        _25._tcp.mx.new TLSA {USABLE}
        viadname MX 10 mx.renamed
    """.replace("CNAME @", f"CNAME {name}."), ttl=DAY, **kwargs)


# ---- what the attacker owns besides, and who lives beside it ----

# As registries have them: what lies below belongs to many.
SUFFIX = "co.nsec"
LOOP = f"evil.{SUFFIX}"
SILENT_ZONES = (f"hang.{SUFFIX}", f"dead.{SUFFIX}")
SILENT_SERVERS = [f"10.53.77.{i}" for i in range(1, 49)]
BOGUS = "bogus.nsec"           # and many zones below it
BOGUS_ZONES = [f"b{i}.{BOGUS}" for i in range(70)]
BOMB = "bomb.nsec"
DEEP = f"a.b.c.d.e.f.g.h.i.j.k.l.m.{BOMB}"
OWNED = {EVIL, LOOP, BOGUS, BOMB, *BOGUS_ZONES}
VICTIMS = {f"{kind}{i}.{SUFFIX}": verdict for i in range(8)
           for kind, verdict in (("v", "dane"), ("p", "may"))}
RECORDS = (f"@ MX 10 mx\nmx A 10.25.21.1\nmx AAAA fd00:25::21\n"
           f"_25._tcp.mx TLSA {USABLE}")


def silent(name, addresses):
    return Zone(name, RECORDS, server="", ns="\n".join(
        f"@ NS ns{i}\nns{i} A {a}" for i, a in enumerate(addresses)))


def neighbourhood():
    yield Zone(SUFFIX, "@ TXT x", sign="ecdsa", ttl=DAY)
    yield Zone(LOOP, "a CNAME b\nb CNAME a", sign="ecdsa")
    yield silent(SILENT_ZONES[0], SILENT_SERVERS[:24])
    yield silent(SILENT_ZONES[1], SILENT_SERVERS[24:])
    for name in (BOGUS, *BOGUS_ZONES):
        yield Zone(name, RECORDS, sign="ecdsa")
    yield Zone(BOMB, "\n".join(
        f"@ MX 10 x.h{i}.{DEEP}.\nx.h{i}.{DEEP.removesuffix('.' + BOMB)} "
        f"A {FORGED}" for i in range(20)), sign="ecdsa", denial="nsec3",
        iterations=1)
    for name, verdict in VICTIMS.items():
        yield Zone(name, RECORDS, sign="ecdsa" if verdict == "dane" else "",
                   ttl=DAY)


OWN_ZONES = [
    shape("shape.nsec", sign="ecdsa"),
    shape("shape.nsec3", sign="ecdsa", denial="nsec3", iterations=1),
    shape("shape.optout", sign="ecdsa", denial="nsec3", opt_out=True),
    shape("shape.iter.nsec", sign="rsa", denial="nsec3", iterations=150),
    Zone(EVIL, f"""
        @ A {FORGED}
        @ MX 10 mx
        mx A {FORGED}
        mx AAAA {FORGED6}
        _25._tcp.mx TLSA 3 1 1 {FORGED_DIGEST}
        bare A {FORGED}
        * A {FORGED}
        cut NS ns.elsewhere.unsigned.
    """, sign="ecdsa"),
    Zone("opted.optout", sign="ecdsa", denial="nsec3", opt_out=True,
         records="cut NS ns.elsewhere.unsigned.\nx A 10.25.20.12"),
    Zone("dead.unsigned", server="", ns="@ NS ns\nns A 10.53.66.67"),
]
ZONES = [*table.ZONES, *OWN_ZONES, *neighbourhood()]


PAST = "ended-23h"


def old_zones():
    """The same internet before anybody signed anything or had TLSA, as far
    as it was signed then: all signatures ended yesterday."""
    for zone in ZONES:
        zone = copy.deepcopy(zone)
        zone.records = "\n".join(
            line for line in zone.records.splitlines() if "TLSA" not in line)
        zone.ds = False
        zone.fault = PAST
        yield zone


def old_lab():
    lab = lab_module.Lab(list(old_zones()))
    for built in lab.zones.values():
        if built.zone.server in ("root", "tld"):
            built.zone = copy.copy(built.zone)
            built.zone.fault = PAST
            if built.zone.name:
                built.zone.ds = False
    return lab


# ---- next hops: {key: verdict}, of map "query" ----

SHAPES = ("shape.nsec", "shape.nsec3", "shape.optout", "shape.iter.nsec")
OWN_KEYS = {}
for _zone in SHAPES:
    OWN_KEYS[_zone] = "dane"
    for _owner in ("pair", "pairbare", "ent", "belowwild", "inwild",
                   "viaalias", "outalias", "outdeadalias", "hop", "shared",
                   "afar", "implicit", "viadname"):
        OWN_KEYS[f"{_owner}.{_zone}"] = "dane"
    OWN_KEYS[f"anchor.{_zone}"] = "encrypt"
    OWN_KEYS[f"[mx2.{_zone}]:587"] = "dane"
    OWN_KEYS[f"[mx.{_zone}]"] = "dane"

# A wildcard in an opt-out span is insecure (RFC 5155): no DANE.
del OWN_KEYS["inwild.shape.optout"]

# The MX record of these is not signed: whoever forges it chooses the server.
INSECURE_MX = {row.key for row in table.ROWS if row.key.endswith(".unsigned")}

TARGETS = {row.key: row.expect for row in table.ROWS
           if row.map == "query" and row.expect in ("dane", "encrypt", "TEMP")
           and row.key not in INSECURE_MX
           # "dane" because of its length: no host of it has TLSA
           and row.key != "many.d.nsec"}
TARGETS.update(OWN_KEYS)
TARGETS.update({k: v for k, v in VICTIMS.items() if v == "dane"})

# What another map says of some, where it differs from "query".
OTHER_MAPS = {
    ("two.d.nsec", "strict"): "dane-only",
    ("pair.shape.nsec", "strict"): "dane-only",
    ("dane.d.nsec", "strict"): "dane-only",
    ("half.d.nsec", "strict"): "dane",
    ("half.d.nsec", "chain"): "dane",
    ("mixedzones.d.nsec", "strict"): "dane",
    ("pairbare.shape.nsec3", "chain"): "dane",
    ("outalias.shape.nsec", "chain"): "dane",
    ("afar.shape.optout", "chain"): "dane",
    ("dane.d.nsec", "carry"): CARRIED,
    ("shape.nsec3", "carry"): CARRIED,
    ("half.d.nsec", "carry"): "dane-only",
    ("pairbare.shape.nsec", "carry"): "dane-only",
    ("outalias.shape.nsec3", "carry"): CARRIED,
}
PROFILES = """
map "chain" { no-dane-policy = notfound }
map "strict" {
    no-dane-policy = encrypt
    dane-only = when-complete
}
map "carry" { carry = fingerprint }
"""

# Not protected, and asked in the control only: a daemon that always says
# "dane" has shown nothing.
UNPROTECTED = {row.key: row.expect for row in table.ROWS
               if row.map == "query" and row.expect in ("may", "NOTFOUND")
               and not row.key.startswith(".")}
UNPROTECTED["inwild.shape.optout"] = "may"
UNPROTECTED.update({k: v for k, v in VICTIMS.items() if v == "may"})


# What an unsigned zone has said stays said: these lean on one.
LEANING = {key for key in TARGETS if key.startswith((
    "outalias.", "outdeadalias.", "crossing", "cnameout", "mixedzones."))}


# ---- questions to the listener ----

def shape_names(zone):
    return [(zone, "MX"), (f"mx.{zone}", "A"), (f"mx.{zone}", "AAAA"),
            (f"_25._tcp.mx.{zone}", "TLSA"), (f"bare.{zone}", "A"),
            (f"_25._tcp.bare.{zone}", "TLSA"), (f"bare.{zone}", "MX"),
            (f"nothing.{zone}", "A"), (f"_tcp.mx.{zone}", "TLSA"),
            (f"alias.{zone}", "A"), (f"out.{zone}", "A"),
            (f"_25._tcp.out.{zone}", "TLSA"), (f"x.w.{zone}", "A"),
            (f"_25._tcp.h.w.{zone}", "TLSA"),
            (f"_25._tcp.x.all.{zone}", "TLSA"),
            (f"mx.renamed.{zone}", "A"), (f"cut.{zone}", "DS")]


NAMES = [pair for zone in SHAPES for pair in shape_names(zone)] + [
    ("dane.d.nsec", "MX"), ("usable.hosts.nsec", "A"),
    ("usable.hosts.nsec", "AAAA"), ("_25._tcp.usable.hosts.nsec", "TLSA"),
    ("_25._tcp.absent.hosts.nsec", "TLSA"), ("nonexistent.d.nsec", "MX"),
    ("rsa.nsec3", "MX"), ("_25._tcp.mx.rsa.nsec3", "TLSA"),
    ("ed25519.optout", "MX"), ("_25._tcp.mx.ed25519.optout", "TLSA"),
    ("crossing.hosts.nsec", "A"), ("nsec", "DNSKEY"), ("nsec", "NS"),
    # unsigned: anything may come, never with AD
    ("plain.unsigned", "MX"), ("plain.nsec", "MX"), ("mail.plain.nsec3", "A"),
    ("mail.plain.optout", "A"), ("host.plain.unsigned", "A"),
    ("_25._tcp.host.plain.unsigned", "TLSA"), ("missing.optout", "A"),
]

# Other names, whose answers an attacker may replay.
REPLAYS = {
    "root": ["nsec.", "unsigned.", "nothing.", "optout.", "evil.nsec."],
    "tld": ["plain.nsec.", "plain.nsec3.", "plain.optout.", "nothing.nsec.",
            "nothing.nsec3.", "nothing.optout.", "hosts.nsec.", "evil.nsec.",
            "shape.nsec3.", "missing.optout.", "algorithm.nsec."],
    "leaf": ["_25._tcp.absent.hosts.nsec.", "absent.hosts.nsec.",
             "nothing.hosts.nsec.", "x.wild.hosts.nsec.",
             "_25._tcp.bare.shape.nsec.", "_25._tcp.bare.shape.nsec3.",
             "_25._tcp.bare.shape.optout.", "_25._tcp.bare.shape.iter.nsec.",
             "nothing.shape.nsec.", "nothing.shape.nsec3.",
             "cut.shape.nsec.", "cut.shape.nsec3.", "cut.shape.optout.",
             "cut.opted.optout.", "x.cut.opted.optout.", "x.w.shape.nsec.",
             "x.w.shape.nsec3.", "absent.d.nsec.", "nothing.d.nsec.",
             "plain.unsigned.", "mx.evil.nsec.", "evil.nsec.",
             "cut.evil.nsec.", "_25._tcp.bare.evil.nsec.", "out.shape.nsec.",
             "alias.shape.nsec3.", "_25._tcp.mx2.shape.nsec.",
             "mx.algorithm.nsec."],
}
