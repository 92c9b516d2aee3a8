"""Rooms of before, whose purpose nobody chose, go on reading expressions."""

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

room = sa.table("room", sa.column("purpose"), sa.column("ground"), sa.column("told_at"))


def upgrade():
    """From now on no purpose means that faces are only counted.

    A room whose set-up nobody answered has the camera of the environment. Where that is the drawn classroom,
    it has read nobody yet, and will ask before it does.
    """
    is_unasked = room.c.purpose.is_(None)
    if current_app.config["SETTINGS"].camera.partition("?")[0] == "demo":
        is_unasked &= room.c.told_at.is_not(None)
    op.execute(room.update().where(is_unasked).values(purpose="expressions"))


def downgrade():
    has_no_ground = (room.c.purpose == "expressions") & room.c.ground.is_(None)
    op.execute(room.update().where(has_no_ground).values(purpose=None))
