"""Finding of labels: the table that holds what the sample submission asks for, under its names or by its values."""

from __future__ import annotations

FIND_LABELS = '''
PART_OF_ROW = []  # where a table says so: which column of the training table each row of the sample asks for


def label_tables(files, sample_path):
    """Readable tables that may hold labels, likely ones first; of many alike in folders, a hundred joined."""
    alike = {}
    for path in files:
        name, parts = path.name.lower(), [part.lower() for part in path.parts[:-1]]
        if path == sample_path or not name.endswith(TABLES) or "sample" in name or "submission" in name:
            continue
        if not name.startswith("test") and "test" not in name.split(".")[0].split("_") and "test" not in parts:
            alike.setdefault(name if len(parts) > 1 and "unpacked" not in parts else str(path), []).append(path)
    likely = sorted(alike.values(), key=lambda paths: ("train" not in str(paths[0]).lower(), len(paths[0].parts)))
    for paths in likely[:40]:
        if len(paths) > 1 and len({path.parent for path in paths}) < len(paths):
            continue
        read = [table for path in paths[:100] if (table := read_table(path)) is not None and len(table)]
        if read:
            yield pd.concat(read, ignore_index=True) if len(read) > 1 else read[0]


def find_labels(files, sample_path, sample):
    """The table with the columns that the sample asks for, under the sample's names; None where there is none.

    Columns are found by name, by name but for capitals, as the values of one column (a probability a class), as ids
    that end with a column's name, or as the only column that a table has beyond those of the sample.
    """
    asked = list(sample.columns)
    tables = list(label_tables(files, sample_path))
    for table in tables:
        spelled = {str(column).strip().lower(): column for column in table.columns}
        found = {spelled[name.lower()]: name for name in asked[1:] if name.lower() in spelled}
        others = {name for name in asked if name.lower() not in spelled}
        otherwise = len(others) == 1 and len(asked) > len(found) + 1 and table.shape[1] == len(asked)
        if found and table[list(found)].notna().any(axis=None) and not otherwise:
            return table.rename(columns=found)
    for table in tables:
        if len(asked) == 2 and "category_id" in table:
            return table.rename(columns={"category_id": asked[1]})
        for column in table.columns if len(asked) > 2 else ():
            values = table[column]
            if len(values) and values.map(type).eq(str).all() and values.nunique() > 1:
                splits = {mark: values.str.split(mark).explode().isin(asked[1:]).mean() for mark in ",; "}
                mark = next((mark for mark, share in splits.items() if share > 0.9), "")
                if mark:
                    many = values.str.get_dummies(sep=mark).astype(float)
                    return table.join(many.reindex(columns=asked[1:], fill_value=0.0))
    for table in tables:
        ends = sample[asked[0]].astype(str)
        parts = [c for c in table.columns if len(asked) == 2 and ends.str.endswith(f"_{c}").any()]
        if parts and ends.str.endswith(tuple(f"_{c}" for c in parts)).mean() > 0.9:
            long = table.melt(id_vars=[c for c in table.columns if c not in parts], value_vars=parts)
            return long.rename(columns={"variable": "part", "value": asked[1]})
    for table in tables:  # a table that says which row asks for which column of another
        for column in [c for c in table.columns if asked[0] in table.columns and table[c].map(type).eq(str).all()]:
            for other in tables:
                parts = [c for c in other.columns if c in set(table[column])]
                if len(parts) > 1 and len(asked) == 2:
                    rows = sample[[asked[0]]].astype(str).merge(table.astype({asked[0]: str}), on=asked[0], how="left")
                    PART_OF_ROW.extend(rows[column])
                    long = other.melt(id_vars=[c for c in other.columns if c not in parts], value_vars=parts)
                    return long.rename(columns={"variable": "part", "value": asked[1]})
    shown = str(sample[asked[-1]].iloc[0]).split()
    for table in tables:  # a ranking of things that one table has row by row
        named = [c for c in table.columns if "id" in c.lower() and c not in asked]
        things = [c for c in named if table[c].map(type).ne(list).all() and table[c].nunique() > 10]
        if len(asked) == 2 and len(shown) > 1 and asked[0] in table.columns and things:
            return table.assign(**{asked[1]: table[things[-1]].astype(str).str.zfill(len(shown[0]))})
    for table in tables:
        given = [name for name in asked if name in table.columns]
        beyond = [column for column in table.columns if column not in asked]
        lacking = [name for name in asked if name not in table.columns]
        if given and len(beyond) >= 1 and len(lacking) >= 1 and table.shape[1] <= len(asked) + 1:
            return table.rename(columns={beyond[-1]: lacking[0]})
    return None
'''
