"""Signed zones whose denials cost a validator as much as their owner can make
them: many NSEC3 iterations, long salts, several sets of parameters in one
answer, names of many labels.  Nothing in them is forged."""

import dns.flags
import dns.rdatatype
import dns.rrset

import misbehave as m
import signer
from zones import Zone

T = dns.rdatatype
HOSTS = 20
LABELS_MAX = 117  # of a name in a zone like these
SALT_MAX = 255
DECOY = bytes([1]) * 20  # the hash of nothing


def salts(count):
    """Different ones, as long as can be."""
    return [bytes([i + 1]) * SALT_MAX for i in range(count)]


def add(digest, number):
    value = (int.from_bytes(digest, "big") + number) % 2**160
    return value.to_bytes(20, "big")


class Denials:
    """What one zone signs, made when it is asked for."""

    def __init__(self, zone):
        self.zone = zone
        self.made = {}

    def signed(self, owner, rtype, text):
        key = owner, rtype, text
        if key not in self.made:
            made = signer.Signer(self.zone, {}, "ecdsa")
            made.put_signed(owner, rtype, [text])
            # owner, TTL, class, type, the rest
            self.made[key] = [dns.rrset.from_text(*line.split(None, 4))
                              for line in made.lines]
        return self.made[key]

    def soa(self):
        return self.signed(self.zone, "SOA", f"ns.{self.zone}. "
                           f"host.{self.zone}. 1 3600 600 86400 60")

    def nsec3(self, first, last, iterations, salt, types="", flags=1):
        return self.signed(
            f"{signer.b32(first)}.{self.zone}", "NSEC3",
            f"1 {flags} {iterations} {salt.hex() or '-'} "
            f"{signer.b32(last)} {types}")

    def exact(self, name, iterations, salt, types="A RRSIG"):
        """The record of @name itself, with the shortest of spans."""
        digest = signer.nsec3_hash(name, iterations, salt)
        return self.nsec3(digest, add(digest, 1), iterations, salt, types)

    def spans(self, count, iterations, salt):
        """Records that cover everything together, and opt out of it."""
        step = 2**160 // count
        edges = [add(bytes(20), i * step) for i in range(count)] + [bytes(20)]
        return [rrset for first, last in zip(edges, edges[1:])
                for rrset in self.nsec3(first, last, iterations, salt,
                                        "NS")]


class Costly:
    """@labels: of the name of each host.  @chains: (iterations, salt) of each
    set of parameters; what is true is said in the last.  @pure_ds: the DS of a
    name is denied by that alone."""

    def __init__(self, zone, labels, chains, above=None, records=8,
                 pure_ds=False):
        self.zone = zone
        self.labels = labels - zone.count(".") - 2
        self.chains = chains
        self.above = above    # a chain that libunbound does not look at
        self.records = records
        self.pure_ds = pure_ds
        self.denials = Denials(zone)

    def host(self, i):
        return f"{'a.' * self.labels}h{i}"

    def text(self):
        return "\n".join(f"@ MX {i} {self.host(i)}" for i in range(HOSTS))

    def served(self, address):
        return Zone(self.zone, self.text(), "ecdsa", server="backend",
                    ns=f"@ NS ns\nns A {address}",
                    proxies=[(address, self.behave, True)])

    def is_host(self, x):
        return x.name.count(".") == self.labels + self.zone.count(".") + 1

    def decoys(self):
        """Of the other sets: what no name here has as its hash."""
        return [rrset for number, chain in enumerate(self.chains[:-1])
                for rrset in self.denials.nsec3(
                    add(DECOY, 2 * number), add(DECOY, 2 * number + 1),
                    *chain, "A")]

    def out_of_span(self, chain):
        """Only the zone's apex exists, all else is opted out of."""
        return (self.denials.exact(self.zone, *chain, "NS SOA RRSIG")
                + self.denials.spans(self.records, *chain))

    def denial(self, x):
        if self.above and (x.rdtype != T.DS or self.is_host(x)):
            return self.denials.spans(self.records, *self.above)
        if x.rdtype == T.DS:
            denial = self.denials.exact(x.name, *self.chains[-1])
            return denial if self.pure_ds else self.decoys() + denial
        return self.decoys() + self.out_of_span(self.chains[-1])

    async def behave(self, x):
        if x.name == self.zone or x.name == f"ns.{self.zone}":
            return await x.pass_on()
        reply = x.empty()
        reply.use_edns(0, dns.flags.DO, 1232)
        reply.authority = self.denials.soa() + self.denial(x)
        wire = reply.to_wire(max_size=65535)
        if not x.tcp and len(wire) > 1232:
            reply = x.empty()
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        return wire
