"""make demo-incident: that morning, before and after, on one screen."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "oracle"),
                str(HERE.parent / "lab")]

import incident  # noqa: E402

WHAT = {
    "formerr": "its provider's servers answer FORMERR to EDNS",
    "dropedns": "its provider's servers drop EDNS",
    "refused": "its provider's servers refuse EDNS",
    "named": "the same as the first, a real named -T ednsformerr",
}
DANE = {
    "right.i.nsec": "DANE, the right certificate",
    "wrong.i.nsec": "DANE, a wrong certificate",
}


def words(delivery):
    if delivery.status == "sent":
        return f"sent, {delivery.tls or 'no'} TLS"
    return delivery.status


def main():
    domains = {**{f"{kind}customer.nsec": what for kind, what in WHAT.items()},
               **DANE}
    world = incident.Incident().start()
    before = world.before("before", incident.FRAGILE, list(domains))
    after = world.after(list(domains))
    print("\nMail to                before                 after"
          "                  what it is")
    good = True
    for domain, what in domains.items():
        print(f"{domain:22} {words(before[domain]):22} "
              f"{words(after[domain]):22} {what}")
        well = "deferred" if domain == "wrong.i.nsec" else "sent"
        good &= after[domain].status == well
        good &= (before[domain].status == "sent") == (
            domain == "right.i.nsec")
    print("\nBefore: Postfix asks a recursor that answers SERVFAIL to queries "
          "with DO for the\nprovider's names, and remembers it:\n\n  "
          f"{before['formerrcustomer.nsec'].why}\n\n"
          "After: postdane is Postfix's resolver and policy service. "
          "postdane explain:\n")
    print(world.daemon.explain_text("formerrcustomer.nsec"))
    world.stop()
    print("as it should be" if good else "NOT as it should be")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
