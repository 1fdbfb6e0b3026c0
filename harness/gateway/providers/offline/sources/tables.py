"""Reading of tables in whatever format they come, and finding of the one that shows the form of a submission."""

from __future__ import annotations

READ_TABLE = '''
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".feather", ".csv.gz")


def read_table(path, **options):
    """Read a table of any usual format; None where the file turns out to hold none."""
    name = path.name.lower()
    try:
        if name.endswith((".csv", ".csv.gz")):
            return pd.read_csv(path, low_memory=False, **options)
        if name.endswith(".tsv"):
            return pd.read_csv(path, sep="\\t", **options)
        if name.endswith(".parquet"):
            return pd.read_parquet(path)
        if name.endswith(".feather"):
            return pd.read_feather(path)
        return read_json(path)
    except (ValueError, UnicodeDecodeError, OSError, KeyError) as error:
        print(f"{path.name} is no table: {type(error).__name__}: {str(error)[:120]}")
        return None


def read_json(path):
    """Read a JSON table: a list of records, a record a line, or annotations of images as COCO has them."""
    with open(path, encoding="utf-8") as stream:
        first = stream.readline().strip()
    if first.startswith("{") and first.endswith("}"):
        lines = pd.read_json(path, lines=True)
        if len(lines) > 1:
            return lines
    content = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(content, list):
        return pd.DataFrame(content)
    if isinstance(content, dict) and isinstance(content.get("images"), list):
        images = pd.DataFrame(content["images"])
        key = "id" if "id" in images else "image_id"
        if isinstance(content.get("annotations"), list) and key in images:
            labels = pd.DataFrame(content["annotations"])
            if "image_id" in labels:
                labels = labels.drop(columns=["id"], errors="ignore").drop_duplicates("image_id")
                return images.merge(labels, left_on=key, right_on="image_id", how="inner", suffixes=("", "_label"))
        return images
    return None
'''

FIND_SAMPLE = '''
def find_sample(files):
    """The path of the table that shows the form of a submission; else the table of the rows to predict."""
    tables = [path for path in files if path.name.lower().endswith(TABLES)]
    for words in (("sample", "submission"), ("submission", "submit", "prediction", "format"), ("test",)):
        found = [path for path in tables if any(word in path.name.lower() for word in words)]
        if words == ("test",):
            found += [path for path in files if "test" in path.name.lower() and path.suffix == ".txt"]
        if found:
            return min(found, key=lambda path: (len(path.parts), len(path.name), path.name))
    raise FileNotFoundError(f"nothing shows the form of a submission among {[path.name for path in files[:40]]}")
'''
