"""Looks over finished runs for cheating: rules find, with their evidence; people judge, and a model may be heard.

`podium audit` reads what a run left and writes `findings.json` beside it. Nothing here runs what an agent wrote,
changes a record or a grade, or goes back to an agent. What each rule sees and what it can't: docs/cheating.md.
"""
