"""Mistakes in a file of a teacher's outputs."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tiny_cures import (
    CHECK,
    CSV,
    SHARES,
    Act,
    Case,
    command,
    done,
    key,
    refiled,
    removed,
    rewritten,
)


def with_outputs(**teacher: Any) -> dict[str, Any]:
    """Returns what a recipe says of a teacher that is a file alone."""
    return {
        "data": {"files": "rows.csv", "oos_label": None, "split": SHARES},
        "teacher": {"model": None, "fine_tune": None, "outputs": "o.jsonl", **teacher},
        "student": {"kind": "fasttext", "text": "words"},
    }


def outputs(**columns: Any) -> str:
    """Returns a row for each text of the data; a column's value follows from its label."""
    rows = [line.split(",") for line in CSV.splitlines()[1:]]
    return "".join(
        json.dumps({"text": text, **{name: cell[label] for name, cell in columns.items()}}) + "\n"
        for text, label in rows
    )


def parquet(noted: Any) -> Act:
    """Writes o.parquet, with what its metadata note."""
    rows = [line.split(",") for line in CSV.splitlines()[1:]]
    table = pa.table(
        {"text": [text for text, _ in rows],
         "logits": [[2.0, -1.0] if label == "music" else [-1.0, 2.0] for _, label in rows]}
    )  # fmt: skip
    metadata = None if noted is None else {"kdzoo": json.dumps(noted)}
    return lambda _: pq.write_table(table.replace_schema_metadata(metadata), "o.parquet")


LABELLED = outputs(label={"music": "music", "weather": "weather"})
LISTED = outputs(logits={"music": [2.0, -1.0], "weather": [-1.0, 2.0]})
NAMED = outputs(logits={"music": {"music": 2.0, "weather": -1.0},
                        "weather": {"music": -1.0, "weather": 2.0}})  # fmt: skip
MORE = LABELLED + json.dumps({"text": "on", "label": "music"}) + "\n"
NEAREST = {"unlabelled": {"files": "more.txt", "max_texts": 5, "choose": "nearest"}}
RUN = "run mine.yaml"
ROWS_CSV = {"rows.csv": CSV}

CASES: dict[str, Case] = {
    "outputs that are not there": Case(
        CHECK, "no such file of outputs", command(r"`kdzoo texts RECIPE (-o texts.jsonl)`",
                                                  "texts mine.yaml {}"),
        with_outputs(), ROWS_CSV,
    ),
    "outputs of some texts": Case(
        RUN, "does not cover", command(r"kdzoo texts RECIPE (-o texts.jsonl)",
                                       "texts mine.yaml {}"),
        with_outputs(), {**ROWS_CSV, "o.jsonl": LABELLED.splitlines(keepends=True)[0]},
    ),
    "words of a file": Case(
        RUN, "needs the words of the teacher's model", rewritten("or remove transfer.augment",
                                                                 transfer=None),
        {**with_outputs(), "transfer": {"augment": {"kind": "near_words"}}},
        {**ROWS_CSV, "o.jsonl": LABELLED},
    ),
    "no text in outputs": Case(
        CHECK, "no column 'text'", refiled("did you mean", {"o.jsonl": LABELLED}),
        with_outputs(), {**ROWS_CSV, "o.jsonl": LABELLED.replace('"text"', '"txt"')}, quick=True,
    ),
    "lists without names": Case(
        CHECK, "have no names; give teacher.labels", rewritten("teacher.labels: [...]", teacher={
            "labels": ["music", "weather"]}),
        with_outputs(), {**ROWS_CSV, "o.jsonl": LISTED},
        quick=True,
    ),
    "lists with names": Case(
        CHECK, "says itself in which order", removed("teacher.labels"),
        with_outputs(outputs="o.parquet", labels=["weather", "music"]), ROWS_CSV,
        prepare=parquet({"labels": ["music", "weather"]}),
    ),
    "notes that are not kdzoo's": Case(
        CHECK, "is not what kdzoo writes", lambda message, written: rewritten(
            "give teacher.labels", teacher={"labels": ["music", "weather"]})(
                message, done("write the file without it", parquet(None))(message, written)),
        with_outputs(outputs="o.parquet"), ROWS_CSV, prepare=parquet(["music"]),
    ),
    "two outputs of a text": Case(
        RUN, "says two different things", refiled("keep one row of each", {"o.jsonl": LABELLED}),
        with_outputs(), {**ROWS_CSV, "o.jsonl": LABELLED + LABELLED.replace(
            '"music"', '"weather"')},
    ),
    **{
        f"a label that is not known, {how}": Case(
            RUN, "unknown label '", refiled("did you mean 'weather'", {"o.jsonl": right}),
            with_outputs(), {**ROWS_CSV, "o.jsonl": right.replace('"weather"', f'"{wrong}"')},
        )
        for how, wrong, right in (("alone", "wether", LABELLED), ("in logits", "wheather", NAMED))
    },
    "a logit that is not there": Case(
        RUN, "only probabilities may be left out", refiled("only probabilities", {
            "o.jsonl": outputs(probabilities={"music": {"music": 1}, "weather": {"weather": 1}})}),
        with_outputs(), {**ROWS_CSV, "o.jsonl": NAMED.replace(', "weather": -1.0', "")},
    ),
    "weights of a file": Case(
        CHECK, "which lends no weights", key("student.embeddings"),
        {**with_outputs(), "student": {"kind": "fasttext", "text": "words",
                                       "embeddings": "teacher"}},
        {**ROWS_CSV, "o.jsonl": LABELLED}, quick=True,
    ),
    "weights of an encoder": Case(
        CHECK, "which lends no weights", rewritten("name teacher.encoder", teacher={
            "encoder": "{encoder}"}),
        {**with_outputs(), "student": {"kind": "fasttext", "dim": 16, "text": "words",
                                       "embeddings": "teacher"}},
        {**ROWS_CSV, "o.jsonl": LABELLED},
    ),
    **{
        f"the nearest by a file: {cure}": Case(
            CHECK, "compares by an encoder's sentence vectors, and", change,
            {**with_outputs(), "transfer": NEAREST},
            {**ROWS_CSV, "o.jsonl": MORE, "more.txt": "on\n"},
        )
        for cure, change in (
            ("an encoder", rewritten("name teacher.encoder", teacher={"encoder": "{encoder}"})),
            ("none", removed("transfer.unlabelled.choose")),
        )
    },
    **{
        f"encodings beside a file: {cure}": Case(
            CHECK, "compares by an encoder's sentence vectors, and", change,
            {**with_outputs(), "objective": {"kind": "kl", "hidden": 1.0}},
            {**ROWS_CSV, "o.jsonl": MORE},
        )
        for cure, change in (
            ("an encoder", rewritten("name teacher.encoder", teacher={"encoder": "{encoder}"})),
            ("none", removed("objective.hidden")),
        )
    },
    "labels that smoothing turns round": Case(
        CHECK, "and each other one", key("teacher.smoothing"),
        with_outputs(smoothing=0.6), {**ROWS_CSV, "o.jsonl": LABELLED}, quick=True,
    ),
    "outputs of no home": Case(
        CHECK, "nobody knows the home folder", rewritten("write the whole path", teacher={
            "outputs": "o.jsonl"}),
        with_outputs(outputs="~no_such_user/o.jsonl"), {**ROWS_CSV, "o.jsonl": LABELLED},
    ),
}  # fmt: skip
