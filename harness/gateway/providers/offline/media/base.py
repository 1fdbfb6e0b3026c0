"""Finding the files of each row, and appending what they hold as columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Files of some suffixes. `code` defines `def <name>(path)`, which returns an array of numbers of fixed length."""

    name: str
    suffixes: tuple[str, ...]
    code: str
    imports: tuple[str, ...] = ()


DESCRIBE = '''
def by_name(paths):
    """Paths by what may name them in a table: the whole path, the name with and without suffix, the folder."""
    names = {}
    for path in paths:
        stem = path.name.split(".")[0]
        for name in dict.fromkeys((str(path), path.name, stem, path.stem, *(part for part in path.parts[1:-1]))):
            names.setdefault(name, []).append(path)
    return names


def files_of_rows(rows, files, of_test):
    """For each row the files that one of its columns names: the column by which most rows find some."""
    paths = [path for path in files if path.suffix.lower() in DESCRIBERS]
    near = [path for path in paths if in_test(path) == of_test]
    names = by_name(near or paths)
    common = max(map(len, names.values()), default=0)
    names = {name: found for name, found in names.items() if len(found) < max(2, common, len(near or paths) / 2)}
    best = [[] for _ in range(len(rows))]
    for column in rows:
        texts = rows[column].map(str).str.strip()
        if texts.nunique() > 0.1 * len(rows) or column == ID:
            matched = [names.get(text) or names.get(text.rsplit("/", 1)[-1].split(".")[0], []) for text in texts]
            if sum(map(bool, matched)) > sum(map(bool, best)):
                best = matched
    return best


def described(paths):
    """The numbers of a row's files: of up to four of them, spread over all, the mean."""
    chosen = [paths[i * (len(paths) - 1) // max(1, min(3, len(paths) - 1))] for i in range(min(4, len(paths)))]
    found = []
    for path in chosen:
        try:
            found.append(np.nan_to_num(np.asarray(DESCRIBERS[path.suffix.lower()](path), dtype=np.float32)))
        except Exception as error:
            print(f"{path.name} can't be read: {type(error).__name__}: {str(error)[:80]}")
    lengths = {len(numbers) for numbers in found}
    return np.mean(found, axis=0) if len(lengths) == 1 else np.zeros(0, dtype=np.float32)


def with_file_columns(table, train, test, files):
    """The table with a column for each number that describes the rows' files; empty rows have gaps."""
    matched = files_of_rows(train, files, False) + files_of_rows(test, files, True)
    print(f"{sum(map(bool, matched))} of {len(matched)} rows have files")
    if not any(matched):
        return table
    numbers = Parallel(n_jobs=THREADS, prefer="threads")(delayed(described)(paths) for paths in matched)
    width = max(map(len, numbers))
    values = np.full((len(numbers), width), np.nan, dtype=np.float32)
    for row, found in enumerate(numbers):
        if len(found) == width:
            values[row] = found
    sizes = np.array([np.mean([path.stat().st_size for path in paths]) if paths else 0 for paths in matched])
    columns = pd.DataFrame(values).add_prefix("file_").assign(file_bytes=sizes, file_count=[len(p) for p in matched])
    return pd.concat([table.reset_index(drop=True), columns], axis=1)
'''
