"""The cache of packages and models: filled on the host, seen read-only by runs without a network, named by its hash.

    <home>/cache/index.json       what was added, with every file's size and hash
    <home>/cache/content/         what is mounted
      wheels/                     for pip (PIP_FIND_LINKS)
      huggingface/                for huggingface_hub, transformers, timm (HF_HUB_CACHE)
      torch/hub/checkpoints/      for torch.hub (TORCH_HOME)

A run keeps the cache as it was when it was planned: it is not changed meanwhile. Filling it is `fill.py`'s.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.contract import CACHE
from harness.errors import UserError
from harness.files import sha256_of, write_json

WHEELS, HUB, TORCH = "wheels", "huggingface", "torch"
CHECKPOINTS = f"{TORCH}/hub/checkpoints"
MOST_TOLD = 60
LONGEST_TOLD = 160

Kind = Literal["pypi", "hf", "url"]


class CachedFile(BaseModel):
    """A file below `content/`: its size and hash, or where it is a link, what it points to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    size_bytes: int
    sha256: str | None = None
    link: str | None = None


class CachedEntry(BaseModel):
    """One thing that was added."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Kind
    name: str
    version: str
    added_at: str
    files: dict[str, CachedFile]
    needs_gpu_image: bool = False  # some of what it needs is not among its files, since the image with torch has it

    @property
    def size_bytes(self) -> int:
        """Of all its files; some may be another entry's, too."""
        return sum(file.size_bytes for file in self.files.values())

    def told(self) -> str:
        """The entry in words, for an agent."""
        what = {"pypi": "package", "hf": "model of the Hugging Face hub", "url": "weights for torch.hub"}
        version = f" {self.version[:12]}" if self.version else ""
        return f"{self.name}{version} ({what[self.kind]})"[:LONGEST_TOLD]


class Index(BaseModel):
    """`index.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    entries: tuple[CachedEntry, ...] = ()

    @property
    def sha256(self) -> str:
        """Names the content: every file's place and bytes, and nothing of when or how they came."""
        lines = {f"{path}\0{file.sha256}\0{file.link}\n" for one in self.entries for path, file in one.files.items()}
        return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()

    def told(self, *, gpu_image: bool = True) -> tuple[str, ...]:
        """What an agent is told of it, bounded: what it can use in its image."""
        told = [one.told() for one in self.entries if gpu_image or not one.needs_gpu_image]
        more = len(told) - MOST_TOLD
        return (*told[:MOST_TOLD], *([f"and {more} more"] if more > 0 else []))


@dataclass(frozen=True)
class Cache:
    """The cache in one folder."""

    folder: Path

    @property
    def content(self) -> Path:
        """What is mounted."""
        return self.folder / "content"

    @property
    def index_file(self) -> Path:
        return self.folder / "index.json"

    def index(self) -> Index:
        """What is there; raise `UserError` where its list can't be read."""
        try:
            return Index.model_validate_json(self.index_file.read_bytes())
        except FileNotFoundError:
            return Index()
        except ValidationError as error:
            raise UserError(
                f"{self.index_file} is no list of this version's cache. Remove {self.folder}, and add anew what it held"
            ) from error

    def view(self) -> CacheView | None:
        """What runs are to see; None where there is nothing. Raise `UserError` where files are not as they were."""
        index = self.index()
        if not index.entries:
            return None
        for entry in index.entries:
            for path, file in entry.files.items():
                if problem := self._differs(path, file):
                    raise UserError(f"{problem}. See: podium cache verify; to do without it: --no-cache")
        return CacheView(self, index.sha256, index.told(), index.told(gpu_image=False))

    def problems(self) -> list[str]:
        """Compare every file's bytes with what was added; whatever differs, a line each."""
        known = {path: file for entry in self.index().entries for path, file in entry.files.items()}
        found = [problem for path, file in known.items() if (problem := self._differs(path, file))]
        for path, file in known.items():
            place = self.content / path
            if file.sha256 and place.is_file() and not place.is_symlink() and sha256_of(place) != file.sha256:
                found.append(f"{place} has other bytes than were added")
        return found + [f"{place} was not added by podium" for place in sorted(self._unknown(known))]

    def remove(self, name: str) -> CachedEntry:
        """Take an entry out, with the files that no other has; raise `UserError` where there is none."""
        with self.alone():
            index = self.index()
            gone = [one for one in index.entries if name in (one.name, f"{one.kind}:{one.name}")]
            if len(gone) != 1:
                there = ", ".join(f"{one.kind}:{one.name}" for one in index.entries) or "nothing"
                raise UserError(f"the cache holds {len(gone)} entries called {name!r}; there is {there}")
            left = tuple(one for one in index.entries if one is not gone[0])
            self.write(Index(entries=left))
            kept = {path for one in left for path in one.files}
            for path in gone[0].files.keys() - kept:
                self.forget(path)
            return gone[0]

    def write(self, index: Index) -> None:
        """Replace the list."""
        write_json(self.index_file, index.model_dump(mode="json"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one at the cache; raise `UserError` while a run uses it."""
        self.content.mkdir(parents=True, exist_ok=True, mode=0o755)
        self.content.chmod(0o755)
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield

    @contextmanager
    def in_use(self, sha256: str) -> Iterator[None]:
        """Keep the cache as it is; raise `UserError` where it is no longer what was found."""
        with self._locked(fcntl.LOCK_SH):
            if self.index().sha256 != sha256:
                raise UserError(
                    f"the cache in {self.folder} was changed since this command began. Run it again, or: --no-cache"
                )
            yield

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        descriptor = os.open(self.content, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, how)
            yield
        except BlockingIOError:
            raise UserError(f"the cache in {self.folder} is in use by a run, and is not changed under it") from None
        finally:
            os.close(descriptor)

    def _differs(self, path: str, file: CachedFile) -> str | None:
        place = self.content / path
        try:
            if file.link is not None:
                return None if str(place.readlink()) == file.link else f"{place} points elsewhere than it did"
            found = place.lstat()
        except OSError as error:
            return f"{place} is not as it was added ({error.strerror})"
        same = found.st_size == file.size_bytes and not place.is_symlink()
        return None if same else f"{place} has {found.st_size} bytes and had {file.size_bytes}"

    def _unknown(self, known: dict[str, CachedFile]) -> Iterator[Path]:
        for place in self.content.rglob("*"):
            if (place.is_symlink() or not place.is_dir()) and str(place.relative_to(self.content)) not in known:
                yield place

    def forget(self, path: str) -> None:
        """Remove a file, and the folders that are empty then."""
        place = self.content / path
        place.unlink(missing_ok=True)
        for parent in place.parents:
            if parent == self.content:
                break
            with contextlib.suppress(OSError):  # it holds something else
                parent.rmdir()


@dataclass(frozen=True)
class CacheView:
    """What a run sees of the cache, and by which hash it is named."""

    cache: Cache
    sha256: str
    told: tuple[str, ...]
    told_without_gpu_image: tuple[str, ...]

    def without_gpu_image(self) -> CacheView:
        """The same for an image without torch: what needs that is there, and nobody is told of it."""
        return replace(self, told=self.told_without_gpu_image)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep it as it is while a run lasts."""
        with self.cache.in_use(self.sha256):
            yield


def variables() -> dict[str, str]:
    """What libraries read: where the cache is, and that there is no use in asking a network."""
    return {
        "HF_HUB_CACHE": f"{CACHE}/{HUB}",
        "HUGGINGFACE_HUB_CACHE": f"{CACHE}/{HUB}",  # by its name in older versions
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TORCH_HOME": f"{CACHE}/{TORCH}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": f"{CACHE}/{WHEELS}",
    }
