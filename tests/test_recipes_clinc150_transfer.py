"""The ablation of transfer sets on CLINC150, run on a small sample with a small other dataset."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_hub import CLINC, FEW_STEPS_OF_HEAD, MASSIVE, QUERIES, SMALL_HEAD, Asked, serve_clinc
from tiny_world import RunCommand

from kdzoo.recipe import load_study
from kdzoo.results import Store

OF_QUERIES = {"unlabelled", "nearest", "ngram-nearest"}
KINDS = {
    "bilstm": {"mask", "ngram", "tang", "near_words", *OF_QUERIES},
    "cnn": {"ngram", "near_words", *OF_QUERIES},
}


@pytest.fixture(autouse=True)
def hub(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path, tiny_data: Path
) -> Asked:
    """Both datasets and a tiny MiniLM on the hub."""
    return serve_clinc(monkeypatch, tmp_path / "hub", tiny_encoder, tiny_data)


class TestEachRecipe:
    @pytest.mark.study
    @pytest.mark.parametrize("name", KINDS)
    def test_ends_in_a_table_of_all_that_can_be_added(
        self, kdzoo: RunCommand, hub: Asked, name: str
    ) -> None:
        """The recipe's own row adds nothing; all rows share a control."""
        outcome = kdzoo("run", f"clinc150-transfer/{name}", *FEW_STEPS_OF_HEAD)
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs") / f"clinc150-transfer-{name}")
        rows = {row.name: row for row in store.manifest().rows}
        students = {row.name: row.members[0] for row in rows.values() if row.role == "student"}
        trained = {row: store.read(member.key).training for row, member in students.items()}
        texts = {
            row.partition("/")[2]: summary.texts for row, summary in trained.items() if summary
        }

        assert rows.keys() - students.keys() == {"teacher", "tf-idf + svm"}
        assert texts.keys() == {"", *KINDS[name]}
        controls = {row: member.control_key for row, member in students.items()}
        assert len(set(controls.values())) == 1
        own = 4 * 10  # ten labels a class, and nothing else
        new = len(QUERIES) + 1  # the training text among them was dropped, and so is new
        assert texts[""] == own
        assert texts["unlabelled"] == texts["nearest"] == own + new
        assert texts["ngram-nearest"] == texts["ngram"] + new
        assert all(texts[kind] > 2 * own for kind in KINDS[name] - {"unlabelled", "nearest"})
        assert {(each[0], each[1], each[3]) for each in hub} == {
            (CLINC, "plus", None),
            (MASSIVE, "en", "train"),
        }

    @pytest.mark.parametrize("name", KINDS)
    def test_reads_queries_of_ones_own_where_it_says_to_write_them(
        self, kdzoo: RunCommand, tmp_path: Path, name: str
    ) -> None:
        """A copy whose variant names a file in the hub's place."""
        assert kdzoo("new", f"clinc150-transfer/{name}", "mine.yaml").code == 0
        copy = tmp_path / "mine.yaml"
        text = copy.read_text(encoding="utf-8")
        (said,) = [line for line in text.splitlines() if "QUERIES.jsonl" in line]
        head = text.partition("variants:")[0]
        added = f"{head}variants:\n  {said.removeprefix('#').strip()}\n"
        copy.write_text(added.replace("QUERIES.jsonl", "queries.txt"), encoding="utf-8")
        (tmp_path / "queries.txt").write_text("\n".join(QUERIES), encoding="utf-8")

        outcome = kdzoo("check", "mine.yaml", *SMALL_HEAD)
        variants = load_study(str(copy)).variants
        transfers = {variant.variant: variant.recipe.transfer for variant in variants}

        assert outcome.code == 0, outcome.err
        assert transfers.keys() == {"", "unlabelled"}
        unlabelled = transfers["unlabelled"].unlabelled
        assert unlabelled is not None
        assert unlabelled.files == str((tmp_path / "queries.txt").resolve())

    @pytest.mark.parametrize("name", KINDS)
    def test_names_one_source_of_queries(self, name: str) -> None:
        """At random or chosen, with and without augmentation: as many of the same texts."""
        variants = load_study(f"clinc150-transfer/{name}").variants
        sources = {
            each.variant: each.recipe.transfer.unlabelled.model_dump(exclude={"choose"})
            for each in variants
            if each.recipe.transfer.unlabelled is not None
        }

        assert sources.keys() == OF_QUERIES
        assert sources["unlabelled"] == sources["nearest"] == sources["ngram-nearest"]
