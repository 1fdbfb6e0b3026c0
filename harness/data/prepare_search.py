"""Makes the search view of prepared data: the third folder, for runs whose search is guided by held-back training rows.

It is made from the same raw data as the other two, when a run asks for it first, and goes when they are replaced. A
view is tried out before it is used: the truth must score perfectly, and no held-back label may stand in what the search
sees. Whatever can't be held back from is refused here, before anything is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data import leaks, search_view
from harness.data.building import build_view
from harness.data.data_in_use import replaceable
from harness.data.describing import describe_prepared
from harness.data.manifest import Prepared
from harness.data.prepare import Maker, Progress, downloaded, raw_at_hand, scratch_beside
from harness.data.search_view import HELD_BACK, MANIFEST_NAME, SEARCH, VERSION, SearchManifest, SearchView
from harness.errors import InvalidSubmission, UserError
from harness.grading.scorer import Scorer
from harness.locks import locked
from harness.parallel import Track, untracked
from harness.specs.check import read_texts
from harness.specs.competition import Competition
from harness.splits.base import PICK_TRUTH, PUBLIC_IDS, SEARCH_TRUTH, VIEW_IDS

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 1e-5  # of a score to that of perfect answers, which some metrics clip


def why_not(competition: Competition, edition: str | None = None) -> str | None:
    """Say why no training rows of a competition can be held back; None where, data permitting, they can."""
    name, chosen = competition.edition(edition)
    spec = competition.at(name)
    if spec.submission.repeated_ids:
        return "an id may stand in several rows of a submission"
    if spec.answers.perfect_file is not None or spec.answers.subset:
        return "its answers are not a table of the submission's rows"
    return chosen.split.why_no_search_view()


def refuse(competition: Competition, edition: str | None = None) -> None:
    """Raise UserError where no training rows can be held back."""
    if reason := why_not(competition, edition):
        raise UserError(
            f"{competition.id} can't be run with --validation hidden-split: {reason}. Leave the option out, for the "
            "scripts' own validation; podium list --validation hidden-split shows where it can"
        )


def prepare_search(
    competition: Competition,
    prepared: Prepared,
    *,
    data_home: Path,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    track: Track = untracked,
) -> SearchView:
    """Return the search view of these data, made now if there is none; UserError where there can't be one."""
    name = prepared.manifest.edition
    refuse(competition, name)
    say, data_sha256 = progress or (lambda _: None), prepared.manifest.fingerprint
    maker = Maker(
        competition.at(name), name, competition.edition(name)[1], data_home, prepared.folder, environ or {}, say, track
    )
    with locked(data_home, prepared.folder.name):
        return search_view.find(prepared.folder, data_sha256) or _made(maker, prepared)


def _made(maker: Maker, prepared: Prepared) -> SearchView:
    competition, target = maker.competition, prepared.folder / SEARCH
    with replaceable(target), scratch_beside(target) as scratch:
        origin = prepared.manifest.source
        source = Path(prepared.manifest.raw_path) if origin == "raw" and prepared.manifest.raw_path else None
        if origin == "kaggle":
            source = downloaded(maker)
        maker.say(f"holding back training rows of {competition.id} ({maker.name}) to guide searches")
        with raw_at_hand(maker, origin, source, scratch) as (files, raw):
            if source is not None and {name: file.sha256 for name, file in raw.items()} != _hashes(prepared):
                raise UserError(
                    f"the raw data of {competition.id} are not those that it was prepared from. "
                    f"Prepare it again: podium prepare {competition.id}"
                )
            made = build_view(competition, maker.edition, files, scratch, say=maker.say, track=maker.track)
        view = SearchView(made, _described(maker, prepared, made))
        _try_out(competition, view, scratch)
        (made / MANIFEST_NAME).write_text(view.manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        if target.exists():
            target.rename(scratch / "replaced")
        made.rename(target)
    return SearchView(target, view.manifest)


def _hashes(prepared: Prepared) -> dict[str, str]:
    return {name: file.sha256 for name, file in prepared.manifest.raw.items()}


def _described(maker: Maker, prepared: Prepared, made: Path) -> SearchManifest:
    held_back = made / HELD_BACK
    _order_test_rows(maker.competition, prepared, held_back)
    files, folders = describe_prepared(made, None, track=maker.track, sides=("public", HELD_BACK))
    search, pick, test = (len(read_texts(held_back / name)) for name in (SEARCH_TRUTH, PICK_TRUTH, VIEW_IDS))
    return SearchManifest(
        version=VERSION,
        competition=maker.competition.id,
        edition=maker.name,
        data_sha256=prepared.manifest.fingerprint,
        search_rows=search,
        pick_rows=pick,
        test_rows=test,
        contents={name: one.sha256 for part in (files, folders) for name, one in part.items()},
    )


def _order_test_rows(competition: Competition, prepared: Prepared, held_back: Path) -> None:
    """Bring the view's ids of the test rows into the order of the ordinary sample submission; the other list goes."""
    from harness.grading import submission
    from harness.grading.alignment import rows_in_order

    spec = competition.submission
    named = submission.ids_of((held_back / PUBLIC_IDS).read_bytes(), spec)
    wanted = submission.ids_of(prepared.sample.read_bytes(), spec)
    try:
        rows = rows_in_order(named, wanted, spec.id)
    except InvalidSubmission as error:
        raise UserError(
            f"{competition.id} can't be run with --validation hidden-split: the sample submission has other rows than "
            f"the test data ({error})"
        ) from error
    if rows is not None:
        path = held_back / VIEW_IDS
        read_texts(path).iloc[rows].to_csv(path, index=False)
    (held_back / PUBLIC_IDS).unlink()


def _try_out(competition: Competition, view: SearchView, scratch: Path) -> None:
    """Score the truth, and look for it in what the search sees; UserError where either is not as it must be."""
    failed = f"{competition.id} can't be run with --validation hidden-split"
    rows = f"{view.manifest.search_rows} and {view.manifest.pick_rows} held-back rows"
    path = scratch / "perfect.csv"
    perfect_submission(competition, view).to_csv(path, index=False)
    stated = competition.answers.perfect_score
    best = competition.scorer().perfect if stated is None else stated
    try:
        found = Scorer(competition, view).score(path)
    except (InvalidSubmission, ValueError) as error:
        raise UserError(f"{failed}: {rows} can't be scored: {error}") from error
    if stated is None and max(abs(found.search - best), abs(found.pick - best)) > CLOSE:
        raise UserError(f"{failed}: the truth of {rows} scores {found.search:g} and {found.pick:g}, not {best:g}")
    if leaking := leaks.find_held_back(competition, view):
        raise UserError(f"{failed}: what the search sees would hold labels that are held back: {'; '.join(leaking)}")


def perfect_submission(competition: Competition, view: SearchView) -> pd.DataFrame:
    """Return a submission of the search that holds the truth of the held-back rows, and the sample's of the others."""
    import pandas as pd

    columns, ids = list(competition.submission.columns), list(competition.submission.id)
    truth = pd.concat([read_texts(view.search_truth), read_texts(view.pick_truth)])
    if missing := [name for name in columns if name not in truth.columns]:
        raise UserError(f"{competition.id}: the truth of held-back rows lacks the column {missing[0]!r}")
    sample = read_texts(view.sample)
    sample = sample.reindex(columns=columns, fill_value="0")
    rest = sample.merge(truth[ids], on=ids, how="left", indicator=True)
    return pd.concat([truth[columns], rest.loc[rest["_merge"] == "left_only", columns]], ignore_index=True)
