"""Figures for Prometheus under /metrics, for whoever has METRICS_TOKEN. docs/monitoring.md explains them."""

import hmac
from collections.abc import Iterator

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app import __version__
from app.bus.messages import MonitorStatus
from app.web.access import bearer_token
from app.web.problems import problem
from app.web.stream.hub import Hub

pages = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Collect figures, where a token is set for somebody to fetch them with."""
    settings = app.config["SETTINGS"]
    if settings.metrics_token is None:
        return
    registry = CollectorRegistry()
    registry.register(RoomCollector(app.extensions["hub"], settings.room))
    ProcessCollector(registry=registry)
    requests = Counter(
        "aula_http_requests", "Requests that were answered.", ["endpoint", "status"], registry=registry
    )
    app.extensions["metrics"] = registry

    @app.after_request
    def count(response: Response) -> Response:
        requests.labels(request.endpoint or "unknown", response.status_code).inc()
        return response


@pages.get("/metrics")
def metrics():
    """Give the figures as they are now, in the format that was asked for."""
    expected = current_app.config["SETTINGS"].metrics_token
    if expected is None:
        abort(404)
    if not hmac.compare_digest((bearer_token() or "").encode(), expected.encode()):
        detail = "Send the server's METRICS_TOKEN: Authorization: Bearer METRICS_TOKEN."
        return problem(401, detail, {"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(current_app.extensions["metrics"]), content_type=content_type)


class RoomCollector(Collector):
    """What the web process knows of camera, monitor and viewers. What is not known is left out."""

    def __init__(self, hub: Hub, room: str) -> None:
        self._hub = hub
        self._room = room

    def collect(self) -> Iterator[Metric]:
        """Give each figure as it is at this moment."""
        hub, status = self._hub, self._hub.status
        yield InfoMetricFamily("aula", "This server.", {"version": __version__, "room": self._room})
        online = hub.pause is None and status is not None and status.camera.is_online
        yield GaugeMetricFamily("aula_camera_online", "Whether the camera gives pictures.", online)
        yield GaugeMetricFamily("aula_paused", "Whether somebody paused the room.", hub.pause is not None)
        yield GaugeMetricFamily("aula_monitor_running", "Whether the monitor runs.", hub.monitor.running)
        yield CounterMetricFamily(
            "aula_monitor_restarts",
            "Times that the monitor ended and was started again.",
            hub.monitor.restarts,
        )
        yield GaugeMetricFamily("aula_viewers", "Streams that are open.", len(hub.viewers))
        yield GaugeMetricFamily("aula_viewers_limit", "Streams that may be open.", hub.max_viewers)
        if hub.monitor.heartbeat is not None:
            yield GaugeMetricFamily(
                "aula_monitor_heartbeat_age_seconds",
                "Since the monitor's last word.",
                hub.clock.monotonic() - hub.monitor.heartbeat,
            )
        if (age := hub.picture_age) is not None:
            yield GaugeMetricFamily(
                "aula_picture_age_seconds", "Since the camera gave the newest picture that was shown.", age
            )
        if status is not None:
            yield from _of_monitor(status)


def _of_monitor(status: MonitorStatus) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "aula_frames_captured", "Frames that the camera gave, since it was opened.", status.frames_captured
    )
    yield CounterMetricFamily(
        "aula_frames_analysed", "Frames in which faces were looked for.", status.frames_analysed
    )
    yield CounterMetricFamily(
        "aula_frames_dropped", "Frames that nobody took, since the camera was opened.", status.frames_dropped
    )
    yield CounterMetricFamily(
        "aula_minutes_written", "Minutes that were finished and written.", status.minutes_written
    )
    if status.live is not None:
        yield GaugeMetricFamily("aula_faces", "Faces in view.", status.live.faces)
