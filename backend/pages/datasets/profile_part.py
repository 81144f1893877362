"""The profile on a dataset's page; reads every row, so it is loaded after the page."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from backend.datasets import service
from backend.datasets.profile import Lengths, Profile
from backend.dependencies import Config, Db
from backend.pages.datasets.histogram import HEIGHT, Bar, bars_of
from backend.pages.datasets.list_page import DatasetKey
from backend.pages.frame import filters
from backend.pages.frame.rendering import render_part

router = APIRouter(include_in_schema=False)

BAR = 22


@dataclass(frozen=True)
class LengthChart:
    title: str
    note: str
    width: int
    bars: list[Bar]


@dataclass(frozen=True)
class ProfilePart:
    sentences: list[tuple[str, str]]
    charts: list[LengthChart]
    height: int


@router.get("/datasets/{key}/profile", response_class=HTMLResponse)
def show_profile(key: DatasetKey, request: Request, db: Db, settings: Config) -> HTMLResponse:
    """An HTML fragment for the page."""
    profile = service.read_profile_of(db, settings.datasets_dir, service.get_dataset(db, key))
    part = ProfilePart(_sentences(profile), [_chart(lengths) for lengths in profile.lengths], HEIGHT + 18)
    return render_part("datasets/_profile.html", part=part)


def _sentences(profile: Profile) -> list[tuple[str, str]]:
    """(kind of notice, sentence)"""
    found = []
    if profile.duplicates:
        among = (
            "" if profile.checked_rows == profile.rows else f" among the first {filters.whole(profile.checked_rows)}"
        )
        rows = "row repeats" if profile.duplicates == 1 else "rows repeat"
        found.append(("warn", f"{filters.whole(profile.duplicates)} {rows} an earlier one{among}."))
    else:
        found.append(("ok", "No row repeats another."))
    for name, count in profile.empty:
        found.append(("warn", f"{filters.whole(count)} empty in column “{name}”."))
    if not profile.empty:
        found.append(("ok", "No cell is empty."))
    return found


def _chart(lengths: Lengths) -> LengthChart:
    last = max((index for index, count in enumerate(lengths.bins) if count), default=0)
    shown = lengths.bins[: last + 1]
    texts, labels = [], []
    for index, count in enumerate(shown):
        low, high = (0, 0) if not index else (2 ** (index - 1), 2**index - 1)
        words = f"{low} to {high}" if high > low else str(low)
        texts.append(f"{filters.whole(count)} of {words} characters")
        labels.append(str(low))
    bars = bars_of(shown, BAR, 4, texts, labels)
    note = (
        f"{filters.figure(lengths.mean, 0)} characters on average, at most {filters.whole(lengths.longest)} "
        f"(line {filters.whole(lengths.longest_line)})"
    )
    return LengthChart(f"Length of {lengths.column} ({lengths.role})", note, max(1, len(shown)) * BAR, bars)
