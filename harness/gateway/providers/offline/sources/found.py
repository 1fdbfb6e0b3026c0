"""Tables that a script finds by itself: packed, in other formats, made of folders' and files' names, or of arrays.

What comes out is what scripts with named tables start from: `sample`, `train` with its answers, `test`.
"""

from __future__ import annotations

ROWS_TO_ANSWER = '''
def rows_to_answer(files, sample, answers):
    """The rows of the sample with what the test table knows of them, matched by id, else by place."""
    first = sample.columns[0]
    rows = sample.drop(columns=[c for c in sample if c in answers]).copy()
    rows["part"] = rows[first].astype(str).str.rsplit("_", n=1).str[-1] if first in rows else ""
    for path in files:
        if "test" not in path.name.lower() or not path.name.lower().endswith(TABLES):
            continue
        test = read_table(path)
        if test is None:
            continue
        keys = [c for c in test if c in rows]
        same = len(test) == len(rows) and len(keys) > 0
        if same and (test[keys[0]].astype(str).to_numpy() == rows[keys[0]].astype(str).to_numpy()).all():
            return rows.drop(columns=["part"]).join(test.drop(columns=keys))
        if keys and test[keys[0]].astype(str).is_unique:
            test[keys[0]] = test[keys[0]].astype(str)
            rows[keys[0]] = rows[keys[0]].astype(str)
            return rows.merge(test, on=keys[0], how="left", suffixes=("", "_of_test"))
        if not keys and len(test) == len(rows):
            return rows.join(test)
    return rows
'''

LABELS_OF_FILES = '''
MEDIA = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".dcm", ".wav", ".aif", ".aiff", ".npy")


def in_test(path):
    """Does a file lie with the test data?"""
    return any(part.lower().startswith("test") for part in path.parts[:-1])


def labels_of_files(files, sample):
    """Training rows made of files: the label is the folder that a file lies in, or a part of its name."""
    paths = [path for path in files if path.name.lower().endswith(MEDIA) and not in_test(path)]
    names = pd.Series([path.name for path in paths], dtype=str)
    folders = pd.Series([path.parent.name for path in paths], dtype=str)
    first, target = sample.columns[0], sample.columns[1]
    asked = {name for path in files for name in (path.name, path.name.split(".")[0]) if in_test(path)}
    if sample[first].astype(str).isin(asked).mean() < 0.5:  # rows that are no files have no files' labels
        return None
    wanted = set(sample[target].astype(str))
    prefixes, endings = names.str.extract(r"^([A-Za-z]+)[._-]?\\d")[0], names.str.extract(r"_(\\d)\\.\\w+$")[0]
    for labels in (folders, endings, prefixes):
        known = labels.dropna()
        if len(known) > 0.9 * len(paths) and 2 <= known.nunique() <= max(2, len(paths) / 2):
            break
    else:
        return None
    if len(labels.unique()) > 2 and set(known) & wanted or not pd.api.types.is_numeric_dtype(sample[target]):
        answers = labels
    elif labels.str.fullmatch(r"\\d+").all():
        answers = labels.astype(int)
    else:  # a yes/no question: the first kind in the alphabet is no, every other yes
        answers = (labels != sorted(known.unique())[0]).astype(int)
    return pd.DataFrame({first: [str(path) for path in paths], target: answers})


def labels_of_arrays(files, sample):
    """Training rows of one array, their labels of another; test rows likewise."""
    arrays = {path: np.load(path, mmap_mode="r") for path in files if path.suffix == ".npy" and not in_test(path)}
    labels = [path for path in arrays if "label" in path.name.lower() and arrays[path].ndim == 1]
    for label in labels:
        rows = [p for p, a in arrays.items() if p not in labels and a.ndim == 2 and len(a) == len(arrays[label])]
        tests = [p for p, a in arrays.items() if p not in labels and a.ndim == 2 and len(a) == len(sample)]
        tests = [path for path in tests if "test" in path.name.lower()]
        if rows and tests:
            train = pd.DataFrame(np.asarray(arrays[rows[0]])).add_prefix("value_")
            answers = pd.Series(np.asarray(arrays[label]))
            numbers = pd.to_numeric(answers, errors="coerce")
            train[sample.columns[1]] = numbers.astype(int) if numbers.notna().all() else answers
            asked = pd.DataFrame(np.asarray(arrays[tests[0]])).add_prefix("value_")
            return train, sample[[sample.columns[0]]].join(asked)
    return None
'''

READING = """
files = all_files()
sample_path = find_sample(files)
sample = read_table(sample_path)
sample = sample[[column for column in sample if not str(column).startswith("Unnamed:")]]
test_tables = [path for path in files if "test" in path.name.lower() and path.name.lower().endswith(TABLES)]
test_columns = {c for path in test_tables if (found := read_table(path)) is not None for c in found}
ID = next((column for column in sample if column in test_columns), sample.columns[0])
ASKED = [column for column in sample if column != ID and (column not in test_columns or column == sample.columns[-1])]
sample[ID] = sample[ID].astype(str)
train = find_labels(files, sample_path, sample[[ID, *ASKED]])
test = rows_to_answer(files, sample, ASKED)
if train is None and (arrays := labels_of_arrays(files, sample)) is not None:
    train, test = arrays
elif train is None:
    train = labels_of_files(files, sample[[ID, *ASKED]])
if train is None:
    raise ValueError("no training answers were found in tables, names of folders and files, or arrays")
if train.empty or not len(test):
    raise ValueError(f"found {len(train)} training rows and {len(test)} rows to answer, so there is nothing to learn")
if ID in train:
    train[ID] = train[ID].astype(str)
"""
