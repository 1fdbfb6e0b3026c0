"""Files are written whole or not at all, and what a killed writer left goes with the next one."""

import fcntl

from harness.files import PART, remove_parts, write_atomically


def part_of(path):
    part = path.with_name(f".{path.name}.abc{PART}")
    part.write_text("half")
    return part


def test_what_a_killed_writer_left_is_removed_by_the_next_of_the_same_file(tmp_path):
    file, other = tmp_path / "run.json", tmp_path / "grade.json"
    dead, of_another = part_of(file), part_of(other)
    write_atomically(file, b"whole")
    assert file.read_bytes() == b"whole" and not dead.exists()
    assert of_another.exists()
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_what_a_living_writer_holds_is_left_to_it(tmp_path):
    part = part_of(tmp_path / "run.json")
    with part.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        remove_parts(tmp_path)
        assert part.exists()
    remove_parts(tmp_path)
    assert not part.exists()


def test_a_part_that_was_taken_for_a_dead_writers_is_written_again(tmp_path, monkeypatch):
    from pathlib import Path

    real, gone = Path.replace, []

    def taken_away(source, target):
        if not gone:
            gone.append(source)
            source.unlink()
        return real(source, target)

    monkeypatch.setattr(Path, "replace", taken_away)
    write_atomically(tmp_path / "run.json", b"whole")
    assert gone and (tmp_path / "run.json").read_bytes() == b"whole"
