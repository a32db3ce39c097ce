"""Words with tags: files, schemes, spans, and what of them is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from datasets import Sequence as ListOf
from tiny_tokens import LABELS, save_tokens

from kdzoo.data import Corpus, few_labels, load_corpus
from kdzoo.data.description import describe
from kdzoo.data.sentences import Sentence
from kdzoo.data.stream import read_full_texts, read_labelled
from kdzoo.errors import DataError
from kdzoo.recipe.data import Data
from kdzoo.task import TOKEN_CLASSIFICATION

SPLITS = ("train", "validation", "test")
ROWS = (
    (["Ann", "went", "to", "New", "York", "."], ["B-per", "O", "O", "B-loc", "I-loc", "O"]),
    (["Bob", "Lee", "stays"], ["B-per", "I-per", "O"]),
)


def write(folder: Path, rows: Sequence[Mapping[str, Any]], suffix: str = ".jsonl") -> Data:
    """Writes the same rows as each split, texts told apart, and returns the section that reads."""
    folder.mkdir(exist_ok=True)
    for number, split in enumerate(SPLITS):
        own = [_apart(row, number) for row in rows]
        if suffix == ".parquet":
            pd.DataFrame(own).to_parquet(folder / f"{split}.parquet")
        else:
            lines = [json.dumps(row) for row in own]
            (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return Data(files=str(folder))


def _apart(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Returns a row with a word behind the others that tells its split."""
    found = dict(row)
    for column, cell in row.items():
        if column == "text" and isinstance(cell, str):
            found[column] = f"{cell} w{number}"
        if column in ("tokens", "text", "words") and isinstance(cell, list):
            found[column] = [*cell, f"w{number}"]
        if column in ("tags", "ner_tags", "ner") and isinstance(cell, list):
            found[column] = [*cell, "O"]
    return found


def told(corpus: Corpus, split: str = "train") -> list[tuple[list[str], list[str]]]:
    """Returns words and names of tags of a split, without the word that tells it."""
    return [
        (each.text.split(" ")[:-1], [corpus.labels[tag] for tag in each.label][:-1])
        for each in corpus.split(split)
        if isinstance(each.label, tuple)
    ]


class TestRead:
    @pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
    @pytest.mark.parametrize("columns", [("tokens", "tags"), ("tokens", "ner_tags")])
    def test_words_and_tags_without_a_word_of_it(
        self, columns: tuple[str, str], suffix: str, tmp_path: Path
    ) -> None:
        section = write(
            tmp_path / "d", [dict(zip(columns, row, strict=True)) for row in ROWS], suffix
        )

        corpus = load_corpus(section)

        assert corpus.task == TOKEN_CLASSIFICATION
        assert corpus.labels == ("O", "B-loc", "I-loc", "B-per", "I-per")
        assert told(corpus) == [*ROWS]
        assert corpus.gold("test").tolist()[1][:4] == [3, 4, 0, 0]
        assert "2 types of entities, 1.50 a sentence, the rarest 'loc' with 1" in describe(corpus)

    def test_a_dataset_of_the_hub(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its tags are numbers, whose names the features have."""
        names = ["B-per", "O", "I-loc", "B-loc", "I-per"]
        features = Features(
            {"tokens": ListOf(Value("string")), "ner_tags": ListOf(ClassLabel(names=names))}
        )
        splits = DatasetDict(
            {
                split: Dataset.from_dict(
                    {
                        "tokens": [[*words, f"w{number}"] for words, _ in ROWS],
                        "ner_tags": [[*map(names.index, (*tags, "O"))] for _, tags in ROWS],
                    },
                    features=features,
                )
                for number, split in enumerate(SPLITS)
            }
        )
        monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: splits)

        corpus = load_corpus(Data(hub="some/ner"))

        assert corpus.labels == ("O", "B-loc", "I-loc", "B-per", "I-per")
        assert told(corpus) == [*ROWS]

    def test_columns_of_other_names(self, tmp_path: Path) -> None:
        rows = [{"words": words, "ner": tags} for words, tags in ROWS]
        section = write(tmp_path / "d", rows).model_copy(update={"text": "words", "label": "ner"})

        assert told(load_corpus(section)) == [*ROWS]

    @pytest.mark.parametrize("empty", [[0], [1], [2], [0, 1], [0, 2], [1, 2]], ids=str)
    @pytest.mark.parametrize("kind", ["lists", "mappings", "parquet"])
    def test_texts_some_of_which_have_no_entity(
        self, kind: str, empty: list[int], tmp_path: Path
    ) -> None:
        """Whichever these are, they are read as where ``data.task`` says that words have tags."""
        spans: list[list[Any]] = [
            [[0, 3, "per"], [12, 20, "loc"]],
            [[0, 7, "per"]],
            [[4, 6, "loc"]],
        ]
        texts = ("Ann went to New York", "Bob Lee stays", "in  it LA")
        rows: list[dict[str, Any]] = [
            {"text": text, "label": [] if number in empty else spans[number]}
            for number, text in enumerate(texts)
        ]
        rows.append({"text": "to be  or", "label": [[0, 2, "per"], [3, 5, "loc"]]})
        if kind != "lists":
            keys = ("start", "end", "label")
            for row in rows:
                row["label"] = [dict(zip(keys, each, strict=True)) for each in row["label"]]
        suffix = ".parquet" if kind == "parquet" else ".jsonl"

        section = write(tmp_path / "d", rows, suffix)
        corpus = load_corpus(section)
        said = load_corpus(section.model_copy(update={"task": TOKEN_CLASSIFICATION.name}))

        assert corpus.task == TOKEN_CLASSIFICATION
        assert (corpus, corpus.notes) == (said, said.notes)
        assert {*told(corpus)[empty[0]][1]} == {"O"}

    def test_a_split_that_has_no_entity_at_all(self, tmp_path: Path) -> None:
        rows = [{"text": f"Ann {n}", "label": [[0, 3, "per"]]} for n in range(4)]
        section = write(tmp_path / "d", rows)
        none = [json.dumps({"text": f"it {n}", "label": []}) for n in range(4)]
        (tmp_path / "d" / "test.jsonl").write_text("\n".join(none), encoding="utf-8")

        corpus = load_corpus(section)

        assert corpus.task == TOKEN_CLASSIFICATION
        assert not corpus.gold("test").any()

    @pytest.mark.parametrize("between", [" ", "\t", " _ _ "])
    def test_conll_files(self, between: str, tmp_path: Path) -> None:
        for number, split in enumerate(SPLITS):
            lines = ["-DOCSTART- -X- O", "", "# id 1"]
            for words, tags in ROWS:
                lines += [f"{w}{between}{t}" for w, t in zip(words, tags, strict=True)]
                lines += [f"w{number}{between}O", "", ""]
            (tmp_path / f"{split}.conll").write_text("\n".join(lines), encoding="utf-8")

        assert told(load_corpus(Data(files=str(tmp_path)))) == [*ROWS]

    def test_character_spans(self, tmp_path: Path) -> None:
        rows = [
            {"text": "Ann went to New York.", "entities": [[0, 3, "per"], [12, 20, "loc"]]},
            {"text": "Bob Lee stays", "entities": [{"start": 0, "end": 8, "label": "per"}]},
            {"text": "nobody", "entities": []},
        ]

        found = told(load_corpus(write(tmp_path / "d", rows)))

        assert found == [*ROWS, (["nobody"], ["O"])]

    @pytest.mark.parametrize(
        ("tags", "wanted", "noted"),
        [
            ("B-a I-a O B-a", "B-a I-a O B-a", 0),  # BIO
            ("I-a I-a O I-a", "B-a I-a O B-a", 2),  # IO
            ("B-a E-a O S-a", "B-a I-a O B-a", 0),  # IOES
            ("B-a L-a U-a O", "B-a I-a B-a O", 0),  # BILOU
            ("B-a E-a I-a O", "B-a I-a B-a O", 1),  # an end ends
            ("I-a I-b B-b O", "B-a B-b B-b O", 2),  # I- without B-
            ("O I-b O I-a", "O B-b O B-a", 2),
            ("I-a B-a I-a I-b", "B-a B-a I-a B-b", 2),  # IOB1: B- where two stand together
        ],
    )
    def test_any_usual_scheme_is_bio_inside(
        self, tags: str, wanted: str, noted: int, tmp_path: Path
    ) -> None:
        rows = [
            {"tokens": ["u", "v", "x", "y"], "tags": tags.split()},
            {"tokens": ["r", "s", "t", "q"], "tags": ["B-a", "O", "O", "B-b"]},
        ]

        corpus = load_corpus(write(tmp_path / "d", rows))

        assert told(corpus)[0][1] == wanted.split()
        notes = [note for note in corpus.notes if "do not begin with B-" in note]
        assert [note.split()[0] for note in notes] == [str(3 * noted)] * bool(noted)

    def test_splits_are_taken_from_train_with_entities_on_both_sides(self, tmp_path: Path) -> None:
        save_tokens(tmp_path)
        section = Data(files=str(tmp_path / "train.jsonl"),
                       split={"validation": "0.2 of train", "test": "0.2 of train"})  # fmt: skip

        corpus = load_corpus(section)

        assert corpus.labels == LABELS
        assert len(corpus.train) + len(corpus.validation) + len(corpus.test) == 150
        for split in SPLITS:
            assert {1, 3} <= {tag for each in corpus.split(split) for tag in each.label or ()}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("tags", "difference"),
    [
        (["B-per", "O", "O", "B-loc", "O", "O"], ", where 'York' is I-loc and O"),
        (["O", "O", "O", "B-loc", "I-loc", "O"], ", where 'Ann' is B-per and O"),
    ],
)
def test_texts_that_stand_with_other_tags_are_noted(
    tags: list[str], difference: str, tmp_path: Path
) -> None:
    """With the first word that differs; a whole row of tags would say nothing."""
    rows = [{"tokens": words, "tags": own} for words, own in (*ROWS, (ROWS[0][0], tags))]

    notes = load_corpus(write(tmp_path / "data", rows)).notes

    (note,) = [each for each in notes if each.startswith("texts that stand with other tags too")]
    assert note.startswith("texts that stand with other tags too: 3, for example 'Ann went to")
    assert note.endswith(difference)


@pytest.mark.parametrize("kinds", [("news", "sport"), (["news", "sport"], [])])
def test_a_column_that_is_only_called_so_holds_labels(
    kinds: tuple[object, object], tmp_path: Path
) -> None:
    rows = [{"text": f"a {n}", "entities": kinds[n % 2]} for n in range(8)]
    section = write(tmp_path / "d", rows).model_copy(update={"label": "entities"})

    assert not load_corpus(section).task.by_word


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".conll"])
def test_files_of_words_are_texts_too(suffix: str, tmp_path: Path) -> None:
    """For who asks of texts alone: a sentence is its words with one space between."""
    path = tmp_path / f"a{suffix}"
    rows = [{"tokens": words, "tags": tags} for words, tags in ROWS]
    if suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    else:
        lines = ("\n".join(map(" ".join, zip(words, tags, strict=True))) for words, tags in ROWS)
        path.write_text("\n\n".join(lines), encoding="utf-8")

    assert [*read_full_texts(path, "text")] == [" ".join(words) for words, _ in ROWS]
    assert [*read_full_texts(path, "tokens")] == [*read_full_texts(path, "text")]


@pytest.mark.parametrize("suffix", [".jsonl", ".conll"])
def test_given_words_are_not_cut_further(suffix: str, tmp_path: Path) -> None:
    """A model that learnt from them is asked of the same ones; only free texts are cut."""
    words = ["k-pop", "1,000", "(loud)", "don't"]
    path = tmp_path / f"a{suffix}"
    tagged = "\n".join(f"{word} O" for word in words)
    row = json.dumps({"tokens": words, "tags": ["O"] * len(words)})
    path.write_text(row if suffix == ".jsonl" else tagged, encoding="utf-8")

    (text,) = read_full_texts(path, "text")
    sentence = Sentence.of(str(text)), Sentence.of(text)  # type: ignore[arg-type]

    assert [*sentence[1].words] == words
    assert [text[start:end] for start, end in sentence[1].spans] == words  # type: ignore[index]
    assert len(sentence[0].words) > len(words)


@pytest.mark.parametrize(
    "row",
    [
        {"tokens": ["a", "b"], "tags": ["O", "O"]},
        {"text": "a b", "tags": ["joy", "fear"]},
        {"text": "a b", "tags": [[0, 1, "per"]]},
        {"text": "a b", "tags": [{"start": 0, "end": 1, "label": "per"}]},
    ],
    ids=str,
)
def test_texts_with_lists_are_no_texts_with_one_label(row: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")

    with pytest.raises(DataError, match=r"'tags' holds a list\n.* remove --labels"):
        read_labelled(path, "text", "tags")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokens": ["New York"]}, "holds a space"),
        ({"tokens": ["a", 3]}, "3 is no word"),
        ({"tokens": []}, "text 1 is empty"),
        ({"words": ["a"], "n": 1}, "no column 'text'"),
        ({"text": "a", "tokens": 3}, None),
    ],
    ids=str,
)
def test_lists_that_are_no_words_are_no_texts(
    row: dict[str, Any], message: str | None, tmp_path: Path
) -> None:
    """A column that is called as is usual is the text, whatever stands beside it."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")

    if message is None:
        assert [*read_full_texts(path, "text")] == ["a"]
        return
    with pytest.raises(DataError, match=message):
        [*read_full_texts(path, "text")]


class TestRefused:
    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ({"tokens": ["a", "b"], "tags": ["O"]}, r"2 words and 1 tags; write one for each"),
            ({"tokens": ["a"], "tags": ["O", "B-a"]}, r"1 words and 2 tags"),
            ({"tokens": [], "tags": []}, r"texts are empty"),
            ({"tokens": ["a", ""], "tags": ["O", "O"]}, r"\"\" is no word"),
            ({"tokens": ["a", 3], "tags": ["O", "O"]}, r"3 is no word"),
            ({"tokens": ["a", None], "tags": ["O", "O"]}, r"is no word"),
            ({"tokens": ["New York"], "tags": ["O"]}, r"holds a space"),
            (
                {"tokens": ["a"], "tags": ["NOUN"]},
                r"\"NOUN\" is no tag; wanted O, or a name behind",
            ),
            ({"tokens": ["a"], "tags": ["B-"]}, r"is no tag"),
            ({"tokens": ["a"], "tags": [None]}, r"is no tag"),
            ({"tokens": ["a"], "tags": "O"}, r"the tags are no list"),
            ({"tokens": ["a"] * 5000, "tags": ["O"] * 5000}, r"divide it: the longest has 4,096"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_words_and_tags_that_do_not_fit(
        self, row: dict[str, Any], message: str, tmp_path: Path
    ) -> None:
        good = [{"tokens": words, "tags": tags} for words, tags in ROWS]
        section = write(tmp_path, good)
        lines = [json.dumps(each) for each in (*good, row)]
        (tmp_path / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")

        with pytest.raises(DataError, match=message):
            load_corpus(section)

    @pytest.mark.parametrize(
        ("entity", "message"),
        [
            ([0, 99, "a"], "is not within the text"),
            ([5, 5, "a"], "is not within the text"),
            ([-1, 3, "a"], "is not within the text"),
            ([0, 2, "a"], r"inside the word 'Ann'; let it begin and end where words do: \[0, 3"),
            ([1, 8, "a"], "inside the word 'Ann'"),
            ([3, 4, "a"], "holds no word"),
            ([0, 3], "is no entity; write"),
            (["0", "3", "a"], "is no entity"),
            ([0, 3, ""], "is no entity"),
            ("Ann", "is no entity"),
        ],
        ids=str,
    )
    def test_spans_that_are_none(self, entity: Any, message: str, tmp_path: Path) -> None:
        rows = [{"text": "Ann went", "entities": [entity]}]

        with pytest.raises(DataError, match=message):
            load_corpus(write(tmp_path / "d", rows))

    @pytest.mark.parametrize(
        "entities",
        [[[0, 3, "a"], [0, 3, "b"]], [[0, 8, "a"], [4, 8, "a"]], [[4, 8, "a"], [0, 8, "b"]]],
    )
    def test_spans_that_overlap(self, entities: Any, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="overlaps with another one"):
            load_corpus(write(tmp_path / "d", [{"text": "Ann went", "entities": entities}]))

    def test_types_that_train_lacks(self, tmp_path: Path) -> None:
        section = write(tmp_path, [{"tokens": words, "tags": tags} for words, tags in ROWS])
        odd = {"tokens": ["a", "b"], "tags": ["B-org", "B-loc"]}
        (tmp_path / "test.jsonl").write_text(json.dumps(odd), encoding="utf-8")

        with pytest.raises(DataError, match=r"1 types of entities that train lacks: org"):
            load_corpus(section)

    def test_data_without_an_entity(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no word is in an entity"):
            load_corpus(write(tmp_path / "d", [{"tokens": ["a"], "tags": ["O"]}]))

    @pytest.mark.parametrize("split", SPLITS)
    def test_texts_with_labels_beside_words_with_tags(self, split: str, tmp_path: Path) -> None:
        section = write(tmp_path, [{"tokens": words, "tags": tags} for words, tags in ROWS])
        (tmp_path / f"{split}.jsonl").write_text('{"text": "a", "label": "x"}', encoding="utf-8")

        with pytest.raises(DataError, match="some rows are words with tags, others texts"):
            load_corpus(section)

    @pytest.mark.parametrize("task", ["single-label", "multi-label"])
    def test_words_and_tags_that_are_said_to_be_texts(self, task: Any, tmp_path: Path) -> None:
        section = write(tmp_path / "d", [{"text": words, "label": tags} for words, tags in ROWS])

        with pytest.raises(DataError, match="the text is a list"):
            load_corpus(section.model_copy(update={"task": task}))

    @pytest.mark.parametrize("label", ["x", 3, None])
    def test_texts_that_are_said_to_be_words_and_tags(self, label: object, tmp_path: Path) -> None:
        section = write(tmp_path / "d", [{"text": "a b", "label": label}])

        with pytest.raises(DataError, match=r"no list of words .* remove data.task"):
            load_corpus(section.model_copy(update={"task": "token-classification"}))

    @pytest.mark.parametrize(
        ("said", "message"),
        [
            ({"oos_label": "O"}, "data.oos_label: each word has a tag here"),
            ({"positive_label": "O"}, "data.positive_label"),
            ({"labels_per_class": 3}, "data.labels_per_class"),
            ({"validation_per_class": 3}, "data.validation_per_class"),
            ({"text_pair": "tags"}, "stand alone"),
        ],
    )
    def test_what_is_for_whole_texts(
        self, said: dict[str, Any], message: str, tmp_path: Path
    ) -> None:
        written = write(tmp_path / "d", [{"tokens": words, "tags": tags} for words, tags in ROWS])
        section = written.model_copy(update=said)

        with pytest.raises(DataError, match=message):
            few_labels(load_corpus(section), section, seed=0)

    @pytest.mark.parametrize(
        "line", ["alone", "-DOCSTART- -X- O\n\nword"], ids=["first", "behind a title"]
    )
    def test_a_conll_line_without_a_tag(self, line: str, tmp_path: Path) -> None:
        (tmp_path / "train.conll").write_text(line, encoding="utf-8")

        with pytest.raises(DataError, match=r"a word without a tag"):
            load_corpus(Data(files=str(tmp_path)))


class TestSentences:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("I'm in  Paris.", ["I", "'m", "in", "Paris", "."]),
            ("(U.S. 3.5 %)", ["(", "U.S", ".", "3.5", "%", ")"]),
            ("@ann #now https://a.b/c?d=1 end", ["@ann", "#now", "https://a.b/c?d=1", "end"]),
            ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया", "।"]),
            ("我在巴黎 now", ["我", "在", "巴", "黎", "now"]),
            ("e\u0301te\u0301", ["e\u0301te\u0301"]),
            (" \t\n ", []),
            ("a\u00a0b", ["a", "b"]),
        ],
    )
    def test_a_text_is_its_words_where_they_stand(self, text: str, words: list[str]) -> None:
        sentence = Sentence.of(text)

        assert [*sentence.words] == words
        assert [text[start:end] for start, end in sentence.spans] == words


TAGS_OF_ROWS = {
    "a word a row": (["O", "B-per", "O", "I-per", "O"], "a word in each row"),
    "a sentence a cell": (["O O B-per", "O", "O O"], "those of a sentence in one cell"),
    "a list a cell": (["['O', 'B-per']", "['O']"], "those of a sentence in one cell"),
}


@pytest.mark.parametrize("odd", [0, 1])
@pytest.mark.parametrize("name", TAGS_OF_ROWS)
def test_tags_of_words_are_no_labels_of_texts(name: str, odd: int, tmp_path: Path) -> None:
    """As in tables with a word in each row, which may have an odd one."""
    tags, what = TAGS_OF_ROWS[name]
    labels = [*tags * 12, *["x"] * odd]
    pd.DataFrame({"text": [f"w{n}" for n in range(len(labels))], "label": labels}).to_csv(
        tmp_path / "a.csv", index=False
    )
    said = {"files": str(tmp_path / "a.csv"), "split": {"validation": "0.2 of train",
                                                        "test": "0.2 of train"}}  # fmt: skip

    with pytest.raises(DataError) as caught:
        load_corpus(Data.model_validate(said))

    assert (
        f"the labels are tags of words (B-per, {'I-per, ' * (name == 'a word a row')}O), {what}"
        in str(caught.value)
    )
    assert "tokens and tags, as .jsonl" in str(caught.value)
    if not odd:
        labelled = load_corpus(Data.model_validate(said | {"task": "single-label"}))
        assert {*labelled.labels} == {*tags}


@pytest.mark.parametrize("labels", [("O", "A", "B", "AB"), ("B-side", "A-side"), ("O", "A")])
def test_labels_that_look_like_a_tag_are_labels(labels: tuple[str, ...], tmp_path: Path) -> None:
    rows = [f"text {n} {n * n},{labels[n % len(labels)]}" for n in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    split = {"validation": "0.2 of train", "test": "0.2 of train"}

    corpus = load_corpus(Data.model_validate({"files": str(tmp_path / "a.csv"), "split": split}))

    assert {*corpus.labels} == {*labels}
