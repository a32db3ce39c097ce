"""The page: whole in itself, the same bytes twice, and text from data stays text."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from test_report import HOSTILE, a_row, a_table
from tiny_results import one_student

from kdzoo.plain import one_line
from kdzoo.report import make_table, read_report, write, write_report
from kdzoo.report.columns.numbers import three_digits
from kdzoo.report.page.page import Page, html
from kdzoo.report.page.sections import deployed_section, quality_section
from kdzoo.report.words import WORDS
from kdzoo.results import Store

RESULTS = Path(__file__).resolve().parent.parent / "results"


class Read(HTMLParser):
    """What a browser would make of a page: elements, attributes, texts, data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.data: dict[str, Any] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self._inside = (dict(attributes).get("id") or tag) if tag == "script" else tag

    def handle_data(self, text: str) -> None:
        if self._inside in ("rows", "axes"):
            self.data[self._inside] = json.loads(text)
        elif self._inside not in ("script", "style"):
            self.texts.append(text)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the published CLINC150 results with its report."""
    folder = tmp_path_factory.mktemp("page") / "clinc150"
    shutil.copytree(RESULTS / "clinc150", folder)
    write_report(Store(folder))
    return folder


@pytest.fixture(scope="module")
def page(written: Path) -> Read:
    return Read((written / "report.html").read_text(encoding="utf-8"))


class TestPage:
    @pytest.mark.study
    def test_is_the_same_bytes_when_written_twice(self, written: Path) -> None:
        names = ("report.html", "table.md", "table.csv", "table.tex")
        before = {name: (written / name).read_bytes() for name in names}

        write_report(Store(written))

        assert {name: (written / name).read_bytes() for name in names} == before

    def test_loads_nothing_from_elsewhere(self, page: Read) -> None:
        """No element points outside, and the browser is told to forbid it."""
        pointing = [
            (tag, name)
            for tag, attributes in page.tags
            for name, value in attributes.items()
            if name in ("src", "href", "action", "data", "srcset", "poster")
            and not (tag == "a" and str(value).startswith("#"))  # to a place of its own
        ]
        policies = [
            attributes.get("content")
            for _, attributes in page.tags
            if attributes.get("http-equiv") == "Content-Security-Policy"
        ]

        assert pointing == []
        assert policies and "default-src 'none'" in str(policies[0])

    def test_begins_with_what_when_the_answer_and_what_to_do(self, page: Read) -> None:
        """All of it before the first heading, data and students in words."""
        texts = [text.strip() for text in page.texts if text.strip()]
        first = texts[: texts.index("Accuracy against cost")]
        told = dict(pairwise(first))

        assert told["Compared"].startswith("4 students of the teacher's architecture made smaller")
        assert "a classical baseline and the same students on hard labels" in told["Compared"]
        assert told["Data"] == (
            "files called clinc150-plus; 151 classes, one of them out of scope; 15,250 labelled "
            "training texts, 5,500 for test."
        )
        assert told["When"].startswith("Trained 2")
        assert told["Answer"].startswith("The teacher is right on 89.")
        assert any(text.startswith("Distilling ") for text in first)
        assert told["What to do"].startswith("Keep the teacher (onnx-int8)")

    def test_answers_below_every_heading_before_its_table(self, page: Read) -> None:
        """The answer is of the data: in it stands a figure, or that nothing could be measured."""
        answers = [tag for tag, attributes in page.tags if attributes.get("class") == "answer"]
        titles = [
            title for title in page.texts
            if title in (
                "What each model gives", "As deployed", "Are the differences real?",
                "What exporting changes", "Can the probabilities be believed?", "Out of scope",
                "What was lost, and for whom", "With the teacher for what a student is not sure of",
            )
        ]  # fmt: skip

        followed = [page.texts[page.texts.index(title) :] for title in titles]
        said = [next(text for text in rest[1:] if text.strip()) for rest in followed]

        assert len(titles) == len(answers) == 8
        assert all(re.search(r"\d", text) for text in said)

    def test_has_the_words_that_it_uses(self, page: Read) -> None:
        for word, meaning in WORDS.items():
            assert word in page.texts
            assert meaning in page.texts

    @pytest.mark.parametrize(
        ("trained", "measured", "dates"),
        [
            ("2026-01-01", [], "Trained 2026-01-01 (UTC)."),
            ("2026-01-01", ["2026-02-03"], "Trained 2026-01-01; measured 2026-02-03 (UTC)."),
            (
                "2025-12-31",
                ["2026-02-03", "2026-02-05", "2026-02-04"],
                "Trained 2025-12-31 to 2026-01-01; measured 2026-02-03 to 2026-02-05 (UTC).",
            ),
        ],
    )
    def test_says_when_that_was_from_what_is_stored(
        self, tmp_path: Path, trained: str, measured: list[str], dates: str
    ) -> None:
        """Not when the report was made: the same results give the same page on any day."""
        store = one_student(tmp_path).finish()
        (session,) = store.sessions()
        (tmp_path / "measurements" / f"{session.id}.json").unlink()
        for place, day in enumerate(measured):
            moved = {"id": f"{place}", "created": f"{day}T12:00:00+00:00"}
            store.write_session(session.model_copy(update=moved))
        record = store.read("s" * 16)
        moment = {"created": f"{trained}T23:59:59+00:00"}
        store.write(store.finished(record.key), record.model_copy(update=moment))

        assert dates in Read(write.page(read_report(store))).texts

    def test_shows_every_row_in_picture_and_table(self, written: Path, page: Read) -> None:
        rows = make_table(Store(written)).rows
        lines = [a["data-row"] for tag, a in page.tags if tag == "tr" and "data-row" in a]

        assert [point["model"] for point in page.data["rows"]] == [row.name for row in rows]
        assert lines == [point["id"] for point in page.data["rows"]]
        assert [field for field, _ in page.data["axes"]] == [
            "latency_ms", "size_mb", "memory_mb", "mflops",
        ]  # fmt: skip

    def test_has_all_its_sections(self, page: Read) -> None:
        for title in (
            "What each model gives", "As deployed", "Are the differences real?", "Out of scope",
            "What was lost, and for whom", "Environment", "Recipes as run",
        ):  # fmt: skip
            assert title in page.texts


def test_the_number_of_cores_is_not_taken_for_the_ids_of_those_that_were_used(page: Read) -> None:
    """A session bound to core 1 of two ran on a machine with two."""
    facts = dict(pairwise(text.strip() for text in page.texts if text.strip()))

    assert (facts["cores"], facts["bound to core ids"]) == ("2", "1")


class TestHostileNames:
    @pytest.mark.parametrize("name", [*HOSTILE, "</script><script>alert(1)</script>", "{{ 7*7 }}"])
    def test_stay_text(self, name: str) -> None:
        """They add no element, no attribute and no code, and are shown as they are."""
        plain = self.page_of("plain")

        hostile = self.page_of(name)

        assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
        assert [sorted(a) for _, a in hostile.tags] == [sorted(a) for _, a in plain.tags]
        assert hostile.data["rows"][0]["model"] == one_line(name)
        assert one_line(name) in hostile.texts

    @staticmethod
    def page_of(name: str) -> Read:
        table = a_table(a_row(name, notes=(name,)), study=name, origin=name)
        sections = [quality_section(table, name), deployed_section(table, name)]
        return Read(html(Page(table, [("Answer", [name])], sections)))


@pytest.mark.parametrize(
    ("value", "cell"),
    [(0.43, "0.430"), (1.1, "1.10"), (-5.614, "-5.61"), (123.4, "123"), (0.0, "0.00"), (None, "–")],
)
def test_a_figure_of_a_column_has_three_digits_with_its_zeros(
    value: float | None, cell: str
) -> None:
    assert three_digits(value) == cell


def test_code_of_ours_writes_no_html_from_data() -> None:
    """In the page's script, text reaches the document through nodes and escaped hover texts."""
    script = (Path(__file__).parent.parent / "kdzoo/report/page/assets/page.js").read_text("utf-8")

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
