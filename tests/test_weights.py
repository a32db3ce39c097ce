"""A model's weights: those that it needs are in its folder, or one message says what is not."""

from __future__ import annotations

import json
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

WRAPPERS = ("_orig_mod.", "module.", "model.inner.", "it's \\ 'odd'.")


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


def more(**weights: torch.Tensor) -> Change:
    """Returns what adds weights; a dot in a name is spelt ``__``."""
    added = {name.replace("__", "."): weight for name, weight in weights.items()}
    return lambda known: {**known, **added}


class TestAClassifierThatIsBuiltSmaller:
    @pytest.mark.parametrize(
        ("kind", "key"), [("bert", "num_hidden_layers"), ("distilbert", "n_layers")]
    )
    def test_by_layers_is_refused_with_the_number_that_its_weights_have(
        self, tmp_path: Path, kind: str, key: str
    ) -> None:
        teacher = save_teacher(kind, tmp_path)
        edited(teacher / "config.json", **{key: 1})

        with pytest.raises(KdzooError, match=r"layer\.1\..* and \d+ more, which its") as caught:
            load_model(teacher)

        assert f"write {key}: 2 in config.json" in str(caught.value)
        load_encoder(teacher)  # what is trained anew may be of fewer layers

    @pytest.mark.parametrize("name", ["bert__adapter__weight", "classifier__1__weight"])
    def test_by_other_parts_is_refused(self, teacher: Path, name: str) -> None:
        rewritten(teacher, more(**{name: torch.zeros(3)}))

        with pytest.raises(KdzooError, match=r"without .*weight, .*; take the config\.json"):
            load_model(teacher)

    @pytest.mark.parametrize(
        ("kind", "change"),
        [
            ("bert", more(cls__predictions__bias=torch.zeros(3), lm_head__bias=torch.zeros(3))),
            ("bert", more(bert__embeddings__token_type_ids=torch.zeros(1, 9, dtype=torch.int64))),
            ("bert", more(bert__embeddings__position_ids=torch.arange(9))),
            ("roberta", more(roberta__pooler__dense__bias=torch.zeros(3))),
            ("gpt2", more(transformer__h__0__attn__bias=torch.ones(1, 1, 9, 9))),
            ("gpt2", more(transformer__h__1__attn__masked_bias=torch.tensor(-1e4))),
            ("bart", more(model__encoder__version=torch.tensor([3.0]))),
            ("llama", more(model__layers__0__self_attn__rotary_emb__inv_freq=torch.zeros(3))),
        ],
    )
    def test_is_none_where_it_is_what_older_models_keep_beside_their_weights(
        self, tmp_path: Path, kind: str, change: Change
    ) -> None:
        """Masks and places that were kept in the file, heads that are no classifier's."""
        load_model(rewritten(save_teacher(kind, tmp_path), change))


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("kind", [torch.int8, torch.uint8, torch.int32])
def test_weights_of_a_quantised_model_are_not_read_as_numbers(
    teacher: Path, kind: torch.dtype, road: Callable[[Path], Any]
) -> None:
    rewritten(teacher, lambda weights: {
        name: weight.to(kind) if weight.ndim == 2 else weight for name, weight in weights.items()
    })  # fmt: skip

    with pytest.raises(KdzooError, match="whole numbers, as a quantised model's are"):
        road(teacher)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_weights_of_fewer_bits_are_read(teacher: Path, kind: torch.dtype) -> None:
    rewritten(teacher, lambda weights: {name: weight.to(kind) for name, weight in weights.items()})

    assert load_model(teacher).model.dtype == torch.float32


class TestAnotherClassThanTheOneThatIsBuilt:
    @pytest.mark.parametrize(
        ("said", "named"),
        [
            ({"architectures": ["MyBertForSequenceClassification"]}, "MyBertForSeq"),
            ({"auto_map": {"AutoModelForSequenceClassification": "modeling.Mine"}}, "modeling.Mi"),
        ],
    )
    def test_is_told_by_init_and_check(
        self,
        kdzoo: RunCommand,
        tiny_data: Path,
        teacher: Path,
        said: dict[str, Any],
        named: str,
    ) -> None:
        edited(teacher / "config.json", **said)

        made = kdzoo("init", "--data", tiny_data, "--teacher", teacher, "-o", "mine",
                     "--students", "fasttext")  # fmt: skip
        checked = kdzoo("check", "mine")

        assert (made.code, checked.code) == (0, 0), made.err + checked.err
        note = f"note: the configuration of {teacher} names the class {named}"
        assert note in made.out + made.err
        assert (checked.out + checked.err).count(note) == 1

    @pytest.mark.parametrize("kind", ["bert", "without architectures", "gpt2", "t5"])
    def test_is_not_told_of_where_it_is_the_one(self, tmp_path: Path, kind: str) -> None:
        assert look_at(save_teacher(kind, tmp_path), 32, finished=True).note is None


class TestOtherSizesThanTheConfigurationBuilds:
    @pytest.mark.parametrize(
        ("changes", "told", "wanted"),
        [
            ({"id2label": {"0": "a", "1": "b", "2": "c"}}, "4 x 32 .* 3 x 32", "a b c LABEL_3"),
            ({"id2label": dict(zip("01234", "abcde", strict=True))}, "4 x 32 .* 5", "a b c d"),
            ({"label2id": {"b": 0, "c": 2, "a": 1, "d": 3}}, "4 x 32 .* 2 x 32", "b a c d"),
            ({"num_labels": 2}, "4 x 32 .* 2 x 32", "LABEL_0 LABEL_1 LABEL_2 LABEL_3"),
        ],
    )
    def test_of_the_head_come_with_names_to_write(
        self, teacher: Path, changes: dict[str, Any], told: str, wanted: str
    ) -> None:
        """The message names the weights: what transformers prints of them is not shown."""
        edited(teacher / "config.json", **{"id2label": None, "label2id": None, **changes})
        with pytest.raises(KdzooError, match=rf"classifier\.weight is {told}") as caught:
            load_model(teacher)
        (written,) = re.findall(r'write ("id2label": \{.*?\}) in config\.json', str(caught.value))
        assert ("without num_labels" in str(caught.value)) == ("num_labels" in changes)

        edited(teacher / "config.json", **json.loads(f"{{{written}}}"), num_labels=None)

        assert load_model(teacher).labels == tuple(wanted.split())

    @pytest.mark.parametrize("road", ROADS)
    @pytest.mark.parametrize(
        ("key", "value", "said"),
        [
            ("max_position_embeddings", 512, "128 x 32 .* 512 x 32"),
            ("intermediate_size", 48, "64 x 32 .* 48 x 32"),
        ],
    )
    def test_of_the_encoder_come_with_the_entry_that_is_wrong(
        self, teacher: Path, road: Callable[[Path], Any], key: str, value: int, said: str
    ) -> None:
        right = json.loads((teacher / "config.json").read_text(encoding="utf-8"))[key]
        edited(teacher / "config.json", **{key: value})

        with pytest.raises(KdzooError, match=said) as caught:
            road(teacher)

        assert f"write {key}: {right} in config.json" in str(caught.value)

    def test_are_no_matter_where_the_head_is_to_be_new(self, teacher: Path) -> None:
        edited(teacher / "config.json", id2label={"0": "a", "1": "b"})

        load_encoder(teacher)

    def test_of_another_number_of_sides_are_told(self, teacher: Path) -> None:
        rewritten(teacher, lambda weights: {
            name: weight[0].clone() if name == "classifier.weight" else weight
            for name, weight in weights.items()
        })  # fmt: skip

        with pytest.raises(
            KdzooError, match=r"classifier\.weight is 32 in its weights, and 4 x 32"
        ):
            load_model(teacher)

    def test_that_no_entry_alone_explains_come_with_another_cure(self, teacher: Path) -> None:
        edited(teacher / "config.json", hidden_size=64)

        with pytest.raises(KdzooError, match=r"x 64 by its .* more\); take the config\.json that"):
            load_model(teacher)
