import pathlib
import resource
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab"),
                str(HERE.parent / "oracle")]

import faults  # noqa: E402
import faulty  # noqa: E402
import hostile  # noqa: E402
import lab as lab_module  # noqa: E402


@pytest.fixture(scope="session")
def world():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield from lab_module.running(lab_module.Lab(
        [*lab_module.table.ZONES, *faulty.all_zones(),
         *hostile.all_zones()]))


@pytest.fixture
def start(world):
    """start(config, …) -> a daemon of the test's own, which must end well."""
    started = []

    def run(config="", log=None, **options):
        daemon = faults.Watched(world, "fault", config, **options)
        started.append(daemon)
        return daemon.start_logging_to(log) if log else daemon.start()
    yield run
    for daemon in started:
        try:
            if daemon.process.poll() is None:
                daemon.holds_nobody()
                daemon.stop()
        finally:
            daemon.process.kill()
        assert "ERROR: " not in daemon.log(), daemon.log()[-4000:]


@pytest.fixture(scope="module")
def daemon(world):
    """One for tests that leave it as it was."""
    running = faults.Watched(world, "shared", port=9352).start()
    yield running
    running.holds_nobody()
    running.stop()
    assert "ERROR: " not in running.log(), running.log()[-4000:]
