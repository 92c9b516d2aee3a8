"""The forms that people fill in."""

from collections.abc import Collection
from typing import Self

from flask import current_app
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import (
    DataRequired,
    EqualTo,
    InputRequired,
    Length,
    Optional,
    Regexp,
    ValidationError,
)

from app.camera.devices import video_devices
from app.camera.spec import CameraKind, kind_of
from app.language import say
from app.settings import check_setting
from app.store.effective_settings import EffectiveSettings
from app.store.note_queries import MAX_NOTE_LENGTH

ONE_LINE = Regexp(r"^[^\x00-\x1f\x7f]*$", message=lazy_gettext("must be one line of text."))
SHORTEST_PASSWORD = 10


def stripped(value: str | None) -> str:
    """What was typed, without blanks around it."""
    return (value or "").strip()


class Form(FlaskForm):
    """A form that can say what was wrong with it in one sentence."""

    def first_error(self) -> str:
        """Name the first field that was filled in wrongly, and why."""
        for field in self:
            if field.errors:
                return f"{field.label.text}: {field.errors[0]}"
        return gettext("Send the form again.")


class LectureForm(Form):
    """Starts a lecture."""

    title = StringField(
        lazy_gettext("Title"),
        [DataRequired(lazy_gettext("give the lecture a title.")), Length(max=200), ONE_LINE],
        filters=[stripped],
    )
    course = StringField(lazy_gettext("Course"), [Length(max=200), ONE_LINE], filters=[stripped])


class RenameForm(LectureForm):
    """Changes a lecture's title and course."""


class NoteForm(Form):
    """Adds a note to a moment of a lecture, given by the clock on the wall."""

    time = TimeField(lazy_gettext("Time"), [InputRequired(lazy_gettext("when was it? As 10:41."))])
    text = StringField(
        lazy_gettext("Note"),
        [DataRequired(lazy_gettext("write something.")), Length(max=MAX_NOTE_LENGTH), ONE_LINE],
        filters=[stripped],
    )


class AccountForm(Form):
    """Makes the first account."""

    name = StringField(
        lazy_gettext("Name"),
        [InputRequired(lazy_gettext("choose a name.")), Length(max=80), ONE_LINE],
        filters=[stripped],
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [
            Length(
                SHORTEST_PASSWORD,
                200,
                lazy_gettext("take at least %(count)s characters.", count=SHORTEST_PASSWORD),
            )
        ],
    )
    again = PasswordField(
        lazy_gettext("Password again"), [EqualTo("password", lazy_gettext("is not the same."))]
    )


class SignInForm(Form):
    """Signs somebody in."""

    name = StringField(
        lazy_gettext("Name"), [InputRequired(lazy_gettext("who are you?"))], filters=[stripped]
    )
    password = PasswordField(lazy_gettext("Password"), [InputRequired(lazy_gettext("is missing."))])


def checked(form: Form, field) -> None:
    """Hold a field to what its setting allows."""
    try:
        check_setting(field.name, str(field.data))
    except ValueError as error:
        raise ValidationError(gettext("must be %(allowed)s.", allowed=say(error))) from None


NUMBER = {"inputmode": "numeric"}


class RoomForm(Form):
    """What can be changed while the server runs."""

    kind = RadioField(
        lazy_gettext("Camera"),
        choices=[
            SelectChoice(CameraKind.DEMO.value, lazy_gettext("The drawn classroom")),
            SelectChoice(CameraKind.DEVICE.value, lazy_gettext("A camera plugged into this machine")),
            SelectChoice(CameraKind.NETWORK.value, lazy_gettext("A network camera")),
            SelectChoice(CameraKind.BROWSER.value, lazy_gettext("A browser: a webcam, or a video call")),
        ],
    )
    device = SelectField(lazy_gettext("Which one"), choices=[], validate_choice=False)
    address = StringField(lazy_gettext("Its address"), [Length(max=1000), ONE_LINE], filters=[stripped])
    hide_faces = BooleanField(lazy_gettext("Hide faces in the stream"))
    minimum_group = StringField(
        lazy_gettext("Minimum group"), [checked], filters=[stripped], render_kw=NUMBER
    )
    retention_days = StringField(
        lazy_gettext("Days to keep"), [checked], filters=[stripped], render_kw=NUMBER
    )
    contact = StringField(
        lazy_gettext("Whom the people filmed may ask"), [Optional(), checked], filters=[stripped]
    )

    fixed: Collection[str] = ()
    kept = "demo"
    """The camera that is in force. Its address is not shown, since it may hold a password."""

    @classmethod
    def of(cls, now: EffectiveSettings, fixed: Collection[str]) -> Self:
        """The form, filled in with what is in force unless somebody sent it.

        A browser does not send the settings in `fixed`, which it can't change; they stay as they are.
        """
        form = cls(
            kind=kind_of(now.camera).value,
            device=now.camera,
            hide_faces=now.hide_faces,
            minimum_group=str(now.minimum_group),
            retention_days=str(now.retention_days),
            contact=now.contact or "",
        )
        form.kept = now.camera
        if current_app.config["SETTINGS"].redis_url is not None:  # browsers can't send so far
            form.kind.choices = [each for each in form.kind.choices if each.value != CameraKind.BROWSER]
        unnamed = gettext("camera")
        form.device.choices = [
            SelectChoice(str(found.number), f"{found.number}: {found.name or unnamed}")
            for found in video_devices()
        ]
        if kind_of(now.camera) == CameraKind.DEVICE and now.camera not in [
            each.value for each in form.device.choices
        ]:
            form.device.choices.append(
                SelectChoice(now.camera, gettext("%(number)s: not plugged in", number=now.camera))
            )
        form.fixed = fixed
        for name in fixed:
            for field in (form.kind, form.device, form.address) if name == "camera" else (form[name],):
                field.data, field.validators = field.object_data, []
        form.kind.validate_choice = "camera" not in fixed
        return form

    def validate_device(self, field) -> None:
        """A camera of this machine is one that was found."""
        if (
            "camera" not in self.fixed
            and self.kind.data == CameraKind.DEVICE
            and field.data not in [each.value for each in field.choices]
        ):
            raise ValidationError(gettext("choose one that was found; plug it in and load this page again."))

    def validate_address(self, field) -> None:
        """An address is one that a camera can have; none keeps the one that is in force."""
        if "camera" in self.fixed or self.kind.data != CameraKind.NETWORK:
            return
        if not field.data and kind_of(self.kept) == CameraKind.NETWORK:
            return  # the one that is in force
        if kind_of(field.data) != CameraKind.NETWORK:
            raise ValidationError(gettext("give its address, as rtsp://USER:PASSWORD@HOST/PATH."))
        try:
            check_setting("camera", field.data)
        except ValueError as error:
            raise ValidationError(f"{say(error)}.") from None

    def camera(self) -> str:
        """The camera that was chosen, as CAMERA names it."""
        match self.kind.data:
            case CameraKind.DEVICE:
                return self.device.data
            case CameraKind.NETWORK:
                return self.address.data or self.kept
            case CameraKind.BROWSER:
                return CameraKind.BROWSER.value
            case _:
                return self.kept if kind_of(self.kept) == CameraKind.DEMO else "demo"

    def stored(self) -> dict:
        """What was filled in, by the names of the settings."""
        return {
            "camera": self.camera(),
            "hide_faces": self.hide_faces.data,
            "minimum_group": int(self.minimum_group.data),
            "retention_days": int(self.retention_days.data),
            "contact": self.contact.data or None,
        }


class FirstRunForm(RoomForm):
    """The same at the first run, with what must be so before anybody is filmed."""

    told = BooleanField(
        lazy_gettext(
            "This is allowed here, and the people in view have been told or will be before they are filmed"
        ),
        [InputRequired(lazy_gettext("confirm this; without it, stay with no camera at all."))],
    )
