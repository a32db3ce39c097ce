"""Model cards: what they say is what the study found, in words that nothing breaks out of."""

from __future__ import annotations

import io
import json
import math
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_cards import (
    CONTROL,
    RECIPE,
    STUDENT,
    TEACHER,
    Shown,
    a_study,
    add_files,
    card_of,
    change,
    change_data,
)
from tiny_results import HandWritten, as_validation, one_student, parity_of
from tiny_world import LABELS

from kdzoo.card import CARD, write_cards
from kdzoo.errors import StoreError
from kdzoo.model import size_bytes
from kdzoo.plain import one_line
from kdzoo.report import read_report
from kdzoo.results import Member, Store, Timing, publish

HOSTILE = [
    "<script>alert(1)</script>",
    "```",
    "---",
    "[x](javascript:alert(1))",
    "![](http://example.org/x.png)",
    "two\nlines\r\n# title",
    "{{ 7*7 }}{% raw %}",
    "a|b\\",
    "~~gone~~ **bold** _it_ `code`",
    "&amp; &lt;b&gt; <!-- x",
    "- item",
    "1. item",
    "> quote",
    "key: [value",
    "\x00\x1b[31m\u2028\uffff",
    "| --- |",
]


@pytest.fixture
def study(tmp_path: Path) -> HandWritten:
    return a_study(tmp_path / "runs" / "study")


@pytest.fixture
def store(study: HandWritten) -> Store:
    return study.finish()


def with_seeds(study: HandWritten) -> Store:
    """Returns the study with a second seed, which gets a tenth of the texts wrong."""
    study.model("u" * 16, range(10), seed=1)
    change(study.store, "u" * 16, teacher_key=TEACHER, recipe=RECIPE)
    add_files(study.store, "u" * 16)
    rows = [row for row in study.rows if row.name != "tiny"]
    (row,) = (row for row in study.rows if row.name == "tiny")
    second = Member(seed=1, key="u" * 16, teacher_key=TEACHER, control_key=CONTROL)
    study.rows[:] = [*rows, row.model_copy(update={"members": (*row.members, second)})]
    return study.finish()


class TestFigures:
    def test_are_the_models_own_beside_hard_labels_and_teacher(self, store: Store) -> None:
        """The study is made so: 20 of 100 texts wrong, 40 on hard labels, the teacher 10."""
        figures = card_of(store).figures()

        assert {name: row["accuracy"] for name, row in figures.items()} == {
            "this model, seed 0": "80.0",
            "the same student on hard labels": "60.0",
            "teacher": "90.0",
        }
        quality = store.read(STUDENT).quality["test"]
        assert figures["this model, seed 0"] == {
            title: f"{quality[name] * 100:.1f}"
            for title, name in (
                ("accuracy", "accuracy"),
                ("macro-F1", "macro_f1"),
                ("in scope", "in_scope_accuracy"),
                ("out-of-scope recall", "oos_recall"),
            )
        }

    def test_of_several_seeds_are_told_with_the_seed_that_it_is(self, study: HandWritten) -> None:
        shown = card_of(with_seeds(study), seed=1)

        assert shown.figures()["this model, seed 1"]["accuracy"] == "90.0"
        assert shown.figures()["all 2 seeds"]["accuracy"] == "85.0 ± 7.1"
        assert "one seed of 2: seed 1 of 0, 1" in shown.words
        assert "mean ± standard deviation" in shown.words
        assert "one seed of" not in card_of(a_study(study.store.root.parent / "one").finish()).words

    def test_come_with_both_questions_answered_as_the_report_does(self, study: HandWritten) -> None:
        """And, of several seeds, with what this one's model differs by."""
        store = with_seeds(study)
        found = {row.name: found for row, found in read_report(store).table.judged}["tiny"]
        words = card_of(store, seed=1).words

        assert found.standing is not None
        assert found.effect is not None
        assert (
            f"This model against the teacher (may I deploy it?): {found.standing.sentence}; this "
            "one alone differs by 0.0 points." in words
        )
        assert (
            f"This recipe against hard labels (does distilling help?): {found.effect.sentence}."
            in words
        )

    def test_are_those_of_validation_where_test_was_not_read(self, store: Store) -> None:
        """And the card says so, to the reader and to the hub."""
        keys = [path.name.rpartition("--")[2] for path in (store.root / "models").iterdir()]
        for key in keys:
            quality = store.read(key).quality
            as_validation(store, key)
            change(store, key, quality={"validation": quality["test"]})

        shown = card_of(store)

        assert "Test was not read" in shown.words
        assert shown.figures()["this model, seed 0"]["accuracy"] == "80.0"
        assert {each.dataset_split for each in shown.card.data.eval_results} == {"validation"}
        assert "Test was not read" not in card_of(a_study(store.root.parent / "b").finish()).words

    def test_stand_in_the_front_matter_as_the_hub_reads_them(self, store: Store) -> None:
        quality = store.read(STUDENT).quality["test"]

        data = card_of(store).card.data

        accuracy, macro_f1 = data.eval_results
        assert (accuracy.metric_type, macro_f1.metric_type) == ("accuracy", "f1")
        assert accuracy.metric_value == pytest.approx(quality["accuracy"], abs=1e-6)
        assert macro_f1.metric_value == pytest.approx(quality["macro_f1"], abs=1e-6)
        assert macro_f1.metric_args == {"average": "macro"}
        for each in data.eval_results:
            assert (each.task_type, each.dataset_name) == ("text-classification", "tiny")
            assert each.dataset_split == "test"
        assert data.pipeline_tag == "text-classification"

    def test_that_are_no_numbers_are_dashes_and_not_for_the_hub(self, store: Store) -> None:
        quality = {**store.read(STUDENT).quality["test"], "macro_f1": math.nan}
        change(store, quality={"test": quality})

        shown = card_of(store)

        assert shown.figures()["this model, seed 0"]["macro-F1"] == "–"
        assert [each.metric_type for each in shown.card.data.eval_results] == ["accuracy"]

    def test_of_a_teacher_that_is_a_file_without_any_are_left_out(self, store: Store) -> None:
        change(store, TEACHER, kind="outputs", quality={}, notes=("said.parquet",))

        shown = card_of(store)

        assert list(shown.figures()) == ["this model, seed 0", "the same student on hard labels"]
        assert "distilled from the file said.parquet" in shown.words


class TestForms:
    def test_have_their_own_size_latency_and_answers(self, store: Store) -> None:
        forms = card_of(store).forms()

        assert list(forms) == ["the weights, in PyTorch", "onnx", "onnx-int8"]
        assert [row["size, MB"] for row in forms.values()] == ["1.0", "0.1", "0.0"]
        assert [row["p50, ms"] for row in forms.values()] == ["0.500", "0.200", "0.100"]
        assert [row["accuracy"] for row in forms.values()] == ["80.0", "80.0", "79.0"]
        assert forms["onnx"]["answers"].startswith("as in PyTorch: logits within 1.0e-06")

    def test_name_the_machine(self, store: Store) -> None:
        assert "1 thread, on Some CPU @ 2 GHz" in card_of(store).words

    def test_say_when_the_machine_was_busy(self, study: HandWritten) -> None:
        """By the teacher's row, which every session visits in every round."""
        assert "NOISY" not in card_of(study.finish()).words
        calm, busy = ((8.0, 8.1, 8.2), (8.0, 30.0, 90.0))
        timings = [
            Timing(key=key, runtime="torch", rounds_ms=tuple((each,) * 4 for each in rounds))
            for key, rounds in ((STUDENT, calm), (TEACHER, busy))
        ]
        study.session(*timings, name="later")

        assert "NOISY: the reference varied by" in card_of(study.finish()).words

    @pytest.mark.parametrize(
        ("rounds", "same", "is_noisy"),
        [
            (
                (8.0, 30.0, 90.0),
                (8.0, 8.1, 8.2),
                False,
            ),  # long texts in one round, short in another
            ((8.0, 8.1, 8.2), (8.0, 30.0, 90.0), True),
        ],
    )
    def test_take_texts_that_differ_for_no_busy_machine(
        self,
        study: HandWritten,
        rounds: tuple[float, ...],
        same: tuple[float, ...],
        is_noisy: bool,
    ) -> None:
        """The text that is the same in every round tells of the machine."""
        calls, again = (tuple((each,) * 4 for each in calls) for calls in (rounds, same))
        timings = [
            Timing(key=key, runtime="torch", rounds_ms=calls, same_text_ms=again)
            for key in (STUDENT, TEACHER)
        ]
        study.session(*timings, name="later")

        assert ("NOISY: the reference" in card_of(study.finish()).words) == is_noisy

    def test_that_answer_otherwise_say_so(self, study: HandWritten) -> None:
        parity = parity_of(passed=False, other_labels=7, accuracy_change=-0.061)
        study.form(STUDENT, "onnx-int8", range(30), parity=parity)

        answers = card_of(study.finish()).forms()["onnx-int8"]["answers"]

        assert answers.startswith("does not answer as in PyTorch")
        assert "7 of 100" in answers

    def test_that_could_not_be_made_are_not_told_of(self, study: HandWritten) -> None:
        """Nor is where it went wrong on this machine."""
        study.form(STUDENT, "onnx", failure="/home/somebody/secret/graph.py: no such operator")

        shown = card_of(study.finish())

        assert list(shown.forms()) == ["the weights, in PyTorch", "onnx-int8"]
        assert "secret" not in shown.text

    def test_that_are_not_wanted_are_not_told_of(self, store: Store) -> None:
        bare = card_of(store, runtimes=[])

        assert list(bare.forms()) == ["the weights, in PyTorch"]
        assert "onnxruntime" not in bare.words
        assert "onnx" not in bare.card.data.tags
        assert "onnx" in card_of(store).card.data.tags

    def test_without_latency_are_shown_without(self, tmp_path: Path) -> None:
        study = a_study(tmp_path)
        shutil.rmtree(tmp_path / "measurements")

        shown = card_of(study.finish())

        assert {row["p50, ms"] for row in shown.forms().values()} == {"–"}
        assert "p50:" not in shown.words


class TestOrigin:
    @pytest.mark.parametrize(
        ("teacher", "base", "words"),
        [
            ({"model": "owner/bert@abc"}, ["owner/bert"], "distilled from owner/bert,"),
            ({"model": "/home/somebody/secret/bert"}, None, "distilled from tiny,"),
            ({"model": "../secret/bert"}, None, "distilled from tiny,"),
            ({"model": "~/secret/bert"}, None, "distilled from tiny,"),
            ({"model": "here/bert"}, None, "distilled from tiny,"),
            ({"model": "bert"}, None, "distilled from tiny,"),
            ({"model": "package:a_package/model"}, None, "distilled from tiny,"),
            ({"model": "package:a_package/model", "fallback": "owner/bert"}, None, "from tiny,"),
            (
                {"model": "package:a/model", "fallback": "owner/bert", "sha256": "0" * 64},
                ["owner/bert"],
                "distilled from owner/bert,",
            ),
            (
                {"model": "./mine", "fallback": "owner/bert", "sha256": "0" * 64},
                None,
                "distilled from tiny,",
            ),
            (
                {"models": ["owner/bert", "other/bert"]},
                ["owner/bert", "other/bert"],
                "distilled from owner/bert and other/bert,",
            ),
        ],
    )
    def test_is_a_base_model_where_the_hub_has_the_teacher(
        self,
        store: Store,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        teacher: dict[str, Any],
        base: list[str] | None,
        words: str,
    ) -> None:
        """Not where the name is a folder of this machine, whatever it looks like."""
        (tmp_path / "here" / "bert").mkdir(parents=True)
        monkeypatch.chdir(tmp_path)
        change(store, recipe={**RECIPE, "teacher": teacher})

        shown = card_of(store)

        assert shown.card.data.base_model == base
        assert words in shown.words
        assert "secret" not in shown.text

    def test_names_the_data_sets_of_the_hub(self, store: Store) -> None:
        data = {"hub": "clinc/clinc_oos", "config": "plus", "revision": "abc", "files": None}
        transfer = {"unlabelled": {"hub": "owner/queries", "files": None}}
        change(store, recipe={**RECIPE, "data": data, "transfer": transfer})
        change_data(store, origin="hub:clinc/clinc_oos/plus")

        shown = card_of(store)

        assert shown.card.data.datasets == ["clinc/clinc_oos", "owner/queries"]
        (dataset,) = {
            (each.dataset_type, each.dataset_name, each.dataset_config, each.dataset_revision)
            for each in shown.card.data.eval_results
        }
        assert dataset == ("clinc/clinc_oos", "clinc/clinc_oos", "plus", "abc")
        assert "clinc/clinc_oos of the Hugging Face hub, configuration plus" in shown.words

    @pytest.mark.parametrize(
        ("origin", "words"),
        [
            ("files:tiny", "Data: files called tiny,"),
            ("files", "Data: files called files,"),
            ("embedded:assistant", "Data: assistant, which comes with kdzoo,"),
            ("hub:/home/somebody/secret/tiny", "Data: files called tiny,"),
        ],
    )
    def test_of_other_data_is_a_name(self, store: Store, origin: str, words: str) -> None:
        change_data(store, origin=origin)

        shown = card_of(store)

        assert words in shown.words
        assert shown.card.data.datasets is None
        assert "secret" not in shown.text

    def test_tells_how_it_was_trained(self, store: Store) -> None:
        words = card_of(store).words

        for each in (
            "Objective: kl (temperature 2.0); the weight of gold labels (alpha) was 0.25",
            "200 labelled training texts, 100 for validation, 100 for test",
            "500 texts, 300 unlabelled ones from elsewhere and 90 augmented ones among them",
            "60 steps of 16 texts; the weights are those of step 40",
            "fine-tuned on the labelled texts",
        ):
            assert each in words

    @pytest.mark.parametrize(
        ("teacher", "words"),
        [
            ({"head": "linear"}, "frozen, with a linear head fitted to the labelled texts."),
            (
                {"head": "linear", "folds": 5},
                "labelled texts; each of these was labelled by a teacher that had not seen it.",
            ),
            ({"fine_tune": None}, "Teacher: owner/bert."),
        ],
    )
    def test_tells_how_its_teacher_was_made(
        self, store: Store, teacher: dict[str, Any], words: str
    ) -> None:
        change(store, recipe={**RECIPE, "teacher": {"model": "owner/bert", **teacher}})

        assert words in card_of(store).words

    def test_of_a_student_on_hard_labels_names_no_teacher(self, store: Store) -> None:
        change(store, teacher_key=None)

        shown = card_of(store)

        assert "It learnt from gold labels alone" in shown.words
        assert "distilled" not in shown.words
        assert "teacher's mistakes" not in shown.words
        assert "knowledge-distillation" not in shown.card.data.tags

    def test_invents_no_licence_and_no_language(self, store: Store) -> None:
        data = card_of(store).card.data

        assert data.license is None
        assert data.language is None

    def test_gives_no_path_of_this_machine(self, store: Store, tmp_path: Path) -> None:
        text = card_of(store).text

        for path in (tmp_path, Path.home(), Path("/home/somebody")):
            assert str(path) not in text


class TestLimits:
    def test_are_the_labels_and_the_length(self, store: Store) -> None:
        words = card_of(store).words

        assert "Texts of more than 48 tokens are cut" in words
        assert "oos is the one for texts that belong to none of the others" in words

    def test_of_a_tokenizer_without_one_are_not_told(self, store: Store) -> None:
        config = json.dumps({"model_max_length": int(1e30)})
        (store.finished(STUDENT) / "tokenizer_config.json").write_text(config, encoding="utf-8")

        assert "are cut" not in card_of(store).words

    def test_of_data_without_out_of_scope_texts_name_no_such_label(self, store: Store) -> None:
        change_data(store, oos=None)

        assert "belong to none" not in card_of(store).words

    def test_are_twenty_labels_and_how_many_more(self, store: Store) -> None:
        for key in store.manifest().keys:
            change_data(store, key, labels=tuple(f"label{i}" for i in range(23)), oos=None)

        shown = card_of(store)

        assert shown.labels == [f"label{i}" for i in range(20)]
        assert "and 3 more" in shown.words
        assert "with 23 labels" in shown.words

    def test_of_few_labels_are_all_of_them(self, store: Store) -> None:
        shown = card_of(store)

        assert shown.labels == list(LABELS)
        assert " more:" not in shown.words


class TestUse:
    def test_of_kdzoos_own_student_needs_kdzoo(self, store: Store) -> None:
        shown = card_of(store)

        assert any("import kdzoo.hf" in code for code in shown.codes)
        assert shown.card.data.library_name == "kdzoo"
        assert "my_students.py" not in shown.words

    def test_of_a_model_of_transformers_does_not(self, store: Store) -> None:
        add_files(store, model_type="distilbert")

        shown = card_of(store)

        assert not any("kdzoo.hf" in code for code in shown.codes)
        assert shown.card.data.library_name == "transformers"

    def test_of_a_students_own_architecture_asks_for_its_file(self, store: Store) -> None:
        add_files(store, model_type="kdzoo", student="mine")

        shown = card_of(store)

        assert "the file of Python that defines it is needed" in shown.words
        assert 'students="my_students.py"' in shown.codes[0]
        assert 'kdzoo.load_extensions("my_students.py")' in shown.codes[1]

    def test_from_the_hub_names_the_repository(self, store: Store) -> None:
        shown = card_of(store, repository="user/name")

        assert 'snapshot_download("user/name")' in shown.codes[0]
        assert '"user/name"' in shown.codes[1]
        assert "path/to" not in shown.text

    def test_without_kdzoo_is_the_code_of_the_exported_folder(self, store: Store) -> None:
        from kdzoo.runtime.usage import readme

        assert f"```python\n{card_of(store).codes[2]}```" in readme("onnx", LABELS)

    def test_without_kdzoo_can_reject_texts_where_a_threshold_was_fitted(
        self, store: Store
    ) -> None:
        from kdzoo.runtime.decision import Decision
        from kdzoo.runtime.usage import readme

        decision = Decision(temperature=1.0, oos_label=LABELS[-1], oos_threshold=0.5)
        store.write_decision(store.finished(STUDENT), decision)
        shown = card_of(store)

        assert "classify(texts, reject=False)" in shown.codes[2]
        assert f"```python\n{shown.codes[2]}```" in readme("onnx", LABELS, decision)
        assert "reject=True" in shown.words.partition("With onnxruntime alone")[2]

    def test_works_as_it_stands(self, finished_study: Path) -> None:
        """Each block of code, with the folder in the place of its stand-in."""
        store = Store(finished_study)
        shown = card_of(store)
        folder = str(store.finished(store.manifest().rows[1].members[0].key))

        own, transformers = shown.codes
        with redirect_stdout(io.StringIO()) as out:
            exec(own.replace("path/to/this/folder", folder), {})  # noqa: S102 - the card's own
        found: dict[str, Any] = {}
        exec(transformers.replace("path/to/this/folder", folder), found)  # noqa: S102

        printed = [line.split()[0] for line in out.getvalue().splitlines()]
        answered = [each["label"] for each in found["classify"](["a text", "another"])]
        assert printed == answered
        assert set(printed) <= set(LABELS)


@pytest.fixture(scope="module")
def plain_of_any(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return card_of(a_study(tmp_path_factory.mktemp("plain")).finish())


class TestHostileNames:
    @pytest.fixture
    def plain(self, store: Store) -> Shown:
        return card_of(store)

    def rename(self, study: HandWritten, name: str) -> Store:
        """Puts the name wherever a card takes words from data."""
        store = study.store
        data = {"hub": None, "config": name, "revision": name, "files": name}
        objective = {"kind": name, name: name, "alpha": 0.5}
        change(store, recipe={**RECIPE, "data": data, "objective": objective}, name=name)
        change_data(store, labels=(name, *LABELS[1:]), oos=0, origin=f"files:{name}")
        change(store, TEACHER, kind=name)
        rows = [
            row.model_copy(update={"name": name, "kind": name}) if row.name == "tiny" else row
            for row in study.rows
        ]
        study.rows[:] = rows
        environment = {"cpu": name, "cores": "2"}
        sessions = [each.model_copy(update={"environment": environment}) for each in
                    store.sessions()]  # fmt: skip
        for session in sessions:
            store.write_session(session)
        return study.finish(name)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_are_words_and_nothing_else(self, study: HandWritten, plain: Shown, name: str) -> None:
        """The card is made of the elements that it always is, and shows the name as it is."""
        shown = card_of(self.rename(study, name), name=name)

        self.check(shown, plain, name)

    @settings(deadline=None, max_examples=8)
    @given(
        name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=25).filter(
            str.strip
        )
    )
    def test_of_any_kind_are_words(
        self, tmp_path_factory: pytest.TempPathFactory, plain_of_any: Shown, name: str
    ) -> None:
        study = a_study(tmp_path_factory.mktemp("renamed"))

        self.check(card_of(self.rename(study, name), name=name), plain_of_any, name)

    def check(self, shown: Shown, plain: Shown, name: str) -> None:
        assert shown.labels == [one_line(name), *LABELS[1:]]
        assert [each.tag for each in shown.body.iter()] == [each.tag for each in plain.body.iter()]
        assert shown.codes == plain.codes
        assert shown.body.find("h1").text == one_line(name)  # type: ignore[union-attr]
        assert shown.card.data.to_dict().keys() == plain.card.data.to_dict().keys()
        assert shown.card.data.model_name == one_line(name)
        assert shown.card.data.tags == plain.card.data.tags


class TestOfAStudy:
    def test_lies_beside_every_students_weights_and_nowhere_else(
        self, finished_study: Path
    ) -> None:
        """Controls, teachers and the baseline have none."""
        store = Store(finished_study)
        (member,) = next(row.members for row in store.manifest().rows if row.role == "student")

        cards = list((finished_study / "models").glob("*/README.md"))

        assert cards == [store.finished(member.key) / CARD]
        assert cards[0].read_text(encoding="utf-8") == card_of(store).text

    def test_does_not_count_as_size(self, finished_study: Path) -> None:
        store = Store(finished_study)
        record = store.read(store.manifest().rows[1].members[0].key)

        assert size_bytes(store.finished(record.key)) == record.size.size_bytes

    def test_is_the_same_when_it_is_made_again(self, store: Store) -> None:
        """A file that says what it said stays the file that it is."""
        table = read_report(store)
        (path,) = write_cards(store, table)
        first, when = path.read_bytes(), path.stat().st_mtime_ns

        assert write_cards(store, table) == [path]
        assert path.read_bytes() == first
        assert path.stat().st_mtime_ns == when

    def test_follows_the_figures(self, store: Store) -> None:
        (path,) = write_cards(store, read_report(store))
        quality = {**store.read(STUDENT).quality["test"], "accuracy": 0.5}
        outcomes = store.outcomes(STUDENT)
        missed = (outcomes["gold"] + 1) % len(LABELS)
        given = outcomes["gold"].where(outcomes["row"] % 2 == 0, missed)
        store.write_outcomes(store.finished(STUDENT), outcomes.assign(prediction=given))
        change(store, quality={"test": quality})

        write_cards(store, read_report(store))

        assert Shown(path.read_text(encoding="utf-8")).figures()["this model, seed 0"][
            "accuracy"
        ] == "50.0"  # fmt: skip

    def test_of_another_study_is_not_kept_by_a_control(self, store: Store) -> None:
        """What is a student there may be the control here; there the card stays."""
        (path,) = write_cards(store, read_report(store))
        other = one_student(store.root.parent / "other")
        other.rows.clear()
        shutil.rmtree(other.store.finished(STUDENT))
        assert other.store.find(STUDENT) is not None
        add_files(other.store, CONTROL)
        member = Member(seed=0, key=CONTROL, teacher_key=TEACHER, control_key=STUDENT)
        other.row("tiny", "student", member, road="change")
        assert (other.store.finished(STUDENT) / CARD).is_file()

        written = write_cards(other.finish(), read_report(other.store))

        assert written == [other.store.finished(CONTROL) / CARD]
        assert not (other.store.finished(STUDENT) / CARD).exists()
        assert path.is_file()

    def test_that_was_taken_over_becomes_this_studys(self, store: Store) -> None:
        """It is written anew, not in place: the other study's card is the same file no more."""
        (path,) = write_cards(store, read_report(store))
        before = path.read_bytes()
        other = one_student(store.root.parent / "other")
        shutil.rmtree(other.store.finished(STUDENT))
        assert other.store.find(STUDENT) is not None

        (own,) = write_cards(other.finish("another study"), read_report(other.store))

        assert own.with_name("model.safetensors").samefile(path.with_name("model.safetensors"))
        assert "in the study another study" in Shown(own.read_text(encoding="utf-8")).words
        assert path.read_bytes() == before

    def test_is_not_published(self, store: Store, tmp_path: Path) -> None:
        write_cards(store, read_report(store))

        public = publish(store, tmp_path / "public", [STUDENT, TEACHER, CONTROL])

        assert not list(public.root.rglob("README.md"))

    def test_names_the_file_that_is_damaged(self, store: Store) -> None:
        (store.finished(STUDENT) / "config.json").write_text("{", encoding="utf-8")

        with pytest.raises(StoreError, match=r"config\.json cannot be read"):
            card_of(store)
