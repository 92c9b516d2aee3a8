"""What `/api/openapi.json` says, and the page and the documentation that show it."""

import re
from collections.abc import Iterator

import pytest

from app.project import PROJECT

UNITS = r"(?i)seconds|a second|degrees|pixels|bytes|0 to 1|-1 to 1|faces in view|how many"
"""What a figure is measured in. A share says its range."""
WHOLE_UNITS = {"bytes": "bytes", "frame_age_ms": "milliseconds", "width": "pixels", "height": "pixels"}


@pytest.fixture
def described(api) -> dict:
    """The description."""
    return api.get("/api/openapi.json").json


def fields(described: dict) -> Iterator[tuple[str, dict]]:
    """Every field of every object, as its name and its schema."""
    for name, schema in described["components"]["schemas"].items():
        for field, said in schema["properties"].items():
            yield f"{name}.{field}", said


def parameters(described: dict) -> Iterator[tuple[str, dict]]:
    """Every parameter of every operation."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                yield f"{method} {path} {parameter['name']}", parameter


def holds_another(schema: dict) -> bool:
    """Whether a field is an object of its own, or a list of them, whose own fields have examples."""
    return "$ref" in str(schema)


def test_every_field_has_a_sentence_and_an_example(described):
    found = [*fields(described), *parameters(described)]
    assert len(found) > 200
    for name, said in found:
        assert re.fullmatch(r"[A-Z`].+\.", said.get("description", "")), name
        assert holds_another(said) or "example" in {**said, **said.get("schema", {})}, name


def test_every_figure_says_its_unit(described):
    figures = [(name, said) for name, said in fields(described) if "number" in said.get("type", ())]
    assert len(figures) > 30
    for name, said in figures:
        assert re.search(UNITS, said["description"]), name
    for name, said in fields(described):
        unit = WHOLE_UNITS.get(name.partition(".")[2], "")
        assert unit in said["description"], name


def test_an_example_is_what_its_field_allows(described):
    """Not all that a schema says, but the kind of a value and the words that are allowed."""
    kinds = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}
    for name, said in fields(described):
        if "example" in said:
            allowed = said["type"] if isinstance(said["type"], list) else [said["type"]]
            assert any(isinstance(said["example"], kinds[kind]) for kind in allowed if kind != "null"), name
            assert said["example"] in said.get("enum", [said["example"]]), name


def test_every_operation_says_what_it_does_and_where_it_belongs(described):
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"].endswith("."), (method, path)
            assert set(operation["tags"]) < {tag["name"] for tag in described["tags"]}, (method, path)


def test_the_documentation_names_every_address(described):
    page = (PROJECT / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| `(GET|POST|PATCH|DELETE) (/\S+)` \| (✓?) ?\|", page, re.MULTILINE)
    documented = {f"{method} /api/v1{path}" for method, path, _ in rows}
    documented |= {f"{method} /api/v1/rooms/ID{path}" for method, path, mark in rows if mark}
    assert documented == {
        f"{method.upper()} {re.sub('{[^}]*}', 'ID', path)}"
        for path, operations in described["paths"].items()
        for method in operations
    }
