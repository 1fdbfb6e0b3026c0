"""The trusted half of Podium: prepares, runs, grades and aggregates, on the host."""

__version__ = "0.1.0"
