"""The parts of generated scripts that are neither a model nor a feature step: reading, tables, validation, writing.

Templates take `$name` values from `render.py`; the others stand in a script as they are here.
"""

from __future__ import annotations

PLACES = """INPUT = Path("input")
WORKING = Path("working")
THREADS = int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
POOLS = ThreadpoolController()  # threads inside the libraries: kept at one each, since folds run side by side
"""

FIND_TABLE = '''
def find_table(*words):
    """Read the table in ./input whose file name holds one of the words; the shortest name is the likeliest."""
    found = [path for path in INPUT.rglob("*.csv*") if any(word in path.name.lower() for word in words)]
    if not found:
        raise FileNotFoundError(f"no table named like {words} among {sorted(path.name for path in INPUT.iterdir())}")
    return pd.read_csv(min(found, key=lambda path: (len(path.parts), len(path.name))))
'''

TARGETS = """
# The sample submission says what is asked for: its first column identifies a row, the others are to be predicted.
ID, *ASKED = sample.columns
TARGETS = [c for c in ASKED if c in train.columns] or [c for c in train.columns if c not in test.columns][-1:]
train = train.dropna(subset=TARGETS).reset_index(drop=True)
"""

TARGET_OF_CLASSES = """
# The sample submission asks for one probability a class; the class itself is the column that only train has.
ID, *ASKED = sample.columns
TARGETS = [c for c in train.columns if c not in test.columns and c != ID][-1:]
train = train.dropna(subset=TARGETS).reset_index(drop=True)
"""

FEWER_ROWS = """
if len(train) > CONFIG["max_rows"]:
    train = train.sample(CONFIG["max_rows"], random_state=0).reset_index(drop=True)
"""

JOINED = """
columns = [c for c in test.columns if c in train.columns and c not in TARGETS]
table = pd.concat([train[columns], test[columns]], ignore_index=True)
if ID in table and pd.api.types.is_numeric_dtype(table[ID]):
    table = table.drop(columns=ID)
"""

SKIP = """table = table.drop(columns=CONFIG["skip"], errors="ignore")
"""

TIDY = '''
def tidy(table):
    """Yes/no columns become 1/0 with their gaps kept, so that they count as numbers."""
    for column in table.columns:
        if table[column].dtype in (bool, object) and set(table[column].dropna()) <= {True, False}:
            table[column] = table[column].astype(float)
    return table
'''

CODES = '''
def to_codes(table):
    """Categories as numbers; text with too many values is left out; gaps stay gaps."""
    table = table.copy()
    for column in text_columns(table):
        if table[column].nunique() > 500:
            table = table.drop(columns=column)
        else:
            codes = pd.Series(pd.factorize(table[column], sort=False)[0], index=table.index)
            table[column] = codes.where(codes >= 0)
    if table.shape[1] == 0:
        table["nothing"] = 0.0  # a model needs a column; it then learns how frequent each answer is
    return table.astype(np.float32).replace([np.inf, -np.inf], np.nan).to_numpy()
'''

WIDE = '''
def to_wide(table):
    """One column a category and gaps filled with the median, for models that need scaled input."""
    few = [c for c in text_columns(table) if table[c].nunique() <= 40]
    table = table.drop(columns=[c for c in text_columns(table) if c not in few])
    if table.shape[1] == 0:
        table["nothing"] = 0.0  # a model needs a column; it then learns how frequent each answer is
    table = pd.get_dummies(table, columns=few, dummy_na=True, dtype=float).replace([np.inf, -np.inf], np.nan)
    return SimpleImputer(strategy="median", keep_empty_features=True).fit_transform(table.astype(float))
'''

CATEGORIES = '''
def to_categories(table):
    """The text columns alone, whatever their number of values."""
    return table[text_columns(table)].astype(object).fillna("none").astype(str).to_numpy()
'''

MEANS = '''
def target_means(y, fit, seed):
    """Mean target of each category by the rows to fit on; for these rows themselves crosswise, so nothing leaks."""
    if CATEGORIES.shape[1] == 0:
        return np.zeros((len(CATEGORIES), 0))
    encoder = TargetEncoder(target_type="$kind", random_state=seed)
    inside = encoder.fit_transform(CATEGORIES[fit], y[fit])
    means = encoder.transform(CATEGORIES)
    means[fit] = inside
    return means


'''

SCORE = '''
def score(y, p):
    """The competition's metric."""
    $body
'''

VALIDATE_CLASSES = '''
def fit_fold(y, seed, fit, held):
    """Train every model without the held-out rows; average their class probabilities for those and the test rows."""
    rows, classes = len(y), y.max() + 1
    p_held, p_test = np.zeros((len(held), classes)), np.zeros((len(test), classes))
    with POOLS.limit(limits=1):
$means        for name, (make, table_name) in MODELS.items():
            X = $table
            model = make(seed, CONFIG["models"][name]).fit(X[fit], y[fit])
            known = model.classes_.astype(int)
            p_held[:, known] += model.predict_proba(X[held]) / len(MODELS)
            p_test[:, known] += model.predict_proba(X[rows:]) / len(MODELS)
    return p_held, p_test


def cross_validate(y):
    """Class probabilities for the training rows, each from models that have not seen it, and for the test rows."""
    jobs = []
    for seed in CONFIG["seeds"]:
        splitter = $splitter(CONFIG["folds"], shuffle=True, random_state=seed)
        jobs += [(seed, fit, held) for fit, held in splitter.split(np.zeros(len(y)), y)]
    results = Parallel(n_jobs=THREADS, prefer="threads")(delayed(fit_fold)(y, *job) for job in jobs)
    held_out, predicted = np.zeros((len(y), y.max() + 1)), np.zeros((len(test), y.max() + 1))
    for (seed, _, held), (p_held, p_test) in zip(jobs, results):
        held_out[held] += p_held / len(CONFIG["seeds"])
        predicted += p_test / len(jobs)
        print(f"seed {seed}: fold of {len(held)} rows scores {score(y[held], p_held):.5f}")
    return held_out, predicted
'''

VALIDATE_VALUES = '''
def fit_fold(y, seed, fit, held):
    """Train every model without the held-out rows; average their values for those and the test rows."""
    p_held, p_test = np.zeros(len(held)), np.zeros(len(test))
    with POOLS.limit(limits=1):
$means        for name, (make, table_name) in MODELS.items():
            X = $table
            model = make(seed, CONFIG["models"][name]).fit(X[fit], $forward)
            p_held += $back(model.predict(X[held])) / len(MODELS)
            p_test += $back(model.predict(X[len(y) :])) / len(MODELS)
    return p_held, p_test


def cross_validate(y):
    """Values for the training rows, each from models that have not seen it, and for the test rows."""
    jobs = []
    for seed in CONFIG["seeds"]:
        splitter = $splitter(CONFIG["folds"], shuffle=True, random_state=seed)
        jobs += [(seed, fit, held) for fit, held in splitter.split(np.zeros(len(y)))]
    results = Parallel(n_jobs=THREADS, prefer="threads")(delayed(fit_fold)(y, *job) for job in jobs)
    held_out, predicted = np.zeros(len(y)), np.zeros(len(test))
    for (seed, _, held), (p_held, p_test) in zip(jobs, results):
        held_out[held] += p_held / len(CONFIG["seeds"])
        predicted += p_test / len(jobs)
        print(f"seed {seed}: fold of {len(held)} rows scores {score(y[held], p_held):.5f}")
    return held_out, predicted
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

PREDICT_PROBABILITY = """for column, target in zip(ASKED, TARGETS):
    classes, y = np.unique(train[target], return_inverse=True)
    held_out, predicted = cross_validate(y)
    scores.append(score(y, held_out))
    submission[column] = in_sample_order(predicted[:, -1])
"""

PREDICT_CLASSES = """classes, y = np.unique(train[TARGETS[0]], return_inverse=True)
held_out, predicted = cross_validate(y)
scores.append(score(y, held_out))
for i, name in enumerate(classes):
    column = next((c for c in ASKED if c == str(name) or c.endswith(f"_{name}")), ASKED[i])
    submission[column] = in_sample_order(predicted[:, i])
"""

PREDICT_VALUES = """for column, target in zip(ASKED, TARGETS):
    y = train[target].to_numpy(dtype=float)
    held_out, predicted = cross_validate(y)
    if y.min() >= 0:
        held_out, predicted = held_out.clip(min=0), predicted.clip(min=0)
    scores.append(score(y, held_out))
    submission[column] = in_sample_order(predicted)
"""

ENDING = """
WORKING.mkdir(exist_ok=True)
submission.to_csv(WORKING / "submission.csv", index=False)
print(f"validation score: {np.mean(scores):.6f}")
"""
