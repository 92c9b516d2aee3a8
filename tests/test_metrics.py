"""Metrics for Prometheus."""

import re
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.bus.live_reading import LiveReading
from app.bus.messages import AnnotatedPicture, MonitorStatus
from app.camera.errors import Reason
from app.camera.state import CameraState
from app.clock import SYSTEM_CLOCK
from app.store.effective_settings import CurrentPause, EffectiveSettings
from tests.rooms import first_hub
from tests.server import PROJECT, wait_for

TOKEN = "only for prometheus"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONLINE = CameraState(True, None, None, NOON, 25.0)
LIVE = LiveReading(NOON, 12, 12, None, None, None, suppressed=False)


def status(camera=ONLINE, live=LIVE) -> MonitorStatus:
    return MonitorStatus(camera, live, 5, 7, frames_captured=900, frames_analysed=180, minutes_written=3)


@pytest.fixture
def app(make_app):
    return make_app(METRICS_TOKEN=TOKEN)


def scrape(client, token: str = TOKEN, **headers):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"} | headers)


def figures(text: str) -> dict[str, float]:
    """Every sample without labels, or with the room's alone, by name, parsed as Prometheus does."""
    families = text_string_to_metric_families(text)
    return {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if sample.labels.keys() <= {"room"}
    }


def figures_of(app) -> dict[str, float]:
    return figures(scrape(app.test_client()).text)


def test_without_metrics_token_there_is_no_such_page(make_app):
    assert scrape(make_app().test_client()).status_code == 404


@pytest.mark.parametrize("token", ["", "only for prometheut", TOKEN + "x", "ünerwartet"])
def test_a_wrong_token_is_refused(app, token):
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "aula_" not in answer.text
    assert app.test_client().get("/metrics").status_code == 401


def test_a_users_token_is_no_metrics_token(app, api):
    assert api.get("/metrics").status_code == 401


def test_metrics_show_camera_monitor_and_viewers_as_they_are(app):
    hub = first_hub(app)
    hub.monitor_started()
    hub.receive(status())
    hub.add_viewer(10)
    hub.receive(AnnotatedPicture(b"picture", SYSTEM_CLOCK.now().timestamp() - 3, (640, 360)))
    now = figures_of(app)
    assert now["aula_camera_online"] == now["aula_monitor_running"] == now["aula_viewers"] == 1
    assert now["aula_paused"] == now["aula_monitor_restarts_total"] == 0
    assert now["aula_faces"] == 12
    assert now["aula_frames_captured_total"] == 900
    assert now["aula_frames_analysed_total"] == 180
    assert now["aula_frames_dropped_total"] == 7
    assert now["aula_minutes_written_total"] == 3
    assert now["aula_picture_age_seconds"] >= 3
    assert now["aula_monitor_heartbeat_age_seconds"] >= 0


def test_an_unknown_value_is_left_out(app):
    hub = first_hub(app)
    before = figures_of(app)
    assert before["aula_camera_online"] == 0
    assert not {"aula_faces", "aula_picture_age_seconds", "aula_frames_captured_total"} & before.keys()
    hub.receive(status(CameraState(False, Reason.BLACK, "It is black.", NOON, 0.0), live=None))
    assert "aula_faces" not in figures_of(app)


def test_during_a_pause_the_camera_counts_as_offline(app):
    hub = first_hub(app)
    hub.receive(status())
    hub.apply_settings(EffectiveSettings("demo", False, 5, 365, None, CurrentPause(NOON, "anna")))
    now = figures_of(app)
    assert (now["aula_paused"], now["aula_camera_online"]) == (1, 0)


def test_requests_are_counted_by_endpoint_and_status(app):
    client = app.test_client()
    for path in ("/healthz", "/healthz", "/nowhere"):
        client.get(path)
    families = text_string_to_metric_families(scrape(client).text)
    counted = {
        (sample.labels["endpoint"], sample.labels["status"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "aula_http_requests_total"
    }
    assert counted == {("health.healthz", "200"): 2, ("unknown", "401"): 1}


def test_openmetrics_is_sent_to_clients_that_accept_it(app):
    accept = "application/openmetrics-text; version=1.0.0"
    answer = scrape(app.test_client(), Accept=accept)
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_every_metric_is_documented_and_no_other(app):
    hub = first_hub(app)
    hub.receive(status())
    hub.add_viewer(10)
    hub.receive(AnnotatedPicture(b"picture", 1000, (640, 360)))
    exposed = set(re.findall(r"^# TYPE (aula_\w+)", scrape(app.test_client()).text, re.MULTILINE))
    table = "\n".join(
        row.split("|")[1]
        for row in (PROJECT / "docs" / "monitoring.md").read_text().splitlines()
        if row.startswith("| `")
    )
    assert set(re.findall(r"`(aula_\w+)`", table)) == exposed


def test_a_real_server_counts_its_frames(start_server):
    server = start_server(METRICS_TOKEN=TOKEN)
    server.token = TOKEN

    def read() -> dict[str, float]:
        return figures(server.get("/metrics").body.decode())

    wait_for(lambda: read().get("aula_frames_analysed_total", 0) > 5)
    now = read()
    assert now["aula_camera_online"] == 1
    assert now["aula_frames_captured_total"] >= now["aula_frames_analysed_total"]
    assert 1e6 < now["process_resident_memory_bytes"] < 5e8
