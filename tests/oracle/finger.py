"""posttls-finger: what Postfix's own DANE makes of a next hop."""

import re
import subprocess

import postfix
from lab import HANG


def finger(key, folder):
    """What Postfix would do under `dane`."""
    return subprocess.run(
        [postfix.SERVERS / "usr/sbin/posttls-finger", "-c", "-l", "dane", "-M",
         "dane", "-t", "3", "-T", "10", "-L", "summary,certmatch,dane", key],
        env=postfix.environment(folder), stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, timeout=HANG, check=False).stdout


def read_finger(text):
    """Its exit code is always 0, so its words, in those of rows.OUTCOMES."""
    if "Destination address lookup failed" in text:
        return "defer" if "try again" in text else "bounce"
    *failed, last = text.split("Failed to establish session")
    if failed:  # with the hosts before
        why, _, last = last.partition("\n")
        if not last:
            return "defer" if "TLSA lookup error" in why else "unreachable"
    established = re.findall(r"(\w+) TLS connection established", last)
    usable = "DNSSEC-signed TLSA record" in last and \
        "all TLSA records unusable" not in last
    useless = not usable and ("TLSA" in last or "matching type" in last)
    if not established:  # it says nothing of a server without STARTTLS
        return ("stripped" if usable else
                "useless and stripped" if useless else "clear")
    if usable:
        # Postfix 3.10 calls a chain that it can follow "Trusted", whatever name
        # is in it; under `dane` it delivers nothing there.
        return established[-1] if established[-1] in ("Verified", "Trusted") \
            and "verification failed" not in last else "mismatch"
    return "encrypt" if useless else "may"
