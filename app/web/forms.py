"""The forms that people fill in."""

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, TimeField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, Regexp

from app.records.notes import LONGEST_NOTE

ONE_LINE = Regexp(r"^[^\x00-\x1f\x7f]*$", message="must be one line of text.")
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
        return "Send the form again."


class LectureForm(Form):
    """Starts a lecture."""

    title = StringField(
        "Title", [DataRequired("give the lecture a title."), Length(max=200), ONE_LINE], filters=[stripped]
    )
    course = StringField("Course", [Length(max=200), ONE_LINE], filters=[stripped])


class RenameForm(LectureForm):
    """Changes a lecture's title and course."""


class NoteForm(Form):
    """Adds a note to a moment of a lecture, given by the clock on the wall."""

    time = TimeField("Time", [InputRequired("when was it? As 10:41.")])
    text = StringField(
        "Note", [DataRequired("write something."), Length(max=LONGEST_NOTE), ONE_LINE], filters=[stripped]
    )


class AccountForm(Form):
    """Makes the first account."""

    name = StringField(
        "Name", [InputRequired("choose a name."), Length(max=80), ONE_LINE], filters=[stripped]
    )
    password = PasswordField(
        "Password",
        [Length(min=SHORTEST_PASSWORD, max=200, message=f"take at least {SHORTEST_PASSWORD} characters.")],
    )
    again = PasswordField("Password again", [EqualTo("password", message="is not the same.")])


class SignInForm(Form):
    """Signs somebody in."""

    name = StringField("Name", [InputRequired("who are you?")], filters=[stripped])
    password = PasswordField("Password", [InputRequired("is missing.")])
