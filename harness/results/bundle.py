"""A group as one zip that others can check: records, artefacts, specs, and a list of every file's hash.

The same group gives the same bytes. Raw, public and private data stay at home: they are Kaggle's, and the grades state
their fingerprints. Unpacking takes the archive as untrusted: `unpacking` refuses what leaves the folder, and every file
must have the hash that the list states.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harness.data.unpacking import opened
from harness.errors import UserError
from harness.files import sha256_of
from harness.results.layout import GroupFolder, RunRecord, read_json

LIST = "bundle.json"
ABOUT = "README.md"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip has no earlier time; a real one would make each bundle another
TEXT = """\
# {group}

A group of Podium runs, packed so that others can check it: records, journals, model calls, submissions, grades, the
prompts, and the specs of the competitions. `{list}` holds the SHA-256 of every file.

    podium verify {name}

recomputes every grade and rate. It needs the competitions prepared (`podium prepare ID`): {competitions}.
Without them, hashes, sums of tokens and money, and the summary are checked, and the grades are said to be unchecked.
"""


def pack(group: GroupFolder, into: Path, competitions: Path, *, transcripts: bool = True) -> int:
    """Write the bundle, atomically; return how many files it holds. Raise `UserError` while a run goes on."""
    records = [record for folder in group.runs() if (record := folder.read()) is not None]
    busy = [record.run_id for record in records if record.status in ("running", "queued")]
    if busy:
        raise UserError(f"{group.name}: not over yet: {', '.join(busy[:3])}. Wait, or: podium aggregate {group.name}")
    files = dict(_files(group, transcripts=transcripts)) | dict(_specs(records, competitions))
    names = sorted({record.competition for record in records})
    about = TEXT.format(group=group.name, list=LIST, name=into.name, competitions=", ".join(names)).encode()
    hashes = {name: sha256_of(path) for name, path in files.items()} | {ABOUT: hashlib.sha256(about).hexdigest()}
    listed = {
        "schema_version": 1,
        "group": group.name,
        "transcripts": transcripts,
        "files": dict(sorted(hashes.items())),
    }
    partial = into.with_name(f".{into.name}.partial")
    into.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            _add(archive, LIST, (json.dumps(listed, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode())
            _add(archive, ABOUT, about)
            for name in sorted(files):
                _add(archive, name, files[name])
        partial.replace(into)
    finally:
        partial.unlink(missing_ok=True)
    return len(files)


def unpack(bundle: Path, into: Path) -> GroupFolder:
    """Unpack a bundle into a folder; return its group. Raise `UserError` where a file is not as listed."""
    with opened(bundle, "bundle") as archive:
        archive.unpack({name: into / PurePosixPath(name) for name in archive.files})
    listed = read_json(into / LIST)
    if listed is None or not isinstance(listed.get("files"), dict) or not isinstance(listed.get("group"), str):
        raise UserError(f"{bundle} is no bundle of runs: it has no {LIST}. One is written by: podium bundle GROUP")
    found = {
        path.relative_to(into).as_posix(): sha256_of(path)
        for path in into.rglob("*")
        if path.is_file() and path != into / LIST
    }
    wrong = sorted(name for name in {*found, *listed["files"]} if found.get(name) != listed["files"].get(name))
    if wrong:
        raise UserError(f"{bundle}: {len(wrong)} files are missing or not as {LIST} states, such as {wrong[0]}")
    return GroupFolder(into / "group" / PurePosixPath(listed["group"]).name)


def _files(group: GroupFolder, *, transcripts: bool) -> Iterator[tuple[str, Path]]:
    for path in sorted(group.path.rglob("*")):
        inside = path.relative_to(group.path)
        hidden = any(part.startswith(".") for part in inside.parts)
        if path.is_symlink() or not path.is_file() or hidden or path.suffix == ".zip":
            continue
        if transcripts or path.name != "llm.jsonl":
            yield f"group/{group.name}/{inside.as_posix()}", path


def _specs(records: list[RunRecord], competitions: Path) -> Iterator[tuple[str, Path]]:
    for name in sorted({record.competition for record in records}):
        folder = competitions / name  # a user's own competition may lie elsewhere; its grade names the spec's data
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"competitions/{name}/{path.relative_to(folder).as_posix()}", path


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    with archive.open(entry, "w", force_zip64=True) as member:
        if isinstance(content, bytes):
            member.write(content)
        else:
            with content.open("rb") as file:
                while block := file.read(1 << 20):
                    member.write(block)
