"""The parts of generated scripts that turn predictions into what is asked for, and hand it in."""

from __future__ import annotations

IN_SAMPLE_ORDER = '''
def in_sample_order(values):
    """Predictions in the order of the sample submission's rows."""
    if ID in test.columns and test[ID].is_unique and sample[ID].isin(test[ID]).all():
        return pd.Series(values, index=test[ID]).reindex(sample[ID]).to_numpy()
    return values
'''

BEGIN = """
submission = sample.copy()
scores = []
GROUPS = groups_of(train, test)
"""

PREDICT_LABELS = """for column, target in zip(ASKED, TARGETS):
    classes, y = np.unique(train[target], return_inverse=True)
    held_out, predicted = cross_validate(y)
    scores.append(score(y, held_out))
    labels = pd.Series(in_sample_order(classes[predicted.argmax(axis=1)]), dtype=train[target].dtype)
    whole = sample[column].dtype.kind in "iu" and labels.dtype.kind == "f"
    submission[column] = labels.astype(sample[column].dtype) if whole else labels
"""

PREDICT_LABELS_BY_CUTOFF = """for column, target in zip(ASKED, TARGETS):
    classes, y = np.unique(train[target], return_inverse=True)
    held_out, predicted = cross_validate(y)
    if len(classes) == 2:
        predicted = move_cutoff(predicted, best_cutoff(y, held_out))
        held_out = with_held_out_cutoffs(y, held_out)
    scores.append(score(y, held_out))
    labels = pd.Series(in_sample_order(classes[predicted.argmax(axis=1)]), dtype=train[target].dtype)
    whole = sample[column].dtype.kind in "iu" and labels.dtype.kind == "f"
    submission[column] = labels.astype(sample[column].dtype) if whole else labels
"""

PREDICT_LABELS_IN_ORDER = """for column, target in zip(ASKED, TARGETS):
    classes, y = np.unique(train[target], return_inverse=True)
    held_out, predicted = cross_validate(y)
    predicted = cut_at(predicted, best_cuts(y, held_out))
    scores.append(score(y, with_held_out_cuts(y, held_out)))
    labels = pd.Series(in_sample_order(classes[predicted.argmax(axis=1)]), dtype=train[target].dtype)
    whole = sample[column].dtype.kind in "iu" and labels.dtype.kind == "f"
    submission[column] = labels.astype(sample[column].dtype) if whole else labels
"""

PREDICT_PROBABILITY = """for column, target in zip(ASKED, TARGETS):
    answers = train[target]
    if answers.dtype.kind == "f" and answers.nunique() > 2 and answers.between(0, 1).all():
        answers = (answers >= 0.5).astype(int)  # shares of votes: what most say
    classes, y = np.unique(answers, return_inverse=True)
    if len(classes) == 1:
        print(f"{target} is always {classes[0]}")
        submission[column] = float(classes[0])
        continue
    held_out, predicted = cross_validate(y)
    scores.append(score(y, held_out))
    submission[column] = in_sample_order(predicted[:, -1])
"""

PREDICT_RANKED = """column, target = ASKED[0], TARGETS[0]
PLACES = max(len(str(cell).split()) for cell in sample[column])
classes, y = np.unique(train[target].astype(str).str.replace(" ", "_"), return_inverse=True)
held_out, predicted = cross_validate(y)
scores.append(score(y, held_out))
order = np.argsort(-predicted, axis=1, kind="stable")[:, :PLACES]
submission[column] = in_sample_order(np.array([" ".join(classes[row]) for row in order], dtype=object))
"""

PREDICT_LISTS = """column, target = ASKED[0], TARGETS[0]
lists = train[target].fillna("").astype(str).str.replace("|", " ").str.split()
common = lists.explode().value_counts()
labels = list(common[common >= 3].index[:24]) or list(common.index[:1])
held_out, predicted = np.zeros((len(train), len(labels))), np.zeros((len(test), len(labels)))
for i, label in enumerate(labels):
    y = lists.map(lambda found, label=label: label in found).to_numpy().astype(int)
    p_held, p_test = cross_validate(y) if y.min() == 0 else (np.ones((len(train), 2)), np.ones((len(test), 2)))
    held_out[:, i], predicted[:, i] = p_held[:, -1], p_test[:, -1]


def chosen(p, cut):
    \"\"\"All labels above the cut, the likeliest one in any case.\"\"\"
    return [[labels[j] for j in np.flatnonzero(row >= min(cut, row.max()))] for row in p]


def lists_score(truth, guess):
    \"\"\"The mean over rows of F1 between two lists of labels.\"\"\"
    pairs = [(set(a), set(b)) for a, b in zip(truth, guess)]
    return float(np.mean([2 * len(a & b) / max(1, len(a) + len(b)) for a, b in pairs]))


def best_cut(rows):
    \"\"\"The cut that scores best on these rows.\"\"\"
    return max(np.linspace(0.1, 0.9, 17), key=lambda cut: lists_score(lists.iloc[rows], chosen(held_out[rows], cut)))


for rest, held in KFold(max(2, min(5, len(train))), shuffle=True, random_state=0).split(held_out):
    scores.append(lists_score(lists.iloc[held], chosen(held_out[held], best_cut(rest))))
answers = [" ".join(found) for found in chosen(predicted, best_cut(np.arange(len(train))))]
submission[column] = in_sample_order(np.array(answers, dtype=object))
"""

PREDICT_CLASSES = """classes, y = np.unique(train[TARGETS[0]], return_inverse=True)
held_out, predicted = cross_validate(y)
scores.append(score(y, held_out))
for i, name in enumerate(classes):
    column = next((c for c in ASKED if c == str(name) or c.endswith(f"_{name}")), ASKED[i])
    submission[column] = in_sample_order(predicted[:, i])
"""

NORMALISED = """if np.allclose(sample[ASKED].astype(float).sum(axis=1), 1, atol=1e-3):
    submission[ASKED] = submission[ASKED].div(submission[ASKED].sum(axis=1), axis=0)
"""

PREDICT_VALUES = """for column, target in zip(ASKED, TARGETS):
    y = train[target].to_numpy(dtype=float)
    held_out, predicted = cross_validate(y)
    held_out, predicted = held_out.clip(y.min(), y.max()), predicted.clip(y.min(), y.max())
    scores.append(score(y, held_out))
    whole = sample[column].dtype.kind in "iu" and (y % 1 == 0).all() and np.abs(y).max() > 1000
    submission[column] = in_sample_order(predicted.round().astype(int) if whole else predicted)
"""

ENDING = """
WORKING.mkdir(exist_ok=True)
submission.to_csv(WORKING / "submission.csv", index=False)
print(f"validation score: {np.nanmean(scores):.6f}")
"""
