"""BREAK: an RSA key whose public exponent is as long as its modulus.

Up to 3,072 bits OpenSSL takes any exponent, and each signature then costs as
much as making one does: a hundred times as much as with 65537.  libunbound
checks several in one go.  No budget knows of it.
"""

import base64
import hashlib
import random
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import lab as lab_module
import signer
from zones import USABLE, Zone

HOSTS = 20
JUNK = 7  # libunbound tries eight


class LongExponent:
    """cryptography would not take it."""

    def __init__(self):
        made = rsa.generate_private_key(65537, 3072).private_numbers()
        phi = (made.p - 1) * (made.q - 1)
        self.n = made.public_numbers.n
        random.seed(13)
        while True:
            self.e = random.getrandbits(3071) | 1 << 3070 | 1
            try:
                self.d = pow(self.e, -1, phi)
                break
            except ValueError:
                continue

    def public_key(self):
        return rsa.RSAPublicNumbers(self.e, self.n).public_key()

    def sign(self, data):
        info = bytes.fromhex("3031300d060960864801650304020105000420") \
            + hashlib.sha256(data).digest()
        padded = b"\0\1" + b"\xff" * (384 - 3 - len(info)) + b"\0" + info
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(
            384, "big")


def sign_data(private, data, others=signer.sign_data):
    return private.sign(data) if isinstance(private, LongExponent) \
        else others(private, data)


class Signer(signer.Signer):
    """With signatures that are none before the true one."""

    def sign(self, owner, rtype, texts, ttl=None):
        super().sign(owner, rtype, texts, ttl)
        if self.algorithm != "rsalong" or rtype == "DNSKEY":
            return
        true = self.lines.pop()
        for _ in range(JUNK):
            self.lines.append(true.rpartition(" ")[0] + " " + base64.b64encode(
                bytes([1]) + random.randbytes(383)).decode())
        self.lines.append(true)


signer.Signer = Signer
signer.sign_data = sign_data
signer.ALGORITHMS["rsalong"] = (8, LongExponent)
signer.ALGORITHMS["rsa3072"] = (8, lambda: rsa.generate_private_key(65537, 3072))
HOST_RECORDS = "".join(f"@ MX 10 h{i}\nh{i} A 10.25.45.1\nh{i} AAAA fd00:25::1\n"
                       f"_25._tcp.h{i} TLSA {USABLE}\n" for i in range(HOSTS))


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([
        *lab_module.table.ZONES, Zone("rsalong.nsec", HOST_RECORDS, "rsalong"),
        Zone("rsa3072.nsec", HOST_RECORDS, "rsa3072")]).start()
    yield running
    running.stop()


def cpu(daemon):
    with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("kind", ["rsa3072", "rsalong"])
def test_one_mail(world, kind):
    daemon = lab_module.Daemon(world, f"rsa-{kind}", port=8942)
    daemon.start()
    try:
        assert daemon.socketmap("dane.d.nsec") == "OK dane"
        before, begin = cpu(daemon), time.monotonic()
        reply = daemon.socketmap(f"{kind}.nsec")
        seconds = time.monotonic() - begin
        held = daemon.status()["loop_longest_seconds"]
        print(f"{kind}: {reply[:90]!r} after {seconds:.2f} s, "
              f"{cpu(daemon) - before:.2f} s of processor time; the loop was held for "
              f"{1000 * held:.0f} ms")
        assert held < 0.02
    finally:
        daemon.process.kill()
