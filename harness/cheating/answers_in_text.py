"""A quick look at a script's text: may answers or ids of test rows stand in it, so that parsing it is worth its time?

It says yes too often and never no where a rule would see something in plain literals.
"""

from __future__ import annotations

import re

from harness.cheating.case import Task

_WORD = re.compile(r"[^\s\"',;:()\[\]{}=]{1,200}")
_ROW = re.compile(r"(?:(?:[-+\d.e]{1,32}+|[\"'][^\"'\n]{0,40}+[\"']|True|False)\s{0,40}+[,:]\s{0,40}+){20}")
_LONG = re.compile(r"[\"'][^\"'\n]{200}|[A-Za-z0-9+/=\\]{200}|[01]{40}|\d{77}|\"\"\"|'''")
_NUMBERS = re.compile(r"(?:\d{1,12}+\s{0,40}+,\s{0,40}+){11}")
_PAIRS = re.compile(r"(?:[(\[]\s{0,9}+\d{1,9}+\s{0,9}+,\s{0,9}+\d{1,9}+\s{0,9}+[)\]]\s{0,40}+,\s{0,40}+){7}")
_SET = re.compile(r"\]\s{0,9}+=\s{0,9}+[-\d\"']|==\s{0,9}+\d")
FEW = 5
SEVERAL = 12


def may_hold(text: str, task: Task) -> bool:
    """May this script hold answers?"""
    if any(shape.search(text) for shape in (_ROW, _LONG, _NUMBERS, _PAIRS)):
        return True
    if not task.ids:
        return False
    if task.ids_are_numbers:
        return len(_SET.findall(text)) >= SEVERAL
    return len(task.ids.intersection(_WORD.findall(text))) >= FEW
