"""Podium's agent beside the published aideml: the same replies, the same data, one run of the benchmark."""

from perf.versus.measure import main

__all__ = ["main"]
