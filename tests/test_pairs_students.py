"""What every student keeps to where it reads pairs; a new file is tested as soon as it is there."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_exports import export_to
from tiny_models import context_of, options_needed, vocabulary_of_kind
from tiny_pairs import PAIR_LABELS, pair_examples
from transformers import pipeline

from kdzoo import extensions, load, registry
from kdzoo.data import Example
from kdzoo.errors import DataError, ModelError
from kdzoo.model import (
    BuildContext,
    build_student,
    load_model,
    predict_logits,
    readable,
    save_model,
    try_student,
)
from kdzoo.model.siamese import two_texts
from kdzoo.runtime import load_classifier
from kdzoo.text import Encoded, Vocabulary, encode

Build = Callable[..., Any]
PAIRS = pair_examples(60)
# long beside short on either side, a side in which the tokenizer finds nothing, a cut on one side
RAGGED = [
    *PAIRS,
    Example("rain", "rain " * 9),
    Example("rain " * 9, "rain"),
    Example("\x01", "wind and rain"),
    Example("wind and rain", "\x01"),
    Example("\x01", "\x02"),
    Example("play " * 60, "stop"),
    Example("stop", "play " * 60),
]

every_student = pytest.mark.parametrize("kind", list(registry.students.entries()))


@pytest.fixture(scope="module")
def vocabularies(tiny_teacher: Path, tiny_encoder: Path) -> dict[str, Vocabulary]:
    """What each student reads the pairs with."""
    return {
        kind: vocabulary_of_kind(kind, tiny_teacher, tiny_encoder, PAIRS)
        for kind in registry.students.entries()
    }


@pytest.fixture
def context(
    kind: str, vocabularies: dict[str, Vocabulary], tiny_teacher: Path, tiny_encoder: Path
) -> BuildContext:
    return context_of(
        vocabularies[kind], tiny_teacher, tiny_encoder, labels=PAIR_LABELS, pair_head=24
    )


@pytest.fixture
def build(kind: str, context: BuildContext, tiny_encoder: Path) -> Build:
    """Builds the student with its default options, its weights far apart for clear answers."""

    def student(seed: int = 0) -> Any:
        model = build_student(kind, options_needed(kind, tiny_encoder), context, None, seed)
        with torch.no_grad():
            for each in model.parameters():
                each.add_(torch.randn_like(each) * 0.05)
        return model

    return student


@pytest.fixture
def read(context: BuildContext) -> Callable[[list[Example]], Encoded]:
    """Tokenises pairs as the student reads them."""
    vocabulary = context.vocabulary
    return lambda examples: encode(vocabulary.tokenizer, examples, vocabulary.pad_id)


@every_student
class TestLogits:
    def test_are_the_same_in_a_batch_and_one_by_one(self, build: Build, read: Any) -> None:
        """Whatever pairs stand beside it, and however long either of its texts is."""
        model = build()

        together = predict_logits(model, read(RAGGED), batch_size=len(RAGGED))
        alone = predict_logits(model, read(RAGGED), batch_size=1)

        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=2e-5)
        assert np.ptp(alone, axis=0).min() > 1e-3  # the pairs do differ

    def test_depend_on_both_texts(self, build: Build, read: Any) -> None:
        """And on which is which, unless the student's answer is the same for both orders."""
        model = build()
        plain = [Example("play a loud song", "rain tomorrow")]

        def far(first: str, second: str) -> float:
            logits = predict_logits(model, read([*plain, Example(first, second)]))
            return float(np.abs(logits[0] - logits[1]).max())

        assert far("play a loud song", "rain tomorrow") < 1e-5
        assert far("wake me", "rain tomorrow") > 1e-4
        assert far("play a loud song", "wake me") > 1e-4
        assert far("rain tomorrow", "play a loud song") > 1e-5

    def test_do_not_change_with_more_padding(
        self, build: Build, read: Any, context: BuildContext
    ) -> None:
        """What stands behind the mask is never read, whatever it is and of whichever text."""
        model = build().eval()
        batch = readable(model, read(RAGGED)).batch(np.arange(len(RAGGED)))
        rows = len(RAGGED)
        anything = torch.randint(0, len(context.vocabulary), (rows, 7))

        with torch.no_grad():
            plain = model(**batch).logits
            wider = {name: torch.cat([each, anything], 1) for name, each in batch.items()}
            wider["attention_mask"][:, -7:] = 0
            if "token_type_ids" in batch:
                wider["token_type_ids"][:, -7:] = anything % 2
            more = model(**wider).logits

        torch.testing.assert_close(more, plain, rtol=1e-4, atol=2e-5)


@every_student
class TestLearning:
    def test_reaches_every_parameter(self, build: Build, read: Any) -> None:
        """None is left of a head for single texts: it would be saved, counted, never trained."""
        model = build().train()
        gold = torch.tensor([example.label for example in PAIRS])

        logits = model(**readable(model, read(PAIRS)).batch(np.arange(len(PAIRS)))).logits
        torch.nn.functional.cross_entropy(logits, gold).backward()

        assert [name for name, each in model.named_parameters() if each.grad is None] == []


@every_student
class TestSavedStudent:
    @pytest.fixture
    def saved(self, build: Build, context: BuildContext, tmp_path: Path) -> Path:
        """The student in a folder."""
        save_model(tmp_path / "saved", build(), context.vocabulary)
        return tmp_path / "saved"

    def test_comes_back_bit_for_bit(self, saved: Path, read: Any, context: BuildContext) -> None:
        loaded = load_model(saved)

        again = encode(loaded.tokenizer, RAGGED, loaded.pad_id)
        assert np.array_equal(again.ids, read(RAGGED).ids)
        assert loaded.reads_pairs
        assert loaded.labels == PAIR_LABELS
        first = predict_logits(loaded.model, again)
        assert np.array_equal(first, predict_logits(load_model(saved).model, again))

    def test_answers_in_a_pipeline_as_in_kdzoo(self, saved: Path) -> None:
        """``{"text": ..., "text_pair": ...}`` is all that its users write."""
        pairs = [example.input for example in PAIRS]
        wanted = load_classifier(saved, "torch").logits(pairs)
        answer = pipeline("text-classification", str(saved), device="cpu", top_k=None)

        found = answer([{"text": a, "text_pair": b} for a, b in pairs], function_to_apply="none")

        scores = [{each["label"]: each["score"] for each in row} for row in found]
        logits = np.array([[row[label] for label in PAIR_LABELS] for row in scores])
        np.testing.assert_allclose(logits, wanted, rtol=0, atol=1e-4)
        np.testing.assert_allclose(
            load_classifier(saved, "pipeline").logits(pairs), wanted, rtol=0, atol=1e-4
        )

    @pytest.mark.study
    def test_answers_in_onnx_as_in_pytorch(self, saved: Path, tmp_path: Path) -> None:
        """Short beside long in one batch, and each pair alone: logits within 1e-4; labels in int8.

        Both forms of one tracing, which takes seconds.
        """
        pairs = [example.input for example in RAGGED]
        wanted = load_classifier(saved, "torch").logits(pairs)
        onnx = load_classifier(export_to(saved, tmp_path / "exported"), "onnx")

        together = onnx.run(onnx.encode(pairs))
        alone = np.concatenate([onnx.run(onnx.encode([pair])) for pair in pairs])

        assert onnx.reads_pairs
        np.testing.assert_allclose(together, wanted, rtol=0, atol=1e-4)
        np.testing.assert_allclose(alone, wanted, rtol=0, atol=1e-4)
        np.testing.assert_allclose(onnx.logits(pairs), wanted, rtol=0, atol=1e-4)

        int8 = load_classifier(export_to(saved, tmp_path / "int8", "onnx-int8"), "onnx-int8")
        found = np.concatenate([int8.logits([pair]) for pair in pairs])
        assert (found.argmax(1) == wanted.argmax(1)).mean() >= 0.9

    def test_refuses_a_text_that_stands_alone(self, saved: Path) -> None:
        with pytest.raises(DataError, match=r"text 1 stands alone.*trained on pairs"):
            list(load(saved).predict(["rain"]))


class TestTwoTexts:
    def test_stand_at_the_left_each(self) -> None:
        """All first texts, then all second ones; a side without a token is one of padding."""
        ids = torch.tensor([[5, 6, 7, 8, 0], [5, 9, 9, 9, 9], [3, 0, 0, 0, 0]])
        mask = torch.tensor([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0]])
        types = torch.tensor([[0, 0, 1, 1, 0], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]])

        found, seen = two_texts(ids, mask, types, pad_id=0)

        assert found.tolist() == [
            [5, 6, 0, 0], [5, 0, 0, 0], [3, 0, 0, 0],
            [7, 8, 0, 0], [9, 9, 9, 9], [0, 0, 0, 0],
        ]  # fmt: skip
        assert seen.sum(1).tolist() == [2, 1, 1, 2, 4, 1]

    def test_give_back_what_was_joined(self) -> None:
        rng = random.Random(0)
        for _ in range(100):
            sides = [[rng.randint(1, 9) for _ in range(rng.randint(1, 6))] for _ in range(2)]
            joined = torch.tensor([sides[0] + sides[1]])
            types = torch.tensor([[0] * len(sides[0]) + [1] * len(sides[1])])

            ids, mask = two_texts(joined, torch.ones_like(joined), types, pad_id=0)

            kept = [row[seen.bool()].tolist() for row, seen in zip(ids, mask, strict=True)]
            assert kept == sides


WITHOUT_ENCODE = '''
from torch import nn
from kdzoo import register_student


@register_student("plain", road="change")
class Plain(nn.Module):
    """Reads single texts alone."""

    def __init__(self, vocab_size: int, num_labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 4)
        self.out = nn.Linear(4, num_labels)

    def forward(self, input_ids, attention_mask):
        return self.out(self.embedding(input_ids).mean(1))


@register_student("otherwise", road="change")
class Otherwise(Plain):
    """Calls what stands behind encode something else than head."""

    hidden_size = 4

    def encode(self, input_ids, attention_mask):
        return self.embedding(input_ids).mean(1)
'''


class TestOfAUsersOwn:
    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("plain", r"'plain' .*reads single texts; to read pairs, give it a method encode\("),
            ("otherwise", "encode does not reach: out.weight, out.bias; call .*`head`"),
        ],
    )
    def test_is_told_what_it_lacks(
        self, kind: str, said: str, tmp_path: Path, own_registries: None
    ) -> None:
        file = tmp_path / "own.py"
        file.write_text(WITHOUT_ENCODE, encoding="utf-8")
        extensions.load_extensions(file)

        try_student(kind, {})  # single texts it can read
        with pytest.raises(ModelError, match=said):
            try_student(kind, {}, pair_head=8)
