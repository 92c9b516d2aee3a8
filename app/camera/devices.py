"""The cameras plugged into this machine, listed without opening any."""

from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """A camera that the system knows."""

    number: int
    name: str


def video_devices(system: Path = SYSTEM) -> list[VideoDevice]:
    """Every camera that Linux lists, by number; a camera's second entry, for its metadata, is left out."""
    folders = [folder for folder in system.glob("video[0-9]*") if _read(folder / "index") in ("0", "")]
    devices = [
        VideoDevice(int(folder.name.removeprefix("video")), _read(folder / "name")) for folder in folders
    ]
    return sorted(devices, key=lambda device: device.number)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""  # unplugged meanwhile, or a driver that does not say
