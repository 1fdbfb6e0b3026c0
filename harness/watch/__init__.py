"""Watching runs: structured logs, metrics for Prometheus, and what each run's box used. Never decides anything."""
