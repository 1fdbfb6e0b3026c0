"""What a run's record says before anything of the run has started: what it is made from, and what it may take.

`run.py` adds what becomes of it.
"""

from __future__ import annotations

import harness
from harness.results import layout as results
from harness.results.layout import DataRecord, HostRecord, RunRecord, RunStatus
from harness.results.record import CodeRecord, EgressRecord, HeldBackRecord, ReservationRecord
from harness.runs.plan import RunPlan
from harness.sandbox.owner import me


def first_record(
    plan: RunPlan,
    status: RunStatus,
    *,
    attempt: int,
    host: HostRecord | None = None,
    code: CodeRecord | None = None,
) -> RunRecord:
    """What is known of a run before it starts."""
    manifest = plan.prepared.manifest
    return RunRecord(
        run_id=plan.run_id,
        group=plan.group,
        competition=plan.competition.id,
        agent=plan.preset.name,
        configuration=plan.configuration or plan.preset.name,
        model=plan.model,
        review_model=plan.model_options.review,
        fallback_model=plan.model_options.fallback,
        seed=plan.seed,
        status=status,
        attempt=attempt,
        owner=me(),
        created_at=results.now(),
        podium_version=harness.__version__,
        plan_sha256=plan.sha256(),
        data=DataRecord(
            edition=manifest.edition,
            source=manifest.source,
            stand_in=manifest.stand_in,
            data_sha256=plan.prepared.manifest.fingerprint,
            description=plan.description.kind,
        ),
        request=plan.request(),
        prompt_set=plan.prompts.name,
        prompt_set_sha256=plan.prompts.sha256,
        image=plan.image.digest,
        image_tag=plan.image.tag,
        candidate_isolation="uid" if plan.other is None else "none",
        answers_shown=plan.shows_answers,
        host=host,
        code=code,
        arguments=plan.arguments,
        gpus=plan.gpus_text,
        reservation=_reservation(plan),
        budget_usd=plan.budget_usd,
        budget_tokens=plan.budget_tokens,
        time_limit_seconds=plan.wall_seconds,
        time_limit_clock=plan.clock,
        held_back=_held_back(plan),
        egress=EgressRecord(mode=plan.egress.mode, hosts_sha256=plan.egress.sha256),
        cache_sha256=plan.cache.sha256 if plan.cache else None,
    )


def _reservation(plan: RunPlan) -> ReservationRecord | None:
    place, limits = plan.place, plan.limits
    if not place.cpus:
        return None
    return ReservationRecord(
        cpus=place.cpus,
        memory_bytes=limits.memory_bytes,
        disk_bytes=limits.workspace_bytes,
        gpus=place.gpus,
        waited_seconds=place.waited_seconds,
    )


def _held_back(plan: RunPlan) -> HeldBackRecord | None:
    if plan.view is None:
        return None
    known = plan.view.manifest
    return HeldBackRecord(
        sha256=known.fingerprint,
        search_rows=known.search_rows,
        pick_rows=known.pick_rows,
        test_rows=known.test_rows,
    )
