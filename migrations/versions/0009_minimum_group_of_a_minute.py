"""The minimum group that held in a minute, and whether the minute has been counted to its end."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("minute", sa.Column("minimum_group", sa.Integer(), nullable=True))
    op.add_column("minute", sa.Column("is_finished", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade():
    with op.batch_alter_table("minute") as batch_op:
        batch_op.drop_column("is_finished")
        batch_op.drop_column("minimum_group")
