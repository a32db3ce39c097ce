"""Mistakes in the names of labels."""

from __future__ import annotations

import json

from tiny_cures import CHECK, Case, added, fitted, flag, quoted, removed, yaml_as_said

ODD = ("don't", 'say "no"', "[x], y", "a: b")

CASES: dict[str, Case] = {
    **{
        f"labels of {name}, {how}": Case(
            "init --data {data} --teacher {" + name + "} -o mine", "not those of the data", cure,
        )
        for name in ("nameless", "capitals")
        for how, cure in (("named", quoted("--teacher-labels")), ("fitted", flag("--fine-tune")))
    },
    "labels with quotes": Case(
        "init --data odd.jsonl --teacher {nameless} -o mine", "not those of the data",
        quoted("--teacher-labels"),
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
