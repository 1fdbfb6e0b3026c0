"""Makes a script keep what it predicted before any rounding, where a prompt asks for that: out-of-fold and test rows.

Only scripts that validate as ours do are changed; any other is left as it is.
"""

from __future__ import annotations

import re

ASKED = "working/oof.csv"  # a prompt that names the file asks for it

_VALIDATED = re.compile(r"^([ \t]*)held_out, predicted = cross_validate\(y\)$", re.MULTILINE)
_BEGIN = "\nsubmission = sample.copy()\n"
_ENDING = "WORKING.mkdir(exist_ok=True)\n"

KEEP = '''
kept = {"oof": [], "test": []}


def keep(target, p_train, p_test):
    """Remember predictions before any rounding, for a later blend: a column a target, or one for each class."""
    for kind, p in (("oof", p_train), ("test", p_test)):
        p = np.asarray(p).reshape(len(p), -1)
        names = [target] if p.shape[1] == 1 else [f"{target}={i}" for i in range(p.shape[1])]
        kept[kind].append(pd.DataFrame(p, columns=names))

'''

WRITE_KEPT = """for kind, rows in (("oof", train), ("test", test)):
    frame = pd.concat(kept[kind], axis=1)
    frame.insert(0, "row", rows[ID].to_numpy() if ID in rows else np.arange(len(rows)))
    frame.to_csv(WORKING / f"{kind}.csv", index=False)
"""


def keeping(code: str) -> str:
    """The script with its predictions kept."""
    if "def keep(" in code or not _VALIDATED.search(code) or _BEGIN not in code or _ENDING not in code:
        return code
    code = _VALIDATED.sub(_with_call, code)
    code = code.replace(_BEGIN, KEEP + _BEGIN, 1)
    return code.replace(_ENDING, _ENDING + WRITE_KEPT, 1)


def _with_call(match: re.Match[str]) -> str:
    indent = match[1]
    target = "target" if indent else "TARGETS[0]"
    return f"{match[0]}\n{indent}keep({target}, held_out, predicted)"
