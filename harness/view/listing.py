"""Which runs of a group a page lists, in which order: filters, search, pages. And a group in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from harness.rates.aggregate import Summary, summarise
from harness.results.row import Row
from harness.view.index import Entry, Group

PAGE_RUNS = 100
LONGEST_SEARCH = 200
UNREADABLE, UNREAD = "can't be read", "not read yet"

Key = Callable[[Row], float | str | None]
SORTS: Mapping[str, tuple[str, Key | None, bool]] = {  # name: title, key, whether the largest come first
    "name": ("run", None, False),
    "status": ("status", lambda row: row.status.value, False),
    "score": ("score", lambda row: row.score, True),
    "percentile": ("percentile", lambda row: row.percentile, True),
    "validation": ("validation", lambda row: row.validation_score, True),
    "steps": ("nodes", lambda row: float(row.steps), True),
    "time": ("time", lambda row: row.wall_seconds, True),
    "cost": ("cost", lambda row: row.cost_usd, True),
}


@dataclass(frozen=True)
class Query:
    """What a page of runs is asked for. Everything in it came from an address, so it is cut and checked."""

    text: str = ""
    status: str = ""
    outcome: str = ""
    sort: str = "name"
    turned: bool = False
    page: int = 1

    @classmethod
    def parse(cls, asked: Mapping[str, str]) -> Query:
        """Read an address's parameters; what makes no sense there is as if it were not there."""
        page = asked.get("page", "1")
        return cls(
            text=asked.get("q", "").strip()[:LONGEST_SEARCH],
            status=asked.get("status", "")[:40],
            outcome=asked.get("outcome", "")[:40],
            sort=asked.get("sort", "name") if asked.get("sort") in SORTS else "name",
            turned=asked.get("turned") == "1",
            page=max(1, int(page)) if page.isdecimal() and len(page) < 8 else 1,
        )

    def address(self, **changes: object) -> str:
        """The same query with something changed, as the end of an address."""
        values = {
            "q": self.text,
            "status": self.status,
            "outcome": self.outcome,
            "sort": self.sort,
            "turned": "1" if self.turned else "",
            "page": self.page,
            **changes,
        }
        plain = {"sort": "name", "page": 1}
        kept = {name: value for name, value in values.items() if value and value != plain.get(name)}
        return f"?{urlencode(kept)}" if kept else ""

    @property
    def narrows(self) -> bool:
        return bool(self.text or self.status or self.outcome)


@dataclass(frozen=True)
class Listing:
    """One page of runs, and what there is to choose from."""

    query: Query
    entries: Sequence[Entry]
    found: int
    total: int
    unread: int
    pages: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]


def listing(entries: Sequence[Entry], query: Query, size: int = PAGE_RUNS) -> Listing:
    """The page of runs that a query asks for."""
    found = [entry for entry in entries if _matches(entry, query)] if query.narrows else list(entries)
    found = _sorted(found, query)
    pages = max(1, -(-len(found) // size))
    page = min(query.page, pages)
    return Listing(
        query=query,
        entries=found[(page - 1) * size : page * size],
        found=len(found),
        total=len(entries),
        unread=sum(1 for entry in entries if not entry.is_read),
        pages=pages,
        statuses=dict(sorted(Counter(status_of(entry) for entry in entries).items())),
        outcomes=dict(sorted(Counter(outcome_of(entry.row) for entry in entries if entry.row).items())),
    )


def page_file(page: int) -> str:
    """The file of one page of a list, where pages are files."""
    return "index.html" if page == 1 else f"page-{page}.html"


def status_of(entry: Entry) -> str:
    """A run's status in words."""
    if entry.row is None:
        return UNREADABLE if entry.problem is not None else UNREAD
    return entry.row.status.value.replace("_", " ")


def outcome_of(row: Row) -> str:
    """What came of a run: a medal, or why there is none."""
    if row.valid is None:
        return "not graded"
    if not row.valid:
        return "no submission" if row.submission_exists is False else "invalid"
    return row.medal if row.medal not in (None, "none") else "valid"


def _matches(entry: Entry, query: Query) -> bool:
    if query.status and status_of(entry) != query.status:
        return False
    if query.outcome and (entry.row is None or outcome_of(entry.row) != query.outcome):
        return False
    return all(word in _haystack(entry) for word in query.text.lower().split())


def _haystack(entry: Entry) -> str:
    row = entry.row
    if row is None:
        return f"{entry.name} {entry.problem or ''}".lower()
    parts = (entry.name, row.competition, row.agent, row.model, status_of(entry), outcome_of(row), row.reason)
    return " ".join((*parts, row.edition, row.metric, row.invalid_because or "", *row.leaks)).lower()


def _sorted(entries: list[Entry], query: Query) -> list[Entry]:
    _, key, falls = SORTS[query.sort]
    if key is None:
        return entries[::-1] if query.turned else entries
    valued = [(value, entry) for entry in entries if entry.row is not None and (value := key(entry.row)) is not None]
    without = [entry for entry in entries if entry.row is None or key(entry.row) is None]
    valued.sort(key=lambda pair: pair[0], reverse=falls != query.turned)
    return [*(entry for _, entry in valued), *without]


@dataclass(frozen=True)
class GroupLine:
    """A group in one line; `summary` is of the runs that were read so far."""

    name: str
    runs: int
    unread: int
    unreadable: int
    running: int
    changed_at: float
    competitions: Sequence[str]
    agents: Sequence[str]
    models: Sequence[str]
    summary: Summary


class Lines:
    """The lines of groups, made anew only where a group changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, GroupLine]] = {}

    def of(self, group: Group) -> GroupLine:
        """A group's line now."""
        version = group.version
        known = self._known.get(group.name)
        if known is None or known[0] != version:
            known = self._known[group.name] = (version, _line(group))
        return known[1]


def _line(group: Group) -> GroupLine:
    entries = group.entries()
    rows = [entry.row for entry in entries if entry.row is not None]
    return GroupLine(
        name=group.name,
        runs=len(entries),
        unread=sum(1 for entry in entries if not entry.is_read),
        unreadable=sum(1 for entry in entries if entry.problem is not None),
        running=sum(1 for row in rows if row.status.value in ("running", "queued")),
        changed_at=group.changed_at,
        competitions=sorted({row.competition for row in rows}),
        agents=sorted({row.agent for row in rows}),
        models=sorted({row.model for row in rows}),
        summary=summarise(group.name, rows),
    )
