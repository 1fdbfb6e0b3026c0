"""granted.json: the most that a run on another machine may come to, as long as nobody here knows what it came to.

It is written before the run is sent, and removed when its process is known to be over and its transcript is here as a
whole. Where it is still there the bill is not known: the node is lost, or the command that asked for the run. Such an
attempt counts as if all of it had been spent.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.files import write_atomically

if TYPE_CHECKING:
    from harness.runs.plan import RunPlan

NAME = "granted.json"


class Granted(BaseModel):
    """A run's own ceilings, what it took over from an earlier attempt included."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    cost_usd: float = 0.0
    tokens: int = 0


def grant(run_folder: Path, plan: RunPlan) -> None:
    """Say it before the run can spend anything; a run without a ceiling has nothing to be told of."""
    most = Granted(cost_usd=plan.budget_usd or 0.0, tokens=plan.budget_tokens or 0)
    if most != Granted():
        write_atomically(run_folder / NAME, most.model_dump_json().encode())


def settle(run_folder: Path) -> None:
    """The bill is known now."""
    (run_folder / NAME).unlink(missing_ok=True)


def read_granted(run_folder: Path) -> Granted:
    """What may have been spent at most; nothing where the bill is known."""
    try:
        return Granted.model_validate_json((run_folder / NAME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Granted()
