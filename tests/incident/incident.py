"""The founding incident, replayed: name servers that stumble over EDNS, a
system recursor that cannot cope and remembers its failure, and real Postfix.

Before: Postfix asks the recursor.  After: Postfix asks postdane, for names and
for policies.
"""

import pathlib

import dns.rcode

import lab as lab_module
import mail
import matrix
import misbehave
import postfix
import rows
from zones import Zone

UNBOUND = "10.53.0.53"       # a real validating recursor
FRAGILE = "10.53.9.53"       # before it: the one that cannot cope
PDNS = "10.53.0.54"         # another real one
POSTDANE = "127.0.0.25"
DROP = misbehave.to_edns(lambda x: None)
R = dns.rcode

# How the servers of the mail provider behave; "named" is a real one, misled.
KINDS = {
    "formerr": misbehave.rcode_to_edns(R.FORMERR),
    "dropedns": DROP,
    "refused": misbehave.rcode_to_edns(R.REFUSED),
    "named": None,
}
HEALTHY = ("right.i.nsec", "wrong.i.nsec")

# The mail servers: right and wrong certificates, and the provider's.
RIGHT, OTHER = mail.Certificate("lab.test"), mail.Certificate("lab.test")
HOSTS = [
    rows.Host("right", (), rows.shows(RIGHT), "i.nsec", address="10.25.40.1"),
    rows.Host("wrong", (), rows.shows(OTHER), "i.nsec", address="10.25.40.2"),
    rows.Host("provider", (), rows.shows(OTHER), "i.nsec",
              address="10.25.40.3"),
]


def provider_zones(kind, behaviour):
    """The incident's own shape: the provider's zone has servers whose names lie
    in another zone, on the same broken servers."""
    servers = Zone(f"{kind}servers.nsec", "@ TXT x")
    if behaviour is None:
        matrix.on_named(servers, "ednsformerr")
    else:
        matrix.served(servers, matrix.one(behaviour))
    address = servers.proxies[0][0]
    servers.records += f"\nns1 A {address}\nns2 A {address}"
    yield servers
    yield Zone(f"{kind}provider.nsec", "mx A 10.25.40.3\n@ MX 10 mx",
               server=servers.server,
               ns=f"@ NS ns1.{servers.name}.\n@ NS ns2.{servers.name}.")
    # A customer, whose own zone is signed and healthy.
    yield Zone(f"{kind}customer.nsec", f"@ MX 10 mx.{kind}provider.nsec.",
               "ecdsa")


def all_zones():
    for kind, behaviour in KINDS.items():
        yield from provider_zones(kind, behaviour)
    record = RIGHT.tlsa(3, 1, 1)
    yield Zone("i.nsec", f"""
        right A 10.25.40.1
        right MX 10 right
        _25._tcp.right TLSA {record}
        wrong A 10.25.40.2
        wrong MX 10 wrong
        _25._tcp.wrong TLSA {record}
    """, "ecdsa")


def is_broken(name):
    return any(name.endswith(f"{kind}{what}.nsec") for kind in KINDS
               for what in ("provider", "servers"))


class Fragile:
    """The recursor of that morning.  A query with DO for the provider's names
    fails, and the failure is remembered and given to everybody."""

    def __init__(self):
        self.failed = set()

    async def behave(self, x):
        key = (x.name, x.rdtype)
        if is_broken(x.name) and (x.do or key in self.failed):
            self.failed.add(key)
            return x.error(R.SERVFAIL)
        return await x.pass_on()


class Incident:
    """The lab, its recursors, the daemon and the mail servers."""

    def __init__(self):
        self.lab = lab_module.Lab(list(all_zones()))
        self.receiver = None
        self.daemon = None

    def start(self):
        self.lab.start()
        self.lab.start_unbound(UNBOUND)
        self.lab.start_pdns(PDNS)
        self.lab.start_proxy("nsec.", FRAGILE, Fragile().behave,
                             backend=UNBOUND)
        daemon = lab_module.Daemon(
            self.lab, "incident",
            f'dns-listen = {{ "inet:{POSTDANE}:53" }}\n'
            'map "carry" { carry = fingerprint }\n')
        self.daemon = daemon.start()
        self.receiver = postfix.Receiver(HOSTS).start()
        return self

    def stop(self):
        """Also what has begun only, where start() has failed."""
        for part in (self.receiver, self.daemon, self.lab):
            if part is not None:
                part.stop()

    def carried(self, recipients):
        """Postfix without DNSSEC lookups: the policy carries the records."""
        return self.deliver(
            "carried", FRAGILE, recipients, "smtp_tls_security_level = may\n"
            "smtp_dns_support_level = enabled\n"
            "smtp_tls_fingerprint_digest = sha256\n"
            "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:"
            f"{self.daemon.port}:carry\n")

    def deliver(self, name, resolver, recipients, settings):
        """Real mail.  Returns {domain: postfix.Delivery}."""
        sender = postfix.Postfix(
            name, "smtp_tls_loglevel = 1\nsmtp_tls_dane_insecure_mx_policy = "
            "dane\nsmtp_connection_cache_on_demand = no\n"
            + settings)
        # As on many hosts; and so it is an A record that is missed.
        main = sender.folder / "main.cf"
        main.write_text(main.read_text().replace(
            "inet_protocols = all", "inet_protocols = ipv4"))
        addresses = [f"someone@{domain}" for domain in recipients]
        with resolv_conf(resolver):
            sender.start()
            try:
                sender.send(*addresses)
                text = sender.log.wait_for(
                    f"{name}: deliveries", lambda log: len(
                        postfix.read_deliveries(log)) >= len(addresses))
            finally:
                sender.stop()
        found = postfix.read_deliveries(text)
        return {domain: found[address]
                for domain, address in zip(recipients, addresses)}

    def before(self, name, resolver, recipients):
        """Postfix as one sets it up for DANE without postdane."""
        return self.deliver(name, resolver, recipients,
                            "smtp_tls_security_level = dane\n"
                            "smtp_dns_support_level = dnssec\n")

    def after(self, recipients, name="after"):
        """The same Postfix; postdane is its resolver and its policy."""
        return self.deliver(
            name, POSTDANE, recipients, "smtp_tls_security_level = dane\n"
            "smtp_dns_support_level = dnssec\n"
            "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:"
            f"{self.daemon.port}:query\n")


def resolv_conf(address):
    """postdane's is the one that postfix-conf/ has for Postfix."""
    return lab_module.resolv_conf(
        address, pathlib.Path("postfix-conf/resolv.conf").read_text()
        if address == POSTDANE else None)


def customers():
    return [f"{kind}customer.nsec" for kind in KINDS]
