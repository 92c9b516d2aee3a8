"""Every form of address that HOST can have is listened on, and the greeting prints one that opens."""

import re
import socket
import subprocess
import urllib.request

import pytest

from tests.server import BIN, PROJECT, Server, free_port, wait_for

NO_CAMERA = {"PURPOSE": "pulse"}  # no monitor loads while the server does


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="needs IPv6 on this machine")


def greeted_with(server: Server) -> str:
    found = re.search(r"Aula is at (http://\S+?),?\s", server.log)
    return found[1] if found else ""


@pytest.fixture(scope="module")
def migrated(tmp_path_factory) -> str:
    """The address of a database that is ready."""
    server = Server(tmp_path_factory.mktemp("migrated"), {})
    server.migrate()
    return server.environment["DATABASE_URL"]


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "localhost",
        pytest.param("::", marks=needs_ipv6),
        pytest.param("::1", marks=needs_ipv6),
        pytest.param("[::1]", marks=needs_ipv6),
    ],
)
def test_the_printed_address_can_be_opened(tmp_path, migrated, host):
    server = Server(tmp_path, {"HOST": host, "ROOM": f"Host {host}", "DATABASE_URL": migrated, **NO_CAMERA})
    try:
        server.launch()
        address = wait_for(lambda: server.process.poll() is not None or greeted_with(server))
        assert isinstance(address, str), server.log
        assert "0.0.0.0" not in address
        assert "[::]" not in address
        assert urllib.request.urlopen(f"{address}/healthz", timeout=15).status == 200
    finally:
        server.stop()


def test_without_host_no_other_address_of_this_machine_answers(tmp_path, migrated):
    server = Server(tmp_path, {"ROOM": "Without HOST", "DATABASE_URL": migrated, **NO_CAMERA})
    try:
        server.launch()
        wait_for(server.answers)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", server.port), timeout=15)
    finally:
        server.stop()


def refusal(server: Server) -> str:
    """The lines that a server prints that can't start, less gunicorn's first."""
    try:
        server.launch()
        assert server.process.wait(30) != 0
    finally:
        if server.process.poll() is None:
            server.stop()
    return "".join(line for line in server.log.splitlines() if "Starting gunicorn" not in line)


def test_a_port_in_use_is_one_line_with_what_to_do(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = refusal(Server(tmp_path, {"PORT": str(port)}))
    assert line == (
        f"Aula can't start: another program listens on PORT={port}. Stop it, or set PORT to another number"
    )


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("192.0.2.1", "HOST=192.0.2.1 is no address of this machine"),
        ("no.such.name.invalid", "HOST=no.such.name.invalid is no address and no known name"),
        ("http://localhost", "HOST=http://localhost is no address and no known name"),
    ],
)
def test_a_host_that_can_t_be_listened_on_is_one_line(tmp_path, host, cause):
    assert refusal(Server(tmp_path, {"HOST": host})).startswith(f"Aula can't start: {cause}")


def test_flask_run_says_that_there_is_no_monitor(tmp_path):
    server = Server(tmp_path, {})
    command = [BIN / "flask", "--app", "wsgi", "run", "--port", str(free_port())]
    with subprocess.Popen(
        command, cwd=PROJECT, env=server.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stderr.readline()
        finally:
            process.terminate()
    assert "without a monitor" in said
    assert "gunicorn wsgi:app" in said
    assert "without a monitor" not in server.flask("token", "--help")
