"""The parts of generated scripts that are neither a model nor a feature step.

Templates take `$name` values from `render.py`; the others stand in a script as they are here.
"""
