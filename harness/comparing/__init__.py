"""Two groups side by side: is one better, worse, or can't one tell? Sees records only."""
