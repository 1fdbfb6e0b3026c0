"""What `podium` says and prints: a module for each family of verbs, and the options and tables that they share."""
