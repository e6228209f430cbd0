"""What a sanitizer or valgrind has to say, whichever process it says it in.

Reports go to files, and the test during which one appears fails.  Without this
a report of a command whose exit code nobody looks at would be lost.
"""

import os

import pytest

import lab as lab_module

FOLDER = lab_module.REPORTS

# Leaks count where a process ends in order.
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:"
                    "strict_string_checks=1:check_initialization_order=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "second_deadlock_stack=1",
}


def take():
    """The text of all reports so far; a second call finds them gone."""
    text = ""
    for path in sorted(FOLDER.iterdir()):
        text += path.read_text(errors="replace")
        os.truncate(path, 0)  # which may be another user's, and is there
    return text


def pytest_sessionstart():
    """Before any fixture starts a process."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o1777)  # the daemon is not always root
    for name, value in OPTIONS.items():
        os.environ[name] = ":".join(
            filter(None, (value, f"log_path={FOLDER}/{name[:4].lower()}",
                          os.environ.get(name))))


@pytest.fixture(autouse=True)
def no_report():
    yield
    text = take()
    assert not text, text


def pytest_sessionfinish(session):
    """Of daemons that have ended with the session."""
    text = take()
    if text:
        print(text)
        session.exitstatus = 1
