"""A model layer by layer: the lines add up to what the model is, in PyTorch and as a graph."""

from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path

import onnx
import pytest
from tiny_exports import export_to, save_student
from tiny_models import save_tiny_classifier, tiny_corpus
from tiny_tokens import save_tokens
from tiny_world import RunCommand, WriteRecipe

from kdzoo import registry
from kdzoo.api import show
from kdzoo.architecture import exported, is_model, layer_table
from kdzoo.architecture.layers import Layer, drawn
from kdzoo.data import load_corpus
from kdzoo.errors import ModelError
from kdzoo.measure import flops_per_text
from kdzoo.model import load_model
from kdzoo.model.baseline import fit_baseline, load_baseline, save_baseline
from kdzoo.recipe.data import Data

TOKENS = 16
OWN = [name for name, entry in registry.students.entries().items() if entry.is_module]
CLASSIFIERS = ["bert", "distilbert", "roberta"]


def numbers(line: str) -> list[int]:
    """Returns the two numbers at the end of a line: parameters, FLOPs."""
    found = re.search(r"([\d,]+) +([\d,]+)$", line)
    assert found is not None, line
    return [int(each.replace(",", "")) for each in found.groups()]


def sums(text: str) -> list[int]:
    """Returns the sums that stand below the lines, once these are seen to add up."""
    lines = text.split("\n\n")[1].splitlines()[2:]
    *parts, whole = map(numbers, lines)
    assert [sum(each) for each in zip(*parts, strict=True)] == whole
    assert all(each >= 0 for part in parts for each in part)
    return whole


def of_model(folder: Path) -> list[int]:
    model = load_model(folder).model
    return [
        sum(each.numel() for each in model.parameters()),
        flops_per_text(model, TOKENS),
    ]


def save_any(name: str, folder: Path, tiny_encoder: Path) -> Path:
    kind, _, of_pairs = name.partition(" ")
    if kind in CLASSIFIERS:
        return save_tiny_classifier(kind, folder, tiny_encoder)
    return save_student(kind, folder, tiny_encoder, pair_head=8 if of_pairs else 0)


@pytest.fixture(scope="module", params=[*OWN, "bilstm of pairs", *CLASSIFIERS])
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Path:
    """Every student of the zoo that needs no other model, one of pairs, and teachers."""
    return save_any(request.param, tmp_path_factory.mktemp("shown") / "model", tiny_encoder)


def test_the_lines_of_a_trained_model_add_up_to_it(folder: Path) -> None:
    assert sums(layer_table(folder)) == of_model(folder)


@pytest.mark.parametrize(
    "kind",
    [
        "cnn",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in (*OWN, *CLASSIFIERS)),
    ],
)
def test_the_lines_of_a_graph_count_the_same_work(
    kind: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    """Weights too, but for the constants that a graph holds beside them.

    Where a shape does not follow from the graph, the table says that it counts the least.
    """
    folder = save_any(kind, tmp_path / kind, tiny_encoder)
    parameters, flops = of_model(folder)
    text = layer_table(export_to(folder, tmp_path / "exported"))

    if "at least" in text:
        assert kind not in ("cnn", *CLASSIFIERS)
    else:
        assert sums(text) == [pytest.approx(parameters, rel=0.1), flops]


@pytest.mark.study
@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
def test_a_recurrence_holds_its_own_weights_in_a_graph(
    runtime: str, tmp_path: Path, tiny_encoder: Path
) -> None:
    """The graph cuts and joins them before it reads them."""
    folder = save_any("bilstm", tmp_path / "bilstm", tiny_encoder)
    lstm = load_model(folder).model.student.lstm
    text = layer_table(export_to(folder, tmp_path / "exported", runtime))

    (line,) = (line for line in text.splitlines() if " LSTM " in line)
    assert sum(each.numel() for each in lstm.parameters()) == numbers(line)[0]


def test_shapes_are_those_of_one_text(tmp_path: Path, tiny_encoder: Path) -> None:
    text = layer_table(save_student("cnn", tmp_path / "cnn", tiny_encoder, dim=20))

    assert f"[1, {TOKENS}, 20]" in text
    assert f"one text of {TOKENS} tokens" in text
    assert "KdzooForSequenceClassification, 4 labels, at most" in text


def test_the_baseline_is_told_too(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    save_baseline(tmp_path, fit_baseline(corpus), corpus.labels)
    machine = load_baseline(tmp_path)[0].steps[-1][1]

    text = layer_table(tmp_path)
    assert "LinearSVC" in text
    assert f"{machine.coef_.size + machine.intercept_.size:,}" in text


def test_the_baseline_of_words_is_told_too(tmp_path: Path) -> None:
    corpus = load_corpus(Data(files=str(save_tokens(tmp_path / "data"))))
    save_baseline(tmp_path, fit_baseline(corpus), corpus.labels)
    machine = load_baseline(tmp_path)[0].steps[-1][1]

    text = layer_table(tmp_path)
    assert "words as they are spelt, hashed, and a linear support vector machine" in text
    assert f"{machine.coef_.size + machine.intercept_.size:,}" in text


def test_a_long_chain_of_a_stranger_takes_no_more_room_than_its_nodes() -> None:
    """Each sum of constants stands for all before it, of which none is kept twice."""
    count = 3000
    names = [f"c{number}" for number in range(count)]
    chain = [onnx.helper.make_node("Add", ["c0", "c1"], ["s1"])]
    chain += [
        onnx.helper.make_node("Add", [f"s{n - 1}", names[n]], [f"s{n}"]) for n in range(2, count)
    ]
    last = onnx.helper.make_node("MatMul", ["x", f"s{count - 1}"], ["y"])
    weights = [
        onnx.helper.make_tensor(name, onnx.TensorProto.FLOAT, [1, 2], [1, 2]) for name in names
    ]
    graph = onnx.helper.make_graph([*chain, last], "g", [], [], weights)

    tracemalloc.start()
    try:
        (layer,) = exported._layers(graph, dict.fromkeys(names, (1, 2)), {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert layer.parameters == 2 * count
    assert peak < 10_000_000


def test_what_is_not_known_is_a_dash_and_the_sum_a_least() -> None:
    layers = [Layer("a", "MatMul", (1, 2), 6, 12), Layer("b", "Riddle", None, 1, None)]
    text = drawn(layers, "a graph", ["a note"])

    assert re.search(r"b +Riddle +– +1 +–$", text, re.MULTILINE)
    assert re.search(r"all +7 +at least 12$", text, re.MULTILINE)


def test_names_of_a_stranger_stay_on_their_line() -> None:
    hostile = Layer("x\n\x1b[31mred" * 50, "Add\ttab", (1,), 1, 1)
    text = drawn([hostile], "title\n\x1b[2J", [])

    assert "\x1b" not in text
    assert len(text.splitlines()) == 6
    assert max(map(len, text.splitlines())) < 200


class TestCommand:
    def test_shows_a_models_folder(
        self, kdzoo: RunCommand, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        folder = save_student("fasttext", tmp_path / "fasttext", tiny_encoder)
        outcome = kdzoo("show", folder)

        assert outcome.code == 0, outcome.err
        assert outcome.out.strip() == layer_table(folder)

    def test_shows_recipes_as_before(self, kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
        path = write_recipe()

        assert [*show(str(path)).values()] == [path.read_text(encoding="utf-8")]
        assert not is_model(path.parent)

    @pytest.mark.parametrize(
        ("files", "said"),
        [
            (["study.json"], "name the folder of one"),
            (["config.json"], "model.safetensors"),
            (["model.safetensors"], "lacks config.json"),
            (["export.json"], "export the model again"),
            (["baseline.skops"], "lacks labels.json"),
            ([], "holds no recipe"),
        ],
    )
    def test_of_what_is_no_whole_model_is_a_message(
        self, kdzoo: RunCommand, tmp_path: Path, files: list[str], said: str
    ) -> None:
        folder = tmp_path / "mine"
        folder.mkdir()
        for name in files:
            (folder / name).write_text(json.dumps({}), encoding="utf-8")
        outcome = kdzoo("show", folder)

        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err

    def test_of_a_changed_export_is_refused(self, tmp_path: Path, tiny_encoder: Path) -> None:
        folder = export_to(
            save_student("fasttext", tmp_path / "fasttext", tiny_encoder), tmp_path / "exported"
        )
        (folder / "model.onnx").write_bytes(b"nothing")

        with pytest.raises(ModelError, match="export again"):
            layer_table(folder)
