"""Texts that attack whoever shows them, and a node and an end that consist of them."""

from __future__ import annotations

SCRIPT = "<script>window.hacked = 1</script><img src=x onerror=window.hacked=2>"
FORMULA = '=HYPERLINK("http://198.51.100.1/x","y")'
ESCAPE = "\x1b]0;hacked\x07\x1b[2J"
TURNED = "\u202egnp.elif"
TABLE = "\n| gold | gold | gold |\n"
EVERYTHING = FORMULA + SCRIPT + ESCAPE + TURNED + TABLE


def node(name: str = "hostile") -> dict[str, object]:
    """A node of nothing else."""
    texts = dict.fromkeys(("plan", "code", "output", "why_buggy", "analysis"), EVERYTHING)
    return {
        "type": "node",
        "node": name,
        "step": 2,
        "action": "draft",
        "parents": [],
        "outcome": "failed",
        "exit_code": 1,
        "score": None,
        "buggy": True,
        "reviewed_by": "none",
        "submission_valid": None,
        "warm_start": False,
        "seconds": {},
        "tokens": {},
        **texts,
    }


END = {"type": "end", "reason": "steps", "message": EVERYTHING, "best": None}
