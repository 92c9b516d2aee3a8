"""The forms for lectures, notes and accounts. `room_form` has the one for the settings."""

from flask import request
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.fields import SelectChoice
from wtforms.validators import (
    DataRequired,
    EqualTo,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    Regexp,
)

from app.store.note_queries import MAX_NOTE_LENGTH
from app.store.poll_queries import MAX_POLL_LENGTH
from app.web.request_checks import ONE_LINE

IS_ONE_LINE = Regexp(ONE_LINE, message=lazy_gettext("must be one line of text."))


def is_sent(_form, field) -> None:
    """Refuse a form without the field, such as one sent as JSON; it may be empty."""
    if not field.raw_data or not isinstance(field.raw_data[0], str):
        raise ValidationError(gettext("must be text."))


NO_TIME = lazy_gettext("enter a time, for example 10:41.")
MIN_PASSWORD_LENGTH = 10
MAX_NOTE_TAGS = 9  # as many as there are keys for
MAX_NOTE_TAG_LENGTH = 30  # characters; a longer one is no button


def stripped(value: str | None) -> str:
    """A field's text without the blanks around it; "" for a missing one."""
    return (value or "").strip()


class Form(FlaskForm):
    """A form of texts that can name its first error in one sentence."""

    class Meta(FlaskForm.Meta):
        """Takes what was sent as a form, and neither a file nor JSON in place of it."""

        def wrap_formdata(self, form, formdata):
            """Give what fills the form."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return request.form if form.is_submitted() else None

    def first_error(self) -> str:
        """The first field that is wrong, and why."""
        for field in self:
            if field.errors:
                return f"{field.label.text}: {field.errors[0]}"
        return gettext("Send the form again.")


class PollForm(Form):
    """A question to the class; its answers stand in one line, with commas between them."""

    text = StringField(
        lazy_gettext("Question"), [Length(max=MAX_POLL_LENGTH), IS_ONE_LINE], filters=[stripped]
    )
    answers = StringField(
        lazy_gettext("Answers"),
        [InputRequired(lazy_gettext("give two to five answers, with commas between them.")), IS_ONE_LINE],
        filters=[stripped],
    )


class LectureForm(Form):
    """What a lecture is called."""

    title = StringField(
        lazy_gettext("Title"),
        [DataRequired(lazy_gettext("give the lecture a title.")), Length(max=200), IS_ONE_LINE],
        filters=[stripped],
    )
    course = StringField(lazy_gettext("Course"), [Length(max=200), IS_ONE_LINE], filters=[stripped])


class StartForm(LectureForm):
    """Starts a lecture. Without a title it is named after its course and day."""

    title = StringField(lazy_gettext("Title"), [is_sent, Length(max=200), IS_ONE_LINE], filters=[stripped])


class RenameForm(LectureForm):
    """Changes a lecture's title and course."""


class ClockTimeField(TimeField):
    """A time of day. WTForms has its own message about a wrong one in English only."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse what was typed."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(gettext("Not a valid time value.")) from None


class BeginningField(DateTimeLocalField):
    """A day and a time. WTForms has its own message about a wrong one in English only."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse what was typed."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(gettext("enter a day and a time.")) from None


def _beginning_field(*validators) -> BeginningField:
    formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    return BeginningField(lazy_gettext("Began"), [*validators], format=formats)


class BeginningForm(Form):
    """Says when a recording began."""

    began = _beginning_field(InputRequired(lazy_gettext("enter a day and a time.")))


class RecordingForm(LectureForm):
    """Adds a recording. Its file follows in pieces."""

    room = SelectField(lazy_gettext("Room"), choices=(), coerce=int)
    began = _beginning_field(Optional())
    file_name = StringField(
        lazy_gettext("File"), [DataRequired(lazy_gettext("choose a file.")), Length(max=255), IS_ONE_LINE]
    )
    file_bytes = IntegerField(
        lazy_gettext("File"), [NumberRange(1, message=lazy_gettext("the file is empty."))]
    )


class NoteForm(Form):
    """Adds a note to a moment of a lecture, given as the time of day."""

    time = ClockTimeField(lazy_gettext("Time"), [InputRequired(NO_TIME)])
    text = StringField(
        lazy_gettext("Note"),
        [DataRequired(lazy_gettext("enter a note.")), Length(max=MAX_NOTE_LENGTH), IS_ONE_LINE],
        filters=[stripped],
    )


class AccountForm(Form):
    """Creates the first account."""

    name = StringField(
        lazy_gettext("Name"),
        [DataRequired(lazy_gettext("enter a name.")), Length(max=80), IS_ONE_LINE],
        filters=[stripped],
    )
    password = PasswordField(
        lazy_gettext("Password"),
        [
            Length(
                MIN_PASSWORD_LENGTH,
                200,
                lazy_gettext("use at least %(count)s characters.", count=MIN_PASSWORD_LENGTH),
            )
        ],
    )
    again = PasswordField(
        lazy_gettext("Repeat the password"),
        [EqualTo("password", lazy_gettext("the passwords do not match."))],
    )


class NewPasswordForm(Form):
    """Sets a new password, with a link."""

    password = PasswordField(lazy_gettext("New password"), AccountForm.password.args[1])
    again = PasswordField(lazy_gettext("Repeat the password"), AccountForm.again.args[1])


class ChangePasswordForm(NewPasswordForm):
    """Sets a new password for somebody who knows the old one."""

    old = PasswordField(lazy_gettext("Old password"), [InputRequired(lazy_gettext("enter your password."))])


class NoteTagsForm(Form):
    """Chooses the notes that one tap takes."""

    tags = TextAreaField(lazy_gettext("One a line"), [Length(max=1000)], filters=[stripped])

    def validate_tags(self, field: TextAreaField) -> None:
        """Allow a few short lines."""
        tags = field.data.splitlines()
        if len(tags) > MAX_NOTE_TAGS or any(len(tag) > MAX_NOTE_TAG_LENGTH for tag in tags):
            raise ValidationError(
                gettext(
                    "use at most %(count)s lines of %(length)s characters.",
                    count=MAX_NOTE_TAGS,
                    length=MAX_NOTE_TAG_LENGTH,
                )
            )


class KeyForm(Form):
    """Makes a key for programs. `app.web.room_choice` reads its rooms."""

    name = StringField(
        lazy_gettext("Name"),
        [DataRequired(lazy_gettext("say what the key is for.")), Length(max=80), IS_ONE_LINE],
        filters=[stripped],
    )
    access = SelectField(
        lazy_gettext("It may"),
        choices=[
            SelectChoice("read", lazy_gettext("only read")),
            SelectChoice("change", lazy_gettext("read and change")),
        ],
    )
    days = SelectField(
        lazy_gettext("It works for"),
        choices=[
            SelectChoice("30", lazy_gettext("30 days")),
            SelectChoice("365", lazy_gettext("a year")),
            SelectChoice("0", lazy_gettext("as long as it is not revoked")),
        ],
        default="365",
    )


class SignInForm(Form):
    """Signs somebody in."""

    name = StringField(
        lazy_gettext("Name"), [InputRequired(lazy_gettext("enter your name."))], filters=[stripped]
    )
    password = PasswordField(lazy_gettext("Password"), [InputRequired(lazy_gettext("enter your password."))])


class TimetableLineForm(Form):
    """Adds or changes a line of the timetable."""

    line = HiddenField()
    weekday = SelectField(
        lazy_gettext("Day"), [InputRequired(lazy_gettext("choose a day."))], choices=(), coerce=int
    )
    begins = ClockTimeField(lazy_gettext("From"), [InputRequired(NO_TIME)])
    ends = ClockTimeField(lazy_gettext("To"), [InputRequired(NO_TIME)])
    title = StringField(
        lazy_gettext("Title"),
        [DataRequired(lazy_gettext("give the lecture a title.")), Length(max=200), IS_ONE_LINE],
        filters=[stripped],
    )
    course = StringField(lazy_gettext("Course"), [Length(max=200), IS_ONE_LINE], filters=[stripped])
    teacher = SelectField(lazy_gettext("Teacher"), choices=())


class CalendarForm(Form):
    """Subscribes to a calendar."""

    address = StringField(lazy_gettext("Address of the calendar"), filters=[stripped])
