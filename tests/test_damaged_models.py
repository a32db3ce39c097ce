"""A model whose files were cut off is none: a study makes it anew, and takes over no such one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tiny_results import one_student
from tiny_world import RunCommand, WriteRecipe

from kdzoo.choosing.choice import choose
from kdzoo.errors import StoreError
from kdzoo.results import Store, opened

STUDENT, KEY = "tiny--s0--*", "s" * 16
ONNX = {"measure": {"runtimes": ["torch", "onnx"]}}


@pytest.fixture
def study(finished_study: Path, tmp_path: Path) -> Path:
    """A finished study of one's own, to be damaged."""
    return Path(shutil.copytree(finished_study, tmp_path / "runs" / "first"))


def file_in(study: Path, model: str, name: str) -> Path:
    (found,) = study.glob(f"models/{model}/{name}")
    return found


def cut(file: Path) -> None:
    """Leaves of a file what a copy that was broken off does."""
    content = file.read_bytes()
    file.unlink()  # a pool of the tests may be linked to it
    file.write_bytes(content[: len(content) * 2 // 3])


def emptied(file: Path) -> None:
    """Leaves a configuration that says nothing."""
    file.unlink()
    file.write_text("{}", encoding="utf-8")


def flat(message: str) -> str:
    return " ".join(message.split())


@pytest.mark.study
@pytest.mark.trains
def test_weights_that_were_cut_off_are_trained_anew(
    kdzoo: RunCommand, write_recipe: WriteRecipe, study: Path
) -> None:
    """To the same weights; the file that a sister may be linked to is not written into."""
    weights = file_in(study, STUDENT, "model.safetensors")
    wanted = load_file(weights)
    cut(weights)
    linked = study.parent / "linked"
    linked.hardlink_to(weights)
    half = linked.read_bytes()
    outcome = kdzoo("run", write_recipe(), "--out", study)

    assert outcome.code == 0, outcome.err
    assert f"tiny, seed 0: {weights} is damaged; it is made anew" in flat(outcome.err)
    found = load_file(weights)
    assert all((found[name] == wanted[name]).all() for name in wanted)
    assert linked.read_bytes() == half


@pytest.mark.study
def test_a_damaged_model_of_a_sister_is_not_taken_over(
    kdzoo: RunCommand, write_recipe: WriteRecipe, study: Path
) -> None:
    file = file_in(study, STUDENT, "config.json")
    emptied(file)
    cut(file_in(study, "baseline--*", "baseline.skops"))
    outcome = kdzoo("run", write_recipe(), "--out", study.parent / "second")

    assert outcome.code == 0, outcome.err
    assert f"tiny, seed 0: {file} is damaged; it is made anew" in flat(outcome.err)
    assert "baseline.skops is damaged; it is made anew" in flat(outcome.err)
    assert file.read_text(encoding="utf-8") == "{}"  # a sister's files are its own
    assert file_in(study.parent / "second", STUDENT, "config.json").read_bytes() != b"{}"


@pytest.mark.trains
class TestStore:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        """A study of a teacher, a student and its control."""
        return one_student(tmp_path / "runs" / "first").finish()

    @pytest.fixture
    def other(self, store: Store) -> Store:
        """An empty study beside the first."""
        return Store(store.root.parent / "second")

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("model.safetensors", None),
            ("model.safetensors", b""),
            ("model.safetensors", b"version https://git-lfs.github.com/spec/v1"),
            ("config.json", b"{}"),
            ("config.json", b""),
            ("tokenizer.json", b'{"model": {"vo'),
            ("tokenizer.json", b"{}"),
        ],
    )
    def test_has_no_model_that_does_not_open(
        self, store: Store, other: Store, name: str, content: bytes | None
    ) -> None:
        file = store.finished(KEY) / name
        if content is None:
            cut(file)
        else:
            file.write_bytes(content)

        for each in (store, other):
            assert each.own(KEY) is each.seen(KEY) is each.find(KEY) is None
            assert each.damaged(KEY) == [file]
        other.let_go(KEY)
        assert file.exists()
        store.let_go(KEY)
        assert store.damaged(KEY) == []
        assert store.read(KEY).key == KEY  # figures are as they were

    def test_lets_no_whole_model_go(self, store: Store) -> None:
        store.let_go(KEY)

        assert store.own(KEY) == store.finished(KEY)

    def test_takes_a_whole_model_over_in_place_of_a_damaged_one(
        self, store: Store, other: Store
    ) -> None:
        whole = other.find(KEY)
        cut(store.finished(KEY) / "model.safetensors")
        taken = store.find(KEY)

        assert whole is not None
        assert taken == store.finished(KEY)
        assert (taken / "model.safetensors").samefile(whole / "model.safetensors")

    def test_takes_no_model_over_whose_record_cannot_be_read(
        self, store: Store, other: Store
    ) -> None:
        cut(store.finished(KEY) / "record.json")

        assert other.find(KEY) is None
        assert other.damaged(KEY) == [store.finished(KEY) / "record.json"]

    @pytest.mark.parametrize("name", ["predictions.parquet", "decision.json"])
    def test_takes_no_answers_over_that_are_damaged(
        self, store: Store, other: Store, name: str
    ) -> None:
        (store.finished(KEY) / name).write_bytes(b"PAR1")
        taken = other.find(KEY)

        assert taken is not None
        assert not (taken / name).exists()
        assert (store.finished(KEY) / name).exists()


@pytest.mark.study
@pytest.mark.parametrize("name", ["model.onnx", "export.json"])
def test_a_form_that_was_cut_off_is_exported_anew(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tmp_path: Path, name: str
) -> None:
    recipe, study = write_recipe(**ONNX), tmp_path / "runs" / "first"
    assert kdzoo("run", recipe, "--out", study).code == 0
    file = file_in(study, f"{STUDENT}/onnx", name)
    whole = file.read_bytes()
    cut(file)
    outcome = kdzoo("run", recipe, "--out", study)

    assert outcome.code == 0, outcome.err
    assert f"tiny, seed 0, onnx: {file} is damaged; it is made anew" in flat(outcome.err)
    assert len(file.read_bytes()) == len(whole)


class TestMissingModel:
    """A folder of a study that was not copied, or was removed."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        """A study without its student's folder."""
        store = one_student(tmp_path / "runs" / "first").finish()
        shutil.rmtree(store.finished(KEY))
        return store

    def test_is_told_by_its_name_and_seed(self, store: Store) -> None:
        told = r"no finished model of 'tiny', seed 0; run its recipe again"
        with pytest.raises(StoreError, match=told):
            choose(store, "tiny", None)
        with pytest.raises(StoreError, match=told):
            opened(store)

    def test_is_told_as_what_it_is_to_others(self, store: Store) -> None:
        for folder in store.root.glob("models/*"):
            shutil.rmtree(folder)
        with pytest.raises(StoreError, match=r"'teacher', seed 0.*the control on hard labels of"):
            opened(store)

    def test_leaves_the_others_to_be_used(self, store: Store) -> None:
        assert choose(store, "teacher", None).folder == store.finished("t" * 16)
