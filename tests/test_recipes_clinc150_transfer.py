"""The ablation of transfer sets on CLINC150, run on a small sample with a small other dataset."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from tiny_hub import FEW_STEPS, Asked, serve
from tiny_world import LABELS, RunCommand

from kdzoo.data.files import read_files
from kdzoo.recipe import load_study
from kdzoo.results import Store

CLINC, MASSIVE = "clinc/clinc_oos", "mteb/amazon_massive_intent"
QUERIES = ["turn the heating off", "who sings this tune", "is it windy", "book two seats for me"]
OF_QUERIES = {"unlabelled", "nearest", "ngram-nearest"}
KINDS = {
    "bilstm": {"mask", "ngram", "tang", "near_words", *OF_QUERIES},
    "cnn": {"ngram", "near_words", *OF_QUERIES},
}
HEAD = (
    *("--set", "teacher.lower_layers=[0]", "--set", "student.dim=32"),
    *("--set", "measure.reject.max_false_rejections=0.1"),
)
QUICKLY = (*FEW_STEPS[:2], *FEW_STEPS[4:], *HEAD)  # a linear head has no epochs


def clinc_like(folder: Path) -> DatasetDict:
    """Returns the tiny data in the form in which the hub has CLINC150."""
    features = Features({"text": Value("string"), "intent": ClassLabel(names=list(LABELS))})
    splits = read_files(str(folder), "text", "label").splits
    return DatasetDict(
        {
            name: Dataset.from_dict(
                {
                    "text": [text for text, _ in rows],
                    "intent": [LABELS.index(label) for _, label in rows],
                },
                features=features,
            )
            for name, rows in splits.items()
        }
    )


@pytest.fixture(autouse=True)
def hub(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path, tiny_data: Path
) -> Asked:
    """Both datasets and a tiny MiniLM on the hub; one query stands in the data's test split."""
    clinc = clinc_like(tiny_data)
    queries = [*QUERIES, clinc["test"][0]["text"], clinc["train"][0]["text"]]
    massive = Dataset.from_dict({"text": queries, "label": ["whatever"] * len(queries)})
    served = {CLINC: clinc, MASSIVE: DatasetDict(train=massive, test=massive.select([0]))}
    return serve(monkeypatch, tmp_path / "hub", tiny_encoder, served)


class TestEachRecipe:
    @pytest.mark.study
    @pytest.mark.parametrize("name", KINDS)
    def test_ends_in_a_table_of_all_that_can_be_added(
        self, kdzoo: RunCommand, hub: Asked, name: str
    ) -> None:
        """The recipe's own row adds nothing; all rows share a control."""
        outcome = kdzoo("run", f"clinc150-transfer/{name}", *QUICKLY)
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

        outcome = kdzoo("check", "mine.yaml", *HEAD)
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
