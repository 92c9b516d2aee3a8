"""What students say: votes while a lecture runs, counts of its minutes, questions and polls."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SWITCHES = (("pulse", sa.false()), ("pulse_questions", sa.true()), ("pulse_on_screen", sa.false()))


def upgrade():
    for name, default in SWITCHES:
        op.add_column("room", sa.Column(name, sa.Boolean(), nullable=False, server_default=default))
    op.create_table(
        "pulse",
        sa.Column("lecture_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        sa.Column("minimum_group", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("counted_until", MOMENT, nullable=False),
        _belongs_to("pulse", "lecture_id", "lecture.id"),
        sa.PrimaryKeyConstraint("lecture_id", name="pk_pulse"),
        sa.UniqueConstraint("code", name="uq_pulse_code"),
    )
    op.create_table(
        "pulse_minute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lecture_id", sa.Integer(), nullable=False),
        sa.Column("minute", MOMENT, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("clear", "lost", "too_fast", "too_slow")),
        sa.Column("minimum_group", sa.Integer(), nullable=False),
        _belongs_to("pulse_minute", "lecture_id", "lecture.id"),
        sa.PrimaryKeyConstraint("id", name="pk_pulse_minute"),
    )
    op.create_index("uq_pulse_minute", "pulse_minute", ["lecture_id", "minute"], unique=True)
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lecture_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        _belongs_to("question", "lecture_id", "lecture.id"),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
    )
    op.create_index("ix_question_lecture_id", "question", ["lecture_id"])
    op.create_table(
        "poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lecture_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        _belongs_to("poll", "lecture_id", "lecture.id"),
        sa.PrimaryKeyConstraint("id", name="pk_poll"),
    )
    op.create_index("ix_poll_lecture_id", "poll", ["lecture_id"])
    _create_table_of_answers("pulse_vote", "lecture_id")
    _create_table_of_answers("poll_answer", "poll_id", _of_poll())
    op.create_index("ix_poll_answer_lecture_id", "poll_answer", ["lecture_id"])


def _belongs_to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other.partition('.')[0]}"
    return sa.ForeignKeyConstraint([column], [other], name=name, ondelete="CASCADE")


def _of_poll() -> list:
    return [
        sa.Column("poll_id", sa.Integer(), nullable=False),
        _belongs_to("poll_answer", "poll_id", "poll.id"),
    ]


def _create_table_of_answers(table: str, asked: str, more: list | None = None) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lecture_id", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("choice", sa.String(length=20), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("shown", sa.String(length=20), nullable=True),
        *(more or []),
        _belongs_to(table, "lecture_id", "pulse.lecture_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index(f"uq_{table}_device", table, [asked, "device"], unique=True)


def downgrade():
    for table in ("poll_answer", "pulse_vote", "poll", "question", "pulse_minute", "pulse"):
        op.drop_table(table)
    with op.batch_alter_table("room") as batch_op:
        for name, _ in SWITCHES:
            batch_op.drop_column(name)
