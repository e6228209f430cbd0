"""Sign the lab's zones: real keys, real signatures, and every fault on demand.

A zone goes in as a dict {(owner, type): [rdata text ...]}, absolute names
without the trailing dot, and comes out as lines of a zone file.
"""

import base64
import hashlib
import struct
import time

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import (
    ec, ed25519, padding, rsa, utils)

IN = dns.rdataclass.IN
TTL = 300
DAY = 86400

ALGORITHMS = {
    "ecdsa": (13, lambda: ec.generate_private_key(ec.SECP256R1())),
    "ed25519": (15, ed25519.Ed25519PrivateKey.generate),
    "rsa": (8, lambda: rsa.generate_private_key(65537, 2048)),
}


def date(seconds):
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds))


def sign_data(private, data):
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = utils.decode_dss_signature(
        private.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Key:
    """One key signs a whole zone (a CSK, flags 257)."""

    made = {}

    def __init__(self, algorithm):
        number, generate = ALGORITHMS[algorithm]
        self.private = generate()
        self.dnskey = dns.dnssec.make_dnskey(
            self.private.public_key(), number, flags=257)

    @classmethod
    def shared(cls, algorithm, salt=""):
        """All zones of the lab share a key for each algorithm: making keys
        is slow, and nothing here depends on their being different."""
        if (algorithm, salt) not in cls.made:
            cls.made[algorithm, salt] = cls(algorithm)
        return cls.made[algorithm, salt]

    def ds(self, zone, digest="SHA256"):
        return dns.dnssec.make_ds(name(zone), self.dnskey, digest)


def name(text):
    return dns.name.from_text(text or ".")


def text_of(n):
    return n.to_text().rstrip(".") or ""


def b32(data):
    table = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
                            b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
    return base64.b32encode(data).translate(table).decode().lower()


def nsec3_hash(owner, iterations, salt):
    digest = hashlib.sha1(name(owner).canonicalize().to_wire() + salt).digest()
    for _ in range(iterations):
        digest = hashlib.sha1(digest + salt).digest()
    return digest


def bitmap_text(types):
    return " ".join(sorted(types, key=lambda t: dns.rdatatype.from_text(t)))


# When signatures begin and end, in seconds from now.
TIMES = {
    None: (-DAY, 14 * DAY),
    "expired": (-20 * DAY, -5 * DAY),
    "future": (5 * DAY, 20 * DAY),
    "ended-23h": (-14 * DAY - 23 * 3600, -23 * 3600),
    "ended-10min": (-14 * DAY - 600, -600),
    "ended-1min": (-14 * DAY - 60, -60),
    "begins-20h": (20 * 3600, 14 * DAY + 20 * 3600),
    "begins-10min": (600, 14 * DAY + 600),
    "ends-soon": (-14 * DAY, 600),
}


class Signer:
    """fault: None, one of TIMES, "strip" (no RRSIG at all), or a dict
    {(owner, type): "alter" | "strip" | "no-ns-bit"} for single RRsets."""

    def __init__(self, zone, records, algorithm, denial="nsec", iterations=0,
                 salt=b"", opt_out=False, fault=None, ttl=TTL):
        self.zone = zone
        self.records = {k: list(v) for k, v in records.items()}
        self.algorithm = algorithm
        self.key = Key.shared(algorithm)
        self.denial = denial
        self.iterations = iterations
        self.salt = salt
        self.opt_out = opt_out
        self.fault = fault
        self.ttl = ttl
        self.lines = []

    # -- structure of the zone --

    def is_delegation(self, owner):
        return owner != self.zone and (owner, "NS") in self.records

    def below_cut(self, owner):
        """Glue and anything else below a delegation is not ours."""
        while owner and owner != self.zone:
            owner = owner.partition(".")[2]
            if self.is_delegation(owner):
                return True
        return False

    def owners(self):
        return sorted({o for o, _ in self.records if not self.below_cut(o)},
                      key=lambda o: name(o).canonicalize())

    def types_at(self, owner):
        return {t for o, t in self.records if o == owner}

    def non_terminals(self):
        have = set(self.owners())
        missing = set()
        for owner in have:
            parent = owner
            while parent != self.zone:
                parent = parent.partition(".")[2]
                if parent != self.zone and parent not in have:
                    missing.add(parent)
        return missing

    # -- signatures --

    def times(self):
        now = int(time.time())
        fault = self.fault if isinstance(self.fault, str) else None
        begin, end = TIMES.get(fault, TIMES[None])
        return now + begin, now + end

    def put(self, owner, rtype, texts, ttl=None):
        ttl = ttl or self.ttl
        for text in texts:
            self.lines.append(f"{owner}. {ttl} IN {rtype} {text}")

    def fault_at(self, owner, rtype):
        if isinstance(self.fault, dict):
            return self.fault.get((owner, rtype))
        return self.fault

    def forger(self):
        return Key.shared(self.algorithm, "forger")

    def sign(self, owner, rtype, texts, ttl=None):
        ttl = ttl or self.ttl
        fault = self.fault_at(owner, rtype)
        if fault == "strip":
            return
        rrset = dns.rrset.from_text_list(name(owner), ttl, IN, rtype, texts)
        inception, expiration = self.times()
        # What was altered on the way is what another key has signed.
        private = self.forger().private if fault == "alter" \
            else self.key.private
        self.lines.append(
            f"{owner}. {ttl} IN RRSIG "
            + self.rrsig(rrset, private, inception, expiration))

    def rrsig(self, rrset, private, inception, expiration):
        """RFC 4034 section 3.1.8.1."""
        labels = len(rrset.name) - 1 - (rrset.name.labels[0] == b"*")
        signer = name(self.zone).canonicalize()
        algorithm = self.key.dnskey.algorithm
        tag = dns.dnssec.key_id(self.key.dnskey)
        data = struct.pack("!HBBIIIH", rrset.rdtype, algorithm, labels,
                           rrset.ttl, expiration, inception, tag)
        data += signer.to_wire()
        owner = rrset.name.canonicalize().to_wire()
        for rdata in sorted(r.to_digestable() for r in rrset):
            data += owner + struct.pack("!HHIH", rrset.rdtype, IN, rrset.ttl,
                                        len(rdata)) + rdata
        signature = base64.b64encode(sign_data(private, data)).decode()
        return (f"{dns.rdatatype.to_text(rrset.rdtype)} {algorithm} {labels} "
                f"{rrset.ttl} {date(expiration)} {date(inception)} {tag} "
                f"{signer.to_text()} {signature}")

    def put_signed(self, owner, rtype, texts, ttl=None):
        self.put(owner, rtype, texts, ttl)
        self.sign(owner, rtype, texts, ttl)

    # -- the whole --

    def denial_types(self, owner):
        types = self.types_at(owner)
        if self.is_delegation(owner):
            types &= {"NS", "DS"}
            return types | ({"RRSIG"} if "DS" in types else set())
        return types | ({"RRSIG"} if types else set())

    def add_nsec(self):
        owners = self.owners()
        for i, owner in enumerate(owners):
            following = owners[(i + 1) % len(owners)]
            types = self.denial_types(owner) | {"NSEC", "RRSIG"}
            if self.fault_at(owner, "NSEC") == "no-ns-bit":
                types -= {"NS"}
            self.put_signed(owner, "NSEC",
                            [f"{following}. {bitmap_text(types)}"])

    def add_nsec3(self):
        salt = self.salt.hex() or "-"
        chain = {}
        for owner in set(self.owners()) | self.non_terminals():
            insecure = (self.is_delegation(owner)
                        and (owner, "DS") not in self.records)
            if self.opt_out and insecure:
                continue
            chain[nsec3_hash(owner, self.iterations, self.salt)] = owner
        flags = 1 if self.opt_out else 0
        hashes = sorted(chain)
        for i, digest in enumerate(hashes):
            following = hashes[(i + 1) % len(hashes)]
            types = self.denial_types(chain[digest])
            owner = f"{b32(digest)}.{self.zone}".rstrip(".")
            self.put_signed(owner, "NSEC3", [
                f"1 {flags} {self.iterations} {salt} {b32(following)} "
                f"{bitmap_text(types)}"])

    def run(self):
        apex = self.zone
        self.records[apex, "DNSKEY"] = [self.key.dnskey.to_text()]
        if self.denial == "nsec3":
            salt = self.salt.hex() or "-"
            self.records[apex, "NSEC3PARAM"] = [
                f"1 0 {self.iterations} {salt}"]
        for (owner, rtype), texts in self.records.items():
            self.put(owner, rtype, texts)
            if self.below_cut(owner) or (
                    self.is_delegation(owner) and rtype != "DS"):
                continue
            self.sign(owner, rtype, texts)
        if self.denial == "nsec3":
            self.add_nsec3()
        else:
            self.add_nsec()
        return self.lines
