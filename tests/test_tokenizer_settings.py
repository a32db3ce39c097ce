"""What tokenizer_config.json says of reading, and tokenizer.json cannot, is kept to everywhere."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from tiny_exports import export_to
from tiny_models import context_of, pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_world import LABELS, to_old_tokenizer
from tokenizers import Tokenizer
from transformers import AutoTokenizer, pipeline

from kdzoo.data import Example
from kdzoo.errors import TeacherError
from kdzoo.model import build_student, load_model, save_model
from kdzoo.model_files import CHECKPOINT
from kdzoo.progress import Silent
from kdzoo.runtime import Input, load_classifier
from kdzoo.runtime.folder import TOKENIZER
from kdzoo.runtime.parity import Parity, long_texts, with_long
from kdzoo.runtime.pipeline import read_long
from kdzoo.runtime.usage import SNIPPET
from kdzoo.teacher import Teacher, open_member, reach_of
from kdzoo.teacher.source_key import _read_otherwise, content_key
from kdzoo.text import cut_at, encode, reader_of, words

LIMIT = 12  # tokens
SETTINGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "cut on the left": {"truncation_side": "left"},
    "padded on the left": {"padding_side": "left"},
    "cut and padded on the left": {"truncation_side": "left", "padding_side": "left"},
    "special tokens are text": {"split_special_tokens": True},
    "special tokens are text, cut on the left": {
        "split_special_tokens": True,
        "truncation_side": "left",
    },
    "no token types": {"model_input_names": ["input_ids", "attention_mask"]},
}
TRACED_ANEW = {"no token types"}  # a graph of its own, which takes seconds
every_setting = pytest.mark.parametrize(
    "setting",
    [
        pytest.param(each, marks=[pytest.mark.study] if each in TRACED_ANEW else [])
        for each in SETTINGS
    ],
)

SHORT = [each.text for each in some_texts(8, seed=1)]
TEXTS: list[Input] = [
    *SHORT,
    *long_texts(SHORT, LIMIT),
    "play [SEP] jazz [MASK] now",
    "[PAD] " * 20 + "rain",
]
PAIRS: list[Input] = list(zip(map(str, TEXTS), reversed(list(map(str, TEXTS))), strict=True))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    folder = tmp_path_factory.mktemp("plain") / "bert"
    return save_tiny_classifier("bert", folder, tiny_encoder, seed=3)


@pytest.fixture
def classifier(setting: str, plain: Path, tmp_path: Path) -> Path:
    """A classifier's folder whose tokenizer was told so."""
    folder = tmp_path / "classifier"
    shutil.copytree(plain, folder)
    settings = {"model_max_length": LIMIT, **SETTINGS[setting]}
    AutoTokenizer.from_pretrained(folder, **settings).save_pretrained(folder)
    tokenizer = json.loads((folder / TOKENIZER).read_text(encoding="utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None  # as it mostly lies on the hub
    (folder / TOKENIZER).write_text(json.dumps(tokenizer), encoding="utf-8")
    return folder


def in_transformers(folder: Path, texts: list[Input]) -> Any:
    """Returns the logits [N, C] of a pipeline that knows nothing of kdzoo, text by text."""
    ask = pipeline("text-classification", str(folder), function_to_apply="none", device="cpu")
    place = {label: i for i, label in ask.model.config.id2label.items()}
    asked = [t if isinstance(t, str) else {"text": t[0], "text_pair": t[1]} for t in texts]
    rows = np.empty((len(texts), len(place)), dtype=np.float32)
    for row, each in enumerate(asked):
        found = ask([each], top_k=None, truncation=True)[0]
        for score in found:
            rows[row, place[score["label"]]] = score["score"]
    return rows


def texts_for(setting: str) -> list[Input]:
    """Token types count where there are pairs."""
    return PAIRS if "token types" in setting else TEXTS


def teacher_of(folder: Path) -> Teacher:
    return Teacher((open_member(folder, 64, LABELS),), folder, max_length=64, batch_size=16)


@every_setting
class TestFinishedClassifier:
    def test_answers_in_every_runtime_as_in_transformers(
        self, setting: str, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In batches, and without kdzoo; long texts, short ones, names of special tokens."""
        texts = texts_for(setting)
        wanted = in_transformers(classifier, texts)
        exported = export_to(classifier, tmp_path / "exported")

        for folder, runtime in (
            (classifier, "torch"),
            (classifier, "pipeline"),
            (exported, "onnx"),
        ):
            found = load_classifier(folder, runtime).logits(texts)
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4, err_msg=runtime)
        monkeypatch.chdir(exported)
        own: dict[str, Any] = {}
        exec(SNIPPET, own)  # noqa: S102 - kdzoo's own
        assert own["classify"](texts) == [LABELS[best] for best in wanted.argmax(1)]

    def test_labels_a_transfer_set_as_in_transformers(
        self, setting: str, classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))
        texts = texts_for(setting)
        examples = [Example.of(text) for text in texts]

        found = teacher_of(classifier).label(examples, Silent(), torch.device("cpu"))[:]

        wanted = in_transformers(classifier, texts)
        np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3)
        whole = reader_of(AutoTokenizer.from_pretrained(classifier))
        is_cut = [len(whole.encode_batch([text])[0]) > LIMIT for text in texts]
        reach = reach_of(classifier, examples, 64)
        assert (reach.cut, reach.limit) == (sum(is_cut), LIMIT)
        assert 0 < np.mean(is_cut) < 1

    def test_passes_its_settings_on_to_students(
        self, setting: str, classifier: Path, tmp_path: Path
    ) -> None:
        """Who learns from a teacher that reads the end of texts, reads their end."""
        side = SETTINGS[setting].get("truncation_side", "right")
        vocabulary = pruned_vocabulary(
            classifier, some_texts(200), special_tokens=False, max_length=LIMIT
        )
        student = build_student("cnn", {}, context_of(vocabulary, classifier), None, 0)
        save_model(tmp_path / "student", student, vocabulary)

        found = load_classifier(tmp_path / "student", "torch").logits(TEXTS)

        np.testing.assert_allclose(found, in_transformers(tmp_path / "student", TEXTS), atol=1e-5)
        read = load_model(tmp_path / "student").tokenizer
        whole_words = words(some_texts(20), LIMIT, None, teacher_of(classifier).cut_side())
        for reader in (read, whole_words.tokenizer):
            assert reader.truncation["direction"] == side
        assert read.encode_special_tokens == ("special" in setting)

    def test_has_a_key_of_its_own_where_it_reads_otherwise(
        self, setting: str, classifier: Path, plain: Path
    ) -> None:
        """Logits that were read from the wrong end are not taken from the cache."""
        shutil.copyfile(plain / TOKENIZER, classifier / TOKENIZER)
        is_other = content_key(classifier, LIMIT) != content_key(plain, LIMIT)

        assert is_other == bool(SETTINGS[setting].keys() - {"padding_side"})


@pytest.mark.parametrize(("limit", "is_other"), [(6, True), (64, False), (512, False)])
def test_where_the_tokenizer_cuts_before_the_recipe_the_key_is_another(
    limit: int, is_other: bool, tiny_encoder: Path, tmp_path: Path
) -> None:
    """Logits of texts that were cut elsewhere are not taken from the cache."""
    before = content_key(tiny_encoder, 64)
    shutil.copytree(tiny_encoder, tmp_path / "model")
    file = tmp_path / "model" / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))

    file.write_text(json.dumps({**settings, "model_max_length": limit}), encoding="utf-8")

    assert (content_key(tmp_path / "model", 64) != before) == is_other


def test_a_checkpoint_that_a_kill_left_behind_does_not_change_the_key(
    tiny_encoder: Path, tmp_path: Path
) -> None:
    """Else its logits are made anew, and its students trained, with it and again without it."""
    shutil.copytree(tiny_encoder, tmp_path / "model")
    (tmp_path / "model" / CHECKPOINT).write_bytes(b"of a training")

    assert content_key(tmp_path / "model", 64) == content_key(tiny_encoder, 64)


@pytest.mark.parametrize("content", ["[]", "null", "{", "[" * 5000, '"left"'])
def test_settings_that_are_none_are_told(content: str, plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "broken")
    (tmp_path / "broken" / "tokenizer_config.json").write_text(content, encoding="utf-8")

    with pytest.raises(TeacherError, match=r"tokenizer_config\.json"):
        content_key(tmp_path / "broken", 64)


class TestSettingsThatChangeWhatTokenizerJsonSays:
    """Some classes of transformers make of it what tokenizer_config.json says: so does kdzoo."""

    KINDS: ClassVar[dict[str, tuple[str, dict[str, Any]]]] = {
        "as it is": ("BertTokenizer", {}),
        "in case": ("BertTokenizer", {"do_lower_case": False}),
        "accents": ("BertTokenizer", {"strip_accents": False}),
        "signs together": ("BertTokenizer", {"tokenize_chinese_chars": False}),
        "of its own class": ("PreTrainedTokenizerFast", {}),
        "an end": ("PreTrainedTokenizerFast", {"add_bos_token": False, "add_eos_token": True,
                                               "bos_token": "[CLS]", "eos_token": "[SEP]"}),
        "a beginning": ("PreTrainedTokenizerFast", {"add_bos_token": True, "bos_token": "[CLS]"}),
        "no template": ("PreTrainedTokenizerFast", {"add_bos_token": False}),
        "a token more": ("PreTrainedTokenizerFast", {"extra_special_tokens": ["jazz"]}),
    }  # fmt: skip
    TEXTS = ("Play some JAZZ now", "Café 你好 naïve", "rain", "RAIN")

    @pytest.fixture
    def configured(self, kind: str, plain: Path, tmp_path: Path) -> Path:
        folder = Path(shutil.copytree(plain, tmp_path / "told"))
        name, settings = self.KINDS[kind]
        path = folder / "tokenizer_config.json"
        said = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**said, "tokenizer_class": name, **settings}), encoding="utf-8")
        return folder

    @pytest.mark.parametrize("kind", KINDS)
    def test_are_honoured_and_in_the_key(self, configured: Path, plain: Path) -> None:
        wanted = AutoTokenizer.from_pretrained(configured)
        usual = AutoTokenizer.from_pretrained(plain)

        reader = load_model(configured).tokenizer

        read = [reader.encode(text).ids for text in self.TEXTS]
        assert read == [wanted(text)["input_ids"] for text in self.TEXTS]
        if read != [usual(text)["input_ids"] for text in self.TEXTS]:
            assert content_key(configured, 64) != content_key(plain, 64)

    @pytest.mark.parametrize("kind", ["in case", "a beginning"])
    def test_reach_students_and_exported_forms(self, configured: Path, tmp_path: Path) -> None:
        wanted = AutoTokenizer.from_pretrained(configured)
        vocabulary = pruned_vocabulary(
            configured, [Example(each) for each in self.TEXTS], special_tokens=True
        )
        exported = export_to(configured, tmp_path / "exported")

        kept = vocabulary.kept
        assert kept is not None
        own = Tokenizer.from_file(str(exported / TOKENIZER))
        for text in self.TEXTS:
            ids = wanted(text)["input_ids"]
            assert [kept[each] for each in vocabulary.tokenizer.encode(text).ids] == ids
            assert own.encode(text).ids == ids

    def test_leave_the_keys_of_models_without_such_as_they_were(self, plain: Path) -> None:
        assert _read_otherwise(plain) == {}

    def test_are_all_that_there_is_beside_an_old_vocabulary(
        self, plain: Path, tmp_path: Path
    ) -> None:
        folders = []
        for lower in (True, False):
            folder = to_old_tokenizer(Path(shutil.copytree(plain, tmp_path / str(lower))))
            path = folder / "tokenizer_config.json"
            said = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**said, "do_lower_case": lower}), encoding="utf-8")
            folders.append(folder)

        assert content_key(folders[0], 64) != content_key(folders[1], 64)


class TestReader:
    @pytest.mark.parametrize("side", ["left", "right"])
    def test_cuts_on_its_side_wherever_it_is_told_to(self, side: str, plain: Path) -> None:
        tokenizer = AutoTokenizer.from_pretrained(plain, truncation_side=side)
        reader = reader_of(tokenizer, 9)
        text = str(TEXTS[-3])

        for limit in (9, 6, 8):
            cut_at(reader, limit)
            wanted = tokenizer(text, truncation=True, max_length=limit)["input_ids"]
            assert encode(reader, [Example(text)], 0).ids.tolist() == wanted

    def test_is_made_in_one_place(self) -> None:
        """Whoever takes the tokenizer below by himself loses what stands beside it."""
        root = Path(__file__).resolve().parent.parent / "kdzoo"
        taken = re.compile(r"backend_tokenizer\.to_str|enable_truncation\([^)]*\)")

        places = {
            path.relative_to(root).as_posix(): found
            for path in root.rglob("*.py")
            if (found := taken.findall(path.read_text(encoding="utf-8")))
        }

        assert set(places) == {"text/reading.py", "text/vocabulary.py"}
        calls = [each for found in places.values() for each in found if "truncation" in each]
        whole = "**reader.truncation"  # which has the direction
        assert all("direction=" in each or whole in each for each in calls)


class TestGate:
    PASSED = Parity(texts=8, logit_difference=0, other_labels=0, accuracy_change=0, passed=True)

    @pytest.mark.parametrize("exact", [True, False])
    @pytest.mark.parametrize("setting", ["cut on the left"])
    def test_sees_a_form_that_reads_the_wrong_end(
        self, classifier: Path, tmp_path: Path, exact: bool
    ) -> None:
        """PyTorch in kdzoo could be wrong as well: a pipeline of transformers is asked."""
        runtime = "onnx" if exact else "onnx-int8"
        exported = export_to(classifier, tmp_path / "exported", runtime)
        long = read_long(classifier, SHORT)

        right = with_long(self.PASSED, long, load_classifier(exported, runtime), exact=exact)
        reader = Tokenizer.from_file(str(exported / TOKENIZER))
        reader.enable_truncation(LIMIT)
        reader.save(str(exported / TOKENIZER))
        wrong = with_long(self.PASSED, long, load_classifier(exported, runtime), exact=exact)

        assert right.passed
        assert right.long_texts == len(SHORT)
        assert not wrong.passed
        assert not wrong.long_passed
        assert wrong.long_difference > 0.01

    def test_says_where_a_pipeline_cannot_be_asked(self, plain: Path, tmp_path: Path) -> None:
        """A side figure ends nothing: the form is judged by all else."""
        broken = tmp_path / "broken"
        shutil.copytree(plain, broken)
        (broken / "config.json").unlink()

        long = read_long(broken, SHORT)
        found = with_long(self.PASSED, long, load_classifier(plain, "torch"), exact=True)

        assert long.texts == ()
        assert found.passed
        assert found.long_failure is not None
        assert "a transformers pipeline cannot read" in found.long_failure

    def test_asks_nothing_of_a_model_that_reads_whole_books(
        self, plain: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kdzoo.runtime.pipeline.LONGEST", 10)

        long = read_long(plain, SHORT)

        assert long.texts == ()
        assert long.failure is not None
        assert "more than 10 tokens" in long.failure

    @pytest.mark.parametrize("limit", [1, 8, 64])
    @pytest.mark.parametrize(
        "texts", [SHORT, ["播放一些爵士乐"] * 3, [("a", "b c"), ("d", "e")], ["x"]]
    )
    def test_makes_texts_longer_than_the_limit(self, texts: list[Input], limit: int) -> None:
        found = long_texts(texts, limit)

        assert 0 < len(found) <= len(texts)
        for text in found:
            for side in (text,) if isinstance(text, str) else text:
                assert len(side.split()) > limit or len(side) > 8 * limit
