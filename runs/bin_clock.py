"""What time it is in a bin: on the calendar where the model says when it begins, else since its start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runs import wording

DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class BinClock:
    """The clock of a run. ``words.js`` says the same in the browser, and a test holds the two together."""

    bins: int
    bin_minutes: int
    start: datetime | None

    def span(self, index: int) -> str:
        """``Mon 11 Feb 2013, 19:00 to 20:00``, ``Mon 11 Feb 2013``, or ``Day 2, 05:00 to 06:00``."""
        minutes = index * self.bin_minutes
        if self.bin_minutes % DAY == 0 and self._day_begins(minutes):
            first = self._day(minutes)
            return (
                first
                if self.bin_minutes == DAY
                else f"{first} to {self._day(minutes + self.bin_minutes - DAY)}"
            )
        return f"{self._day(minutes)}, {self._time(minutes)} to {self.end(index)}"

    def flag(self, index: int) -> str:
        """The beginning of the bin, as short as it stands above the cursor."""
        minutes = index * self.bin_minutes
        if self.bin_minutes < DAY:
            return self._time(minutes)
        if self.start is None:
            return f"day {minutes // DAY + 1}"
        return wording.say_day(self._moment(minutes), with_year=False)

    def end(self, index: int) -> str:
        """The end of the bin, where stocks are read: ``20:00``, or its day."""
        minutes = (index + 1) * self.bin_minutes
        return self._time(minutes) if self.bin_minutes < DAY else self.flag(index + 1)

    def number(self, index: int) -> str:
        """``bin 115 of 0–119, UTC``."""
        zone = "since the start" if self.start is None else "UTC"
        return f"bin {index} of 0–{self.bins - 1}, {zone}"

    def _day_begins(self, minutes: int) -> bool:
        return self.start is None or f"{self._moment(minutes):%H%M}" == "0000"

    def _day(self, minutes: int) -> str:
        if self.start is None:
            return f"Day {minutes // DAY + 1}"
        moment = self._moment(minutes)
        return f"{moment:%a} {wording.say_day(moment)}"

    def _time(self, minutes: int) -> str:
        if self.start is None:
            return f"{minutes % DAY // 60:02d}:{minutes % 60:02d}"
        return f"{self._moment(minutes):%H:%M}"

    def _moment(self, minutes: int) -> datetime:
        assert self.start is not None
        return self.start.astimezone(UTC) + timedelta(minutes=minutes)
