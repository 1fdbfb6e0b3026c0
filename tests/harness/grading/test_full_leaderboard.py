"""Full leaderboards: from Kaggle through the official client, from a CSV, and what they make of a grade."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from harness.data.fake_kaggle import Behaviour, FakeKaggle
from harness.errors import DownloadError, UserError
from harness.grading import full_leaderboard
from harness.grading.full_leaderboard import FullLeaderboard, from_kaggle
from harness.grading.leaderboard_csv import read_scores
from harness.grading.place import place_of
from harness.specs import competition as competitions
from harness.specs.competition import Competition

DAY = date(2024, 1, 31)


def board(*scores: float) -> FullLeaderboard:
    return FullLeaderboard(competition="demo", date=DAY, source="made up", scores=scores)


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[FakeKaggle], FullLeaderboard]:
    (tmp_path / "home").mkdir()
    return lambda fake: from_kaggle("demo", "demo", environ=fake.environ(os.environ, str(tmp_path / "home")), today=DAY)


Ask = Callable[[FakeKaggle], FullLeaderboard]


def test_every_page_of_a_leaderboard_is_read(ask: Ask) -> None:
    scores = [f"{1 - place / 200:.5f}" for place in range(120)]
    with FakeKaggle(scores=scores, page=50) as fake:
        found = ask(fake)
    assert found.scores == tuple(map(float, scores))
    assert (found.date, found.source) == (DAY, "Kaggle")


def test_half_a_leaderboard_is_worth_a_wait(ask: Ask) -> None:
    with FakeKaggle(behaviour=Behaviour.LIMITED_HALFWAY, scores=["0.9", "0.5", "0.1"], page=2) as fake:
        assert ask(fake).scores == (0.9, 0.5, 0.1)
        assert fake.asked_from == [0, 2, 2]


def test_a_team_without_a_score_has_no_place_and_an_infinite_error_the_last(ask: Ask) -> None:
    with FakeKaggle(scores=["0.5", "", "Infinity"]) as fake:
        found = ask(fake)
    assert len(found.scores) == 2 and found.scores[1] > 1e300


@pytest.mark.parametrize(
    ("behaviour", "advice"),
    [
        (Behaviour.RULES_NOT_ACCEPTED, r"403.*accept the competition's rules at https://www.kaggle.com/c/demo/rules"),
        (Behaviour.UNKNOWN, r"404.*https://www.kaggle.com/c/demo"),
        (Behaviour.LIMITED, r"429.*in 7 seconds"),
        (Behaviour.FAILS, r"500.*later"),
    ],
)
def test_a_refusal_says_what_to_do(ask: Ask, behaviour: Behaviour, advice: str) -> None:
    with FakeKaggle(behaviour=behaviour) as fake, pytest.raises(DownloadError, match=advice):
        ask(fake)


@pytest.mark.parametrize(("scores", "complaint"), [([], "is empty"), (["0.5", "high"], "'high' as the score of row 2")])
def test_what_is_no_leaderboard_is_refused(ask: Ask, scores: list[str], complaint: str) -> None:
    with FakeKaggle(scores=scores) as fake, pytest.raises(DownloadError, match=complaint):
        ask(fake)


def test_without_credentials_nothing_is_asked() -> None:
    with pytest.raises(DownloadError, match="no Kaggle credentials"):
        from_kaggle("demo", "demo", environ={}, today=DAY)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[float]]:
    def read(content: str | bytes, column: str | None = None) -> list[float]:
        path = tmp_path / "board.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_scores(path, column)

    return read


Read = Callable[..., list[float]]


@pytest.mark.parametrize(
    "content",
    [
        "Score\n0.9\n0.5\n",
        '\ufeffRank,TeamId,TeamName,Score\r\n1,7,"a, b",0.9\r\n2,9,a,0.5\r\n',
        "teamName,submissionDate,score\nx,2020,0.9\nx,2021,0.5\n\n",
        "Public Score,Private Score\n0.1,0.9\n0.2,0.5\n",
    ],
)
def test_the_column_of_scores_is_found(read: Read, content: str) -> None:
    assert read(content) == [0.9, 0.5]


def test_or_it_is_named(read: Read) -> None:
    assert read("score,final\n1,0.9\n2,0.5\n", "final") == [0.9, 0.5]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "name it with --score, one of: a, b"),
        ("score\n0.5\nbest\n", "'best' as the score of row 2"),
        ("score\nnan\n", "'nan' as the score of row 1"),
        ("score\n", "holds no score"),
        ("score,team\n1,a\n2\n", "row 2 has 1 cells, the header 2"),
        ("TeamId,Score\n7,1\n8,2\n7,3\n", "team '7' has 2 rows.*history"),
        (b"PK\x03\x04\xff\xfe", "not UTF-8 text.*unpack it"),
        ('score\n"0.5\n', "is not a CSV"),
        ("score\n" + "9" * 200_000 + "\n", "is not a CSV"),
        (",".join(["c"] * 2000) + "\n", "2000 columns"),
    ],
)
def test_any_other_file_is_refused_with_the_reason(read: Read, content: str | bytes, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read(content)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a file"):
        read_scores(tmp_path)


def test_a_leaderboard_is_kept_and_found_again(tmp_path: Path) -> None:
    assert full_leaderboard.find(tmp_path, "demo") is None
    kept = full_leaderboard.keep(tmp_path, board(0.9, 0.5))
    assert full_leaderboard.find(tmp_path, "demo") == board(0.9, 0.5)
    kept.write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="podium leaderboard download demo"):
        full_leaderboard.find(tmp_path, "demo")


def test_the_place_is_exact_and_medals_go_by_the_stated_lines(demo: Competition) -> None:
    full = board(*([0.9] * 12 + [0.8] * 38 + [0.7] * 50 + [0.6] * 900))
    place = place_of(demo, 0.75, full, stand_in=False)
    assert (place.medal, place.above_median, place.teams) == ("bronze", True, 1000)
    assert place.standing is not None and place.standing.exceeds_percent == pytest.approx(94.9)  # rank 51 of 1000
    assert place.note == "exact, from the full leaderboard of 1000 teams (2024-01-31)"


def test_a_leaderboard_with_other_lines_is_another_snapshot(demo: Competition) -> None:
    place = place_of(demo, 0.75, board(0.9, 0.8, 0.1), stand_in=False)
    assert place.note.startswith("other snapshot; exact, from the full leaderboard of 3 teams")
    assert place.medal == "bronze" and place.lines is not None and place.lines.gold == 0.9


def test_where_no_lines_are_stated_they_come_from_the_full_leaderboard(write_demo: Callable[..., Path]) -> None:
    stated = "gold: 0.9, silver: 0.8, bronze: 0.7, median: 0.6, quantiles: quantiles.json, "
    bare = competitions.load("demo", write_demo((stated, "")))
    alone = place_of(bare, 0.75, None, stand_in=False)
    assert (alone.medal, alone.lines, alone.standing) == (None, None, None)
    assert "not known, nor are its lines; see: podium leaderboard download" in alone.note
    place = place_of(bare, 0.75, board(0.9, 0.8, 0.5, 0.1), stand_in=False)
    assert (place.medal, place.above_median) == ("none", True)
    assert place.note.endswith("so are the medal lines and the median")


def test_lines_are_stated_all_or_none(write_demo: Callable[..., Path]) -> None:
    folder = write_demo((" median: 0.6,", ""))
    with pytest.raises(UserError, match="median: missing; give all of gold, silver, bronze, median"):
        competitions.load("demo", folder)


def test_stand_in_data_and_missing_scores_have_no_place(demo: Competition) -> None:
    assert place_of(demo, 0.75, board(0.9), stand_in=True).standing is None
    assert place_of(demo, None, board(0.9), stand_in=False).note == "there is no score"


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        ("unverified: true", "in no suite, found demo/small"),
        ("provenance: {metric: a, columns: b, confidence: unsure}", "mark the competition with unverified"),
    ],
)
def test_what_is_not_sure_is_marked_and_in_no_suite(
    write_demo: Callable[..., Path], added: str, complaint: str
) -> None:
    folder = write_demo(("category: tabular", f"category: tabular\n{added}"))
    with pytest.raises(UserError, match=complaint):
        competitions.load("demo", folder)


def test_the_command_line_keeps_a_leaderboard_and_grades_by_it(
    write_demo: Callable[..., Path], demo_raw: Path, tmp_path: Path
) -> None:
    with FakeKaggle(scores=["0.9", "0.8", "0.6", "0.1"]) as fake:
        environ = fake.environ(os.environ, str(tmp_path)) | {
            "PODIUM_HOME": str(tmp_path / "podium"),
            "PODIUM_COMPETITIONS": str(write_demo()),
        }

        def podium(*arguments: str | Path, expect: int = 0) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "harness", *map(str, arguments)],
                capture_output=True,
                text=True,
                env=environ,
                check=False,
            )
            assert done.returncode == expect, done.stderr
            return done.stdout + done.stderr

        podium("prepare", "demo", "--raw", demo_raw)
        answers = tmp_path / "podium" / "data" / "demo" / "private" / "answers.csv"
        graded = "grade", "--competition", "demo", "--submission", tmp_path / "all.csv"
        (tmp_path / "all.csv").write_text(pd.read_csv(answers)[["key", "y"]].to_csv(index=False), encoding="utf-8")
        assert "interpolated" in podium(*graded)
        assert "4 teams" in podium("leaderboard", "download", "demo")
        assert "other snapshot; exact, from the full leaderboard of 4 teams" in podium(*graded)
        (tmp_path / "mine.csv").write_text("place,points\n1,1\n2,0.5\n", encoding="utf-8")
        assert "name it with --score" in podium("leaderboard", "import", "demo", tmp_path / "mine.csv", expect=2)
        podium("leaderboard", "import", "demo", tmp_path / "mine.csv", "--score", "points")
        assert "exact, from the full leaderboard of 2 teams" in podium(*graded)
