"""What students said, in sentences."""

from zoneinfo import ZoneInfo

from flask_babel import gettext

from app.language import translate
from app.pulse.choice import CHOICE_NAMES, Choice
from app.pulse.correlation import MIN_SAMPLE, RankCorrelation
from app.report.pulse_report import PulseReport
from app.report.wording import clock, percent, signed


def pulse_sentence(pulse: PulseReport, timezone: ZoneInfo) -> str:
    """How many answered, what most said, and when most were lost."""
    if pulse.shares is None:
        return gettext("too few students answered, so no counts were kept")
    commonest = max(pulse.shares, key=pulse.shares.get)
    parts = [
        gettext("%(count)s answered on average", count=round(pulse.answered_mean)),
        gettext(
            "they said mostly “%(choice)s” (%(share)s)",
            choice=translate(CHOICE_NAMES[commonest]),
            share=percent(pulse.shares[commonest]),
        ),
    ]
    if (most := pulse.most_lost) is not None:
        share = percent(most.shares[Choice.LOST])
        time = clock(most.minute, timezone)
        parts.append(gettext("most were lost at %(time)s (%(share)s)", time=time, share=share))
    return ", ".join(parts)


def correlation_sentence(correlation: RankCorrelation) -> str:
    """How faces and answers correlate, in a sentence with the figures."""
    figure = gettext(
        "rank correlation %(value)s, 95 %% interval %(low)s to %(high)s, %(count)s minutes",
        value=signed(correlation.value),
        low=signed(correlation.low),
        high=signed(correlation.high),
        count=correlation.minutes,
    )
    if correlation.is_positive:
        return gettext(
            "When more students said “lost”, more faces looked unpleasant: %(figure)s.", figure=figure
        )
    if correlation.is_negative:
        return gettext(
            "When more students said “lost”, fewer faces looked unpleasant: %(figure)s. "
            "The faces said the opposite of the students.",
            figure=figure,
        )
    if correlation.sample_size <= MIN_SAMPLE:
        return gettext(
            "Too few independent minutes to say whether faces and answers go together: %(figure)s.",
            figure=figure,
        )
    return gettext(
        "What the faces looked like and what students said do not go together: %(figure)s. "
        "Do not take one for the other.",
        figure=figure,
    )
