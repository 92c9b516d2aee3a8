"""Whatever is sent, no answer is a crash, and each answer of the API is in its description."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

TEXTS = some.one_of(
    some.text(max_size=300),
    some.sampled_from(
        ["", "\0", "\ud83d", "=1+1", "9" * 5000, "0001-01-01T00:00:00+05:00", "now", "http://[x"]
    ),
)
NUMBERS = some.one_of(some.integers(), some.sampled_from([2**31, 2**63, -1, 10**40]), some.floats())
VALUES = some.recursive(
    some.one_of(some.none(), some.booleans(), NUMBERS, TEXTS),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
MANY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)


class Counts:
    """How many requests a test sent."""

    def __init__(self) -> None:
        self.requests = 0

    def check(self, described: dict, method: str, template: str, answer) -> None:
        """Fail for a crash, and for a status that the description lacks."""
        self.requests += 1
        assert answer.status_code != 500, answer.text
        if template in described:
            assert str(answer.status_code) in described[template][method.lower()]["responses"]


@pytest.fixture
def counts(request, capsys):
    """Counts requests, and prints how many there were."""
    counts = Counts()
    yield counts
    with capsys.disabled():
        print(f" {request.node.name}: {counts.requests} cases")


@pytest.fixture
def described(api):
    """The paths of the API's description."""
    return api.get("/api/openapi.json").json["paths"]


def test_no_json_is_a_crash(api, described, counts):
    path = f"/api/v1/lectures/{api.post('/api/v1/lectures', json={'title': 'A'}).json['id']}"
    operations = [
        ("POST", "/api/v1/lectures", "/api/v1/lectures"),
        ("PATCH", path, "/api/v1/lectures/{lecture_id}"),
        ("POST", f"{path}/notes", "/api/v1/lectures/{lecture_id}/notes"),
    ]
    names = some.sampled_from(["title", "course", "ended_at", "at", "text", "else"])

    @MANY
    @given(some.one_of(VALUES, some.dictionaries(names, VALUES, max_size=3)))
    def send(value):
        for method, path, template in operations:
            answer = api.open(path, method=method, data=json.dumps(value), content_type="application/json")
            counts.check(described, method, template, answer)

    send()


def test_no_query_is_a_crash(api, described, counts):
    names = some.sampled_from(["limit", "cursor", "from", "to", "room", "q", "course", "after", "a", "b"])
    queries = some.dictionaries(names, TEXTS.map(lambda text: text.replace("\ud83d", "%ud83d")), max_size=4)

    @MANY
    @given(queries)
    def ask(query):
        for path in ("/api/v1/lectures", "/api/v1/minutes", "/lectures", "/lectures/compare"):
            sendable = {
                name: text.encode(errors="surrogateescape")
                for name, text in query.items()
                if not re.search("[\ud800-\udfff]", text)
            }
            counts.check(described, "GET", path, api.get(path, query_string=sendable))

    ask()


def test_no_path_is_a_crash(api, described, counts):
    @MANY
    @given(some.one_of(some.integers(0).map(str), some.text(max_size=40)))
    def ask(part):
        quoted = re.sub(r"[\ud800-\udfff]", "", part).replace("?", "").replace("#", "")
        for template in (
            "/lectures/{}",
            "/lectures/{}/report.csv",
            "/lectures/1/report.{}",
            "/api/v1/lectures/{}",
        ):
            counts.check({}, "GET", template, api.get(template.format(quoted)))

    ask()


def test_no_form_is_a_crash(api, counts):
    names = some.sampled_from(["title", "course", "time", "text", "hide", "language", "next", "left", "top"])
    fields = some.dictionaries(names, some.text(some.characters(exclude_categories=["Cs"])), max_size=5)

    @MANY
    @given(fields)
    def send(form):
        for path in ("/lectures", "/lectures/1/rename", "/lectures/1/notes", "/hide-faces", "/language"):
            counts.check({}, "POST", path, api.post(path, data=form))

    send()
