"""gunicorn's settings with alerts after a second instead of minutes, for tests."""

from pathlib import Path

from app.notify.outage import Thresholds

exec(Path("gunicorn.conf.py").read_text())

THRESHOLDS = Thresholds(
    look_seconds=0.2, dark_seconds=1, away_seconds=1, start_seconds=60, steady_seconds=0.5, quiet_seconds=3
)


def post_worker_init(worker):
    """Start like the server, with other thresholds."""
    from app.web import serve

    serve.start(worker.wsgi, is_ending=lambda: not worker.alive, thresholds=THRESHOLDS)
