"""What a message says to write is written, as it stands: the same message does not come again."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import cures_of_cells
import cures_of_choices
import cures_of_commands
import cures_of_data
import cures_of_encoders
import cures_of_engines
import cures_of_labels
import cures_of_models
import cures_of_outputs
import cures_of_recipes
import cures_of_results
import cures_of_students
import cures_of_tasks
import cures_of_words
import pytest
import yaml
from tiny_cures import Case, laid_over, write_files
from tiny_exports import save_student
from tiny_world import LABELS, RunCommand, own_registrations, save_tiny_bert, tiny_recipe_data

NAMELESS = tuple(f"LABEL_{number}" for number in range(len(LABELS)))
FILES = (
    cures_of_cells,
    cures_of_choices,
    cures_of_commands,
    cures_of_data,
    cures_of_encoders,
    cures_of_engines,
    cures_of_labels,
    cures_of_models,
    cures_of_outputs,
    cures_of_recipes,
    cures_of_results,
    cures_of_students,
    cures_of_tasks,
    cures_of_words,
)
CASES: dict[str, Case] = {name: case for file in FILES for name, case in file.CASES.items()}


@pytest.fixture(scope="module")
def things(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_data: Path,
    tiny_encoder: Path,
    tiny_teacher: Path,
) -> dict[str, str]:
    """What the cases' commands are given, by name."""
    root = tmp_path_factory.mktemp("things")
    return {
        "data": str(tiny_data),
        "encoder": str(tiny_encoder),
        "teacher": str(tiny_teacher),
        "student": str(save_student("fasttext", root / "student", tiny_encoder)),
        "nameless": str(save_tiny_bert(root / "nameless", NAMELESS)),
        "stranger": str(_with_other_ids(tiny_encoder, root / "stranger")),
        "capitals": str(save_tiny_bert(root / "capitals", tuple(map(str.upper, LABELS)))),
    }


def _with_other_ids(encoder: Path, folder: Path) -> Path:
    """Copies an encoder; two of its pieces change places."""
    shutil.copytree(encoder, folder)
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    vocabulary = content["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def _filled(value: Any, things: dict[str, str]) -> Any:
    """Returns what is written, with the things that names in braces stand for."""
    text = json.dumps(value)
    for name, thing in things.items():
        text = text.replace(f"{{{name}}}", thing)
    return json.loads(text)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (not case.quick))
        for name, case in CASES.items()
    ],
)
def test_a_cure_works_as_it_is_written(
    name: str, things: dict[str, str], kdzoo: RunCommand
) -> None:
    case = CASES[name]
    recipe = laid_over(tiny_recipe_data(Path(things["data"]), Path(things["encoder"])), case.recipe)
    written = _filled({"command": shlex.split(case.command), "recipe": recipe}, things)
    write_files(_filled(case.files, things))
    if case.prepare is not None:
        case.prepare(things)

    def give(written: dict[str, Any]) -> Any:
        Path("mine.yaml").write_text(yaml.safe_dump(written["recipe"]), encoding="utf-8")
        with own_registrations():  # as a process of its own would load them
            return kdzoo(*written["command"])

    refused = give(written)
    assert (refused.code, refused.out.count("Traceback")) == (2, 0), refused
    assert case.said in refused.err

    outcome = give(_filled(case.cure(refused.err, {**written, "things": things}), things))

    assert case.said not in outcome.err
    assert outcome.code == 0 or not case.once, outcome.err


def test_each_case_has_a_name_of_its_own() -> None:
    assert len(CASES) == sum(len(file.CASES) for file in FILES)
