"""What the agent is told about a competition: our own text, Kaggle's original, or one that hides which one it is.

- `own`: `description.md` of the spec, which is part of the public data.
- `kaggle`: the pages of the competition, fetched once into the user's folder with their own credentials
  (`podium prepare ID --kaggle-description`); they are never part of Podium.
- `obfuscated`: made from the spec's facts alone (files, columns, metric, form), without title, id or story, and the
  agent's request names no competition either. A model that does as well with it did not go by the name. File and column
  names stay what they are, since scripts need them.

Whatever is chosen lies at `description.md` of the data that the container sees; the record says which it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from harness.contract import CompetitionBrief
from harness.data.manifest import Prepared
from harness.errors import DownloadError, UserError
from harness.files import write_atomically
from harness.specs.competition import Competition, KaggleSource

Kind = Literal["own", "kaggle", "obfuscated"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FOLDER = "descriptions"  # in PODIUM_HOME
PAGES = ("description", "evaluation", "data-description")
MOST_FILES = 40
NOBODY = "task"


HELD_BACK_NOTE = """

## How solutions are scored in this run

The rows to predict are the test rows and further ones whose labels are held back; which is which is not told. A
solution's score is the metric on such rows, whatever it prints itself. In the end the script of the best one is run
once more, as it is, with more training rows and fewer rows to predict: let it read everything from its input folder,
and write down no row, id or count.
"""


@dataclass(frozen=True)
class Description:
    """A text, and which of the kinds it is; `note` is what else is to be known of a run's own rules."""

    kind: Kind
    text: str
    note: str = ""

    @property
    def sha256(self) -> str:
        """Return the text's hash: a run with another text is another run."""
        return hashlib.sha256(f"{self.text}{self.note}".encode()).hexdigest()

    def lay_out(self, path: Path) -> Path | None:
        """Write what is to be shown in place of the public data's own text; None where that is shown."""
        if self.kind == "own" and not self.note:
            return None
        path.write_text(f"{self.text.rstrip()}{self.note}" if self.note else self.text, encoding="utf-8")
        path.chmod(0o644)
        return path


def parse(kind: str) -> Kind:
    """Return the kind of that name."""
    for known in KINDS:
        if kind == known:
            return known
    raise UserError(f"--description {kind}: choose one of {', '.join(KINDS)}")


def choose(kind: Kind, competition: Competition, prepared: Prepared, home: Path) -> Description:
    """Return the competition's description of that kind; UserError when Kaggle's was not fetched."""
    if kind == "own":
        return Description(kind, competition.description.read_text(encoding="utf-8"))
    if kind == "obfuscated":
        return Description(kind, _obfuscated(competition, prepared))
    path = fetched(competition, home)
    if not path.is_file():
        raise UserError(f"{path} is not there; fetch it with: podium prepare {competition.id} --kaggle-description")
    return Description(kind, path.read_text(encoding="utf-8"))


def fetched(competition: Competition, home: Path) -> Path:
    """Return where Kaggle's own text of a competition is kept."""
    return home / FOLDER / f"{competition.id}.md"


def fetch(competition: Competition, home: Path, environ: Mapping[str, str]) -> Path:
    """Fetch Kaggle's own text with the user's credentials; return where it is kept. DownloadError says what to do."""
    from harness.data.download import ask_client, require_credentials

    if not isinstance(competition.source, KaggleSource):
        raise UserError(f"{competition.id} is not on Kaggle; --description own is what there is")
    slug = competition.source.slug
    require_credentials(slug, environ)
    pages = ask_client(slug, {"want": "pages"}, environ)["pages"]
    text = _as_markdown(competition, pages)
    if not text:
        raise DownloadError(f"{slug}: Kaggle lists no page of {', '.join(PAGES)}; see https://www.kaggle.com/c/{slug}")
    path = fetched(competition, home)
    write_atomically(path, text.encode())
    return path


def _as_markdown(competition: Competition, pages: Sequence[Mapping[str, str]]) -> str:
    """Return the pages that say what the task is, one after the other; empty where there is none."""
    from markdownify import markdownify

    by_name = {page["name"].lower().replace(" ", "-"): page["content"] for page in pages}
    parts = [(name, markdownify(by_name[name], heading_style="ATX").strip()) for name in PAGES if by_name.get(name)]
    if not parts:
        return ""
    sections = [f"## {name.replace('-', ' ').capitalize()}\n\n{text}\n" for name, text in parts]
    return "\n".join([f"# {competition.title}\n", *sections])


def brief(kind: Kind, competition: Competition) -> CompetitionBrief:
    """Return what the agent's request says of the competition."""
    hidden = kind == "obfuscated"
    return CompetitionBrief(
        id=NOBODY if hidden else competition.id,
        title=NOBODY.capitalize() if hidden else competition.title,
        metric=competition.metric.name,
        direction=competition.metric.direction,
    )


def _obfuscated(competition: Competition, prepared: Prepared) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - the output is Markdown
    )
    metric = competition.scorer()
    submission = competition.submission
    return environment.get_template("obfuscated.md.j2").render(
        files=_files(prepared.public),
        predictions=submission.predictions,
        ids=submission.id,
        header=",".join(submission.columns),
        sample_file=submission.sample_file,
        metric=metric.name,
        definition=(metric.function.__doc__ or "").strip().splitlines()[:1],
        higher=metric.direction == "maximize",
    )


def _files(public: Path) -> list[str]:
    """Return a line a file; a folder with many is one line."""
    lines = []
    for path in sorted(public.iterdir()):
        if path.is_file() and path.name != "description.md":
            lines.append(f"`{path.name}` ({path.stat().st_size} bytes)")
        elif path.is_dir():
            count = sum(1 for below in path.rglob("*") if below.is_file())
            lines.append(f"`{path.name}/` ({count} files)")
    return lines[:MOST_FILES]
