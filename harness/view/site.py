"""Every page by its name, as text: what the server answers and what the export writes. Nothing here changes a record.

Live, a page waits for a fraction of a second's reading at most and fetches the rest later; as a file it is whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.comparing import comparison_table
from harness.comparing.compare import METRICS
from harness.comparing.comparison import Comparison
from harness.errors import PodiumError, UserError
from harness.results.layout import Results
from harness.view import comparisons, render
from harness.view.comparisons import Comparisons
from harness.view.index import Group, Index
from harness.view.listing import PAGE_RUNS, Lines, Listing, Query, listing
from harness.view.messages import answered, asked, settings
from harness.view.node_page import calls_part, node_page
from harness.view.run_page import facts, tree_data
from harness.view.runs import FIRST_LOOK_SECONDS, OpenRun, RunName, Runs
from harness.view.text import readable
from harness.view.words import words_of

LONGEST_SEARCH = 200


class NotHere(PodiumError):
    """There is no such page."""


@dataclass
class Site:
    """The pages of one results folder."""

    results: Results
    index: Index
    prompts: Path
    live: bool = True

    def __post_init__(self) -> None:
        self.runs = Runs(self.results)
        self.lines = Lines()
        self.comparisons = Comparisons(self.prompts)
        self._look = FIRST_LOOK_SECONDS if self.live else None

    def groups(self, *, part: bool = False, only: Collection[str] = ()) -> str:
        """All groups, or only some, the latest first."""
        lines = [self.lines.of(group) for group in self.index.groups() if not only or group.name in only]
        return self._page("_groups.html.j2" if part else "groups.html.j2", "index.html", lines=lines)

    def group(self, name: str, query: Query, *, part: bool = False, path: str | None = None) -> str:
        """A group's runs, those that the query asks for."""
        group = self._group(name)
        shown = self._listing(group, query)
        return self._page(
            "_group.html.j2" if part else "group.html.j2",
            path or f"groups/{name}/index.html",
            group=self.lines.of(group),
            shown=shown,
            has_comparison=group.folder.comparison.is_file(),
        )

    def run(self, name: RunName) -> str:
        """A run: how it stands, and its tree."""
        run = self._run(name)
        complete = run.read_journal(self._look)
        whole = run.read_calls(self._look) and complete
        data = render.script_data(tree_data(run, complete=complete))
        found = facts(run, complete=whole)
        return self._page("run.html.j2", f"{name.path}index.html", name=name, run=found, data=data)

    def run_facts(self, name: RunName) -> str:
        """How a run stands, as a part of its page."""
        run = self._run(name)
        complete = run.read_journal(self._look)
        found = facts(run, complete=run.read_calls(self._look) and complete)
        return self._page("_facts.html.j2", f"{name.path}facts.html", name=name, run=found)

    def tree(self, name: RunName, after: int) -> dict[str, Any]:
        """What changed in a run's tree."""
        run = self._run(name)
        return tree_data(run, after, complete=run.read_journal(self._look))

    def search(self, name: RunName, text: str) -> dict[str, Any]:
        """The nodes of a run whose plan, code, output or review holds a text."""
        words = text.strip()[:LONGEST_SEARCH]
        return {"nodes": self._run(name).search(words) if words else []}

    def node(self, name: RunName, node: str, *, part: bool = False) -> str:
        """A node; `part` is its model calls."""
        run = self._run(name)
        if not run.read_journal(self._look) and node not in run.tree.nodes:
            run.read_journal(None)
        complete = run.read_calls(self._look)
        page = node_page(run, node)
        if page is None:
            raise NotHere(f"no node {node} in {name.run}")
        return self._page(
            "_node_calls.html.j2" if part else "node.html.j2",
            f"{name.path}nodes/{node}.html",
            name=name,
            shown=page,
            calls=calls_part(run, page, complete=complete),
        )

    def calls(self, name: RunName, query: Query, *, part: bool = False, path: str | None = None) -> str:
        """A run's model calls, in pages."""
        run = self._run(name)
        run.read_journal(self._look)
        complete = run.read_calls(self._look)
        lines = run.calls.lines
        pages = max(1, -(-len(lines) // PAGE_RUNS))
        page = min(query.page, pages)
        return self._page(
            "_calls.html.j2" if part else "calls.html.j2",
            path or f"{name.path}calls/index.html",
            name=name,
            calls=lines[(page - 1) * PAGE_RUNS : page * PAGE_RUNS],
            query=query,
            page=page,
            pages=pages,
            total=len(lines),
            cost_usd=run.calls.cost_usd,
            linked=run.tree.nodes,
            complete=complete,
        )

    def call(self, name: RunName, number: int) -> str:
        """A model call: what was asked and answered."""
        run = self._run(name)
        run.read_journal(self._look)
        run.read_calls(None)
        call = run.calls.by_number(number)
        if call is None:
            raise NotHere(f"no model call {number} in {name.run}")
        whole = run.whole_call(call)
        beside = [other.number for other in run.calls.lines]
        at = beside.index(number)
        return self._page(
            "call.html.j2",
            f"{name.path}calls/{number}.html",
            name=name,
            call=call,
            linked=node if (node := call.label.partition("/")[0]) in run.tree.nodes else None,
            asked=asked(whole),
            answered=answered(whole),
            settings=[(key, readable(words_of(value))) for key, value in settings(whole).items()],
            before=beside[at - 1] if at else None,
            after=beside[at + 1] if at + 1 < len(beside) else None,
        )

    def kept_comparison(self, name: str) -> str:
        """The comparison that `podium compare` left in a group."""
        made = comparisons.kept(self._group(name).folder)
        if made is None:
            raise NotHere(f"no comparison in {name}: podium compare A {name}")
        return self._page("comparison.html.j2", f"groups/{name}/comparison.html", **_compared(made))

    def compare(self, asked_for: Mapping[str, str], *, part: bool = False) -> str:
        """Two groups against each other, made when asked."""
        names = [asked_for.get(side, "")[:200] for side in ("a", "b")]
        chosen = [self.index.group(name) if name else None for name in names]
        missing = [name for name, found in zip(names, chosen, strict=True) if name and found is None]
        problem = f"There is no group {missing[0]!r}." if missing else ""
        values: dict[str, Any] = {"comparison": None, "pending": False}
        a, b = chosen
        if a is not None and b is not None:
            made = self.comparisons.of(a, b)
            if not made.done():
                values["pending"] = True
            elif isinstance(error := made.exception(), UserError):
                problem = str(error)
            else:
                values |= _compared(made.result())
        template = "_comparison.html.j2" if part else "compare.html.j2"
        groups = [group.name for group in self.index.groups()]
        return self._page(template, "compare.html", groups=groups, a=names[0], b=names[1], problem=problem, **values)

    def side(self) -> str:
        """Two nodes, or two runs, side by side; which, its script reads from the address."""
        return self._page("side.html.j2", "side.html")

    def trouble(self, path: str, message: str) -> str:
        """A page that says what is wrong with what was asked."""
        return self._page("trouble.html.j2", path, message=message)

    def close(self) -> None:
        """Ask for nothing more."""
        self.comparisons.close()

    def _page(self, template: str, path: str, **values: Any) -> str:
        return render.page(template, path, live=self.live, **values)

    def _group(self, name: str) -> Group:
        group = self.index.group(name)
        if group is None:
            raise NotHere(f"no group {name[:100]!r} with runs in {self.results.root}")
        return group

    def _listing(self, group: Group, query: Query) -> Listing:
        """The runs of a page; those that were not read yet are read now, as far as there is time."""
        shown = listing(group.entries(), query)
        unread = [entry.name for entry in shown.entries if not entry.is_read]
        if unread and self._look is not None:
            import time

            group.read(unread, until=time.thread_time() + self._look)
            shown = listing(group.entries(), query)
        return shown

    def _run(self, name: RunName) -> OpenRun:
        run = self.runs.get(name)
        if run is None:
            raise NotHere(f"no run {name.group}/{name.run} in {self.results.root}")
        return run


def _compared(made: Comparison) -> dict[str, Any]:
    """A comparison with the words that the terminal has for it."""
    shares = [name for name in comparison_table.SHARES if any(name in row.values for row in made.competitions)]
    return {
        "comparison": made,
        "table": comparison_table,
        "titles": {name: metric.title for name, metric in METRICS.items()},
        "shares": shares,
        "notes": [*comparison_table.not_compared(made), *comparison_table.other_settings(made)],
        "diff": [(_diff_kind(line), readable(line)) for line in (made.prompts.diff or "").splitlines()],
    }


def _diff_kind(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return "gap"
    return {"+": "new", "-": "old"}.get(line[:1], "same")
