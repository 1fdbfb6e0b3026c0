"""The parts of generated scripts that validate: folds, scores, weights of a blend, cuts that labels are made by."""

from __future__ import annotations

SCORE = '''
def score(y, p):
    """The competition's metric."""
    $body
'''

FOLDS = '''
def groups_of(train, test):
    """Rows that belong together, by a column with no value in both tables: patients, series, days. None without one."""
    for column in [c for c in test.columns if c in train.columns and c not in (ID, *TARGETS)]:
        known, asked = train[column].dropna(), test[column].dropna()
        if known.map(type).eq(list).any() or (known.dtype.kind == "f" and (known % 1 != 0).any()):
            continue
        if 5 <= known.nunique() <= len(known) / 2 and len(asked) > 5 and not set(known) & set(asked):
            print(f"rows with the same {column} are held out together")
            ordered = known.map(type).nunique() == 1 and known.max() < asked.min()
            return pd.factorize(train[column], sort=True)[0], ordered
    return None


def splits(y, seed):
    """Which rows to fit on and which to hold out, fold by fold; fewer folds where there are few rows."""
    folds = max(2, min(CONFIG["folds"], len(y) // 2))
    if GROUPS is not None:  # whole groups; where test rows come later in time, stretches of it
        codes, ordered = GROUPS
        names = np.unique(codes) if ordered else np.random.default_rng(seed).permutation(np.unique(codes))
        parts = [np.isin(codes, part) for part in np.array_split(names, min(folds, len(names)))]
        return [(np.flatnonzero(~held), np.flatnonzero(held)) for held in parts]
    $choice
    return splitter.split(np.zeros(len(y)), y)


def fold_score(y, p):
    """A fold's score for the eye; not every metric is defined on every fold."""
    try:
        return score(y, p)
    except ValueError:
        return float("nan")


'''

VALIDATE_CLASSES = '''
def fit_fold(y, seed, fit, held):
    """Train every model without the held-out rows; its class probabilities for those and for the test rows."""
    rows, classes = len(y), y.max() + 1
    p_held, p_test = np.zeros((len(MODELS), len(held), classes)), np.zeros((len(MODELS), len(test), classes))
    if len(np.unique(y[fit])) == 1:  # nothing to tell apart
        p_held[:, :, y[fit[0]]] = p_test[:, :, y[fit[0]]] = 1
        return p_held, p_test
    with POOLS.limit(limits=1):
$means        for i, (name, (make, table_name)) in enumerate(MODELS.items()):
            X = $table
            model = make(seed, CONFIG["models"][name]).fit(X[fit], y[fit])
            known = model.classes_.astype(int)
            p_held[i][:, known] = model.predict_proba(X[held])
            p_test[i][:, known] = model.predict_proba(X[rows:])
    return p_held, p_test


def cross_validate(y):
    """Class probabilities for the training rows, each from models that have not seen it, and for the test rows."""
    jobs = [(seed, fit, held) for seed in CONFIG["seeds"] for fit, held in splits(y, seed)]
    results = Parallel(n_jobs=THREADS, prefer="threads")(delayed(fit_fold)(y, *job) for job in jobs)
    held_out = np.zeros((len(MODELS), len(y), y.max() + 1))
    predicted = np.zeros((len(MODELS), len(test), y.max() + 1))
    for (seed, _, held), (p_held, p_test) in zip(jobs, results):
        held_out[:, held] += p_held / len(CONFIG["seeds"])
        predicted += p_test / len(jobs)
        print(f"seed {seed}: fold of {len(held)} rows scores {fold_score(y[held], p_held.mean(axis=0)):.5f}")
    return $blend
'''

VALIDATE_VALUES = '''
def fit_fold(y, seed, fit, held):
    """Train every model without the held-out rows; its values for those and for the test rows."""
    p_held, p_test = np.zeros((len(MODELS), len(held))), np.zeros((len(MODELS), len(test)))
    with POOLS.limit(limits=1):
$means        for i, (name, (make, table_name)) in enumerate(MODELS.items()):
            X = $table
            model = make(seed, CONFIG["models"][name]).fit(X[fit], $forward)
            p_held[i] = $back(model.predict(X[held]))
            p_test[i] = $back(model.predict(X[len(y) :]))
    return p_held, p_test


def cross_validate(y):
    """Values for the training rows, each from models that have not seen it, and for the test rows."""
    jobs = [(seed, fit, held) for seed in CONFIG["seeds"] for fit, held in splits(y, seed)]
    results = Parallel(n_jobs=THREADS, prefer="threads")(delayed(fit_fold)(y, *job) for job in jobs)
    held_out, predicted = np.zeros((len(MODELS), len(y))), np.zeros((len(MODELS), len(test)))
    for (seed, _, held), (p_held, p_test) in zip(jobs, results):
        held_out[:, held] += p_held / len(CONFIG["seeds"])
        predicted += p_test / len(jobs)
        print(f"seed {seed}: fold of {len(held)} rows scores {fold_score(y[held], p_held.mean(axis=0)):.5f}")
    return $blend
'''

WEIGHTED = '''
def weights(y, held_out):
    """How much each model counts: fifteen times the one is added, with repeats, that helps the score the most."""
    chosen, total = np.zeros(len(held_out)), np.zeros_like(held_out[0])
    for count in range(1, 16):
        best = int(np.$best([score(y, (total + p) / count) for p in held_out]))
        chosen[best] += 1
        total += held_out[best]
    return chosen / chosen.sum()


def blended(y, held_out, predicted):
    """The models' answers by weight; held-out rows get weights chosen on other rows, so the score is honest."""
    mixed = np.empty_like(held_out[0])
    for rest, held in KFold(5, shuffle=True, random_state=1).split(y):
        mixed[held] = np.tensordot(weights(y[rest], held_out[:, rest]), held_out[:, held], axes=1)
    found = weights(y, held_out)
    print("weights:", dict(zip(MODELS, found.round(2))))
    return mixed, np.tensordot(found, predicted, axes=1)


'''

ORDINAL = '''


def cut_at(p, cuts):
    """Classes in an order, by where the expected class lies between the cuts; as one column a class."""
    return np.eye(p.shape[1])[np.searchsorted(np.sort(cuts), p @ np.arange(p.shape[1]), side="right")]


def best_cuts(y, p):
    """The cuts between neighbouring classes that score best on these rows, moved one by one."""
    cuts = np.arange(p.shape[1] - 1) + 0.5
    for width in (0.4, 0.2, 0.1):
        for i in range(len(cuts)):
            tried = [np.r_[cuts[:i], cuts[i] + step, cuts[i + 1 :]] for step in np.linspace(-width, width, 9)]
            cuts = max(tried, key=lambda some: score(y, cut_at(p, some)))
    return cuts


def with_held_out_cuts(y, p):
    """Cut each row where the other rows say, so that the score stays honest."""
    moved = np.zeros_like(p)
    for rest, held in KFold(max(2, min(5, len(y))), shuffle=True, random_state=0).split(p):
        moved[held] = cut_at(p[held], best_cuts(y[rest], p[rest]))
    return moved
'''

CUTOFF = '''


def move_cutoff(p, cutoff):
    """Probabilities of two classes moved so that `cutoff` lies where 0.5 was."""
    return np.column_stack([1 - p[:, 1] + cutoff - 0.5, p[:, 1] - cutoff + 0.5])


def best_cutoff(y, p):
    """The cut between two classes that scores best on these rows."""
    return max(np.linspace(0.1, 0.9, 33), key=lambda cutoff: score(y, move_cutoff(p, cutoff)))


def with_held_out_cutoffs(y, p):
    """Cut each row where the other rows say, so that the score stays honest."""
    moved = p.copy()
    for rest, held in KFold(5, shuffle=True, random_state=0).split(p):
        moved[held] = move_cutoff(p[held], best_cutoff(y[rest], p[rest]))
    return moved
'''
