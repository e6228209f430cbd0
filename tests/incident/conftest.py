import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "oracle"),
                str(HERE.parent / "lab")]

from sanitizers import (no_report, pytest_sessionfinish,  # noqa: E402,F401
                        pytest_sessionstart)
