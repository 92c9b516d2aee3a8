"""Starts the process that analyses tried pictures when the first one comes, and asks it for one at a time."""

import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from app.language import Translatable
from app.project import PROJECT
from app.trial.pipe import Request, read_answer, write_message
from app.vision.model_card import MODELS

log = logging.getLogger(__name__)

WAIT_SECONDS = 15.0  # for those before it
ANSWER_SECONDS = 45.0  # on a busy machine, where the monitors go first
START_SECONDS = 30.0  # to load the network, on a busy machine

FAILED = Translatable("The picture took too long to read, or too much memory. Make it smaller.")


class TrialUnavailable(Exception):
    """No answer now; its argument is `Translatable`, which says why."""


class TrialRefused(ValueError):
    """The picture can't be read; its argument is `Translatable`, which says why."""


class TrialProcess:
    """Starts the process at the first request, and again after it has ended. Thread-safe."""

    def __init__(self, detector: Callable[[], str], network: Path = MODELS) -> None:
        """`detector` gives the one in use, as `FaceAnalyser` takes it; `network` is the setting NETWORK."""
        self._detector = detector
        self._network = network
        self._loaded: str | None = None
        """The detector that the process was started with."""
        self._process: subprocess.Popen | None = None
        self._turn = threading.Lock()

    def ask(self, request: Request, picture: bytes) -> dict:
        """The answer to a request. Raises TrialRefused or TrialUnavailable."""
        if not self._turn.acquire(timeout=WAIT_SECONDS):
            raise TrialUnavailable(FAILED)
        try:
            answer = self._exchange(request, picture)
        finally:
            self._turn.release()
        if "refusal" in answer:
            raise TrialRefused(Translatable.from_json(answer["refusal"]))
        return answer

    def close(self) -> None:
        """End the process; the next request starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError), process:  # which flushes what it could not take
                pass

    def _exchange(self, request: Request, picture: bytes) -> dict:
        detector = self._detector()
        has_ended = self._process is None or self._process.poll() is not None  # it ends when idle
        is_new = has_ended or detector != self._loaded
        if is_new:
            self.close()
            command = [sys.executable, "-m", "app.trial", detector, str(self._network)]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe)
            self._loaded = detector
            log.info("process for tried pictures started, pid %d", self._process.pid)
        seconds = ANSWER_SECONDS + (START_SECONDS if is_new else 0.0)
        deadline = threading.Timer(seconds, self._process.kill)
        deadline.start()
        try:
            write_message(self._process.stdin, request.value, picture)
            answer = read_answer(self._process.stdout)
        except (OSError, ValueError):  # ended, or an answer that is no JSON
            answer = None
        finally:
            deadline.cancel()
        if answer is None:
            log.warning("process for tried pictures gave no answer and is ended")
            self.close()
            raise TrialUnavailable(FAILED)
        return answer
