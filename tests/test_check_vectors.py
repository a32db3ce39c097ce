"""A file of word vectors is read to its end before a teacher is fitted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tiny_world import RunCommand, WriteRecipe

pytest.importorskip("torchtext")

TWELVE = " ".join(["0.5"] * 12)


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not a file of word vectors"),
        (f"rain {TWELVE}\nsun 1 2\n", "is not a file of word vectors"),
        (f"rain {TWELVE}\nsun {TWELVE.replace('0.5', 'nan', 1)}\n", "'sun' are not all finite"),
        ("rain 1 2 3\nsun 4 5 6\n", "the vectors are 3 wide"),
    ],
    ids=["empty", "uneven", "not_a_number", "narrow"],
)
def test_one_that_cannot_serve_is_refused_before_any_training(
    kdzoo: RunCommand, write_recipe: WriteRecipe, command: str, content: str, said: str
) -> None:
    Path("words.txt").write_text(content, encoding="utf-8")
    recipe = write_recipe(student={"embeddings": {"vectors": "words.txt"}})

    outcome = kdzoo(command, recipe)

    assert outcome.code == 2, outcome.out + outcome.err
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert not Path("runs").exists()


def test_one_for_a_student_without_a_table_is_refused_too(
    kdzoo: RunCommand, write_recipe: WriteRecipe
) -> None:
    wide = " ".join(["0.5"] * 400)
    Path("words.txt").write_text(f"rain {wide}\nsun {wide}\n", encoding="utf-8")
    path = write_recipe()
    recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
    recipe["student"] = {"kind": "distilbert", "layers": 1, "embeddings": {"vectors": "words.txt"}}
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")

    outcome = kdzoo("check", path)

    assert outcome.code == 2, outcome.out
    assert "has no attribute `embedding`" in outcome.err


def test_one_that_serves_passes(kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
    wide = " ".join(["0.5"] * 400)
    Path("words.txt").write_text(f"rain {wide}\nsun {wide}\n", encoding="utf-8")

    outcome = kdzoo("check", write_recipe(student={"embeddings": {"vectors": "words.txt"}}))

    assert outcome.code == 0, outcome.err
