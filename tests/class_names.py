"""Finds classes that share a name: `python -m tests.class_names FOLDER…`, which `make lint` runs.

A search for a class should find one thing. Classes inside classes or functions don't count.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


def shared_names(folders: Iterable[Path]) -> dict[str, list[str]]:
    """Each name that several classes of these folders have, with the FILE:LINE of every one."""
    places = defaultdict(list)
    for path in sorted(path for folder in folders for path in folder.rglob("*.py")):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.ClassDef):
                places[statement.name].append(f"{path}:{statement.lineno}")
    return {name: where for name, where in sorted(places.items()) if len(where) > 1}


def main(arguments: list[str]) -> int:
    """Print each shared name; the exit status is 1 where there is one."""
    shared = shared_names(map(Path, arguments))
    for name, places in shared.items():
        print(f"{len(places)} classes are named {name}: {', '.join(places)}", file=sys.stderr)
    return 1 if shared else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
