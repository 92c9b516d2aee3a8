"""Lists the cameras plugged into this machine, without opening any."""

from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class VideoDevice:
    """A camera that Linux knows."""

    number: int
    name: str


def video_devices(system: Path = SYSTEM) -> list[VideoDevice]:
    """Give every camera by number, without the second entry that a camera has for its metadata."""
    folders = [folder for folder in system.glob("video[0-9]*") if _read(folder / "index") in ("0", "")]
    devices = [
        VideoDevice(int(folder.name.removeprefix("video")), _read(folder / "name")) for folder in folders
    ]
    return sorted(devices, key=lambda device: device.number)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""  # unplugged meanwhile, or its driver has no such entry
