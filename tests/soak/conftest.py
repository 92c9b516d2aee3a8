"""What soak tests share: how much to do, and a way to record what was measured."""

import os
from collections.abc import Callable

import pytest


@pytest.fixture
def amount() -> Callable[[str, int], int]:
    """Give how much to do: the environment's value of a name, such as SOAK_KILLS, else the default."""
    return lambda name, default: int(os.environ.get(name, default))


@pytest.fixture
def record_soak(record_property):
    """Record this test's row of docs/reliability.md: `record_soak(done=…, measured=…)`."""

    def record(*, done: str, measured: str) -> None:
        record_property("row", f"{done} | {measured}")

    return record
