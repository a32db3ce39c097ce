"""Studies that learn from more: unlabelled and augmented texts, labelled once, keyed by content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tiny_transfer import MASK, build, corpus_of, long_texts
from tiny_world import CommandResult, RunCommand, WriteRecipe
from tiny_world import texts_of as new_texts_of

import kdzoo.teacher.teacher as teacher_module
from kdzoo.data import Example, load_corpus
from kdzoo.model import Logits, predict_logits
from kdzoo.recipe import load_study
from kdzoo.results import Record, Store
from kdzoo.steps import study_data
from kdzoo.text import Encoded
from kdzoo.transfer import TransferSet, build_transfer_set

TANG = {"kind": "tang", "copies": 2, "p_mask": 0.2, "p_pos": 0.2}
SHORT = {"steps": 20, "batch_size": 16, "evaluations": 1, "checkpoint_every": 20}

pytestmark = pytest.mark.usefixtures("own_registries")


class Labelled:
    """Stands before ``predict_logits`` and counts the texts that the teacher really reads."""

    def __init__(self) -> None:
        self.texts = 0

    def __call__(self, model: Any, encoded: Encoded, *rest: Any) -> Logits:
        self.texts += len(encoded)
        return predict_logits(model, encoded, *rest)

    def since(self) -> int:
        """Returns how many it read since the last call of this."""
        texts, self.texts = self.texts, 0
        return texts


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Labelled:
    """The counter, before an empty cache."""
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))
    counter = Labelled()
    monkeypatch.setattr(teacher_module, "predict_logits", counter)
    return counter


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """A file of 30 unlabelled texts of the tiny world's words."""
    import random

    file = tmp_path / "more.txt"
    texts = new_texts_of("music", 30, random.Random(99))
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return file


@pytest.fixture
def recipe(write_recipe: WriteRecipe, tiny_teacher: Path, more: Path) -> Callable[..., Path]:
    """Writes a recipe with a finished teacher and the file beside the recipe."""

    def write(**sections: Any) -> Path:
        return write_recipe(
            **{
                "teacher": {"model": str(tiny_teacher), "fine_tune": None},
                "training": SHORT,
                "measure": {"rounds": 1, "texts": 1},
                "transfer": {"unlabelled": {"files": "more.txt"}, "augment": TANG},
                **sections,
            }
        )

    return write


def transfer_of(recipe: Path, variant: int = 0, seed: int = 0) -> TransferSet:
    """Returns the transfer set of a recipe's variant, built apart from any study."""
    section = load_study(str(recipe)).variants[variant].recipe
    return build_transfer_set(load_corpus(section.data), section.transfer, MASK, seed)


def digests(*texts: Iterable[Example]) -> set[bytes]:
    return {example.digest for each in texts for example in each}


def validation_of(recipe: Path) -> tuple[Example, ...]:
    """Returns the texts that the teacher labels beside the transfer set: its row has figures."""
    return load_corpus(load_study(str(recipe)).variants[0].recipe.data).validation


def records(out: str = "runs/tiny") -> dict[str, Record]:
    """Returns a study's records of its first seed, by role (and by variant, if it has one)."""
    store = Store(Path(out))
    found: dict[str, Record] = {}
    for row in store.manifest().rows:
        member = row.members[0]
        for key in filter(None, (member.key, member.control_key)):
            record = store.read(key)
            found[f"{record.role} {record.variant}".strip()] = record
    return found


def said_to(outcome: CommandResult) -> str:
    """Returns what was said on the way, without the bar's line breaks."""
    return " ".join(outcome.err.split())


@pytest.mark.trains
@pytest.mark.study
class TestAStudy:
    def test_learns_from_all_and_counts_them(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled
    ) -> None:
        """Distilled on everything; its control on the gold texts; a second start trains nothing."""
        path = recipe()
        transfer = transfer_of(path)
        outcome = kdzoo("run", path, "--no-test")
        assert outcome.code == 0, outcome.err

        assert len(transfer.examples) == 160 + 30 + transfer.made
        assert labelled.since() == len(digests(transfer.examples, validation_of(path)))
        found = records()
        student, control = found["student"].training, found["control"].training
        assert student is not None
        assert control is not None
        assert (student.texts, student.augmented, student.augmented_wanted) == (
            len(transfer.examples), transfer.made, 320,
        )  # fmt: skip
        assert (control.texts, control.augmented, control.augmented_wanted) == (160, 0, 0)
        said = said_to(outcome)
        assert (
            f"transfer set: {len(transfer.examples):,} texts: 160 of the data, 30 unlabelled, "
            f"{transfer.made:,} augmented" in said
        )
        for note in transfer.notes:
            assert f"note: {note}" in said

        again = kdzoo("run", path, "--no-test")
        assert again.code == 0
        assert labelled.since() == 0
        assert "seed 0" not in again.err
        assert {role: each.key for role, each in records().items()} == {
            role: each.key for role, each in found.items()
        }

    def test_trains_anew_what_learnt_from_a_file_that_changed(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled, more: Path
    ) -> None:
        """The content counts, not the name; control, baseline and teacher never saw the file."""
        path = recipe()
        kdzoo("run", path, "--no-test")
        before, first = records(), transfer_of(path)
        labelled.since()
        lines = more.read_text(encoding="utf-8").splitlines()
        more.write_text("\n".join([*lines[5:], "play play jazz", "loud loud band"]))
        outcome = kdzoo("run", path, "--no-test")
        assert outcome.code == 0, outcome.err
        after, second = records(), transfer_of(path)

        assert before["student"].key != after["student"].key
        assert {role: each.key for role, each in before.items() if role != "student"} == {
            role: each.key for role, each in after.items() if role != "student"
        }
        assert "on hard labels" not in outcome.err
        assert labelled.since() == len(digests(second.examples) - digests(first.examples)) > 0

    def test_does_not_train_anew_for_another_name_or_kind_of_the_same_texts(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled, more: Path
    ) -> None:
        path = recipe(transfer={"unlabelled": {"files": "more.txt"}})
        kdzoo("run", path, "--no-test")
        before = records()
        labelled.since()
        lines = more.read_text(encoding="utf-8").splitlines()
        more.with_name("other.jsonl").write_text(
            "".join(json.dumps({"request": line}) + "\n" for line in lines), encoding="utf-8"
        )
        section = {"unlabelled": {"files": ["other.jsonl"], "text": "request"}}
        outcome = kdzoo("run", recipe(transfer=section), "--no-test")

        assert outcome.code == 0, outcome.err
        assert labelled.since() == 0
        assert {role: each.key for role, each in records().items()} == {
            role: each.key for role, each in before.items()
        }

    def test_labels_a_text_once_for_all_its_variants_and_seeds(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled
    ) -> None:
        """More copies and more texts begin with the fewer; the control is shared by all."""
        unlabelled = {"files": "more.txt", "max_texts": 10}
        path = recipe(
            transfer={"unlabelled": unlabelled},
            variants={
                "more": {"transfer": {"unlabelled": {"max_texts": 20}}},
                "tang": {"transfer": {"augment": TANG}},
                "mask": {"transfer": {"augment": {"kind": "mask", "copies": 1}}},
                "masks": {"transfer": {"augment": {"kind": "mask", "copies": 2}}},
            },
            seeds=[0, 1],
        )
        outcome = kdzoo("run", path, "--no-test")
        assert outcome.code == 0, outcome.err

        sets = [transfer_of(path, variant, seed) for variant in range(5) for seed in (0, 1)]
        wanted = digests(validation_of(path), *(each.examples for each in sets))
        assert labelled.since() == len(wanted)
        assert digests(sets[0].examples) < digests(sets[2].examples)
        assert digests(sets[6].examples) < digests(sets[8].examples)
        store = Store(Path("runs/tiny"))
        rows = [row for row in store.manifest().rows if row.role == "student"]
        assert len(rows) == 5
        for seed in (0, 1):
            assert len({row.members[seed].control_key for row in rows}) == 1
            assert len({row.members[seed].key for row in rows}) == 5

    def test_with_new_words_share_a_control_that_knows_all_words_anyway(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], tmp_path: Path
    ) -> None:
        """Its words are all that the teacher has, whatever the students read."""
        (tmp_path / "new.txt").write_bytes(b"please wake the music\nplay me tomorrow\n")
        path = recipe(
            data={"labels_per_class": 1, "rest_of_train": "dropped"},
            student={"vocabulary": "whole"},
            transfer={},
            variants={
                "rest": {"data": {"rest_of_train": 9}},
                "more": {"transfer": {"unlabelled": {"files": "more.txt"}}},
                "new": {"transfer": {"unlabelled": {"files": "new.txt"}}},
            },
            seeds=[0, 1],
        )
        outcome = kdzoo("run", path, "--no-test")
        assert outcome.code == 0, outcome.err

        store = Store(Path("runs/tiny"))
        others = {row.name for row in store.manifest().rows if row.role != "student"}
        assert others == {"teacher", "tf-idf + svm"}
        rows = [row for row in store.manifest().rows if row.role == "student"]
        for seed in (0, 1):
            students = [store.read(row.members[seed].key) for row in rows]
            controls = {row.members[seed].control_key for row in rows}
            assert len({student.key for student in students}) == len(rows) == 4
            assert len(controls) == 1
            sizes = {store.read(key).size for key in controls if key is not None}
            assert sizes == {student.size for student in students}

    def test_of_another_recipe_labels_only_what_is_new(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled
    ) -> None:
        path = recipe()
        kdzoo("run", path, "--no-test", "--out", "runs/one")
        first = transfer_of(path)
        labelled.since()
        other = recipe(
            file="other.yaml", name="other", objective={"kind": "kl", "temperature": 5.0},
            transfer={"unlabelled": {"files": "more.txt"}, "augment": {**TANG, "copies": 3}},
        )  # fmt: skip
        outcome = kdzoo("run", other, "--no-test", "--out", "runs/two")
        assert outcome.code == 0, outcome.err

        second = transfer_of(other)
        assert labelled.since() == len(digests(second.examples) - digests(first.examples)) > 0
        assert digests(first.examples) < digests(second.examples)

    def test_builds_a_transfer_set_once_for_all_that_share_it(
        self,
        kdzoo: RunCommand,
        recipe: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch,
        labelled: Labelled,
    ) -> None:
        built: list[int] = []

        def watched(*arguments: Any, **opened: Any) -> TransferSet:
            built.append(arguments[3])
            return build_transfer_set(*arguments, **opened)

        monkeypatch.setattr(study_data, "build_transfer_set", watched)
        path = recipe(
            seeds=[0, 1],
            transfer={"unlabelled": {"files": "more.txt"}},
            variants={"mse": {"objective": {"kind": "mse"}}},
        )
        outcome = kdzoo("run", path, "--no-test")

        assert outcome.code == 0, outcome.err
        assert built == [0]
        assert said_to(outcome).count("transfer set: ") == 1

    def test_builds_an_augmented_set_once_a_seed(
        self,
        kdzoo: RunCommand,
        recipe: Callable[..., Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Each seed draws its own texts; variants come one after the other, each over all seeds."""
        built: list[int] = []

        def watched(*arguments: Any, **opened: Any) -> TransferSet:
            built.append(arguments[3])
            return build_transfer_set(*arguments, **opened)

        monkeypatch.setattr(study_data, "build_transfer_set", watched)
        path = recipe(
            seeds=[0, 1],
            transfer={"augment": {"kind": "mask", "copies": 1}},
            variants={"mse": {"objective": {"kind": "mse"}}},
        )
        outcome = kdzoo("run", path, "--no-test")

        assert outcome.code == 0, outcome.err
        assert built == [0, 1]

    def test_without_more_to_learn_from_says_nothing_of_it(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled
    ) -> None:
        outcome = kdzoo("run", recipe(transfer={}), "--no-test")

        assert outcome.code == 0, outcome.err
        assert "transfer set" not in outcome.err
        assert labelled.since() == 160 + len(validation_of(recipe(transfer={})))

    def test_says_where_an_augmenter_finds_too_little(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled
    ) -> None:
        augment = {"kind": "mask", "p_mask": 1.0}
        outcome = kdzoo("run", recipe(transfer={"augment": augment}), "--no-test")

        assert outcome.code == 0, outcome.err
        assert "note: mask found 6 new texts of 160 asked for (transfer.augment.copies)" in said_to(
            outcome
        )
        training = records()["student"].training
        assert training is not None
        assert (training.augmented, training.augmented_wanted) == (6, 160)


def refused(outcome: CommandResult, *words: str) -> None:
    """Asserts exit code 2, one message with these words, no traceback, and nothing trained."""
    assert outcome.code == 2, outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err
    assert f"\n{outcome.err}".count("\nError: ") == 1, outcome.err
    for word in words:
        assert word in outcome.err, outcome.err
    assert [path for path in Path("runs").rglob("*") if path.is_file()] == []


class TestBadRecipes:
    @pytest.mark.parametrize(
        ("transfer", "words"),
        [
            ({"augment": {"kind": "tangg"}}, ["unknown kind 'tangg'", "did you mean 'tang'?"]),
            ({"augment": {"kind": "ngram-mask"}}, ["'ngram-mask'", "mean 'ngram_mask'?"]),
            ({"augment": {"copies": 3}}, ["transfer.augment", "needs a kind"]),
            ({"augment": {"kind": "pos", "tagger": "textblobb"}},
             ["transfer.augment: unknown tagger 'textblobb'", "en_core_web_sm"]),
            ({"augment": {"kind": "pos", "tagger": "./en_core_web_sm"}}, ["unknown tagger './en"]),
            ({"augment": {"kind": "tang", "tagger": "en_core_none_sm"}},
             ["en_core_none_sm", "python -m spacy download en_core_none_sm"]),
            ({"augment": {"kind": "mask", "p_mask": 1.5}},
             ["transfer.augment.p_mask", "less than or equal to 1", "got 1.5"]),
            ({"augment": {"kind": "tang", "p_ng": -0.1}},
             ["transfer.augment.p_ng", "greater than or equal to 0"]),
            ({"augment": {"kind": "pos", "p_pos": "often"}}, ["transfer.augment.p_pos", "'often'"]),
            ({"augment": {"kind": "tang", "p_mask": 0.6, "p_pos": 0.5}},
             ["transfer.augment: p_mask + p_pos is 1.1", "at most 1"]),
            ({"augment": {"kind": "mask", "p_pos": 0.5}},
             ["transfer.augment.p_pos: unknown key", "p_mask"]),
            ({"augment": {"kind": "mask", "copies": 0}}, ["transfer.augment.copies", "got 0"]),
            ({"augment": {"kind": "mask", "copies": -3}}, ["transfer.augment.copies", "got -3"]),
            ({"unlabelled": {}}, ["transfer.unlabelled", "give exactly one of files and hub"]),
            ({"unlabelled": {"files": "more.txt", "hub": "a/b"}},
             ["transfer.unlabelled", "give exactly one of files and hub"]),
            ({"unlabelled": {"files": "more.txt", "config": "en"}},
             ["config, revision and split belong to a hub dataset"]),
            ({"unlabelled": {"files": "more.txt", "split": "train"}},
             ["config, revision and split belong to a hub dataset"]),
            ({"unlabelled": {"files": "more.txt", "max_texts": 0}},
             ["transfer.unlabelled.max_texts", "greater than 0"]),
            ({"unlabelled": {"file": "more.txt"}},
             ["transfer.unlabelled.file: unknown key", "mean 'files'?"]),
            ({"unlabelled": {"files": "nowhere.txt"}}, ["no such data file: nowhere.txt"]),
            ({"unlabelled": {"files": ["more.txt", "nowhere.csv"]}}, ["no such data file: nowh"]),
            ({"unlabelled": {"files": "more.csv"}}, ["more.csv", "no column 'text'", "request"]),
            ({"unlabelled": {"files": "latin.txt"}}, ["latin.txt", "line 1", "not UTF-8"]),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("command", ["run", "check"])
    def test_are_refused_before_a_teacher_is_trained(
        self,
        kdzoo: RunCommand,
        write_recipe: WriteRecipe,
        more: Path,
        command: str,
        transfer: dict[str, Any],
        words: list[str],
    ) -> None:
        more.with_name("more.csv").write_text("request\nplay\n", encoding="utf-8")
        more.with_name("latin.txt").write_bytes("früh\n".encode("latin-1"))

        outcome = kdzoo(command, write_recipe(transfer=transfer))

        refused(outcome, *words)
        assert "fine-tun" not in outcome.err

    @pytest.mark.parametrize("content", ["", "\n\n"])
    def test_with_nothing_new_are_one_message(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], more: Path, content: str
    ) -> None:
        more.write_text(content, encoding="utf-8")
        outcome = kdzoo("run", recipe())

        assert outcome.code == 2
        assert "Traceback" not in outcome.err
        assert "more.txt holds no new text (of 0 unlabelled texts left out" in said_to(outcome)
        assert not list(Path("runs").rglob("tiny*/record.json"))


@pytest.mark.trains
@pytest.mark.study
class TestAugmentersOfOnesOwn:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("return ' '.join(words)", ["returned str, wanted a list of words"]),
            ("return None", ["returned NoneType, wanted a list of words"]),
            ("return (word for word in words)", ["returned generator, wanted a list of words"]),
            ("return [1, 2]", ["returned int inside a list"]),
            ("return []", ["returned an empty text"]),
            ("return [' ']", ["returned an empty text"]),
            (
                "raise KeyError('no such word')",
                ["own.py:4", "fails on", "KeyError: 'no such word'"],
            ),
            ("return rng.sample(words, 2)", ["own.py:4", "fails on 'stop': ValueError"]),
            ("context.mask_for()", ["own.py:4", "fails on", "TypeError"]),
        ],
    )
    def test_that_break_their_contract_are_named_before_a_teacher_is_trained(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, body: str, words: list[str]
    ) -> None:
        """Also one that fails on short texts alone."""
        Path("own.py").write_text(
            "from kdzoo.registry import register_augmenter\n\n\n"
            f"@register_augmenter('own')\ndef own(words, rng, context):\n    {body}\n",
            encoding="utf-8",
        )
        path = write_recipe(transfer={"augment": {"kind": "mask"}})
        chosen = ["--students", "own.py", "--set", "transfer.augment.kind=own"]
        outcome = kdzoo("run", path, *chosen)

        refused(outcome, "the augmenter 'own'", *words)
        assert "fine-tun" not in outcome.err

    def test_that_fail_on_a_text_of_the_data_are_one_message(
        self, kdzoo: RunCommand, recipe: Callable[..., Path]
    ) -> None:
        Path("own.py").write_text(
            "from kdzoo.registry import register_augmenter\n\n\n"
            "@register_augmenter('own')\ndef own(words, rng, context):\n"
            "    return words if len(words) in (1, 3, 10) else words[99]\n",
            encoding="utf-8",
        )
        chosen = ["--students", "own.py", "--set", "transfer.augment.kind=own"]
        outcome = kdzoo("run", recipe(transfer={"augment": {"kind": "mask"}}), *chosen)

        assert outcome.code == 2
        assert "Traceback" not in outcome.err
        assert "the augmenter 'own'" in outcome.err
        assert "IndexError" in outcome.err

    def test_that_are_edited_train_anew_only_if_their_texts_change(
        self, kdzoo: RunCommand, recipe: Callable[..., Path], labelled: Labelled
    ) -> None:
        """What was learnt from is in the key, not the file that made it."""
        source = (
            "from kdzoo.registry import register_augmenter\n\n\n"
            "@register_augmenter('own')\ndef own(words, rng, context):\n"
            "    return [*words, 'please']\n"
        )
        path = recipe(transfer={"augment": {"kind": "mask"}})
        keys = []
        for name, text in (
            ("one.py", source),
            ("two.py", f"# a comment\n{source}"),
            ("three.py", source.replace("please", "now")),
        ):
            Path(name).write_text(text, encoding="utf-8")
            from kdzoo import registry

            registry.augmenters.entries()
            registry.augmenters._entries.pop("own", None)
            chosen = ["--students", name, "--set", "transfer.augment.kind=own", "--no-test"]
            outcome = kdzoo("run", path, *chosen)
            assert outcome.code == 0, outcome.err
            keys.append(records()["student"].key)

        assert keys[0] == keys[1] != keys[2]


def test_a_corpus_with_much_to_augment_keeps_its_fingerprint() -> None:
    """What a hard-label model sees does not depend on what was added."""
    corpus = corpus_of(long_texts(4))

    plain, augmented = build(corpus), build(corpus, kind="mask", copies=3)

    assert plain.labelled().examples.fingerprint == augmented.labelled().examples.fingerprint
    assert plain.examples.fingerprint != augmented.examples.fingerprint
