"""The untrusted half of Podium: the AIDE agent that runs inside the container. Imports nothing of `harness`."""
