"""Where a network comes from: its data, its runs and commands, and the versions of the packages."""

import hashlib
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

from models import CommandError
from models.training.schedule import Schedule, recorded_schedules

PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "ai-edge-litert", "numpy", "opencv-python-headless")


def provenance(trained: Sequence[Path], data: Path, crops: Path | None, wild: Path | None = None) -> dict:
    """Describe for the card how the networks of training runs were made.

    Commands name run folders under runs/, which .gitignore lists, wherever they really are. Raises
    CommandError for a network without its run's schedule.json beside it.
    """
    schedules = [(path.parent.name, *entry) for path in trained for entry in _schedules(path)]
    files = {"data": data, "crops": crops, "wild": wild}
    inputs = " ".join(f"--{option} {path.name}" for option, path in files.items() if path)
    trainings = [
        schedule.command(run, inputs) + (f"  # resumed after epoch {epochs_done}" if epochs_done else "")
        for run, epochs_done, schedule in schedules
    ]
    networks = " ".join(f"runs/{path.parent.name}/{path.name}" for path in trained)
    installed = {package.name.replace("_", "-"): package.version for package in distributions()}
    sources = {path for *_, schedule in schedules for path in (*schedule.teachers, schedule.weights) if path}
    return {
        "data": [file_facts(path) for path in files.values() if path],
        "networks": [_network_facts(Path(path)) for path in sorted(sources)],
        "schedules": [
            {"run": run, "after_epoch": epochs_done} | schedule.for_card()
            for run, epochs_done, schedule in schedules
        ],
        "commands": [*trainings, f"python -m models export --network {networks} {inputs}"],
        "versions": {"python": platform.python_version()}
        | {package: installed[package] for package in PACKAGES if package in installed},
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _network_facts(path: Path) -> dict:
    """Facts of a network that a run learnt from; of one that was not kept, the name alone."""
    return file_facts(path) if path.is_file() else {"name": path.name}


def file_facts(path: Path) -> dict:
    """Return a file's name, sha256 and size in bytes."""
    content = path.read_bytes()
    return {"name": path.name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _schedules(trained: Path) -> list[tuple[int, Schedule]]:
    schedules = recorded_schedules(trained.parent)
    if not schedules:
        raise CommandError(
            f"{trained} has no schedule.json beside it; give the network.keras of a run's folder"
        )
    return schedules
