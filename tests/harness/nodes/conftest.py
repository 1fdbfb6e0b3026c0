"""Nodes are tested with the plans of runs."""

from tests.harness.runs.conftest import plan, prepared

__all__ = ["plan", "prepared"]
