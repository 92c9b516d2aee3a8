"""Redis ends while web process and monitor run apart, and comes back without its memory."""

import time
from contextlib import closing

import pytest

from app.bus.signed_channel import SOCKET_TIMEOUT_SECONDS
from tests.redis_server import BINARY, RedisServer
from tests.server import Server, wait_for
from tests.test_monitor_alone import SeparateMonitor
from tests.test_server import looks_like_a_card

pytestmark = pytest.mark.skipif(BINARY is None, reason="needs Redis: apt install redis-server")


def test_redis_that_ends_and_comes_back_loses_no_frame(postgres, tmp_path, record_fault):
    settings = {"METRICS_TOKEN": "only for this test", "DATABASE_URL": postgres.new_database()}
    with RedisServer() as redis, Server(tmp_path, {"REDIS_URL": redis.url, **settings}) as server:
        fault = record_fault(
            lambda: server.log,
            done="Redis is killed and started again, without its memory.",
            seen="On the same connection: the last picture for 10 s, a card, then the picture.",
            lost="Nothing: the monitor records meanwhile.",
        )
        monitor = SeparateMonitor(server)
        try:
            with closing(server.stream()) as viewer:
                wait_for(lambda: not looks_like_a_card(next(viewer)))
                redis.stop()
                wait_for(lambda: looks_like_a_card(next(viewer)))
                assert "does not answer" in server.get("/api/v1/state").json["camera"]["detail"]
                with fault.recovery():
                    redis.start()
                    wait_for(lambda: not looks_like_a_card(next(viewer)))
            wait_for(lambda: server.frames_not_written() < 15, seconds=30)
            assert monitor.process.poll() is None
        finally:
            monitor.stop()


def test_redis_that_hangs_holds_up_no_change(postgres, tmp_path, record_fault):
    settings = {"DATABASE_URL": postgres.new_database()}
    with RedisServer() as redis, Server(tmp_path, {"REDIS_URL": redis.url, **settings}) as server:
        fault = record_fault(
            lambda: server.log,
            done="Redis is stopped (SIGSTOP), and a lecture started; then Redis goes on.",
            seen="The lecture's start is answered at once.",
            lost="Nothing.",
        )
        with redis.frozen():
            began = time.monotonic()
            answer = server.get("/api/v1/lectures", method="POST", send={"title": "Fractions"})
            assert answer.status == 201
            assert time.monotonic() - began < SOCKET_TIMEOUT_SECONDS
        with fault.recovery():
            wait_for(redis.answers)
