"""What posttls-finger, Postfix's own DANE, says of each row: postdane's
verdict and postdane check must agree, or the row says the reason."""

import concurrent.futures
import subprocess

import conftest
import pytest
import rows
from finger import finger, read_finger
from lab import HANG

ROWS = conftest.TABLE.rows
HOSTS = [host for host in conftest.TABLE.hosts if host.port == 25]
LEVEL = {"200": "OK", "400": "TEMP", "500": "NOTFOUND"}
# By the status of a host in postdane explain: what posttls-finger may say.
STATUSES = {
    "usable": ("Verified", "mismatch", "stripped", "unreachable"),
    "unusable": ("encrypt", "useless and stripped"),
    "absent": ("may", "clear"),
    "insecure": ("may", "clear"),
    "failed": ("defer",),
    "no address": ("bounce",),
}


# ---- posttls-finger ----

# Some wait long for dead servers: so all are asked at once, as futures.

@pytest.fixture(scope="module")
def pool():
    with concurrent.futures.ThreadPoolExecutor(16) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def fingers(receiver, pool):
    keys = [row.key for row in ROWS] + [f"[{host.full}]" for host in HOSTS]
    folder = receiver.postfix.folder
    return {key: pool.submit(finger, key, folder) for key in keys}


# ---- postdane ----

def level(reply):
    word, _, text = reply.partition(" ")
    word = LEVEL.get(word, word)
    return text if word == "OK" else word


def check(daemon, key):
    """(exit code, output)"""
    result = subprocess.run(
        [daemon.command, "-s", daemon.control, "check", key],
        capture_output=True, text=True, timeout=HANG, check=False)
    return result.returncode, result.stdout + result.stderr


@pytest.fixture(scope="module", autouse=True)
def checks(daemon, receiver, pool):
    return {row.key: pool.submit(check, daemon, row.key) for row in ROWS}


# ---- one against the other ----

def test_there_are_enough():
    assert len({row.key for row in ROWS}) == len(ROWS) >= 40
    assert {row.finger for row in ROWS} == set(rows.OUTCOMES)


@pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])
def test_verdict(daemon, fingers, row):
    text = fingers[row.key].result()
    assert read_finger(text) == row.finger, text
    verdict = level(daemon.socketmap(row.key))
    assert verdict == level(daemon.tcp_table(row.key)) == row.verdict, \
        daemon.explain_text(row.key)
    agrees = row.verdict in rows.OUTCOMES[row.finger].verdicts
    assert agrees != bool(row.reason), (
        f"{row.verdict} against {row.finger}: the reason is missing, or is "
        f"not needed\n{text}")


@pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])
def test_check(checks, fingers, row):
    code, output = checks[row.key].result()
    assert code == row.check, output
    agrees = code == rows.OUTCOMES[row.finger].check
    assert agrees != bool(row.check_reason), (
        f"{code} against {row.finger}: the reason is missing, or is not "
        f"needed\n{output}{fingers[row.key].result()}")


@pytest.mark.parametrize("host", HOSTS, ids=[host.full for host in HOSTS])
def test_host(daemon, fingers, host):
    key = f"[{host.full}]"
    (explained,) = daemon.explain(key)["hosts"]
    text = fingers[key].result()
    agrees = read_finger(text) in STATUSES[explained["status"]]
    assert agrees != bool(host.reason), daemon.explain_text(key) + text
