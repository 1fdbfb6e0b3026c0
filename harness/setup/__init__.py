"""What a bare machine needs once, before the first run: a container engine, a base image, the agent's image.

`harness.engine` and `harness.images` are the ways in; the modules here are their parts.
"""
