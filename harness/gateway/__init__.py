"""The one door out of the container: model calls, the journal's events, and format checks, over one Unix socket a run.

The gateway adds the key, meters tokens and money, stops at the budget and writes the transcript. What comes through the
door is untrusted: everything is capped, validated and, towards a provider, rebuilt from what was understood of it.
It reads no label and grades nothing. Importing this package costs nothing; the parts are imported where they are used.
"""
