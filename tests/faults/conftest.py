"""What fault tests share: servers that they may stop, and a way to record what a fault costs."""

import pytest

from tests.postgres import running_postgres
from tests.reliability import Fault


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A PostgreSQL server of a file's own, which its tests may stop."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def record_fault(record_property):
    """Begin this test's row of docs/reliability.md: `record_fault(log, done=…, seen=…, lost=…)`.

    `log` gives the log so far, as text.
    """

    def begin(log, *, done: str, seen: str, lost: str) -> Fault:
        return Fault(log, lambda row: record_property("row", row), done, seen, lost)

    return begin
