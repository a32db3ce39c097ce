"""A reader who follows a how-to: its files and commands as they stand, in an empty folder."""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import yaml
from tiny_pairs import some_pairs
from tiny_sets import NAMES, rows_of
from tiny_tokens import save_tokens
from tiny_world import LABELS, CommandResult, RunCommand, save_tiny_bert, texts_of, tiny_recipe_data

HOW_TO = Path(__file__).resolve().parent.parent / "docs" / "how-to"
FEW_STEPS = (
    "--seeds", "0", "--workers", "1",
    "--set", "training.steps=4", "--set", "training.evaluations=1",
    "--set", "measure.rounds=1", "--set", "measure.texts=2", "--set", "measure.isolated=false",
    "--set", "measure.runtimes=[torch]",
)  # fmt: skip
SHORTER = {
    "run": FEW_STEPS,
    "init": ("--students", "static,cnn"),
    "tune": ("--trials", "2"),
    "bench": ("--no-isolation",),
}
ELSEWHERE = (
    "pip ",
    "hf auth ",
    "ray start ",
    "tail -f ",
    "uvicorn ",
    "curl ",
    "npm ",
    "python -m http.server ",
)  # other programs
NOT_FOUND = {"pick": (0, 1)}  # a command whose exit code says what it found
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+\.(?:py|yaml|sh))")
_SHIPPED = re.compile(r"(kdzoo (?:run|tune|new|show|check)) (clinc150|quickstart)(?:-few)?(/\w+)?")


@dataclass
class Reader:
    """Follows pages in one folder.

    Attributes:
        kdzoo: the command line, in that folder.
        folder: his.
        shorter: options for less work, by command.
        done: the commands that were given, and what came of them.
    """

    kdzoo: RunCommand
    folder: Path
    shorter: Mapping[str, Sequence[str]] = field(default_factory=lambda: SHORTER)
    done: list[tuple[str, CommandResult]] = field(default_factory=list)

    def follow(
        self,
        page: str,
        own: Mapping[str, str] | None = None,
        *,
        into_recipes: Callable[[Reader, str], None] | None = None,
        after: Callable[[str], None] = lambda line: None,
        without: str = "$^",
    ) -> None:
        """Writes the files of a page and gives its commands, in their order.

        Args:
            page: its name, without ``.md``.
            own: what a reader replaces by his own, and by what.
            into_recipes: what he does with the teacher of a YAML block.
            after: what he does after a command.
            without: an expression of the commands that are not given.
        """
        for language, text in _BLOCK.findall((HOW_TO / f"{page}.md").read_text("utf-8")):
            for old, new in (own or {}).items():
                text = text.replace(old, new)
            named = _FILE.match(text)
            if named is not None:
                (self.folder / named[1]).write_text(text, encoding="utf-8")
            elif language == "yaml" and text.startswith("teacher:") and into_recipes is not None:
                into_recipes(self, text)
            elif language == "console":
                for line in text.splitlines():
                    if not re.search(without, line):
                        self.give(line)
                        after(line)

    def give(self, line: str) -> CommandResult:
        """Gives one command, which has to work."""
        if line.startswith(ELSEWHERE):
            return CommandResult(0, "", "")
        line = _SHIPPED.sub(
            lambda found: f"{found[1]} zoo/{found[2]}" + (f"{found[3]}.yaml" if found[3] else ""),
            line,
        )
        if "MODEL" in line:
            line = line.replace("MODEL", self.student())
        program, *words = shlex.split(line, comments=True)
        if program == "kdzoo" and ">" in words:
            words, target = words[: words.index(">")], words[-1]
            outcome = self.kdzoo(*words)
            (self.folder / target).write_text(outcome.out, encoding="utf-8")
        elif program == "kdzoo":
            outcome = self.kdzoo(*words, *self.shorter.get(words[0], ()))
        else:
            outcome = self._python(program, words)
        wanted = NOT_FOUND.get(words[0], (0,))
        assert outcome.code in wanted, f"{line}\n{outcome.out}{outcome.err}"
        assert "Traceback" not in outcome.err
        self.done.append((line, outcome))
        return outcome

    def _python(self, program: str, words: Sequence[str]) -> CommandResult:
        assert program == "python", f"no reader of kdzoo has {program}"
        done = subprocess.run(
            [sys.executable, *words], cwd=self.folder, capture_output=True, text=True, timeout=200
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def student(self) -> str:
        """The name of the folder of a student, as the pages' MODEL stands for one."""
        records = sorted(self.folder.glob("runs/*/models/*/record.json"))
        said = {path.parent.name: json.loads(path.read_text("utf-8")) for path in records}
        return next(name for name, each in said.items() if each["role"] == "student")


def texts(folder: Path) -> None:
    """Writes what pages call my_data/, my.csv, queries and texts, and a finished classifier."""
    rng = random.Random(7)
    rows = [(text, label) for label in LABELS for text in texts_of(label, 60, rng)]
    rng.shuffle(rows)
    data = folder / "my_data"
    data.mkdir()
    table = pd.DataFrame(rows, columns=["request", "intent"])
    parts = {"train": table[:150], "validation": table[150:190], "test": table[190:]}
    for split, part in parts.items():
        part.to_csv(data / f"{split}.csv", index=False)
    table.to_csv(folder / "my.csv", index=False, sep=";")
    known = {text for text, _ in rows}
    more = [text for label in LABELS for text in texts_of(label, 30, rng) if text not in known]
    (folder / "queries.txt").write_text("\n".join(more) + "\n", encoding="utf-8")
    pd.DataFrame({"text": more}).to_json(folder / "chats.jsonl", orient="records", lines=True)
    pd.DataFrame({"text": more}).to_csv(folder / "texts.csv", index=False)
    table[190:].to_csv(folder / "queries.csv", index=False)
    save_tiny_bert(folder / "my_finetuned_bert", tuple(reversed(LABELS)))


def pairs(folder: Path) -> None:
    """Writes pairs.csv, and a finished classifier of pairs."""
    table = pd.DataFrame(some_pairs(200), columns=["question1", "question2", "duplicate"])
    table.to_csv(folder / "pairs.csv", index=False)
    save_tiny_bert(folder / "my_finetuned_bert", ("other", "same"))


def sets(folder: Path) -> None:
    """Writes comments.jsonl with lists of labels, and a finished classifier of such texts."""
    rows = rows_of(250, random.Random(7))
    table = pd.DataFrame(rows, columns=["text", "labels"])
    table.to_json(folder / "comments.jsonl", orient="records", lines=True)
    config = save_tiny_bert(folder / "my_finetuned_bert", NAMES) / "config.json"
    said = json.loads(config.read_text("utf-8")) | {"problem_type": "multi_label_classification"}
    config.write_text(json.dumps(said), encoding="utf-8")


def sentences(folder: Path) -> None:
    """Writes my_data/ of words with tags, and letters to read."""
    save_tokens(folder / "my_data")
    (folder / "letters.jsonl").write_text('{"text": "play the jazz band"}\n', encoding="utf-8")


def zoo(folder: Path, data: Path, encoder: Path) -> None:
    """Writes small recipes in place of those of ``clinc150`` and ``quickstart``."""
    small = {"bilstm": {"dim": 16, "hidden": 16, "head": 16}, "cnn": {"dim": 16, "maps": 16},
             "static": {"dim": 16}}  # fmt: skip
    for study in ("clinc150", "quickstart"):
        (folder / "zoo" / study).mkdir(parents=True)
        for name, options in small.items():
            recipe = tiny_recipe_data(data, encoder)
            recipe |= {"name": name, "student": {"kind": name, **options}}
            recipe["training"] |= {"steps": 20, "evaluations": 1}
            path = folder / "zoo" / study / f"{name}.yaml"
            path.write_text(yaml.safe_dump(recipe), encoding="utf-8")


World = Callable[[Path], None]
