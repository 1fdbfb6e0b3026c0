"""One run, and the command around it: what decides it, the box, its end, going on with it."""
