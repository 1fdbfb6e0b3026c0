"""From a group's records to rates and leaderboards. Sees records only."""
