"""The recipes of SST-2, run on a small sample in the form in which the hub has it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from tiny_hub import FEW_STEPS, Asked, serve
from tiny_world import FILLERS, RunCommand

from kdzoo.data import Corpus, load_corpus
from kdzoo.recipe import load_study
from kdzoo.results import Store

WORDS = (
    ["dull", "stale", "awful", "clumsy", "tedious", "hollow"],
    ["warm", "witty", "gripping", "lovely", "clever", "moving"],
)
ROWS = Features(
    {
        "idx": Value("int32"),
        "sentence": Value("string"),
        "label": ClassLabel(names=["negative", "positive"]),
    }
)


def split_of(texts: list[str], labels: list[int]) -> Dataset:
    """Returns a split with the hub's columns."""
    rows = {"idx": list(range(len(texts))), "sentence": texts, "label": labels}
    return Dataset.from_dict(rows, features=ROWS)


def sample(seed: int = 0) -> DatasetDict:
    """Returns 200 phrases, one of them twice and one from a sentence; test labels are not told."""
    rng = random.Random(seed)
    texts: dict[str, int] = {}
    while len(texts) < 240:
        label = len(texts) % 2
        words = rng.sample(WORDS[label], rng.randint(1, 3)) + rng.sample(FILLERS, rng.randint(1, 4))
        texts.setdefault(" ".join(words), label)
    phrases, labels = list(texts), list(texts.values())
    twice, leaked = phrases[0], phrases[200]
    return DatasetDict(
        train=split_of([*phrases[:198], twice, leaked], [*labels[:198], labels[0], labels[200]]),
        validation=split_of(phrases[200:220], labels[200:220]),
        test=split_of(phrases[220:], [-1] * 20),
    )


def corpus_of_recipes() -> Corpus:
    """Returns the data as all recipes of the folder read it."""
    return load_corpus(load_study("sst2").variants[0].recipe.data)


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_encoder: Path) -> Asked:
    """The sample and a tiny MiniLM on the hub; what was asked of it."""
    return serve(monkeypatch, tmp_path / "hub", tiny_encoder, {"stanfordnlp/sst2": sample()})


class TestSplits:
    def test_test_the_sentences_that_have_labels(self) -> None:
        """The hub's validation; its own test split, all labels -1, is left alone."""
        corpus = corpus_of_recipes()
        hidden = set(sample()["test"]["sentence"])

        assert [example.text for example in corpus.test] == sample()["validation"]["sentence"]
        assert corpus.gold("test").tolist() == sample()["validation"]["label"]
        assert corpus.labels == ("negative", "positive")
        assert not hidden & {e.text for e in (*corpus.train, *corpus.validation)}

    def test_validate_on_a_twentieth_of_the_phrases(self) -> None:
        """Of both labels; the share is chosen once, whatever the seed of a run."""
        corpus = corpus_of_recipes()

        assert len(corpus.validation) == 10
        assert set(corpus.gold("validation")) == {0, 1}
        assert corpus.validation == corpus_of_recipes().validation

    def test_train_on_no_text_that_is_measured(self) -> None:
        """A phrase that is a sentence of the test, or stands in validation too, is dropped."""
        corpus = corpus_of_recipes()
        measured = {example.text for example in (*corpus.validation, *corpus.test)}

        assert sample()["train"]["sentence"][-1] in measured
        assert not measured & {example.text for example in corpus.train}
        assert any(note.startswith("dropped texts") for note in corpus.notes)


@pytest.mark.study
class TestEachRecipe:
    @pytest.mark.parametrize(
        ("name", "others"),
        [("bilstm", {"bilstm/logits", "bilstm/tang"}), ("cnn", set()), ("static", set())],
    )
    def test_learns_from_unlabelled_sentences_too(
        self, kdzoo: RunCommand, hub: Asked, tmp_path: Path, name: str, others: set[str]
    ) -> None:
        """Its other rows learn from the phrases, or from these and from new texts made of them."""
        films = tmp_path / "films.txt"
        films.write_text("\n".join(f"a film of {word}" for word in FILLERS[:9]), encoding="utf-8")

        outcome = kdzoo(
            "run", f"sst2/{name}", *FEW_STEPS, "--set", "student.dim=32",
            "--set", f"transfer.unlabelled.files={films}",
        )  # fmt: skip
        assert outcome.code == 0, outcome.err
        store = Store(Path("runs") / f"sst2-{name}")
        rows = {row.name: row.members[0] for row in store.manifest().rows}
        learnt = {row: store.read(rows[row].key).training for row in (name, *others)}

        assert set(hub) == {("stanfordnlp/sst2", None, None, None)}
        assert rows.keys() == {"teacher", name, *others, "tf-idf + svm"}
        assert all(store.read(member.key).quality.keys() >= {"test"} for member in rows.values())
        assert {row: of and of.unlabelled for row, of in learnt.items()} == {
            name: 9, **dict.fromkeys(others, 0)
        }  # fmt: skip
        augmented = {row for row, of in learnt.items() if of and of.augmented}
        assert augmented == {row for row in others if row.endswith("tang")}


def test_what_gives_what_reads_the_sentences_where_it_is_run(kdzoo: RunCommand) -> None:
    lines = (f'{{"text": "a film of {word}"}}' for word in FILLERS[:9])
    Path("film-sentences.jsonl").write_text("\n".join(lines), encoding="utf-8")
    study = load_study("ablation-sst2").variants

    outcome = kdzoo(
        "check", "ablation-sst2", "--set", "data.labels_per_class=40",
        "--set", "variants.own.data.rest_of_train=20", "--set", "student.dim=32",
    )  # fmt: skip

    assert outcome.code == 0, outcome.err
    assert {f"ok: {variant.name}" for variant in study} <= {*outcome.out.splitlines()}
