"""Texts that are longer than a model reads: whoever answers, exports or measures says how many."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_cascades import save_forms
from tiny_exports import export_to, save_student
from tiny_models import save_tiny_classifier
from tiny_world import RunCommand, WriteRecipe
from transformers import AutoTokenizer, BertConfig, BertForTokenClassification

import kdzoo as package
from kdzoo.data import Input
from kdzoo.predicting import Columns, answers
from kdzoo.progress import Silent
from kdzoo.runtime import load_classifier
from kdzoo.runtime.cascade import Cascade, write_cascade
from kdzoo.runtime.cut import count_cut

KINDS = ("student", "teacher", "pairs", "words")
RUNTIMES = ("torch", "onnx", "onnx-int8")
NOTE = "tokens and {} cut"


class Told(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def _tagger(folder: Path, encoder: Path) -> Path:
    """Writes a classifier of words."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    names = dict(enumerate(("O", "B-song", "I-song")))
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), id2label=names, max_position_embeddings=32,
        intermediate_size=24, **shape,
    )  # fmt: skip
    BertForTokenClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> dict[str, Path]:
    """A model of each kind, by name."""
    root = tmp_path_factory.mktemp("trained")
    return {
        "student": save_student("fasttext", root / "student", tiny_encoder),
        "teacher": save_tiny_classifier("bert", root / "teacher", tiny_encoder, positions=32),
        "pairs": save_student("fasttext", root / "pairs", tiny_encoder, pair_head=8),
        "words": _tagger(root / "words", tiny_encoder),
    }


@pytest.fixture(scope="module")
def form_of(
    trained: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Path]:
    """What makes a form of a model, once."""
    root, made = tmp_path_factory.mktemp("forms"), dict[tuple[str, str], Path]()

    def form(kind: str, runtime: str) -> Path:
        if runtime == "torch":
            return trained[kind]
        if (kind, runtime) not in made:
            made[kind, runtime] = export_to(trained[kind], root / f"{kind}-{runtime}", runtime)
        return made[kind, runtime]

    return form


def _texts(kind: str, limit: int) -> list[Input]:
    """Returns inputs around the length at which a model cuts, one word apart."""
    texts = [" ".join(["play"] * count) for count in range(1, 2 * limit)]
    return [(text, text) for text in texts] if kind == "pairs" else list(texts)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("kind", KINDS)
def test_are_counted_where_texts_are_answered(
    kind: str, runtime: str, form_of: Callable[[str, str], Path]
) -> None:
    """Those of which a token is lost, and no other: what a text ends with tells it."""
    folder = form_of(kind, runtime)
    predictor = package.load(folder)
    counted = predictor.cut_texts
    assert counted is not None
    texts = _texts(kind, counted.limit)
    # a word more is a token more, up to the limit
    classifier = load_classifier(form_of(kind, "torch"), "torch")
    lengths = [classifier.encode([text])["attention_mask"].sum().item() for text in texts]
    whole = lengths.index(counted.limit) + 1

    assert len(list(predictor.predict(texts))) == len(texts)

    assert (counted.texts, counted.cut) == (len(texts), len(texts) - whole)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_are_told_once_and_at_the_end(
    runtime: str, form_of: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """Of each asking by itself: a file, a stream, texts in memory, one text."""
    predictor = package.load(form_of("teacher", runtime))
    long, short = "play " * 40, "play"
    (tmp_path / "a.txt").write_text(f"{long}\n{short}\n{long}\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text(f"{short}\n" * 3, encoding="utf-8")

    def told(texts: object) -> list[str]:
        progress = Told()
        found = answers(predictor, texts, Columns(), 1, progress)  # type: ignore[arg-type]
        for answer in found:
            assert answer
            assert progress.said == []
        return progress.said

    two = "note: 2 of 3 texts (66.7 %) are longer than 32 tokens and are cut"
    assert told(tmp_path / "a.txt") == [two]
    assert told(tmp_path / "b.txt") == []
    assert told(io.StringIO(f"{long}\n{short}\n{short}")) == [
        "note: 1 of 3 texts (33.3 %) is longer than 32 tokens and is cut"
    ]
    assert told([long, short, long]) == [two]
    assert told(long) == ["note: the text is longer than 32 tokens and is cut"]
    assert told(short) == []


def test_are_told_of_a_cascade_as_its_student_reads(tmp_path: Path, tiny_encoder: Path) -> None:
    forms = save_forms(tmp_path, tiny_encoder)
    rule = Cascade(temperature=1.0, score="in_scope", threshold=0.9, escalated=0.5, promise="")
    write_cascade(tmp_path / "c", rule, forms["student"], forms["teacher"])
    progress = Told()

    list(answers(package.load(tmp_path / "c"), ["play " * 90, "play"], Columns(), 1, progress))

    assert progress.said[0].startswith("note: 1 of 2 texts (50.0 %) is longer than ")
    assert progress.said[1].endswith("escalated")


def test_of_the_classical_baseline_there_are_none(finished_study: Path) -> None:
    (baseline,) = (finished_study / "models").glob("baseline--*")
    progress = Told()

    list(answers(package.load(baseline), ["play " * 5000], Columns(), 1, progress))

    assert progress.said == []


def test_are_told_on_standard_error(
    kdzoo: RunCommand, form_of: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """Beside answers that are the same with it."""
    (tmp_path / "a.txt").write_text(f"{'play ' * 40}\nplay\n", encoding="utf-8")
    model = form_of("teacher", "onnx")

    shown = kdzoo("predict", model, tmp_path / "a.txt")
    written = kdzoo("predict", model, tmp_path / "a.txt", "-o", "o.jsonl")
    single = kdzoo("predict", model, "play")

    for outcome in (shown, written):
        assert outcome.err.count("1 of 2 texts (50.0 %) is longer than 32 tokens and is cut") == 1
        assert "longer" not in outcome.out
    assert len(shown.out.splitlines()) == 2
    assert "longer" not in single.out + single.err


def test_are_told_where_an_exported_form_is_compared(
    kdzoo: RunCommand, trained: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(f"{'play ' * 40}\nplay\n", encoding="utf-8")
    export = ("export", trained["teacher"], "--runtime", "onnx", "--out")

    with_texts = kdzoo(*export, "one", "--texts", tmp_path / "a.txt")
    without = kdzoo(*export, "two")

    assert with_texts.code == without.code == 0, with_texts.err
    assert with_texts.err.count("1 of 2 texts (50.0 %) is longer than 32 tokens and is cut") == 1
    assert "longer" not in without.err


def test_are_told_of_each_model_that_is_measured(
    kdzoo: RunCommand, form_of: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """Once, in however many forms."""
    (tmp_path / "a.txt").write_text(f"{'play ' * 40}\nplay\n" * 4, encoding="utf-8")
    models = (form_of("teacher", "torch"), form_of("student", "onnx"))

    outcome = kdzoo("bench", *models, "--texts", tmp_path / "a.txt", "--runtimes", "torch,onnx",
                    "--rounds", "1", "--no-isolation")  # fmt: skip

    assert outcome.code == 0, outcome.err
    assert outcome.err.count("4 of 8 texts (50.0 %) are longer than 32 tokens and are cut") == 2
    assert outcome.err.count("note: of teacher, ") == 1


def test_check_says_what_run_says(kdzoo: RunCommand, write_recipe: WriteRecipe) -> None:
    recipe = write_recipe(teacher={"max_length": 4})

    cut, whole = kdzoo("check", recipe), kdzoo("check", recipe, "--set", "teacher.max_length=32")

    assert cut.code == whole.code == 0, cut.err
    said = cut.out + cut.err
    assert said.count("are longer than 4 tokens and are cut (teacher.") == 1
    assert "longer than" not in whole.out + whole.err


def test_are_not_counted_where_a_model_is_timed(form_of: Callable[[str, str], Path]) -> None:
    """Who times it loads it by ``load_classifier``, and asks for no count."""
    classifier = load_classifier(form_of("teacher", "onnx"), "onnx")
    texts = ["play " * 40, "play"]
    plain = classifier.logits(texts)
    reader = classifier._encoder  # type: ignore[attr-defined]
    assert reader.look is None

    counted = count_cut(classifier)

    assert (classifier.logits(texts) == plain).all()
    assert counted is not None
    assert counted.cut == 1
    assert count_cut(object()) is None


def test_are_counted_without_torch_or_pydantic(form_of: Callable[[str, str], Path]) -> None:
    """What answers with an exported model stays as small as it was."""
    code = (
        "import sys; from pathlib import Path; from kdzoo.runtime import load_classifier; "
        "from kdzoo.runtime.cut import count_cut; "
        "model = load_classifier(Path(sys.argv[1]), 'onnx'); count = count_cut(model); "
        "model.logits(['play ' * 40]); assert count.cut == 1; "
        "print(*{'torch', 'transformers', 'pydantic', 'scipy'} & {*sys.modules})"
    )
    asked = [sys.executable, "-c", code, str(form_of("teacher", "onnx"))]

    found = subprocess.run(asked, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == ""
