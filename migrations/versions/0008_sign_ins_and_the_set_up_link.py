"""Sessions that end for good at sign-out, and one account from the set-up link."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=43), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_sign_in_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in"),
        sa.UniqueConstraint("key", name="uq_sign_in_key"),
    )
    op.add_column("user", sa.Column("from_set_up_link", sa.Boolean(), nullable=True))
    op.create_index("ix_user_from_set_up_link", "user", ["from_set_up_link"], unique=True)


def downgrade():
    op.drop_index("ix_user_from_set_up_link", "user")
    op.drop_column("user", "from_set_up_link")
    op.drop_table("sign_in")
