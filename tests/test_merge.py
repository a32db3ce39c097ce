"""Merging: what is the same is one, what is not stays apart, and nothing is half written."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import tiny_corpus
from tiny_results import CORPUS, ENVIRONMENT, HandWritten
from tiny_world import RunCommand

import kdzoo as package
from kdzoo.data import Corpus
from kdzoo.errors import StoreError
from kdzoo.progress import Silent
from kdzoo.report import make_table, markdown, write_report
from kdzoo.report.check import quality_part
from kdzoo.report.formats.spreadsheet import comma_separated
from kdzoo.results import Member, Store, merge, publish

WRONG = {0: 20, 1: 23, 2: 26, 3: 21}  # texts that the student of a seed gets wrong
LATENCY = ("latency", "times", "texts_per", "cold", "memory", "flops", "tokens", "threads", "cpu",
           "noise")  # fmt: skip


def key_of(word: str, seed: int = 0) -> str:
    """Returns a key such as stores have, the same for the same word and seed."""
    return f"{word[0]}{seed}".ljust(8, "0") + word.ljust(8, "0")[:8]


def a_study(
    root: Path,
    seeds: Iterable[int] = (0, 1),
    *,
    study: str = "",
    cpu: str = "CPU A",
    recipe: dict[str, Any] | None = None,
    teacher_wrong: Iterable[int] = range(10),
    trained: str = "",
    corpus: Corpus = CORPUS,
) -> Store:
    """Returns a study of a teacher and one student, with a control for each seed.

    Args:
        root: its folder.
        seeds: of the student.
        study: its name; the folder's by default.
        cpu: of the machine that timed it.
        recipe: the student's, but for its seeds.
        teacher_wrong: the texts that the teacher gets wrong.
        trained: makes other keys of the same recipe.
        corpus: the data.
    """
    made, seeds = HandWritten(Store(root), corpus), list(seeds)
    teacher = key_of("teacher")
    made.model(teacher, teacher_wrong, role="teacher", name="teacher", size_bytes=40_000_000)
    members = []
    for seed in seeds:
        own, control = key_of(f"student{trained}", seed), key_of("control", seed)
        whole = {**(recipe or {"objective": {"kind": "kl"}}), "name": "tiny", "seeds": seeds}
        made.model(own, range(WRONG[seed]), seed=seed, recipe=whole)
        made.model(control, range(40 + seed), role="control", name="tiny", seed=seed)
        members.append(Member(seed=seed, key=own, teacher_key=teacher, control_key=control))
    made.row("teacher", "teacher", Member(seed=max(seeds), key=teacher))
    made.row("tiny", "student", *members, road="change")
    made.timed({teacher: 8.0, members[0].key: 0.5}, name=f"{cpu} {seeds}".replace(" ", ""))
    (session,) = made.store.sessions()
    environment = {**ENVIRONMENT, "cpu": cpu}
    made.store.write_session(session.model_copy(update={"environment": environment}))
    return made.finish(study or root.name)


def with_variants(store: Store, *variants: str, recipe: bool = True) -> Store:
    """Returns the study with a row for each variant, and with that of its recipe or without."""
    manifest = store.manifest()
    (own,) = (row for row in manifest.rows if row.role == "student")
    others = tuple(row for row in manifest.rows if row != own or recipe)
    made = HandWritten(store)
    rows = []
    for variant in variants:
        keys = [key_of(variant, member.seed) for member in own.members]
        for member, key in zip(own.members, keys, strict=True):
            objective = {"objective": {"kind": variant}}
            made.model(key, range(WRONG[member.seed]), seed=member.seed, recipe=objective)
        members = tuple(
            member.model_copy(update={"key": key})
            for member, key in zip(own.members, keys, strict=True)
        )
        rows.append(own.model_copy(update={"name": f"tiny/{variant}", "members": members}))
    store.write_manifest(manifest.model_copy(update={"rows": (*others, *rows)}))
    return store


@dataclass
class Listener(Silent):
    """Keeps what it is told."""

    said: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        self.said.append(message)


def tree(folder: Path) -> dict[str, bytes]:
    """Returns every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rows_of(store: Store) -> dict[str, list[int]]:
    """Returns the seeds of each row of the table."""
    rows = store.manifest().rows
    return {row.name: [member.seed for member in row.members] for row in rows}


def figures(store: Store, *, with_latency: bool = True) -> list[dict[str, str]]:
    """Returns the lines of the CSV, without the study's name."""
    lines = csv.DictReader(io.StringIO(comma_separated(make_table(store))))
    return [
        {
            name: value
            for name, value in line.items()
            if name != "study" and (with_latency or not any(part in name for part in LATENCY))
        }
        for line in lines
    ]


class TestDuplicates:
    def test_of_a_whole_folder_change_nothing_but_the_name(self, tmp_path: Path) -> None:
        """A folder, its copy and what was published of it are one study."""
        store = a_study(tmp_path / "runs" / "one")
        shutil.copytree(store.root, tmp_path / "copy")
        public = publish(store, tmp_path / "published", store.manifest().keys)

        heard = Listener()
        merged = merge([store, Store(tmp_path / "copy"), public], tmp_path / "merged", heard)

        expected, found = tree(public.root), tree(merged.root)
        assert expected.pop("study.json").replace(b'"one"', b'"merged"') == found.pop("study.json")
        assert found == expected
        assert heard.said == []

    @settings(deadline=None, max_examples=3)
    @given(order=st.permutations([0, 1, 2, 3]), cut=st.integers(1, 3))
    def test_of_a_row_with_other_seeds_become_one_row(
        self, tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
    ) -> None:
        """Seeds that were run apart give what one study of all of them gives, byte for byte."""
        root = tmp_path_factory.mktemp("seeds")
        whole = a_study(root / "whole", sorted(order))
        parts = [
            a_study(root / name, sorted(seeds), cpu=f"CPU {name}")
            for name, seeds in (("one", order[:cut]), ("two", order[cut:]))
        ]

        merged = merge(parts, root / "out" / "whole")

        assert rows_of(merged) == rows_of(whole) == {"teacher": [3], "tiny": [0, 1, 2, 3]}
        public = publish(whole, root / "public", whole.manifest().keys)
        predictions = {
            name: content
            for name, content in tree(public.root).items()
            if name.endswith(".parquet")
        }
        assert predictions.items() <= tree(merged.root).items()
        own, expected = make_table(merged), make_table(whole)
        assert own.judged
        assert [found for _, found in own.judged] == [found for _, found in expected.judged]
        assert quality_part(markdown(own)) == quality_part(markdown(expected))

    def test_of_a_session_are_one(self, tmp_path: Path) -> None:
        store = a_study(tmp_path / "one")
        shutil.copytree(store.root, tmp_path / "two")
        sessions = store.sessions()

        merged = merge([store, Store(tmp_path / "two")], tmp_path / "merged")

        assert merged.sessions() == sessions

    def test_of_a_sessions_id_that_are_two_sessions_are_both_kept(self, tmp_path: Path) -> None:
        """Two machines of a kind may run the same rows: an id is made of those alone."""
        stores = [a_study(tmp_path / name) for name in ("one", "two")]
        (session,) = stores[1].sessions()
        stores[1].write_session(session.model_copy(update={"created": "2026-02-01"}))

        merged = merge(stores, tmp_path / "merged")

        assert [each.created for each in merged.sessions()] == [
            "2026-01-01T00:00:00+00:00",
            "2026-02-01",
        ]

    def test_keep_the_forms_that_any_folder_made(self, tmp_path: Path) -> None:
        """A form that failed on one machine is taken from the other."""
        stores = [a_study(tmp_path / name, [0]) for name in ("one", "two")]
        key = key_of("student")
        HandWritten(stores[0]).form(key, "onnx", failure="no such operator")
        HandWritten(stores[1]).form(key, "onnx", range(22))
        HandWritten(stores[0]).form(key, "onnx-int8", range(24))

        merged = merge(stores, tmp_path / "merged")

        assert [(form.runtime, form.failure) for form in merged.forms(key)] == [
            ("onnx", None),
            ("onnx-int8", None),
        ]
        assert merged.outcomes(key, "onnx").equals(stores[1].outcomes(key, "onnx"))


@pytest.mark.study
class TestOrder:
    def test_of_the_folders_changes_no_byte(self, tmp_path: Path) -> None:
        """Three studies, in any order: rows, names, figures and pictures are the same."""
        stores = [
            a_study(tmp_path / "one", [0]),
            a_study(tmp_path / "two", [1], cpu="CPU B"),
            a_study(tmp_path / "three", [0], trained="Elsewhere"),
        ]

        found = []
        for number, order in enumerate(itertools.permutations(stores)):
            merged = merge(order, tmp_path / str(number) / "merged")
            if number in (0, 5):
                write_report(merged)
            found.append(tree(merged.root))

        texts = [{name: each[name] for name in found[1]} for each in found]
        assert all(each == texts[0] for each in texts)
        assert found[0] == found[5]

    def test_and_repetition_of_mergings_change_nothing(self, tmp_path: Path) -> None:
        """A merged folder merges again: with itself, and with what it was made of."""
        stores = [
            a_study(tmp_path / "one", [0, 1]),
            a_study(tmp_path / "two", [0, 2], trained="Elsewhere", teacher_wrong=range(3, 13)),
        ]
        first = merge(stores, tmp_path / "merged")
        expected = tree(first.root)
        shutil.copytree(first.root, tmp_path / "copy")

        for number, more in enumerate(([Store(tmp_path / "copy")], stores[:1], stores[1:], stores)):
            again = merge([first, *more], tmp_path / str(number) / "merged")

            assert tree(again.root) == expected


class TestWhatCannotBeCompared:
    def test_is_told(self, tmp_path: Path) -> None:
        """Threads, validation texts and rejection: what one study has alike in all its rows."""
        heard = Listener()
        stores = [a_study(tmp_path / "one"), a_study(tmp_path / "two", [2])]
        one, two = (store.sessions()[0] for store in stores)
        stores[1].write_session(two.model_copy(update={"threads": one.threads + 3}))
        key = key_of("student", 2)
        record = stores[1].read(key)
        data = record.data.model_copy(update={"validation_fingerprint": "f" * 16})
        stores[1].write(stores[1].finished(key), record.model_copy(update={"data": data}))
        for seed in (0, 1):
            own = stores[0].read(key_of("student", seed))
            data = own.data.model_copy(update={"validation_fingerprint": "e" * 16})
            stores[0].write(stores[0].finished(own.key), own.model_copy(update={"data": data}))

        merge(stores, tmp_path / "merged", heard)

        said = " ".join(heard.said)
        assert f"one: {one.threads}; {tmp_path / 'two'}: {one.threads + 3})" in said
        assert f"one: eeeeeeee; {tmp_path / 'two'}: ffffffff)" in said

    def test_is_told_of_the_rule_by_which_texts_are_rejected(self, tmp_path: Path) -> None:
        heard = Listener()
        stores = []
        for name, seed, reject in (("one", 0, None), ("two", 1, {"max_false_rejections": 0.04})):
            recipe = {"measure": {"reject": reject}}
            stores.append(a_study(tmp_path / name, [seed], recipe=recipe))

        merge(stores, tmp_path / "merged", heard)

        (told,) = (line for line in heard.said if "measure.reject" in line)
        assert told.endswith(
            "one: null; " + f'{tmp_path / "two"}: {{"max_false_rejections": 0.04}})'
        )


class TestRowsOfOneName:
    def test_with_other_recipes_have_their_studys_name(self, tmp_path: Path) -> None:
        heard, recipe = Listener(), {"objective": {"kind": "mse"}}
        stores = [a_study(tmp_path / "one"), a_study(tmp_path / "two", [2], recipe=recipe)]

        merged = merge(stores, tmp_path / "merged", heard)

        assert rows_of(merged) == {"teacher": [2], "one: tiny": [0, 1], "two: tiny": [2]}
        assert heard.said == [
            "note: rows kept apart (other data, recipe, teacher, files or code): tiny"
        ]

    @pytest.mark.parametrize(
        ("made_of", "is_one"),
        [(("a", "a"), True), (("a", "b"), False), ((None, "b"), True)],
        ids=["alike", "otherwise", "unknown"],
    )
    def test_are_one_where_what_the_recipe_names_is_the_same(
        self, tmp_path: Path, made_of: tuple[str | None, str | None], is_one: bool
    ) -> None:
        """The user's code, or a file at one path, may be another on another machine."""
        heard = Listener()
        stores = [a_study(tmp_path / "one", [0]), a_study(tmp_path / "two", [1])]
        for store, made in zip(stores, made_of, strict=True):
            record = store.read(key_of("student", stores.index(store)))
            changed = record.model_copy(update={"made_of": made})
            store.write(store.finished(record.key), changed)

        merged = merge(stores, tmp_path / "merged", heard)

        rows = {"tiny": [0, 1]} if is_one else {"one: tiny": [0], "two: tiny": [1]}
        assert rows_of(merged) == {"teacher": [1], **rows}
        assert any("files or code): tiny" in line for line in heard.said) != is_one

    def test_in_studies_of_one_name_have_their_folders(self, tmp_path: Path) -> None:
        recipe = {"objective": {"kind": "mse"}}
        stores = [
            a_study(tmp_path / "one", study="same"),
            a_study(tmp_path / "two", [2], study="same", recipe=recipe),
        ]

        merged = merge(stores, tmp_path / "merged")

        assert set(rows_of(merged)) == {"teacher", "one: tiny", "two: tiny"}

    def test_in_folders_of_one_name_are_numbered(self, tmp_path: Path) -> None:
        recipe = {"objective": {"kind": "mse"}}
        stores = [
            a_study(tmp_path / "a" / "same"),
            a_study(tmp_path / "b" / "same", [2], recipe=recipe),
        ]

        merged = merge(stores, tmp_path / "merged")

        assert set(rows_of(merged)) == {"teacher", "same: tiny", "same: tiny (2)"}

    def test_with_a_seed_trained_twice_are_kept_apart_and_told(self, tmp_path: Path) -> None:
        """The same recipe and seed, another key: a mean over both would count the seed twice."""
        heard = Listener()
        stores = [a_study(tmp_path / "one"), a_study(tmp_path / "two", [0], trained="Elsewhere")]

        merged = merge(stores, tmp_path / "merged", heard)

        assert rows_of(merged) == {"teacher": [1], "one: tiny": [0, 1], "two: tiny": [0]}
        assert heard.said == ["note: rows kept apart (the same seed trained apart): tiny"]

    def test_differ_in_nothing_that_shapes_no_model(self, tmp_path: Path) -> None:
        """How models are measured and saved, what an older kdzoo did not know: still one row."""
        one = {"measure": {"rounds": 30}, "training": {"steps": 9, "checkpoint_every": 3}}
        two = {"new": None, "training": {"steps": 9, "checkpoint_every": 2}, "controls": {}}
        stores = [
            a_study(tmp_path / "one", [0], recipe=one),
            a_study(tmp_path / "two", [1], recipe=two),
        ]

        assert rows_of(merge(stores, tmp_path / "merged"))["tiny"] == [0, 1]

    def test_of_which_one_has_no_controls_are_kept_apart(self, tmp_path: Path) -> None:
        """One row of both could be compared with no control: a row needs one for every seed."""
        stores = [a_study(tmp_path / "one", [0]), a_study(tmp_path / "two", [1])]
        manifest = stores[1].manifest()
        bare = [
            row.model_copy(
                update={
                    "members": tuple(
                        m.model_copy(update={"control_key": None}) for m in row.members
                    )
                }
            )
            for row in manifest.rows
        ]
        stores[1].write_manifest(manifest.model_copy(update={"rows": tuple(bare)}))

        merged = merge(stores, tmp_path / "merged")

        assert set(rows_of(merged)) == {"teacher", "one: tiny", "two: tiny"}

    @pytest.mark.parametrize("split", ["labels", "validation"])
    def test_whose_texts_are_drawn_for_each_seed_have_teachers_of_all(
        self, tmp_path: Path, split: str
    ) -> None:
        """Few labels: each seed has texts and a teacher of its own, and all are one row."""
        recipe = {"data": {f"{split}_per_class": 10}}
        stores = []
        for seed in (0, 1):
            made = HandWritten(Store(tmp_path / str(seed)))
            teacher, own = key_of("teacher", seed), key_of("student", seed)
            made.model(teacher, range(9), role="teacher", name="teacher", seed=seed, recipe=recipe)
            made.model(own, range(20), seed=seed, recipe=recipe)
            for key in (teacher, own):
                record = made.store.read(key)
                data = record.data.model_copy(update={"fingerprint": f"drawn {seed}"})
                made.store.write(made.store.finished(key), record.model_copy(update={"data": data}))
            made.row("teacher", "teacher", Member(seed=seed, key=teacher))
            made.row("tiny", "student", Member(seed=seed, key=own, teacher_key=teacher))
            stores.append(made.finish())

        merged = merge(stores, tmp_path / "merged")

        assert rows_of(merged) == {"teacher": [0, 1], "tiny": [0, 1]}

    @pytest.mark.parametrize("role", ["teacher", "baseline"])
    def test_are_one_where_each_study_calls_them_after_a_student_of_its_own(
        self, tmp_path: Path, role: str
    ) -> None:
        """A study of several teachers names each after the first student that it has."""
        stores = []
        for study in ("cnn", "bilstm"):
            made = HandWritten(Store(tmp_path / study))
            for number, variant in enumerate(("", "/few")):
                own, name = key_of(role, number), f"{role} of {study}{variant}"
                made.model(own, range(9 + number), role=role, name=name)
                made.row(name, role, Member(seed=0, key=own))
            stores.append(made.finish())

        merged = merge(stores, tmp_path / "merged")

        assert list(rows_of(merged)) == [f"{role} of bilstm", f"{role} of bilstm/few"]

    def test_have_their_variants_beside_them(self, tmp_path: Path) -> None:
        """A variant is held against the row that it is named after: its own recipe's."""
        stores = [
            with_variants(a_study(tmp_path / "one"), "mse"),
            a_study(tmp_path / "two", [2], recipe={"objective": {"kind": "dkd"}}),
        ]

        merged = merge(stores, tmp_path / "merged")

        assert set(rows_of(merged)) == {"teacher", "one: tiny", "one: tiny/mse", "two: tiny"}

    def test_are_not_taken_for_the_recipe_of_another_studys_variant(self, tmp_path: Path) -> None:
        """As where its own recipe's row failed."""
        stores = [
            with_variants(a_study(tmp_path / "one"), "mse", recipe=False),
            a_study(tmp_path / "two", [2], recipe={"objective": {"kind": "dkd"}}),
        ]

        merged = merge(stores, tmp_path / "merged")

        assert set(rows_of(merged)) == {"teacher", "one: tiny/mse", "two: tiny"}

    def test_of_parts_of_one_study_keep_their_names(self, tmp_path: Path) -> None:
        """Variants that were run elsewhere, without their recipe, are still its variants."""
        stores = [
            a_study(tmp_path / "one", study="same"),
            with_variants(a_study(tmp_path / "two", study="same"), "mse", recipe=False),
        ]

        merged = merge(stores, tmp_path / "merged")

        assert set(rows_of(merged)) == {"teacher", "tiny", "tiny/mse"}


class TestModelsTrainedApart:
    """The same recipe on another machine: the same key, other weights."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> list[Store]:
        return [
            a_study(tmp_path / "one", [0]),
            a_study(tmp_path / "two", [0], trained="Elsewhere", teacher_wrong=range(5, 17)),
        ]

    def test_are_rows_of_their_own(self, stores: list[Store], tmp_path: Path) -> None:
        heard = Listener()

        merged = merge(stores, tmp_path / "merged", heard)

        assert list(rows_of(merged)) == ["one: teacher", "two: teacher", "one: tiny", "two: tiny"]
        assert heard.said[0].startswith(f"note: {stores[1].root} trained these apart")
        assert "teacher, seed 0 (teacher)" in heard.said[0]

    def test_teach_their_own_students(self, stores: list[Store], tmp_path: Path) -> None:
        """Each student is compared with the teacher that taught it, as it was in its study."""
        alone = {
            store.root.name: {row.name: found for row, found in make_table(store).judged}["tiny"]
            for store in stores
        }

        merged = merge(stores, tmp_path / "merged")

        found = {row.name: found for row, found in make_table(merged).judged}
        for study, expected in alone.items():
            own = found[f"{study}: tiny"]
            assert own.gap == expected.gap
            assert own.metrics["agreement"] == expected.metrics["agreement"]
            assert own.standing is not None
            assert expected.standing is not None
            assert own.standing.comparison == expected.standing.comparison

    def test_that_answer_alike_are_one(self, tmp_path: Path) -> None:
        """Who trained a model does not matter where every answer is the same."""
        stores = [a_study(tmp_path / name, [0]) for name in ("one", "two")]
        record = stores[1].read(key_of("teacher"))
        later = record.model_copy(update={"created": "2027"})
        stores[1].write(stores[1].finished(record.key), later)

        assert list(rows_of(merge(stores, tmp_path / "merged"))) == ["teacher", "tiny"]


class TestTwoMachines:
    @pytest.fixture
    def merged(self, tmp_path: Path) -> Store:
        """A study on two machines, the second of which timed one more seed's row."""
        stores = [a_study(tmp_path / "laptop", [0]), a_study(tmp_path / "server", [1], cpu="CPU B")]
        other = HandWritten(stores[1])
        other.rows.extend(stores[1].manifest().rows)
        key = other.model("m" * 16, range(30), name="extra")
        other.row("extra", "student", Member(seed=0, key=key), road="change")
        other.timed({key_of("teacher"): 4.0, key: 2.0}, name="later")
        session = other.store.sessions()[-1]
        environment = {**ENVIRONMENT, "cpu": "CPU B"}
        other.store.write_session(session.model_copy(update={"environment": environment}))
        other.finish("server")
        return merge(stores, tmp_path / "both")

    def test_have_a_table_each(self, merged: Store) -> None:
        """A row that only one of them timed stands in that one's table alone."""
        text = markdown(make_table(merged))

        _, newest, oldest = text.split("## As deployed on ")
        assert newest.startswith("CPU B, 2 cores\n")
        assert oldest.startswith("CPU A, 2 cores\n")
        assert [("extra" in part, "tiny" in part) for part in (newest, oldest)] == [
            (True, True),
            (False, True),
        ]
        assert "on CPU A;" in oldest
        assert "on CPU A;" not in newest

    def test_are_a_line_each_in_the_csv(self, merged: Store) -> None:
        lines = figures(merged)

        shown = [(line["model"], line["machine"], line["latency_p50_ms"]) for line in lines]
        assert shown == [
            ("teacher", "CPU B, 2 cores", "4"),
            ("tiny", "CPU B, 2 cores", "0.5"),
            ("extra", "CPU B, 2 cores", "2"),
            ("teacher", "CPU A, 2 cores", "8"),
            ("tiny", "CPU A, 2 cores", "0.5"),
        ]

    @pytest.mark.pictures
    def test_have_a_picture_each(self, merged: Store) -> None:
        """Points of two machines never share an axis; a machine that is gone leaves no picture."""
        for suffix in ("png", "svg", "pdf"):
            (merged.root / f"accuracy_vs_latency-machine-3.{suffix}").write_bytes(b"old")

        written = set(write_report(merged))

        other = "accuracy_vs_latency-machine-2"
        assert set(merged.root.glob("*-machine-*")) < written
        assert len(list(merged.root.glob("*-machine-*"))) == 3
        for name, here, there in (("accuracy_vs_latency", "B", "A"), (other, "A", "B")):
            text = (merged.root / f"{name}.svg").read_text(encoding="utf-8")
            assert f"on CPU {here}, 2 cores" in text
            assert f"CPU {there}" not in text

    def test_have_an_axis_each_on_the_page(self, merged: Store) -> None:
        write_report(merged)
        page = (merged.root / "report.html").read_text(encoding="utf-8")

        for machine in ("CPU A, 2 cores", "CPU B, 2 cores"):
            assert f"<h2>As deployed on {machine}</h2>" in page
            assert f"<h2>Environment: {machine}</h2>" in page
            assert f"latency of one text, ms (p50), on {machine}" in page
        assert page.count('id="deployed"') == 1
        assert "These latencies are those of CPU B, 2 cores; those of CPU A, 2 cores" in page

    def test_have_a_tabular_each_in_latex(self, merged: Store) -> None:
        write_report(merged)
        text = (merged.root / "table.tex").read_text(encoding="utf-8")

        assert text.count(r"\begin{tabular}") == 3
        assert "% As deployed on CPU A, 2 cores" in text

    def test_have_names_that_are_text(self, tmp_path: Path) -> None:
        """Sessions come with results that others published."""
        hostile = "=CPU\n\n# <b>|x|</b> $\\frac$"
        stores = [a_study(tmp_path / "one", [0], cpu=hostile), a_study(tmp_path / "two", [1])]

        merged = merge(stores, tmp_path / "merged")
        written = {path.name: path for path in write_report(merged)}

        text = written["table.md"].read_text(encoding="utf-8")
        assert sum(line.startswith("#") for line in text.splitlines()) == 5
        assert "<b>" not in text
        assert (
            "<b>" not in written["report.html"].read_text(encoding="utf-8").partition("<script")[0]
        )
        machines = {line["machine"] for line in figures(merged)}
        assert {name[:1] for name in machines} == {"'", "C"}

    def test_of_which_one_timed_no_row_are_one(self, tmp_path: Path) -> None:
        """A session of models that left the table makes no second machine."""
        store = a_study(tmp_path / "one")
        made = HandWritten(store)
        made.timed({"g" * 16: 1.0}, name="gone")
        session = store.sessions()[-1]
        environment = {**ENVIRONMENT, "cpu": "CPU B"}
        store.write_session(session.model_copy(update={"environment": environment}))

        table = make_table(store)

        assert table.elsewhere == ()
        assert [row.latency.p50_ms for row in table.rows if row.latency] == [8.0, 0.5]


class TestRefusals:
    def before_and_after(self, stores: Sequence[Store], target: Path, match: str) -> None:
        """Merges, is refused, and finds that nothing was written."""
        root = stores[0].root.parent
        before = tree(root)
        with pytest.raises(StoreError, match=match):
            merge(stores, target)
        assert tree(root) == before

    def test_of_other_test_texts_name_the_folder(self, tmp_path: Path) -> None:
        other = tiny_corpus(count=40)
        stores = [a_study(tmp_path / "one"), a_study(tmp_path / "two", corpus=other)]

        self.before_and_after(
            stores, tmp_path / "merged", rf"share a table with {tmp_path}/one (?s:.*){tmp_path}/two"
        )

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"labels": ("a", "b", "c", "d")}, "other labels"),
            ({"oos": None}, "another out-of-scope label"),
            ({"positive": 1}, "another label whose F1 is told"),
        ],
    )
    def test_of_other_labels_say_so(
        self, tmp_path: Path, change: dict[str, Any], said: str
    ) -> None:
        stores = [a_study(tmp_path / "one"), a_study(tmp_path / "two")]
        record = stores[1].read(key_of("student", 1))
        data = record.data.model_copy(update=change)
        stores[1].write(stores[1].finished(record.key), record.model_copy(update={"data": data}))

        self.before_and_after(stores, tmp_path / "merged", f"two: {said}")

    @pytest.mark.parametrize("name", ["record.json", "predictions.parquet", "study.json"])
    def test_of_a_damaged_folder_name_the_file(self, tmp_path: Path, name: str) -> None:
        stores = [a_study(tmp_path / "one"), a_study(tmp_path / "two", [2])]
        damaged = next(stores[1].root.rglob(name))
        damaged.write_bytes(b"{")

        self.before_and_after(stores, tmp_path / "merged", f"{damaged} is damaged")

    def test_of_what_is_no_study_and_of_an_empty_one(self, tmp_path: Path) -> None:
        store = a_study(tmp_path / "one")
        empty = HandWritten(Store(tmp_path / "empty")).finish()

        self.before_and_after([store, Store(tmp_path)], tmp_path / "m", "no folder of results")
        self.before_and_after([store, empty], tmp_path / "m", "no finished model")

    @pytest.mark.parametrize("target", ["one", "two", "other", "home", "file"])
    def test_of_a_target_that_is_something_else(self, tmp_path: Path, target: str) -> None:
        """A study that is merged, another one, a folder of other things, a file."""
        stores = [a_study(tmp_path / name) for name in ("one", "two")]
        a_study(tmp_path / "other")
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "letter.txt").write_text("precious", encoding="utf-8")
        (tmp_path / "file").write_text("precious", encoding="utf-8")

        self.before_and_after(stores, tmp_path / target, "would be lost|other things|is a file")

    def test_are_not_for_what_was_published(self, tmp_path: Path) -> None:
        """A merged folder is replaced, with what was in it."""
        stores = [a_study(tmp_path / "one", [0]), a_study(tmp_path / "two", [1])]
        merge(stores, tmp_path / "merged")

        again = merge([stores[0], a_study(tmp_path / "three", [2])], tmp_path / "merged")

        assert rows_of(again)["tiny"] == [0, 2]
        assert not list(again.root.glob(f"models/*{key_of('student', 1)}"))


class TestCommand:
    def test_makes_one_report(self, kdzoo: RunCommand, tmp_path: Path) -> None:
        """No weights, no paths; and the folder is reported as any other."""
        stores = [a_study(tmp_path / "one", [0]), a_study(tmp_path / "two", [1], cpu="CPU B")]

        outcome = kdzoo("report", *(str(each.root) for each in stores), "--out", "results/both")

        assert outcome.code == 0, outcome.err
        both = Path("results/both")
        written = tree(both)
        assert "report.html" in written
        assert json.loads(written["study.json"])["study"] == "both"
        assert not [name for name in written if name.endswith(".safetensors")]
        assert not [name for name, text in written.items() if str(tmp_path).encode() in text]
        again = kdzoo("report", "results/both")
        assert again.code == 0, again.err
        assert tree(both) == written
        assert kdzoo("report", "results/both", "--check").code == 0

    def test_tells_what_it_kept_apart(self, kdzoo: RunCommand, tmp_path: Path) -> None:
        a_study(tmp_path / "one", [0])
        a_study(tmp_path / "two", [0], trained="Elsewhere")

        outcome = kdzoo("report", "one", "two", "--out", "both")

        assert outcome.code == 0, outcome.err
        assert "note: rows kept apart (the same seed trained apart): tiny" in outcome.err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("one", "two"), "give --out DIR"),
            (("one", "two", "--publish", "x"), "no --publish"),
            (("one", "two", "--out", "x", "--publish", "y"), "no --publish"),
            (("one", "two", "--out", "x", "--check"), "--check reads one folder"),
            (("one", "--out", "x"), "copy one with --publish"),
        ],
    )
    def test_refuses_options_that_do_not_fit(
        self, kdzoo: RunCommand, tmp_path: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        a_study(tmp_path / "one")
        a_study(tmp_path / "two")
        before = tree(tmp_path)

        outcome = kdzoo("report", *arguments)

        assert outcome.code == 2
        assert said in outcome.err
        assert tree(tmp_path) == before

    def test_refuses_other_data_with_one_message(self, kdzoo: RunCommand, tmp_path: Path) -> None:
        a_study(tmp_path / "one")
        a_study(tmp_path / "two", corpus=tiny_corpus(count=40))

        outcome = kdzoo("report", "one", "two", "--out", "both")

        assert outcome.code == 2
        assert "two: other test texts" in outcome.err
        assert "Traceback" not in outcome.err
        assert not Path("both").exists()

    def test_has_its_like_in_python(self, tmp_path: Path) -> None:
        a_study(tmp_path / "one", [0])
        a_study(tmp_path / "two", [1])

        store = package.merge([tmp_path / "one", str(tmp_path / "two")], tmp_path / "both")

        assert (tmp_path / "both" / "report.html").is_file()
        assert set(package.read_results(store.root)["row"]) == {"teacher", "tiny"}


class TestHostileResults:
    """Published results come from others: no name in them leads out of the merged folder."""

    @pytest.mark.parametrize("name", ["../../../out", "{tmp_path}/out", "a/b"])
    def test_write_nothing_elsewhere(self, tmp_path: Path, name: str) -> None:
        name = name.format(tmp_path=tmp_path)
        stores = [a_study(tmp_path / "in" / each, [0]) for each in ("one", "two")]
        for path in (stores[0].root / "measurements").iterdir():
            session = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**session, "id": name}), encoding="utf-8")
        before = tree(tmp_path)

        merged = merge(stores, tmp_path / "in" / "merged")

        written = tree(tmp_path)
        assert {name for name in written if not name.startswith("in/merged/")} == set(before)
        assert len(merged.sessions()) == 2

    @pytest.mark.parametrize("name", ["../../../out", "{tmp_path}/out", "a/b", "..", "onnx-int8"])
    def test_of_a_form_that_lies_elsewhere_are_refused(self, tmp_path: Path, name: str) -> None:
        """What a form is called and where it lies is one thing."""
        stores = [a_study(tmp_path / "in" / each, [0]) for each in ("one", "two")]
        made = HandWritten(stores[0])
        made.form(key_of("student"), "onnx", failure="it fails")
        form = stores[0].form(key_of("student"), "onnx") / "record.json"
        known = json.loads(form.read_text(encoding="utf-8"))
        content = {**known, "runtime": name.format(tmp_path=tmp_path)}
        form.write_text(json.dumps(content), encoding="utf-8")
        before = tree(tmp_path)

        with pytest.raises(StoreError, match=r"onnx/record\.json: is the record of .* in '"):
            merge(stores, tmp_path / "in" / "merged")

        assert tree(tmp_path) == before


class TestTestsThatWereNotRead:
    def test_are_told(self, tmp_path: Path) -> None:
        """One folder without test figures makes the table one of validation."""
        stores = [a_study(tmp_path / "one", [0]), a_study(tmp_path / "two", [1])]
        for store in stores:
            for key in store.manifest().keys:
                record, frame = store.read(key), store.outcomes(key)
                both = frame.assign(split="validation")
                quality = {"validation": record.quality["test"], **record.quality}
                if store is stores[1]:
                    del quality["test"]
                store.write_outcomes(store.finished(key), both)
                changed = record.model_copy(update={"quality": quality})
                store.write(store.finished(key), changed)
        heard = Listener()

        merged = merge(stores, tmp_path / "merged", heard)

        assert heard.said == [
            f"note: test was not read in {stores[1].root}: all figures are validation's"
        ]
        assert make_table(merged).split == "validation"
