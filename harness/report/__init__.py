"""Pages for people, made from a group's summary; nothing is computed here that `aggregate` did not write down."""
