"""Who hid the faces of a room: an administrator under Settings, or anybody on the live page."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "room",
        sa.Column("hidden_by_administrator", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    # nobody knows who hid these faces: rather ask an administrator than show them
    op.execute("UPDATE room SET hidden_by_administrator = hide_faces WHERE hide_faces IS NOT NULL")


def downgrade():
    with op.batch_alter_table("room") as batch_op:
        batch_op.drop_column("hidden_by_administrator")
