import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lab"))

import lab as lab_module  # noqa: E402
from sanitizers import (no_report, pytest_sessionfinish,  # noqa: E402,F401
                        pytest_sessionstart)
from zones import PROFILES  # noqa: E402

@pytest.fixture(scope="module")
def lab():
    yield from lab_module.running(lab_module.Lab())


@pytest.fixture(scope="module")
def daemon(lab):
    yield from lab_module.running(lab_module.Daemon(
        lab, config=PROFILES +
        f"lookup-deadline = {6 * lab_module.SLOWNESS}\n"))
