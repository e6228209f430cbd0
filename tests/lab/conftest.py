import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import lab as lab_module  # noqa: E402
from sanitizers import (no_report, pytest_sessionfinish,  # noqa: E402,F401
                        pytest_sessionstart)

# The profiles that zones.py has rows for.
PROFILES = """
map "chain" { no-dane-policy = notfound }
map "strict" {
    no-dane-policy = encrypt
    dane-only = when-complete
    insecure-mx = encrypt
}
map "carry" { carry = fingerprint }
map "lax" { insecure-mx = may }
"""


@pytest.fixture(scope="module")
def lab():
    running = lab_module.Lab().start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def daemon(lab):
    running = lab_module.Daemon(
        lab, config=PROFILES +
        f"lookup-deadline = {6 * lab_module.SLOWNESS}\n").start()
    yield running
    running.stop()
