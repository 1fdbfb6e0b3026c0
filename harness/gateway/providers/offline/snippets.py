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
# The sample submission says what is asked for: a column that test rows have identifies them, the others are asked.
ID = next((c for c in sample.columns if c in test.columns), sample.columns[0])
ASKED = [c for c in sample.columns if c != ID and c not in test.columns]
TARGETS = [c for c in ASKED if c in train.columns] or [c for c in train.columns if c not in test.columns][-1:]
train = train.dropna(subset=TARGETS).reset_index(drop=True)
"""

TARGET_OF_CLASSES = """
# The sample submission asks for one probability a class; the class itself is the column that only train has, or the
# largest of as many columns.
ID, *ASKED = sample.columns
if set(ASKED) <= set(train.columns):
    train["class"] = train[ASKED].astype(float).idxmax(axis=1)
    train = train.drop(columns=ASKED)
    TARGETS = ["class"]
else:
    TARGETS = [c for c in train.columns if c not in test.columns and c != ID][-1:]
train = train.dropna(subset=TARGETS).reset_index(drop=True)
"""

FOUND_TARGETS = """
if CONFIG.get("layout") == "classes":
    train["class"] = train[ASKED].astype(float).idxmax(axis=1)
    train = train.drop(columns=ASKED)
    TARGETS = ["class"]
else:
    TARGETS = [column for column in ASKED if column in train]
    ASKED = TARGETS
train = train.dropna(subset=TARGETS).reset_index(drop=True)
"""

FOUND_JOINED = """
columns = [c for c in test.columns if c in train.columns and c not in TARGETS and c != ID]
table = pd.concat([train[columns], test[columns]], ignore_index=True)
table = with_file_columns(with_id_parts(spread_lists(table), train, test), train, test, files)
"""

ID_PARTS = '''
def with_id_parts(table, train, test):
    """Ids such as `58168_003392_0_36744` hold several things at once: a column for each of their parts."""
    if ID not in train or ID not in test:
        return table
    ids = pd.concat([train[ID], test[ID]], ignore_index=True).astype(str)
    marks = ids.str.count("_")
    if not 1 <= marks.median() <= 6 or (marks == marks.median()).mean() < 0.95:
        return table
    parts = ids.str.split("_", expand=True).iloc[:, : int(marks.median()) + 1]
    for i in parts:
        numbers = pd.to_numeric(parts[i], errors="coerce")
        table[f"id_{i}"] = numbers if numbers.notna().mean() > 0.95 else parts[i]
    return table
'''

SPREAD_LISTS = '''
def spread_lists(table):
    """Lists of numbers in cells become columns: their middle, spread, extremes and a short copy; other lists text."""
    for column in list(table.columns):
        kinds = table[column].dropna().map(type)
        if not kinds.isin([list, dict, np.ndarray]).any():
            continue
        cells = table[column].map(lambda cell: cell if isinstance(cell, (list, np.ndarray)) and len(cell) else [0.0])
        if kinds.isin([list, np.ndarray]).all() and cells.map(lambda cell: isinstance(cell[0], (int, float))).all():
            arrays = [np.asarray(cell, dtype=np.float32) for cell in cells]
            short = [[part.mean() if len(part) else 0.0 for part in np.array_split(values, 24)] for values in arrays]
            rows = [[v.mean(), v.std(), v.min(), v.max(), *parts] for v, parts in zip(arrays, short)]
            table = table.drop(columns=column).join(pd.DataFrame(rows).add_prefix(f"{column}_"))
        else:
            table[column] = table[column].map(lambda cell: " ".join(map(str, cell)) if isinstance(cell, list) else cell)
            table[column] = table[column].astype(str)
    return table
'''

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
    numbers = table.astype(np.float32).replace([np.inf, -np.inf], np.nan)
    return numbers.loc[:, (numbers.notna().sum() > 5) | (numbers.nunique() > 3)].to_numpy()
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

SPARSE = '''
def to_sparse(table):
    """Words and pairs of words by how telling they are, letters likewise, a column a category, numbers' two sides."""
    parts = []
    for column in text_columns(table):
        text = table[column].fillna("").astype(str)
        if text.str.count(" ").mean() >= 0.8:
            words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=60_000, sublinear_tf=True)
            letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, max_features=30_000)
            vectorizers = [words, letters] if len(text) < 50_000 else [words]
        else:
            vectorizers = [CountVectorizer(analyzer=lambda value: [value], min_df=2)]
        for vectorizer in vectorizers:
            try:
                parts.append(vectorizer.fit_transform(text))
            except ValueError:  # nothing occurs twice
                continue
    numbers = table.select_dtypes("number").astype(float).replace([np.inf, -np.inf], np.nan)
    scaled = ((numbers - numbers.mean()) / numbers.std().replace(0, 1)).fillna(0).clip(-5, 5)
    both = np.hstack([scaled.clip(lower=0), -scaled.clip(upper=0), np.ones((len(table), 1))])
    parts.append(sparse.csr_matrix(both * 0.5))
    return sparse.hstack(parts).tocsr()
'''

HASHED = '''
def to_hashed(table):
    """All words and categories of a row in a fixed number of columns, whatever their number."""
    text = pd.Series("", index=table.index)
    for column in text_columns(table):
        cells = table[column].fillna("none").astype(str)
        words = cells.str.count(" ").mean() >= 0.8
        text = text + " " + (cells if words else f"{column}=" + cells.str.replace(r"\\W", "_", regex=True))
    hashed = HashingVectorizer(n_features=2**20, ngram_range=(1, 2), token_pattern=r"[^\\s]+").transform(text)
    numbers = table.select_dtypes("number").astype(float).replace([np.inf, -np.inf], np.nan)
    scaled = ((numbers - numbers.mean()) / numbers.std().replace(0, 1)).fillna(0).clip(-5, 5)
    return sparse.hstack([hashed, sparse.csr_matrix(scaled.to_numpy() * 0.1)]).tocsr()
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


def with_means(X, means):
    """The mean targets beside a dense table; tables of words do without."""
    return np.hstack([X, means]) if isinstance(X, np.ndarray) else X


'''

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
