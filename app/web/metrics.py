"""Metrics for Prometheus at `/metrics`, which METRICS_TOKEN opens. docs/monitoring.md explains each."""

import hmac
from collections.abc import Callable, Iterator

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.camera.errors import Reason
from app.project import VERSION
from app.web.authentication import bearer_token
from app.web.live_rooms import LiveRooms
from app.web.problems import problem
from app.web.stream.hub import Hub

pages = Blueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Collect metrics if METRICS_TOKEN is set."""
    settings = app.config["SETTINGS"]
    if settings.metrics_token is None:
        return
    registry = CollectorRegistry()
    registry.register(RoomCollector(app.extensions["rooms"]))
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


ROOM_GAUGES = {
    "aula_camera_online": ("Whether the camera delivers pictures.", lambda hub: _is_online(hub)),
    "aula_paused": ("Whether the room is paused.", lambda hub: hub.pause is not None),
    "aula_outside_timetable": (
        "Whether the camera is closed because no lecture runs.",
        lambda hub: hub.status is not None and hub.status.camera.reason == Reason.OUTSIDE_TIMETABLE,
    ),
    "aula_monitor_running": ("Whether the monitor process runs.", lambda hub: hub.monitor.is_running),
    "aula_viewers": ("Open streams.", lambda hub: len(hub.viewers)),
    "aula_monitor_heartbeat_age_seconds": (
        "Time since the monitor's last status.",
        lambda hub: hub.heartbeat_age_seconds,
    ),
    "aula_picture_age_seconds": (
        "Time since the shown picture was captured.",
        lambda hub: hub.picture_age_seconds,
    ),
    "aula_faces": ("Faces in view.", lambda hub: hub.status and hub.status.live and hub.status.live.faces),
}
"""Help and value of each metric of a room; a value of None is left out."""

ROOM_COUNTERS = {
    "aula_monitor_restarts": (
        "How often the monitor ended and was restarted.",
        lambda hub: hub.monitor.restarts,
    ),
    "aula_frames_captured": (
        "Frames captured since the camera was opened.",
        lambda hub: hub.status and hub.status.frames_captured,
    ),
    "aula_frames_analysed": (
        "Frames analysed since the monitor started.",
        lambda hub: hub.status and hub.status.frames_analysed,
    ),
    "aula_frames_dropped": (
        "Frames replaced by a newer one before they were used, since the camera was opened.",
        lambda hub: hub.status and hub.status.frames_dropped,
    ),
    "aula_minutes_written": (
        "Finished minutes written since the monitor started.",
        lambda hub: hub.status and hub.status.minutes_written,
    ),
}


def _is_online(hub: Hub) -> bool:
    return hub.pause is None and hub.status is not None and hub.status.camera.is_online


class RoomCollector(Collector):
    """Reads camera, monitor and viewers of each room from its hub at each scrape."""

    def __init__(self, rooms: LiveRooms) -> None:
        self._rooms = rooms

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its current values."""
        yield InfoMetricFamily("aula", "This server.", {"version": VERSION})
        limit = self._rooms.slots.limit
        yield GaugeMetricFamily("aula_viewers_limit", "Streams that may be open at once.", limit)
        for family, metrics in ((GaugeMetricFamily, ROOM_GAUGES), (CounterMetricFamily, ROOM_COUNTERS)):
            for name, (help, value_of) in metrics.items():
                yield self._of_each_room(family(name, help, labels=["room"]), value_of)

    def _of_each_room(self, metric: Metric, value_of: Callable[[Hub], float | None]) -> Metric:
        for room in self._rooms:
            value = value_of(room.hub)
            if value is not None:
                metric.add_metric([room.name], value)
        return metric
