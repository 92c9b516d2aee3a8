"""Rooms with an address, roles, owners of lectures, keys, one-time links, the audit, the timetable."""

from itertools import count

import sqlalchemy as sa
from alembic import op
from slugify import slugify

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

ROOM_COLUMNS = {
    "archived_at": MOMENT,
    "timezone": sa.String(length=64),
    "language": sa.String(length=8),
    "notify": sa.JSON(),
    "calendar_url": sa.String(length=1000),
    "calendar_fetched_at": MOMENT,
    "calendar_problem": sa.String(length=500),
    "planned_until": MOMENT,
}


def upgrade():
    _extend_rooms()
    _extend_users()
    _extend_lectures()
    _create_tables()


def _extend_rooms():
    op.add_column("room", sa.Column("slug", sa.String(length=80), nullable=True))
    for name, column_type in ROOM_COLUMNS.items():
        op.add_column("room", sa.Column(name, column_type, nullable=True))
    op.add_column(
        "room", sa.Column("only_in_timetable", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _name_addresses()
    _archive_unused()
    with op.batch_alter_table("room") as batch_op:
        batch_op.alter_column("slug", existing_type=sa.String(length=80), nullable=False)
        batch_op.create_unique_constraint("uq_room_slug", ["slug"])


def _name_addresses():
    connection = op.get_bind()
    room = sa.table("room", sa.column("id"), sa.column("name"), sa.column("slug"))
    taken = {"new"}  # /rooms/new adds a room
    for room_id, name in connection.execute(sa.select(room.c.id, room.c.name).order_by(room.c.id)).all():
        slug = slugify(name, max_length=70) or "room"
        if slug in taken:
            slug = next(each for number in count(2) if (each := f"{slug}-{number}") not in taken)
        taken.add(slug)
        connection.execute(room.update().where(room.c.id == room_id).values(slug=slug))


def _archive_unused():
    """Archive all rooms but the one that was read last: until now a server read one, which ROOM named."""
    connection = op.get_bind()
    room = sa.table("room", sa.column("id"), sa.column("archived_at", MOMENT))
    minute = sa.table("minute", sa.column("room_id"), sa.column("minute", MOMENT))
    newest = sa.select(minute.c.room_id).order_by(minute.c.minute.desc()).limit(1)
    room_id = connection.scalar(newest)
    if room_id is not None:
        connection.execute(room.update().where(room.c.id != room_id).values(archived_at=sa.func.now()))


def _extend_users():
    op.add_column("user", sa.Column("role", sa.String(length=20), nullable=False, server_default="teacher"))
    user = sa.table("user", sa.column("role"), sa.column("administrator"))
    op.get_bind().execute(user.update().where(user.c.administrator == sa.true()).values(role="administrator"))
    op.add_column("user", sa.Column("has_all_rooms", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("user", sa.Column("language", sa.String(length=8), nullable=True))
    op.add_column("user", sa.Column("single_sign_on_id", sa.String(length=255), nullable=True))
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_column("administrator")
        batch_op.create_unique_constraint("uq_user_single_sign_on_id", ["single_sign_on_id"])
    op.add_column("sign_in", sa.Column("used_at", MOMENT, nullable=True))
    op.add_column("sign_in", sa.Column("browser", sa.String(length=200), nullable=True))
    op.add_column("sign_in", sa.Column("address", sa.String(length=45), nullable=True))
    op.add_column("token", sa.Column("name", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("token", sa.Column("is_read_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("token", sa.Column("has_all_rooms", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("token", sa.Column("expires_at", MOMENT, nullable=True))
    op.add_column("token", sa.Column("used_at", MOMENT, nullable=True))


def _extend_lectures():
    with op.batch_alter_table("lecture") as batch_op:
        batch_op.add_column(sa.Column("planned_end", MOMENT, nullable=True))
        batch_op.add_column(sa.Column("owner_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            "fk_lecture_owner_id_user", "user", ["owner_id"], ["id"], ondelete="SET NULL"
        )
        batch_op.create_index("ix_lecture_owner_id", ["owner_id"])
    user = sa.table("user", sa.column("id"), sa.column("role"))
    lecture = sa.table("lecture", sa.column("owner_id"))
    first = sa.select(sa.func.min(user.c.id)).where(user.c.role == "administrator").scalar_subquery()
    op.get_bind().execute(lecture.update().values(owner_id=first))


def _create_tables():
    op.create_table(
        "account_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=False, server_default="teacher"),
        sa.Column("has_all_rooms", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_account_link_user_id_user", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_account_link"),
        sa.UniqueConstraint("sha256", name="uq_account_link_sha256"),
    )
    for table in ("user", "token", "account_link"):
        _create_pairs(f"{table}_room", table, "room")
    _create_pairs("lecture_share", "lecture", "user")
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name="fk_audit_entry_room_id_room", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    op.create_table(
        "timetable_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("course", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("teacher_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name="fk_timetable_line_room_id_room", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["teacher_id"], ["user.id"], name="fk_timetable_line_teacher_id_user", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_timetable_line"),
    )
    op.create_index("ix_timetable_line_room_id", "timetable_line", ["room_id"])
    op.create_table(
        "calendar_lecture",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("begins_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("course", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("teacher", sa.String(length=80), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["room_id"], ["room.id"], name="fk_calendar_lecture_room_id_room", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_lecture"),
    )
    op.create_index("ix_calendar_lecture_room_id", "calendar_lecture", ["room_id"])


def _create_pairs(name, first, second):
    op.create_table(
        name,
        *(sa.Column(f"{table}_id", sa.Integer(), nullable=False) for table in (first, second)),
        *(
            sa.ForeignKeyConstraint(
                [f"{table}_id"], [f"{table}.id"], name=f"fk_{name}_{table}_id_{table}", ondelete="CASCADE"
            )
            for table in (first, second)
        ),
        sa.PrimaryKeyConstraint(f"{first}_id", f"{second}_id", name=f"pk_{name}"),
    )


def downgrade():
    for table in (
        "calendar_lecture",
        "timetable_line",
        "audit_entry",
        "lecture_share",
        "account_link_room",
        "token_room",
        "user_room",
        "account_link",
    ):
        op.drop_table(table)
    with op.batch_alter_table("lecture") as batch_op:
        batch_op.drop_index("ix_lecture_owner_id")
        batch_op.drop_constraint("fk_lecture_owner_id_user", type_="foreignkey")
        batch_op.drop_column("owner_id")
        batch_op.drop_column("planned_end")
    with op.batch_alter_table("token") as batch_op:
        for column in ("used_at", "expires_at", "has_all_rooms", "is_read_only", "name"):
            batch_op.drop_column(column)
    with op.batch_alter_table("sign_in") as batch_op:
        for column in ("address", "browser", "used_at"):
            batch_op.drop_column(column)
    op.add_column("user", sa.Column("administrator", sa.Boolean(), nullable=False, server_default=sa.true()))
    user = sa.table("user", sa.column("role"), sa.column("administrator"))
    op.get_bind().execute(
        user.update().where(user.c.role != "administrator").values(administrator=sa.false())
    )
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_constraint("uq_user_single_sign_on_id", type_="unique")
        for column in ("single_sign_on_id", "language", "has_all_rooms", "role"):
            batch_op.drop_column(column)
    with op.batch_alter_table("room") as batch_op:
        batch_op.drop_constraint("uq_room_slug", type_="unique")
        for column in ("slug", "only_in_timetable", *ROOM_COLUMNS):
            batch_op.drop_column(column)
