"""`make image-test`: build the container image of `deploy/` without any registry, start it, and use it.

The official base image can't always be fetched, so a Debian with Python is made from the system's own mirror.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tests.server import PASSWORD, PROJECT, Server, wait_for

PROGRAMS = ("debootstrap", "buildah")
BASE, IMAGE = "localhost/aula-test-base", "localhost/aula-test"
PAGES = ("/", "/lectures", "/settings", "/notice", "/model", "/api/openapi.json", "/snapshot.jpg")
MUST_NOT_BE_THERE = (".git", ".env", "tests", "benchmarks", "docs", "models/training", "/opt/venv/bin/pip")


class Container(Server):
    """The image as it runs: its own user, folder, Python and database, on a port of this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self._name = run("buildah", "from", "--pull-never", IMAGE)

    def run(self, *command: str) -> list[str]:
        """The words that run `command` inside, with nothing set but port and password."""
        settings = {"PORT": str(self.port), "ADMIN_PASSWORD": PASSWORD}
        options = [word for name, value in settings.items() for word in ("--env", f"{name}={value}")]
        return ["buildah", "run", *options, self._name, "--", *command]

    def start(self) -> None:
        run(*self.run("flask", "--app", "wsgi", "db", "upgrade"))
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(self.run(*configuration()["Cmd"]), stdout=log, stderr=log)
        wait_for(self.answers)
        self.token = run(*self.run("flask", "--app", "wsgi", "token", "create", "admin"))

    def stop(self) -> None:
        """End gunicorn, which `buildah run` would not pass the signal on to, and delete the container."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.gunicorn, signal.SIGTERM)
            self.process.wait(15)
        run("buildah", "rm", self._name)

    @property
    def gunicorn(self) -> int:
        """Its process id, on this machine as in the container."""
        return int(re.search(r"\[(\d+)\] \[INFO\] Starting gunicorn", self.log)[1])


def run(*command: str) -> str:
    """Run a program and give what it prints; where it fails, show that and end."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout.strip()


def configuration() -> dict:
    """What the image says of itself, as Docker reads it."""
    return json.loads(run("buildah", "inspect", "--type", "image", IMAGE))["Docker"]["config"]


def mirror() -> tuple[str, str]:
    """The address and the code name of this system's packages."""
    name = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE)[1]
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)", "Component: main")
    addresses = [line.split()[0] for line in targets.splitlines() if line.endswith(f" {name}")]
    return addresses[0], name


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    began = time.monotonic()
    print(f"{what} …", flush=True)
    yield
    print(f"  {time.monotonic() - began:.0f} s", flush=True)


def build_base(folder: Path) -> None:
    """Make a base image with Python."""
    address, name = mirror()
    run(
        "debootstrap",
        "--variant=minbase",
        "--include=python3,python3-venv,ca-certificates",
        name,
        str(folder),
        address,
    )
    container = run("buildah", "from", "scratch")
    run("buildah", "copy", "--quiet", container, str(folder), "/")
    run("buildah", "commit", "--quiet", "--rm", container, BASE)


def build_image() -> None:
    """Build the image as `docker build` would."""
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"  # a network may have an authority of its own
    run(
        *("buildah", "bud", "--pull-never", "--format", "docker", "--build-arg", f"BASE={BASE}"),
        *("--volume", certificates, "-f", "deploy/Dockerfile", "-t", IMAGE, "."),
    )


def size(image: str) -> str:
    """The size of an image on the disk, such as 950 MB."""
    return json.loads(run("buildah", "images", "--json", image))[0]["size"]


def check(container: Container) -> None:
    """Use the running image as people, programs and platforms do."""
    assert f"Uid:\t{configuration()['User']}" in Path(f"/proc/{container.gunicorn}/status").read_text()
    assert container.get("/healthz", token=False).status == 200
    run(*container.run(*configuration()["Healthcheck"]["Test"][1:]))
    wait_for(container.is_online)
    assert wait_for(lambda: container.get("/readyz", token=False).status == 200)
    for path in PAGES:
        assert container.get(path).status == 200, path
    assert len({part.sequence for part in islice(container.stream(), 5)}) == 5


def check_files(container: Container) -> None:
    """Look for what must not be in the image, and for what the program may change."""
    for name in MUST_NOT_BE_THERE:
        run(*container.run("sh", "-c", f"! test -e {name}"))
    run(*container.run("sh", "-c", "! touch app/x 2>/dev/null && touch instance/x"))


def main() -> None:
    """Build, start, check and stop the image, and print what it took."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing or os.getuid() != 0:
        sys.exit(f"make image-test needs root and: apt install {' '.join(PROGRAMS)}")
    os.environ |= {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}
    with tempfile.TemporaryDirectory() as folder:
        with timed("Making a base image with Python"):
            build_base(Path(folder) / "base")
        with timed("Building the image"):
            build_image()
        container = Container(Path(folder))
        try:
            check_files(container)
            with timed("Migrating a database and starting"):
                container.start()
            with timed("Opening its pages"):
                check(container)
            print(f"It has {size(IMAGE)}, of which {size(BASE)} are the base.")
        finally:
            container.stop()
            run("buildah", "rmi", "--force", IMAGE, BASE)


if __name__ == "__main__":
    main()
