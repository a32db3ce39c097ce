"""kdzoo texts: what a teacher that is a file would have to label."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from tiny_outputs import write_rows
from tiny_world import RunCommand, WriteRecipe

BARE = {"student": {"kind": "fasttext", "dim": 16, "text": "words"}, "name": "bare"}


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def from_file(write_recipe: WriteRecipe) -> Path:
    """A recipe whose teacher is a file that is not there yet; its augmenter wants a mask token."""
    recipe = write_recipe(**BARE, transfer={"augment": {"kind": "mask", "p_mask": 0.4}})
    return with_outputs(recipe)


def with_outputs(recipe: Path, **teacher: str) -> Path:
    """Puts a file in the place of the recipe's teacher, in the place of a model."""
    import yaml

    data = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    encoder = data["teacher"]["model"]
    data["teacher"] = {"outputs": "o.jsonl", "encoder": encoder, "max_length": 32, **teacher}
    recipe.write_text(yaml.safe_dump(data), encoding="utf-8")
    return recipe


def texts_in(path: str | Path) -> list[str]:
    """Returns the texts of a .jsonl."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def split_texts(folder: Path, *splits: str) -> set[str]:
    """Returns the texts of the data's splits."""
    return {text for split in splits for text in texts_in(folder / f"{split}.jsonl")}


class TestItsTexts:
    def test_are_those_of_the_transfer_set(
        self, kdzoo: RunCommand, from_file: Path, tiny_data: Path
    ) -> None:
        """Gold texts and what is made of them, each once, though no file of outputs is there."""
        outcome = kdzoo("texts", from_file, "-o", "t.jsonl")
        found = texts_in("t.jsonl")
        gold = split_texts(tiny_data, "train")

        assert outcome.code == 0, outcome.err
        assert f"{len(found):,} texts to label in t.jsonl" in outcome.out
        assert len(found) == len({*found}) > len(gold)
        assert gold <= {*found}
        assert any("[MASK]" in text for text in found)
        assert not {*found} & split_texts(tiny_data, "validation", "test")

    def test_are_of_all_seeds(self, kdzoo: RunCommand, from_file: Path) -> None:
        alone = []
        for seed in ("0", "1"):
            kdzoo("texts", from_file, "-o", "t.jsonl", "--seeds", seed)
            alone.append({*texts_in("t.jsonl")})
        kdzoo("texts", from_file, "-o", "t.jsonl", "--seeds", "0,1")

        assert alone[0] != alone[1]
        assert sorted(texts_in("t.jsonl")) == sorted(alone[0] | alone[1])

    def test_are_of_all_variants_that_learn_from_the_teacher(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path
    ) -> None:
        variants = {
            "masked": {"transfer": {"augment": {"kind": "mask", "p_mask": 0.5}}},
            "hard": {"objective": {"alpha": 1.0},
                     "transfer": {"augment": {"kind": "mask", "p_mask": 0.9}}},
        }  # fmt: skip
        recipe = with_outputs(write_recipe(**BARE, variants=variants))
        kdzoo("texts", recipe, "-o", "t.jsonl")
        whole = {*texts_in("t.jsonl")}
        kdzoo("texts", recipe, "-o", "t.jsonl", "--set", "variants.hard.objective.alpha=0")

        assert split_texts(tiny_data, "train") < whole < {*texts_in("t.jsonl")}

    def test_leave_out_what_the_file_covers(
        self, kdzoo: RunCommand, from_file: Path, tmp_path: Path
    ) -> None:
        kdzoo("texts", from_file, "-o", "t.jsonl")
        wanted = texts_in("t.jsonl")
        write_rows(tmp_path / "o.jsonl", [{"text": each, "label": "oos"} for each in wanted[:100]])
        kdzoo("texts", from_file, "-o", "rest.jsonl")

        assert texts_in("rest.jsonl") == wanted[100:]

        write_rows(tmp_path / "o.jsonl", [{"text": each, "label": "oos"} for each in wanted])
        outcome = kdzoo("texts", from_file, "-o", "nothing.jsonl")

        assert outcome.code == 0
        assert "no text is left to label" in outcome.out
        assert not Path("nothing.jsonl").exists()

    def test_of_validation_and_test_where_they_are_wanted(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path
    ) -> None:
        kdzoo("texts", with_outputs(write_recipe(**BARE)), "-o", "t.jsonl", "--evaluation")
        found = texts_in("t.jsonl")

        assert {*found} == split_texts(tiny_data, "train", "validation", "test")
        assert len(found) == len({*found})

    def test_can_be_a_csv(self, kdzoo: RunCommand, from_file: Path) -> None:
        kdzoo("texts", from_file, "-o", "t.jsonl")
        kdzoo("texts", from_file, "-o", "t.csv")

        assert pd.read_csv("t.csv")["text"].tolist() == texts_in("t.jsonl")

    def test_need_no_model_where_nothing_is_augmented(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tiny_data: Path
    ) -> None:
        recipe = write_recipe(teacher={"model": "./gone"})
        outcome = kdzoo("texts", recipe, "-o", "t.jsonl")

        assert outcome.code == 0, outcome.err
        assert {*texts_in("t.jsonl")} == split_texts(tiny_data, "train")

    def test_are_those_that_a_run_asks_for(
        self, kdzoo: RunCommand, from_file: Path, tmp_path: Path
    ) -> None:
        """The list, labelled, is enough: nothing is uncovered; a text less is refused."""
        kdzoo("texts", from_file, "-o", "t.jsonl")
        rows = [{"text": text, "label": "music"} for text in texts_in("t.jsonl")]
        write_rows(tmp_path / "o.jsonl", rows[:-1])
        short = kdzoo("run", from_file, "--set", "training.steps=5")
        write_rows(tmp_path / "o.jsonl", rows)
        whole = kdzoo("run", from_file, "--set", "training.steps=5")

        assert short.code == 2
        assert f"o.jsonl does not cover 1 of {len(rows)} texts" in short.err
        assert whole.code == 0, whole.err


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("output", "words"),
        [
            ("t.txt", "cannot write '.txt'; give -o a .jsonl, .csv or .parquet"),
            ("folder.csv", "is a folder"),
            ("tiny.yaml/t.csv", "tiny.yaml is a file; give -o another place"),
            ("o.jsonl", "is the recipe's teacher.outputs"),
        ],
    )
    def test_places_that_cannot_be_written(
        self, kdzoo: RunCommand, from_file: Path, tmp_path: Path, output: str, words: str
    ) -> None:
        (tmp_path / "folder.csv").mkdir()
        outcome = kdzoo("texts", from_file, "-o", output)

        assert outcome.code == 2
        assert words in outcome.err
        assert not list(tmp_path.glob(".*.partial"))

    def test_a_file_of_outputs_with_mistakes(
        self, kdzoo: RunCommand, from_file: Path, tmp_path: Path
    ) -> None:
        write_rows(tmp_path / "o.jsonl", [{"text": "one", "label": "musik"}])
        outcome = kdzoo("texts", from_file, "-o", "t.jsonl")

        assert outcome.code == 2
        assert "did you mean 'music'?" in outcome.err
        assert not Path("t.jsonl").exists()


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_pairs_and_single_texts_are_not_mixed_in_one_file(
    kdzoo: RunCommand, write_recipe: WriteRecipe, tmp_path: Path, suffix: str
) -> None:
    """Before anything is written; one recipe of them is named, as the message says."""
    rows = [
        {"text": f"{word} {number}", "other": "now", "label": word}
        for word in ("play", "stop")
        for number in range(9)
    ]
    write_rows(tmp_path / "pairs.jsonl", rows)
    folder = write_recipe("mixed/single.yaml", **BARE).parent
    data = {"files": str(tmp_path / "pairs.jsonl"), "text_pair": "other", "oos_label": None,
            "split": {"validation": "0.2 of train", "test": "0.2 of train"}}  # fmt: skip
    write_recipe("mixed/pairs.yaml", **{**BARE, "name": "paired"}, data=data)
    outcome = kdzoo("texts", folder, "-o", f"t{suffix}")

    assert outcome.code == 2, outcome.out
    assert "paired reads pairs of texts and bare single ones" in outcome.err
    assert not Path(f"t{suffix}").exists()
    assert kdzoo("texts", folder / "pairs.yaml", "-o", f"t{suffix}").code == 0
