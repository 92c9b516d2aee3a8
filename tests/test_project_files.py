"""What the files beside the code say: version, packages, links, promises."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.project import PROJECT, VERSION
from tests.reliability import RECORDERS, named_in_table, recording_tests

TESTS = PROJECT / "tests"
DOCUMENTS = [
    *sorted(PROJECT.glob("*.md")),
    *sorted(PROJECT.glob("docs/*.md")),
    PROJECT / "benchmarks" / "NOTES.md",
    PROJECT / "models" / "CARD.md",
]


def test_the_changelog_begins_with_the_version_of_the_program():
    newest = re.search(r"^## (\S+)", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == VERSION


def test_faces_are_read_without_the_packages_of_training():
    """Tensorflow is 1.3 GB that a server doesn't have."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['tensorflow', 'keras', 'matplotlib', 'tqdm', 'jax']));"
        "from app.vision.face_analyser import FaceAnalyser; FaceAnalyser();"
        "from app.monitor import process; from app.offline import analyse"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text()):
        name, _, heading = target.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), target
        assert not heading or heading in _headings(path), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_path_of_the_project_that_is_named_exists(document):
    if document.name == "CHANGELOG.md":
        return  # it tells what was
    for path in re.findall(
        r"`((?:app|models|docs|tests|migrations|benchmarks)/[\w./-]*)`", document.read_text()
    ):
        assert (PROJECT / path).exists(), path


def test_every_function_on_a_path_through_the_architecture_exists():
    text = (PROJECT / "docs/architecture.md").read_text()
    paths = text[text.index("## The path of a frame") : text.index("## The monitor and the web process")]
    code = "\n".join(path.read_text() for path in (PROJECT / "app").rglob("*.py"))
    names = re.findall(r"`(\w+\.)?(_?[a-z]\w+)(?:\(\))?`", paths)
    assert len(names) > 20
    for _, name in names:
        assert re.search(rf"def {name}\b", code), name


def test_no_import_runs_back_up():
    """The folders stand in docs/architecture.md from top to bottom; each may import what stands below it."""
    floors = re.findall(r"^\| `app/(\w+)/` \|", (PROJECT / "docs/architecture.md").read_text(), re.MULTILINE)
    floors.remove("translations")
    assert set(floors) == {path.parent.name for path in (PROJECT / "app").glob("*/__init__.py")} - {"fonts"}
    for number, floor in enumerate(floors):
        for path in (PROJECT / "app" / floor).rglob("*.py"):
            imported = set(re.findall(r"from app\.(\w+)", path.read_text()))
            assert not imported & set(floors[:number]), path


def _headings(path: Path) -> set[str]:
    """The anchors of a Markdown file, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/privacy.md"])
def test_a_test_holds_every_promise(page):
    rows = re.findall(r"^\| [^|]+\. \| (.+) \|$", (PROJECT / page).read_text(), re.MULTILINE)
    assert rows
    for row in rows:
        tests = re.findall(r"`((?:\w+/)?test_\w+\.py)::(test_\w+)`", row)
        assert tests, row
        for file, name in tests:
            tree = ast.parse((TESTS / file).read_text())
            assert name in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}, name


@pytest.mark.parametrize("folder", RECORDERS)
def test_every_recorded_fault_has_its_row_and_every_row_its_test(folder):
    """`make reliability` and `make soak` write the rows."""
    assert named_in_table(folder) == recording_tests(folder)
