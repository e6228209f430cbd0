"""The world of the soak, and what is true in it.

Zones change whether they answer, and how; what they say never changes.  So of
each next hop, and of each name, it is known what the daemon may say: the truth,
or that it does not know, or something stricter than the truth.
"""

import os
import random
import re
import socket

import dns.rdata
import dns.rdataclass
import dns.rdatatype

import lab as lab_module
from lab import HANG
import matrix
import misbehave as m
from zones import ROWS, USABLE, ZONES, Zone

HOT = 200
DEAD = 12
SILENT = "10.53.66.67"  # takes questions and never answers
HOT_KEYS = f"d#.hot.nsec:0:{HOT}"
COLD_KEYS = "x#.cold.nsec:0:1000000"
DANE = f"@ MX 10 mx\nmx A 10.25.9.1\n_25._tcp.mx TLSA {USABLE}"
PLAIN = "@ MX 10 mx\nmx A 10.25.9.1"

# The servers that come and go.
lab_module.PLACES["flap"] = ("10.53.0.4", "fd00:53::4")

# What the servers of a signed zone may do: anything.
FOR_SIGNED = [m.healthy, m.healthy, *matrix.ATTACKS.values(),
              *(case.servers[0][0] for case in matrix.CASES if case.servers)]
# And of an unsigned one, where a lie would be believed: anything but lie.
FOR_UNSIGNED = [
    m.healthy, m.healthy, m.drop_all, m.drop_do, m.echo_opt, m.ignore_opt,
    m.late(1), m.late(3), m.lossy(0.3), m.to_edns(lambda x: None),
    *(m.rcode_to_edns(code) for code in (
        matrix.R.FORMERR, matrix.R.NOTIMP, matrix.R.REFUSED,
        matrix.R.SERVFAIL))]
TURNCOATS = 6  # zones of each kind


def zones():
    turncoats = []
    for i in range(TURNCOATS):
        turncoats += [
            matrix.served(Zone(f"s{i}.nsec", DANE, "ecdsa"),
                          matrix.one(m.healthy)),
            matrix.served(Zone(f"u{i}.nsec", PLAIN), matrix.one(m.healthy))]
    return [
        *ZONES, *turncoats,
        Zone("hot.nsec", "\n".join(f"d{i} MX 10 usable.hosts.nsec."
                                   for i in range(HOT)), "ecdsa"),
        Zone("cold.nsec", "* MX 10 usable.hosts.nsec.", "ecdsa"),
        Zone("flap.nsec", DANE + "\n*.wild MX 10 mx", "ecdsa", server="flap"),
        Zone("flap.nsec3", DANE, "rsa", "nsec3", server="flap"),
        Zone("flapabsent.nsec", PLAIN, "ecdsa", server="flap"),
        Zone("flap.unsigned", PLAIN, server="flap"),
        *(Zone(f"dead{i}.nsec", sign="ecdsa" if i % 2 else "", server="",
               ns=f"@ NS ns\nns A {SILENT}") for i in range(DEAD))]


class World(lab_module.Lab):
    """Verdicts that expire while one looks on."""

    TTLS = (2, 3, 5, 10, 20)

    def __init__(self):
        super().__init__(zones())
        self.silent = None

    def build(self):
        super().build()
        for i, name in enumerate(sorted(self.zones)):
            # Of the root and what lies below it a little longer.
            ttl = self.TTLS[i % len(self.TTLS)] if "." in name else 30
            path = self.zone_file(name)
            path.write_text(re.sub(r"(?m)^(\S+) 300 IN ", rf"\1 {ttl} IN ",
                                   path.read_text()))

    def start_servers(self):
        super().start_servers()
        self.silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.silent.bind((SILENT, 53))
        self.start_flap()

    def start_flap(self):
        self.start_nsd("flap")
        for address in lab_module.PLACES["flap"]:
            lab_module.wait_until("flap", lambda a=address: self.answers(
                a, "flap.nsec"))

    def stop_flap(self):
        """Its sockets go, and with them whoever asks is told so."""
        process = next(p for p in self.processes
                       if str(lab_module.ROOM / "flap") in str(p.args))
        process.terminate()
        process.wait(HANG)
        lab_module.wait_until("end of flap", lambda: not
                              lab_module.group_lives(process.pid))
        self.processes.remove(process)

    def signal(self, server, number):
        """To a server with all its children: SIGSTOP makes it silent."""
        for process in self.processes:
            if str(lab_module.ROOM / server) + "/" in str(process.args[-1]):
                os.killpg(process.pid, number)

    def turn(self, name, behaviour):
        for proxy in self.proxies[name]:
            proxy.behaviour = behaviour


# ---- next hops ----

# How strict an answer is; what is not known keeps the mail in the queue.
RANK = {"may": 0, "NOTFOUND": 0, "encrypt": 1, "dane": 2, "dane-only": 2,
        "fingerprint": 2, "TEMP": 3}


class Hop:
    """A next hop whose truth is known.  @steady: only servers of all the world
    stand between it and its verdict.  @unsigned: its MX is, so that all that
    is known of it can be lost."""

    def __init__(self, key, expect, map_="query", steady=True, unsigned=False):
        self.key, self.expect, self.map = key, expect, map_
        self.steady, self.unsigned = steady, unsigned

    def judge(self, reply, encrypting=False):
        """"right", "unknown", "cautious" or "wrong".  @encrypting: where the
        truth is "may", no-dane-policy says "encrypt"."""
        level = reply.split()[0] if reply else ""
        expect = self.expect.split()[0]
        # Where its hosts can't be looked up, it is "dane" only because it would
        # be "may" otherwise.
        if self.unsigned and level == "encrypt" and (
                encrypting or self.map == "strict"):
            return "right" if level == expect else "cautious"
        if reply == self.expect or level == "TEMP" == expect:
            return "right"
        if level == "TEMP":
            return "unknown"
        if level not in RANK or RANK[level] < RANK[expect] or expect == "TEMP":
            return "wrong"
        # To a Postfix without DNSSEC, as this map's, "dane" is "may".
        if level == "dane" and self.map == "carry":
            return "wrong"
        # Carried records are others' only if they are forged.
        if level == "fingerprint":
            return "wrong"
        if RANK[level] == RANK[expect] and {level, expect} & {"may",
                                                              "NOTFOUND"}:
            return "wrong"
        return "cautious"


def hops():
    for row in ROWS:
        yield Hop(row.key, row.expect, row.map,
                  unsigned=row.key.endswith(".mx.unsigned"))
    for i in range(TURNCOATS):
        yield Hop(f"s{i}.nsec", "dane", steady=False)
        yield Hop(f"s{i}.nsec", "dane-only", "strict", steady=False)
        yield Hop(f"u{i}.nsec", "may", steady=False)
    for i in range(DEAD):
        yield Hop(f"dead{i}.nsec", "TEMP" if i % 2 else "dane", steady=False,
                  unsigned=i % 2 == 0)
    for key, expect in (("flap.nsec", "dane"), ("flap.nsec3", "dane"),
                        ("flapabsent.nsec", "may"), ("flap.unsigned", "may"),
                        ("[mx.flap.nsec]", "dane")):
        yield Hop(key, expect, steady=False)
    for i in range(50):
        yield Hop(f"d{i}.hot.nsec", "dane")


def fresh_hop():
    """One that nobody has asked for."""
    number = random.randrange(10**9)
    if number % 3:
        return Hop(f"p{number}.cold.nsec", "dane")
    return Hop(f"p{number}.wild.flap.nsec", "dane", steady=False)


# ---- names ----

class Name:
    """A record set whose content is known, and whether it is signed."""

    TYPES = ("A", "AAAA", "MX", "TLSA")

    def __init__(self, owner, rtype, texts, signed):
        self.owner, self.rtype, self.signed = owner, rtype, signed
        self.rdata = {dns.rdata.from_text(
            "IN", rtype, text).to_text().lower() for text in texts}

    def judge(self, reply):
        """As Hop.judge(), of a message."""
        if reply.rcode() == dns.rcode.SERVFAIL:
            return "unknown"
        authentic = bool(reply.flags & dns.flags.AD)
        got = {rdata.to_text().lower() for rrset in reply.answer
               if rrset.rdtype == dns.rdatatype.from_text(self.rtype)
               for rdata in rrset}
        if reply.rcode() != dns.rcode.NOERROR or authentic != self.signed \
                or got != self.rdata:
            return "wrong"
        return "right"


def is_signed(world, name):
    """The zone and all above it."""
    built = world.zones.get(name)
    while built is not None:
        if not built.zone.sign or (built.name and built.zone.ds is not True):
            return False
        built = world.parent_of(built.name) if built.name else None
    return True


def names(world):
    """Positive answers only.  Where a server stumbles, what an unsigned zone's
    others say is no truth."""
    known = ["hosts.nsec", "d.nsec", "hot.nsec", "plain.nsec", "plain.nsec3",
             "plain.optout", "plain.unsigned", "rsa.nsec3", "flap.nsec",
             "flap.nsec3", "flap.unsigned",
             *(f"s{i}.nsec" for i in range(TURNCOATS))]
    for zone in known:
        for (owner, rtype), texts in world.zones[zone].records.items():
            if rtype in Name.TYPES and "*" not in owner:
                yield Name(owner, rtype, texts, is_signed(world, zone))
