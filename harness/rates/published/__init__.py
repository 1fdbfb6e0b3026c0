"""Results that others published, as data files with their source and date; nothing is recomputed."""
