"""Zones of attackers and of their victims: what test_volume.py and
test_neighbours.py ask."""

import mail
import matrix
import misbehave as m
import volume
from faulty import truncated
from zones import Zone

T = m.T
DAY = 86400
HOST = ("10.25.40.1", "fd00:25::40")      # of every domain below
CERTIFICATE = mail.Certificate("mx.hostile.nsec")
TLSA = CERTIFICATE.tlsa(3, 1, 1)


def records(host="mx"):
    return (f"@ MX 10 mx\n{host} A {HOST[0]}\n{host} AAAA {HOST[1]}\n"
            f"_25._tcp.{host} TLSA {TLSA}")


# ---- true answers that are swollen ----

STUFFED = ("TLSA", "A", "AAAA", "A+AAAA", "MX", "CNAME", "DS", "DNSKEY")
FIRST = ("signatures-1850", "foreign")    # of all kinds those that come first


def swollen(rtype, kind):
    """Answers of this type have more in them than the server has said."""
    async def behave(x):
        # An alias is what the answer to any question at its name begins with.
        if not (x.name.startswith("mx.") if rtype == "CNAME"
                else T.to_text(x.rdtype) in rtype.split("+")):
            return await x.pass_on()
        wire = volume.KINDS[kind](await x.pass_on(tcp=True))
        limit = max(512, x.query.payload) if x.edns else 512
        return wire if x.tcp or len(wire) <= limit else truncated(x)
    return behave


class Stuffed:
    """One domain whose answers of one type are swollen in one way."""

    def __init__(self, rtype, kind):
        self.name = f"{rtype.lower().replace('+', '-')}-{kind}"
        self.rtype = rtype
        self.kind = kind
        self.attacked = f"st-{self.name}.nsec"
        self.key = ("c." if rtype == "DS" else "") + self.attacked

    def zones(self):
        behaviour = [(swollen(self.rtype, self.kind), True)]
        if self.rtype == "DS":
            yield matrix.served(Zone(self.attacked, "@ TXT x", "ecdsa",
                                     ttl=DAY), behaviour)
            yield Zone(self.key, records(), "ecdsa", ttl=DAY)
        elif self.rtype == "CNAME":
            yield matrix.served(Zone(
                self.attacked, records("target") + "\nmx CNAME target",
                "ecdsa", ttl=DAY), behaviour)
        else:
            yield matrix.served(Zone(self.attacked, records(), "ecdsa",
                                     ttl=DAY), behaviour)

    def truth(self):
        """[(name, type, records or None where it is enough that there are
        some)]: what Postfix asks, and what is attacked."""
        host = ("target." if self.rtype == "CNAME" else "mx.") + self.key
        asked = [(self.key, "MX", {f"10 mx.{self.key}."}),
                 (f"mx.{self.key}", "A", {HOST[0]}),
                 (f"mx.{self.key}", "AAAA", {HOST[1]}),
                 (f"_25._tcp.{host}", "TLSA", {TLSA})]
        if self.rtype in ("DS", "DNSKEY"):
            asked.append((self.key, self.rtype, None))
        return asked


ALL_STUFFED = [Stuffed(rtype, kind) for rtype in STUFFED
               for kind in volume.KINDS]

# An alias and its target, each answer within the limit, both together not.
TWO_PARTS = "st-parts.nsec"
TWO_PARTS_TARGET = "st-partstarget.nsec"
LATE = 0.9  # seconds: the alias has been asked for by itself by then


def two_parts():
    async def target(x):
        wire = volume.KINDS["signatures-900"](await x.pass_on(tcp=True))
        if not x.tcp:
            return truncated(x)
        await m.asyncio.sleep(LATE)
        return wire

    async def alias(x):
        if x.name.startswith("_25."):
            wire = volume.KINDS["signatures-900"](await x.pass_on(tcp=True))
            return wire if x.tcp else truncated(x)
        return await x.pass_on()
    yield matrix.served(Zone(
        TWO_PARTS, f"@ MX 10 mx\nmx A {HOST[0]}\nmx AAAA {HOST[1]}\n"
        f"_25._tcp.mx CNAME _tlsa.{TWO_PARTS_TARGET}.", "ecdsa", ttl=DAY),
        [(alias, True)])
    yield matrix.served(Zone(
        TWO_PARTS_TARGET, f"_tlsa TLSA {TLSA}", "ecdsa", ttl=DAY),
        [(m.for_types(target, T.TLSA), True)])


def all_zones():
    return [zone for stuffed in ALL_STUFFED for zone in stuffed.zones()] + [
        *two_parts()]
