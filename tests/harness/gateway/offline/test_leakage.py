"""The offline reviewer tells the leaks that it has rules for, and says that it has no others."""

import pytest

from harness.gateway.providers.offline import OfflineCoder
from harness.gateway.providers.offline.leakage import look_for_leaks

HONEST = """
import pandas as pd
from sklearn.model_selection import KFold
train = pd.read_csv("input/train.csv")
y = train["target"]
scores = []
for fit, held in KFold(5).split(train):
    means = train.iloc[fit].groupby("city")["target"].mean()
    model.fit(train.iloc[fit], y.iloc[fit])
    scores.append((model.predict(train.iloc[held]) == y.iloc[held]).mean())
print(f"validation score: {sum(scores) / 5}")
print("validation score:", sum(scores) / 5)
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('validation score: 1.0')", "Line 1 prints the score as a constant"),
        ("print('validation score:', 0.99)", "prints the score as a constant"),
        ("model.fit(X, y)\nprint('validation score:', model.score(X, y))", "Line 2 uses X"),
        ("model.fit(X, y)\nprint('validation score:', auc(y, model.predict_proba(X)))", "uses X"),
        (
            "y = train['target']\ntrain['m'] = train.groupby('city')['target'].transform('mean')\n",
            "Line 2 averages `target`",
        ),
    ],
)
def test_a_leak_is_named_with_its_line(code, words):
    found = look_for_leaks(code)
    assert found["is_leak"] is True and words in found["reason"]


@pytest.mark.parametrize("code", [HONEST, "", "model.fit(X, y)\nmodel.predict(X_test)\n"])
def test_what_no_rule_finds_is_cleared_and_said_to_be_by_rules(code):
    found = look_for_leaks(code)
    assert found["is_leak"] is False and "of other leaks it knows nothing" in found["reason"]


def test_a_script_that_does_not_parse_is_not_judged():
    assert look_for_leaks("x = (") == {
        "is_leak": False,
        "reason": "The script does not parse, so nothing can be said of it.",
    }


def test_the_offline_model_answers_the_second_look_by_its_tool():
    prompt = "# Solution\n\n```python\nprint('validation score: 1.0')\n```\n\n# Instructions\nOperator: leakage\n"
    answer = OfflineCoder().answer([{"role": "user", "content": prompt}], [], seed=0)
    assert answer.tool_name == "submit_leakage" and answer.tool_arguments["is_leak"] is True
