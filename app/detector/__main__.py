"""Installs YuNet's file for a page, in a process of its own: `python -m app.detector FOLDER SOURCE LANGUAGE`.

SOURCE is an address, or `-` for a file that stdin gives. It prints why nothing was installed, in that
language, and nothing where the file is in its place.
"""

import sys
from pathlib import Path

from app.core_dump import forbid_core_dump
from app.detector.install import MAX_BYTES, InstallError, install, install_from
from app.language import Translatable, translate

SENT_FILE = Translatable("The file")


def main(folder: Path, source: str, language: str) -> int:
    """Install, and give the exit status: 1 if nothing was installed."""
    forbid_core_dump()
    try:
        if source == "-":
            install(sys.stdin.buffer.read(MAX_BYTES), SENT_FILE, folder)
        else:
            install_from(source, folder)
    except InstallError as error:
        print(translate(error, language))
        return 1
    return 0


sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
