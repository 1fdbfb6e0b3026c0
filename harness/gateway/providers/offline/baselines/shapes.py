"""Metrics of answers that are texts with a form of their own: sentences, lists, orders, masks, points, places on earth.

`code` defines `score_of_row(truth, guess)` for one cell where `by_row` is true, else `score(truth, guess)` for tables.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """How answers of a form are compared.

    `own_form`: only the sample shows what a valid answer looks like; `of_classes`: models of classes can give them too.
    """

    higher: bool
    code: str
    by_row: bool = True
    own_form: bool = False
    of_classes: bool = False
    of_items: bool = False  # an order of items that each row has of its own


_EDITS = '''
def edits(first, second):
    """How many items must be put in, taken out or replaced to make one sequence of another."""
    costs = list(range(len(second) + 1))
    for i, one in enumerate(first, 1):
        diagonal, costs[0] = costs[0], i
        for j, other in enumerate(second, 1):
            diagonal, costs[j] = costs[j], min(costs[j] + 1, costs[j - 1] + 1, diagonal + (one != other))
    return costs[-1]
'''
LEVENSHTEIN = (
    _EDITS
    + '''

def score_of_row(truth, guess):
    """Edits between two texts, character by character."""
    return edits(truth, guess)
'''
)
SEQUENCES = (
    _EDITS
    + '''

def score(truth, guess):
    """Edits between true and guessed sequences of words, over the number of all true words."""
    pairs = [(a.split(), b.split()) for a, b in zip(truth.to_numpy().ravel(), guess.to_numpy().ravel())]
    return sum(edits(a, b) for a, b in pairs) / max(1, sum(len(a) for a, _ in pairs))
'''
)
JACCARD = '''
def score_of_row(truth, guess):
    """Shared words over the words of either."""
    a, b = set(truth.lower().split()), set(guess.lower().split())
    return len(a & b) / len(a | b) if a or b else 1.0
'''
SAME = '''
def score_of_row(truth, guess):
    """1 for the very same text."""
    return float(truth == guess)
'''
LISTS_F1 = '''
def score_of_row(truth, guess):
    """F1 of two lists of labels."""
    a, b = set(truth.replace("|", " ").split()), set(guess.replace("|", " ").split())
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
'''
RANKED = '''
def score_of_row(truth, guess):
    """Average precision of a ranking against the right items."""
    right, hits, total = truth.split(), 0, 0.0
    for place, item in enumerate(guess.split(), 1):
        if item in right:
            hits += 1
            total += hits / place
    return total / max(1, min(len(right), len(guess.split())))
'''
ORDERS = '''
def score(truth, guess):
    """Kendall's tau of orders, pooled over the rows: 1 - 4 swaps / n(n - 1)."""
    swaps = pairs = 0
    for a, b in zip(truth.to_numpy().ravel(), guess.to_numpy().ravel()):
        rank = {item: place for place, item in enumerate(a.split())}
        ranks = [rank[item] for item in b.split() if item in rank]
        swaps += sum(x > y for i, x in enumerate(ranks) for y in ranks[i + 1 :])
        pairs += len(rank) * (len(rank) - 1)
    return 1 - 4 * swaps / max(1, pairs)
'''
_RUNS = '''
def pixels(text):
    """The pixels of a run-length coded mask; what is no such code marks nothing."""
    try:
        values = [int(value) for value in text.split()]
    except ValueError:
        return set()
    return {pixel for start, length in zip(values[::2], values[1::2]) for pixel in range(start, start + length)}
'''
DICE = (
    _RUNS
    + '''

def score_of_row(truth, guess):
    """Dice coefficient of two masks; 1 where both are empty."""
    a, b = pixels(truth), pixels(guess)
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0
'''
)
POOLED_DICE = (
    _RUNS
    + '''

def score(truth, guess):
    """Dice coefficient of all masks' pixels pooled; 0 where nothing is guessed and something is true."""
    pairs = [(pixels(a), pixels(b)) for a, b in zip(truth.to_numpy().ravel(), guess.to_numpy().ravel())]
    return 2 * sum(len(a & b) for a, b in pairs) / max(1, sum(len(a) + len(b) for a, b in pairs))
'''
)
PRECISION_OF_MASKS = (
    _RUNS
    + '''

def score_of_row(truth, guess):
    """The share of thresholds from 0.5 to 0.95 below the intersection over union of two masks."""
    a, b = pixels(truth), pixels(guess)
    ratio = len(a & b) / len(a | b) if a or b else 1.0
    return float(np.mean(ratio > np.arange(0.5, 1.0, 0.05)))
'''
)
POINTS = '''
def score(truth, guess):
    """F1 of points (label, x, y) against boxes (label, x, y, width, height), over all rows."""
    right = points = boxes = 0
    for a, b in zip(truth.to_numpy().ravel(), guess.to_numpy().ravel()):
        a, b = a.split(), b.split()
        true = [(a[i], *map(float, a[i + 1 : i + 5])) for i in range(0, len(a) - 4, 5)]
        made = [(b[i], *map(float, b[i + 1 : i + 3])) for i in range(0, len(b) - 2, 3)]
        points, boxes = points + len(made), boxes + len(true)
        for name, x, y in made:
            hit = next((t for t in true if t[0] == name and t[1] < x < t[1] + t[3] and t[2] < y < t[2] + t[4]), None)
            if hit is not None:
                true.remove(hit)
                right += 1
    return 2 * right / max(1, points + boxes)
'''
LAPLACE = '''
def score(truth, guess):
    """Log-likelihood of a Laplace distribution around the first column with the second as its spread, 70 at least."""
    y, p = as_numbers(truth.iloc[:, 0], guess.iloc[:, 0])
    spread = pd.to_numeric(guess.iloc[:, 1]).to_numpy(dtype=float)[: len(y)].clip(min=70) if guess.shape[1] > 1 else 70
    return float(np.mean(-np.sqrt(2) * np.minimum(np.abs(y - p), 1000) / spread - np.log(np.sqrt(2) * spread)))
'''
ANGLES = '''
def score(truth, guess):
    """The mean angle between directions given by azimuth and zenith."""

    def direction(table):
        azimuth, zenith = numbers(table).T[:2]
        return np.stack([np.cos(azimuth) * np.sin(zenith), np.sin(azimuth) * np.sin(zenith), np.cos(zenith)])

    return float(np.arccos(np.clip((direction(truth) * direction(guess)).sum(axis=0), -1, 1)).mean())
'''
DISTANCES = '''
def score(truth, guess):
    """The mean of the median and the 95th percentile of the distances in metres, over all rows."""
    (la, lo), (lb, lp) = np.radians(numbers(truth).T[:2]), np.radians(numbers(guess).T[:2])
    part = np.sin((la - lb) / 2) ** 2 + np.cos(la) * np.cos(lb) * np.sin((lo - lp) / 2) ** 2
    return float(np.percentile(2 * 6_371_000 * np.arcsin(np.sqrt(part)), [50, 95]).mean())
'''

# The words in a metric's name that tell of each form, the more telling first.
SHAPES: dict[tuple[str, ...], Shape] = {
    ("levenshtein", "edit_distance"): Shape(False, LEVENSHTEIN),
    ("sequence_error", "word_error"): Shape(False, SEQUENCES, by_row=False),
    ("jaccard",): Shape(True, JACCARD),
    ("same_text", "exact_match"): Shape(True, SAME),
    ("f1_of_lists", "f1_samples", "mean_f1"): Shape(True, LISTS_F1, of_classes=True),
    ("map_at", "map@", "mapk", "average_precision_at"): Shape(True, RANKED, of_classes=True),
    ("kendall",): Shape(True, ORDERS, by_row=False, of_items=True),
    ("global_dice",): Shape(True, POOLED_DICE, by_row=False, own_form=True),
    ("mask_precision", "iou", "intersection_over_union"): Shape(True, PRECISION_OF_MASKS, own_form=True),
    ("dice", "pixel_f"): Shape(True, DICE, own_form=True),
    ("points_in_boxes",): Shape(True, POINTS, by_row=False, own_form=True),
    ("laplace",): Shape(True, LAPLACE, by_row=False),
    ("angular",): Shape(False, ANGLES, by_row=False),
    ("percentile_distance", "haversine"): Shape(False, DISTANCES, by_row=False),
}
# Forms that no script here can score: a baseline keeps to the sample's own answers.
BOXES = ("box_map", "coco", "ranked_map", "mean_average_precision", "box")


def shape_of(key: str) -> Shape | None:
    """The form that a metric's name, in lower case with underscores, tells of."""
    return next((shape for words, shape in SHAPES.items() if any(word in key for word in words)), None)


def keeps_to_the_sample(key: str) -> bool:
    """Do answers have a form that training answers do not show?"""
    shape = shape_of(key)
    return shape.own_form if shape is not None else any(word in key for word in BOXES)
