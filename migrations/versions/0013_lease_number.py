"""The number of a room's lease, and the machine that is to read the room."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("room", sa.Column("lease_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("room", sa.Column("machine", sa.String(length=80), nullable=True))


def downgrade():
    with op.batch_alter_table("room") as batch_op:
        batch_op.drop_column("machine")
        batch_op.drop_column("lease_number")
