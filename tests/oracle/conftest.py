import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

import lab as lab_module  # noqa: E402
import postfix  # noqa: E402
import rows  # noqa: E402

RECURSOR = "10.53.0.9"
TABLE = rows.Table()


@pytest.fixture(scope="session")
def lab():
    running = lab_module.Lab(TABLE.zones()).start()
    running.start_unbound(RECURSOR)
    with postfix.resolv_conf(RECURSOR):
        yield running
    running.stop()


@pytest.fixture(scope="session")
def daemon(lab):
    running = lab_module.Daemon(lab, "oracle", port=8942).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def receiver(lab):
    running = postfix.Receiver(TABLE.hosts).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def sender(daemon, receiver):
    running = postfix.Sender(daemon, TABLE.rows).start()
    yield running
    running.stop()
