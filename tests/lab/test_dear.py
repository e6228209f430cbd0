"""What one mail may cost, to a domain whose owner makes answers and keys dear:
for us to read, for OpenSSL to judge, for libunbound to validate."""

import hashlib

import pytest

import lab as lab_module
from zones import USABLE, Zone

SECONDS = 0.5 * lab_module.SLOWNESS  # of processor time
HELD = 0.02 * lab_module.SLOWNESS    # the loop, by one callback; likewise
HOSTS = 20

# As many whole keys as a message has room for, one set of them for all hosts.
# The point's y is a square root, which P-224's prime makes dear: half of them
# are points, but who knows before.
P224 = "3032301006072a8648ce3d020106052b81040021031e0003"
KEYS = " | ".join(f"3 1 0 {P224}{hashlib.sha224(b'%d' % i).hexdigest()}"
                  for i in range(760))
ALL_HOSTS = "\n".join(f"@ MX 10 h{i}\nh{i} A 10.25.45.1\n"
                      f"_25._tcp.h{i} CNAME t" for i in range(HOSTS))
WHOLE_KEYS = Zone("keys.nsec", f"t TLSA {KEYS}\n{ALL_HOSTS}", "ecdsa", ttl=3600)

# No key at all, so that none is usable; and one digest behind them.
NO_KEYS = " | ".join(f"3 1 0 {i:08x}" for i in range(200))
NONE_USABLE = Zone(
    "nokeys.nsec", f"t TLSA {NO_KEYS}\n{ALL_HOSTS}", "ecdsa", ttl=3600)
LATE_DIGEST = Zone("digest.nsec", f"t TLSA {NO_KEYS} | {USABLE}\n{ALL_HOSTS}",
                   "ecdsa", ttl=3600)


@pytest.fixture(scope="module")
def world():
    running = lab_module.Lab([*lab_module.table.ZONES, WHOLE_KEYS, NONE_USABLE,
                              LATE_DIGEST]).start()
    yield running
    running.stop()


@pytest.fixture
def daemon(world):
    running = lab_module.Daemon(world, "dear", port=8943).start()
    yield running
    running.stop()


def one_mail(daemon, key):
    """Returns what Postfix is told."""
    assert daemon.socketmap("dane.d.nsec") == "OK dane"
    had = daemon.computed()
    reply = daemon.socketmap(key)
    cost = daemon.computed() - had
    held = daemon.status()["loop_longest_seconds"]
    print(f"{key}: {cost:.2f} s, one callback {1000 * held:.1f} ms, {reply}")
    assert cost < SECONDS
    assert held < HELD
    return reply


def test_whole_keys(daemon):
    assert one_mail(daemon, WHOLE_KEYS.name).startswith("OK dane")


def test_records_that_nobody_looks_at_are_not_unusable(daemon):
    assert one_mail(daemon, NONE_USABLE.name).startswith("TEMP ")


def test_digests_are_looked_at_first(daemon):
    assert one_mail(daemon, LATE_DIGEST.name).startswith("OK dane")
