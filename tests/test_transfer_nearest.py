"""Unlabelled texts that are like the labelled ones: which they are, and what they depend on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_transfer import MASK, corpus_of, section_of
from tiny_world import RunCommand, WriteRecipe

from kdzoo.data import NO_LABEL, Corpus, Example, Texts
from kdzoo.progress import Silent
from kdzoo.recipe import load_study
from kdzoo.results import Store
from kdzoo.steps import NotMadeError, StudyData
from kdzoo.teacher import CachedRows
from kdzoo.transfer import TransferSet, build_transfer_set
from kdzoo.transfer import nearest as nearest_module
from kdzoo.transfer.nearest import nearness

ANGLES = {f"text {degrees}": degrees for degrees in range(0, 360, 5)}
OWN = ["text 0", "text 90"]  # one of each label


def vectors_of(texts: Texts) -> CachedRows:
    """The point of a circle that a text names, its length another for each."""
    degrees = np.array([float(example.text.split()[1]) for example in texts])
    radians = np.deg2rad(degrees)
    lengths = 1 + degrees[:, None] % 7
    points = np.stack([np.cos(radians), np.sin(radians)], axis=1) * lengths
    shard = np.zeros(len(texts), dtype=[("digest", "<u8", (2,)), ("vectors", "<f2", (2,))])
    shard["vectors"] = points
    rows = np.arange(len(texts))
    return CachedRows(np.stack([np.zeros_like(rows), rows], axis=1), [shard])


def chosen(
    texts: Sequence[str], count: int, own: Corpus | Sequence[str] = OWN, folder: Path = Path()
) -> TransferSet:
    """Returns the transfer set with the nearest of these texts."""
    file = folder / "more.txt"
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    corpus = own if isinstance(own, Corpus) else corpus_of(own)
    section = section_of(unlabelled={"files": str(file), "max_texts": count, "choose": "nearest"})
    return build_transfer_set(corpus, section, MASK, 0, read_vectors=vectors_of)


def degrees_of(transfer: TransferSet) -> list[int]:
    """Returns the angles of the unlabelled texts."""
    return [int(example.text.split()[1]) for example in transfer.examples][transfer.own :]


def test_are_the_nearest_to_any_text_of_a_class_and_as_many_of_each(tmp_path: Path) -> None:
    """The cosine decides, however long the vectors are."""
    found = degrees_of(chosen([*ANGLES], 8, folder=tmp_path))

    assert {*found} == {5, 355, 10, 350, 85, 95, 80, 100}


def test_of_a_class_with_few_of_its_own_the_others_have_more(tmp_path: Path) -> None:
    texts = ["text 80", *(f"text {degrees}" for degrees in range(300, 360, 5))]

    found = degrees_of(chosen(texts, 6, folder=tmp_path))

    assert {*found} == {80, 355, 350, 345, 340, 335}


@pytest.mark.parametrize("label", [(0,), (0, 1)])
def test_are_the_nearest_of_all_where_texts_have_several_labels(
    tmp_path: Path, label: tuple[int, ...]
) -> None:
    own = tuple(Example(text, label=label) for text in OWN)
    corpus = Corpus(("a", "b"), own, (Example("v"),), (Example("t"),))
    texts = ["text 5", "text 10", "text 15", "text 60", "text 50"]

    found = degrees_of(chosen(texts, 3, corpus, tmp_path))

    assert found == [5, 10, 15]


def test_have_no_gold_label_and_stand_behind_the_datas_own(tmp_path: Path) -> None:
    transfer = chosen([*ANGLES], 5, folder=tmp_path)

    assert (transfer.own, transfer.unlabelled, transfer.made) == (2, 5, 0)
    assert transfer.gold.tolist() == [0, 1, *[NO_LABEL] * 5]


def test_how_near_they_are_is_noted(tmp_path: Path) -> None:
    (note,) = chosen(["text 5", "text 60", "text 60", "text 30", "v"], 2, folder=tmp_path).notes

    assert "1 beyond transfer.unlabelled.max_texts" in note
    assert "1 that are there already" in note
    assert "a cosine of 0.87 or more" in note
    assert note.endswith("half of them 0.93 or more")


@given(st.permutations([*ANGLES]), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_do_not_depend_on_the_order_and_a_larger_number_includes_a_smaller_ones(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], count: int
) -> None:
    folder = tmp_path_factory.mktemp("texts")

    found = degrees_of(chosen(texts, count, folder=folder))
    more = degrees_of(chosen([*ANGLES], count + 7, folder=folder))

    assert found == more[:count]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labelled = Texts.of(Example(text, label=number) for number, text in enumerate(OWN))
    drawn = random.Random(0).sample([*ANGLES], 50)
    texts = Texts.of(map(Example, drawn))

    whole = nearness(texts, labelled, vectors_of)
    monkeypatch.setattr(nearest_module, "AT_ONCE", 7 * len(OWN))
    parts = nearness(texts, labelled, vectors_of)

    assert whole.cosine.tolist() == parts.cosine.tolist()
    assert whole.group.tolist() == parts.group.tolist()


class TestAStudy:
    """The encoder of the teacher reads the texts, once for all that ask."""

    @pytest.fixture
    def recipe(self, write_recipe: WriteRecipe, tmp_path: Path) -> Path:
        words = ["play", "the", "song", "wake", "me", "weather", "in", "paris", "stop", "music"]
        draw = random.Random(3)
        lines = {" ".join(draw.choices(words, k=4)) for _ in range(60)}
        (tmp_path / "more.txt").write_text("\n".join(sorted(lines)), encoding="utf-8")
        unlabelled = {"files": "more.txt", "max_texts": 12, "choose": "nearest"}
        return write_recipe(transfer={"unlabelled": unlabelled})

    def test_learns_from_them(self, kdzoo: RunCommand, recipe: Path) -> None:
        outcome = kdzoo("run", recipe.name, "--seeds", "0", "--no-test")

        assert outcome.code == 0, outcome.err
        assert "12 unlabelled" in outcome.err
        store = Store(next(Path("runs").iterdir()))
        trained = [row for row in store.manifest().rows if row.role == "student"]
        summary = store.read(trained[0].members[0].key).training
        assert summary is not None
        assert summary.unlabelled == 12

    def test_that_one_only_looks_at_has_no_text_read(
        self, recipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "empty"))
        first = load_study(str(recipe)).variants[0].recipe
        data = StudyData(Silent())
        corpus = data.corpus(first.data, 0)

        with pytest.raises(NotMadeError, match="has not read"):
            data.transfer_set(first, corpus, 0, only_looks=True)
        made = data.transfer_set(first, corpus, 0)
        looked = StudyData(Silent()).transfer_set(first, corpus, 0, only_looks=True)

        assert made.unlabelled == 12
        assert looked.examples.fingerprint == made.examples.fingerprint

    def test_whose_plan_is_shown_has_no_text_read(
        self, kdzoo: RunCommand, recipe: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Also where the teacher is there: a million texts would take hours."""
        cache = tmp_path / "empty"
        monkeypatch.setenv("KDZOO_CACHE", str(cache))
        assert kdzoo("run", recipe.name, "--seeds", "0", "--only", "teacher").code == 0
        before = {path for path in cache.rglob("*") if path.is_file()}

        outcome = kdzoo("run", recipe.name, "--seeds", "0", "--plan")

        assert outcome.code == 0, outcome.err
        assert {path for path in cache.rglob("*") if path.is_file()} == before

    @pytest.mark.parametrize("change", [{}, {"max_length": 8}, {"pooling": "max"}], ids=str)
    def test_has_others_for_another_encoder(
        self, write_recipe: WriteRecipe, recipe: Path, change: dict[str, Any]
    ) -> None:
        """The set that was made for one teacher is not taken for another's."""
        section = {"fine_tune": None, "head": "linear"}
        unlabelled = {"files": "more.txt", "max_texts": 12, "choose": "nearest"}
        data, found = StudyData(Silent()), []
        for teacher in (section, {**section, **change}):
            path = write_recipe(transfer={"unlabelled": unlabelled}, teacher=teacher)
            first = load_study(str(path)).variants[0].recipe
            found.append(data.transfer_set(first, data.corpus(first.data, 0), 0))

        assert (found[0] is found[1]) == (not change)
