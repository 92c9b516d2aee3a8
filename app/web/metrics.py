"""Metrics for Prometheus at `/metrics`, which METRICS_TOKEN opens. docs/monitoring.md explains each."""

import hmac
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.bus.messages import MonitorStatus
from app.camera.errors import Reason
from app.project import VERSION
from app.web.access import bearer_token
from app.web.problems import problem
from app.web.stream.hub import Hub

pages = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Collect metrics if METRICS_TOKEN is set."""
    settings = app.config["SETTINGS"]
    if settings.metrics_token is None:
        return
    registry = CollectorRegistry()
    registry.register(RoomCollector(app.extensions["hub"], settings.room))
    ProcessCollector(registry=registry)
    requests = Counter("aula_http_requests", "Answered requests.", ["endpoint", "status"], registry=registry)
    app.extensions["metrics"] = registry

    @app.after_request
    def count_request(response: Response) -> Response:
        requests.labels(request.endpoint or "unknown", response.status_code).inc()
        return response


@pages.get("/metrics")
def metrics():
    """Send the current values, in the format that the request accepts."""
    expected = current_app.config["SETTINGS"].metrics_token
    if expected is None:
        abort(404)
    if not hmac.compare_digest((bearer_token() or "").encode(), expected.encode()):
        detail = "Send the server's METRICS_TOKEN: Authorization: Bearer METRICS_TOKEN."
        return problem(401, detail, {"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(current_app.extensions["metrics"]), content_type=content_type)


class RoomCollector(Collector):
    """Reads camera, monitor and viewers from the hub at each scrape; unknown values are left out."""

    def __init__(self, hub: Hub, room: str) -> None:
        self._hub = hub
        self._room = room

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its current value."""
        hub, status = self._hub, self._hub.status
        yield InfoMetricFamily("aula", "This server.", {"version": VERSION, "room": self._room})
        online = hub.pause is None and status is not None and status.camera.is_online
        yield GaugeMetricFamily("aula_camera_online", "Whether the camera delivers pictures.", online)
        yield GaugeMetricFamily("aula_paused", "Whether the room is paused.", hub.pause is not None)
        outside = status is not None and status.camera.reason == Reason.OUTSIDE_TIMETABLE
        yield GaugeMetricFamily(
            "aula_outside_timetable", "Whether the camera is closed because no lecture runs.", outside
        )
        yield GaugeMetricFamily(
            "aula_monitor_running", "Whether the monitor process runs.", hub.monitor.is_running
        )
        yield CounterMetricFamily(
            "aula_monitor_restarts",
            "How often the monitor ended and was restarted.",
            hub.monitor.restarts,
        )
        yield GaugeMetricFamily("aula_viewers", "Open streams.", len(hub.viewers))
        yield GaugeMetricFamily("aula_viewers_limit", "Streams that may be open at once.", hub.slots.limit)
        if (age_seconds := hub.heartbeat_age_seconds) is not None:
            yield GaugeMetricFamily(
                "aula_monitor_heartbeat_age_seconds", "Time since the monitor's last status.", age_seconds
            )
        if (age_seconds := hub.picture_age_seconds) is not None:
            yield GaugeMetricFamily(
                "aula_picture_age_seconds", "Time since the shown picture was captured.", age_seconds
            )
        if status is not None:
            yield from _monitor_metrics(status)


def _monitor_metrics(status: MonitorStatus) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "aula_frames_captured", "Frames captured since the camera was opened.", status.frames_captured
    )
    yield CounterMetricFamily(
        "aula_frames_analysed", "Frames analysed since the monitor started.", status.frames_analysed
    )
    yield CounterMetricFamily(
        "aula_frames_dropped",
        "Frames replaced by a newer one before they were used, since the camera was opened.",
        status.frames_dropped,
    )
    yield CounterMetricFamily(
        "aula_minutes_written", "Finished minutes written since the monitor started.", status.minutes_written
    )
    if status.live is not None:
        yield GaugeMetricFamily("aula_faces", "Faces in view.", status.live.faces)
