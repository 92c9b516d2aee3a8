"""The form for the settings of the room, at the first run and later."""

from collections.abc import Collection, Iterator

from flask import current_app
from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.camera.devices import video_devices
from app.camera.spec import CameraKind, kind_of
from app.language import LANGUAGES, translate
from app.notify import post
from app.notify.address import as_lines, kept_addresses, parse_addresses, redacted, split_addresses
from app.notify.post import NotSent
from app.purpose import Ground, Purpose
from app.settings import check_setting
from app.store import lecture_queries, recording_queries, room_queries
from app.store.effective_settings import EffectiveSettings, other_room_with
from app.store.tables import Room
from app.web.extensions import machines
from app.web.forms import IS_ONE_LINE, Form, stripped

CAMERA_LABELS = {
    CameraKind.DEMO: lazy_gettext("The drawn classroom"),
    CameraKind.DEVICE: lazy_gettext("A camera plugged into the server"),
    CameraKind.NETWORK: lazy_gettext("A network camera"),
    CameraKind.BROWSER: lazy_gettext("A browser: a webcam or a video call"),
}
"""The kinds of camera that can be chosen on a page. A file is not among them: it lies on the server."""

SAME_NAME = lazy_gettext("another room has this name already.")
PURPOSE_LABELS = {
    Purpose.PRESENCE: lazy_gettext(
        "Count faces only; no expression is ever read (proposed in the European Union)"
    ),
    Purpose.PULSE: lazy_gettext(
        "No camera: students say how they follow, with their telephones (proposed in the European Union)"
    ),
    Ground.OUTSIDE_EU: lazy_gettext("Read expressions: the room is outside the European Union"),
    Ground.MEDICAL_OR_SAFETY: lazy_gettext("Read expressions for medical or safety reasons"),
    Ground.RESEARCH: lazy_gettext(
        "Read expressions for research, with the consent of everyone in view and the permission it needs"
    ),
}
"""Where a room is and what for, in one question: presence, the pulse alone, or the ground on which
expressions are read."""
NO_PURPOSE = lazy_gettext("choose what the room is for.")

PULSE_SWITCHES = ("pulse", "pulse_questions", "pulse_on_screen")
FIELDS_OF_CAMERA = ("kind", "device", "address")

NUMERIC = {"inputmode": "numeric"}


class SettingField(StringField):
    """A setting as text, checked and converted by the rule that the environment's value is held to."""

    def __init__(self, validators=(), **options) -> None:
        super().__init__(validators=[*validators, _allowed], filters=[stripped], **options)

    @property
    def value(self):
        """The setting's value; None for an optional one that was left empty."""
        return check_setting(self.name, self.data) if self.data else None


def _allowed(_form: Form, field: SettingField) -> None:
    try:
        check_setting(field.name, field.data)
    except ValueError as error:
        raise ValidationError(gettext("must be %(allowed)s.", allowed=translate(error))) from None


def _purposes() -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in PURPOSE_LABELS.items()]


def _languages() -> list[tuple[str, str]]:
    of_server = LANGUAGES[current_app.config["SETTINGS"].language]
    return [
        ("", gettext("as the server: %(language)s", language=of_server)),
        *LANGUAGES.items(),
    ]


def _free_name(form: "RoomForm", field: SettingField) -> None:
    room = room_queries.find_room(field.data)
    if room is not None and room.id != form.room_id:
        raise ValidationError(SAME_NAME)


class RoomForm(Form):
    """The settings that can be changed while the server runs, but for those that the environment gives.

    Labels stand in the template, which also shows the settings that the form has no fields for.
    """

    room = SettingField(validators=[_free_name])
    kind = RadioField()
    device = SelectField(validate_choice=False)
    address = StringField(validators=[Length(max=1000), IS_ONE_LINE], filters=[stripped])
    machine = SelectField()
    """Which machine reads the room, where there are several."""
    purpose = RadioField(choices=_purposes, validators=[Optional()])
    purpose_shown = StringField()
    """What was chosen when the page was shown: who leaves it as it was confirms no ground."""
    pulse = BooleanField()
    pulse_questions = BooleanField()
    pulse_on_screen = BooleanField()
    hide_faces = BooleanField()
    minimum_group = SettingField(render_kw=NUMERIC)
    retention_days = SettingField(render_kw=NUMERIC)
    contact = SettingField(validators=[Optional()])
    timezone = SettingField(validators=[Optional()])
    language = SelectField(choices=_languages)
    notify = TextAreaField(filters=[stripped])

    def __init__(
        self, in_force: EffectiveSettings, room: Room | None = None, fixed: Collection[str] = ()
    ) -> None:
        """Fill the form with what was sent, else with what is in force in `room`; None adds a room.

        `fixed` names the settings that the environment gives: the form has no fields for them.
        """
        self.room_id = room and room.id
        self._stored_addresses = tuple(room.notify or ()) if room else ()
        super().__init__(
            room=room.name if room else "",
            kind=kind_of(in_force.camera).value,
            device=in_force.camera,
            machine=room.machine or "" if room else "",
            purpose=_chosen_purpose(room),
            purpose_shown=_chosen_purpose(room) or "",
            pulse=bool(room and room.pulse),
            pulse_questions=room.pulse_questions if room else True,
            pulse_on_screen=bool(room and room.pulse_on_screen),
            hide_faces=in_force.hide_faces,
            minimum_group=str(in_force.minimum_group),
            retention_days=str(in_force.retention_days),
            contact=in_force.contact or "",
            timezone=room.timezone or "" if room else "",
            language=room.language or "" if room else "",
            notify=as_lines(self._stored_addresses),
        )
        self.in_force = in_force
        self.kind.choices = [SelectChoice(kind.value, CAMERA_LABELS[kind]) for kind in CAMERA_LABELS]
        self.device.choices = list(_devices(in_force.camera))
        if current_app.config["SETTINGS"].redis_url is None:
            del self.machine
        else:
            known = {*machines(), room and room.machine} - {None}
            self.machine.choices = [("", gettext("any machine")), *((name, name) for name in sorted(known))]
        for setting in fixed:
            for name in FIELDS_OF_CAMERA if setting == "camera" else (setting,):
                del self[name]

    def validate_device(self, field) -> None:
        """Accept only a camera that the server has, if this kind was chosen."""
        if self.kind.data == CameraKind.DEVICE and field.data not in [each.value for each in field.choices]:
            raise ValidationError(
                gettext("choose one from the list. If yours is missing, plug it in and reload this page.")
            )
        if self.kind.data == CameraKind.DEVICE and (other := other_room_with(field.data, self.room_id)):
            raise ValidationError(gettext("%(room)s uses this camera already.", room=other.name))

    def validate_address(self, field) -> None:
        """Accept only a network camera's address, if this kind was chosen. Empty keeps the present one."""
        if self.kind.data != CameraKind.NETWORK:
            return
        if not field.data and kind_of(self.in_force.camera) == CameraKind.NETWORK:
            return
        if kind_of(field.data) != CameraKind.NETWORK:
            raise ValidationError(gettext("enter its address, for example rtsp://USER:PASSWORD@HOST/PATH."))
        try:
            check_setting("camera", field.data)
        except ValueError as error:
            raise ValidationError(f"{translate(error)}.") from None

    def validate_purpose(self, field) -> None:
        """Refuse another purpose while a lecture runs: it keeps the one under which it began."""
        room = room_queries.room_by_id(self.room_id) if self.room_id else None
        if field.data == self.purpose_shown.data:
            return
        is_other = _purpose_of(field.data) is not self.in_force.purpose
        if room is not None and is_other and recording_queries.is_being_read(room):
            raise ValidationError(gettext("a recording is being read. Cancel it, or wait for its end."))
        if room is not None and is_other and lecture_queries.running_lecture(room):
            raise ValidationError(
                gettext("a lecture is running. End it before you change what the room is for.")
            )

    def addresses(self) -> tuple[str, ...]:
        """The addresses that messages about the room go to. Raises ValueError where one can't be used."""
        typed = split_addresses(self.notify.data)
        return parse_addresses("\n".join(kept_addresses(typed, self._stored_addresses)))

    def validate_notify(self, _field) -> None:
        """Accept only addresses that Apprise knows. It is asked about new ones, which takes a second."""
        try:
            for address in set(self.addresses()) - set(self._stored_addresses):
                post.check(address)
        except ValueError as error:
            raise ValidationError(gettext("must be %(allowed)s.", allowed=translate(error))) from None
        except NotSent as problem:
            raise ValidationError(
                gettext(
                    "Apprise can't use %(address)s: %(reason)s",
                    address=redacted(address),
                    reason=translate(problem),
                )
            ) from None

    def camera(self) -> str:
        """The chosen camera, as the setting CAMERA names it."""
        present = self.in_force.camera
        match self.kind.data:
            case CameraKind.DEVICE:
                return self.device.data
            case CameraKind.NETWORK:
                return self.address.data or present
            case CameraKind.BROWSER:
                return CameraKind.BROWSER.value
            case _:
                return present if kind_of(present) == CameraKind.DEMO else "demo"

    def values(self) -> dict:
        """What was filled in, by the names of the settings."""
        values = {field.name: field.value for field in self if isinstance(field, SettingField)}
        if "room" in values:
            values["name"] = values.pop("room")
        values["timezone"] = self.timezone.data or None
        values["language"] = self.language.data or None
        if "machine" in self:
            values["machine"] = self.machine.data or None
        if "purpose" in self and self.purpose.data not in (None, self.purpose_shown.data):
            purpose = _purpose_of(self.purpose.data)
            reads = purpose is Purpose.EXPRESSIONS
            values |= {"purpose": purpose, "ground": Ground(self.purpose.data) if reads else None}
        values |= {name: self[name].data for name in PULSE_SWITCHES}
        if "hide_faces" in self:
            values["hide_faces"] = self.hide_faces.data
        if "kind" in self:
            values["camera"] = self.camera()
        if self.notify.raw_data:  # the first run doesn't ask
            values["notify"] = list(self.addresses()) or None
        return values


class FirstRunForm(RoomForm):
    """The same at the first run, with what must be confirmed before anybody is filmed."""

    purpose = RadioField(choices=_purposes, validators=[InputRequired(NO_PURPOSE)])
    told = BooleanField(
        lazy_gettext(
            "This is allowed here, and everyone in the room has been told, or will be before it begins"
        ),
        [InputRequired(lazy_gettext("confirm this. If you can't, do not use a camera here."))],
    )


def _chosen_purpose(room: Room | None) -> str | None:
    """What was chosen for a room; None where nobody was asked, or expressions are read on no ground named."""
    if room is None or (room.purpose == Purpose.EXPRESSIONS and room.ground is None):
        return None
    return room.ground or room.purpose


def _purpose_of(choice: str) -> Purpose:
    return Purpose(choice) if choice in set(Purpose) else Purpose.EXPRESSIONS


def _devices(camera: str) -> Iterator[SelectChoice]:
    """The cameras plugged into the server, and the one in force even if it is not."""
    devices = video_devices()
    for device in devices:
        name = device.name or gettext("camera")
        yield SelectChoice(str(device.number), f"{device.number}: {name}")
    if kind_of(camera) == CameraKind.DEVICE and camera not in [str(device.number) for device in devices]:
        yield SelectChoice(camera, gettext("%(number)s: not plugged in", number=camera))
