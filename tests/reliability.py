"""Writes the table of docs/reliability.md from a run of tests/faults: python -m tests.reliability."""

import ast
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FAULTS = Path(__file__).resolve().parent / "faults"
PAGE = FAULTS.parent.parent / "docs" / "reliability.md"
BEGIN, END = "<!-- written by make reliability -->", "<!-- end of the table -->"
HEAD = """\
| what was done | what a viewer saw | lines logged | time to recover | what was lost | test |
| --- | --- | --- | --- | --- | --- |
"""


class Fault:
    """One row of the table: a fault, and what it costs. Lines are counted from its making to its recovery."""

    def __init__(
        self,
        log: Callable[[], str],
        keep: Callable[[str], None],
        done: str,
        seen: str,
        lost: str,
    ) -> None:
        self._log = log
        self._keep = keep
        self._texts = done, seen, lost
        self._lines_before = len(log().splitlines())

    @contextmanager
    def recovery(self) -> Iterator[None]:
        """Lasts from the end of the fault until all is as before."""
        began = time.monotonic()
        yield
        self.recovered_in(time.monotonic() - began)

    def recovered_in(self, seconds: float) -> None:
        """All is as before, so many seconds after the end of the fault."""
        done, seen, lost = self._texts
        lines = len(self._log().splitlines()) - self._lines_before
        recovery = f"{seconds:.0f} s" if seconds >= 1 else "under 1 s"
        self._keep(" | ".join((done, seen, str(lines), recovery, lost)))


class RowCollector:
    """A pytest plugin that keeps the rows that tests recorded, each with its test."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and "fault" in dict(report.user_properties):
            name = report.nodeid.removeprefix("tests/faults/")
            self.rows[name] = f"| {dict(report.user_properties)['fault']} | `{name}` |\n"


def recording_tests() -> set[str]:
    """The tests that record a row, as `test_file.py::test_name`."""
    return {
        f"{path.name}::{function.name}"
        for path in FAULTS.glob("test_*.py")
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef)
        and "record_fault" in {argument.arg for argument in function.args.args}
        and function.name.startswith("test_")
    }


def tests_in_table() -> list[str]:
    """The tests that the table names."""
    return re.findall(r"\| `(test_\w+\.py::test_\w+)` \|$", PAGE.read_text(), re.MULTILINE)


def main() -> None:
    """Run the fault tests and write what they recorded between the marks."""
    collector = RowCollector()
    if status := pytest.main(["-q", str(FAULTS)], plugins=[collector]):
        sys.exit(status)
    if missing := recording_tests() - set(collector.rows):
        sys.exit(f"Nothing is written, since these were skipped: {', '.join(sorted(missing))}")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{HEAD}{''.join(collector.rows.values())}\n{END}{after}")


if __name__ == "__main__":
    main()
