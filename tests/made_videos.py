"""Videos that are made for a test, with the time stamps that it wants."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Stream

TIME_BASE = Fraction(1, 1000)
SIZE = (160, 120)
DIGITS = 6


def write_video(
    path: Path,
    stamps: Sequence[int],
    *,
    fps: Fraction | int = 10,
    codec: str = "libx264",
    size: tuple[int, int] = SIZE,
    key_frame_every: int = 10,
    b_frames: int = 2,
    sound_seconds: float = 0.0,
    sound_codec: str = "aac",
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a video whose picture number i is shown at stamps[i] milliseconds."""
    with av.open(str(path), "w", options=options or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = 1 / Fraction(fps) if path.suffix == ".avi" else TIME_BASE
        stream.codec_context.gop_size = key_frame_every
        stream.codec_context.max_b_frames = b_frames if codec == "libx264" else 0
        if codec == "libx264":
            stream.options = {"x264-params": "scenecut=0"}
        sound = container.add_stream(sound_codec, rate=8000, layout="mono") if sound_seconds else None
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="bgr24")
            frame.pts, frame.time_base = stamp, TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            for packet in tone(sound, sound_seconds):
                container.mux(packet)
    return path


def tone(stream: Stream, seconds: float) -> Iterable[av.Packet]:
    """The packets of a tone of 8000 samples a second."""
    context = stream.codec_context
    samples = np.sin(np.arange(round(seconds * 8000)) / 3)[None]
    samples = (
        samples.astype(np.float32) if context.format.name == "fltp" else (30_000 * samples).astype(np.int16)
    )
    step = context.frame_size
    for begin in range(0, samples.shape[1] - step, step):
        frame = av.AudioFrame.from_ndarray(samples[:, begin : begin + step], context.format.name, "mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, begin, Fraction(1, 8000)
        yield from stream.encode(frame)
    yield from stream.encode()


def picture(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Picture number `number`, below 64: its six binary digits as black and white bars, above noise."""
    width, height = size
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    bars = [255 * (number >> place & 1) for place in range(DIGITS)]
    image[: height // 2] = np.repeat(bars, -(-width // DIGITS))[:width, None]
    return image


def number_of(image: np.ndarray) -> int:
    """The number of the picture that `image` shows."""
    bars = np.array_split(image[: image.shape[0] // 3].mean((0, 2)), DIGITS)
    return sum(int(bar[3:-3].mean() > 127) << place for place, bar in enumerate(bars))


def remux(
    source: Path, target: Path, *, shift_seconds: float = 0.0, display_matrix: Sequence[int] | None = None
):
    """Copy a video without decoding it: with other stamps, or with a display matrix."""
    with av.open(str(source)) as container, av.open(str(target), "w") as copy:
        (video,) = container.streams.video
        stream = copy.add_stream_from_template(video)
        if display_matrix:
            stream.set_display_matrix(display_matrix)
        shift = round(shift_seconds / video.time_base)
        for packet in container.demux(video):
            if packet.dts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                copy.mux(packet)
    return target


def damage(path: Path, share: float, count: int = 500) -> Path:
    """Overwrite `count` bytes at that `share` of the file."""
    data = bytearray(path.read_bytes())
    begin = round(len(data) * share)
    data[begin : begin + count] = np.random.default_rng(2).bytes(count)
    path.write_bytes(data)
    return path
