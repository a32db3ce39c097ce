"""Torch models as ONNX graphs: recurrent layers, pairs, 8 bits, and what cannot be exported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto
from tiny_exports import RECURRENT, TEXTS, export_to, save_student
from tiny_models import save_tiny_classifier
from tiny_world import LABELS

from kdzoo.errors import ModelError
from kdzoo.extensions import load_extensions
from kdzoo.model import load_model
from kdzoo.runtime import export, load_classifier
from kdzoo.runtime.graph import to_onnx


@pytest.fixture
def own_students(tmp_path: Path) -> None:
    """Recurrent students that a user wrote."""
    file = tmp_path / "own_recurrent.py"
    file.write_text(RECURRENT, encoding="utf-8")
    load_extensions(file)


def operators(folder: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(folder / "model.onnx").graph.node)


@pytest.mark.usefixtures("own_students")
class TestRecurrentStudents:
    @pytest.mark.study
    @pytest.mark.parametrize("kind", ["own_gru", "own_lstm"])
    def test_stop_where_a_text_ends(self, kind: str, tmp_path: Path, tiny_encoder: Path) -> None:
        """Two layers in both directions: padding changes nothing, though packing is not there."""
        trained = save_student(kind, tmp_path / "trained", tiny_encoder)
        exported = export_to(trained, tmp_path / "exported")
        onnx_form = load_classifier(exported, "onnx")

        together = onnx_form.run(onnx_form.encode(TEXTS))

        wanted = load_classifier(trained, "torch").logits(TEXTS)
        np.testing.assert_allclose(together, wanted, rtol=0, atol=1e-5)
        assert np.ptp(wanted, axis=0).min() > 0.01

    @pytest.mark.study
    def test_are_loops_in_every_export_of_a_process(
        self, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second LSTM of a process is one as well, not unrolled to the sample's length."""
        trained = save_student("own_lstm", tmp_path / "trained", tiny_encoder)
        exported = []
        for name in ("first", "second"):
            monkeypatch.setattr(export, "_last", {})  # traced anew
            exported.append(export_to(trained, tmp_path / name))
        first, second = exported

        assert operators(first) == operators(second)
        assert operators(second)["LSTM"] == 2
        np.testing.assert_array_equal(
            load_classifier(first, "onnx").logits(TEXTS),
            load_classifier(second, "onnx").logits(TEXTS),
        )

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("own_packer", "packed sequences cannot be exported.*is_exporting.*nn.GRU.*bilstm"),
            pytest.param(
                "own_rnn",
                "nn.RNN has no exported form, use nn.LSTM or nn.GRU",
                marks=pytest.mark.study,
            ),
        ],
    )
    def test_that_cannot_be_exported_are_told_the_cure(
        self, kind: str, words: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        """And nothing is left behind."""
        trained = save_student(kind, tmp_path / "trained", tiny_encoder)

        with pytest.raises(ModelError, match=words):
            export_to(trained, tmp_path / "exported")
        assert not [path for path in tmp_path.iterdir() if "exported" in path.name]

    def test_are_not_blamed_for_a_library_that_is_missing(
        self, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trained = save_student("own_lstm", tmp_path / "trained", tiny_encoder)

        def export_without(*_: Any, **__: Any) -> None:
            raise ModuleNotFoundError("No module named 'onnxscript'")

        monkeypatch.setattr(torch.onnx, "export", export_without)

        with pytest.raises(ModelError, match="No module named 'onnxscript'") as refusal:
            export_to(trained, tmp_path / "exported")
        assert "packed" not in str(refusal.value)


class TestTransformers:
    def test_that_cannot_be_exported_are_told_what_can_be(
        self, tiny_teacher: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Torch lists what it tried, over pages: of that, nothing is told."""

        def refuse(*_: Any, **__: Any) -> None:
            raise RuntimeError("No overload for aten.sub. Tried these:\nName Tensor:\nsub(1, 2)")

        monkeypatch.setattr(torch.onnx, "export", refuse)

        with pytest.raises(ModelError) as refusal:
            to_onnx(load_model(tiny_teacher).model)
        assert str(refusal.value).endswith(
            "RuntimeError: No overload for aten.sub; bert models run in PyTorch (kdzoo predict), "
            "and their students can be exported"
        )

    @pytest.mark.study
    @pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
    def test_answer_as_in_pytorch(
        self, architecture: str, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        """Positions, masks and the cut at the longest text are the model's own."""
        trained = save_tiny_classifier(architecture, tmp_path / "trained", tiny_encoder)
        exported = export_to(trained, tmp_path / "exported")
        texts = [*TEXTS, "rain " * 300, "☃"]
        onnx_form = load_classifier(exported, "onnx")

        together = onnx_form.run(onnx_form.encode(texts))

        wanted = load_classifier(trained, "torch").logits(texts)
        np.testing.assert_allclose(together, wanted, rtol=0, atol=1e-4)
        np.testing.assert_allclose(onnx_form.logits(texts), wanted, rtol=0, atol=1e-4)

    @pytest.mark.study
    def test_read_pairs_by_their_token_types(self, tmp_path: Path, tiny_encoder: Path) -> None:
        trained = save_tiny_classifier("bert", tmp_path / "trained", tiny_encoder)
        onnx_form = load_classifier(export_to(trained, tmp_path / "exported"), "onnx")
        pairs = list(zip(TEXTS, reversed(TEXTS), strict=True))

        found = onnx_form.run(onnx_form.encode(pairs))

        wanted = load_classifier(trained, "torch").logits(pairs)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)
        encoded = onnx_form.encode(pairs)
        without = onnx_form.run({**encoded, "token_type_ids": encoded["input_ids"] * 0})
        assert np.abs(without - wanted).max() > 1e-3  # they do say something


class TestTracing:
    @pytest.mark.study
    def test_is_done_once_for_all_forms_of_a_model(
        self, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It takes seconds; other weights are traced anew."""
        monkeypatch.setattr(export, "_last", {})
        traced: list[object] = []

        def counted(model: object) -> onnx.ModelProto:
            traced.append(model)
            return to_onnx(model)

        monkeypatch.setattr("kdzoo.runtime.export.to_onnx", counted)
        first = save_student("cnn", tmp_path / "first", tiny_encoder, dim=8)
        other = save_student("cnn", tmp_path / "other", tiny_encoder, dim=9)

        for runtime in ("onnx", "onnx-int8"):
            export_to(first, tmp_path / runtime, runtime)
        export_to(other, tmp_path / "theirs")

        assert len(traced) == 2
        for folder, trained in (("onnx", first), ("theirs", other)):
            wanted = load_classifier(trained, "torch").logits(TEXTS)
            found = load_classifier(tmp_path / folder, "onnx").logits(TEXTS)
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


class TestInt8:
    @pytest.fixture
    def trained(self, tmp_path: Path, tiny_encoder: Path) -> Path:
        return save_tiny_classifier("bert", tmp_path / "trained", tiny_encoder, seed=3)

    @pytest.mark.study
    @pytest.mark.parametrize("how", ["dynamic", "static"])
    def test_is_nearly_the_same(self, how: str, trained: Path, tmp_path: Path) -> None:
        """Labels but for a few, and every large weight is of 8 bits."""
        exported = export_to(
            trained, tmp_path / "exported", "onnx-int8", int8=how, calibration=TEXTS[:20]
        )
        wanted = load_classifier(trained, "torch").logits(TEXTS)

        found = load_classifier(exported, "onnx-int8").logits(TEXTS)

        assert (found.argmax(1) == wanted.argmax(1)).mean() >= 0.9
        assert 0 < np.abs(found - wanted).max() < 0.2 * np.ptp(wanted)
        assert len(set(wanted.argmax(1))) > 1
        weights = onnx.load(exported / "model.onnx").graph.initializer
        large = [each for each in weights if np.prod(each.dims) > 200 and len(each.dims) == 2]
        assert {each.data_type for each in large} <= {TensorProto.INT8, TensorProto.UINT8}
        assert large

    def test_that_is_static_needs_texts(self, trained: Path, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="static int8 needs calibration texts"):
            export_to(trained, tmp_path / "exported", "onnx-int8", int8="static")
        assert not [path for path in tmp_path.iterdir() if "exported" in path.name]


class TestWhatIsWritten:
    def test_is_whole_and_says_what_it_is(self, tmp_path: Path, tiny_encoder: Path) -> None:
        from kdzoo.runtime.folder import check_exported_form, deployed_bytes, read_labels

        trained = save_student("fasttext", tmp_path / "trained", tiny_encoder)
        folder = export_to(trained, tmp_path / "exported", "onnx-int8")

        said = check_exported_form(folder)

        assert said.runtime == "onnx-int8"
        assert said.max_length == 32
        assert set(said.made_with) >= {"kdzoo", "torch", "onnxruntime"}
        assert read_labels(folder) == LABELS
        names = {path.name for path in folder.iterdir()}
        assert names == {"model.onnx", "tokenizer.json", "labels.json", "export.json", "README.md"}
        sizes = [(folder / name).stat().st_size for name in said.sha256]
        assert deployed_bytes(folder) == sum(sizes)

    @pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
    def test_is_nothing_where_no_file_can_hold_the_weights(
        self, runtime: str, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is told before minutes of tracing, and what was there stays."""
        from kdzoo.runtime import export

        trained = save_student("fasttext", tmp_path / "trained", tiny_encoder)
        weights = (trained / "model.safetensors").stat().st_size  # a header among them
        folder = export_to(trained, tmp_path / "exported", runtime)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        monkeypatch.setattr(export, "to_onnx", None)  # nobody traces

        monkeypatch.setattr(export, "LARGEST_GRAPH", weights // 2)
        with pytest.raises(
            ModelError, match=r"its weights take .* GB.*measure: \{runtimes: \[torch"
        ):
            export_to(trained, tmp_path / "exported", runtime)

        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        monkeypatch.setattr(export, "LARGEST_GRAPH", weights)
        export_to(trained, tmp_path / "exported", runtime)

    def test_holds_no_path_of_this_machine(self, tmp_path: Path, tiny_encoder: Path) -> None:
        """A graph does not say from which file on whose disk each of its nodes comes."""
        import torch
        import transformers

        trained = save_tiny_classifier("bert", tmp_path / "trained", tiny_encoder)
        folder = export_to(trained, tmp_path / "exported")

        written = b"".join(path.read_bytes() for path in folder.iterdir())
        for place in (torch.__file__, transformers.__file__, __file__, tmp_path):
            assert str(Path(place).parent).encode() not in written
        numbers = (trained / "model.safetensors").stat().st_size
        assert (folder / "model.onnx").stat().st_size < 2 * numbers

    def test_is_what_was_there_before_where_an_export_fails(
        self, tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An export replaces the last one when it is whole, and not before."""
        trained = save_student("fasttext", tmp_path / "trained", tiny_encoder)
        folder = export_to(trained, tmp_path / "exported")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}

        def fails(*_: object) -> None:
            raise ModelError("no")

        monkeypatch.setattr(export, "write_exported_form", fails)
        with pytest.raises(ModelError, match="no"):
            export_to(trained, tmp_path / "exported")

        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert not (tmp_path / ".exported.partial").exists()
