"""A district of simulated rooms: leases, status, minutes and demand on real Redis and PostgreSQL; no camera.

The machines are real but for the monitors: each of their rooms says its status twice a second and writes its
minute every ten. Then a tenth of the machines is killed. Run it with `python -m benchmarks.district`.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert, text

from app import create_app
from app.bus.messages import Demand, MonitorStatus
from app.bus.signed_channel import SignedChannel
from app.bus.subscription import Subscription
from app.bus.web_link import WebLink
from app.camera.state import CameraState
from app.flask_config import configure
from app.language import Translatable
from app.runner.monitor_machine import MonitorMachine
from app.runner.redis_leases import RedisLease
from app.store import minute_queries
from app.store.counted_minute import CountedMinute
from app.store.minute_queries import LeaseSuperseded
from app.store.tables import Room, db
from benchmarks.processes import cpu_seconds, megabytes
from benchmarks.table import show
from tests.postgres import Postgres
from tests.redis_server import RedisServer
from tests.server import wait_for

STATUS_SECONDS = 0.5
WRITE_SECONDS = 10.0
SPARE = 1.25  # what the machines can read together, of the rooms: enough where a tenth of them is gone
WATCHED = 0.05  # of the rooms
WEBS = 2
FULL = Translatable("This simulated machine is full.")
SECRET = "a key for benchmarks only"


class SimulatedMonitor:
    """A room's keeper without a monitor: it ticks when its machine says so."""

    def __init__(self, machine: "SimulatedMachine", room_id: int, lease: RedisLease) -> None:
        self.room_id = room_id
        self.lease = lease
        self.link = machine._bus.add(room_id, lease, lambda: None, lambda: False)
        self.due_at = self.write_at = time.monotonic()
        self.since = datetime.now(UTC)
        self.counted: CountedMinute | None = None
        self._machine = machine

    def start(self) -> None:
        self._machine.monitors[self.room_id] = self

    def join(self) -> None:
        self._machine.monitors.pop(self.room_id, None)

    def say_status(self) -> None:
        """As a monitor does twice a second."""
        camera = CameraState(True, None, None, self.since, 25.0)
        assert self.link.demand is not None  # the supervisor asks for it
        self.link.receive(MonitorStatus(camera, None, 5.0, 0, 0.05, 1000, 200, 0.4, 3))

    def write(self) -> None:
        """As a monitor does every ten seconds: the open minute over itself."""
        room = Room(id=self.room_id)
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        if self.counted is None or self.counted.minute != minute:
            stored = minute_queries.load_minute(room, minute, None)
            self.counted = stored or CountedMinute(minute, None)
        self.counted = self.counted.merged_with(
            CountedMinute(minute, None, online_seconds=WRITE_SECONDS, frames_analysed=50)
        )
        minute_queries.save_minute(room, self.counted, 5, is_finished=False, lease_number=self.lease.number)


class SimulatedMachine(MonitorMachine):
    """A machine whose monitors are simulated, all on one thread."""

    def __init__(self, app: Flask, ending: threading.Event, most_rooms: int) -> None:
        super().__init__(app, ending)
        self._beside = ()
        self._rooms._refusal = lambda rooms: FULL if rooms >= most_rooms else None
        self._ending = ending
        self.monitors: dict[int, SimulatedMonitor] = {}

    def _supervisor(self, room_id: int, is_ending: Callable[[], bool]) -> SimulatedMonitor:
        return SimulatedMonitor(self, room_id, self._rooms.lease(room_id))

    def tick(self) -> None:
        """Let every room say and write what is due, until the end."""
        with self._app.app_context():
            while not self._ending.is_set():
                for monitor in list(self.monitors.values()):
                    now = time.monotonic()
                    if now >= monitor.due_at:
                        monitor.due_at = now + STATUS_SECONDS
                        monitor.say_status()
                    if now >= monitor.write_at:
                        monitor.write_at = now + WRITE_SECONDS
                        try:
                            monitor.write()
                        except LeaseSuperseded:
                            print(f"room {monitor.room_id}: superseded", file=sys.stderr)
                self._ending.wait(0.01)


def run_machine(folder: Path, most_rooms: int) -> None:
    """Be a machine until SIGTERM."""
    app = Flask("app", instance_path=str(folder))
    configure(app, os.environ)
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    machine = SimulatedMachine(app, ending, most_rooms)
    machine.start()
    machine.tick()
    machine.join()


def run_web(rooms: int, report: Path) -> None:
    """Be a web process that watches some rooms, and report what was heard when the lease changed."""
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    link = WebLink(SignedChannel(os.environ["REDIS_URL"], SECRET))
    heard: dict[int, tuple[float, int, str]] = {}
    gaps, refused, messages, delays = [], 0, 0, []
    watched, renewed_at = range(1, round(WATCHED * rooms) + 1), 0.0
    while not ending.is_set():
        received = link.receive(0.1)
        now = time.monotonic()
        if received is not None and isinstance(received.message, MonitorStatus):
            messages += 1
            delays.append(received.transit_seconds)
            at, number, _ = heard.get(received.room_id, (now, 0, ""))
            if received.lease_number < number:
                refused += 1
            else:
                if 0 < number < received.lease_number:
                    gaps.append(now - at)
                heard[received.room_id] = now, received.lease_number, received.sender
        if now - renewed_at >= 1:
            renewed_at = now
            for room in watched:
                if room in heard:
                    link.send(heard[room][2], room, Subscription(Demand(15), 0))
            newest = delays[-5000:]
            report.with_suffix(".new").write_text(
                json.dumps(
                    {
                        "rooms": len(heard),
                        "messages": messages,
                        "gaps": gaps,
                        "refused": refused,
                        "p95_ms": 1000 * statistics.quantiles(newest, n=20)[-1] if len(newest) > 20 else None,
                    }
                )
            )
            report.with_suffix(".new").rename(report)


def measure(rooms: int, machines: int, seconds: float) -> list[dict]:
    """The figures of a district at work, and when a tenth of its machines is killed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        postgres = stack.enter_context(Postgres(_made(folder / "postgres")))
        redis = stack.enter_context(RedisServer())
        environment = {
            **os.environ,
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.new_database(),
            "SECRET_KEY": SECRET,
        }
        app = create_app(environment, _made(folder / "instance"))
        with app.app_context():
            upgrade()
            values = [
                {"name": f"Room {each}", "slug": f"room-{each}", "camera": "demo"} for each in range(rooms)
            ]
            db.session.execute(insert(Room), values)
            db.session.commit()
        most_rooms = round(SPARE * rooms / machines)
        started = [
            _start(stack, environment, f"machine{n}", "machine", _made(folder / f"machine{n}"), most_rooms)
            for n in range(machines)
        ]
        reports = [folder / f"web{n}.json" for n in range(WEBS)]
        webs = [_start(stack, environment, f"web{n}", "web", rooms, reports[n]) for n in range(WEBS)]

        def all_are_heard() -> bool:
            return all(path.exists() and _read(path)["rooms"] == rooms for path in reports)

        began = time.monotonic()
        wait_for(all_are_heard, 300)
        print(f"{rooms} rooms were taken in {time.monotonic() - began:.0f} s; load {os.getloadavg()}")
        at_work = _at_work(app, redis, started, webs, reports, seconds)
        killed = started[: max(1, machines // 10)]
        lost = len(_rooms_of(redis, range(len(killed))))
        for process in killed:
            process.kill()
        wait_for(lambda: all(len(_read(path)["gaps"]) >= lost for path in reports), 120)
        time.sleep(WRITE_SECONDS + 2)
        gaps = sorted(_read(reports[0])["gaps"])
        with app.app_context():
            twice = db.session.scalar(
                text("SELECT count(*) FROM minute WHERE online_seconds > 61 + :write"),
                {"write": WRITE_SECONDS},
            )
            unread = rooms - db.session.scalar(
                text("SELECT count(DISTINCT room_id) FROM minute WHERE minute > now() - interval '2 minutes'")
            )
        failover = {
            "machines killed": len(killed),
            "rooms moved": len(gaps),
            "p50 s": gaps[len(gaps) // 2],
            "p95 s": gaps[int(0.95 * len(gaps))],
            "longest s": gaps[-1],
            "messages refused": sum(_read(path)["refused"] for path in reports),
            "minutes counted twice": twice,
            "rooms not read": unread,
        }
        return [at_work, failover]


def _at_work(app, redis, machines, webs, reports, seconds: float) -> dict:
    pids = {"machines": machines, "webs": webs}
    before = _counts(app, redis, reports)
    cpu = {name: cpu_seconds([each.pid for each in group]) for name, group in pids.items()}
    redis_cpu = cpu_seconds([redis._process.pid])
    began = time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    after = _counts(app, redis, reports)
    rates = {name: (after[name] - before[name]) / elapsed for name in after}
    return {
        "renewals/s": rates["renewals"],
        "messages/s": rates["publishes"],
        "statuses heard/s by a web": rates["heard"],
        "p95 ms": _read(reports[0])["p95_ms"],
        "transactions/s": rates["transactions"],
        "minute writes/s": rates["writes"],
        "Redis cores": (cpu_seconds([redis._process.pid]) - redis_cpu) / elapsed,
        "Redis MB": redis.client.info("memory")["used_memory"] / 2**20,
        "Redis MB/s out": rates["bytes"] / 2**20,
        "cores a machine": (cpu_seconds([each.pid for each in machines]) - cpu["machines"])
        / elapsed
        / len(machines),
        "cores a web": (cpu_seconds([each.pid for each in webs]) - cpu["webs"]) / elapsed / len(webs),
        "MB a machine": megabytes([each.pid for each in machines]) / len(machines),
        "load": os.getloadavg()[0],
    }


def _counts(app, redis: RedisServer, reports: list[Path]) -> dict[str, float]:
    commands = redis.client.info("commandstats")
    with app.app_context():
        transactions = db.session.scalar(
            text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        )
        writes = db.session.scalar(
            text("SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'minute'")
        )
        db.session.rollback()
    return {
        "renewals": commands.get("cmdstat_evalsha", {"calls": 0})["calls"],
        "publishes": commands["cmdstat_publish"]["calls"],
        "heard": _read(reports[0])["messages"],
        "transactions": transactions,
        "writes": writes,
        "bytes": redis.client.info("stats")["total_net_output_bytes"],
    }


def _rooms_of(redis: RedisServer, machines: range) -> list[bytes]:
    names = {f"machine{number}" for number in machines}
    keys = redis.client.keys("aula:lease:*")
    return [each for each in redis.client.mget(keys) if each.decode().partition(" ")[0] in names]


def _start(stack: ExitStack, environment: dict, name: str, *arguments: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "benchmarks.district", *map(str, arguments)]
    process = subprocess.Popen(command, env={**environment, "MACHINE": name})
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _read(path: Path) -> dict:
    return json.loads(path.read_text())


def main() -> None:
    if sys.argv[1:2] == ["machine"]:
        run_machine(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["web"]:
        run_web(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--rooms", type=int, default=1000)
        parser.add_argument("--machines", type=int, default=10)
        parser.add_argument("--seconds", type=float, default=60)
        options = parser.parse_args()
        for name, row in zip(("district", "a tenth fails"), measure(**vars(options)), strict=True):
            show(name, [row])


if __name__ == "__main__":
    main()
