"""Pictures with names in every script: a box never stands for a letter, and no two become one.

A letter that no font has is warned of by matplotlib, and warnings are errors here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from test_latex import FOREIGN
from test_report import HOSTILE, a_row, a_table
from tiny_results import one_student

from kdzoo.report import make_table
from kdzoo.report.formats.spreadsheet import comma_separated
from kdzoo.report.formats.table import markdown
from kdzoo.report.pictures import accuracy as picture
from kdzoo.report.pictures import canvas, changes, letters
from kdzoo.report.pictures import gap as gap_picture
from kdzoo.report.pictures.changes import ChangeLine
from kdzoo.report.pictures.gap import GapLine
from kdzoo.report.pictures.letters import legible, legible_names
from kdzoo.results import Store
from kdzoo.statistics import Effect, Gap, Interval

pytestmark = pytest.mark.pictures

NAMES = [
    *(name for pair in FOREIGN for name in pair),
    *("模型 🚀", "模型 🎯", "e\u0301", "❤\ufe0f"),
]
_OWN = "DejaVu Sans"


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What fonts a machine has is looked up once a process."""
    known = (letters._files, letters._known_families, letters._letters)
    for each in known:  # tests of other modules have looked
        each.cache_clear()
    yield
    for each in known:
        each.cache_clear()


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no font but matplotlib's own."""
    monkeypatch.setattr(letters, "_known_families", lambda: (_OWN,))


def words(folder: Path, name: str) -> list[str]:
    """Returns the texts that stand in a picture."""
    root = ElementTree.parse(folder / f"{name}.svg").getroot()  # noqa: S314 - the test's own
    return ["".join(each.itertext()).strip() for each in root.iter() if each.tag.endswith("text")]


@pytest.fixture
def _as_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Saves no other form of a picture: that takes most of the time."""
    monkeypatch.setattr(canvas, "_NO_DATE", {"svg": {"Date": None}})


def draw(folder: Path, names: Sequence[str]) -> None:
    picture.draw(a_table(*map(a_row, names), study=names[0]), folder)


def draw_size(folder: Path, names: Sequence[str]) -> None:
    picture.draw_size(a_table(*map(a_row, names), study=names[0]), folder)


def draw_latency(folder: Path, names: Sequence[str]) -> None:
    bare = [a_row(name, metrics={}, control={}) for name in names]
    picture.draw(a_table(*bare, study=names[0]), folder)


def draw_gaps(folder: Path, names: Sequence[str]) -> None:
    effect, gap = Effect.GAIN, Gap(0.1, Interval(0.5, 0.4, 0.6))
    lines = [GapLine(name, "tiny", "change", name, "", gap, effect) for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gap_picture, "gap_lines", lambda *_: lines)
        table = a_table(*map(a_row, names), study=names[0])
        gap_picture.draw_gaps(Store(folder), table, folder)


def draw_changes(folder: Path, names: Sequence[str]) -> None:
    lines = [ChangeLine(n, n, "change", Interval(0.1, 0.0, 0.2), Effect.GAIN) for n in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "_lines", lambda _: lines)
        changes.draw_changes(a_table(*map(a_row, names), study=names[0]), folder)


PICTURES: dict[str, Callable[[Path, Sequence[str]], object]] = {
    "accuracy_vs_latency": draw,
    "accuracy_vs_size": draw_size,
    "latency": draw_latency,
    "gap_closed": draw_gaps,
    "changes": draw_changes,
}


@pytest.mark.usefixtures("_as_svg")
@pytest.mark.parametrize("stem", PICTURES)
class TestNames:
    def test_are_told_apart_without_any_font(
        self, tmp_path: Path, no_fonts: None, stem: str
    ) -> None:
        """By themselves where matplotlib's own font has them, by their number where it has not."""
        PICTURES[stem](tmp_path, NAMES)

        shown, called = words(tmp_path, stem), legible_names(NAMES)
        assert len(set(called.values())) == len(NAMES)
        assert {name for name in NAMES if called[name].startswith("model ")} >= {"模型", "🚀", "ครู"}
        for name in called.values():
            assert any(each.startswith(name) for each in shown), (name, shown)
        assert any("its place in the tables" in each for each in shown)

    def test_are_never_boxes_on_this_machine(self, tmp_path: Path, stem: str) -> None:
        """Whatever fonts it has."""
        PICTURES[stem](tmp_path, NAMES)

        shown = words(tmp_path, stem)
        for name in legible_names(NAMES).values():
            assert any(each.startswith(name) for each in shown), (name, shown)


class TestNumbers:
    def test_are_the_places_in_the_table(self, no_fonts: None) -> None:
        names = ["teacher", "模型", "plain", "学生"]

        called = legible_names(names)

        assert called == {
            "teacher": "teacher", "模型": "model 2", "plain": "plain", "学生": "model 4",
        }  # fmt: skip
        lines = markdown(a_table(*map(a_row, names))).splitlines()
        rows = [line for line in lines if line.startswith("| ")][1:]
        assert "模型" in rows[1]
        assert "学生" in rows[3]

    @pytest.mark.parametrize("name", HOSTILE)
    def test_stand_for_no_name_that_can_be_drawn(self, no_fonts: None, name: str) -> None:
        assert legible_names([name])[name] == legible(name) != "model 1"

    def test_of_letters_stand_in_other_words(self, no_fonts: None) -> None:
        """A title, an objective: each letter's own number, so that no two are one."""
        assert legible("a 模型 b") == "a <6A21><578B> b"


class TestFonts:
    def test_that_come_with_kdzoo_draw_these_names_on_any_machine(self, tmp_path: Path) -> None:
        """In every form of a picture."""
        names = [
            "模型与教师",
            "模型與教師",
            "モデルと先生",
            "모델과 선생님",
            "แบบจำลอง",
            "हिन्दी मॉडल",
        ]

        draw(tmp_path, names)

        assert legible_names(names) == {name: name for name in names}
        shown = words(tmp_path, "accuracy_vs_latency")
        assert all(any(each.startswith(f"{name}, ") for each in shown) for name in names)

    def test_that_come_with_kdzoo_have_their_licence(self) -> None:
        folder = resources.files("kdzoo.report.pictures") / "fonts"
        licence = (folder / "OFL.txt").read_text(encoding="utf-8")

        fonts = [each.name for each in folder.iterdir() if each.name.endswith(("otf", "ttf"))]
        assert len(fonts) == 3
        assert all(f"{name}: Copyright" in licence for name in fonts)
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence

    @pytest.fixture
    def _installed(self, tmp_path: Path) -> Iterator[None]:
        """A font of Ethiopic letters, which nothing else has here."""
        letters_of = {ord(each): f"u{ord(each):X}" for each in "ሞዴል"}
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        for point in ((0, 700), (700, 700), (700, 0)):
            pen.lineTo(point)
        pen.closePath()
        order = [".notdef", *letters_of.values()]
        builder = FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder(order)
        builder.setupCharacterMap(letters_of)
        builder.setupGlyf(dict.fromkeys(order, pen.glyph()))
        builder.setupHorizontalMetrics(dict.fromkeys(order, (1000, 0)))
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": "Tiny Ethiopic", "styleName": "Regular"})
        builder.setupOS2(sTypoAscender=800)
        builder.setupPost()
        builder.save(tmp_path / "ethiopic.ttf")
        known = list(font_manager.fontManager.ttflist)
        font_manager.fontManager.addfont(tmp_path / "ethiopic.ttf")
        yield
        font_manager.fontManager.ttflist[:] = known

    @pytest.mark.usefixtures("_installed", "_as_svg")
    def test_of_the_machine_draw_the_letters_that_they_have(self, tmp_path: Path) -> None:
        draw(tmp_path, ("ሞዴል", "ልሞዴ"))

        shown = words(tmp_path, "accuracy_vs_latency")
        assert any(each.startswith("ሞዴል, ") for each in shown)
        assert any(each.startswith("ልሞዴ, ") for each in shown)
        assert not any("its place in the tables" in each for each in shown)

    @pytest.mark.parametrize("name", ["Last Resort", "LastResort HE", "Adobe Blank"])
    def test_that_have_a_box_for_every_letter_are_none(self, name: str) -> None:
        assert letters._is_no_font(name)

    def test_leave_the_words_behind_a_name_in_their_order(self) -> None:
        """One that runs from right to left would take a comma and a number along."""
        assert legible_names(["نموذج"])["نموذج"].endswith("\N{LEFT-TO-RIGHT MARK}")
        assert legible_names(["model"])["model"] == "model"


@pytest.mark.parametrize("name", ["=1+1", "a|b", "<b>"])
def test_a_further_test_set_of_a_stranger_is_a_name_in_every_header(
    tmp_path: Path, name: str
) -> None:
    """It is written in a record: no formula, no cell more, no tag."""
    plain = make_table(one_student(tmp_path).finish())
    rows = (
        replace(row, metrics={**row.metrics, f"{name}_accuracy": row.metrics["accuracy"]})
        for row in plain.rows
    )
    table = replace(plain, other_tests=(name,), rows=tuple(rows))

    (header, rule, *_) = [line for line in markdown(table).splitlines() if line.startswith("|")]
    (first, *_) = csv.reader(comma_separated(table).splitlines())

    assert header.replace("\\|", "").count("|") == rule.count("|")
    assert "<b>" not in header
    assert not any(title.startswith("=") for title in first)
    assert any(name in title for title in first)
