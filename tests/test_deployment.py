"""The files in `deploy/`: they start what the Procfile starts, with settings that exist."""

import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import time
import urllib.request
from configparser import RawConfigParser
from dataclasses import fields
from itertools import islice

import pytest
import yaml

from app.project import PROJECT
from app.settings import Settings
from tests.server import BIN, free_port, wait_for

DEPLOY = PROJECT / "deploy"
SETTINGS = {each.name.upper() for each in fields(Settings)}
PROCFILE = {
    name: shlex.split(command)
    for name, command in re.findall(r"^(\w+): (.+)$", (PROJECT / "Procfile").read_text(), re.MULTILINE)
}
RELEASE, WEB, MONITOR = PROCFILE["release"], PROCFILE["web"][2:], PROCFILE["monitor"]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CLUSTER = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def unit(name: str) -> RawConfigParser:
    """A unit of systemd. Where a key stands twice, the last one counts here."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(DEPLOY / "systemd" / name)
    return parser


def containers(*, init: bool = False) -> dict[str, dict]:
    """The containers of the cluster, by name."""
    pods = [each["spec"]["template"]["spec"] for each in CLUSTER if each["kind"] == "Deployment"]
    found = [each for pod in pods for each in pod.get("initContainers" if init else "containers", ())]
    return {each["name"]: each for each in found}


def dockerfile_lists(instruction: str) -> list[str]:
    """The words of an instruction that is written as a JSON list."""
    return json.loads(re.search(rf"^ *{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])


def test_every_file_starts_what_the_procfile_starts():
    assert PROCFILE["web"][:2] == ["env", "HOST=0.0.0.0"]
    assert "HOST=0.0.0.0" in re.search(r"^ENV (.+)$", DOCKERFILE, re.MULTILINE)[1].split()
    services = COMPOSE["services"]
    assert "command" not in services["web"], "it is the image's"
    assert re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE) == [json.dumps(WEB)]
    assert (services["migrate"]["command"], services["monitor"]["command"]) == (RELEASE, MONITOR)
    assert (containers()["web"]["command"], containers()["monitor"]["command"]) == (WEB, MONITOR)
    assert containers(init=True)["migrate"]["command"] == RELEASE
    service = unit("aula.service")["Service"]
    programs = f"{service['WorkingDirectory']}/.venv/bin/"
    assert service["ExecStartPre"] == programs + shlex.join(RELEASE)
    assert service["ExecStart"] == programs + shlex.join(WEB)


def test_every_setting_that_is_named_exists():
    named = set(COMPOSE["x-aula"]["environment"])
    for each in CLUSTER:
        if each["kind"] == "ConfigMap":
            named |= set(each["data"])
    named |= set(re.findall(r"\b[A-Z]+_[A-Z]+\b", (DEPLOY / "kubernetes.yaml").read_text()))
    named |= set(json.loads((PROJECT / "app.json").read_text())["env"])
    assert named >= {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "TRUSTED_PROXIES"}
    assert named <= SETTINGS


def test_every_address_that_is_asked_for_health_exists(app):
    asked = re.findall(r"'(/\w+)'", DOCKERFILE)
    for container in containers().values():
        asked += [container[kind]["httpGet"]["path"] for kind in container if kind.endswith("Probe")]
    assert len(asked) == 3
    for path in asked:
        assert app.test_client().get(path).status_code == 200, path


def test_the_image_has_the_python_on_which_all_tests_run_and_is_not_root():
    version = (PROJECT / ".python-version").read_text().strip()
    assert f"ARG BASE=python:{version}-slim\n" in DOCKERFILE
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    for each in CLUSTER:
        if each["kind"] == "Deployment":
            assert each["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == int(user) > 0


def test_only_what_the_server_needs_goes_into_the_image():
    first, *others = [
        line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[:1] != "#"
    ]
    assert first == "*"
    for line in others:
        if line.startswith("!"):
            assert list(PROJECT.glob(line[1:])), line
    assert not any(name in others for name in ("!.env", "!instance", "!tests", "!.git"))


def test_the_documentation_names_every_file():
    text = (PROJECT / "docs" / "deployment.md").read_text()
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert f"deploy/{path.relative_to(DEPLOY)}" in text, path


def test_systemd_understands_the_units(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze: apt install systemd")
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text().replace("/opt/aula/.venv/bin/flask", "/bin/true")
        (tmp_path / path.name).write_text(text.replace("/opt/aula/.venv/bin/gunicorn", "/bin/true"))
    command = ["systemd-analyze", "verify", *tmp_path.iterdir()]
    verified = subprocess.run(command, capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_machines_that_start_together_may_all_migrate(postgres, tmp_path):
    """The pods of a cluster do."""
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "a key for tests only",
        "DATABASE_URL": postgres.empty_database(),
    }
    command = [BIN / "flask", "--app", "wsgi", "db", "upgrade"]
    with (tmp_path / "log").open("w+") as log:
        processes = [
            subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log) for _ in range(2)
        ]
        assert [process.wait(60) for process in processes] == [0, 0], (tmp_path / "log").read_text()


@pytest.fixture
def caddy(tmp_path):
    """Start deploy/Caddyfile in front of a port, and give how to open an address through it."""
    if shutil.which("caddy") is None:
        pytest.skip("needs Caddy: apt install caddy")
    processes = []

    def start(port: int):
        own = free_port()
        # no certificate goes into this machine's store, and no second port is opened
        options = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"
        (tmp_path / "Caddyfile").write_text(options + (DEPLOY / "Caddyfile").read_text())
        environment = {"SITE": f"localhost:{own}", "PORT": str(port), "HOME": str(tmp_path)}
        with (tmp_path / "caddy.log").open("wb") as log:
            command = ["caddy", "run", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"]
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        root = tmp_path / ".local/share/caddy/pki/authorities/local/root.crt"
        wait_for(root.exists)

        def open_address(path: str, token: str | None = None):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            request = urllib.request.Request(f"https://localhost:{own}{path}", headers=headers)
            context = ssl.create_default_context(cafile=root)
            return urllib.request.urlopen(request, timeout=15, context=context)

        def answers() -> bool:
            try:
                return open_address("/healthz").status == 200
            except OSError:
                return False

        wait_for(answers)
        return open_address

    yield start
    for process in processes:
        process.terminate()
        process.wait(15)


def test_through_the_proxy_pictures_and_events_arrive_at_once_over_https(start_server, caddy):
    server = start_server(TRUSTED_PROXIES="1")
    open_address = caddy(server.port)
    wait_for(server.is_online)
    cookie = open_address("/sign-in").headers["Set-Cookie"]
    assert "Secure" in cookie.split("; "), "the server knows that the proxy speaks HTTPS"
    with open_address("/stream.mjpg", server.token) as stream:
        times = (float(line.split()[1]) for line in stream if line.startswith(b"X-Captured-At"))
        *_, captured_at = islice(times, 10)
    assert time.time() - captured_at < 10, "a proxy that kept them would give old ones"
    with open_address("/api/v1/rooms/1/events", server.token) as events:
        assert events.readline().startswith(b"event: ")
