"""The picture of variants beside their recipes: what it shows, and when there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_report_variants import BETTER, SAME, WORSE, found_in, study_of
from tiny_results import one_student

from kdzoo.report import make_table, write_report
from kdzoo.report.pictures import changes
from kdzoo.report.pictures.canvas import canvas
from kdzoo.report.pictures.looks import fill_of
from kdzoo.results import Store
from kdzoo.results.publish import publish

pytestmark = pytest.mark.pictures


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The axes of every picture of changes that is drawn."""
    found: list[Any] = []

    @contextmanager
    def watching(stem: Path, size: tuple[float, float], texts: Iterable[str] = ()) -> Iterator[Any]:
        with canvas(stem, size, texts) as (axes, paths):
            found.append(axes)
            yield axes, paths

    monkeypatch.setattr(changes, "canvas", watching)
    return found


def drawn(store: Store) -> list[Path]:
    return changes.draw_changes(make_table(store), store.root)


def test_has_a_dot_and_an_interval_for_each_variant(tmp_path: Path, watched: list[Any]) -> None:
    store = study_of(tmp_path, {"better": BETTER, "worse": WORSE, "same": SAME})

    paths = drawn(store)

    (axes,) = watched
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "tiny/better", "tiny/worse", "tiny/same",
    ]  # fmt: skip
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in dots] == pytest.approx([15.0, -25.0, 0.0])
    told = fill_of("change")
    assert [line.get_markerfacecolor() for line in dots] == [told, told, "white"]
    ends = [list(line.get_xdata()) for line in axes.lines if line.get_marker() == "|"]
    found = found_in(store)
    for (low, high), name in zip(ends, ("better", "worse", "same"), strict=True):
        change = found[f"tiny/{name}"].change
        assert change is not None
        difference = change.comparison.difference
        assert (low, high) == (difference.low * 100, difference.high * 100)  # type: ignore[operator]
    assert "it may be chance" in axes.get_xlabel()
    assert {path.suffix for path in paths} == {".png", ".svg", ".pdf"}


def test_of_one_seed_has_a_dot_alone(tmp_path: Path, watched: list[Any]) -> None:
    drawn(study_of(tmp_path, {"other": BETTER}, seeds=1, of_variants=[0]))

    markers = [line.get_marker() for line in watched[0].lines]
    assert "o" in markers
    assert "|" not in markers


def test_keeps_the_variants_of_a_recipe_together(tmp_path: Path, watched: list[Any]) -> None:
    points = {"dim=8": BETTER, "dim=16": WORSE, "mse/dim=8": SAME, "mse/dim=16": SAME}
    drawn(study_of(tmp_path, points))

    lines = changes._lines(make_table(Store(tmp_path)))
    recipes = [line.recipe for line in lines]
    assert len(set(recipes)) > 1
    assert recipes == sorted(recipes, key=recipes.index)
    assert any("its recipe" in text.get_text() for text in watched[0].texts)


def test_without_variants_leaves_no_file(tmp_path: Path) -> None:
    """Not even one of an earlier report."""
    store = one_student(tmp_path, seeds=3).finish()
    (tmp_path / "changes.png").write_bytes(b"old")

    write_report(store)

    assert not list(tmp_path.glob("changes.*"))


def test_is_no_hindrance_where_a_study_is_published_again(tmp_path: Path) -> None:
    store = study_of(tmp_path / "study", {"better": BETTER})
    keys = store.manifest().keys
    published = publish(store, tmp_path / "published", keys)
    write_report(published)
    assert (published.root / "changes.png").is_file()

    again = publish(store, published.root, keys)

    assert again.manifest().keys == keys
