"""What a run may fetch: nothing, from named hosts through the door, or anything; and what lies ready without a network.

The choice is recorded with every run and marked in every table. Knows nothing of competitions, models or grading.
"""
