"""Whether a lecture ended by itself, after LECTURE_HOURS."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "lecture", sa.Column("ended_by_itself", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade():
    with op.batch_alter_table("lecture") as batch_op:
        batch_op.drop_column("ended_by_itself")
