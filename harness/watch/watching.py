"""What a command's user wants to see of it, made ready: a log, metrics, both or neither."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.errors import UserError
from harness.watch.events import LEVELS, Level, Nobody, Said, Watcher, Watchers
from harness.watch.log import STANDARD_ERROR, open_log

Say = Callable[[str], None]
LOG_VARIABLE = "PODIUM_LOG"
LEVEL_VARIABLE = "PODIUM_LOG_LEVEL"
PORT_VARIABLE = "PODIUM_METRICS_PORT"


@dataclass(frozen=True)
class WatchOptions:
    """`log` is a file, `-` for standard error, or None; `metrics_port` as the user wrote it, or None."""

    log: str | None = None
    level: str = "info"
    metrics_port: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> WatchOptions:
        """What the environment asks for, where the command says nothing."""
        level = environ.get(LEVEL_VARIABLE) or "info"
        return cls(environ.get(LOG_VARIABLE) or None, level, environ.get(PORT_VARIABLE) or None)

    def chosen(self, log: str | None, metrics_port: str | None) -> WatchOptions:
        """The same, but for what the command says."""
        return replace(self, log=log or self.log, metrics_port=metrics_port or self.metrics_port)

    @property
    def instead_of_words(self) -> bool:
        """Does the log take the place of the lines for a person? Both on one stream could be read by neither."""
        return self.log == STANDARD_ERROR

    def least(self) -> Level:
        """The least level that is logged; raise `UserError` for one that is none."""
        for level in LEVELS:
            if level == self.level:
                return level
        raise UserError(f"{LEVEL_VARIABLE}={self.level}: choose one of {', '.join(LEVELS)}")


@contextlib.contextmanager
def watching(options: WatchOptions, say: Say) -> Iterator[tuple[Watcher, Say]]:
    """Whoever hears of everything, and how to say a line to a person; both until the end of the context.

    Raise `UserError` where a log can't be written or a port is taken.
    """
    with contextlib.ExitStack() as stack:
        watchers: list[Watcher] = []
        if options.log is not None:
            watchers.append(stack.enter_context(open_log(options.log, least=options.least())))
        if options.metrics_port is not None:
            from harness.watch.endpoint import Endpoint, parse_port
            from harness.watch.metrics import Metrics

            metrics = Metrics()
            endpoint = stack.enter_context(Endpoint(metrics.registry, parse_port(options.metrics_port)))
            watchers.append(metrics)
        watcher: Watcher = Watchers(tuple(watchers)) if watchers else Nobody()
        if options.instead_of_words:
            say = _as_events(watcher)
        if options.metrics_port is not None:
            say(f"Metrics: {endpoint.url}")
        yield watcher, say


def _as_events(watcher: Watcher) -> Say:
    return lambda text: watcher.note(Said(None, text))
