"""Pictures beside latency's: size and the gap closed; what they show, and when there is none."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from test_report import HOSTILE, a_latency, a_row, a_table, zoo
from tiny_results import HandWritten, one_student, one_student_deployed, two_students

from kdzoo.report import Table, make_table, write_report
from kdzoo.report.figures.spread import Spread
from kdzoo.report.pictures import accuracy as picture
from kdzoo.report.pictures import gap as gap_picture
from kdzoo.report.pictures.canvas import canvas, legend_below
from kdzoo.report.pictures.looks import PALE, fill_of, road_of
from kdzoo.results import OUTPUTS, Member, Store

pytestmark = [pytest.mark.study, pytest.mark.pictures]

SUFFIXES = {".png", ".svg", ".pdf"}
Watched = list[Any]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The axes of every picture that is drawn."""
    found: Watched = []

    @contextmanager
    def watching(stem: Path, size: tuple[float, float], texts: Iterable[str] = ()) -> Iterator[Any]:
        with canvas(stem, size, texts) as (axes, paths):
            found.append(axes)
            yield axes, paths

    for module in (gap_picture, picture):
        monkeypatch.setattr(module, "canvas", watching)
    return found


def a_zoo(root: Path, **recipes: dict[str, Any]) -> HandWritten:
    """Returns a study with a row for each recipe: 10 texts wrong, its control 40, its teacher 5."""
    study = one_student(root, teacher=range(5))
    study.rows.pop()
    study.model("d" * 16, range(40), role="control", name="control")
    for number, (name, recipe) in enumerate(recipes.items()):
        key = f"{number}".rjust(16, "x")
        study.model(key, range(10), name=name, recipe=recipe)
        member = Member(seed=0, key=key, teacher_key="t" * 16, control_key="d" * 16)
        study.row(name, "student", member, road="change")
    return study


def draw_gaps(store: Store) -> list[Path]:
    return gap_picture.draw_gaps(store, make_table(store), store.root)


def dots(axes: Any) -> dict[tuple[float, float], Any]:
    """Returns the single points that are drawn, the ends of intervals left out."""
    lines = [line for line in axes.lines if len(line.get_xdata()) == 1]
    return {
        (line.get_xdata()[0], line.get_ydata()[0]): line
        for line in lines
        if line.get_marker() not in ("|", "<", ">")
    }


class TestGapClosed:
    def test_is_a_dot_and_its_interval(self, tmp_path: Path, watched: Watched) -> None:
        """Where hard labels stand is 0, where the teacher stands is 1."""
        store = one_student(tmp_path, seeds=3).finish()

        paths = draw_gaps(store)

        assert {path.suffix for path in paths} == SUFFIXES
        (axes,) = watched
        ((x, _),) = dots(axes)
        assert x == pytest.approx(2 / 3)
        (finding,) = [found for _, found in make_table(store).judged if found.gap is not None]
        assert finding.gap is not None
        closed = finding.gap.closed
        assert [list(line.get_xdata()) for line in axes.lines].count([closed.low, closed.high]) == 1

    def test_tells_objectives_by_their_marker_and_more_texts_by_the_inside(
        self, tmp_path: Path, watched: Watched
    ) -> None:
        """And both in words, beside the line."""
        more = {"augment": {"kind": "mask", "copies": 3}, "unlabelled": {"files": ["a.txt"]}}
        chosen = {"unlabelled": {"files": ["a.txt"], "max_texts": 9, "choose": "nearest"}}
        store = a_zoo(
            tmp_path,
            one={"objective": {"kind": "kl", "alpha": 0.0}},
            two={"objective": {"kind": "kl", "alpha": 0.5}},
            three={"objective": {"kind": "kl", "alpha": 0.0}, "transfer": more},
            two_near={"objective": {"kind": "kl", "alpha": 0.5}, "transfer": chosen},
        ).finish()

        draw_gaps(store)

        one, two, three, *_ = [line for _, line in sorted(dots(watched[0]).items(), key=str)]
        assert one.get_marker() == three.get_marker() != two.get_marker()
        assert one.get_color() == two.get_color() == "white"
        assert three.get_color() != "white"
        svg = (tmp_path / "gap_closed.svg").read_text(encoding="utf-8")
        for words in ("kl, alpha 0.5", "kl, alpha 0.5, nearest unlabelled texts",
                      "kl, unlabelled texts + 3 × mask", "hard labels", "teacher"):  # fmt: skip
            assert f">{words}" in svg

    def test_is_words_where_there_is_no_gap(self, tmp_path: Path, watched: Watched) -> None:
        """No dot pretends to a share of nothing."""
        study = one_student(tmp_path)
        study.model("e" * 16, range(10), role="control", name="control")
        member = Member(seed=0, key="s" * 16, teacher_key="t" * 16, control_key="e" * 16)
        study.row("no gap", "student", member, road="change")

        draw_gaps(study.finish())

        assert len(dots(watched[0])) == 1
        svg = (tmp_path / "gap_closed.svg").read_text(encoding="utf-8")
        assert svg.count(">no gap<") == 1
        assert svg.count("no gap: the teacher is not measurably better than hard labels") == 1

    def test_that_may_be_chance_says_so_beside_its_interval(self, tmp_path: Path) -> None:
        draw_gaps(two_students(tmp_path))

        svg = (tmp_path / "gap_closed.svg").read_text(encoding="utf-8")
        assert svg.count("unclear<") == 1
        assert svg.count("pale: no measurable effect") == 1

    def test_that_may_be_chance_is_pale(self, tmp_path: Path, watched: Watched) -> None:
        """A dot in full colour tells something; one of no measurable effect does not."""
        draw_gaps(two_students(tmp_path))

        colours = [dot.get_markeredgecolor() for dot in dots(watched[0]).values()]
        assert sorted(colours) == sorted([road_of("change").colour, PALE])

    def test_without_any_gap_leaves_no_file(self, tmp_path: Path) -> None:
        """Not even one of an earlier report."""
        store = one_student(tmp_path, control=range(10)).finish()
        for suffix in SUFFIXES:
            (tmp_path / f"gap_closed{suffix}").write_bytes(b"old")

        written = write_report(store)

        assert not list(tmp_path.glob("gap_closed.*"))
        assert all(path.is_file() for path in written)

    def test_of_a_kind_stand_together(self, tmp_path: Path) -> None:
        study = a_zoo(tmp_path, one={}, two={}, three={})
        study.rows[2] = study.rows[2].model_copy(update={"kind": "other"})
        store = study.finish()

        lines = gap_picture.gap_lines(store, make_table(store))

        assert [line.name for line in lines] == ["one", "three", "two"]

    def test_that_reaches_far_ends_in_an_arrow_at_the_frame(
        self, tmp_path: Path, watched: Watched
    ) -> None:
        """A gap that is hardly there has intervals beyond all bounds; the dots stay readable."""
        store = one_student(
            tmp_path, teacher=range(30), control=range(36), student=range(20, 55)
        ).finish()

        draw_gaps(store)

        (axes,) = watched
        left, right = axes.get_xlim()
        assert {line.get_marker() for line in axes.lines} & {"<", ">"}
        for line in axes.lines:
            assert all(left <= x <= right for x in line.get_xdata())

    @pytest.mark.parametrize("name", HOSTILE)
    def test_has_names_that_are_text(self, tmp_path: Path, name: str) -> None:
        store = a_zoo(tmp_path, **{name: {"objective": {"kind": name}}}).finish(name)

        assert draw_gaps(store)
        svg = (tmp_path / "gap_closed.svg").read_text(encoding="utf-8")
        assert "<script>alert" not in svg


@pytest.mark.parametrize(("noise", "is_told"), [(0.27, True), (0.05, False)])
def test_of_latencies_says_on_its_axis_that_the_machine_was_busy(
    tmp_path: Path, noise: float, is_told: bool
) -> None:
    """With accuracies and without; the picture of sizes has no such figure."""
    latency = replace(a_latency(), noise=noise)
    picture.draw(a_table(a_row("a", latency=latency)), tmp_path)
    picture.draw_size(a_table(a_row("a", latency=latency)), tmp_path)
    bare = tmp_path / "bare"
    bare.mkdir()
    picture.draw(a_table(a_row("a", latency=latency, metrics={}, control={})), bare)

    for path in (tmp_path / "accuracy_vs_latency.svg", bare / "latency.svg"):
        note = f"NOISY: the reference varied by {noise * 100:.0f} % from round to round"
        assert (note in path.read_text(encoding="utf-8")) == is_told
    assert "NOISY" not in (tmp_path / "accuracy_vs_size.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("draw", [picture.draw, picture.draw_size])
def test_of_a_study_whose_teacher_is_a_file_have_a_line_at_its_accuracy(
    draw: Callable[[Table, Path], list[Path]], tmp_path: Path, watched: Watched
) -> None:
    """It has no latency and no size; a teacher that merely was not timed has no line."""
    answers = a_row("answers", role="teacher", kind=OUTPUTS, latency=None, size_bytes=0)
    untimed = a_row("untimed", role="teacher", latency=None, size_bytes=0)
    answers = replace(answers, metrics={"accuracy": Spread(0.97, math.nan, 1)})

    assert draw(a_table(answers, untimed, a_row("a")), tmp_path)

    across = [line for line in watched[0].lines if list(line.get_xdata()) == [0, 1]]
    assert [list(line.get_ydata()) for line in across] == [[97.0, 97.0]]
    low, high = watched[0].get_ylim()
    assert low < 97 < high
    (legend,) = watched[0].figure.legends
    written = [text.get_text() for text in legend.get_texts()]
    assert "teacher that is a file" in written


class TestSize:
    def test_is_the_x_axis(self, tmp_path: Path, watched: Watched) -> None:
        """Every form of a model at its size; the pipeline is PyTorch's own files."""
        store = one_student_deployed(tmp_path).finish()
        table = make_table(store)

        paths = picture.draw_size(table, tmp_path)

        assert {path.name for path in paths} == {f"accuracy_vs_size{each}" for each in SUFFIXES}
        shown = {tuple(at) for each in watched[0].collections for at in each.get_offsets().tolist()}
        for row in table.rows:
            point = (row.size_bytes / 1e6, row.metrics["accuracy"].mean * 100)
            assert point in shown
        assert "pipeline" not in (tmp_path / "accuracy_vs_size.svg").read_text(encoding="utf-8")

    def test_is_shown_where_nothing_was_timed(self, tmp_path: Path) -> None:
        assert picture.draw_size(a_table(a_row("a", latency=None)), tmp_path)

    @pytest.mark.parametrize("changes", [{"size_bytes": 0}, {"metrics": {}}])
    def test_without_what_it_shows_leaves_no_file(
        self, tmp_path: Path, changes: dict[str, Any]
    ) -> None:
        picture.draw_size(a_table(a_row("a")), tmp_path)

        assert picture.draw_size(a_table(a_row("a", **changes)), tmp_path) == []
        assert list(tmp_path.iterdir()) == []


class TestEveryPicture:
    @pytest.mark.parametrize("draw", [picture.draw, picture.draw_size])
    def test_gives_the_same_bytes_again(
        self, tmp_path: Path, draw: Callable[..., list[Path]]
    ) -> None:
        """PDF too, which would say when it was made."""
        for number in (1, 2):
            (tmp_path / str(number)).mkdir()
        one, two = (draw(a_table(*zoo(0)), tmp_path / str(number)) for number in (1, 2))

        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
        assert {path.suffix for path in one} == SUFFIXES

    def test_of_latency_alone_gives_way_to_accuracys(self, tmp_path: Path) -> None:
        """A folder that was reported without labels, and with them now, keeps one of the two."""
        alone = picture.draw(a_table(a_row("a", metrics={}, control={})), tmp_path)
        assert {path.stem for path in alone} == {"latency"}

        both = picture.draw(a_table(a_row("a", latency=a_latency())), tmp_path)

        assert {path.stem for path in both} == {"accuracy_vs_latency"}
        assert set(tmp_path.iterdir()) == set(both)

    def test_tells_the_roads_apart_in_grey(self) -> None:
        """By lines, and by an inside that is lighter on paper by a quarter of all greys."""

        def grey(colour: str) -> float:
            red, green, blue = to_rgb(colour)
            return 0.299 * red + 0.587 * green + 0.114 * blue

        assert abs(grey(fill_of("change")) - grey(fill_of("compression"))) > 0.25
        assert abs(grey(fill_of("teacher")) - grey(fill_of("compression"))) > 0.25
        assert road_of("change").line != road_of("compression").line

    def test_is_listed_at_the_end_of_a_report(self, tmp_path: Path, kdzoo: Any) -> None:
        one_student(tmp_path / "study").finish()

        outcome = kdzoo("report", "study")

        for stem in ("accuracy_vs_latency", "accuracy_vs_size", "gap_closed"):
            assert f"study/{stem}.png" in outcome.out
        assert json.loads((tmp_path / "study" / "study.json").read_text())["study"] == "study"


def test_of_very_many_models_name_those_that_no_other_beats(
    watched: Watched, tmp_path: Path
) -> None:
    """And what is no student; with few, each has its name."""
    rows = [
        a_row("teacher", role="teacher", road=None, latency=a_latency(p50_ms=90.0)),
        a_row("best", latency=a_latency(p50_ms=1.0)),
        *(a_row(f"other {number}", latency=a_latency(p50_ms=2.0 + number)) for number in range(40)),
    ]
    assert picture.draw(a_table(*rows), tmp_path)
    assert picture.draw(a_table(*rows[:8]), tmp_path)

    many, few = (
        {text.get_text().partition(",")[0] for text in each.texts if text.get_text()}
        for each in watched
    )

    assert many == {"teacher", "best"}
    assert few == {row.name for row in rows[:8]}


@pytest.mark.pictures
@pytest.mark.parametrize(("entries", "columns"), [(4, 4), (13, 3)])
def test_a_legend_has_as_many_columns_as_the_picture_is_wide_for(
    tmp_path: Path, entries: int, columns: int
) -> None:
    """Entries that are cut at the edge are read by nobody."""
    with canvas(tmp_path / "a", (8.8, 5.6)) as (axes, _):
        long = "same student on hard labels" if entries > 4 else "teacher"
        handles = [Line2D([], [], label=long) for _ in range(entries)]
        legend_below(axes.figure, handles)
        (legend,) = axes.figure.legends

        assert legend.get_window_extent().width <= axes.figure.bbox.width
        assert legend._ncols == min(columns, entries)
