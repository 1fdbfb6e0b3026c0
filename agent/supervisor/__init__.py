"""The inside of the box: starts and ends everything in the container, under uids that keep the parts apart.

Three levels of trust share one container. The supervisor, its keepers and the fork server are root with SETUID and
SETGID alone; the agent has its own uid; each candidate slot has another. Standard library only, and no code of the
agent's: what the agent may ask for is one small message, read by `protocol.py`. This package does not protect the
container from the kernel, nor the supervisor from a bug in the kernel's own checks.
"""
