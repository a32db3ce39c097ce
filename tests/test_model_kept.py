"""A student's folder holds all of it: what it would lack is told before anything is trained."""

from __future__ import annotations

import json
import re
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import torch
from cures_of_students import BROKEN
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from kdzoo import registry
from kdzoo.errors import ModelError, RegistryError
from kdzoo.extensions import load_extensions
from kdzoo.model import try_student
from kdzoo.recipe import read_options, recipe_model, written_options


@pytest.fixture(autouse=True)
def _own_students(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(registry.students, "_entries", registry.students.entries())


class Sizes(Enum):
    SMALL = "small"


class Plain(nn.Module):
    """A student with options of kinds that JSON does not know."""

    def __init__(
        self,
        vocab_size: int,
        num_labels: int,
        *,
        dim: int = 8,
        widths: tuple[int, ...] = (8,),
        scale: dict[int, float] | None = None,
        file: Path = Path("words.txt"),
        size: Sizes = Sizes.SMALL,
    ) -> None:
        super().__init__()
        self.scale = (scale or {}).get(0, 1.0)
        self.embedding = nn.Embedding(vocab_size, dim)
        (first, second) = (*widths, num_labels)
        self.head = nn.Sequential(nn.Linear(dim, first), nn.Linear(first, second))
        self.ending, self.named = file.suffix, size.name

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.scale * self.head(self.embedding(input_ids).mean(1))


class OnTopOfBert(Plain):
    """Holds a model of transformers, whose positions are a buffer that nobody saves."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__(vocab_size, num_labels, dim=dim)
        sizes = {"hidden_size": dim, "intermediate_size": dim, "vocab_size": vocab_size}
        self.bert = BertModel(BertConfig(**sizes, num_hidden_layers=1, num_attention_heads=2))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.head(self.bert(input_ids, attention_mask).last_hidden_state.mean(1))


class Normed(Plain):
    """Its weights are made of others before each text: a tensor in their place is no loss."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 8) -> None:
        super().__init__(vocab_size, num_labels, dim=dim)
        self.head = nn.Sequential(
            nn.utils.weight_norm(nn.Linear(dim, dim)),
            nn.utils.parametrizations.weight_norm(nn.Linear(dim, dim)),
            nn.utils.spectral_norm(nn.Linear(dim, num_labels)),
        )


class Remembering(Plain):
    """Keeps its last states for whoever looks: after it was made, a tensor may lie anywhere."""

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        self.states = [self.embedding(input_ids).mean(1)]
        return self.head(self.states[0])


class TestStudent:
    @pytest.mark.parametrize("name", BROKEN)
    def test_that_would_not_be_whole_is_refused_by_its_file_and_line(
        self, name: str, tmp_path: Path
    ) -> None:
        said, _, wrong, right = BROKEN[name]
        file = tmp_path / "own.py"
        file.write_text(wrong, encoding="utf-8")
        load_extensions(file)

        with pytest.raises(ModelError, match=re.escape(said)) as refusal:
            try_student("own", {})

        assert f"student 'own' ({file}:" in str(refusal.value)
        file.write_text(right, encoding="utf-8")
        load_extensions(file)
        try_student("own", {})

    @pytest.mark.filterwarnings("ignore:.*_norm` is deprecated:FutureWarning")
    @pytest.mark.parametrize("own", [Plain, OnTopOfBert, Normed, Remembering])
    def test_that_is_whole_is_let_through(self, own: type[nn.Module]) -> None:
        registry.register_student("whole", road="change")(own)

        try_student("whole", {})


GIVEN = {
    "dim": 4,
    "widths": (6,),
    "scale": {0: -1.0},
    "file": Path("a/b.vec"),
    "size": Sizes.SMALL,
}


class TestOptions:
    def test_come_back_from_a_folder_as_they_were(self) -> None:
        """A tuple is a list in JSON, and the key of a mapping is a text."""
        registry.register_student("typed", road="change")(Plain)
        entry = registry.students.get("typed")
        written = json.loads(json.dumps(written_options(entry, GIVEN)))

        assert written != GIVEN
        assert read_options(entry, written) == GIVEN

    def test_shape_the_same_student_before_and_after(self) -> None:
        registry.register_student("typed", road="change")(Plain)

        try_student("typed", GIVEN)  # it compares what both answer

    @pytest.mark.parametrize("default", [torch.relu, nn.Linear])
    def test_that_no_recipe_can_write_are_refused(self, default: Any) -> None:
        class Called(Plain):
            def __init__(self, vocab_size: int, num_labels: int, *, layer: Any = default) -> None:
                super().__init__(vocab_size, num_labels)

        registry.register_student("called", road="change")(Called)

        with pytest.raises(RegistryError, match="has a type that a recipe cannot write"):
            recipe_model()
