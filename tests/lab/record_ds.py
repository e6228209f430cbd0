"""Record what libunbound hands over for DS questions, honest ones and attacks:
the packets that tests/unit/test_proof_judge.c judges.  As root:

    tests/lab/run --servers build/servers -- /usr/bin/python3 \\
        tests/lab/record_ds.py > tests/unit/ds_packets.h && \\
        clang-format -i tests/unit/ds_packets.h

Each question goes to a libunbound context of its own, with the options that
unbound_context.c sets, over the event API's twin ub_resolve(): the packet is the
same.
"""

import ctypes
import json
import sys

import dns.message
import dns.zonefile

import lab as lab_module
import misbehave as m
import signer
import zones as table
from matrix import one, served
from zones import DIGEST, Zone

OPTIONS = {
    "qname-minimisation:": "no",
    "aggressive-nsec:": "no",
    "val-log-level:": "2",
    "val-nsec3-keysize-iterations:": "1024 150 2048 150 4096 150",
}


class Result(ctypes.Structure):
    """struct ub_result of unbound.h"""
    _fields_ = [
        ("qname", ctypes.c_char_p), ("qtype", ctypes.c_int),
        ("qclass", ctypes.c_int), ("data", ctypes.c_void_p),
        ("lens", ctypes.c_void_p), ("canonname", ctypes.c_char_p),
        ("rcode", ctypes.c_int), ("packet", ctypes.c_void_p),
        ("packet_len", ctypes.c_int), ("havedata", ctypes.c_int),
        ("nxdomain", ctypes.c_int), ("secure", ctypes.c_int),
        ("bogus", ctypes.c_int), ("why", ctypes.c_char_p),
        ("ratelimited", ctypes.c_int), ("ttl", ctypes.c_int)]


class Unbound:
    def __init__(self, lab):
        self.lab = lab
        self.lib = ctypes.CDLL("libunbound.so.8")
        self.lib.ub_ctx_create.restype = ctypes.c_void_p

    def check(self, error):
        assert error == 0, error

    def ask(self, name):
        """(security, packet) of DS; the packet is None after a failure."""
        context = ctypes.c_void_p(self.lib.ub_ctx_create())
        for option, value in OPTIONS.items():
            self.check(self.lib.ub_ctx_set_option(
                context, option.encode(), value.encode()))
        self.check(self.lib.ub_ctx_set_option(
            context, b"root-hints:", str(self.lab.hints).encode()))
        self.check(self.lib.ub_ctx_add_ta_file(
            context, str(self.lab.anchor).encode()))
        result = ctypes.POINTER(Result)()
        self.check(self.lib.ub_resolve(context, name.encode(), 43, 1,
                                       ctypes.byref(result)))
        found = result.contents
        security = ("DNS_BOGUS" if found.bogus else "DNS_SECURE"
                    if found.secure else "DNS_INSECURE")
        packet = None
        if found.rcode in (0, 3) and found.packet:
            packet = ctypes.string_at(found.packet, found.packet_len)
        why = (found.why or b"").decode()
        self.lib.ub_resolve_free(result)
        self.lib.ub_ctx_delete(context)
        return security if packet else "DNS_INDETERMINATE", packet, why


# ---- attackers between libunbound and the servers of the parent zone ----

def on_ds(change):
    """change(exchange, real reply) to answers to DS, the rest untouched."""
    async def behave(x):
        if x.rdtype != m.T.DS:
            return await x.pass_on()
        reply = await x.real()
        reply = await change(x, reply)
        return reply.to_wire()
    return behave


def signed_on_the_spot(zone, owner, rtype, texts, expand=None):
    """RRset and RRSIG of @zone's key; @expand: the name that a wildcard's
    records are given instead of their own."""
    made = signer.Signer(zone, {}, "ecdsa")
    made.put_signed(owner, rtype, texts)
    text = "\n".join(made.lines)
    if expand:
        text = text.replace(f"{owner}. ", f"{expand}. ")
    return dns.zonefile.read_rrsets(text, rdclass=None)


def is_soa(rrset):
    return rrset.rdtype == m.T.SOA or (
        rrset.rdtype == m.T.RRSIG and rrset.covers == m.T.SOA)


async def refer(x, reply):
    forged = x.empty(aa=False)
    forged.authority.append(m.dns.rrset.from_text(
        x.question.name, 300, "IN", "NS", f"ns.{x.name}."))
    forged.additional.append(m.dns.rrset.from_text(
        f"ns.{x.name}.", 300, "IN", "A", x.proxy.addresses[0]))
    return forged


async def expand_wildcard(x, reply):
    """The NSEC of *.w, a delegation, as if the name itself had it."""
    zone = x.proxy.zone.rstrip(".")
    reply.authority = [r for r in reply.authority if is_soa(r)]
    reply.answer = []
    reply.set_rcode(0)
    reply.authority += signed_on_the_spot(
        zone, f"*.w.{zone}", "NSEC", [f"{zone}. NS RRSIG NSEC"], x.name)
    return reply


async def child_apex(x, reply):
    """The denial that the child gives at its apex, instead of the parent."""
    query = dns.message.make_query(x.question.name, "TXT", want_dnssec=True)
    other = dns.message.from_wire(
        await x.proxy.ask_backend(query.to_wire(), True))
    reply.authority = other.authority
    reply.answer = []
    return reply


async def other_zone(x, reply):
    """A delegated zone's own, validly signed NSEC3 with the victim's hash."""
    zone = x.proxy.zone.rstrip(".")
    hashed = signer.b32(signer.nsec3_hash(x.name, 0, b""))
    reply.authority += signed_on_the_spot(
        f"evil.{zone}", f"{hashed}.evil.{zone}", "NSEC3",
        [f"1 0 0 - {hashed[:-1]}v NS"])
    return reply


async def strip_signatures(x, reply):
    return m.strip(reply, {m.T.RRSIG})


async def no_soa(x, reply):
    reply.authority = [r for r in reply.authority if not is_soa(r)]
    return reply


def foreign_cut(owner):
    return m.add_foreign_cut(owner, ())


# ---- what is asked ----

HOSTS = """
    host A 10.25.9.2
    a.ent A 10.25.9.2
    cut NS ns.elsewhere.unsigned.
    *.w A 10.25.9.3
    dn DNAME hosts.nsec.
"""


def zones():
    yield from table.ZONES
    yield Zone("rec.nsec", HOSTS, "ecdsa")
    yield Zone("rec.nsec3", HOSTS, "ecdsa", denial="nsec3")
    for iterations in (150, 3000):
        yield Zone(f"i{iterations}.nsec", HOSTS, "ecdsa", denial="nsec3",
                   iterations=iterations)
    yield Zone("ed448.nsec", "@ TXT x", ds=f"4711 16 2 {DIGEST}")
    yield Zone("nobit.nsec", "child NS ns.elsewhere.unsigned.", "ecdsa",
               fault={("child.nobit.nsec", "NSEC"): "no-ns-bit"})
    nsec3 = {"denial": "nsec3"}
    for name, behaviour, shape in (
            ("extra", foreign_cut("cut"), {}),
            ("extra3", foreign_cut("cut"), nsec3),
            ("refer", on_ds(refer), {}),
            ("strip", on_ds(strip_signatures), {}),
            ("wildcut", on_ds(expand_wildcard), {}),
            ("apex", on_ds(child_apex), {}),
            ("otherzone", on_ds(other_zone), nsec3),
            ("nosoa", on_ds(no_soa), {}),
            ("istrip", on_ds(strip_signatures),
             {"denial": "nsec3", "iterations": 3000}),
            ("iextra", foreign_cut("cut"),
             {"denial": "nsec3", "iterations": 3000})):
        yield served(Zone(f"{name}.nsec", HOSTS, "ecdsa", **shape),
                     one(behaviour))
    yield Zone("child.apex.nsec", "@ A 10.25.9.9", "ecdsa", server="backend",
               ns="@ NS ns\nns A 10.53.0.9")
    yield Zone("evil.otherzone.nsec", "@ A 10.25.9.9", "ecdsa",
               denial="nsec3", server="backend",
               ns="@ NS ns\nns A 10.53.0.9")


# id, the name whose DS is asked, what it shows.
QUESTIONS = [
    # honest answers that prove something
    ("nsec_cut", "plain.nsec", "an insecure delegation, NSEC"),
    ("nsec3_cut", "plain.nsec3", "an insecure delegation, NSEC3"),
    ("nosoa_cut", "cut.nosoa.nsec", "the same without SOA"),
    ("iterations_150_cut", "cut.i150.nsec", "NSEC3, 150 iterations"),
    ("iterations_3000_cut", "cut.i3000.nsec", "NSEC3, 3000 iterations"),
    ("optout_cut", "plain.optout", "a delegation in an opt-out span"),
    ("optout_nxdomain", "missing.optout", "NXDOMAIN in an opt-out span"),
    ("optout_nxdomain_deep", "a.b.missing.optout", "the same, deeper"),
    ("algorithm", "algorithm.nsec", "DS with algorithm 200"),
    ("digest", "digest.nsec", "DS with digest 200"),
    ("ed448", "ed448.nsec", "DS with ED448"),
    # honest answers that prove nothing
    ("signed", "hosts.nsec", "a signed delegation"),
    ("signed_optout", "ed25519.optout", "a signed one below opt-out"),
    ("host_nsec", "host.rec.nsec", "NODATA for an ordinary host"),
    ("host_nsec3", "host.rec.nsec3", "the same by NSEC3"),
    ("host_optout", "mx.optouthosts.nsec", "the same in an opt-out zone"),
    ("ent_nsec", "ent.rec.nsec", "an empty non-terminal"),
    ("ent_nsec3", "ent.rec.nsec3", "the same by NSEC3"),
    ("nxdomain_nsec", "missing.rec.nsec", "NXDOMAIN"),
    ("nxdomain_nsec3", "missing.rec.nsec3", "NXDOMAIN by NSEC3"),
    ("wildcard_nsec", "x.w.rec.nsec", "NODATA by a wildcard"),
    ("wildcard_nsec3", "x.w.rec.nsec3", "the same by NSEC3"),
    ("star_nsec", "*.w.rec.nsec", "the wildcard's own name"),
    ("star_nsec3", "*.w.rec.nsec3", "the same by NSEC3"),
    ("dname_nsec", "dn.rec.nsec", "the owner of a DNAME"),
    ("dname_nsec3", "dn.rec.nsec3", "the same by NSEC3"),
    ("below_dname", "x.dn.rec.nsec", "below a DNAME"),
    ("below_dname_out", "mx.under.dname.nsec", "below a DNAME"),
    ("alias", "alias.hosts.nsec", "an alias to a signed zone"),
    ("alias_out", "crossing.hosts.nsec", "an alias to an unsigned zone"),
    ("iterations_3000_host", "host.i3000.nsec", "a host, 3000 iterations"),
    ("iterations_3000_nxdomain", "missing.i3000.nsec",
     "NXDOMAIN, 3000 iterations"),
    ("insecure_nodata", "mail.plain.nsec", "NODATA of an unsigned zone"),
    ("insecure_nxdomain", "missing.plain.nsec", "NXDOMAIN of one"),
    ("insecure_tld", "plain.unsigned", "unsigned delegation, unsigned TLD"),
    ("no_ns_bit", "child.nobit.nsec", "a delegation, its NSEC without NS"),
    # attacks
    ("extra_nsec", "host.extra.nsec", "another delegation's NSEC added"),
    ("extra_nsec3", "host.extra3.nsec", "another delegation's NSEC3 added"),
    ("extra_nxdomain", "missing.extra.nsec", "the same to NXDOMAIN"),
    ("extra_iterations", "host.iextra.nsec", "the same, 3000 iterations"),
    ("forged_referral", "host.refer.nsec", "a referral below a signed zone"),
    ("unsigned_nodata", "host.strip.nsec", "denial without signatures"),
    ("unsigned_cut", "cut.strip.nsec", "the same of a delegation"),
    ("unsigned_iterations", "cut.istrip.nsec",
     "denial without signatures, 3000 iterations"),
    ("wildcard_cut", "x.w.wildcut.nsec", "a wildcard's delegation NSEC"),
    ("child_apex", "child.apex.nsec", "the child's own NSEC, with SOA bit"),
    ("other_zone", "host.otherzone.nsec", "another zone's NSEC3, same hash"),
]


def rows(unbound):
    for identity, name, what in QUESTIONS:
        security, packet, why = unbound.ask(name)
        print(f"{identity:26} {name:24} {security:18} "
              f"{len(packet or b'')} {why[:90]}", file=sys.stderr)
        if packet:
            print(dns.message.from_wire(packet, ignore_trailing=True),
                  file=sys.stderr)
        # Ids differ from run to run, and mean nothing.
        data = (b"\0\0" + packet[2:]).hex() if packet else ""
        yield (f"\t{{ {json.dumps(identity)}, {json.dumps(name)}, {security}, "
               f"{json.dumps(what)},\n\t\"{data}\" }},")


def main():
    running = lab_module.Lab(list(zones())).start()
    try:
        lines = list(rows(Unbound(running)))
    finally:
        running.stop()
    print("/*\n * What libunbound handed over for DS questions: recorded by "
          "tests/lab/record_ds.py,\n * which says how to record anew.\n */\n"
          "static const struct recorded recorded[] = {")
    print("\n".join(lines))
    print("};")


if __name__ == "__main__":
    main()
