"""Decimals are read as pandas 2 read them: 17 digits added up in floating point, then one power of ten."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.splits.reading import with_old_floats


def read(text: str) -> pd.DataFrame:
    return with_old_floats(pd.read_csv(io.StringIO(text)), lambda: io.BytesIO(text.encode()))


def old(text: str) -> float:
    """What pandas 2.3 makes of a plain decimal, digit by digit."""
    bare = text.lstrip("+-")
    whole, _, part = bare.partition(".")
    kept, number = (whole + part)[:17], 0.0
    for digit in kept:
        number = number * 10.0 + int(digit)
    power = len(whole) - len(kept)
    number = number * float(f"1e{power}") if power > 0 else number / float(f"1e{-power}")
    return -number if text.startswith("-") else number


DIGITS = st.text("0123456789", min_size=1, max_size=20)
DECIMALS = st.builds(lambda sign, a, b: f"{sign}{a}.{b}", st.sampled_from(["", "-", "+"]), DIGITS, DIGITS)


@settings(max_examples=300, deadline=None)
@given(st.lists(DECIMALS | st.floats(1e-4, 1e15).map(repr) | st.floats(1e-4, 1).map(repr), min_size=1, max_size=30))
def test_every_decimal_is_that_of_pandas_2(texts: list[str]) -> None:
    found = read("a,b\n" + "".join(f"{text},x\n" for text in texts)).a
    assert found.tolist() == [old(text) for text in texts]


# What pandas 2.3.3 wrote for these, read from its own output.
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.020345118615345922", "0.0203451186153459"),
        ("7.632506309817912e-08", "7.632506309817913e-08"),
        ("-0.0007903977701521469", "-0.0007903977701521"),
        ("2.4451848544902295", "2.445184854490229"),
        ("0.1", "0.1"),
        ("-0.0", "-0.0"),
        ("123456789012345.6", "123456789012345.6"),
    ],
)
def test_known_cases_are_written_as_pandas_2_wrote_them(text: str, written: str) -> None:
    assert read(f"a,b\n{text},1\n").to_csv(index=False) == f"a,b\n{written},1\n"


def test_gaps_infinities_and_what_is_no_decimal_stay() -> None:
    text = "a,b,c,d\n0.020345118615345922,x,1,536436741198236612\n,y,2,\n-inf,z,3,5\nnan,w,4,6\n"
    plain, found = pd.read_csv(io.StringIO(text)), read(text)
    assert found.a.tolist()[0] == 0.0203451186153459 and found.a.isna().tolist() == [False, True, False, True]
    pd.testing.assert_frame_equal(found[["b", "c", "d"]], plain[["b", "c", "d"]])
    assert found.a[2] == float("-inf")


@pytest.mark.parametrize(
    "text",
    [
        "a,a\n0.020345118615345922,2.4451848544902295\n1,2\n",  # a name twice
        'a,"b,\nc"\n0.020345118615345922,2.4451848544902295\n\n1,2\n',  # a name over two lines, an empty line
        "a,b\n 0.020345118615345922 , 2.4451848544902295\n1,2\n",  # spaces
        "a,b,c\n0.020345118615345922,2.4451848544902295\n1,2,3\n",  # a short line
    ],
)
def test_unusual_files_are_read_too(text: str) -> None:
    assert read(text).iloc[0, :2].tolist() == [0.0203451186153459, 2.445184854490229]


def test_only_editions_that_follow_mle_bench_have_old_floats(tmp_path: Path) -> None:
    from harness import competition as competitions
    from harness.prepare import prepare
    from tests.harness.conftest import DEMO_SPEC

    folder = tmp_path / "competitions" / "demo"
    folder.mkdir(parents=True)
    spec = DEMO_SPEC.replace("default_edition: v1", "default_edition: mle-bench-v1").replace(
        "  v1:\n", "  mle-bench-v1:\n"
    )
    (folder / "competition.yaml").write_text(spec)
    (folder / "description.md").write_text("# Demo\n")
    (tmp_path / "raw").mkdir()
    rows = "".join(f"k{row}_0,0.020345118615345922,{row % 2 == 1}\n" for row in range(16))
    (tmp_path / "raw" / "train.csv").write_text("key,x,y\n" + rows)
    demo = competitions.load("demo", folder.parent)
    for edition, value in (("mle-bench-v1", "0.0203451186153459"), ("fixed", "0.020345118615345922")):
        prepared = prepare(demo, data_home=tmp_path / "data", raw=tmp_path / "raw", edition=edition)
        lines = (prepared.public / "train.csv").read_text().splitlines()[1:]
        assert {line.split(",")[1] for line in lines} == {value}
