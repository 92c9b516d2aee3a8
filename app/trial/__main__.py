"""The process that analyses tried pictures: `python -m app.trial DETECTOR NETWORK`.

It reads requests from its stdin and writes answers to its stdout, as `app.trial.pipe` describes them. Once
loaded it opens no file. It ends with its parent, and after IDLE_SECONDS without a request.
"""

import os
import resource
import select
import sys
from pathlib import Path

from app.camera.jpeg import InvalidJpeg
from app.camera.picture import decode_picture
from app.camera.video import silence_decoder
from app.core_dump import forbid_core_dump
from app.parent_death import wake_when_parent_dies
from app.trial.picture_analyser import PictureAnalyser
from app.trial.pipe import Request, read_message, write_answer

IDLE_SECONDS = 300.0
NICENESS = 10  # the rooms' monitors go first


def main() -> None:
    """Answer requests until there are no more."""
    wake_when_parent_dies()
    forbid_core_dump()
    os.nice(NICENESS)
    _die_first()
    silence_decoder()
    analyser = PictureAnalyser(sys.argv[1], Path(sys.argv[2]))
    analyser.warm_up()
    _forbid_files()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        message = read_message(requests)
        if message is None:
            return
        write_answer(answers, _answer(analyser, Request(message[:1]), message[1:]))


def _die_first() -> None:
    """Let the system end this process where memory runs out, and no monitor: a large picture takes 1 GB."""
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("1000")  # the highest


def _forbid_files() -> None:
    """Open nothing more and write into no file: a decoder that a picture takes over finds none."""
    descriptors = max(map(int, os.listdir("/proc/self/fd"))) if Path("/proc/self/fd").exists() else 64
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer(analyser: PictureAnalyser, request: Request, data: bytes) -> dict:
    try:
        image = decode_picture(data)
        if request is Request.EXPLAIN:
            return analyser.explain(image)
        return analyser.analyse(image, with_pictures=request is Request.SHOW)
    except InvalidJpeg as error:
        return {"refusal": error.words.as_json()}


main()
