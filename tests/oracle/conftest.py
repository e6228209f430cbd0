import concurrent.futures
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab")]

import lab as lab_module  # noqa: E402
import postfix  # noqa: E402
import rows  # noqa: E402
from sanitizers import (no_report, pytest_sessionfinish,  # noqa: E402,F401
                        pytest_sessionstart)

RECURSOR = "10.53.0.9"
TABLE = rows.Table()


@pytest.fixture(scope="session")
def lab():
    running = lab_module.Lab(TABLE.zones()).start()
    running.start_unbound(RECURSOR)
    with lab_module.resolv_conf(RECURSOR):
        yield running
    running.stop()


@pytest.fixture(scope="session")
def daemon(lab):
    yield from lab_module.running(lab_module.Daemon(lab, "oracle", port=8942))


@pytest.fixture(scope="session")
def receiver(lab):
    yield from lab_module.running(postfix.Receiver(TABLE.hosts))


@pytest.fixture(scope="session")
def sender(daemon, receiver):
    routes = [(row.recipient, row.key) for row in TABLE.rows
              if row.recipient != row.key]
    yield from lab_module.running(postfix.Sender("sender", {
        "socketmap": f"socketmap:inet:127.0.0.1:{daemon.port}:query",
        "tcp": f"tcp:127.0.0.1:{daemon.port + 1}",
    }, routes))


@pytest.fixture(scope="session", autouse=True)
def deliveries(sender):
    """Of every row, by both tables; a future, because one takes long."""
    recipients = [f"{table}@{row.recipient}" for row in TABLE.rows
                  for table in sender.tables]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(sender.deliver, *recipients)
