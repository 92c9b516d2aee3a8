"""Users, tokens, rooms, lectures and minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room")),
        sa.UniqueConstraint("name", name=op.f("uq_room_name")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )
    op.create_table(
        "lecture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("course", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_lecture_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lecture")),
    )
    with op.batch_alter_table("lecture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lecture_started_at"), ["started_at"], unique=False)
        batch_op.create_index(
            "uq_lecture_running",
            ["room_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_token_user_id_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("sha256", name=op.f("uq_token_sha256")),
    )
    op.create_table(
        "minute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("lecture_id", sa.Integer(), nullable=True),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("online_seconds", sa.Double(), nullable=False),
        sa.Column("frames_analysed", sa.Integer(), nullable=False),
        sa.Column("faces_max", sa.Integer(), nullable=False),
        sa.Column("face_seconds", sa.Double(), nullable=False),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("angry_seconds", sa.Double(), nullable=True),
        sa.Column("disgust_seconds", sa.Double(), nullable=True),
        sa.Column("fear_seconds", sa.Double(), nullable=True),
        sa.Column("happy_seconds", sa.Double(), nullable=True),
        sa.Column("sad_seconds", sa.Double(), nullable=True),
        sa.Column("surprise_seconds", sa.Double(), nullable=True),
        sa.Column("neutral_seconds", sa.Double(), nullable=True),
        sa.Column("uncertain_seconds", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lecture_id"], ["lecture.id"], name=op.f("fk_minute_lecture_id_lecture"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["room_id"], ["room.id"], name=op.f("fk_minute_room_id_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_minute")),
    )
    with op.batch_alter_table("minute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_minute_lecture_id"), ["lecture_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_minute_minute"), ["minute"], unique=False)
        batch_op.create_index("uq_minute_in_lecture", ["room_id", "minute", "lecture_id"], unique=True)
        batch_op.create_index(
            "uq_minute_outside_lectures",
            ["room_id", "minute"],
            unique=True,
            sqlite_where=sa.text("lecture_id IS NULL"),
            postgresql_where=sa.text("lecture_id IS NULL"),
        )


def downgrade():
    with op.batch_alter_table("minute", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_minute_outside_lectures",
            sqlite_where=sa.text("lecture_id IS NULL"),
            postgresql_where=sa.text("lecture_id IS NULL"),
        )
        batch_op.drop_index("uq_minute_in_lecture")
        batch_op.drop_index(batch_op.f("ix_minute_minute"))
        batch_op.drop_index(batch_op.f("ix_minute_lecture_id"))

    op.drop_table("minute")
    op.drop_table("token")
    with op.batch_alter_table("lecture", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_lecture_running",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_lecture_started_at"))

    op.drop_table("lecture")
    op.drop_table("user")
    op.drop_table("room")
