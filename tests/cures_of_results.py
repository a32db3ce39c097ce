"""Mistakes in folders of results, and in which of their models is meant."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import yaml
from tiny_cures import Act, Case, Write, another_word, command, edited, removed
from tiny_results import one_student
from tiny_world import tiny_recipe_data

from kdzoo.api import run


def study(folder: str = "study", origin: str | None = None) -> Act:
    """Writes a study by hand, of a teacher, a student and its control."""

    def act(_: dict[str, str]) -> None:
        one_student(Path(folder)).finish()
        for path in Path(folder).glob("models/*/record.json") if origin else ():
            data = json.loads(path.read_text(encoding="utf-8"))["data"]
            edited(str(path), data={**data, "test_fingerprint": origin})

    return act


def studies(*acts: Act) -> Act:
    """Does all of it."""
    return lambda things: [act(things) for act in acts]


def trained(things: dict[str, str]) -> None:
    """Runs a study, into runs/tiny."""
    recipe = tiny_recipe_data(Path(things["data"]), Path(things["encoder"]))
    Path("mine.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    run("mine.yaml", out="runs/tiny")


def students(name: str) -> Path:
    """Returns a file of the student's in the study."""
    return next(Path("runs/tiny/models").glob("tiny--*")) / name


def damaged(name: str, content: bytes) -> Act:
    """Runs a study, and damages a file of its student's."""

    def act(things: dict[str, str]) -> None:
        trained(things)
        students(name).write_bytes(content)

    return act


def interrupted(things: dict[str, str]) -> None:
    """Runs a study up to its models: what is made of all of them is not there yet."""
    trained(things)
    Path("runs/tiny/study.json").unlink()


def run_again(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Runs the recipe once more."""
    assert "give the same kdzoo run command again" in message, message
    run("mine.yaml", out="runs/tiny")
    return written


def made_again(name: str) -> Write:
    """Removes the file, or its folder, as the message says, and runs the recipe again."""

    def write(message: str, written: dict[str, Any]) -> dict[str, Any]:
        found = re.search("remove (it|its folder) and run the recipe again", message)
        assert found, message
        if found[1] == "it":
            students(name).unlink()
        else:
            shutil.rmtree(students(name).parent)
        Path("mine.yaml").write_text(yaml.safe_dump(written["recipe"]), encoding="utf-8")
        run("mine.yaml", out="runs/tiny")
        return written

    return write


CASES: dict[str, Case] = {
    # which model is meant
    "a study, export": Case(
        "export study --out out", "choose one with --model",
        command(r"with --model NAME: (\w+)", "export study --out out --model {}"),
        prepare=study(), once=False, quick=True,
    ),
    "a model that is not there": Case(
        "export study --out out --model tin", "has no model '", another_word,
        prepare=study(), once=False,
    ),
    "a seed that is not there": Case(
        "export study --out out --model tiny --seed 7", "was not trained with seed",
        command(r"its seeds: (\d)", "export study --out out --model tiny --seed {}"),
        prepare=study(), once=False,
    ),
    "weights that are not there": Case(
        "export study --out out --model tiny", "holds no weights of",
        command("name the folder", "export {student} --out out --runtime onnx"),
        prepare=studies(study(), lambda _: [
            each.unlink() for each in Path("study").glob("models/*/model.safetensors")]),
    ),
    "a study, bench": Case(
        "bench study --texts rows.txt --out bench --rounds 1 --no-isolation --runtimes torch",
        "is a study; name models", command(
            r"as in (\S+)/MODEL", "bench {}/tiny--s0--ssssssssssssssss --texts rows.txt "
            "--out bench --rounds 1 --no-isolation --runtimes torch"),
        files={"rows.txt": "play\n"}, prepare=study(), once=False,
    ),
    "an interrupted study": Case(
        "report runs/tiny", "has not ended: it holds models", run_again, prepare=interrupted,
    ),
    "a model of no study": Case(
        "export {student} --out out --model tiny --runtime onnx", "is no study; remove them",
        removed("--model"),
    ),
    "a model of no study, push": Case(
        "push {student} me/tiny --model tiny", "is no study; remove them",
        removed("--model"), once=False,
    ),
    "a folder of no study, push": Case(
        "push {student} me/tiny", "and no model of one: name a folder",
        command("with --model NAME", "push study me/tiny --model tiny"),
        prepare=study(), once=False,
    ),
    "a form that was not made": Case(
        "push study me/tiny --model tiny --runtime onnx", "was not exported to", command(
            "its forms: none", "push study me/tiny --model tiny"), prepare=study(), once=False,
    ),
    "a repository without an owner": Case(
        "push study tiny --model tiny", "has no owner", command(
            r"as in (USER/\w+)", "push study {} --model tiny"), prepare=study(), once=False,
    ),
    "a repository's name": Case(
        "push study 'me/my tiny' --model tiny", "cannot be the name of a repository", command(
            r"as in (\S+)", "push study {} --model tiny"), prepare=study(), once=False,
    ),
    # reports
    "a report of several": Case(
        "report a b", "several folders become one, published", command(
            "give --out DIR", "report a b --out both"),
        prepare=studies(study("a"), study("b")),
    ),
    "a report of one": Case(
        "report a --out there", "copy one with --publish", command(
            "copy one with --publish", "report a --publish there"), prepare=study("a"),
    ),
    "a check of several": Case(
        "report a b --check", "check each of them", command(
            "check each of them", "report a --check"), prepare=study("a"), once=False,
    ),
    "a check that publishes": Case(
        "report a --check --publish there", "remove --publish", removed("--publish"),
        prepare=study("a"), once=False, quick=True,
    ),
    "other data": Case(
        "report a b --out both", "merge studies of the same data", command(
            "merge studies of the same data", "report a c --out both"),
        prepare=studies(study("a"), study("b", "f" * 16), study("c")),
    ),
    "published over a file": Case(
        "report a --publish there", "there is a file; give a folder", command(
            "give a folder", "report a --publish results/there"),
        prepare=study("a"), files={"there": "x"},
    ),
    "published over something else": Case(
        "report a --publish there", "holds other things than published", command(
            "as in results/STUDY", "report a --publish results/there"),
        prepare=study("a"), files={"there/letter.txt": "x"},
    ),
    "examples of other data": Case(
        "report runs/tiny --examples", "name its source with --data", command(
            "name its source with --data", "report runs/tiny --examples --data {data}"),
        prepare=studies(trained, lambda _: [
            edited(str(path), recipe={"data": {"files": "gone", "oos_label": "oos"}})
            for path in Path("runs/tiny/models").glob("tiny--*/record.json")]),
    ),
    # what is damaged
    **{
        f"{what} {name}": Case(
            "report runs/tiny", said, made_again(name), prepare=damaged(name, content),
        )
        for what, name, said, content in (
            ("a damaged", "record.json", "is damaged", b"{"),
            ("a strange", "record.json", "is not what kdzoo writes", b"{}"),
            ("a damaged", "predictions.parquet", "is damaged, or not that", b"x"),
            ("a damaged", "decision.json", "is not what this kdzoo writes", b"{"),
        )
    },
}  # fmt: skip
