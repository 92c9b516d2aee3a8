"""The monitor's loop: what it asks of the analyser."""

import threading
from multiprocessing import Pipe

from app.bus.messages import Demand
from app.bus.publisher import Publisher
from app.clock import SYSTEM_CLOCK
from app.monitor.loop import UNWATCHED_PACE, Monitor
from app.store.effective_settings import first_room
from app.vision.face_analyser import FaceAnalyser
from tests.server import wait_for


def test_a_room_that_nobody_watches_is_searched_and_classified_half_as_often(app):
    paces: list[float] = []

    class RecordingAnalyser(FaceAnalyser):
        def analyse(self, frame, longest_step, pace):
            paces.append(pace)
            return super().analyse(frame, longest_step, pace)

    with app.app_context():
        room_id = first_room().id
    ending = threading.Event()
    bus, web = Pipe()
    with bus, web:
        monitor = Monitor(
            app,
            room_id,
            Publisher(bus),
            None,
            RecordingAnalyser,
            SYSTEM_CLOCK,
        )
        thread = threading.Thread(target=monitor.run, args=[ending])
        thread.start()
        try:
            wait_for(lambda: UNWATCHED_PACE in paces)
            assert set(paces) == {UNWATCHED_PACE}
            web.send(Demand(10))
            wait_for(lambda: paces[-1] == 1.0)
            web.send(Demand(0))
            wait_for(lambda: paces[-1] == UNWATCHED_PACE)
        finally:
            ending.set()
            thread.join(20)
            monitor.stop()
