"""Writes the tables of docs/reliability.md from a run of the tests: python -m tests.reliability faults."""

import ast
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "reliability.md"
RECORDERS = {"faults": "record_fault", "soak": "record_soak"}
"""The folders that have a table, and the fixture with which their tests record rows."""
HEADS = {
    "faults": """
| what was done | what a viewer saw | lines logged | time to recover | what was lost | test |
| --- | --- | --- | --- | --- | --- |
""",
    "soak": """
| what was done | what was measured | test |
| --- | --- | --- |
""",
}


class Fault:
    """One row of the table of faults. Log lines are counted from its making to the recovery."""

    def __init__(
        self, log: Callable[[], str], keep: Callable[[str], None], done: str, seen: str, lost: str
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
    """A pytest plugin that keeps the rows that tests recorded."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        """By test, as `test_file.py::test_name`."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if report.when == "call" and "row" in properties:
            name = report.nodeid.rpartition("/")[2]
            self.rows[name] = f"| {properties['row']} | `{name}` |\n"


def recording_tests(folder: str) -> set[str]:
    """The tests of a folder that record a row, as `test_file.py::test_name`."""
    return {
        f"{path.name}::{function.name}"
        for path in (TESTS / folder).glob("test_*.py")
        for function in ast.parse(path.read_text()).body
        if isinstance(function, ast.FunctionDef)
        and RECORDERS[folder] in {argument.arg for argument in function.args.args}
    }


def named_in_table(folder: str) -> set[str]:
    """The tests that a folder's table names."""
    begin, end = _marks(folder)
    table = PAGE.read_text().partition(begin)[2].partition(end)[0]
    return set(re.findall(r"\| `(test_\w+\.py::test_\w+)` \|$", table, re.MULTILINE))


def write_table(folder: str, rows: list[str]) -> None:
    """Put these rows into a folder's table in place of the ones before."""
    begin, end = _marks(folder)
    before, _, rest = PAGE.read_text().partition(begin)
    PAGE.write_text(f"{before}{begin}\n{HEADS[folder]}{''.join(rows)}\n{end}{rest.partition(end)[2]}")


def _marks(folder: str) -> tuple[str, str]:
    return f"<!-- {folder}: written by the tests -->", f"<!-- end of {folder} -->"


def main(folder: str) -> None:
    """Run a folder's tests, and write what they recorded if all of them passed."""
    collector = RowCollector()
    timeout = "--timeout=0" if folder == "soak" else "--timeout=300"
    if status := pytest.main(["-q", "-s", timeout, str(TESTS / folder)], plugins=[collector]):
        sys.exit(status)
    if missing := recording_tests(folder) - set(collector.rows):
        sys.exit(f"Nothing is written, since these did not run: {', '.join(sorted(missing))}")
    write_table(folder, list(collector.rows.values()))


if __name__ == "__main__":
    main(sys.argv[1])
