"""A report is complete when it opens: a real server, a real monitor, the drawn classroom."""

import time

from tests.server import Server, wait_for


def test_the_report_is_complete_as_soon_as_the_lecture_has_ended(tmp_path):
    """Its last minute used to be withheld for seconds, with a closed camera for two minutes."""
    with Server(tmp_path, {"MINIMUM_GROUP": "1", "ROOM": "Complete"}) as server:
        wait_for(lambda: (server.get("/api/v1/now").json or {}).get("faces"), 120)
        lecture = server.get("/api/v1/lectures", method="POST", send={"title": "Fractions"}).json
        path = f"/api/v1/lectures/{lecture['id']}"
        time.sleep(5)  # counted, and not written yet
        assert server.get(path, method="PATCH", send={"ended_at": "now"}).status == 200
        report = server.get(f"{path}/report").json
        assert report["minutes"][-1]["seen"] == "read"
        assert report["online_seconds"] > 2
        time.sleep(3)
        assert server.get(f"{path}/report").json == report
