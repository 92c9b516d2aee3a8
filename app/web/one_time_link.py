"""Shows a one-time link: as text to copy and as a QR code. It is stored nowhere and can't be shown again."""

import segno
from flask import render_template, url_for


def link_page(key: str, title: str, explanation: str, back: str) -> str:
    """The page with the link that `key` opens, and a way `back`."""
    address = url_for("account.link", key=key, _external=True)
    qr_code = segno.make(address, error="m").svg_data_uri(light="white", border=3, scale=5)
    return render_template(
        "one_time_link.html",
        title=title,
        explanation=explanation,
        address=address,
        qr_code=qr_code,
        back=back,
    )
