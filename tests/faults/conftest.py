"""What fault tests share: a way to record what a fault costs."""

import pytest

from tests.reliability import Fault


@pytest.fixture
def record_fault(record_property):
    """Begin this test's row of docs/reliability.md: `record_fault(log, done=…, seen=…, lost=…)`.

    `log` gives the log so far, as text.
    """

    def begin(log, *, done: str, seen: str, lost: str) -> Fault:
        return Fault(log, lambda row: record_property("row", row), done, seen, lost)

    return begin
