"""The parts of generated scripts that read tables, find what is asked for, and make features of columns."""

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
