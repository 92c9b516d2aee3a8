"""Privacy areas of a room's picture."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("room", sa.Column("areas", sa.JSON(), nullable=True))
    op.add_column("room", sa.Column("areas_camera", sa.String(length=1000), nullable=True))


def downgrade():
    with op.batch_alter_table("room") as batch_op:
        batch_op.drop_column("areas_camera")
        batch_op.drop_column("areas")
