"""What schemas of several subjects extend: a list's query parameters, and texts without outer blanks."""

from apiflask import Schema
from apiflask.fields import Integer
from apiflask.validators import Range
from marshmallow import ValidationError, pre_load, validates_schema

from app.web.api.schema_fields import MomentField, about


class QuerySchema(Schema):
    """Query parameters; unknown ones are rejected."""

    start = MomentField(
        data_key="from",
        metadata=about("Only those that begin at this moment or later.", "2026-11-20T00:00:00Z"),
    )
    end = MomentField(
        data_key="to", metadata=about("Only those that begin before this moment.", "2026-11-21T00:00:00Z")
    )
    limit = Integer(
        load_default=100,
        validate=Range(1, 1000),
        metadata=about("How many a page has at most, 1 to 1000.", 100),
    )

    @validates_schema
    def _in_order(self, data, **_):
        if "start" in data and "end" in data and data["end"] < data["start"]:
            raise ValidationError("Must not lie before `from`.", "to")


class StrippedSchema(Schema):
    """An object whose texts lose the blanks around them."""

    @pre_load
    def _strip(self, data, **_):
        if not isinstance(data, dict):
            return data
        return {key: value.strip() if isinstance(value, str) else value for key, value in data.items()}
