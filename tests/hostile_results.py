"""Folders of results as a stranger might have tampered with them, kind by kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tiny_results import one_student_deployed

NAMES = (  # that a stranger may give to anything that is shown
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "a | b | c\n\n# title",
    "[link](javascript:alert(1))",
    "\x1b[31mred\x1b[0m\x07\x9b2J",
    "\\input{/etc/passwd} $x$ %& _",
    "=HYPERLINK(1)",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 900,
    "../../../etc",
    "\u202egnp.exe",
    "\N{GRINNING FACE}" * 50,
)
NUMBERS = (-1, 10**9, 10**30, 10**400, 1.5, float("nan"), float("inf"), -0.0, True)
THINGS: tuple[Any, ...] = (None, "", "text", [], {}, [[]], [None], {"a": {}}, False, *NUMBERS)
DEEP: Any = {}
for _ in range(200):
    DEEP = {"a": [DEEP]}
BYTES = (
    b"", b"null", b"[]", b"3", b"\x00" * 50, b"\xff\xfe{}", b"{", b'"\\ud800"', b"[" * 100_000,
    b'{"a":' * 5000, b'{"schema_version": ' + b"9" * 5000 + b"}", b'{"schema_version": 99}',
    b"PAR1" + b"\x00" * 100 + b"PAR1",
)  # fmt: skip


@dataclass(frozen=True)
class Tampering:
    """One change to a study's folder, by the kind that it is an example of."""

    kind: str
    name: str
    do: Callable[[Path], None]

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def study(root: Path) -> Path:
    """Writes the study that is tampered with: every runtime, a baseline, histories."""
    made = one_student_deployed(root)
    store = made.finish()
    points = [{"step": step, "loss": 1.0 / step, "accuracy": 0.5} for step in (10, 20)]
    store.write_history(store.finished("s" * 16), points)
    return root


def tamperings() -> Iterator[Tampering]:
    """Yields every change that is tried, kind by kind."""
    yield from _of_files()
    yield from _of_entries()
    yield from _of_names()
    yield from _of_outcomes()


def _files(root: Path) -> list[Path]:
    """Returns one file of each sort."""
    student = root / "models" / f"tiny--s0--{'s' * 16}"
    return [
        root / "study.json",
        student / "record.json",
        student / "history.json",
        student / "predictions.parquet",
        student / "onnx" / "record.json",
        student / "onnx" / "predictions.parquet",
        min((root / "measurements").glob("*.json")),
    ]


_SORTS = ("manifest", "record", "history", "outcomes", "form", "form's outcomes", "session")


def _of_files() -> Iterator[Tampering]:
    for number, sort in enumerate(_SORTS):
        for content in BYTES:

            def write(root: Path, number: int = number, content: bytes = content) -> None:
                _files(root)[number].write_bytes(content)

            yield Tampering(f"bytes of the {sort}", repr(content[:20]), write)

        def cut(root: Path, number: int = number) -> None:
            path = _files(root)[number]
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

        def remove(root: Path, number: int = number) -> None:
            _files(root)[number].unlink()

        def folder(root: Path, number: int = number) -> None:
            remove(root, number)
            _files(root)[number].mkdir() if number != 6 else (root / "measurements/a.json").mkdir()

        yield Tampering(f"bytes of the {sort}", "half", cut)
        if sort != "session":
            yield Tampering(f"bytes of the {sort}", "gone", remove)
            yield Tampering(f"bytes of the {sort}", "a folder", folder)


def _paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yields the place of every entry, of lists the first alone."""
    pairs: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))[:1]
    for key, inner in pairs:
        yield (*above, key)
        yield from _paths(inner, (*above, key))


def _change(path: Path, place: tuple[str | int, ...], value: Any) -> None:
    said = json.loads(path.read_text(encoding="utf-8"))
    inner = said
    for key in place[:-1]:
        inner = inner[key]
    if value is KeyError:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    path.write_text(json.dumps(said), encoding="utf-8")


def _of_entries() -> Iterator[Tampering]:
    """Every entry of every file, with everything that it is not."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as scratch:
        places = {
            number: list(_paths(json.loads(path.read_text(encoding="utf-8"))))
            for number, path in enumerate(_files(study(Path(scratch) / "study")))
            if path.suffix == ".json"
        }
    for number, found in places.items():
        for place in found:
            for value in (*THINGS, DEEP, KeyError):

                def change(
                    root: Path,
                    number: int = number,
                    place: tuple[str | int, ...] = place,
                    value: Any = value,
                ) -> None:
                    _change(_files(root)[number], place, value)

                shown = ".".join(map(str, place))
                kind = f"entries of the {_SORTS[number]}"
                yield Tampering(kind, f"{shown} = {repr(value)[:30]}", change)


_NAMED = (
    (0, ("study",)), (0, ("rows", 1, "name")), (0, ("rows", 1, "kind")), (0, ("rows", 0, "name")),
    (1, ("name",)), (1, ("kind",)), (1, ("variant",)), (1, ("data", "origin")),
    (1, ("environment", "cpu")), (1, ("created",)), (1, ("recipe", "name")),
    (4, ("failure",)), (6, ("environment", "cpu")), (6, ("environment", "cores")), (6, ("id",)),
    (6, ("timings", 0, "failure")), (1, ("data", "labels", 0)), (0, ("rows", 1, "road")),
    (0, ("rows", 1, "runtimes", 0)), (0, ("rows", 1, "members", 0, "key")),
)  # fmt: skip


def _of_names() -> Iterator[Tampering]:
    """Whatever is shown, with every name."""
    for number, place in _NAMED:
        for text in NAMES:

            def change(
                root: Path,
                number: int = number,
                place: tuple[str | int, ...] = place,
                text: str = text,
            ) -> None:
                _change(_files(root)[number], place, text)

            shown = ".".join(map(str, place))
            yield Tampering("names", f"{_SORTS[number]} {shown} = {text[:20]!r}", change)

    def labels(root: Path) -> None:
        names = [*NAMES[:4]]
        for path in root.rglob("record.json"):
            _change(path, ("data", "labels"), names)

    yield Tampering("names", "labels everywhere", labels)


def _of_outcomes() -> Iterator[Tampering]:
    changes: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
        "half of the texts": lambda frame: frame.head(50),
        "no texts": lambda frame: frame.head(0),
        "twice the texts": lambda frame: pd.concat([frame, frame], ignore_index=True),
        "no columns": lambda frame: frame[[]],
        "another split": lambda frame: frame.assign(split="train"),
        "no split": lambda frame: frame.assign(split=None),
        "a split in bytes": lambda frame: frame.assign(split=b"\xff\xfe"),
        "lists": lambda frame: frame.assign(gold=[[1]] * len(frame)),
        "texts for numbers": lambda frame: frame.assign(confidence="high"),
        "dates for numbers": lambda frame: frame.assign(brier=pd.Timestamp("2026-01-01")),
    }
    for column in ("gold", "prediction", "teacher_prediction", "confidence", "words", "oos_score"):
        for value in (-1, 4, 10**6, 2**40, float("nan"), float("inf"), None):
            changes[f"{column} = {value}"] = lambda frame, column=column, value=value: frame.assign(
                **{column: value}
            )
        changes[f"no {column}"] = lambda frame, column=column: frame.drop(columns=column)
    for place, sort in ((3, "outcomes"), (5, "form's outcomes")):
        for name, change in changes.items():

            def write(
                root: Path,
                place: int = place,
                change: Callable[[pd.DataFrame], pd.DataFrame] = change,
            ) -> None:
                path = _files(root)[place]
                change(pd.read_parquet(path)).to_parquet(path, index=False)

            yield Tampering(sort, name, write)
