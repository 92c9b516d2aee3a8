"""The monitor's loop: what it asks of the analyser."""

import threading
from queue import SimpleQueue

from app.bus.messages import Demand
from app.bus.publisher import Publisher
from app.clock import SYSTEM_CLOCK
from app.monitor.loop import UNWATCHED_PACE, Monitor
from app.store.effective_settings import first_room
from app.vision.face_analyser import FaceAnalyser
from tests.server import wait_for


class Viewers:
    """A link to a web process that throws every message away and says what its viewers demand."""

    def __init__(self) -> None:
        self._demands: SimpleQueue[Demand | None] = SimpleQueue()

    def send(self, message) -> None:
        pass

    def recv(self) -> Demand:
        demand = self._demands.get()
        if demand is None:
            raise EOFError
        return demand

    def watch(self, fps: float) -> None:
        self._demands.put(Demand(fps))

    def leave(self) -> None:
        self._demands.put(None)


def test_a_room_that_nobody_watches_is_searched_and_classified_half_as_often(app):
    paces: list[float] = []

    class RecordingAnalyser(FaceAnalyser):
        def analyse(self, frame, longest_step, pace):
            paces.append(pace)
            return super().analyse(frame, longest_step, pace)

    with app.app_context():
        room_id = first_room().id
    viewers, ending = Viewers(), threading.Event()
    monitor = Monitor(app, room_id, Publisher(viewers), None, RecordingAnalyser, SYSTEM_CLOCK)
    thread = threading.Thread(target=monitor.run, args=[ending])
    thread.start()
    try:
        wait_for(lambda: UNWATCHED_PACE in paces)
        assert set(paces) == {UNWATCHED_PACE}
        viewers.watch(10)
        wait_for(lambda: paces[-1] == 1.0)
        viewers.watch(0)
        wait_for(lambda: paces[-1] == UNWATCHED_PACE)
    finally:
        ending.set()
        thread.join(20)
        monitor.stop()
        viewers.leave()
