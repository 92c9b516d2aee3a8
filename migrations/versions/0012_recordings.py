"""Recordings that become lectures."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.add_column(
        "lecture", sa.Column("from_recording", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "lecture_recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("course", sa.String(length=200), nullable=False),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_key", sa.String(length=40), nullable=False),
        sa.Column("file_bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("seconds_read", sa.Double(), nullable=False, server_default="0"),
        sa.Column("seconds_left", sa.Double(), nullable=True),
        sa.Column("renewed_at", MOMENT, nullable=True),
        sa.Column("deaths", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("remark", sa.String(length=1000), nullable=True),
        sa.Column("lecture_id", sa.Integer(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False, server_default=sa.false()),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=f"fk_lecture_recording_{column}_{table}", ondelete=ondelete
            )
            for column, table, ondelete in (
                ("room_id", "room", "CASCADE"),
                ("owner_id", "user", "SET NULL"),
                ("lecture_id", "lecture", "CASCADE"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name="pk_lecture_recording"),
        sa.UniqueConstraint("file_key", name="uq_lecture_recording_file_key"),
    )
    op.create_index("ix_lecture_recording_lecture_id", "lecture_recording", ["lecture_id"])


def downgrade():
    op.drop_table("lecture_recording")
    with op.batch_alter_table("lecture") as batch_op:
        batch_op.drop_column("from_recording")
