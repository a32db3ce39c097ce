"""A model's weights: those that it needs are in its folder, or one message says what is not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_cures import edited
from tiny_teachers import save_teacher
from tiny_world import RunCommand

from kdzoo.errors import KdzooError
from kdzoo.model import load_model
from kdzoo.teacher import is_classifier, look_at, open_sentence_encoder
from kdzoo.teacher.teacher import load_encoder

Weights = dict[str, torch.Tensor]
Change = Callable[[Weights], Weights]

WRAPPERS = ("_orig_mod.", "module.", "model.inner.")


def rewritten(folder: Path, change: Change) -> Path:
    """Gives a model other weights."""
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})
    return folder


def wrapped(prefix: str) -> Change:
    """Returns what puts a wrapper's name before each weight's."""
    return lambda weights: {f"{prefix}{name}": weight for name, weight in weights.items()}


def without(part: str) -> Change:
    """Returns what takes out the weights with that in their names."""
    return lambda weights: {name: w for name, w in weights.items() if part not in name}


def as_teacher(folder: Path) -> Any:
    """Loads it as a finished classifier."""
    return load_model(folder)


def as_encoder(folder: Path) -> Any:
    """Loads it to be fine-tuned."""
    return load_encoder(folder)


def as_frozen(folder: Path) -> Any:
    """Loads it to stay as it is, below a linear head."""
    return open_sentence_encoder(folder, "mean", 32, batch_size=2).load()


ROADS = [as_teacher, as_encoder, as_frozen]


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return save_teacher("bert", tmp_path / "teacher")


class TestAnEncoderThatIsNotThere:
    @pytest.mark.parametrize("road", ROADS)
    @pytest.mark.parametrize("change", [without("layer.1."), *map(wrapped, WRAPPERS)])
    def test_is_refused_wherever_it_would_be_random(
        self, teacher: Path, road: Callable[[Path], Any], change: Change
    ) -> None:
        rewritten(teacher, change)

        with pytest.raises(KdzooError, match="its weights lack") as caught:
            road(teacher)

        assert str(teacher) in str(caught.value)
        assert "fine_tune" not in str(caught.value)  # which would begin from random numbers

    @pytest.mark.parametrize("road", ROADS)
    @pytest.mark.parametrize("prefix", WRAPPERS)
    @pytest.mark.parametrize("kind", ["bert", "encoder"])
    def test_for_a_wrapper_of_the_model_comes_with_python_that_takes_it_off(
        self, teacher: Path, tiny_encoder: Path, tmp_path: Path, kind: str, prefix: str, road: Any
    ) -> None:
        folder = teacher
        if kind == "encoder":
            folder = Path(shutil.copytree(tiny_encoder, tmp_path / "encoder"))
        rewritten(folder, wrapped(prefix))
        with pytest.raises(KdzooError) as caught:
            road(folder)
        (code,) = re.findall(r"in Python: (.*)$", str(caught.value))
        assert f"save model.{prefix.rstrip('.')} in place of model" in str(caught.value)

        exec(code, {})  # noqa: S102 - what the message says

        if kind == "bert" or road is not as_teacher:
            road(folder)

    def test_is_a_pooler_or_a_head_where_these_are_to_be_trained(self, teacher: Path) -> None:
        rewritten(teacher, without("pooler"))
        rewritten(teacher, without("classifier"))
        edited(teacher / "config.json", architectures=["BertModel"])

        assert not is_classifier(teacher)
        look_at(teacher, 32, finished=False)
        with pytest.raises(KdzooError, match=r"not a finished classifier: .*: \{fine_tune"):
            look_at(teacher, 32, finished=True)

    @pytest.mark.parametrize("option", ["--teacher", "--encoder"])
    def test_is_seen_by_init(
        self, kdzoo: RunCommand, tiny_data: Path, teacher: Path, tmp_path: Path, option: str
    ) -> None:
        """Whether the model is what is fitted, or what the teacher was fitted from."""
        broken = rewritten(Path(shutil.copytree(teacher, tmp_path / "broken")), wrapped("module."))

        edited(broken / "config.json", architectures=["BertModel"])
        named = {"--teacher": teacher, option: broken}
        options = [part for pair in named.items() for part in pair]

        outcome = kdzoo("init", "--data", tiny_data, *options, "-o", "mine")

        assert outcome.code == 2
        assert "its weights lack bert.embeddings" in outcome.err
        assert not Path("mine").exists()
