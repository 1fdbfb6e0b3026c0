"""Cheat by what is handed in: links and other things in the place of a file, fetched from a real, stopped box."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.boundary.inside.base import CHEAT
from tests.boundary.outside.base import Deed, Desk, add, deed

FOLDER = "/home/submission"
HONEST = f"{FOLDER}/honest"
WORDS = "what-a-link-leads-to"
TOO_LARGE = 9 << 20

# name: what it tries, Python that makes it at {path}, and for whoever would follow it, the same at a place on the host.
TRICKS = {
    "a-link-to-the-answers": ("Hand in a link to the answers on the host.", "os.symlink({answers!r}, {path!r})"),
    "a-link-to-the-data": ("Hand in a link to the data.", "os.symlink('/home/data/train.csv', {path!r})"),
    "a-link-to-a-system-file": ("Hand in a link to a file of the system.", "os.symlink('/etc/passwd', {path!r})"),
    "a-link-that-climbs": ("Hand in a link that climbs.", "os.symlink('../' * 9 + 'etc/passwd', {path!r})"),
    "a-file-through-a-linked-folder": (
        "Hand in by a path on which a folder is a link.",
        "os.symlink('/home/data', {path!r}.rpartition('/')[0])",
    ),
    "a-hard-link-to-the-data": (
        "Hand in a second name of a file of the data.",
        "os.link('/home/data/train.csv', {path!r})",
    ),
    "a-pipe": ("Hand in a pipe, which keeps a reader waiting.", "os.mkfifo({path!r})"),
    "a-socket": ("Hand in a socket.", "__import__('socket').socket(1).bind({path!r})"),
    "a-folder": ("Hand in a folder.", "os.mkdir({path!r})"),
    "a-device": ("Hand in a device that never ends.", "os.mknod({path!r}, 0o20600, os.makedev(1, 5))"),
    "a-file-that-is-too-large": ("Hand in more than is read.", f"os.truncate(os.open({{path!r}}, 66), {TOO_LARGE})"),
}
NOTHING_TO_READ = ("a-pipe", "a-socket", "a-folder", "a-device", "a-hard-link-to-the-data")


def path_of(name: str) -> str:
    """Where a trick lies in the box."""
    return f"{FOLDER}/linked/train.csv" if name == "a-file-through-a-linked-folder" else f"{FOLDER}/{name}"


def made(answers: str) -> list[str]:
    """Python for the box that makes them all, and a forged grade beside; what can't be made there is left out."""
    tried = "try:\n    {act}\nexcept OSError:\n    pass\n"
    acts = [act.format(path=path_of(name), answers=answers) for name, (_, act) in TRICKS.items()]
    places = [f"{place}/{name}" for place in (FOLDER, "/home/agent") for name in FILES]
    forged = [f"open({place!r}, 'w').write('{{\"score\": 1.0}}')" for place in places]
    return [
        *(tried.replace("{act}", act) for act in (*acts, *forged)),
        f"open({HONEST!r}, 'w').write('id,y\\n1,2\\n')",
        f"open('{FOLDER}/submission.csv', 'wb').write(open('/home/data/sample_submission.csv', 'rb').read())",
    ]


FILES = ("grade.json", "run.json")


def wanted() -> list[str]:
    """The paths that are fetched."""
    return [HONEST, *map(path_of, TRICKS)]


def _register(name: str, tries: str, act: str) -> None:
    def fetched(desk: Desk) -> object:
        got = desk.hostile.fetched[path_of(name)]
        return None if got.startswith("refused") else got

    def followed(desk: Desk) -> object:
        target = desk.file(WORDS.encode(), "target")
        path = desk.folder / "linked" / "target" if "folder" in name else desk.folder / "trick"
        if "folder" in name:
            (desk.folder / "linked").symlink_to(desk.folder)
        elif "large" in name:
            return len(desk.file(bytes(TOO_LARGE)).read_bytes()) > (8 << 20)
        else:
            path.symlink_to(target)
        return path.read_text() == WORDS

    nothing = "nobody could read a submission out of it" if name in NOTHING_TO_READ else ""
    add(Deed(f"hand-in-{name}", tries, CHEAT, fetched, None if nothing else followed, nothing))


for _name, (_tries, _act) in TRICKS.items():
    _register(_name, _tries, _act)


def _believed(desk: Desk) -> object:
    archive = desk.folder / "handed-in.zip"
    with zipfile.ZipFile(archive, "w") as made_here:
        made_here.writestr("grade.json", '{"score": 1.0}')
    zipfile.ZipFile(archive).extractall(desk.folder / "taken")  # a reader that takes all that is there
    return (desk.folder / "taken" / "grade.json").is_file()


@deed(CHEAT, _believed)
def hand_in_a_grade(desk: Desk) -> object:
    """Hand in a grade and a record of the own beside the submission."""
    from harness.grading.grade_run import grade_run

    run = desk.hostile
    if run.folder.grade_file.exists() or '"score": 1.0' in run.folder.record_file.read_text():
        return "a file of the box became the run's"
    report = grade_run(run.folder, run.record, desk.competition, desk.prepared)
    assert report.valid, report.reason
    return report.score != _of_the_sample(desk) and report.score


def _of_the_sample(desk: Desk) -> float | None:
    from harness.grading.grade import grade

    return grade(desk.competition, desk.prepared, Path(desk.prepared.sample)).score
