"""What recipes name by path or name alone is the same in all seeds of a row, or rows differ."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_models import tiny_corpus

from kdzoo.extensions import load_extensions
from kdzoo.recipe import Variant, recipe_model
from kdzoo.steps import StudentJob
from kdzoo.steps.seed_run import SeedRun
from kdzoo.transfer import build_transfer_set

pytestmark = pytest.mark.usefixtures("own_registries")

CORPUS = tiny_corpus()
OWN_STUDENT = """\
from torch import nn
from kdzoo import register_student
@register_student("mine", road="change")
class Mine(nn.Module):
    def __init__(self, vocab_size: int, num_labels: int) -> None:
        super().__init__()
"""
OWN_OBJECTIVE = """\
from kdzoo import register_objective
@register_objective("mine")
def mine(student_logits, teacher_logits):
    return (student_logits - teacher_logits).square().mean()
"""
OWN_AUGMENTER = """\
from kdzoo import register_augmenter
@register_augmenter("mine")
def mine(words, rng, context):
    return [*words, "please"]
"""
STATIC = {"kind": "fasttext"}
Section = dict[str, Any]


def own(code: str) -> Callable[[Path, str], None]:
    """Returns what writes a user's file, in one of its states, and loads it."""

    def write(place: Path, state: str) -> None:
        (place / "own.py").write_text(f"{code}# {state}\n", encoding="utf-8")
        load_extensions(place / "own.py")

    return write


def unlabelled(place: Path, state: str) -> None:
    (place / "more.txt").write_text(f"play jazz\nplay {state} music\n", encoding="utf-8")


def vectors(place: Path, state: str) -> None:
    (place / "vectors.txt").write_text(f"play {len(state)} 2\n", encoding="utf-8")


def model(place: Path, state: str) -> None:
    """Edits the model that lies in the folder."""
    path = place / "model" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(config | {"note": state}), encoding="utf-8")


NAMED: dict[str, tuple[Callable[[Path, str], None], Callable[[Path], Section]]] = {
    "student": (own(OWN_STUDENT), lambda _: {"student": {"kind": "mine"}}),
    "objective": (own(OWN_OBJECTIVE), lambda _: {"objective": {"kind": "mine"}}),
    "augmenter": (own(OWN_AUGMENTER), lambda _: {"transfer": {"augment": {"kind": "mine"}}}),
    "unlabelled": (
        unlabelled,
        lambda place: {"transfer": {"unlabelled": {"files": str(place / "more.txt")}}},
    ),
    "vectors": (
        vectors,
        lambda place: {"student": STATIC | {"embeddings": {"vectors": str(place / "vectors.txt")}}},
    ),
    "model": (model, lambda place: {"student": {"kind": "hf", "model": str(place / "model")}}),
}


def made_of(sections: Section, seed: int) -> str:
    """Returns what a student of some teacher, and of this seed, says that it is made of."""
    plain = {
        "version": 1,
        "name": "tiny",
        "data": {"embedded": "assistant"},
        "teacher": {"model": "some/model"},
        "student": STATIC,
        "objective": {"kind": "kl"},
    }
    recipe = recipe_model().model_validate(plain | sections)
    teacher = SimpleNamespace(encoder_key=lambda: "e")
    run = SeedRun(Variant(recipe, "", ""), seed, CORPUS, SimpleNamespace(whole=teacher))  # type: ignore[arg-type]
    transfer = build_transfer_set(CORPUS, recipe.transfer, "[MASK]", seed)
    return StudentJob(run, transfer, SimpleNamespace(fingerprint=f"{seed}"), False).made_of  # type: ignore[arg-type]


@pytest.mark.parametrize("what", NAMED)
def test_seeds_are_made_of_the_same_until_what_is_named_changes(
    what: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    """A mean over seeds of both states would be of two things."""
    shutil.copytree(tiny_encoder, tmp_path / "model")
    write, sections_in = NAMED[what]
    found = []
    for state in ("one", "other"):
        write(tmp_path, state)
        found.append([made_of(sections_in(tmp_path), seed) for seed in (0, 1)])

    (first, again), (other, _) = found
    assert first == again
    assert first != other


def test_a_file_that_lies_elsewhere_is_the_same(tmp_path: Path) -> None:
    """Two machines have no folder of one name."""
    places = [tmp_path / "here", tmp_path / "there"]
    for place in places:
        place.mkdir()
        unlabelled(place, "loud")
        vectors(place, "one")
    found = {
        made_of(NAMED["unlabelled"][1](place) | NAMED["vectors"][1](place), 0) for place in places
    }

    assert len(found) == 1
