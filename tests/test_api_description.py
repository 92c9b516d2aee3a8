"""What `/api/openapi.json` says, and the page and the documentation that show it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from apiflask.fields import List, Nested
from marshmallow import RAISE, Schema

from app.project import PROJECT
from app.store import lecture_queries, minute_queries, note_queries, room_queries
from app.store.counted_minute import CountedMinute
from app.store.tables import Poll, PulseMinute, db
from app.web.api.report_schemas import ReportSchema

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


def test_a_report_is_as_described(app, api):
    """It is made without its schema, so nothing else compares the two."""
    start = datetime(2026, 11, 20, 10, 15, tzinfo=UTC)
    with app.app_context():
        room = room_queries.get_or_create_room("Room 7")
        lecture = lecture_queries.start_lecture(room, "Fractions", "Mathematics 6a", start)
        for number in (*range(12), 14, 15):
            minute = start + timedelta(minutes=number)
            happy = 700 if number in (8, 9) else 60
            spans = (20, 0, 20, happy, 40, 20, 1000 - happy, 100)
            counted = CountedMinute(minute, lecture.id, 60, 300, 20, 1200, spans)
            minute_queries.save_minute(room, counted, minimum_group=5)
            said = {"clear": 9, "lost": 9 if number > 7 else 1, "too_fast": 1, "too_slow": 0}
            db.session.add(PulseMinute(lecture_id=lecture.id, minute=minute, minimum_group=5, **said))
        note_queries.add_note(lecture, start, "homework", start)
        poll = {"text": "", "answers": ["yes", "no"], "counts": [13, 5], "is_shown": True}
        db.session.add(Poll(lecture_id=lecture.id, asked_at=start, ended_at=start, **poll))
        lecture_queries.end_lecture(lecture, start + timedelta(minutes=16))
    report = api.get("/api/v1/lectures/1/report").json
    assert report["changes"]
    assert report["notes"]
    assert report["pulse"]["correlation"]
    ReportSchema(unknown=RAISE).load(report)
    assert_all_fields(report, ReportSchema())


def assert_all_fields(given: dict, schema: Schema) -> None:
    """No field of a schema is missing, in objects inside either."""
    fields = {field.data_key or name: field for name, field in schema.fields.items()}
    assert set(given) == set(fields)
    for name, field in fields.items():
        inner = field.inner if isinstance(field, List) else field
        if isinstance(inner, Nested):
            values = given[name] if isinstance(field, List) else [given[name]]
            for value in filter(None, values):
                assert_all_fields(value, inner.schema)
