"""``kdzoo init --unlabelled``: recipes whose teacher labels a user's further texts."""

from __future__ import annotations

import csv
import json
import random
import shutil
from pathlib import Path

import pytest
from tiny_pairs import write_pair_data
from tiny_tokens import save_tokens
from tiny_world import LABELS, CommandResult, RunCommand, texts_of

from kdzoo.recipe import load_study
from kdzoo.recipe.schema import Recipe
from kdzoo.recipe.schema import Unlabelled as Section

LABELLED = 180  # that are left to train on, of 300


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    """A CSV of 300 labelled rows, separated as somebody else separates them."""
    rng = random.Random(11)
    rows = [(text, label) for label in LABELS for text in texts_of(label, 75, rng)]
    rng.shuffle(rows)
    return _write_rows(tmp_path / "requests.csv", [("request", "intent"), *rows])


def _write_rows(file: Path, rows: list[tuple[str, ...]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, delimiter=";").writerows(rows)
    return file


def _others(count: int) -> list[str]:
    return [f"what about number {number}" for number in range(count)]


def _json_lines(file: Path, rows: list[dict[str, str]]) -> None:
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def _lines(file: Path, texts: list[str]) -> Path:
    file.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return file


def test_tells_which_files_of_a_folder_are_read(init: RunCommand, tmp_path: Path) -> None:
    """What lies beside them, or below, is not passed over in silence."""
    folder = tmp_path / "texts"
    (folder / "more").mkdir(parents=True)
    _lines(folder / "one.txt", _others(30))
    for name in ("two.csv.gz", "three.json"):
        (folder / name).write_bytes(b"x")

    outcome = init("--unlabelled", folder)

    assert outcome.code == 0, outcome.err
    told = " ".join((outcome.out + outcome.err).split())
    assert "read in texts: one.txt, and not more, three.json, two.csv.gz: wanted .txt" in told


@pytest.fixture
def init(kdzoo: RunCommand, requests: Path, tiny_encoder: Path) -> RunCommand:
    """Runs ``kdzoo init`` on the requests, into the folder mine."""

    def run(*options: object) -> CommandResult:
        return kdzoo(
            "init", "--data", requests, "--csv", "separator=;", "--text", "request", "--label",
            "intent", "--teacher", tiny_encoder, "--students", "bilstm,static", "-o", "mine",
            *options,
        )  # fmt: skip

    return run


def written() -> list[Recipe]:
    """Returns the recipes in mine, each of them validated."""
    return [variant.recipe for variant in load_study("mine").variants]


class TestTexts:
    def test_are_named_in_every_recipe_from_any_folder(
        self, init: RunCommand, tmp_path: Path
    ) -> None:
        file = _lines(Path("spare.txt"), _others(50))

        outcome = init("--unlabelled", file)

        assert outcome.code == 0, outcome.err
        sections = [recipe.transfer.unlabelled for recipe in written()]
        assert [section and section.files for section in sections] == [str(file.resolve())] * 2

    def test_are_counted_without_what_is_there_already(
        self, init: RunCommand, requests: Path, tmp_path: Path
    ) -> None:
        """Those of train are known, those of validation and test held out."""
        known = [line.split(";")[0] for line in requests.read_text("utf-8").splitlines()[1:]]
        file = _lines(tmp_path / "spare.txt", [*_others(50), *known])

        outcome = init("--unlabelled", file)

        assert outcome.code == 0, outcome.err
        assert "unlabelled: 50 new texts; of " in outcome.out

    def test_are_read_as_the_data_are(self, init: RunCommand, tmp_path: Path) -> None:
        rows = [("id", "request"), *(("1", text) for text in _others(9))]
        file = _write_rows(tmp_path / "spare.csv", rows)

        outcome = init("--unlabelled", file)

        assert outcome.code == 0, outcome.err
        assert "unlabelled: 9 new texts" in outcome.out
        section = written()[0].transfer.unlabelled
        assert isinstance(section, Section)
        assert section.text == "request"
        assert section.csv is not None
        assert section.csv.separator == ";"

    @pytest.mark.parametrize("texts", [1, LABELLED, 4 * LABELLED, 40 * LABELLED])
    def test_stand_beside_the_made_ones(self, init: RunCommand, tmp_path: Path, texts: int) -> None:
        """Texts of another domain alone would teach a student that domain."""
        init()
        alone = {recipe.name: recipe.transfer.augment for recipe in written()}
        shutil.rmtree("mine")

        outcome = init("--unlabelled", _lines(tmp_path / "spare.txt", _others(texts)))

        assert outcome.code == 0, outcome.err
        assert {recipe.name: recipe.transfer.augment for recipe in written()} == alone
        assert {augment and augment.copies for augment in alone.values()} == {4}

    @pytest.mark.parametrize(
        ("classes", "texts", "copies"),
        [(20, 1_000, {4}), (20, 2_400, {5}), (20, 20_000, {20}), (19, 20_000, {4})],
    )
    def test_of_another_domain_have_a_counterweight_where_classes_are_many(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path, classes: int, texts: int,
        copies: set[int],
    ) -> None:  # fmt: skip
        """Half as many are made of the labelled ones, up to twenty of each."""
        data = tmp_path / "some.jsonl"
        _json_lines(data, [
            {"text": f"say {label} number {number}", "label": f"label {label}"}
            for label in range(classes) for number in range(20)
        ])  # fmt: skip
        file = _lines(tmp_path / "spare.txt", _others(texts))

        outcome = kdzoo(
            "init", "--data", data, "--teacher", tiny_encoder, "--unlabelled", file, "-o", "mine"
        )

        assert outcome.code == 0, outcome.err
        augments = [recipe.transfer.augment for recipe in written()]
        assert {augment and augment.copies for augment in augments} == copies

    def test_take_more_steps_only_where_they_are_more_than_would_be_made(
        self, init: RunCommand, tmp_path: Path
    ) -> None:
        steps = []
        for count in (0, 4 * LABELLED, 104 * LABELLED):
            init(*(["--unlabelled", _lines(tmp_path / "a.txt", _others(count))] if count else []))
            steps.append({recipe.name: recipe.training.steps for recipe in written()})
            for file in Path("mine").iterdir():
                file.unlink()

        assert steps[0] == steps[1]
        assert all(steps[2][name] > 2 * steps[0][name] for name in steps[0])

    @pytest.mark.parametrize(
        ("classes", "texts", "expected"),
        [(20, 500, "dist"), (19, 500, "kl"), (20, 50, "kl")],
        ids=["many classes", "few classes", "few texts"],
    )
    def test_teach_the_order_of_answers_where_labels_are_few_and_classes_many(
        self,
        kdzoo: RunCommand,
        tiny_encoder: Path,
        tmp_path: Path,
        classes: int,
        texts: int,
        expected: str,
    ) -> None:
        rows = [
            {"text": f"say {label} number {number}", "label": f"label {label}"}
            for label in range(classes)
            for number in range(20)
        ]
        data = tmp_path / "some.jsonl"
        _json_lines(data, rows)
        file = _lines(tmp_path / "spare.txt", _others(texts))

        outcome = kdzoo(
            "init", "--data", data, "--teacher", tiny_encoder, "--unlabelled", file, "-o", "mine"
        )

        assert outcome.code == 0, outcome.err
        assert {recipe.objective.kind for recipe in written()} == {expected}

    def test_of_pairs_are_pairs(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        data = write_pair_data(tmp_path / "pairs")
        file = tmp_path / "spare.jsonl"
        _json_lines(file, [{"text_a": text, "text_b": "and then"} for text in _others(30)])

        outcome = kdzoo(
            "init", "--data", data, "--text", "text_a", "--text-pair", "text_b",
            "--teacher", tiny_encoder, "--unlabelled", file, "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        assert "unlabelled: 30 new texts" in outcome.out
        sections = {recipe.transfer.unlabelled for recipe in written()}
        assert {section and section.text_pair for section in sections} == {"text_b"}

    def test_are_whole_where_words_have_labels(
        self, kdzoo: RunCommand, tiny_encoder: Path, tmp_path: Path
    ) -> None:
        """The data's column holds words, and these are cut by kdzoo."""
        data = save_tokens(tmp_path / "words")
        file = tmp_path / "spare.jsonl"
        _json_lines(file, [{"text": text} for text in _others(30)])

        outcome = kdzoo(
            "init", "--data", data, "--text", "tokens", "--label", "tags",
            "--teacher", tiny_encoder, "--unlabelled", file, "-o", "mine",
        )  # fmt: skip

        assert outcome.code == 0, outcome.err
        assert "unlabelled: 30 new texts" in outcome.out
        sections = {recipe.transfer.unlabelled for recipe in written()}
        assert {section and section.text for section in sections} == {"text"}

    def test_are_asked_for_where_none_are_given(self, init: RunCommand) -> None:
        assert "--unlabelled FILE has the teacher label them" in init().out


class TestRefused:
    def test_is_a_file_that_is_not_there(self, init: RunCommand) -> None:
        outcome = init("--unlabelled", "none.txt")

        assert outcome.code == 2
        assert "--unlabelled: no such file or folder of texts: none.txt" in outcome.err
        assert not Path("mine").exists()

    def test_is_a_file_without_the_column_and_the_cure_works(
        self, init: RunCommand, tmp_path: Path
    ) -> None:
        rows = [("id", "body"), *(("1", text) for text in _others(9))]
        file = _write_rows(tmp_path / "spare.csv", rows)

        outcome = init("--unlabelled", file)

        assert outcome.code == 2
        assert "call the column 'request' in the file" in outcome.err
        _write_rows(file, [("id", "request"), *rows[1:]])
        assert init("--unlabelled", file).code == 0

    def test_is_a_file_that_is_not_separated_as_the_data_are_and_the_cure_works(
        self, init: RunCommand, tmp_path: Path
    ) -> None:
        file = tmp_path / "spare.csv"
        file.write_text("id,request\n1,what now\n", encoding="utf-8")

        outcome = init("--unlabelled", file)

        assert outcome.code == 2
        assert "else save it as .jsonl" in outcome.err
        _json_lines(tmp_path / "spare.jsonl", [{"id": "1", "request": "what now"}])
        assert init("--unlabelled", tmp_path / "spare.jsonl").code == 0

    def test_is_a_file_without_a_new_text(
        self, init: RunCommand, requests: Path, tmp_path: Path
    ) -> None:
        known = [line.split(";")[0] for line in requests.read_text("utf-8").splitlines()[1:]]

        outcome = init("--unlabelled", _lines(tmp_path / "spare.txt", known))

        assert outcome.code == 2
        assert "no new text" in outcome.err
        assert not Path("mine").exists()
