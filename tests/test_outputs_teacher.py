"""A teacher that is a file, as the rest of kdzoo meets it: its cache, its texts, what it lends."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_outputs import CPU, opened, said, write_rows
from tiny_world import LABELS, RunCommand

from kdzoo.data import Example
from kdzoo.errors import FileError, TeacherError
from kdzoo.progress import Silent
from kdzoo.recipe.teacher import TeacherSection
from kdzoo.teacher import (
    AnyTeacher,
    OutputsTeacher,
    Teacher,
    cache_contents,
    open_member,
    open_outputs_teacher,
)

ROWS = [{"text": "one", "label": "music"}, {"text": "two", "label": "oos"}]


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "o.jsonl", ROWS)


class Told(Silent):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str) -> None:
        """Keeps the message."""
        self.lines.append(message)


def lines_of(path: Path, **section: Any) -> list[str]:
    """Returns what is said while the file is opened."""
    progress = Told()
    open_outputs_teacher(TeacherSection(outputs=str(path), **section), LABELS, progress)
    return progress.lines


class TestTheCache:
    def test_a_file_is_read_once(self, file: Path, tmp_path: Path) -> None:
        """Its bytes decide: a copy elsewhere, or a touched one, is not read again."""
        assert lines_of(file) == ["o.jsonl: labels of 2 texts"]
        (tmp_path / "copy.jsonl").write_bytes(file.read_bytes())

        assert lines_of(file) == []
        assert lines_of(tmp_path / "copy.jsonl") == []

    @pytest.mark.parametrize("section", [{"smoothing": 0.2}, {"encoder": None}])
    def test_smoothing_is_another_reading_of_labels(
        self, file: Path, section: dict[str, Any]
    ) -> None:
        first = opened(file)
        second = opened(file, **section)

        assert (first.key == second.key) == ("smoothing" not in section)

    def test_smoothing_is_no_matter_to_probabilities(self, tmp_path: Path) -> None:
        row = {"text": "one", "probabilities": {"music": 1.0}}
        file = write_rows(tmp_path / "p.jsonl", [row])

        assert opened(file).key == opened(file, smoothing=0.4).key

    def test_other_content_is_another_teacher(self, file: Path, tmp_path: Path) -> None:
        other = write_rows(tmp_path / "p.jsonl", [*ROWS, {"text": "three", "label": "oos"}])

        assert opened(file).key != opened(other).key

    def test_other_names_of_the_lists_are_another_teacher(self, tmp_path: Path) -> None:
        file = write_rows(tmp_path / "p.jsonl", [{"text": "one", "logits": [1.0, 2.0, 3.0, 4.0]}])
        forth, back = (
            opened(file, labels=names) for names in (list(LABELS), list(reversed(LABELS)))
        )

        assert forth.key != back.key

    @pytest.mark.parametrize("damage", ["cut", "gone", "marker"])
    def test_what_is_damaged_is_read_anew(self, file: Path, damage: str) -> None:
        before = opened(file)
        logits = said(before, "one", "two")
        (shard,) = before.cache.folder.glob("*.npy")
        if damage == "cut":
            shard.write_bytes(shard.read_bytes()[:-1])
        elif damage == "gone":
            shard.unlink()
        else:
            (before.cache.folder / "whole.json").write_text("{", encoding="utf-8")

        assert lines_of(file)[-1] == "o.jsonl: labels of 2 texts"
        np.testing.assert_array_equal(said(opened(file), "one", "two"), logits)

    def test_a_reading_that_was_cut_short_is_not_taken_for_whole(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What an interrupted reading left is no teacher; the next one reads to the end."""
        rows = [{"text": f"text {i}", "label": LABELS[i % 4]} for i in range(40)]
        file = write_rows(tmp_path / "many.jsonl", rows)
        monkeypatch.setattr("kdzoo.teacher.outputs_file._ROWS", 10)
        monkeypatch.setattr("kdzoo.teacher.outputs_reading._SHARD_NUMBERS", 40)

        class Stopped(Silent):
            def say(self, message: str) -> None:
                raise AssertionError("it was read to its end")

        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("kdzoo.teacher.outputs_reading._refuse_contradictions", stop)
            with pytest.raises(KeyboardInterrupt):
                open_outputs_teacher(TeacherSection(outputs=str(file)), LABELS, Stopped())
        assert len(list((tmp_path / "cache").rglob("*.npy"))) == 4

        assert lines_of(file) == ["many.jsonl: labels of 40 texts"]
        assert said(opened(file), *(row["text"] for row in rows)).argmax(1).tolist() == [
            i % 4 for i in range(40)
        ]

    def test_a_full_disk_is_one_message_and_leaves_nothing(
        self, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(np, "save", full)
            with pytest.raises(FileError, match=r"cannot be written: .*No space left"):
                opened(file)

        assert [*(tmp_path / "cache").rglob("*.npy"), *(tmp_path / "cache").rglob("*.part*")] == []
        assert said(opened(file), "one").argmax() == LABELS.index("music")

    def test_kdzoo_cache_shows_and_clears_it(self, file: Path, kdzoo: RunCommand) -> None:
        opened(file)

        assert [each.texts for each in cache_contents()] == [2]
        assert "2 texts" in kdzoo("cache").out
        kdzoo("cache", "clear")
        assert cache_contents() == []
        assert lines_of(file) == ["o.jsonl: labels of 2 texts"]


class TestItsTexts:
    def test_it_covers_what_it_holds(self, file: Path) -> None:
        teacher = opened(file)

        assert teacher.covers([Example("one"), Example("two"), Example("one")])
        assert teacher.covers([])
        assert not teacher.covers([Example("one"), Example("three")])
        assert not teacher.covers([Example("one", "two")])

    def test_texts_that_it_does_not_cover_are_counted_and_refused(self, file: Path) -> None:
        examples = [Example("one"), *(Example(f"other {'x' * 200} {i}") for i in range(1200))]

        with pytest.raises(TeacherError) as caught:
            opened(file).label(examples, Silent(), CPU)

        message = str(caught.value)
        assert "o.jsonl does not cover 1,200 of 1,201 texts (for example 'other xxx" in message
        assert "list them with: kdzoo texts RECIPE -o texts.jsonl" in message
        assert "x" * 100 not in message

    def test_a_model_covers_every_text(self, tiny_teacher: Path) -> None:
        member = open_member(tiny_teacher, 32, LABELS)

        assert Teacher((member,), tiny_teacher, 32, 8).covers([Example("anything")])


class TestWhatItLends:
    def test_nothing_without_an_encoder(self, file: Path) -> None:
        teacher = opened(file, max_length=77)

        assert teacher.members == ()
        assert teacher.text_limit() == 77
        assert teacher.encoder_key() == ""
        assert teacher.mask_token() is None
        with pytest.raises(
            TeacherError, match=r"name teacher\.encoder, or set student\.text: words"
        ):
            teacher.tokenizer()
        for lend in (teacher.encoder, teacher.model):
            with pytest.raises(TeacherError, match=r"name teacher\.encoder"):
                lend()

    def test_what_its_encoder_is(self, file: Path, tiny_encoder: Path) -> None:
        """As a live teacher does that was fine-tuned from the same encoder."""
        teacher = opened(file, encoder=str(tiny_encoder), max_length=100)
        live = Teacher((), tiny_encoder, 100, 8)

        assert teacher.encoder_key() == live.encoder_key() != ""
        assert teacher.text_limit() == 64
        assert teacher.mask_token() == "[MASK]"
        assert len(teacher.tokenizer()) == teacher.encoder().config.vocab_size
        assert teacher.model().config.hidden_size == 32

    def test_an_encoder_that_is_nowhere(self, file: Path) -> None:
        with pytest.raises(TeacherError, match=r"no such model folder: \./gone"):
            opened(file, encoder="./gone")

    def test_both_teachers_fulfil_the_protocol(self) -> None:
        """What takes a teacher takes either: each part of the protocol, with its signature."""
        for name, wanted in inspect.getmembers(AnyTeacher):
            if name.startswith("_"):
                continue
            for kind in (Teacher, OutputsTeacher):
                fields = {field.name for field in dataclasses.fields(kind)}
                if isinstance(wanted, property):
                    assert name in fields or isinstance(getattr(kind, name), property)
                else:
                    assert inspect.signature(getattr(kind, name)) == inspect.signature(wanted)
