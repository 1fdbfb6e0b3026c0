"""Arrays and tables of readings, one file a row: what each column or each part amounts to."""

from __future__ import annotations

from harness.gateway.providers.offline.media.base import Kind

ARRAY = Kind(
    name="array",
    suffixes=(".npy",),
    code='''
def array(path):
    """An array in numbers: quantiles, and a copy made small by averaging along each of its last two axes."""
    values = np.nan_to_num(np.load(path, mmap_mode="r").astype(np.float32))
    values = values.reshape(-1, *values.shape[-2:]) if values.ndim > 2 else np.atleast_2d(values)[None]
    whole = values.mean(axis=0)
    rows = [part.mean() for part in np.array_split(whole, 8, axis=0)]
    columns = [part.mean() for part in np.array_split(whole, 8, axis=1)]
    spread = [part.std() for part in np.array_split(whole, 8, axis=1)]
    return np.concatenate([np.quantile(values, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]), rows, columns, spread])
''',
)

READINGS = Kind(
    name="readings",
    suffixes=(".csv", ".parquet"),
    code='''
def readings(path):
    """A table of readings in numbers: for each of its first 20 columns mean, spread, extremes, gaps and roughness."""
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    numbers = table.select_dtypes("number").iloc[:, :20]
    steps = numbers.diff().abs()
    parts = [numbers.mean(), numbers.std(), numbers.min(), numbers.max(), numbers.isna().mean(), steps.mean()]
    return np.concatenate([[len(table)], *[part.to_numpy(dtype=float) for part in parts]])
''',
)
