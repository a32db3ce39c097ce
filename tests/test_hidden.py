"""``objective.hidden``: a student's encoding held against its teacher's sentence vectors."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from tiny_models import context_of, pruned_vocabulary, some_texts
from tiny_pairs import pair_sections, write_pair_data
from tiny_world import RunCommand, WriteRecipe

from kdzoo import registry
from kdzoo.data import Example, Texts
from kdzoo.model import MappedEncodings, build_student, load_model
from kdzoo.objectives import hidden_loss
from kdzoo.progress import Silent
from kdzoo.results import Store
from kdzoo.steps import NotMadeError
from kdzoo.steps.study_data import refuse_unread
from kdzoo.teacher import Part, find_model, open_sentence_encoder
from kdzoo.text import encode

WITH_ENCODER = sorted(
    name
    for name, entry in registry.students.entries().items()
    if entry.is_module and hasattr(entry.value, "encode")
)
HIDDEN = {"objective": {"hidden": 5.0}}
CPU = torch.device("cpu")


class TestLoss:
    @settings(deadline=None, max_examples=50)
    @given(
        rows=st.integers(1, 8),
        width=st.integers(2, 16),
        seed=st.integers(0, 2**31),
        scale=st.floats(0.1, 10),
    )
    def test_is_one_minus_the_cosine_of_each_row(
        self, rows: int, width: int, seed: int, scale: float
    ) -> None:
        """As numpy computes it, whatever the vectors' lengths."""
        own, other = np.random.default_rng(seed).normal(size=(2, rows, width))
        cosines = (own * other).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(other, axis=1)

        found = hidden_loss(torch.from_numpy(own), torch.from_numpy(other * scale))

        assert float(found) == pytest.approx(1 - cosines.mean(), abs=1e-9)

    def test_is_nothing_where_both_point_the_same_way(self) -> None:
        vectors = torch.randn(5, 7)

        assert float(hidden_loss(3 * vectors, vectors)) == pytest.approx(0, abs=1e-6)
        assert float(hidden_loss(-vectors, vectors)) == pytest.approx(2, abs=1e-6)


@pytest.fixture(params=["single", "pair"])
def texts(request: pytest.FixtureRequest) -> list[Example]:
    single = some_texts(6)
    if request.param == "single":
        return single
    return [Example(one.text, two.text) for one, two in zip(single, some_texts(6, 1), strict=True)]


class TestMap:
    """Of each student that shows its encoding, for texts and for pairs."""

    @pytest.mark.parametrize("kind", WITH_ENCODER)
    def test_reads_what_the_encoder_gives_and_leaves_nothing(
        self, kind: str, texts: list[Example], tiny_encoder: Path
    ) -> None:
        pairs = texts[0].text_pair is not None
        vocabulary = pruned_vocabulary(tiny_encoder, texts, special_tokens=False)
        context = context_of(vocabulary, tiny_encoder, pair_head=8 if pairs else 0)
        model = build_student(kind, {"dim": 8}, context, None, 0).eval()
        weights = {name: weight.clone() for name, weight in model.state_dict().items()}
        batch = encode(vocabulary.tokenizer, texts, vocabulary.pad_id).batch(np.arange(len(texts)))
        before = model(**batch).logits

        mapped = MappedEncodings(model, 5)
        logits = model(**batch).logits
        found = mapped.last()
        linear = copy.deepcopy(model.encoding_map)
        mapped.remove()

        assert torch.equal(before, logits)
        assert found.shape == (len(texts) * (2 if pairs else 1), 5)
        every = [each.text for each in texts]
        every += [each.text_pair or "" for each in texts] if pairs else []
        singles = encode(vocabulary.tokenizer, [Example(text) for text in every], vocabulary.pad_id)
        encoder = model.student.encoder if pairs else model.student
        for number in range(len(every)):
            one = singles.batch(np.array([number]))
            encoding = encoder.encode(one["input_ids"], one["attention_mask"])
            torch.testing.assert_close(found[number], linear(encoding)[0], rtol=1e-4, atol=1e-5)
        assert {*model.state_dict()} == {*weights}
        model(**batch)  # nothing is kept any more

    def test_goes_on_in_float32_where_a_gpu_computes_in_bfloat16(self, tiny_encoder: Path) -> None:
        texts = some_texts(4)
        vocabulary = pruned_vocabulary(tiny_encoder, texts, special_tokens=False)
        model = build_student("cnn", {"dim": 8}, context_of(vocabulary, tiny_encoder), None, 0)
        mapped = MappedEncodings(model, 5)

        with torch.autocast("cpu", dtype=torch.bfloat16):
            model(**encode(vocabulary.tokenizer, texts, vocabulary.pad_id).batch(np.arange(4)))

        assert mapped.last().dtype == torch.float32


def nearness(root: Path, encoder: Path) -> float:
    """Returns how much of a student's differences the teacher's vectors explain: R² by a line."""
    store = Store(root)
    (row,) = [row for row in store.manifest().rows if row.role == "student"]
    student = load_model(store.finished(row.members[0].key))
    texts = some_texts(120)
    encoded = encode(student.tokenizer, texts, student.pad_id)
    batch = encoded.batch(np.arange(len(texts)))
    with torch.no_grad():
        own = student.model.student.encode(batch["input_ids"], batch["attention_mask"]).numpy()
    section = open_sentence_encoder(find_model(str(encoder)), None, 32, 8)
    vectors = section.vectors(texts, Silent(), CPU)[:].astype(np.float64)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    inputs = np.hstack([own, np.ones((len(own), 1))])
    fit, *_ = np.linalg.lstsq(inputs[:80], vectors[:80], rcond=1e-3)
    left = ((vectors[80:] - inputs[80:] @ fit) ** 2).sum()
    return float(1 - left / ((vectors[80:] - vectors[:80].mean(0)) ** 2).sum())


LINEAR = {"teacher": {"fine_tune": None, "head": "linear"}}
SMALL = {"student": {"kind": "bilstm", "dim": 16, "hidden": 8, "head": 16}, "seeds": [0]}
QUICK = {"measure": {"runtimes": ["torch"], "rounds": 1, "texts": 2, "isolated": False}}


@pytest.mark.study
class TestStudy:
    def test_brings_the_encoding_nearer_to_the_teachers(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_encoder: Path
    ) -> None:
        shared: dict[str, Any] = {**LINEAR, **SMALL, **QUICK, "training": {"steps": 150}}
        assert kdzoo("run", write_recipe(**shared), "--out", "without").code == 0
        assert kdzoo("run", write_recipe(**shared, **HIDDEN), "--out", "with").code == 0

        assert nearness(Path("with"), tiny_encoder) > nearness(Path("without"), tiny_encoder) + 0.1

    @pytest.mark.parametrize(("teacher", "averaged"), [("linear", 0.5), ("fine-tuned", 0.0)])
    def test_leaves_a_model_as_any_other(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, teacher: str, averaged: float
    ) -> None:
        """Without the map, on the record and in the picture; its control is that of others."""
        over = LINEAR if teacher == "linear" else {}
        shared: dict[str, Any] = {**over, **SMALL, **QUICK}
        shared["training"] = {"steps": 6, "average_weights": averaged}
        assert kdzoo("run", write_recipe(**shared), "--out", "one/without").code == 0
        outcome = kdzoo("run", write_recipe(**shared, **HIDDEN), "--out", "one/with")

        assert outcome.code == 0
        store, other = Store(Path("one/with")), Store(Path("one/without"))
        own, before = (
            next(row for row in each.manifest().rows if row.role == "student").members[0]
            for each in (store, other)
        )
        assert own.key != before.key
        assert own.control_key == before.control_key
        folder = store.finished(own.key)
        with safe_open(folder / "model.safetensors", "pt") as file:
            assert [name for name in file.keys() if "map" in name] == []  # noqa: SIM118
        assert store.read(own.key).recipe["objective"]["hidden"] == 5.0
        card = (folder / "README.md").read_text(encoding="utf-8")
        assert "hidden 5.0" in card

    def test_has_the_encoder_read_with_the_labels_and_a_plan_read_nothing(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        recipe = write_recipe(**SMALL, **QUICK, **HIDDEN, training={"steps": 6})
        cache = Path("cache").absolute()
        monkeypatch.setenv("KDZOO_CACHE", str(cache))
        assert kdzoo("run", recipe, "--only", "teacher").code == 0
        assert kdzoo("run", recipe, "--plan").code == 0
        assert not (cache / "vectors").exists()

        assert kdzoo("run", recipe, "--only", "labels").code == 0

        assert len([*(cache / "vectors").glob("*/*.npy")]) == 1

    @pytest.mark.trains
    def test_makes_the_same_model_whether_the_vectors_were_read_before_or_not(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A trial of a search reads them where it trains; a run reads them with the labels."""
        search = {"training.steps": [6, 7]}
        recipe = write_recipe(**SMALL, **QUICK, **HIDDEN, training={"steps": 6}, search=search)
        weights = {}
        for command in ("tune", "run"):
            monkeypatch.setenv("KDZOO_CACHE", str(Path(f"cache of {command}").absolute()))
            asked = ("--trials", "2") if command == "tune" else ()
            outcome = kdzoo(command, recipe, *asked, "--out", f"{command}/apart")
            assert outcome.code == 0, outcome.err
            weights[command] = {
                file.parent.name: file.read_bytes()
                for file in Path(command).rglob("tiny--*/model.safetensors")
            }

        shared = weights["tune"].keys() & weights["run"].keys()
        assert shared
        assert all(weights["tune"][name] == weights["run"][name] for name in shared)

    def test_of_a_part_of_the_labels_is_looked_for_in_that_part(
        self, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What one process has read is made, whatever the others have left to read."""
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path))  # others read some of the texts too
        monkeypatch.setattr("kdzoo.teacher.cache.SHARD_ROWS", 4)
        encoder = open_sentence_encoder(tiny_encoder, None, 32, 8)
        texts, first, second = Texts.of(some_texts(16, seed=5)), Part(0, 2), Part(1, 2)

        encoder.read(texts, Silent(), CPU, first)

        assert encoder.lacking(texts, first) == 0
        assert encoder.lacking(texts, second) == encoder.lacking(texts) == 8
        refuse_unread(encoder, texts, first)
        with pytest.raises(NotMadeError, match="has not read 8 texts"):
            refuse_unread(encoder, texts)

    def test_of_pairs_trains_and_ends(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        pairs = pair_sections(write_pair_data(tmp_path / "pairs"))
        recipe = write_recipe(**{**SMALL, **QUICK, **HIDDEN, **pairs}, training={"steps": 6})

        outcome = kdzoo("run", recipe)

        assert outcome.code == 0, outcome.err

    def test_is_a_row_beside_its_recipe(self, kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
        """A variant has labels of its own only as far as vectors are read with them."""
        recipe = write_recipe(**SMALL, **QUICK, training={"steps": 6}, variants={"hidden": HIDDEN})

        assert kdzoo("run", recipe, "--out", "both").code == 0

        rows = json.loads(Path("both/study.json").read_text(encoding="utf-8"))["rows"]
        names = [row["name"] for row in rows if row["role"] == "student"]
        assert names == ["tiny", "tiny/hidden"]
