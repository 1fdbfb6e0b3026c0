"""Groups of runs: what is declared, what is missing of it, who carries it out, and who alone publishes."""
