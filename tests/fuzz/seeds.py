"""The seeds of tests/fuzz/corpus, made by hand and from the lab's servers:

    tests/lab/run -- env PYTHONPATH=tests/lab /usr/bin/python3 tests/fuzz/seeds.py

Inputs that fuzzing has found are kept beside them, under other names.
"""

import pathlib
import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset

import lab as lab_module
import matrix

CORPUS = pathlib.Path(__file__).parent / "corpus"
SECURE, INSECURE, BOGUS = 3, 2, 1
ANSWERED, NEVER, LATE, LATER = 4, 8, 0x20, 0x30


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def piece(data):
    return struct.pack("!H", len(data)) + data


def netstring(text):
    return b"%d:%s," % (len(text), text)


# ---- protocols, keys, names ----

KEYS = [b"example.org", b"EXAMPLE.ORG.", b"example.org:587", b".example.org",
        b"[mx.example.org]", b"[mx.example.org]:submission", b"[10.25.0.1]",
        b"[IPv6:fd00::1]:25", "b\u00fccher.example".encode(), b"unix:/path",
        b"192.0.2.1", b"2001:db8::1", b"a_b.example", b"x..y", b"\\046.a",
        b"xn--bcher-kva.example:0", b"[a]:smtp", b"a:99999", b"-a.example"]


def questions():
    def message(name, text="example.org", rtype="MX", change=None, **kwargs):
        query = dns.message.make_query(text, rtype, **kwargs)
        query.id = 4711
        if change:
            change(query)
        write("dns_message", name, query.to_wire())

    message("plain")
    message("do", want_dnssec=True, payload=1200)
    message("any", rtype="ANY")
    message("axfr", rtype="AXFR")
    message("chaos", text="version.bind", rtype="TXT", rdclass="CH")
    message("version", use_edns=1)
    message("option", use_edns=0, options=[dns.edns.GenericOption(10, b"x" * 8)])
    message("norecursion", change=lambda q: setattr(q, "flags", 0))
    message("response", change=lambda q: setattr(
        q, "flags", q.flags | dns.flags.QR))
    message("update", change=lambda q: setattr(q, "flags", 5 << 11))
    message("escaped", text="a\\.b\\000.EXAMPLE", rtype="TXT")
    message("root", text=".", rtype="NS")
    message("long", text=".".join(["a" * 63] * 3 + ["b" * 61]))
    wire = dns.message.make_query("example.org", "A").to_wire()
    write("dns_message", "cut", wire[:-3])
    write("dns_message", "header", wire[:12])
    write("dns_message", "trailing", wire + b"xx")
    write("dns_message", "two", wire[:5] + b"\x02" + wire[6:] + wire[12:])
    write("dns_message", "pointer", wire[:12] + b"\xc0\x0c\0\1\0\1")


def protocols():
    for i, key in enumerate(KEYS):
        quoted = b"".join(b"%%%02X" % c if c in b"% \n" or c > 126 else
                          bytes([c]) for c in key)
        write("nexthop", f"{i:02}", key)
        write("socketmap", f"{i:02}", netstring(b"query " + key))
        write("tcp_table", f"{i:02}", b"get " + quoted + b"\n")
        write("domain", f"text-{i:02}", b"\x01" + key)
    write("socketmap", "pipelined", netstring(b"a b") * 3)
    write("socketmap", "cut", b"17:query exam")
    write("socketmap", "long", b"10001:" + b"a" * 300)
    write("socketmap", "nocomma", b"17:query example.org")
    write("socketmap", "zeros", b"0003:a b,")
    write("socketmap", "nothing", b"0:,")
    write("tcp_table", "put", b"put a b\n")
    write("tcp_table", "pipelined", b"get a\nget b%20c\r\nget %\n")
    write("tcp_table", "long", b"get " + b"a" * 5000)


def names():
    for i, text in enumerate((".", "nsec.", "dane.d.nsec.", r"a\.b.c\000.",
                              "*._tcp.mx.", "a." * 127, "a" * 63 + ".b.")):
        write("domain", f"wire-{i}",
              b"\x00" + dns.name.from_text(text).to_wire())
    write("domain", "pointer", b"\x00\x01a\xc0\x0c")
    write("domain", "cut", b"\x00\x05abc")


def config():
    write("conf", "empty", b"")
    write("conf", "all", b"""no-dane-policy = may
no-dane-policy-explicit = notfound
control-socket = ""
max-connections = 10
user = ""
log-target = stderr
map "chain" { no-dane-policy = notfound }
map "strict" { no-dane-policy = encrypt dane-only = when-complete
    insecure-mx = encrypt }
tcp-table-map = "strict"
""")
    for i, text in enumerate((
            b'socketmap-listen = { "inet:[::1]:1", "unix:/x" }\n',
            b'zone "." { forward = { "192.0.2.53", "[::1]:53" } }\n',
            b'zone "a.b" { stub = { "192.0.2.53" } insecure = yes }\n',
            b'resolver-options = { "outgoing-range: 4096" }\n# x\n/* y */',
            b"no-dane-policy = 'may'; default-port = 70000\n",
            b'map "a" { dane-only = "never" }\nmap "a" { }\n',
            b"lookup-deadline = -1", b'log-level = debug + "x"')):
        write("conf", f"{i}", text)


def root_files(running):
    write("root_file", "hints", running.hints.read_bytes())
    write("root_file", "anchor", running.anchor.read_bytes())
    write("root_file", "parentheses", b'$ORIGIN .\n@ ( IN\n3600 DNSKEY ; x\n'
          b'257 3 13 "a b" )\n$INCLUDE /x\n$TTL 1h\n')


# ---- RDATA ----

def rdata():
    def mx(preference, name):
        return piece(struct.pack("!H", preference) +
                     dns.name.from_text(name).to_wire())
    write("mx", "two", mx(20, "b.example.") + mx(10, "a.example."))
    write("mx", "null", mx(0, "."))
    write("mx", "nullbeside", mx(0, ".") + mx(10, "a.example."))
    write("mx", "twice", mx(9, "A.example.") + mx(1, "a.example."))
    write("mx", "numeric", mx(9, "192.0.2.1.") + mx(9, "1.2."))
    write("mx", "many", b"".join(mx(i, f"m{i}.e.") for i in range(25)))
    write("mx", "cut", piece(b"\x00") + piece(b"\x00\x0a\x03ab"))
    write("mx", "trailing", piece(b"\x00\x0a\x01a\x00\xff"))
    digest = bytes(range(32))
    for usage in (0, 1, 2, 3, 255):
        for selector, mtype in ((0, 0), (0, 1), (1, 1), (1, 2), (7, 1)):
            write("tlsa", f"{usage}-{selector}-{mtype}", piece(bytes(
                [usage, selector, mtype]) + digest * (mtype or 1)))
    import cryptography.hazmat.primitives.asymmetric.ec as ec
    import cryptography.hazmat.primitives.serialization as ser
    key = ec.derive_private_key(4711, ec.SECP256R1()).public_key()
    write("tlsa", "spki", piece(b"\x03\x01\x00" + key.public_bytes(
        ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)))
    write("tlsa", "short", piece(b"\x03\x01\x01") + piece(b"\x03"))


# ---- MTA-STS ----

POLICY = b"version: STSv1\nmode: enforce\nmax_age: 604800\n"


def policies():
    def txt(*strings):
        return piece(b"".join(bytes([len(s)]) + s for s in strings))

    write("sts_record", "one", txt(b"v=STSv1; id=20160831085700Z;"))
    write("sts_record", "strings", txt(b"v=ST", b"", b"Sv1;id=", b"1"))
    write("sts_record", "beside", txt(b"v=spf1 -all") + txt(b"v=STSv1;id=1"))
    write("sts_record", "two", txt(b"v=STSv1;id=1") + txt(b"v=STSv1;id=2"))
    write("sts_record", "extension", txt(b"v=STSv1 ; a-b=c ;id=1; id=2"))
    write("sts_record", "badid", txt(b"v=STSv1; id=2020-01-01"))
    write("sts_record", "longid", txt(b"v=STSv1; id=" + b"a" * 33))
    write("sts_record", "noid", txt(b"v=STSv1; a=b;"))
    write("sts_record", "over", piece(b"\x0dv=STSv1;id=1"))
    write("sts_record", "nul", txt(b"v=STSv1;id=1\0"))
    for name, text in {
            "plain": POLICY + b"mx: mx1.example.org\nmx: *.example.net\n",
            "crlf": (POLICY + b"mx: a.example").replace(b"\n", b"\r\n"),
            "none": b"version: STSv1\nmode: none\nmax_age: 86400\n",
            "testing": b"mx: a.b.\nmax_age:1\nmode:testing\nversion:STSv1",
            "blank": b"\xef\xbb\xbf" + POLICY + b"\n \t\nmx: a.example\n\n",
            "address": POLICY + b"mx: 192.0.2.7\nmx: a.example\nmx: [::1]\n",
            "unicode": POLICY + "mx: mail.b\u00fccher.example\n".encode(),
            "typo": POLICY + b"nmx: a.example\n",
            "twice": POLICY + b"mx: a.b\nmx: A.B\nmode: none\n",
            "word": POLICY + b"mx: hostname\nmx: *\nmx: .x\nmx: a_b.c\n",
            "braces": POLICY + b"mx: a.b\nx: } match=c.d {\ny: a, b = c\n",
            "long": POLICY + b"max_age: 9999999999\nmx: a.b\nx: \xff\n",
            "html": b"<!DOCTYPE html>\n<title>404: not found</title>\n",
            "many": POLICY + b"".join(b"mx: m%d.e\n" % (i % 90)
                                      for i in range(150))}.items():
        write("sts_policy", name, text)
    for i, text in enumerate((
            b"mx.example.org", b"*.example.net", b"A_b.Example.", b"hostname",
            b"192.0.2.7", b"[2001:db8::7]", b"*", b".x", b"*.*.a", b"a..b",
            "b\u00fccher.example".encode(), "*.\uff11.a\u3002b".encode(),
            b"\\097.a", b"a." * 126 + b"b", b"a\0b", b"nexthop.")):
        write("mx_pattern", f"{i:02}", text)


# ---- packets ----

def ask(server, name, rdtype, dnssec=True):
    query = dns.message.make_query(name, rdtype, want_dnssec=dnssec)
    query.id = 4711
    query.flags = 0
    reply = dns.query.udp(query, server, timeout=2)
    return reply.to_wire()


ROOT, TLD, LEAF = "10.53.0.1", "10.53.0.2", "10.53.0.3"


def denials():
    """DS questions of every kind; the root and the TLD as signed zones."""
    cases = {
        "nsec-cut": (TLD, "plain.nsec"), "nsec3-cut": (TLD, "plain.nsec3"),
        "optout-cut": (TLD, "plain.optout"), "signed": (TLD, "hosts.nsec"),
        "optout-nxdomain": (TLD, "missing.optout"),
        "nsec-nxdomain": (TLD, "missing.nsec"),
        "nsec3-nxdomain": (TLD, "missing.nsec3"),
        "algorithm": (TLD, "algorithm.nsec"), "digest": (TLD, "digest.nsec"),
        "nocut": (LEAF, "usable.hosts.nsec"),
        "alias": (LEAF, "alias.hosts.nsec"),
        "dname": (LEAF, "under.dname.nsec"),
        "belowdname": (LEAF, "x.under.dname.nsec"),
        "iterations": (LEAF, "mx.iter150.nsec"),
        "tcp": (LEAF, "_tcp.mx.cuttcp.nsec"),
        "wildcard": (LEAF, "x.wild.hosts.nsec"),
        "unsigned": (LEAF, "plain.unsigned"),
    }
    for name, (server, qname) in cases.items():
        packet = ask(server, qname, "DS")
        for labels in (0, 1):
            write("proof_judge", f"{name}-{labels}", bytes([labels]) + packet)
    # A window of the bit map that is longer than what is left.
    write("proof_judge", "bitmap", b"\x00" + ask(
        TLD, "plain.nsec", "DS").replace(b"\x00\x06\x20\x00\x00",
                                         b"\x01\x07\x20\x00\x00"))
    over = ask(LEAF, "mx.iter150.nsec", "DS").replace(
        struct.pack("!H", 150), struct.pack("!H", 3000))
    write("proof_judge", "overlimit", bytes([2]) + over)


def exchanges():
    real = ask(LEAF, "mx.plain.nsec", "A", False)
    write("upstream", "real", real)
    write("upstream", "upper", real.replace(b"plain", b"PlAiN"))
    write("upstream", "formerr", struct.pack("!HHHHHH", 0, 0x8001, 0, 0, 0, 0))
    write("upstream", "other", ask(LEAF, "mail.plain.nsec", "A", False))
    write("upstream", "cut", real[:-3])


def message(*sections, aa=False, rcode=0, name="mx.plain.nsec", rdtype="A"):
    reply = dns.message.make_response(dns.message.make_query(name, rdtype))
    reply.id = 4711
    if aa:
        reply.flags |= dns.flags.AA
    reply.set_rcode(rcode)
    for section, lines in zip((reply.answer, reply.authority,
                               reply.additional), sections):
        for line in lines:
            owner, kind, data = line.split(None, 2)
            section.append(dns.rrset.from_text(owner, 300, "IN", kind, data))
    return reply.to_wire()


ANSWERS, NO_ROUTE, SILENT, SLOW = 0, 1, 2, 3


def served(packet, how=ANSWERS):
    return bytes([how]) + piece(packet)


def found(*rdata):
    return bytes([len(rdata)]) + b"".join(map(piece, rdata))


def plain():
    names = found(*(dns.name.from_text(n).to_wire()
                    for n in ("ns.nsec.", "ns2.nsec.")))
    address = found(bytes([10, 53, 0, 2]))
    start = names + address + found() + address + found()
    referral = served(message([], ["plain.nsec. NS ns.plain.nsec."],
                              ["ns.plain.nsec. A 10.53.0.3"]))
    data = served(message(["mx.plain.nsec. A 10.25.0.1"], aa=True))
    write("plain", "data", start + data)
    write("plain", "referral", start + referral + data)
    write("plain", "glueless", start + served(message(
        [], ["plain.nsec. NS ns.other.nsec."])) + address + found() + data)
    write("plain", "alias", start + served(message(
        ["mx.plain.nsec. CNAME a.plain.nsec."], aa=True)))
    write("plain", "denial", start + served(message(
        [], ["plain.nsec. SOA a. b. 1 1 1 1 60"], aa=True, rcode=3)))
    write("plain", "upwards", start + served(message([], [". NS a."])) + data)
    write("plain", "loop", start + referral * 3 + data)
    write("plain", "refused", start + served(message(rcode=5)) + data)
    write("plain", "silent", start + bytes([SILENT]) + data)
    write("plain", "noroute", start + bytes([NO_ROUTE]) + data)
    write("plain", "loopback", names + found(bytes([127, 0, 0, 1])) +
          found(bytes(15) + b"\x01") + data)
    write("plain", "garbage", start + served(b"\x00" * 12) + data)


def said(security, packet, how=0):
    return bytes([ANSWERED | security | how]) + piece(packet)


FAILED = bytes([0])
HANGS = bytes([NEVER])


def lookups():
    def start(name, kind=0, flags=0):
        return bytes([kind | flags]) + piece(
            dns.name.from_text(name).to_wire())
    mx = ask(LEAF, "dane.d.nsec", "MX")
    write("lookup", "secure", start("dane.d.nsec.") + said(SECURE, mx))
    write("lookup", "late", start("dane.d.nsec.") + said(SECURE, mx, LATE))
    write("lookup", "twice", start("dane.d.nsec.", 0, 8) + said(SECURE, mx))
    write("lookup", "bogus", start("dane.d.nsec.") + said(BOGUS, mx) +
          said(BOGUS, mx) * 6)
    write("lookup", "fresh", start("dane.d.nsec.") + said(BOGUS, mx) +
          said(SECURE, mx) * 6)
    write("lookup", "bogus-walk", start("dane.d.nsec.") + said(BOGUS, mx) +
          FAILED * 5)
    write("lookup", "bogus-tlsa", start("_25._tcp.usable.hosts.nsec.", 3) +
          said(BOGUS, ask(LEAF, "_25._tcp.usable.hosts.nsec", "TLSA")) * 2)
    tld = said(SECURE, ask(ROOT, "nsec", "DS"))
    cut = said(SECURE, ask(TLD, "plain.nsec", "DS"))
    data = ask(LEAF, "plain.nsec", "MX")
    for order, walk in (("a", FAILED + tld + cut), ("b", tld + FAILED + cut),
                        ("c", tld + cut + FAILED)):
        write("lookup", f"bogus-cut-{order}", start("plain.nsec.", 0, 4) +
              FAILED + walk.replace(cut, said(BOGUS, cut[3:])))
        write("lookup", f"insecure-{order}", start("plain.nsec.") +
              said(INSECURE, data) + walk)
        for first, what in ((FAILED, "failed"), (HANGS, "hangs")):
            servers = said(SECURE, ask(TLD, "nsec", "NS")) + said(
                SECURE, ask(TLD, "ns.nsec", "A")) + said(
                SECURE, ask(TLD, "ns.nsec", "AAAA"))
            referral = served(ask(TLD, "plain.nsec", "MX", False))
            write("lookup", f"plain-{what}-{order}",
                  start("plain.nsec.", 0, 8) + first + walk + servers +
                  referral + served(ask(LEAF, "plain.nsec", "MX", False)))
    write("lookup", "optout", start("plain.optout.") + said(INSECURE, ask(
        LEAF, "plain.optout", "MX")) + FAILED + said(SECURE, ask(
            ROOT, "optout", "DS")) + said(INSECURE, ask(
                TLD, "plain.optout", "DS")))
    signed = said(SECURE, ask(TLD, "hosts.nsec", "DS"))
    write("lookup", "signed", start("usable.hosts.nsec.", 1) + FAILED + FAILED
          + tld + signed + said(SECURE, ask(LEAF, "usable.hosts.nsec", "DS")))
    write("lookup", "alias", start("crossing.hosts.nsec.", 1) + FAILED + said(
        SECURE, ask(LEAF, "crossing.hosts.nsec", "CNAME")) + tld + signed)
    write("lookup", "need", start("plain.nsec.", 3, 4) + FAILED + FAILED +
          tld + cut)


def main():
    running = lab_module.Lab(
        [*lab_module.table.ZONES, *matrix.all_zones()]).start()
    protocols()
    questions()
    names()
    config()
    root_files(running)
    rdata()
    policies()
    denials()
    exchanges()
    plain()
    lookups()
    running.stop()


if __name__ == "__main__":
    main()
