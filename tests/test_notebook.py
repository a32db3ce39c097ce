"""What a notebook shows of a study's results."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import matplotlib as mpl
import pytest
from tiny_results import one_student, two_students

import kdzoo
from kdzoo.report import read_report, write_report
from kdzoo.report.formats.short import short_table
from kdzoo.report.formats.summary import summary
from kdzoo.report.page.notebook import Results
from kdzoo.results import Store


class Seen(HTMLParser):
    """The tags of some HTML, the cells of its table, and all of its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.tags and self.tags[-1][0] == "td" and data.strip():
            self.cells[-1] += data


def seen(store: Store) -> Seen:
    return Seen(Results(store.root)._repr_html_())


@pytest.fixture
def reported(tmp_path: Path) -> Store:
    store = two_students(tmp_path)
    write_report(store)
    return store


class TestResults:
    def test_are_taken_where_a_study_is_named_by_its_folder(self, reported: Store) -> None:
        found = Results(reported.root)

        assert kdzoo.read_results(found).equals(kdzoo.read_results(reported.root))
        assert repr(kdzoo.pick(found)) == repr(kdzoo.pick(reported.root))

    @pytest.mark.pictures
    def test_leave_a_notebooks_own_pictures_as_they_are(self, tmp_path: Path) -> None:
        """Drawing a report neither chooses a backend nor a style for pyplot."""
        with mpl.rc_context():
            mpl.rcParams["backend"] = "svg"
            before = dict(mpl.rcParams)
            write_report(two_students(tmp_path))

            assert dict(mpl.rcParams) == before

    def test_show_the_terminals_cells_and_the_verdict(self, reported: Store) -> None:
        table = read_report(reported).table

        shown = seen(reported)

        short = short_table(table)
        assert shown.cells == [cell.text for line in short.lines for cell in line]
        for sentence in summary(table):
            assert sentence in shown.text
        assert short.caption in shown.text

    @pytest.mark.pictures
    def test_show_the_picture_and_where_the_files_lie(self, reported: Store) -> None:
        """The picture needs no file beside the notebook, and no network."""
        shown = seen(reported)

        (picture,) = [attributes for tag, attributes in shown.tags if tag == "img"]
        assert str(picture["src"]).startswith("data:image/svg+xml;base64,")
        for name in (str(reported.root), "report.html", "table.md", "table.csv", "models/"):
            assert name in shown.text

    def test_have_no_picture_where_none_was_drawn(self, tmp_path: Path) -> None:
        shown = seen(one_student(tmp_path).finish())

        assert "img" not in {tag for tag, _ in shown.tags}
        assert "tiny" in shown.cells

    @pytest.mark.parametrize(
        "name",
        ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b", "{{ 7*7 }}"],
    )
    def test_show_text_from_data_as_text(self, tmp_path: Path, name: str) -> None:
        """Names of models, of the study, of labels in notes: none of them becomes a tag."""
        plain = {tag for tag, _ in seen(one_student(tmp_path / "plain").finish()).tags}
        written = one_student(tmp_path / "study")
        written.rows[1] = written.rows[1].model_copy(update={"name": name})

        shown = seen(written.finish(study=name))

        assert {tag for tag, _ in shown.tags} == plain
        assert shown.text.count(name) >= 3  # heading, verdict, table
        assert not [a for _, attributes in shown.tags for a in attributes if a.startswith("on")]
