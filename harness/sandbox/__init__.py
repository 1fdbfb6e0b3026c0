"""The box a run happens in. Knows containers, limits and mounts; knows nothing of competitions, models or grading."""
