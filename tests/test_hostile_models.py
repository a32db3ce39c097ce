"""Models from a stranger: read as what they are, or one message, before memory or time is spent."""

from __future__ import annotations

import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
import pytest
import skops.io
import torch
from onnx import TensorProto, helper
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC
from tiny_models import context_of, pruned_vocabulary, some_texts, tiny_corpus
from tiny_world import LABELS, RunCommand
from tokenizers import Tokenizer
from torch import nn

import kdzoo as package
from kdzoo import tokenising
from kdzoo.data import Example
from kdzoo.digest import file_sha256
from kdzoo.errors import KdzooError, ModelError
from kdzoo.model import build_student, try_student
from kdzoo.model.allowance import Allowance
from kdzoo.model.baseline import fit_baseline, save_baseline
from kdzoo.model_files import check_model_files
from kdzoo.registry import register_student
from kdzoo.runtime import onnx as onnx_runtime
from kdzoo.runtime.encoder import TextEncoder
from kdzoo.text import encode
from kdzoo.tokenizer_files import _explodes, check_tokenizer_file

MEMORY = 1 << 30  # bytes that reading a hostile model may take


def refused(act: Callable[[], object]) -> str:
    """Returns the one message; nothing much was read or made for it."""
    process = psutil.Process()
    before, start = process.memory_info().rss, time.process_time()
    with pytest.raises(KdzooError) as caught:
        act()
    assert process.memory_info().rss - before < MEMORY
    assert time.process_time() - start < 10
    assert len(str(caught.value)) < 3000
    return str(caught.value)


def answered(folder: Path) -> str | None:
    """Lets a model answer; returns the one message where it does not."""
    try:
        found = list(package.load(folder).predict(["play a song", "rain"]))
    except KdzooError as error:
        return str(error)
    assert len(found) == 2
    assert all(0 <= each.probability <= 1 for each in found)
    return None


class TestConfiguration:
    """Of a Hugging Face model: config.json, tokenizer_config.json."""

    NUMBERS = (-1, 10**6, 10**400, 1.5, float("nan"), float("inf"), "text", None, [], {}, True)
    ENTRIES = (
        "num_hidden_layers", "hidden_dropout_prob", "attention_probs_dropout_prob", "vocab_size",
        "id2label", "hidden_size", "num_attention_heads", "max_position_embeddings",
        "architectures", "model_type", "pad_token_id", "num_labels", "classifier_dropout",
    )  # fmt: skip

    @pytest.fixture
    def folder(self, tiny_teacher: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(tiny_teacher, tmp_path / "model"))

    def tamper(self, folder: Path, name: str, **entries: Any) -> None:
        path = folder / name
        said = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**said, **entries}), encoding="utf-8")

    @pytest.mark.parametrize(
        "values", [NUMBERS[1::5], pytest.param(NUMBERS, marks=pytest.mark.slow)], ids=["few", "all"]
    )
    @pytest.mark.parametrize("entry", ENTRIES)
    def test_with_a_wrong_entry_is_read_or_told_of(
        self, folder: Path, entry: str, values: tuple[Any, ...]
    ) -> None:
        path = folder / "config.json"
        whole = path.read_text(encoding="utf-8")
        for value in values:
            path.write_text(json.dumps({**json.loads(whole), entry: value}), encoding="utf-8")
            message = answered(folder)

            assert message is None or "model" in message

    @pytest.mark.parametrize(
        "content",
        ["[]", "null", "3", '"text"', "", "{", '{"a": ' + "9" * 5000 + "}", "[" * 100_000,
         '{"a":' * 900 + "1" + "}" * 900, "\x00"],
        ids=lambda content: content[:12],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "tokenizer.json"])
    def test_that_is_none_is_told_of(self, folder: Path, name: str, content: str) -> None:
        (folder / name).write_text(content, encoding="utf-8")

        assert name in refused(lambda: check_model_files(folder))

    @pytest.mark.parametrize(
        "changes",
        [
            {"num_hidden_layers": 10**6},
            {"num_hidden_layers": 10**6, "vocab_size": 10**9},
            {"id2label": {str(number): f"label {number}" for number in range(10**5)}},
            {"id2label": {"0": "a", "2": "b"}},
            {"id2label": {"a": 0}},
            {"id2label": {"0": None}},
            {"id2label": {"0": "a", "1": "a", "2": "b", "3": "c"}},
            {"id2label": ["a", "b"]},
            {"id2label": {"0": "\ud800"}},
            {"hidden_dropout_prob": float("nan")},
            {"hidden_dropout_prob": -1},
            {"text_config": {"num_layers": 10**9}},
        ],
        ids=lambda changes: str(changes)[:40],
    )
    def test_that_cannot_be_of_these_weights_is_refused_before_it_is_built(
        self, folder: Path, changes: dict[str, Any]
    ) -> None:
        self.tamper(folder, "config.json", **changes)

        assert "config.json" in refused(lambda: check_model_files(folder))

    @pytest.mark.parametrize(
        ("said", "named"),
        [
            ({"0": 0, "1": 1, "2": 2, "3": 3}, "0 1 2 3"),
            ({"1": "a", "2": "b", "3": "c", "4": "d"}, "a b c d"),
            ({"3": "d", "10": "e", "2": "c", "1": "b"}, "b c d e"),
            ({"a": 0, "c": 2, "b": 1, "d": 3}, "a b c d"),
            ({"0": "a", "1": "b", "2": "c", "3": "b"}, "a LABEL_1 c LABEL_3"),
            ({"1": "a", "2": "x" * 1000, "3": "c", "4": "d"}, "a LABEL_1 c d"),
            (["a", "b", "c", "d"], "a b c d"),
        ],
        ids=lambda each: str(each)[:20],
    )
    def test_that_gives_outputs_no_names_says_what_to_write(
        self, folder: Path, said: Any, named: str
    ) -> None:
        """Saved again, it would give them none still."""
        self.tamper(folder, "config.json", id2label=said)
        message = refused(lambda: check_model_files(folder))
        (written,) = re.findall(r'write there ("id2label": \{.*\}), with', message)

        self.tamper(folder, "config.json", **json.loads(f"{{{written}}}"))

        assert package.load(folder).labels == tuple(named.split())

    @pytest.mark.parametrize("limit", [[], "text", float("nan"), -1, 0, {}, True])
    def test_with_a_length_that_is_none_is_refused(self, folder: Path, limit: Any) -> None:
        self.tamper(folder, "tokenizer_config.json", model_max_length=limit)

        assert "model_max_length" in refused(lambda: package.load(folder))

    @pytest.mark.parametrize(
        "content", ["[]", "null", "3", "{", '{"id2label": {"0": "a", "5": 1}}']
    )
    def test_of_a_teacher_is_refused_by_init(
        self, kdzoo: RunCommand, folder: Path, tiny_data: Path, tmp_path: Path, content: str
    ) -> None:
        (folder / "config.json").write_text(content, encoding="utf-8")
        outcome = kdzoo("init", "--data", tiny_data, "--teacher", folder, "-o", "mine")

        assert outcome.code == 2
        assert "config.json" in outcome.err
        assert not (tmp_path / "mine").exists()


class TestTokenizer:
    """tokenizer.json: no more ids than the table, no text that grows, no time without end."""

    @pytest.fixture
    def path(self, tiny_encoder: Path, tmp_path: Path) -> Path:
        return Path(shutil.copyfile(tiny_encoder / "tokenizer.json", tmp_path / "tokenizer.json"))

    def tamper(self, path: Path, part: str, value: Any) -> None:
        said = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**said, part: value}), encoding="utf-8")

    def template(self, ids: int, pieces: int) -> dict[str, Any]:
        piece = {"SpecialToken": {"id": "[CLS]", "type_id": 0}}
        text = {"Sequence": {"id": "A", "type_id": 0}}
        token = {"id": "[CLS]", "ids": [2] * ids, "tokens": ["[CLS]"] * ids}
        return {
            "type": "TemplateProcessing",
            "single": [*[piece] * pieces, text],
            "pair": [text, text],
            "special_tokens": {"[CLS]": token},
        }

    @pytest.mark.parametrize(("ids", "pieces"), [(10_000, 10_000), (65, 1), (1, 65), (9, 9)])
    @pytest.mark.parametrize("depth", [0, 3])
    def test_whose_template_expands_is_refused(
        self, path: Path, ids: int, pieces: int, depth: int
    ) -> None:
        processor = self.template(ids, pieces)
        for _ in range(depth):
            processor = {"type": "Sequence", "processors": [processor]}
        self.tamper(path, "post_processor", processor)

        assert "ids around each text" in refused(lambda: check_tokenizer_file(path))

    def test_whose_template_repeats_the_text_is_refused(self, path: Path) -> None:
        processor = self.template(1, 1)
        processor["single"] = [{"Sequence": {"id": "A", "type_id": 0}}] * 100_000
        self.tamper(path, "post_processor", processor)

        assert "ids around each text" in refused(lambda: check_tokenizer_file(path))

    @pytest.mark.parametrize(("times", "content"), [(40, "aa"), (1, "a" * 1000), (3, "a" * 10)])
    def test_that_makes_texts_grow_is_refused(self, path: Path, times: int, content: str) -> None:
        step = {"type": "Replace", "pattern": {"String": "a"}, "content": content}
        self.tamper(path, "normalizer", {"type": "Sequence", "normalizers": [step] * times})

        assert "longer" in refused(lambda: check_tokenizer_file(path))

    @pytest.mark.parametrize(
        "pattern",
        ["(a+)+$", "(a|a)*b", "((a*)*)*", "(?:x+x+)+y", r"(\w+\s?)*$", "a*a*a*a*a*a*b",
         "([a-z]+){2,}",
         "(?:(?:a+))+", r"(\p{L}|\p{L}\p{M}*)+!", "a?" * 30 + "a" * 30, "(a|aa)" * 30 + "b",
         "(a?b?a?)" * 10, "(?:a|aa){30}b", "(a?){20}", r"(?<x>a\g<x>?\g<x>?)b", r"(a*)\1*b",
         "(a*a*)(a*a*a*)b", "((a|b)(a|c)(a|d))((a|e)(a|f)(a|g))((a|h)(a|i)(a|j))"],
    )  # fmt: skip
    @pytest.mark.parametrize("part", ["pre_tokenizer", "normalizer"])
    def test_whose_expression_explodes_is_refused(
        self, path: Path, pattern: str, part: str
    ) -> None:
        step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
        if part == "normalizer":
            step = {"type": "Replace", "pattern": {"Regex": pattern}, "content": "a"}
        self.tamper(path, part, step)

        assert "regular expression" in refused(lambda: check_tokenizer_file(path))

    @pytest.mark.parametrize(
        "pattern",
        [
            r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
            r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|"
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"'s|'t|'re|'ve|'m|'ll|'d| ?[[:alpha:]]+| ?[[:digit:]]+| ?[^\s\p{L}\p{N}]+|\s+",
            r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
            r"[\p{Han}\p{Hiragana}]+",
            " {2,}",
        ],
    )
    def test_of_known_models_is_not(self, pattern: str) -> None:
        """Those of GPT-2, Llama, DeepSeek, GPT-4o, CLIP and XLM-R."""
        assert not _explodes(pattern)

    @pytest.mark.parametrize(
        ("pattern", "text", "limit_s", "said"),
        [
            ("a+X", "a" * 20_000, 0.2, "does not answer within 0.2 s"),
            ("(a+)+$", "a" * 30 + "b", 30.0, "gives up"),
        ],
    )
    def test_whose_expression_takes_long_on_a_text_is_ended(
        self,
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
        pattern: str,
        text: str,
        limit_s: float,
        said: str,
    ) -> None:
        """Whoever reads with it: what looks harmless may take for ever on a long text."""
        monkeypatch.setattr(tokenising, "LIMIT_S", limit_s)
        monkeypatch.setattr(tokenising, "CHARACTER_S", 0.0)
        step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
        self.tamper(path, "pre_tokenizer", {**step, "invert": False})
        tokenizer = Tokenizer.from_file(str(path))
        reader = TextEncoder(tokenizer, 0, ("input_ids",))

        for read in (
            lambda: encode(tokenizer, [Example.of(text)], 0),
            lambda: reader.single((text, "b")),
        ):
            with pytest.raises(ModelError, match="regular expression") as caught:
                read()
            assert said in str(caught.value)

    @pytest.mark.parametrize(
        ("pattern", "is_limited"),
        [("a+b", True), (r"\s+(?!\S)|\s+", True), ("(a|b)*c", True), ("a{2,}b", True),
         (" {2,}", False), (r" ?\p{L}+|[0-9]", False), (r"(?=[\p{Han}])\X", False)],
    )  # fmt: skip
    @pytest.mark.parametrize("part", ["pre_tokenizer", "normalizer"])
    def test_reads_at_full_speed_where_no_text_can_take_long(
        self, path: Path, pattern: str, is_limited: bool, part: str
    ) -> None:
        step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
                "invert": False}  # fmt: skip
        if part == "normalizer":
            step = {"type": "Replace", "pattern": {"Regex": pattern}, "content": "a"}
        self.tamper(path, part, step)

        assert tokenising.may_take_long(Tokenizer.from_file(str(path))) == is_limited

    @pytest.mark.parametrize("rows", [1, 10])
    def test_with_ids_beyond_the_table_is_refused(self, path: Path, rows: int) -> None:
        assert "table" in refused(lambda: check_tokenizer_file(path, rows))


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline as kdzoo writes it."""
    folder = tmp_path_factory.mktemp("baseline") / "baseline"
    save_baseline(folder, fit_baseline(tiny_corpus()), LABELS)
    return folder


class TestBaseline:
    @pytest.fixture
    def folder(self, baseline: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(baseline, tmp_path / "baseline"))

    def test_that_kdzoo_made_answers(self, folder: Path) -> None:
        assert answered(folder) is None

    @staticmethod
    def others() -> Iterator[Any]:
        texts, gold = ["play a song", "rain today", "wake me", "a joke"], [0, 1, 2, 3]
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        slow = TfidfVectorizer(token_pattern="(a+)+$")
        yield from ("text", 3, None, [1, 2], {"a": 1}, np.zeros(3), LinearSVC(), words)
        yield LogisticRegression().fit(np.eye(4), gold)
        yield make_pipeline(make_union(words, letters), LinearSVC(random_state=0))  # not fitted
        yield make_pipeline(words, LinearSVC()).fit(texts, gold)
        yield make_pipeline(make_union(words, letters), LogisticRegression()).fit(texts, gold)
        yield make_pipeline(make_union(slow, letters), LinearSVC()).fit(
            ["aa", "aaa", "ab a"], [0, 1, 2]
        )
        for classes in ([0, 1, 2, 9], [0, 0, 1, 2], [-1, 0, 1, 2], [0.5, 1, 2, 3]):
            fitted = make_pipeline(make_union(words, letters), LinearSVC()).fit(texts, gold)
            fitted[-1].classes_ = np.array(classes)
            yield fitted
        for shape in ((4, 1), (4,), (0, 0), (4, 10**4)):
            fitted = make_pipeline(make_union(words, letters), LinearSVC()).fit(texts, gold)
            fitted[-1].coef_ = np.zeros(shape)
            yield fitted
        fitted = make_pipeline(make_union(words, letters), LinearSVC()).fit(texts, gold)
        fitted[-1].coef_ = fitted[-1].coef_ * np.nan
        yield fitted
        fitted = make_pipeline(make_union(words, letters), LinearSVC()).fit(texts, gold)
        fitted[0].n_jobs = 10**6
        yield fitted

    def test_that_is_another_object_is_refused(self, folder: Path) -> None:
        for each in self.others():
            skops.io.dump(each, folder / "baseline.skops")

            assert "baseline" in refused(lambda: package.load(folder))

    @pytest.mark.parametrize(
        "labels", ["null", "3", '["a"]', "[]", "{}", '"text"', "[1, 2, 3, 4]", "[" * 100_000,
                   '["\\ud800", "b", "c", "d"]', "9" * 5000]
    )  # fmt: skip
    def test_with_labels_that_are_none_is_refused(self, folder: Path, labels: str) -> None:
        (folder / "labels.json").write_text(labels, encoding="utf-8")

        assert "baseline" in refused(lambda: package.load(folder))

    @pytest.mark.parametrize("name", ["schema.json", "1.npy", "bomb"])
    def test_that_unpacks_to_gigabytes_is_refused_before(self, folder: Path, name: str) -> None:
        path = folder / "baseline.skops"
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(name, "w", force_zip64=True) as file,
        ):
            for _ in range(64):
                file.write(bytes(1 << 20))

        assert "unpacks to" in refused(lambda: package.load(folder))


class TestGraph:
    """An exported folder whose graph is somebody else's."""

    @pytest.fixture
    def folder(self, tiny_encoder: Path, tmp_path: Path) -> Path:
        shutil.copyfile(tiny_encoder / "tokenizer.json", tmp_path / "tokenizer.json")
        (tmp_path / "labels.json").write_text(json.dumps(LABELS), encoding="utf-8")
        return tmp_path

    def put(self, folder: Path, nodes: list[Any], **constants: Any) -> Path:
        """Writes a graph of these nodes, from input_ids [B, T] to logits [B, 4], and signs it."""
        graph = helper.make_graph(
            nodes,
            "graph",
            [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["B", "T"])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 4])],
            initializer=[
                helper.make_tensor(name, kind, shape, values)
                for name, (kind, shape, values) in constants.items()
            ],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        onnx.save(model, folder / "model.onnx")
        names = ("model.onnx", "tokenizer.json", "labels.json")
        rows = len(json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"])
        content = {
            "runtime": "onnx",
            "max_length": 32,
            "pad_id": 0,
            "vocabulary": rows,
            "sha256": {name: file_sha256(folder / name) for name in names},
        }
        (folder / "export.json").write_text(json.dumps(content), encoding="utf-8")
        return folder

    def test_that_gives_fewer_rows_than_texts_is_refused(self, folder: Path) -> None:
        ids = helper.make_node("Cast", ["one"], ["logits"], to=TensorProto.FLOAT)
        node = helper.make_node("Shape", ["input_ids"], ["unused"])
        self.put(folder, [node, ids], one=(TensorProto.INT64, [1, 4], [1, 2, 3, 4]))

        message = refused(lambda: list(package.load(folder).predict(["one", "two", "three"])))
        assert "gives logits of the shape [1, 4] for 3 texts" in message

    def test_that_was_ended_once_may_answer_again(self) -> None:
        """In a service, one text that takes too long is no end of all others."""
        watch = onnx_runtime._Watch()
        watch.begins(-1.0)
        watch.look()
        assert watch.options.terminate
        watch.ends()

        watch.begins(60.0)

        assert not watch.options.terminate

    def test_that_loops_for_ever_is_ended(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(onnx_runtime, "LIMIT_S", 0.3)
        monkeypatch.setattr(onnx_runtime, "LOOK_S", 0.1)
        scalar = helper.make_tensor_value_info
        body = helper.make_graph(
            [
                helper.make_node("Identity", ["going"], ["goes_on"]),
                helper.make_node("Identity", ["value"], ["next"]),
            ],
            "body",
            [
                scalar("step", TensorProto.INT64, []),
                scalar("going", TensorProto.BOOL, []),
                scalar("value", TensorProto.FLOAT, None),
            ],
            [scalar("goes_on", TensorProto.BOOL, []), scalar("next", TensorProto.FLOAT, None)],
        )
        nodes = [
            helper.make_node("Cast", ["input_ids"], ["read"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["read", "axis"], ["sum"], keepdims=1),
            helper.make_node("Loop", ["most", "true", "sum"], ["looped"], body=body),
            helper.make_node("Concat", ["looped"] * 4, ["logits"], axis=1),
        ]
        self.put(
            folder,
            nodes,
            most=(TensorProto.INT64, [], [2**62]),
            true=(TensorProto.BOOL, [], [True]),
            axis=(TensorProto.INT64, [1], [1]),
        )

        message = refused(lambda: list(package.load(folder).predict(["one", "two"])))
        assert "does not answer within" in message

    @pytest.mark.parametrize("labels", ['["\\ud800", "b", "c", "d"]', "[]", "null"])
    def test_with_labels_that_are_none_is_refused(self, folder: Path, labels: str) -> None:
        (folder / "labels.json").write_text(labels, encoding="utf-8")
        node = helper.make_node("Cast", ["input_ids"], ["logits"], to=TensorProto.FLOAT)
        self.put(folder, [node])

        with pytest.raises(ModelError, match=r"labels\.json"):
            package.load(folder)

    def test_labels_do_not_steer_the_terminal(self, folder: Path, kdzoo: RunCommand) -> None:
        names = ["\x1b[31mred\x1b[0m", "\x9b2J", "a\tb\nc", "\x07\x08\r\ud7ff"]
        (folder / "labels.json").write_text(json.dumps(names), encoding="utf-8")
        nodes = [
            helper.make_node("Cast", ["input_ids"], ["read"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["read", "axis"], ["sum"], keepdims=1),
            helper.make_node("Concat", ["sum"] * 4, ["logits"], axis=1),
        ]
        self.put(folder, nodes, axis=(TensorProto.INT64, [1], [1]))
        Path("texts.txt").write_text("one\ntwo\n", encoding="utf-8")

        single, many = kdzoo("predict", folder, "a text"), kdzoo("predict", folder, "texts.txt")

        assert (single.code, many.code) == (0, 0)
        assert len(single.out.splitlines()) == 4
        assert len(many.out.splitlines()) == 2
        for text in (single.out, many.out, single.err, many.err):
            assert not set(text) & set("\x1b\x9b\x07\x08\r")


class TestStudent:
    """One of a user's own, or whose options are a stranger's."""

    SIDE = 10**7

    @staticmethod
    def makers() -> dict[str, Callable[[int], Any]]:
        return {
            "linear": lambda side: nn.Linear(side, side),
            "lstm": lambda side: nn.LSTM(8, side),
            "embedding": lambda side: nn.Embedding(side, side),
            "convolution": lambda side: nn.Conv1d(side, side, 3),
            "attention": lambda side: nn.MultiheadAttention(side, 1),
            "many": lambda side: nn.ModuleList(nn.Linear(1000, 1000) for _ in range(side)),
            "parameter": lambda side: nn.Parameter(torch.randn(side, side)),
            "buffer": lambda side: torch.zeros(side, side),
            "like another": lambda side: torch.zeros_like(torch.zeros(1).expand(side, side)),
            "new": lambda side: torch.zeros(1).new_zeros(side, side),
        }

    @pytest.mark.parametrize("name", makers())
    @pytest.mark.parametrize("road", ["try", "build"])
    def test_that_memory_cannot_hold_is_refused_before_it_takes_any(
        self, name: str, road: str, tiny_encoder: Path
    ) -> None:
        make = self.makers()[name]

        @register_student("giant", road="change")
        class Giant(nn.Module):
            def __init__(self, vocab_size: int, num_labels: int, *, side: int = 4) -> None:
                super().__init__()
                if name != "many":
                    torch.ones(3).tolist()  # which a model without memory cannot say
                self.embedding = nn.Embedding(vocab_size, num_labels)
                self.made = make(side)

            def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
                return (self.embedding(input_ids) * attention_mask.unsqueeze(-1)).sum(1)

        vocabulary = pruned_vocabulary(tiny_encoder, some_texts(20), special_tokens=False)
        context = context_of(vocabulary, tiny_encoder)

        def build(side: int) -> Any:
            return build_student("giant", {"side": side}, context, None, 0)

        if road == "try":
            message = refused(lambda: try_student("giant", {"side": self.SIDE}))
        else:
            message = refused(lambda: build(self.SIDE))
        assert "student 'giant' with these options takes" in message
        assert "give it smaller widths" in message
        build(4)  # a small one is not refused

    def test_is_drawn_as_ever_while_it_is_counted(self) -> None:
        torch.manual_seed(0)
        wanted = nn.Linear(8, 8).weight
        torch.manual_seed(0)

        with Allowance("it"):
            found = nn.Linear(8, 8).weight

        assert torch.equal(found, wanted)
