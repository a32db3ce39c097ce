"""The store: finished models only, shared with sister studies, published without secrets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_results import HandWritten, one_student

from kdzoo.choosing import model_folder
from kdzoo.errors import StoreError
from kdzoo.files import write_atomically
from kdzoo.report import make_table
from kdzoo.results import OUTCOMES, Manifest, Member, Record, Store, publish
from kdzoo.results.publish import _without_folders, without_paths

KEY = "s" * 16


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A study of a teacher, a student and its control."""
    return one_student(tmp_path / "runs" / "study").finish()


class TestOutcomes:
    @settings(deadline=None, max_examples=50)
    @given(st.lists(st.floats(-30, 30) | st.just(float("nan")), min_size=1))
    def test_are_kept_to_a_ten_thousandth(
        self, tmp_path_factory: pytest.TempPathFactory, values: list[float]
    ) -> None:
        """And no longer change, however often they are read, published and merged."""
        folder = tmp_path_factory.mktemp("outcomes")
        store = Store(folder)

        def kept(frame: pd.DataFrame) -> pd.DataFrame:
            store.write_outcomes(folder, frame)
            return pd.read_parquet(folder / OUTCOMES)

        once = kept(pd.DataFrame({"brier": values, "row": np.arange(len(values))}))

        np.testing.assert_allclose(once["brier"], values, rtol=1e-4, atol=1e-37)
        assert once["row"].tolist() == list(range(len(values)))
        pd.testing.assert_frame_equal(kept(once), once)


@pytest.mark.trains
class TestFinishedModel:
    def test_is_found_by_its_key(self, store: Store) -> None:
        folder = store.find(KEY)

        assert folder is not None
        assert folder.name == f"tiny--s0--{KEY}"
        assert store.read(KEY).key == KEY

    def test_without_its_record_is_not_there(self, store: Store) -> None:
        """The record is written last: a folder without one is an attempt, whatever it holds."""
        (store.finished(KEY) / "record.json").unlink()

        assert store.find(KEY) is None
        with pytest.raises(StoreError, match=KEY):
            store.read(KEY)

    def test_without_its_weights_is_not_found_but_can_be_read(self, store: Store) -> None:
        """A published study makes its report again; a run that needs the model trains it."""
        (store.finished(KEY) / "model.safetensors").unlink()

        assert store.find(KEY) is None
        assert store.read(KEY).quality["test"]["accuracy"] == pytest.approx(0.8)

    def test_is_taken_over_without_what_is_being_written_beside_it(
        self, store: Store, tmp_path: Path
    ) -> None:
        """Its own study may measure it, and write its forms, at the same time."""
        own = store.finished(KEY)
        (own / ".predictions.parquet.0a1b.partial").write_bytes(b"half of it")
        (own / ".onnx.partial").mkdir()

        taken = Store(tmp_path / "runs" / "sister").find(KEY)

        assert taken is not None
        assert {path.name for path in own.iterdir()} - {path.name for path in taken.iterdir()} == {
            ".predictions.parquet.0a1b.partial",
            ".onnx.partial",
        }

    def test_of_another_study_says_nothing_of_this_ones_unlabelled_texts(
        self, store: Store
    ) -> None:
        """A teacher is taken over with its record, made where there were other texts."""
        record = store.read("t" * 16)
        data = record.data.model_copy(update={"unlabelled": 13_740})
        store.write(store.finished("t" * 16), record.model_copy(update={"data": data}))

        assert make_table(store).unlabelled == (0, 0)

    def test_of_another_key_is_not_taken_for_it(self, store: Store) -> None:
        assert store.find(KEY[:-1]) is None
        assert store.find("x" * 16) is None

    @settings(deadline=None, max_examples=30)
    @given(name=st.text(max_size=80), variant=st.text(max_size=80))
    def test_lies_within_the_study_whatever_it_is_called(
        self, tmp_path_factory: pytest.TempPathFactory, name: str, variant: str
    ) -> None:
        """No name leaves the folder, and each folder can be made and found again."""
        store = Store(tmp_path_factory.getbasetemp() / "hostile")

        folder = store.folder(name, variant, 0, KEY)

        assert folder.resolve().parent == (store.root / "models").resolve()
        assert len(folder.name) < 255
        assert folder.name.endswith(f"s0--{KEY}")


@pytest.mark.trains
class TestSisterStudy:
    @pytest.fixture
    def other(self, store: Store) -> Store:
        """An empty study beside the first."""
        return Store(store.root.parent / "other")

    def test_lends_its_models_by_link(self, store: Store, other: Store) -> None:
        """No byte is copied and nothing trained: the other study has the same file."""
        mine = store.finished(KEY)

        taken = other.find(KEY)

        assert taken == other.root / "models" / mine.name
        for name in ("model.safetensors", "record.json", OUTCOMES):
            assert (taken / name).samefile(mine / name)
        assert other.read(KEY) == store.read(KEY)

    def test_is_not_touched_by_what_happens_to_what_it_lent(
        self, store: Store, other: Store
    ) -> None:
        """New figures in one study, or its end, leave the other as it was."""
        before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
        taken = other.find(KEY)
        assert taken is not None
        record, outcomes = other.read(KEY), other.outcomes(KEY)
        other.write(taken, record.model_copy(update={"quality": {"test": {"accuracy": 0.0}}}))
        other.write_outcomes(taken, outcomes.head(3))
        (taken / "model.safetensors").unlink()

        assert {path: path.read_bytes() for path in before} == before
        assert other.read(KEY).quality == {"test": {"accuracy": 0.0}}

    def test_that_has_not_finished_lends_nothing(self, store: Store, other: Store) -> None:
        (store.finished(KEY) / "record.json").unlink()

        assert other.find(KEY) is None
        assert not other.root.exists()

    def test_that_is_published_lends_nothing(self, store: Store, other: Store) -> None:
        publish(store, store.root.parent / "published", [KEY])
        (store.finished(KEY) / "model.safetensors").unlink()

        assert other.find(KEY) is None

    def test_takes_the_place_of_an_unfinished_attempt(self, store: Store, other: Store) -> None:
        """A checkpoint of our own is not needed when a neighbour has the whole model."""
        attempt = other.root / "models" / store.finished(KEY).name
        attempt.mkdir(parents=True)
        (attempt / "checkpoint.safetensors").write_bytes(b"half way")
        half_taken = attempt.with_name(f".{attempt.name}.partial")
        half_taken.mkdir()
        (half_taken / "config.json").write_text("{}", encoding="utf-8")

        assert other.find(KEY) == attempt
        assert not (attempt / "checkpoint.safetensors").exists()
        assert not half_taken.exists()

    def test_on_a_disk_that_cannot_link_is_copied(
        self, store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def cannot(*_: Any) -> None:
            raise OSError("no links here")

        monkeypatch.setattr(os, "link", cannot)

        taken = other.find(KEY)

        assert taken is not None
        mine = store.finished(KEY) / "model.safetensors"
        assert (taken / "model.safetensors").read_bytes() == mine.read_bytes()
        assert not (taken / "model.safetensors").samefile(mine)


class TestReading:
    @pytest.mark.parametrize("what", ["record", "manifest", "session"])
    def test_of_what_a_newer_kdzoo_wrote_is_refused(self, store: Store, what: str) -> None:
        """A schema that is not known is not guessed at; the message says what to install."""
        path = {
            "record": store.finished(KEY) / "record.json",
            "manifest": store.root / "study.json",
            "session": store.root / "measurements" / "session.json",
        }[what]
        data = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**data, "schema_version": 2, "new": 1}), encoding="utf-8")

        with pytest.raises(StoreError, match=r"newer kdzoo \(schema 2.*pip install --upgrade"):
            {"record": lambda: store.read(KEY), "manifest": store.manifest}.get(
                what, store.sessions
            )()

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema_version": 1}', "\x00\xff"])
    def test_of_a_damaged_record_names_the_file(self, store: Store, content: str) -> None:
        path = store.finished(KEY) / "record.json"
        path.write_bytes(content.encode("latin-1"))

        with pytest.raises(StoreError, match=str(path)):
            store.read(KEY)

    def test_of_a_folder_that_is_no_study_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match=r"no folder of results: it holds no study\.json"):
            Store(tmp_path).manifest()

    def test_of_an_interrupted_study_says_to_run_it_again(self, store: Store) -> None:
        """It has models and no table yet; a search has models, and never a table."""
        (store.root / "study.json").unlink(missing_ok=True)

        for look in (store.manifest, lambda: model_folder(store.root, "tiny", None)):
            with pytest.raises(StoreError, match=r"has not ended: .*the same kdzoo run command"):
                look()

        (store.root / "search.json").write_text("{}", encoding="utf-8")
        with pytest.raises(StoreError, match=r"no folder of results: it holds no study\.json"):
            store.manifest()

    def test_gives_back_what_was_written(self, store: Store) -> None:
        """Records, manifests and sessions survive their file unchanged."""
        record, manifest = store.read(KEY), store.manifest()
        (session,) = store.sessions()

        assert Record.model_validate_json(record.model_dump_json()) == record
        assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest
        store.write_session(session.model_copy(update={"id": "later", "created": "2027"}))
        assert [each.id for each in store.sessions()] == ["session", "later"]
        assert store.session("later") == store.sessions()[1]
        assert store.session("latest") is None

    def test_of_missing_predictions_says_what_to_do(self, store: Store) -> None:
        (store.finished(KEY) / OUTCOMES).unlink()

        with pytest.raises(StoreError, match="run its recipe again"):
            store.outcomes(KEY)


class TestWritingAtomically:
    def test_leaves_the_old_file_where_it_fails(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A process that dies before the last moment has changed nothing."""
        file = tmp_path / "record.json"
        write_atomically(file, "old")

        def dies(*_: Any) -> Path:
            raise KeyboardInterrupt

        monkeypatch.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(file, "new")

        assert file.read_text(encoding="utf-8") == "old"

    @pytest.mark.parametrize("content", ["äöü ☃\n", b"\x00\xff\r\n"])
    def test_leaves_the_bytes_and_nothing_else(self, tmp_path: Path, content: str | bytes) -> None:
        write_atomically(tmp_path / "file", content)

        assert [each.name for each in tmp_path.iterdir()] == ["file"]
        wanted = content.encode() if isinstance(content, str) else content
        assert (tmp_path / "file").read_bytes() == wanted

    def test_makes_a_new_file_so_that_links_keep_the_old_one(self, tmp_path: Path) -> None:
        write_atomically(tmp_path / "a", "old")
        os.link(tmp_path / "a", tmp_path / "b")

        write_atomically(tmp_path / "a", "new")

        assert (tmp_path / "b").read_text(encoding="utf-8") == "old"


class TestPublishing:
    @pytest.fixture
    def working(self, tmp_path: Path) -> HandWritten:
        """A study whose recipe names places on this machine."""
        study = one_student(tmp_path / "runs" / "study")
        recipe = {
            "data": {"files": {"train": f"{tmp_path}/data/train.jsonl"}, "text": "text"},
            "teacher": {"models": [f"{tmp_path}/my-bert", "owner/name", "~/models/other"]},
            "student": {"embeddings": {"vectors": str(tmp_path / "glove.txt")}, "dim": 3},
        }
        study.model("p" * 16, range(5), name="placed", recipe=recipe)
        study.row("placed", "student", Member(seed=0, key="p" * 16), road="change")
        return study

    def test_leaves_out_paths_texts_and_weights(self, working: HandWritten, tmp_path: Path) -> None:
        """Nothing that was published leads to this machine, to its user or to the texts."""
        store = working.finish()
        target = tmp_path / "results" / "study"
        publish(store, target, ["t" * 16, "c" * 16, "s" * 16, "p" * 16])

        files = [path for path in target.rglob("*") if path.is_file()]
        written = b"".join(path.read_bytes() for path in files)
        assert str(tmp_path).encode() not in written
        assert b"~/" not in written
        assert {path.name for path in files} == {
            "study.json", "session.json", "record.json", "predictions.parquet"
        }  # fmt: skip
        corpus = working.corpus
        for example in (*corpus.train, *corpus.validation, *corpus.test):
            if " " in example.text:
                assert example.text.encode() not in written
        columns = set(Store(target).outcomes("p" * 16).columns)
        assert not columns & {"text", "text_pair"}

    def test_keeps_what_is_no_path(self, working: HandWritten, tmp_path: Path) -> None:
        """The recipe can still be read: names of files, hub ids, options."""
        store = working.finish()

        recipe = publish(store, tmp_path / "results", ["p" * 16]).read("p" * 16).recipe

        assert recipe == {
            "data": {"files": {"train": "train.jsonl"}, "text": "text"},
            "teacher": {"models": ["my-bert", "owner/name", "other"]},
            "student": {"embeddings": {"vectors": "glove.txt"}, "dim": 3},
        }

    def test_changes_nothing_in_the_working_study(
        self, working: HandWritten, tmp_path: Path
    ) -> None:
        store = working.finish()
        before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}

        public = publish(store, tmp_path / "results", ["p" * 16])
        public.write(public.finished("p" * 16), public.read("p" * 16))

        assert {
            path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()
        } == before

    def test_again_replaces_what_was_there(self, working: HandWritten, tmp_path: Path) -> None:
        """A model that left the table leaves the published folder too."""
        store = working.finish()
        publish(store, tmp_path / "results", ["s" * 16, "p" * 16])

        public = publish(store, tmp_path / "results", ["s" * 16])

        assert [path.name for path in (tmp_path / "results/models").iterdir()] == [
            f"tiny--s0--{KEY}"
        ]
        assert [t.key for s in public.sessions() for t in s.timings] == [KEY]

    @pytest.mark.parametrize("target", ["runs/study", "runs/other", "home"])
    def test_never_overwrites_what_is_not_published_results(
        self, working: HandWritten, tmp_path: Path, target: str
    ) -> None:
        """A working study, this one or another, or a folder of something else stays as it is."""
        store = working.finish()
        one_student(tmp_path / "runs" / "other").finish()
        (tmp_path / "home" / "models").mkdir(parents=True)
        (tmp_path / "home" / "models" / "mine.txt").write_text("precious", encoding="utf-8")
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

        with pytest.raises(StoreError, match="would be lost"):
            publish(store, tmp_path / target, ["p" * 16])

        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    @settings(deadline=None, max_examples=50)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        )
    )
    def test_leaves_no_absolute_path_in_any_data(self, data: Any) -> None:
        def strings(value: Any) -> list[str]:
            if isinstance(value, dict):
                return [found for each in value.values() for found in strings(each)]
            if isinstance(value, list):
                return [found for each in value for found in strings(each)]
            return [value] if isinstance(value, str) else []

        assert not [text for text in strings(without_paths(data)) if Path(text).is_absolute()]

    @pytest.mark.parametrize("name", ["/", "//", "~", "/s", "~/joke", "a/b", "/dev/null", "\\"])
    @pytest.mark.parametrize("section", ["data", "unlabelled", "teacher"])
    def test_leave_names_and_characters_of_the_data_as_they_are(
        self, section: str, name: str
    ) -> None:
        """A separator or a label that looks like a path is none."""
        written: dict[str, Any] = {
            "data": {
                "csv": {"separator": name, "comment": name, "columns": [name]},
                "text": name, "text_pair": name, "label": name, "oos_label": name,
                "positive_label": name,
            },
            "unlabelled": {"csv": {"separator": name}, "text": name, "text_pair": name},
            "teacher": {"csv": {"comment": name}, "labels": [name, "x"]},
        }[section]  # fmt: skip
        data: dict[str, Any] = {section: {**written, "files": "/secret/a.csv", "model": "~/b"}}
        data = {"transfer": data} if section == "unlabelled" else data

        found = without_paths(data)
        found = found["transfer"] if section == "unlabelled" else found

        assert found[section] == {**written, "files": "a.csv", "model": "b"}


@pytest.mark.parametrize(
    "point",
    [
        {"accuracy": 0.5}, {"macro_f1": 0.5}, {"entity_f1": 0.5}, {"step": -1, "accuracy": 0.5},
        {"step": 5, "macro_f1": 2.0}, {"step": 5, "entity_f1": float("nan")},
    ],
)  # fmt: skip
def test_a_history_that_cannot_be_drawn_is_refused(store: Store, point: dict[str, float]) -> None:
    """Whichever figure leads."""
    (store.finished(KEY) / "history.json").write_text(json.dumps([point]), encoding="utf-8")

    with pytest.raises(StoreError, match=r"history\.json"):
        store.history(KEY)


class TestPaths:
    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("cannot read /home/ann/x.csv: no", "cannot read x.csv: no"),
            ("'/home/ann/My Data/x.csv' is empty", "'x.csv' is empty"),
            ("C:\\Users\\ann\\x.csv is empty", "x.csv is empty"),
            ("\\\\server\\share\\x.csv is empty", "x.csv is empty"),
            ("../clients/acme/bert lacks config.json", "bert lacks config.json"),
            ("file:///home/ann/x.csv", "x.csv"),
            ("~/clients/x, ~ann/clients/y", "x, y"),
            ("a loss of 1/3, and/or https://huggingface.co/owner/name",) * 2,
        ],
    )
    def test_of_any_system_are_cut_out_of_what_is_said(self, said: str, shown: str) -> None:
        assert _without_folders(said) == shown

    @pytest.mark.parametrize("key", ["model", "encoder", "init", "fallback"])
    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("../clients/acme/bert", "bert"), ("./secret/bert", "bert"), ("C:\\ann\\bert", "bert"),
            ("/home/ann/bert", "bert"), ("~/bert", "bert"), ("owner/bert", "owner/bert"),
            ("owner/bert@1a2b", "owner/bert@1a2b"), ("package:a/bert", "package:a/bert"),
        ],
    )  # fmt: skip
    def test_of_models_are_cut_out_of_recipes_and_ids_of_the_hub_are_not(
        self, key: str, written: str, shown: str
    ) -> None:
        assert without_paths({"teacher": {key: written}}) == {"teacher": {key: shown}}


class TestOutcomesOfAStranger:
    """A few kilobytes that would unpack to gigabytes are refused by what they say of themselves."""

    def test_of_another_split_are_told_in_a_line(self, store: Store) -> None:
        folder = store.finished(KEY)
        table = pq.read_table(folder / OUTCOMES)
        place = table.column_names.index("split")
        table = table.set_column(place, "split", pa.array(["x" * 5000] * len(table)))
        pq.write_table(table, folder / OUTCOMES)

        with pytest.raises(StoreError, match="not the record's number") as caught:
            store.outcomes(KEY)

        assert len(str(caught.value)) < 1000

    @pytest.mark.parametrize("bomb", ["long", "texts", "unfolding"])
    def test_are_refused_before_they_are_unpacked(self, store: Store, bomb: str) -> None:
        folder = store.finished(KEY)
        table = pq.read_table(folder / OUTCOMES)
        place, long = table.column_names.index("split"), "x" * 30_000_000
        options: dict[str, Any] = {}
        if bomb == "texts":
            place, long = table.column_names.index("gold"), "x"
        if bomb == "unfolding":
            long = "x" * 1000
            options = {"use_dictionary": False, "column_encoding": {"split": "DELTA_BYTE_ARRAY"}}
        if bomb == "long":  # written once, as each of the texts
            each = pa.array(np.zeros(len(table), dtype=np.int32))
            column = pa.DictionaryArray.from_arrays(each, pa.array([long]))
        else:
            column = pa.array([long] * len(table))
        table = table.set_column(place, table.column_names[place], column)
        pq.write_table(table, folder / OUTCOMES, compression="zstd", **options)
        assert (folder / OUTCOMES).stat().st_size < 50_000

        with pytest.raises(
            StoreError, match=r"it would unpack to|'gold' holds texts|'split' holds texts"
        ):
            store.outcomes(KEY)
