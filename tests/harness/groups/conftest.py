"""Groups are tested with the plans and tools of runs."""

from tests.harness.runs.conftest import group, plan, prepared, tools

__all__ = ["group", "plan", "prepared", "tools"]
