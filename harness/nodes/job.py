"""What a node is sent to run one plan, and the plan as it is on that node.

A job crosses machines as a pickle, from the coordinator to nodes that run whatever it says. What comes back are bytes,
parsed as JSON or as an archive (`keeper.py`). What a job names lies elsewhere on a node: paths are replaced, and what
they held is verified.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InfrastructureError, UserError
from harness.gateway.pace import RateLimits
from harness.nodes import data, image
from harness.nodes.data import Sources
from harness.nodes.image import WantedImage
from harness.nodes.luggage import Luggage
from harness.nodes.wanted import Wanted, of_data, of_view
from harness.sandbox.base import GIB
from harness.specs import competition
from harness.specs.competition import LocalSource

if TYPE_CHECKING:
    from harness.config import Settings
    from harness.egress.cache import CacheView
    from harness.runs.plan import RunPlan
    from harness.setup.steps import Say
    from harness.specs.competition import Competition

LARGEST_SPEC_BYTES = GIB // 16


@dataclass(frozen=True)
class Shipping:
    """How the pieces of a run get to a node: what the user named of it."""

    data_url: str | None = None
    registry: str | None = None
    pace: RateLimits = RateLimits()  # noqa: RUF009 - frozen; the node's share of what the user stated, when the run is sent
    keys: dict[str, str] = field(default_factory=dict, repr=False)  # empty: the node's own environment has them


@dataclass(frozen=True)
class Job:
    """One run for a node."""

    plan: RunPlan
    code_sha256: str
    spec_files: dict[str, bytes]  # the competition's folder
    data: Wanted
    view: Wanted | None
    shipping: Shipping
    prices: bytes | None = None
    luggage: Luggage = Luggage()  # noqa: RUF009 - frozen


def job(plan: RunPlan, code_sha256: str, shipping: Shipping, prices: Path | None = None) -> Job:
    """Gather what the plan needs elsewhere; raise `UserError` where it can't leave this machine."""
    refuse(plan)
    return Job(
        plan=plan,
        code_sha256=code_sha256,
        spec_files=_files(plan.competition),
        data=of_data(plan.competition, plan.prepared),
        view=of_view(plan.view) if plan.view else None,
        shipping=shipping,
        prices=prices.read_bytes() if prices else None,
    )


def refuse(plan: RunPlan) -> None:
    """Some runs are bound to the coordinator's own machine."""
    if plan.shows_answers:
        raise UserError(
            f"{plan.preset.name} is shown the answers, and these never leave this machine: --executor local"
        )


def on_this_node(job: Job, settings: Settings, scratch: Path, say: Say) -> RunPlan:
    """The plan with this node's data, image and competition folder; `InfrastructureError` where one can't be had."""
    plan = job.plan
    chosen = _competition(job, scratch)
    prepared = data.have_data(job.data, Sources(plan.prepared.folder, job.shipping.data_url), settings.home)
    view = None
    if job.view is not None:
        assert plan.view is not None
        view = data.have_view(job.view, Sources(plan.view.folder, job.shipping.data_url), settings.home)
    here = image.have(WantedImage(plan.image, job.shipping.registry), plan.other, settings, say)
    cache = _cache(plan.cache, settings) if plan.cache else None
    return replace(plan, competition=chosen, prepared=prepared, view=view, image=here, cache=cache)


def _cache(wanted: CacheView, settings: Settings) -> CacheView:
    """What lies ready for a run is the same here: in this node's cache, or in the coordinator's on a shared disk."""
    from harness.egress.cache import Cache

    for cache in (Cache(settings.cache), wanted.cache):
        found = cache.view()
        if found is not None and found.sha256 == wanted.sha256:
            return replace(found, told=wanted.told)
    raise InfrastructureError(
        f"this node's cache of packages and models ({settings.cache}) is not the coordinator's. Fill both the same way "
        "(podium cache add), share the folder, or run without it: --no-cache"
    )


def _competition(job: Job, scratch: Path) -> Competition:
    id, edition = job.plan.competition.id, job.plan.prepared.manifest.edition
    for name, content in job.spec_files.items():
        file = scratch / "competitions" / id / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    loaded = competition.load(id, scratch / "competitions").at(edition)
    if loaded.model_dump_json() != job.plan.competition.model_dump_json():
        raise InfrastructureError(f"the spec of {id} changed while its run was sent. Run the same command again")
    return loaded


def _files(chosen: Competition) -> dict[str, bytes]:
    """The spec's folder without raw data, which may lie in it."""
    folder, source = chosen.folder, chosen.source
    raw = source.folder.partition("/")[0] if isinstance(source, LocalSource) else "raw"
    files, total = {}, 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and parts[0] != raw and "__pycache__" not in parts:
            total += path.stat().st_size
            if total > LARGEST_SPEC_BYTES:
                raise UserError(
                    f"{folder} holds more than {LARGEST_SPEC_BYTES >> 20} MiB, which would go to every node"
                )
            files["/".join(parts)] = path.read_bytes()
    return files
