"""Synthetic text: made-up words of a script, some of which go with a label, so that a model can tell labels apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from harness.standin.column import ColumnRecipe, Drawn, Values

if TYPE_CHECKING:
    import numpy as np

Script = Literal["latin", "cyrillic", "devanagari", "tamil"]
_SOUNDS: dict[str, tuple[str, str]] = {
    "latin": ("bcdfghjklmnprstvwz", "aeiou"),
    "cyrillic": ("бвгджзклмнпрстфхцч", "аеиоу"),
    "devanagari": ("कखगचजटडतदनपबमयरलवसह", "ािीुूेो"),
    "tamil": ("கசடதநபமயரலவளழறன", "ாிீுூேோ"),
}
_STRESSES = (",", ".", "!", '"', "?")  # what a CSV must quote, and what ends a sentence


class Prose(ColumnRecipe):
    """Sentences of made-up words.

    `about` names columns: a share of the words come from a handful that go with the column's value, so 1 and 0, or one
    class and another, read differently. `marks` sprinkles commas, quotes and line breaks.
    """

    kind: Literal["prose"]
    words: tuple[int, int] = Field(default=(5, 20), description="the fewest and the most")
    about: tuple[str, ...] = ()
    share: float = Field(default=0.4, ge=0, le=1, description="of the words that go with a label")
    vocabulary: int = Field(default=150, ge=10)
    script: Script = "latin"
    marks: bool = True

    @field_validator("about", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def draw(self, rows: int, rng: np.random.Generator, drawn: Drawn) -> Values:
        import numpy as np

        common = made_up(self.vocabulary, self.script, rng)
        telling = {
            (name, value): made_up(5, self.script, rng)
            for name in self.about
            for value in sorted({str(value) for value in drawn[name]})
        }
        texts = []
        for row in range(rows):
            own = [word for name in self.about for word in telling[name, str(drawn[name][row])]]
            texts.append(self._sentence(common, own, rng))
        return np.array(texts, dtype=object)

    def _sentence(self, common: list[str], own: list[str], rng: np.random.Generator) -> str:
        words = []
        for _ in range(int(rng.integers(self.words[0], self.words[1] + 1))):
            pool = own if own and rng.random() < self.share else common
            word = pool[int(len(pool) * rng.random() ** 2)]  # some words are commoner than others
            if self.marks and rng.random() < 0.15:
                word += _STRESSES[int(rng.integers(len(_STRESSES)))]
            words.append(word)
        text = " ".join(words)
        return text.replace(". ", ".\n") if self.marks and rng.random() < 0.2 else text


def made_up(count: int, script: Script, rng: np.random.Generator) -> list[str]:
    """Return words of one to four syllables, which may repeat."""
    first, second = _SOUNDS[script]
    return [
        "".join(first[rng.integers(len(first))] + second[rng.integers(len(second))] for _ in range(rng.integers(1, 5)))
        for _ in range(count)
    ]
