"""Files of outputs: what may stand in them, what it becomes, and how the rest is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny_outputs import CPU, OutputsRow, opened, said, write_rows
from tiny_world import LABELS

from kdzoo.data import Example
from kdzoo.errors import KdzooError, TeacherError
from kdzoo.progress import Silent
from kdzoo.recipe.teacher import Teacher
from kdzoo.teacher.outputs_values import logits_of_labels, logits_of_probabilities

EVEN = [0.25, 0.25, 0.25, 0.25]


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


class TestWhatAFileMayHold:
    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv", ".tsv"])
    def test_logits_come_back_as_they_are(self, tmp_path: Path, suffix: str) -> None:
        rows = [{"text": "one", "logits": [1.5, -2.0, 0.25, 3.0]},
                {"text": "two, and more", "logits": [0.0, 0.5, 8.0, -1.0]}]  # fmt: skip
        teacher = opened(write_rows(tmp_path / f"o{suffix}", rows), labels=list(LABELS))

        np.testing.assert_array_equal(
            said(teacher, "two, and more", "one"), [rows[1]["logits"], rows[0]["logits"]]
        )

    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    def test_lists_are_aligned_to_the_data_by_name(self, tmp_path: Path, suffix: str) -> None:
        own = list(reversed(LABELS))
        file = write_rows(
            tmp_path / f"o{suffix}", [{"text": "one", "logits": [1.0, 2.0, 3.0, 4.0]}]
        )

        np.testing.assert_array_equal(said(opened(file, labels=own), "one"), [[4, 3, 2, 1]])

    def test_parquet_metadata_names_the_lists(self, tmp_path: Path) -> None:
        rows = [{"text": "one", "logits": [1.0, 2.0, 3.0, 4.0]}]
        file = write_rows(tmp_path / "o.parquet", rows, labels=tuple(reversed(LABELS)))

        np.testing.assert_array_equal(said(opened(file), "one"), [[4, 3, 2, 1]])

    def test_the_recipe_can_name_what_the_file_calls_otherwise(self, tmp_path: Path) -> None:
        """A model without names writes LABEL_0, ...; teacher.labels says what they are."""
        rows = [{"text": "one", "logits": [1.0, 2.0, 3.0, 4.0]}]
        numbered = [f"LABEL_{number}" for number in range(4)]
        file = write_rows(tmp_path / "o.parquet", rows, labels=numbered)

        np.testing.assert_array_equal(
            said(opened(file, labels=list(reversed(LABELS))), "one"), [[4, 3, 2, 1]]
        )

    @pytest.mark.parametrize("own", [LABELS[::-1], [label.title() for label in LABELS[::-1]]])
    def test_the_recipe_does_not_put_the_files_own_names_in_another_order(
        self, tmp_path: Path, own: Sequence[str]
    ) -> None:
        rows = [{"text": "one", "logits": [1.0, 2.0, 3.0, 4.0]}]
        file = write_rows(tmp_path / "o.parquet", rows, labels=list(own))

        with pytest.raises(TeacherError, match="says itself in which order its lists are"):
            opened(file, labels=list(LABELS))

    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    def test_probabilities_become_their_logarithms(self, tmp_path: Path, suffix: str) -> None:
        rows = [{"text": "one", "probabilities": [0.7, 0.2, 0.1, 0.0]}]
        teacher = opened(write_rows(tmp_path / f"o{suffix}", rows), labels=list(LABELS))

        np.testing.assert_allclose(
            said(teacher, "one"), [np.log([0.7, 0.2, 0.1, 1e-6])], rtol=1e-3, atol=1e-3
        )

    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    def test_a_mapping_may_leave_labels_out(self, tmp_path: Path, suffix: str) -> None:
        rows = [{"text": "one", "probabilities": {"music": 0.9, "oos": 0.1}},
                {"text": "two", "probabilities": {"music": 0.5, "oos": 0.5}}]  # fmt: skip
        teacher = opened(write_rows(tmp_path / f"o{suffix}", rows))

        np.testing.assert_allclose(
            np.exp(said(teacher, "one")), [[0, 0.9, 0.1, 0]], rtol=1e-2, atol=1e-4
        )

    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    def test_a_label_gets_all_but_the_smoothing(self, tmp_path: Path, suffix: str) -> None:
        rows = [{"text": "one", "label": "music"}, {"text": "two", "label": "alarm"}]
        teacher = opened(write_rows(tmp_path / f"o{suffix}", rows), smoothing=0.3)

        np.testing.assert_allclose(
            np.exp(said(teacher, "one", "two")),
            [[0.1, 0.7, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1]],
            rtol=2e-3,
        )

    @pytest.mark.parametrize("smoothing", [0.75, 0.9])
    def test_a_label_gets_more_than_each_other_or_is_refused(
        self, tmp_path: Path, smoothing: float
    ) -> None:
        """Of four labels, 0.75 leaves each the same, and more says another one of the text."""
        file = write_rows(tmp_path / "o.jsonl", [{"text": "one", "label": "music"}])
        probabilities = np.exp(said(opened(file, smoothing=0.74), "one"))

        assert int(probabilities.argmax()) == LABELS.index("music")
        with pytest.raises(TeacherError, match=r"teacher.smoothing: of the 4 labels, .* 0.75, as"):
            opened(file, smoothing=smoothing)

    def test_logits_go_before_probabilities_and_these_before_labels(self, tmp_path: Path) -> None:
        row = {"text": "one", "label": "oos", "probabilities": EVEN, "logits": [4.0, 3.0, 2.0, 1.0]}
        file = write_rows(tmp_path / "o.jsonl", [row])
        without = write_rows(
            tmp_path / "p.jsonl", [{k: v for k, v in row.items() if k != "logits"}]
        )

        np.testing.assert_array_equal(said(opened(file, labels=[*LABELS]), "one"), [[4, 3, 2, 1]])
        assert len(set(said(opened(without, labels=[*LABELS]), "one")[0])) == 1

    @pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64(), pa.int32()])
    @pytest.mark.parametrize("shape", [pa.list_, pa.large_list, lambda inner: pa.list_(inner, 4)])
    def test_parquet_lists_of_every_kind(
        self, tmp_path: Path, kind: Any, shape: Callable[[Any], Any]
    ) -> None:
        numbers = np.array([1, 2, 3, 4], dtype=kind.to_pandas_dtype())
        column = pa.array([list(numbers)] * 3, type=shape(kind))
        texts = pa.array(["one", "two", "three"]).dictionary_encode()
        pq.write_table(pa.table({"text": texts, "logits": column}), tmp_path / "o.parquet")
        teacher = opened(tmp_path / "o.parquet", labels=list(LABELS))

        np.testing.assert_array_equal(said(teacher, "three"), [[1, 2, 3, 4]])

    def test_pairs_are_other_texts_than_their_first_half(self, tmp_path: Path) -> None:
        rows = [{"text": "one", "text_pair": "two", "label": "music"},
                {"text": "one", "text_pair": None, "label": "oos"}]  # fmt: skip
        for suffix in (".jsonl", ".parquet"):
            teacher = opened(write_rows(tmp_path / f"o{suffix}", rows))
            table = teacher.label([Example("one", "two"), Example("one")], Silent(), CPU)

            assert table[:].argmax(1).tolist() == [LABELS.index("music"), LABELS.index("oos")]

    def test_a_text_may_stand_twice_with_the_same_outputs(self, tmp_path: Path) -> None:
        rows = [{"text": "one", "label": "music"}] * 3 + [{"text": "two", "label": "oos"}]
        teacher = opened(write_rows(tmp_path / "o.jsonl", rows))

        assert said(teacher, "one", "two").argmax(1).tolist() == [1, 2]

    def test_columns_and_blank_lines_besides_are_no_matter(self, tmp_path: Path) -> None:
        file = tmp_path / "o.jsonl"
        file.write_text('\n{"id": 3, "label": "music", "text": "one"}\n\n', encoding="utf-8")

        assert said(opened(file), "one").argmax() == LABELS.index("music")

    def test_many_rows_are_read_in_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Parts and shards are a matter of memory: what comes out does not depend on them."""
        numbers = np.random.default_rng(0).normal(size=(50, 4)).round(2).tolist()
        rows = [{"text": f"text {i}", "logits": row} for i, row in enumerate(numbers)]
        for suffix in (".jsonl", ".parquet"):
            file = write_rows(tmp_path / f"o{suffix}", rows)
            whole = said(opened(file, labels=[*LABELS]), *(row["text"] for row in rows))
            monkeypatch.setattr("kdzoo.teacher.outputs_file._ROWS", 7)
            monkeypatch.setattr("kdzoo.teacher.outputs_reading._SHARD_NUMBERS", 40)
            monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / f"cache{suffix}"))
            teacher = opened(file, labels=[*LABELS])

            assert len(list(teacher.cache.folder.glob("*.npy"))) == 4
            np.testing.assert_array_equal(said(teacher, *(row["text"] for row in rows)), whole)
            monkeypatch.undo()


GOOD = {"text": "good", "probabilities": EVEN}

BAD_VALUES = [
    ("nan", "probabilities", [math.nan, 0.5, 0.25, 0.25], "probabilities outside [0, 1]"),
    ("inf", "logits", [math.inf, 0.5, 0.25, 0.25], "no finite numbers"),
    ("nan-logit", "logits", [math.nan, 0.5, 0.25, 0.25], "no finite numbers"),
    ("too-large", "logits", [70000.0, 0.5, 0.25, 0.25], "beyond 65,504"),
    ("negative", "probabilities", [-0.1, 0.6, 0.25, 0.25], "probabilities outside [0, 1]"),
    ("above-one", "probabilities", [1.2, 0.0, 0.0, 0.0], "probabilities outside [0, 1]"),
    ("sum", "probabilities", [0.5, 0.2, 0.1, 0.1], "probabilities sum to 0.9, wanted 1"),
    ("per-cent", "probabilities", [70.0, 10.0, 10.0, 10.0], "probabilities outside [0, 1]"),
    ("narrow", "probabilities", [0.5, 0.5], "2 probabilities, wanted 4, one for each label"),
    ("wide", "logits", [0.5] * 5, "5 logits, wanted 4, one for each label"),
]


class TestWhatIsRefused:
    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    @pytest.mark.parametrize(
        ("kind", "numbers", "words"),
        [case[1:] for case in BAD_VALUES],
        ids=[c[0] for c in BAD_VALUES],
    )
    def test_numbers_with_the_row_where_they_stand(
        self, tmp_path: Path, suffix: str, kind: str, numbers: list[float], words: str
    ) -> None:
        rows = [{"text": "good", kind: EVEN}, {"text": "bad", kind: numbers}]
        file = write_rows(tmp_path / f"o{suffix}", rows)
        where = {".jsonl": "line 2", ".csv": "line 3"}.get(suffix, "row 2")

        with pytest.raises(TeacherError) as caught:
            opened(file, labels=list(LABELS))

        assert f"{where}: " in str(caught.value)
        assert words in str(caught.value)
        assert str(file) in str(caught.value)

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ([{"words": "one", "label": "oos"}], ["no column 'text'", "Known: label, words"]),
            ([{"text": "one", "intent": "oos"}], ["no column 'logits', 'probabilities' or 'label'",
                                                  "its columns: text, intent"]),
            ([{"text": "one", "label": "musik"}], ["line 1: unknown label 'musik'",
                                                   "did you mean 'music'?"]),
            ([{"text": "one", "label": ["oos"]}], ["the label is a list"]),
            ([{"text": "one", "label": "oos"}, {"text": "two"}], ["line 2: no 'label'"]),
            ([{"text": "one", "label": "oos"}, {"text": "two", "label": None}], ["no 'label'"]),
            ([{"text": "one", "label": "oos"}, {"label": "oos"}], ["line 2: no 'text'"]),
            ([{"text": "one", "probabilities": {"musik": 1}}], ["unknown label 'musik'", "music"]),
            ([{"text": "one", "logits": {"music": 1.0}}], ["no logit of 'alarm'"]),
            ([{"text": "one", "probabilities": {"music": 1.0}}, GOOD], ["line 2", "is no mapping"]),
            ([GOOD, {"text": "one", "probabilities": {"music": 1.0}}], ["line 2", "is no list"]),
            ([{"text": "one", "logits": [1, "a", 2, 3]}], ["holds something that is no number"]),
            ([{"text": "one", "logits": [1, None, 2, 3]}], ["holds something that is no number"]),
            ([{"text": "one", "logits": [1, 10**400, 2, 3]}], ["holds a number that is too large"]),
        ],
    )  # fmt: skip
    def test_rows_that_do_not_say_what_they_should(
        self, tmp_path: Path, rows: list[OutputsRow], words: list[str]
    ) -> None:
        file = write_rows(tmp_path / "o.jsonl", rows)

        with pytest.raises(TeacherError) as caught:
            opened(file, labels=list(LABELS))

        for each in words:
            assert each in str(caught.value)

    def test_all_mistakes_are_listed_up_to_five(self, tmp_path: Path) -> None:
        rows = [{"text": str(i), "label": "musik"} for i in range(9)]

        with pytest.raises(TeacherError) as caught:
            opened(write_rows(tmp_path / "o.jsonl", rows))

        assert [problem.where for problem in caught.value.problems] == [
            f"line {number}" for number in range(1, 6)
        ]

    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    def test_lists_without_names(self, tmp_path: Path, suffix: str) -> None:
        with pytest.raises(
            TeacherError, match=r"give teacher\.labels: .* in the order of the lists"
        ):
            opened(write_rows(tmp_path / f"o{suffix}", [GOOD]))

    def test_names_that_are_not_the_datas(self, tmp_path: Path) -> None:
        names = ["alarm", "musik", "oos", "weather"]

        with pytest.raises(TeacherError, match="does not know the data's label 'music'") as caught:
            opened(write_rows(tmp_path / "o.jsonl", [GOOD]), labels=names)

        assert "did you mean 'musik'?" in str(caught.value)

    def test_names_in_an_order_that_the_file_contradicts(self, tmp_path: Path) -> None:
        file = write_rows(tmp_path / "o.parquet", [GOOD], labels=LABELS)

        assert opened(file, labels=list(LABELS)).columns.tolist() == [0, 1, 2, 3]
        with pytest.raises(TeacherError, match=r"teacher\.labels says another"):
            opened(file, labels=list(reversed(LABELS)))

    def test_a_name_that_stands_twice(self, tmp_path: Path) -> None:
        with pytest.raises(TeacherError, match="'oos' stands twice"):
            opened(write_rows(tmp_path / "o.jsonl", [GOOD]), labels=[*LABELS, "oos"])

    def test_parquet_columns_that_hold_no_lists_of_numbers(self, tmp_path: Path) -> None:
        for column, words in (
            ([["a"] * 4], "hold string, wanted numbers"),
            ([1.0], "wanted lists"),
        ):
            pq.write_table(pa.table({"text": ["one"], "logits": column}), tmp_path / "o.parquet")

            with pytest.raises(TeacherError, match=words):
                opened(tmp_path / "o.parquet", labels=list(LABELS))

    def test_parquet_cells_that_are_empty(self, tmp_path: Path) -> None:
        rows = [{"text": "one", "logits": EVEN}, {"text": "two", "logits": None}]
        with pytest.raises(TeacherError, match="row 2: 0 logits, wanted 4"):
            opened(write_rows(tmp_path / "o.parquet", rows), labels=list(LABELS))
        rows = [{"text": "one", "logits": EVEN}, {"text": None, "logits": EVEN}]
        with pytest.raises(TeacherError, match="row 2: no 'text'"):
            opened(write_rows(tmp_path / "o.parquet", rows), labels=list(LABELS))

    def test_metadata_that_kdzoo_did_not_write(self, tmp_path: Path) -> None:
        table = pa.table({"text": ["one"], "logits": [EVEN]})
        pq.write_table(table.replace_schema_metadata({"kdzoo": "labels"}), tmp_path / "o.parquet")

        with pytest.raises(TeacherError, match='metadata "kdzoo" is not what kdzoo writes'):
            opened(tmp_path / "o.parquet")

    @pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".json", ".csv"])
    def test_two_different_things_of_one_text(self, tmp_path: Path, suffix: str) -> None:
        rows = [{"text": "same", "label": "oos"}, {"text": "one", "label": "oos"},
                {"text": "same", "label": "music"}, {"text": "same", "label": "oos"},
                {"text": "one", "label": "alarm"}, {"text": "two", "label": "oos"}]  # fmt: skip
        file = write_rows(tmp_path / f"o{suffix}", rows)

        with pytest.raises(TeacherError, match="says two different things of 2 texts") as caught:
            opened(file)

        assert "for example of '" in str(caught.value)
        assert not list((tmp_path / "cache").rglob("*.npy"))

    def test_parquet_texts_that_are_not_utf8(self, tmp_path: Path) -> None:
        broken = pa.array([b"one", b"\xff\xfe"]).view(pa.string())
        pq.write_table(pa.table({"text": broken, "label": ["oos", "oos"]}), tmp_path / "o.parquet")

        with pytest.raises(KdzooError, match="cannot be read"):
            opened(tmp_path / "o.parquet", labels=list(LABELS))

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("gone.jsonl", None, "no such file of outputs"),
            ("empty.jsonl", b"", "holds no rows"),
            ("empty.csv", b"text,label\n", "holds no rows"),
            ("o.xlsx", b"text", "cannot read '.xlsx'"),
            ("o.jsonl", b'{"text": "one", "label": "oos"}\n{"text": "\xff"}\n', "not UTF-8"),
            ("o.csv", "text,label\nüber,oos\n".encode("latin-1"), "line 2: not UTF-8"),
            ("o.jsonl", b'{"text": "one", "label": "oos"}\n{"text": \n', "line 2: not JSON"),
            ("o.jsonl", b"[1]\n", "not a JSON object"),
            ("o.csv", b'text,logits\none,"[1, 2"\n', "line 2: 'logits' is not JSON"),
            ("o.csv", b"text,logits\none," + b"[" * 100_000 + b"\n", "too many brackets"),
            ("o.parquet", b"PAR1 or not", "is not a parquet file"),
            ("o.parquet", b"", "is not a parquet file"),
        ],
    )
    def test_files_that_are_not_what_their_name_says(
        self, tmp_path: Path, name: str, content: bytes | None, words: str
    ) -> None:
        if content is not None:
            (tmp_path / name).write_bytes(content)

        with pytest.raises(KdzooError) as caught:
            opened(tmp_path / name, labels=list(LABELS))

        assert words in str(caught.value)
        assert name in str(caught.value)

    @pytest.mark.parametrize(
        ("name", "content", "cure"),
        [
            ("o.csv", "text;label\none;music\ntwo, more;oos\n", 'separator=";"'),
            ("o.csv", "text\tlabel\none\tmusic\ntwo, more\toos\n", 'separator="tab"'),
            ("o.tsv", "text|label\none|music\ntwo, more|oos\n", 'separator="|"'),
            ("o.csv", '"text", "label"\n"one", "music"\n"two, more", "oos"\n', 'separator=", "'),
            ("o.csv", '# by hand\ntext,label\none,music\n"two, more",oos\n', 'comment="#"'),
            ("o.tsv", '"text"\t"label"\none\tmusic\ntwo, more\toos\n', 'quoted="true"'),
        ],
    )
    def test_tables_that_are_written_otherwise_say_the_option_that_reads_them(
        self, tmp_path: Path, name: str, content: str, cure: str
    ) -> None:
        """Of the teacher's section, as --set takes it: not of the data's."""
        file = tmp_path / name
        file.write_text(content, encoding="utf-8")

        with pytest.raises(KdzooError) as caught:
            opened(file)
        (found,) = re.findall(r"--set teacher\.(csv\.\S+=\".*?\")", str(caught.value))
        assert found == f"csv.{cure}"
        key, value = found.removeprefix("csv.").split("=", 1)

        teacher = opened(file, csv={key: value.strip('"')})
        assert said(teacher, "one", "two, more").argmax(1).tolist() == [1, 2]

    def test_a_table_that_is_read_otherwise_has_a_cache_of_its_own(self, tmp_path: Path) -> None:
        file = tmp_path / "o.csv"
        file.write_text("text,label\n# one,music\n", encoding="utf-8")

        assert opened(file).covers([Example("# one")])
        with pytest.raises(KdzooError):
            opened(file, csv={"comment": "#"})

    @pytest.mark.parametrize("section", [{"model": "a"}, {"models": ["a"]}])
    def test_how_a_table_is_written_where_there_is_none(self, section: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="csv belongs to outputs"):
            Teacher(**section, csv={"separator": ";"})

    def test_a_parquet_file_without_rows(self, tmp_path: Path) -> None:
        empty = pa.table({"text": pa.array([], pa.string()), "label": pa.array([], pa.string())})
        pq.write_table(empty, tmp_path / "o.parquet")

        with pytest.raises(TeacherError, match="holds no rows"):
            opened(tmp_path / "o.parquet")

    def test_a_missing_file_says_how_to_list_its_texts(self, tmp_path: Path) -> None:
        with pytest.raises(TeacherError, match=r"`kdzoo texts RECIPE -o texts\.jsonl` lists"):
            opened(tmp_path / "o.parquet")


class TestNumbers:
    @given(
        arrays(np.float64, (3, 5), elements=st.floats(0, 1)).filter(
            lambda p: (p.sum(1) > 0.1).all()
        )
    )
    @settings(deadline=None, max_examples=50)
    def test_distributions_keep_their_probabilities(self, values: npt.NDArray[np.float64]) -> None:
        """What is above the floor comes back from its logarithm; all logarithms are finite."""
        exact = values / values.sum(1, keepdims=True)
        logits, mistakes = logits_of_probabilities(exact)

        assert mistakes == []
        assert np.isfinite(logits.astype(np.float16)).all()
        np.testing.assert_allclose(np.exp(logits), np.maximum(exact, 1e-6), rtol=1e-5, atol=1e-9)

    def test_rounded_probabilities_are_normalised(self) -> None:
        logits, mistakes = logits_of_probabilities(np.array([[0.33, 0.33, 0.33]]))

        assert mistakes == []
        np.testing.assert_allclose(np.exp(logits).sum(), 1.0, rtol=1e-5)

    @given(st.integers(2, 200), st.floats(0.01, 0.99))
    @settings(deadline=None, max_examples=30)
    def test_smoothed_labels_are_a_distribution(self, labels: int, smoothing: float) -> None:
        logits = logits_of_labels(np.array([1]), labels, smoothing)

        np.testing.assert_allclose(np.exp(logits.astype(np.float64)).sum(), 1.0, rtol=1e-5)
        np.testing.assert_allclose(np.exp(logits[0, 1]), 1 - smoothing, rtol=1e-5)
