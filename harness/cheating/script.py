"""A script as rules see it: parsed once, its calls and texts resolved as far as that is plain, or as lines of text.

Nothing is run. Names are followed through imports and single assignments, texts through `+`, f-strings, `Path` and
`join`; whatever is computed otherwise is not known here. What does not parse has its lines only, and a script of
somebody who wants to exhaust the reader is cut, or not parsed.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

MOST_CHARACTERS = 400_000
LONGEST_TEXT = 100_000  # that is joined of others
DEEPEST = 40
LARGE = 1 << 256
PLAIN = frozenset({"ctx", "op", "ops", "id", "attr", "arg", "n", "s", "lineno", "type_comment", "asname", "level"})
PATH_CALLS = frozenset({"pathlib.Path", "Path", "pathlib.PurePath", "pathlib.PosixPath", "str", "os.fspath"})
JOIN_CALLS = frozenset({"os.path.join", "posixpath.join"})
SAME_PATH = frozenset({"os.path.abspath", "os.path.realpath", "os.path.expanduser", "os.path.normpath"})


class Called(NamedTuple):
    """A call: the dotted name, as far as it can be told, and the node."""

    name: str
    node: ast.Call

    @property
    def line(self) -> int:
        return self.node.lineno

    def argument(self, place: int, *names: str) -> ast.expr | None:
        """An argument by its place, or by one of its names."""
        if place < len(self.node.args):
            return self.node.args[place]
        return next((one.value for one in self.node.keywords if one.arg in names), None)


@dataclass
class _Index:
    calls: list[ast.Call] = field(default_factory=list)
    texts: list[ast.Constant] = field(default_factory=list)
    numbers: list[ast.Constant] = field(default_factory=list)  # too large for any arithmetic
    joined: list[ast.JoinedStr | ast.BinOp] = field(default_factory=list)
    containers: list[ast.List | ast.Tuple | ast.Set | ast.Dict] = field(default_factory=list)
    assigned: list[ast.Assign | ast.AnnAssign | ast.AugAssign] = field(default_factory=list)
    compared: list[ast.Compare] = field(default_factory=list)
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    contexts: list[ast.withitem] = field(default_factory=list)


@dataclass(frozen=True)
class Script:
    """One script. `file` is where it lies below the run's folder, `node` whose it is."""

    text: str
    file: str = "solution.py"
    node: str | None = None

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()

    @cached_property
    def lines(self) -> list[str]:
        return self.text[:MOST_CHARACTERS].splitlines()

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None where there is none to be had."""
        if len(self.text) > MOST_CHARACTERS:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about what the agent wrote, and to nobody
                return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def line(self, number: int) -> str:
        """A line's text, empty where there is no such line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    @cached_property
    def index(self) -> _Index:
        """Every node by kind, of one walk that does not recurse."""
        found = _Index()
        kinds: dict[type, list[Any]] = {
            ast.Call: found.calls,
            ast.JoinedStr: found.joined,
            **dict.fromkeys((ast.List, ast.Tuple, ast.Set, ast.Dict), found.containers),
            **dict.fromkeys((ast.Assign, ast.AnnAssign, ast.AugAssign), found.assigned),
            ast.Compare: found.compared,
            **dict.fromkeys((ast.Import, ast.ImportFrom), found.imports),
            ast.withitem: found.contexts,
        }
        waiting: list[ast.AST] = [self.tree] if self.tree is not None else []
        while waiting:
            node = waiting.pop()
            kind = type(node)
            if kind is ast.Constant:
                value = node.value  # type: ignore[attr-defined]
                if isinstance(value, str | bytes):
                    found.texts.append(node)  # type: ignore[arg-type]
                elif isinstance(value, int) and abs(value) > LARGE:
                    found.numbers.append(node)  # type: ignore[arg-type]
                continue
            if kind in kinds:
                kinds[kind].append(node)
            elif kind is ast.BinOp and isinstance(node.op, ast.Add | ast.Div):  # type: ignore[attr-defined]
                found.joined.append(node)  # type: ignore[arg-type]
            for name in kind._fields:
                if name in PLAIN:
                    continue
                value = getattr(node, name, None)
                if type(value) is list:
                    waiting.extend([one for one in value if isinstance(one, ast.AST)])
                elif isinstance(value, ast.AST):
                    waiting.append(value)
        every: list[list[Any]] = [*kinds.values(), found.texts, found.numbers]
        for nodes in every:
            nodes.sort(key=_line_of)
        return found

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What names stand for: of imports, and of names that are assigned once to something that has a name."""
        found: dict[str, str] = {}
        for node in self.index.imports:
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
            for one in node.names:
                if one.asname or module:
                    found[one.asname or one.name] = f"{module}{one.name}"
        for name, value in self.assigned_once.items():
            if name not in found and isinstance(value, ast.Call | ast.Attribute | ast.Name):
                dotted = self._dotted(value, found)
                if "." in dotted or isinstance(value, ast.Call):
                    found[name] = dotted
        return found

    @cached_property
    def assigned_once(self) -> dict[str, ast.expr]:
        """The values of names that are assigned exactly once, by `=` or `with … as`."""
        values: dict[str, ast.expr | None] = {}
        for node in self.index.assigned:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    again = target.id in values or isinstance(node, ast.AugAssign)
                    values[target.id] = None if again else node.value
        for item in self.index.contexts:
            if isinstance(item.optional_vars, ast.Name):
                name = item.optional_vars.id
                values[name] = None if name in values else item.context_expr
        return {name: value for name, value in values.items() if value is not None}

    @cached_property
    def calls(self) -> list[Called]:
        """Every call, in the order of lines."""
        return [Called(self.dotted(node.func), node) for node in self.index.calls]

    def dotted(self, node: ast.AST) -> str:
        """The name of what is called, through aliases: `np.load` is `numpy.load`; '' where it has none."""
        return self._dotted(node, self.aliases)

    def _dotted(self, node: ast.AST, aliases: dict[str, str]) -> str:
        parts: list[str] = []
        for _ in range(DEEPEST):
            if isinstance(node, ast.Name):
                parts.append(aliases.get(node.id, node.id))
                break
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call):
                named = self._named_by_text(node)
                if named is None:
                    parts.append("()")
                    node = node.func
                elif isinstance(named, str):
                    parts.append(named)
                    break
                else:
                    parts.append(named[1])
                    node = named[0]
            elif isinstance(node, ast.Subscript):
                parts.append("[]")
                node = node.value
            else:
                parts.append("")
                break
        return ".".join(reversed(parts)).replace(".()", "()").replace(".[]", "[]")

    def _named_by_text(self, call: ast.Call) -> str | tuple[ast.AST, str] | None:
        """A module or an attribute that is named by a text: `__import__("x")`, `getattr(x, "y")`."""
        function = call.func
        last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if last in ("__import__", "import_module") and call.args:
            return self.text_of(call.args[0])
        if last == "getattr" and len(call.args) > 1:
            name = self.text_of(call.args[1])
            return None if name is None else (call.args[0], name)
        return None

    def text_of(self, node: ast.AST | None, depth: int = 0) -> str | None:
        """The text that an expression comes to, `{}` where a part is not known; None where it is no text."""
        if node is None or depth > DEEPEST:
            return None
        match node:
            case ast.Constant(value=str() as value):
                return value
            case ast.Constant(value=bytes() as value):
                return value.decode("latin-1")
            case ast.JoinedStr(values=values):
                return "".join(self._part(value, depth) for value in values)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._both(left, right, "", depth)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._both(left, right, "/", depth)
            case ast.Name(id=name):
                return self._text_named(name, depth)
            case ast.Call():
                return self._text_of_call(node, depth)
        return None

    def _text_named(self, name: str, depth: int) -> str | None:
        """The text of a name; each is worked out once, so that names of names of names can't take for ever."""
        if name not in self._named:
            self._named[name] = None  # a name that leads back to itself has no text
            value = self.assigned_once.get(name)
            text = self.text_of(value, depth + 1) if value is not None else None
            self._named[name] = None if text is None or len(text) > LONGEST_TEXT else text
        return self._named[name]

    @cached_property
    def _named(self) -> dict[str, str | None]:
        return {}

    def _part(self, value: ast.expr, depth: int) -> str:
        inner = value.value if isinstance(value, ast.FormattedValue) else value
        text = self.text_of(inner, depth + 1)
        return "{}" if text is None else text

    def _both(self, left: ast.expr, right: ast.expr, between: str, depth: int) -> str | None:
        one, other = self.text_of(left, depth + 1), self.text_of(right, depth + 1)
        if one is None and other is None:
            return None
        if between and other and other.startswith("/"):
            return other  # as pathlib has it
        return (
            f"{'{}' if one is None else one.rstrip('/') if between else one}{between}{'{}' if other is None else other}"
        )

    def _text_of_call(self, call: ast.Call, depth: int) -> str | None:
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr == "join" and len(call.args) == 1:
            between, parts = self.text_of(function.value, depth + 1), call.args[0]
            if between is not None and isinstance(parts, ast.List | ast.Tuple):
                texts = [self.text_of(part, depth + 1) for part in parts.elts[:200]]
                return between.join("{}" if text is None else text for text in texts)
        name = _plain(function)
        name = {"Path": "pathlib.Path", "join": "os.path.join"}.get(name, name)
        if name in PATH_CALLS | JOIN_CALLS | SAME_PATH and call.args:
            texts = [self.text_of(part, depth + 1) for part in call.args[:20]]
            if all(text is None for text in texts):
                return None
            joined = "{}" if texts[0] is None else texts[0]
            for text in texts[1:]:
                joined = (
                    text if text and text.startswith("/") else f"{joined.rstrip('/')}/{'{}' if text is None else text}"
                )
            return joined
        if (
            name == "chr"
            and call.args
            and isinstance(call.args[0], ast.Constant)
            and isinstance(call.args[0].value, int)
        ):
            return chr(call.args[0].value) if 0 <= call.args[0].value < 0x110000 else None
        if isinstance(function, ast.Attribute) and function.attr in ("resolve", "absolute", "expanduser", "strip"):
            return self.text_of(function.value, depth + 1)
        return None

    @cached_property
    def texts(self) -> list[tuple[str, int]]:
        """Every text in the script with its line: written out, or joined of such."""
        nodes: list[ast.expr] = [*self.index.texts, *self.index.joined]
        found = [(self.text_of(node), node.lineno) for node in nodes]
        return [(text, line) for text, line in found if text]


def _line_of(node: ast.AST) -> int:
    return int(getattr(node, "lineno", 0))


def _plain(node: ast.expr) -> str:
    """A dotted name as it is written."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < DEEPEST:
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed([*parts, node.id])) if isinstance(node, ast.Name) else ""


def scalars(node: ast.expr) -> Iterator[object]:
    """The plain values of a container, in their order; those of nested ones too. What is no plain value is None."""
    waiting: list[ast.expr | None] = [node]
    while waiting:
        one = waiting.pop()
        match one:
            case ast.List(elts=elts) | ast.Tuple(elts=elts) | ast.Set(elts=elts):
                waiting.extend(reversed(elts))
            case ast.Dict(keys=keys, values=values):
                waiting.extend(reversed([part for pair in zip(keys, values, strict=True) for part in pair]))
            case ast.Constant(value=value):
                yield value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                yield -value
            case _:
                yield None
