"""Which days are holidays: the public ones of a country or state, as the library `holidays` knows them, and own days."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from pydantic import Field

from flows.fields import Name
from flows.oncall_fields import Day
from flows.speech import Model

# Names differ from year to year ("Independence Day (observed)"); these years show all that matter.
_YEARS = range(2024, 2037)


class HolidayDays(Model):
    """Days that are holidays."""

    country: Name | None = Field(None, description="country of the public holidays, two letters: US")
    state: Name | None = Field(None, description="state or province: TX; without it, the holidays of the whole country")
    days: dict[Day, Name] = Field(default_factory=dict, max_length=366, description="own days, with a name each")
    open: tuple[Name, ...] = Field((), max_length=60, description="public holidays that are days like any other")


def countries() -> Mapping[str, list[str]]:
    """Every country that is known, with its states."""
    # The library is large; who has no holidays in the file need not wait for it.
    import holidays

    return holidays.list_supported_countries()


def names(country: str, state: str | None) -> frozenset[str]:
    """The names of the public holidays there."""
    return frozenset(name for year in _YEARS for all_names in _of(country, state, year).values() for name in all_names)


def holiday(file: HolidayDays | None, day: date) -> str | None:
    """The name of the holiday that `day` is, or None. An own day comes before a public one of the same date."""
    if file is None:
        return None
    if day in file.days:
        return file.days[day]
    if file.country is None:
        return None
    public = _of(file.country, file.state, day.year).get(day, ())
    kept = [name for name in public if name.removesuffix(" (observed)") not in file.open and name not in file.open]
    return kept[0] if kept else None


@lru_cache(maxsize=64)
def _of(country: str, state: str | None, year: int) -> dict[date, tuple[str, ...]]:
    """A date can be several holidays at once: Texas keeps two on the third Monday of January."""
    import holidays

    found = holidays.country_holidays(country, subdiv=state, years=year, expand=False)
    return {day: tuple(name.strip() for name in all_names.split(";")) for day, all_names in found.items()}
