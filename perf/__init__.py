"""Benchmarks: figures and ratios measured in one run, printed beside the aim. Nothing here is a test."""
