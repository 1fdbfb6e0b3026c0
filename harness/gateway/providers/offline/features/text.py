"""Steps for free text: what is said, and how it is written."""

from __future__ import annotations

from harness.gateway.providers.offline.features import reasons
from harness.gateway.providers.offline.features.base import Step

TEXT_STYLE = Step(
    name="text_style",
    title="text style",
    fits=reasons.free_text,
    helpers=("free_text",),
    code='''
def text_style(table):
    """Describe how a text is written: its length, its words, its capitals and marks."""
    for column in free_text(table):
        text = table[column].fillna("").astype(str)
        words = text.str.count(r"\\S+").clip(lower=1)
        table[f"{column}_characters"] = text.str.len().astype(float)
        table[f"{column}_words"] = words.astype(float)
        table[f"{column}_word_length"] = text.str.len() / words
        for name, pattern in {"capitals": "[A-Z]", "digits": r"\\d", "marks": r"[^\\w\\s]"}.items():
            table[f"{column}_{name}"] = text.str.count(pattern) / words
    return table
''',
)

TEXT_TOPICS = Step(
    name="text_topics",
    title="text topics",
    fits=reasons.free_text,
    helpers=("free_text",),
    imports=(
        "from sklearn.decomposition import TruncatedSVD",
        "from sklearn.feature_extraction.text import TfidfVectorizer",
    ),
    code='''
def text_topics(table):
    """Weigh the words of a text by how telling they are, and sum them up in the directions that vary most."""
    for column in free_text(table):
        text = table[column].fillna("").astype(str)
        weights = TfidfVectorizer(min_df=2, max_features=20_000, sublinear_tf=True).fit_transform(text)
        topics = TruncatedSVD(min(60, weights.shape[1] - 1), random_state=0).fit_transform(weights)
        table = pd.concat([table, pd.DataFrame(topics).add_prefix(f"{column}_topic_")], axis=1)
    return table
''',
)
