"""What students said in a lecture, minute by minute and as a whole, and how faces correlate with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.pulse.choice import Choice
from app.pulse.correlation import RankCorrelation, rank_correlation
from app.pulse.lost_rise import marks
from app.report.interval import Interval, wilson
from app.report.report_minute import ReportMinute
from app.store import poll_queries, pulse_queries
from app.store.tables import Lecture, Poll, PulseMinute
from app.vision.emotion import UNPLEASANT, Emotion


@dataclass(frozen=True, slots=True)
class PulseReportMinute:
    """The published counts at the end of a minute."""

    minute: datetime
    counts: dict[Choice, int] | None
    """How many said each; None if fewer than `minimum_group` answered."""
    minimum_group: int
    lost_rises: bool
    """Whether *lost* begins to rise in it."""

    @property
    def answered(self) -> int | None:
        """How many answered: the sum of the counts; None if too few did."""
        return None if self.counts is None else sum(self.counts.values())

    @property
    def shares(self) -> dict[Choice, float] | None:
        """The part of those who answered that said each."""
        return _shares(self.counts) if self.counts else None

    @property
    def share_intervals(self) -> dict[Choice, Interval] | None:
        """The 95 % interval of each share, as that of a sample of the class (Wilson 1927)."""
        if not self.counts:
            return None
        return {choice: wilson(count, self.answered) for choice, count in self.counts.items()}


@dataclass(frozen=True, slots=True)
class ReportedPoll:
    """A question to the class, and how often each answer was given."""

    asked_at: datetime
    text: str
    answers: tuple[str, ...]
    counts: tuple[int, ...] | None
    """None if too few answered."""


@dataclass(frozen=True, slots=True)
class PulseReport:
    """What students said in a lecture."""

    minutes: tuple[PulseReportMinute, ...]
    """The minutes that were counted, oldest first."""
    polls: tuple[ReportedPoll, ...]
    correlation: RankCorrelation | None
    """Of *lost* with unpleasant expressions; None if there are too few minutes with both."""

    @property
    def shown(self) -> list[PulseReportMinute]:
        """The minutes in which enough answered."""
        return [minute for minute in self.minutes if minute.shares]

    @property
    def answered_mean(self) -> float | None:
        """How many answered in these on average; None if there are none."""
        shown = self.shown
        return sum(minute.answered for minute in shown) / len(shown) if shown else None

    @property
    def shares(self) -> dict[Choice, float] | None:
        """The share of each choice in all answers of these minutes, 0 to 1; None if there are none."""
        shown = self.shown
        if not shown:
            return None
        return _shares({choice: sum(minute.counts[choice] for minute in shown) for choice in Choice})

    @property
    def share_intervals(self) -> dict[Choice, Interval] | None:
        """The 95 % intervals of these, from a sample of `answered_mean` people: most answer all the time."""
        shares = self.shares
        if shares is None:
            return None
        people = self.people
        return {choice: wilson(share * people, people) for choice, share in shares.items()}

    @property
    def people(self) -> int:
        """How large a sample of the class these are; 1 if there are none."""
        return max(1, round(self.answered_mean or 0))

    @property
    def most_lost(self) -> PulseReportMinute | None:
        """The minute with the largest share of *lost*; None if it never rose."""
        if not any(minute.lost_rises for minute in self.minutes):
            return None
        return max(self.shown, key=lambda minute: minute.shares[Choice.LOST])

    def minute_at(self, minute: datetime) -> PulseReportMinute | None:
        """What was said in a minute; None if nothing was counted in it."""
        return next((each for each in self.minutes if each.minute == minute), None)


def pulse_report_of(lecture: Lecture, minutes: Sequence[ReportMinute]) -> PulseReport | None:
    """What students said in a lecture with these minutes of faces; None if its pulse was never open."""
    rows = pulse_queries.minutes_of_pulse(lecture.id)
    return pulse_report(rows, minutes, poll_queries.polls_of(lecture)) if rows else None


def pulse_report(
    rows: Sequence[PulseMinute], minutes: Sequence[ReportMinute], polls: Sequence[Poll] = ()
) -> PulseReport:
    """What students said in these minutes of the pulse, beside those of faces."""
    rises = marks([row.counts for row in rows])
    counted = [
        PulseReportMinute(row.minute, row.counts, row.minimum_group, rise)
        for row, rise in zip(rows, rises, strict=True)
    ]
    reported = tuple(
        ReportedPoll(
            poll.asked_at, poll.text, tuple(poll.answers), tuple(poll.counts) if poll.is_shown else None
        )
        for poll in polls
    )
    return PulseReport(tuple(counted), reported, _correlation(counted, minutes))


def _correlation(
    answers: Sequence[PulseReportMinute], minutes: Sequence[ReportMinute]
) -> RankCorrelation | None:
    """The rank correlation of the share of *lost* with that of unpleasant expressions less happy ones."""
    faces = {minute.minute: minute for minute in minutes if minute.shares and not minute.is_weak}
    both = [
        (each.shares[Choice.LOST], faces[each.minute])
        for each in answers
        if each.shares and each.minute in faces
    ]
    return rank_correlation([lost for lost, _ in both], [_displeasure(minute) for _, minute in both])


def _displeasure(minute: ReportMinute) -> float:
    named = 1 - minute.uncertain_share
    unpleasant = sum(minute.shares[emotion] for emotion in UNPLEASANT) - minute.shares[Emotion.HAPPY]
    return unpleasant / named if named else 0.0


def _shares(counts: dict[Choice, int]) -> dict[Choice, float] | None:
    total = sum(counts.values())
    return {choice: count / total for choice, count in counts.items()} if total else None
