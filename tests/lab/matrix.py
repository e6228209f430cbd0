"""What breaks in the real world, and who attacks: one table.

Each Case becomes two zones, u-NAME.nsec (unsigned, a provable delegation) and
s-NAME.nsec (signed, MX and TLSA), both on servers that behave as it says.  The
law for every row: an unsigned zone gets its verdict, never TEMP; a signed one
gets "dane" or TEMP, never less.
"""

import ctypes
import dataclasses

import dns.rcode
import dns.rdatatype
import dns.zonefile

import misbehave as m
from zones import USABLE, Zone

T = dns.rdatatype
DANE = ("dane",)
TEMP = ("TEMP",)
SAFE = ("dane", "TEMP")


@dataclasses.dataclass
class Case:
    name: str
    what: str
    servers: list              # of (behaviour, tcp); several: several servers
    signed: tuple = SAFE       # what the signed zone may get
    newer: tuple = ()          # the same, with libunbound 1.26 (Debian 13)
    unsigned: str = "may"
    rung: str = ""             # that the unsigned zone must have needed
    alone: str = ""            # what libunbound alone says of the unsigned one
    named: str = ""            # a real named with this -T instead
    many: bool = False         # the MX host has 30 addresses
    ipv6: bool = False         # servers: the first on IPv4, the second on IPv6


def libunbound():
    """The version that the daemon is linked with: (1, 17, 1)."""
    version = ctypes.CDLL("libunbound.so.8").ub_version
    version.restype = ctypes.c_char_p
    return tuple(int(part) for part in version().decode().split("."))


def may_get(case):
    """What the signed zone may get with the libunbound of this machine."""
    return case.newer if case.newer and libunbound() >= (1, 26) \
        else case.signed


def one(behaviour, tcp=True):
    return [(behaviour, tcp)]


def bad_one(behaviour):
    """Two servers, one of them healthy."""
    return [(behaviour, True), (m.healthy, True)]


R = dns.rcode
CASES = [
    Case("formerr", "FORMERR to EDNS", one(m.rcode_to_edns(R.FORMERR)), TEMP,
         alone="ok"),
    Case("formerropt", "FORMERR with OPT", one(m.rcode_to_edns(
        R.FORMERR, True)), TEMP, alone="ok"),
    Case("formerrhdr", "FORMERR, a bare header",
         one(m.to_edns(lambda x: x.header(R.FORMERR))), TEMP, alone="ok"),
    Case("notimp", "NOTIMP to EDNS", one(m.rcode_to_edns(R.NOTIMP)), TEMP,
         alone="ok"),
    Case("refused", "REFUSED to EDNS", one(m.rcode_to_edns(R.REFUSED)), TEMP,
         rung="plain", alone="SERVFAIL"),
    Case("servfail", "SERVFAIL to EDNS", one(m.rcode_to_edns(R.SERVFAIL)),
         TEMP, rung="plain", alone="SERVFAIL"),
    Case("badvers", "BADVERS to EDNS version 0",
         one(m.rcode_to_edns(R.BADVERS, True)), TEMP, rung="plain",
         alone="false NODATA"),
    Case("nxdomain", "NXDOMAIN to EDNS", one(m.rcode_to_edns(R.NXDOMAIN)),
         TEMP, rung="plain", alone="false NXDOMAIN"),
    Case("dropedns", "drops EDNS", one(m.to_edns(lambda x: None)), TEMP,
         rung="plain", alone="SERVFAIL after 102 s"),
    Case("dropdo", "drops DO", one(m.drop_do), TEMP, rung="plain",
         alone="SERVFAIL after 102 s"),
    Case("ignoreopt", "ignores OPT", one(m.ignore_opt), TEMP, alone="ok"),
    Case("echoopt", "echoes OPT, no DNSSEC", one(m.echo_opt), TEMP,
         alone="ok"),
    Case("stripopt", "signatures but no OPT", one(m.strip_opt), DANE,
         alone="ok"),
    Case("tcedns", "TC to all EDNS", one(m.tc_to_edns), DANE, alone="ok"),
    Case("tc512", "TC at 512, TCP works", one(m.tc_at_512), DANE, many=True,
         alone="ok"),
    Case("tcrefused", "TC at 512, TCP refused", one(m.tc_at_512, False),
         many=True, unsigned="dane", alone="SERVFAIL"),
    Case("tchang", "TC at 512, TCP hangs", one(m.tc_at_512, "hang"),
         many=True, unsigned="dane", alone="SERVFAIL"),
    Case("lost1232", "answers above 1232 are lost", one(m.lost_above(1232)),
         many=True, alone="SERVFAIL"),
    Case("lost512", "answers above 512 are lost", one(m.lost_above(512)),
         many=True, alone="SERVFAIL"),
    Case("tlsadrop", "TLSA dropped",
         one(m.for_type(T.TLSA, lambda x: None)), TEMP, alone="ok"),
    Case("tlsanotimp", "NOTIMP to TLSA",
         one(m.for_type(T.TLSA, lambda x: x.error(R.NOTIMP))), TEMP,
         alone="ok"),
    Case("tlsaservfail", "SERVFAIL to TLSA",
         one(m.for_type(T.TLSA, lambda x: x.error(R.SERVFAIL))), TEMP,
         alone="ok"),
    Case("tlsarefused", "REFUSED to TLSA",
         one(m.for_type(T.TLSA, lambda x: x.error(R.REFUSED))), TEMP,
         alone="ok"),
    Case("tlsaformerr", "FORMERR to TLSA",
         one(m.for_type(T.TLSA, lambda x: x.error(R.FORMERR))), TEMP,
         alone="ok"),
    Case("tlsanx", "NXDOMAIN to TLSA",
         one(m.for_type(T.TLSA, lambda x: x.error(R.NXDOMAIN))), TEMP,
         alone="ok"),
    Case("aaaadrop", "AAAA dropped",
         one(m.for_type(T.AAAA, lambda x: None)), DANE,
         alone="SERVFAIL for AAAA"),
    Case("aaaaservfail", "SERVFAIL to AAAA",
         one(m.for_type(T.AAAA, lambda x: x.error(R.SERVFAIL))), DANE,
         alone="SERVFAIL for AAAA"),
    Case("aaaanx", "NXDOMAIN to AAAA",
         one(m.for_type(T.AAAA, lambda x: x.error(R.NXDOMAIN))), DANE,
         alone="ok"),
    Case("entnx", "NXDOMAIN for empty non-terminals", one(m.ent_nxdomain),
         DANE, alone="ok"),
    Case("foreignsoa", "NODATA with another zone's SOA", one(m.foreign_soa),
         DANE, alone="ok"),
    Case("nosoa", "NODATA without SOA", one(m.no_soa()), DANE,
         alone="ok, denials unconfirmed"),
    Case("selfref", "NODATA as a referral to itself", one(m.as_referral("")),
         DANE, newer=TEMP, alone="ok, takes it for a denial"),
    Case("upref", "NODATA as a referral upwards", one(m.as_referral(".")),
         alone="SERVFAIL"),
    Case("noaa", "AA missing", one(m.without_flags(m.dns.flags.AA)), DANE,
         alone="ok"),
    Case("raonly", "RA set, AA missing",
         one(m.without_flags(m.dns.flags.AA, m.dns.flags.RA)), DANE,
         alone="ok"),
    Case("late2", "answers after 2 s", one(m.late(2)), DANE,
         alone="ok after 7 s"),
    Case("lower", "lower-cases the question", one(m.recase(bytes.lower)),
         DANE, alone="ok"),
    Case("upper", "upper-cases the question", one(m.recase(bytes.upper)),
         DANE, alone="ok"),
    Case("falsecname", "a false CNAME for types but A", one(m.false_cname),
         TEMP, alone="ok"),
    Case("options", "FORMERR to unknown EDNS options",
         one(m.formerr_to_options), DANE, alone="ok"),
    Case("lossy", "loses half the packets", one(m.lossy(0.5)), alone="slow"),
    Case("dead", "all servers silent", one(m.drop_all), TEMP, unsigned="dane",
         alone="SERVFAIL after 130 s"),
    # two servers, one of them healthy
    Case("onerefused", "one of two REFUSES",
         bad_one(m.rcode_to_edns(R.REFUSED)), DANE,
         alone="ok"),
    Case("oneservfail", "one of two SERVFAILs",
         bad_one(m.rcode_to_edns(R.SERVFAIL)), DANE, alone="ok"),
    Case("oneup", "one of two refers upwards", bad_one(m.upper_refer), DANE,
         alone="ok"),
    Case("onedead", "one of two silent", bad_one(m.drop_all), DANE,
         alone="ok"),
    Case("onedropedns", "one of two drops EDNS",
         bad_one(m.to_edns(lambda x: None)), DANE, alone="ok"),
    Case("onenorrsig", "one of two strips signatures", bad_one(m.no_rrsig),
         alone="ok"),
    Case("oneforging", "one of two lies", bad_one(m.forge_all), SAFE,
         alone="ok"),
    Case("tlsav6", "TLSA dropped over IPv4, answered over IPv6",
         bad_one(m.for_type(T.TLSA, lambda x: None)), DANE, ipv6=True,
         alone="ok"),
    # real servers, misled
    *[Case(f"named{flag}", f"named -T {flag}", [], signed, named=flag,
           rung=rung, alone=alone)
      for flag, signed, rung, alone in (
          ("ednsformerr", TEMP, "", "ok"),
          ("ednsnotimp", TEMP, "", "ok"),
          ("ednsrefused", TEMP, "plain", "SERVFAIL"),
          ("dropedns", TEMP, "plain", "SERVFAIL after 102 s"),
          ("noedns", TEMP, "", "ok"),
          ("maxudp512", SAFE, "", "ok"),
          ("notcp", DANE, "", "ok"),
          ("nosoa", DANE, "", "ok, denials unconfirmed"),
          ("noaa", DANE, "", "ok"))],
]

# On-path attackers against the signed zone a-NAME.nsec: whatever they do, the
# verdict is "dane" or TEMP.
ATTACKS = {
    "forge": m.forge_all,
    "strip": m.strip_all,
    "forgeplain": m.drop_edns_forge_plain,
    "refer": m.drop_edns_refer_elsewhere,
    "dropmx": m.drop_types(T.MX),
    "dropa": m.drop_types(T.A, T.AAAA),
    "droptlsa": m.drop_types(T.TLSA),
    "dropkey": m.drop_types(T.DNSKEY),
    "dropds": m.drop_types(T.DS, T.MX),
    "forgemx": m.forge_types(T.MX),
    "forgea": m.forge_types(T.A, T.AAAA),
    "forgetlsa": m.forge_types(T.TLSA),
    "forgekey": m.forge_types(T.DNSKEY),
    "striptlsa": m.strip_types(T.TLSA),
    "stripa": m.strip_types(T.A, T.AAAA),
    "foreigncut": m.add_foreign_cut("cut"),
    "foreigncuttlsa": m.add_foreign_cut("cut", (T.TLSA,)),
    "denydsdrop": m.deny_ds(m.drop_types(T.TLSA, T.A, T.AAAA, T.MX)),
    "denydsforge": m.deny_ds(m.forge_types(T.TLSA, T.A, T.AAAA, T.MX)),
    "denydsplain": m.deny_ds(m.drop_edns_forge_plain),
    "replay": m.replay_denial("_25._tcp.bare"),
    "silence": m.drop_all,
    "refuse": m.rcode_to_edns(R.REFUSED),
    "badvers": m.rcode_to_edns(R.BADVERS, True),
}

HOST = "\n".join(f"mx A 10.25.9.{i}" for i in range(1, 31))


def records(case_many, signed=True):
    text = "@ MX 10 mx\n"
    text += HOST if case_many else "mx A 10.25.9.1"
    if signed:
        text += f"\n_25._tcp.mx TLSA {USABLE}"
    return text


class Addresses:
    """Hands out addresses for servers."""

    def __init__(self):
        self.next = 0

    def take(self, ipv6=False):
        self.next += 1
        high, low = divmod(self.next, 250)
        if ipv6:
            return f"fd00:53::a:{self.next:x}"
        return f"10.53.{10 + high}.{low + 1}"


ADDRESSES = Addresses()


def served(zone, servers, ipv6=False, server="backend"):
    """A zone on misbehaving servers, a name and an address for each.  @server:
    what is behind them.  Where a zone and the one below it share one, those of
    the upper one answer for both."""
    zone.server = server
    lines = []
    for i, (behaviour, tcp) in enumerate(servers):
        address = ADDRESSES.take(ipv6 and i == 1)
        rtype = "AAAA" if ":" in address else "A"
        lines += [f"@ NS ns{i}", f"ns{i} {rtype} {address}"]
        zone.proxies.append((address, behaviour, tcp))
    zone.ns = "\n".join(lines)
    return zone


def on_named(zone, flag):
    address = ADDRESSES.take()
    zone.server = f"named-{flag}"
    zone.ns = f"@ NS ns\nns A {address}"
    zone.proxies = [(address, None, True)]
    return zone


def case_zones():
    for case in CASES:
        for signed in (False, True):
            zone = Zone(("s-" if signed else "u-") + case.name + ".nsec",
                        records(case.many), "ecdsa" if signed else "")
            if case.named:
                yield on_named(zone, case.named)
            else:
                yield served(zone, case.servers, case.ipv6)


HIDDEN = (150, 151, 3000)  # iterations


def attack_zones():
    for name, behaviour in ATTACKS.items():
        yield served(Zone(f"a-{name}.nsec", records(False) + """
            cut NS ns.elsewhere.unsigned.
            bare A 10.25.9.2
        """, "ecdsa"), one(behaviour))
    # The same with 150 iterations of NSEC3.
    for name in ("dropmx", "dropa", "droptlsa", "forgemx", "forgea",
                 "forgetlsa", "denydsforge", "denydsdrop", "striptlsa"):
        yield served(Zone(f"i-{name}.nsec", records(False), "ecdsa",
                          denial="nsec3", iterations=150),
                     one(ATTACKS[name]))
    # Denials that libunbound looks at, and denials that it does not.
    for iterations in HIDDEN:
        yield served(Zone(f"h{iterations}-hide.nsec", records(False), "ecdsa",
                          denial="nsec3", iterations=iterations),
                     one(m.hide_addresses))
        name = f"d.h{iterations}-below.nsec"
        yield served(Zone(name.partition(".")[2], "d MX 10 mx.d\n"
                          f"mx.d A 10.25.9.1\n_25._tcp.mx.d TLSA {USABLE}",
                          "ecdsa", denial="nsec3", iterations=iterations),
                     one(m.ForgeBelow(name, "host.plain.unsigned.").behave))
    # The attacker sits at the parent of a signed zone.
    for name, behaviour in (
            ("strip", m.strip_types(T.DS)),
            ("forge", m.forge_types(T.DS)),
            ("drop", m.drop_types(T.DS)),
            ("foreign", m.add_foreign_cut("other", (T.A,)))):
        yield served(Zone(f"p-{name}.nsec", "other NS ns.elsewhere.unsigned.",
                          "ecdsa"), one(behaviour))
        yield served(Zone(f"child.p-{name}.nsec", records(False), "ecdsa"),
                     one(m.healthy if name != "foreign" else m.drop_edns_forge_plain))


# Rows with a shape of their own: (key, allowed verdicts, what).
SPECIAL = [
    ("two-tlsadrop.nsec", DANE,
     "all servers drop TLSA, a second MX host has none"),
    ("tlsaintobroken.nsec", ("may",),
     "TLSA by an alias into an unsigned zone that drops EDNS"),
    ("cutdead.nsec", ("may",),
     "an insecure delegation at _tcp, its servers dead"),
    ("badsoa.nsec", TEMP, "denials with a badly signed SOA"),
    ("compact.nsec", ("may",), "compact denial (NSEC \\000.) for TLSA"),
    # DVE-2017-0008 and DVE-2017-0015 of the list of DNS violations
    ("child.dsnosoa.nsec", ("may",),
     "DS denied without SOA, the child drops EDNS"),
    ("child.dsnoproof.nsec", TEMP,
     "DS denied without SOA, but with the SOA's signature, which is bogus; the "
     "child stumbles over EDNS"),
    ("child.nobit.nsec", TEMP,
     "DS denied without the NS bit, the child drops EDNS"),
    # The shape of the founding incident: DVE-2020-0003
    *[(f"o365{kind}.nsec", ("may",), f"the incident's shape, servers {kind}")
      for kind in ("formerr", "dropedns", "refused")],
    ("aliasattack.nsec", SAFE,
     "an alias with TLSA, the attacker drops its target's A"),
    ("aliasdrop.nsec", SAFE, "an alias with TLSA into a healthy unsigned "
     "zone, the attacker drops the alias's DS and CNAME"),
    ("aliasdeny.nsec", SAFE, "an alias with TLSA, the attacker denies its "
     "target's addresses"),
    ("ourselves.nsec", ("dane",), "glue is 127.0.0.25"),
    ("noroute.nsec", ("dane",), "glue is 10.0.0.1, unroutable"),
    # more
    ("x.cnamezone.nsec", ("may",), "an alias into a broken unsigned zone"),
    ("viabroken.nsec", ("may",),
     "signed MX, host in an unsigned zone that drops EDNS"),
    ("loopa.nsec", ("dane",), "servers' names depend on each other in a loop"),
]


def special_zones():
    drop = m.to_edns(lambda x: None)
    yield served(Zone("two-tlsadrop.nsec", "@ MX 10 mx\n@ MX 20 "
                      "absent.hosts.nsec.\nmx A 10.25.9.1\n"
                      f"_25._tcp.mx TLSA {USABLE}", "ecdsa"),
                 one(m.drop_types(T.TLSA)))
    yield Zone("tlsaintobroken.nsec", "@ MX 10 mx\nmx A 10.25.9.1\n"
               "_25._tcp.mx CNAME _tlsa.u-dropedns.nsec.", "ecdsa")
    yield Zone("cutdead.nsec", "@ MX 10 mx\nmx A 10.25.9.1", "ecdsa")
    yield served(Zone("_tcp.mx.cutdead.nsec", "@ TXT x", ds=False),
                 one(m.drop_all))
    yield Zone("badsoa.nsec", "@ MX 10 mx\nmx A 10.25.9.1", "ecdsa",
               fault={("badsoa.nsec", "SOA"): "alter"})
    yield served(Zone("compact.nsec", "@ MX 10 mx\nmx A 10.25.9.1", "ecdsa"),
                 one(compact_denial))
    yield served(Zone("dsnosoa.nsec", "@ TXT x", "ecdsa"),
                 one(m.no_soa()), server="leaf")
    yield served(Zone("child.dsnosoa.nsec", records(False)), one(drop))
    yield served(Zone("dsnoproof.nsec", "@ TXT x", "ecdsa"),
                 one(m.no_soa(keep_signature=True)), server="leaf")
    yield served(Zone("child.dsnoproof.nsec", records(False)),
                 one(m.rcode_to_edns(R.BADVERS, True)))
    yield Zone("nobit.nsec", "@ TXT x", "ecdsa",
               fault={("child.nobit.nsec", "NSEC"): "no-ns-bit"})
    yield served(Zone("child.nobit.nsec", records(False)), one(drop))
    for kind, behaviour in (("formerr", m.rcode_to_edns(R.FORMERR)),
                            ("dropedns", drop),
                            ("refused", m.rcode_to_edns(R.REFUSED))):
        servers = served(Zone(f"o365{kind}servers.nsec", "@ TXT x"),
                         one(behaviour))
        address = servers.proxies[0][0]
        servers.records += f"\nns1 A {address}\nns2 A {address}"
        yield servers
        yield Zone(f"o365{kind}.nsec", records(False, False),
                   server="backend",
                   ns=f"@ NS ns1.o365{kind}servers.nsec.\n"
                      f"@ NS ns2.o365{kind}servers.nsec.")
    yield Zone("aliasattack.nsec", "@ MX 10 mx\nmx CNAME mx.aliastarget.nsec."
               f"\n_25._tcp.mx TLSA {USABLE}", "ecdsa")
    yield served(Zone("aliastarget.nsec", "mx A 10.25.9.1"),
                 one(m.drop_types(T.A, T.AAAA)))
    yield served(Zone("aliasdrop.nsec", "@ MX 10 mx\nmx CNAME "
                      f"host.plain.unsigned.\n_25._tcp.mx TLSA {USABLE}",
                      "ecdsa"), one(m.late_and_drop(1, T.DS, T.CNAME)))
    yield Zone("aliasdeny.nsec", "@ MX 10 mx\nmx CNAME mx.aliasdenied.nsec."
               f"\n_25._tcp.mx TLSA {USABLE}", "ecdsa")
    yield served(Zone("aliasdenied.nsec", "mx A 10.25.9.1"),
                 one(m.for_type(T.A, lambda x: x.error(R.NXDOMAIN))))
    yield Zone("ourselves.nsec", records(False, False), server="",
               ns="@ NS ns\nns A 127.0.0.25")
    yield Zone("noroute.nsec", records(False, False), server="",
               ns="@ NS ns\nns A 10.0.0.1")
    yield Zone("cnamezone.nsec", "x CNAME u-dropedns.nsec.", "ecdsa")
    yield Zone("viabroken.nsec", "@ MX 10 mx.u-dropedns.nsec.", "ecdsa")
    yield Zone("loopa.nsec", records(False, False), server="backend",
               ns="@ NS ns.loopb.nsec.")
    yield Zone("loopb.nsec", records(False, False), server="backend",
               ns="@ NS ns.loopa.nsec.")


async def compact_denial(x):
    """RFC 9824: a denial made for the question, signed on the spot."""
    import signer
    reply = await x.real()
    if reply.answer:
        return reply.to_wire()
    zone = x.proxy.zone.rstrip(".")
    types = {"mx.compact.nsec": "A RRSIG NSEC"}.get(x.name, "RRSIG NSEC")
    made = signer.Signer(zone, {}, "ecdsa")
    made.put_signed(x.name, "NSEC", [rf"\000.{x.name}. {types}"])
    soa = await x.proxy.ask_backend(m.dns.message.make_query(
        x.proxy.zone, "SOA", want_dnssec=True).to_wire(), True)
    reply = x.empty()
    reply.use_edns(0, m.dns.flags.DO, 1232)
    reply.authority = m.dns.message.from_wire(soa).answer + \
        m.dns.zonefile.read_rrsets("\n".join(made.lines), rdclass=None)
    return reply.to_wire()


# Silent at first; the test repairs their servers.
REPAIRED = {"u-repaired.nsec": "may", "s-repaired.nsec": "dane"}


def repaired_zones():
    for key in REPAIRED:
        yield served(Zone(key, records(False), "ecdsa" if key[0] == "s"
                          else ""), one(m.drop_all))


def all_zones():
    return [*case_zones(), *attack_zones(), *special_zones(),
            *repaired_zones()]


ATTACK_KEYS = (
    [f"{attack}.nsec" for iterations in HIDDEN
     for attack in (f"h{iterations}-hide", f"d.h{iterations}-below")] +
    [f"a-{name}.nsec" for name in ATTACKS]
    + [f"i-{name}.nsec" for name in (
        "dropmx", "dropa", "droptlsa", "forgemx", "forgea", "forgetlsa",
        "denydsforge", "denydsdrop", "striptlsa")]
    + [f"child.p-{name}.nsec" for name in ("strip", "forge", "drop",
                                           "foreign")])


# ---- the table of README.md; tests/tools/check-docs compares it ----

def level_text(levels):
    return " or ".join(level if level == "TEMP" else f"`{level}`"
                       for level in levels)


def signed_text(case):
    if not case.newer:
        return level_text(case.signed)
    return (f"{level_text(case.signed)} (libunbound 1.17), "
            f"{level_text(case.newer)} (1.26)")


def table_text(cases):
    lines = ["| what the servers of the zone do | libunbound alone, unsigned "
             "zone | postdane, unsigned zone | postdane, signed zone |",
             "|---|---|---|---|"]
    lines += [f"| {case.what} | {case.alone} | {level_text([case.unsigned])} "
              f"| {signed_text(case)} |" for case in cases]
    return "\n".join(lines)


def markdown():
    """What libunbound alone gets wrong, and the rest folded away."""
    wrong = [case for case in CASES if not case.alone.startswith("ok")]
    rest = [case for case in CASES if case.alone.startswith("ok")]
    return (f"{table_text(wrong)}\n\n<details>\n<summary>{len(rest)} more "
            "rows, where libunbound alone gets through as well</summary>\n\n"
            f"{table_text(rest)}\n\n</details>")


if __name__ == "__main__":
    print(markdown())
