"""Folders of results from a stranger: read, or one message says which file is wrong.

Nothing ends in a traceback or half written, and no name in them does anything but be shown.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest
from hostile_results import Tampering, study, tamperings

from kdzoo.choosing.pick import limits_of, pick
from kdzoo.errors import KdzooError
from kdzoo.report import make_table, read_report, write_report
from kdzoo.report.formats.frame import tidy_frame
from kdzoo.results import Store, merge, opened, publish

ALL = list(tamperings())
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def few(each: int) -> list[Tampering]:
    """Returns so many of every kind, spread over it."""
    kinds = defaultdict(list)
    for one in ALL:
        kinds[one.kind].append(one)
    return [
        found[i * len(found) // each]
        for found in kinds.values()
        for i in range(min(each, len(found)))
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with nothing wrong."""
    return study(tmp_path_factory.mktemp("hostile") / "study")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may tamper with."""
    return Path(shutil.copytree(whole, tmp_path / "study"))


def said(root: Path, *, writes: bool = True) -> str | None:
    """Reads a folder in every way; returns the one message, None where it could be read."""
    try:
        store = opened(Store(root))
        report = read_report(store)
        if writes:
            write_report(store, report=report)
        pick(make_table(store, "validation"), limits_of(accuracy=0.5))
        tidy_frame(store)
        publish(store, root.parent / "published", store.manifest().keys)
    except KdzooError as error:
        return str(error)
    return None


def check(root: Path, *, writes: bool = True) -> None:
    """Reads a folder; what is written is whole, and shows every name as text."""
    message = said(root, writes=writes)
    published = root.parent / "published"
    if message is not None:
        assert str(root) in message
        assert len(message) < 3000
        assert not published.exists()
    assert not list(root.parent.rglob("*.partial"))
    for path in [*root.glob("table.*"), *root.glob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert path.suffix == ".html" or not _CONTROL.search(text)
        assert "\x1b[31m" not in text
        if path.suffix in (".md", ".html"):
            assert "<script>alert" not in text
            assert "<img src=x" not in text
        if path.suffix == ".md":
            assert "](javascript" not in re.sub(r"\\.", "", text)
        if path.suffix == ".tex":
            assert "\\input{" not in text


@pytest.mark.parametrize("tampering", few(4), ids=str)
def test_a_tampered_folder_is_read_or_told_of(folder: Path, tampering: Tampering) -> None:
    tampering.do(folder)

    check(folder, writes=tampering.kind == "names")


@pytest.mark.slow
@pytest.mark.parametrize("tampering", ALL, ids=str)
def test_every_tampered_folder_is_read_or_told_of(folder: Path, tampering: Tampering) -> None:
    tampering.do(folder)

    check(folder)


def test_a_folder_with_nothing_wrong_is_read(folder: Path) -> None:
    assert said(folder) is None
    assert (folder / "report.html").is_file()
    assert (folder.parent / "published" / "study.json").is_file()


@pytest.mark.parametrize("tampering", few(1), ids=str)
def test_a_tampered_folder_is_not_merged_in_part(
    whole: Path, folder: Path, tampering: Tampering
) -> None:
    tampering.do(folder)
    target = folder.parent / "merged"

    try:
        merged = merge([Store(whole), Store(folder)], target)
    except KdzooError:
        assert not target.exists()
    else:
        assert opened(merged).manifest().rows


def test_a_record_that_boasts_is_found_out(folder: Path) -> None:
    """The accuracy in a record has to be that of the outcomes beside it."""
    store = Store(folder)
    record = store.read("s" * 16)
    better = {"test": {**record.quality["test"], "accuracy": 0.99}}
    store.write(store.finished("s" * 16), record.model_copy(update={"quality": better}))

    assert re.search(r"accuracy on 'test' is 0\.8000, the record's 0\.9900", said(folder) or "")


def test_links_in_a_folder_are_not_written_through(folder: Path) -> None:
    """A stranger's link to a file of the user's, where a report is to be written, is replaced."""
    own = folder.parent / "precious.txt"
    own.write_text("mine", encoding="utf-8")
    for name in ("table.md", ".table.md.partial", ".report.html.partial", "gap_closed.png"):
        (folder / name).symlink_to(own)

    assert said(folder) is None
    assert own.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("results", ["clinc150", "clinc150-few", "quickstart", "sick"])
def test_what_kdzoo_published_itself_fits_together(results: str) -> None:
    store = opened(Store(Path(__file__).resolve().parent.parent / "results" / results))

    assert {row.role for row in store.manifest().rows} >= {"teacher", "student"}
