"""Mistakes in the names of labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiny_cures import (
    CHECK,
    Case,
    Write,
    added,
    copied,
    done,
    edited,
    fitted,
    flag,
    quoted,
    removed,
    yaml_as_said,
)
from tiny_exports import export_to
from tiny_world import LABELS

ODD = ("don't", 'say "no"', "[x], y", "a: b")


def with_names(write: Write, labels: Sequence[str] = LABELS) -> Write:
    """Writes what the message says, the data's labels in place of the outputs' numbers."""

    def filled(message: str, written: dict[str, Any]) -> dict[str, Any]:
        assert "in place of each <...>" in message, message
        for number, label in enumerate(labels):
            message = message.replace(
                f'"<LABEL_{number}>"', json.dumps(label).replace("'", "'\"'\"'")
            )
        return write(message, written)

    return filled


def export_named(things: dict[str, str]) -> None:
    """Names the outputs of a copy, and exports that in place of the form without names."""
    copied("nameless")(things)
    edited("copy/config.json", id2label=dict(enumerate(LABELS)))
    export_to(Path("copy"), Path("form"))


CASES: dict[str, Case] = {
    "nameless outputs, bench": Case(
        "bench copy --texts rows.csv --labels label --rounds 1 --no-isolation --runtimes torch "
        "--out out", "'alarm'; its 4 outputs are called LABEL_0, LABEL_1, ...", done(
            "write their names, in their order, as id2label into ",
            lambda _: edited("copy/config.json", id2label=dict(enumerate(LABELS)))),
        files={"rows.csv": f"text,label\nplay,{LABELS[0]}\n"}, prepare=copied("nameless"),
    ),
    "nameless outputs of an exported form, bench": Case(
        "bench form --texts rows.csv --labels label --rounds 1 --no-isolation --out out",
        "'alarm'; its 4 outputs are called LABEL_0, LABEL_1, ...", done(
            "into the config.json of the model that was exported, and export it again",
            export_named),
        files={"rows.csv": f"text,label\nplay,{LABELS[0]}\n"},
        prepare=lambda things: export_to(Path(things["nameless"]), Path("form")),
    ),
    **{
        f"labels of {name}, {how}": Case(
            "init --data {data} --teacher {" + name + "} -o mine", "not those of the data", cure,
        )
        for name, named in (
            ("nameless", with_names(quoted("--teacher-labels"))),
            ("capitals", quoted("--teacher-labels")),
        )
        for how, cure in (("named", named), ("fitted", flag("--fine-tune")))
    },
    "names of numbers, check": Case(
        CHECK, "not those of the data", with_names(yaml_as_said),
        {"teacher": {"model": "{nameless}", "fine_tune": None}},
    ),
    "names of other outputs, init": Case(
        "init --data {data} --teacher {teacher} -o mine --teacher-labels "
        "'[alarm, music, oos, weather]'", "configuration calls output", removed("--teacher-labels"),
        quick=True,
    ),
    "names of other outputs, check": Case(
        CHECK, "configuration calls output", removed("teacher.labels"),
        {"teacher": {"model": "{teacher}", "fine_tune": None, "labels": list(LABELS)}},
    ),
    "labels with quotes": Case(
        "init --data odd.jsonl --teacher {nameless} -o mine", "not those of the data",
        with_names(quoted("--teacher-labels"), ODD),
        files={"odd.jsonl": "".join(json.dumps({"text": f"play {i}", "label": ODD[i % 4]}) + "\n"
                                    for i in range(32))},
    ),
    "too few names, init": Case(
        "init --data {data} --teacher {nameless} -o mine --teacher-labels '[a, b]'",
        "names, the model in",
        quoted("--teacher-labels"), once=False,
    ),
    "too few names, check": Case(
        CHECK, "names, the model in", yaml_as_said,
        {"teacher": {"model": "{teacher}", "fine_tune": None, "labels": ["a", "b"]}},
    ),
    "other names, check": Case(
        CHECK, "not those of the data", yaml_as_said,
        {"teacher": {"model": "{capitals}", "fine_tune": None}},
    ),
    "other names, fitted": Case(
        CHECK, "not those of the data", fitted,
        {"teacher": {"model": "{capitals}", "fine_tune": None}}, quick=True,
    ),
    "wrong names, fitted": Case(
        CHECK, "not those of the data", fitted,
        {"teacher": {"model": "{teacher}", "fine_tune": None, "labels": ["a", "b", "c", "d"]}},
    ),
    "names of a teacher to be fitted": Case(
        "init --data {data} --teacher {encoder} -o mine --teacher-labels '[a]'",
        "is to be fine-tuned", removed("--teacher-labels"),
    ),
    "an encoder of another vocabulary": Case(
        "init --data {data} --teacher {teacher} -o mine --encoder {stranger}",
        "was not fine-tuned from it", removed("--encoder"), quick=True,
    ),
    "the origin of a teacher to be fitted": Case(
        "init --data {data} --teacher {encoder} -o mine --encoder {encoder}",
        "is to be fitted here", removed("--encoder"),
    ),
    "recipes that are there": Case(
        "init --data {data} --teacher {encoder} -o old", "already; give", added("-o", "new"),
        files={"old/cnn.yaml": ""},
    ),
}  # fmt: skip
