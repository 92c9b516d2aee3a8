"""Progressive JPEGs with as many scans as an attacker wants."""

import io

from PIL import Image


def progressive_jpeg(scans: int = 10, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """A picture of `size` whose last scan is repeated until it has `scans`; Pillow alone writes ten."""
    file = io.BytesIO()
    Image.new("RGB", size, (90, 120, 150)).save(file, "JPEG", progressive=True, quality=30)
    jpeg = file.getvalue()
    head, last = jpeg[: jpeg.rindex(b"\xff\xda")], jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return head + last * (scans - head.count(b"\xff\xda")) + jpeg[-2:]
