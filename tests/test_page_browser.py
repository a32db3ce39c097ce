"""The page in a real browser: it loads, sorts, filters, and fits a phone."""

from __future__ import annotations

import csv
import html
import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kdzoo.report import write_report
from kdzoo.results import Store

RESULTS = Path(__file__).resolve().parent.parent / "results"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--enable-logging=stderr", "--virtual-time-budget=6000",
    "--window-size=1500,1000", "--dump-dom",
)  # fmt: skip
pytestmark = [
    pytest.mark.study,
    pytest.mark.skipif(BROWSER is None, reason="needs Debian's package chromium"),
]

# A frame of the wanted width: a window of the browser cannot be as narrow as a phone.
AROUND = """<!doctype html><meta charset="utf-8">
<iframe id="frame" src="report.html" style="border:0;width:WIDTHpx;height:900px"></iframe>
<pre id="found"></pre>
<script>
const frame = document.getElementById("frame");
frame.addEventListener("load", () => setTimeout(() => {
  const page = frame.contentDocument;
  const all = () => [...page.querySelectorAll("#deployed tbody tr")];
  const lines = () => all().filter((each) => !each.hidden);
  const column = (number) => lines().map((line) => line.cells[number].textContent.trim());
  const press = (number) => page.querySelectorAll("#deployed thead button")[number].click();
  const points = () => page.querySelectorAll("#picture .points path.point").length;
  const found = { points: points(), lines: lines().length };
  press(4); found.ascending = column(4);
  press(4); found.descending = column(4);
  press(0); found.names = column(0);
  const box = page.querySelector("#choose-runtime input[value=torch]");
  box.click();
  found.without = { points: points(), runtimes: [...new Set(column(1))] };
  box.click();
  found.again = points();
  const axis = page.getElementById("axis");
  axis.value = "size_mb"; axis.dispatchEvent(new Event("change"));
  found.axis = page.querySelector("#picture .xtitle").textContent;
  const inside = (each) => each.closest(".scroll, svg, pre, .js-plotly-plot");
  const width = page.documentElement.clientWidth;
  found.beyond = [...page.querySelectorAll("body *")]
    .filter((each) => !inside(each) && each.getBoundingClientRect().right > width + 1)
    .map((each) => each.outerHTML.slice(0, 80));
  found.scrolls = page.documentElement.scrollWidth > width;
  const blocks = [...page.querySelectorAll("body > *, .choices > *")]
    .filter((each) => each.getBoundingClientRect().height > 0 && !each.matches(".choices"))
    .map((each) => each.getBoundingClientRect());
  found.overlaps = blocks.some((a, i) => blocks.slice(i + 1).some((b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
  document.getElementById("found").textContent = JSON.stringify(found);
}, 1500));
</script>"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the published CLINC150 results with its report."""
    folder = tmp_path_factory.mktemp("browser") / "clinc150"
    shutil.copytree(RESULTS / "clinc150", folder)
    write_report(Store(folder))
    return folder


def rows() -> list[dict[str, str]]:
    """Returns the rows of the table that is published beside those results."""
    with (RESULTS / "clinc150" / "table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def looked_at(folder: Path, width: int) -> tuple[dict[str, Any], str]:
    """Returns what the page shows and does at a width, and what the browser complained of."""
    (folder / "around.html").write_text(AROUND.replace("WIDTH", str(width)), encoding="utf-8")
    profile = f"--user-data-dir={folder.parent / f'profile{width}'}"
    done = subprocess.run(
        [str(BROWSER), *OPTIONS, profile, (folder / "around.html").as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    match = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    assert match is not None, done.stderr[-2000:]
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(match[1].replace("&lt;", "<").replace("&gt;", ">")), "\n".join(complaints)


@pytest.mark.parametrize("width", [390, 1440])
class TestInABrowser:
    def test_loads_without_complaints(self, folder: Path, width: int) -> None:
        found, complaints = looked_at(folder, width)

        assert complaints == ""
        assert found["points"] == found["lines"] == len(rows())

    def test_sorts_by_number_and_by_name(self, folder: Path, width: int) -> None:
        found, _ = looked_at(folder, width)
        numbers = [float(each) for each in found["ascending"]]

        assert numbers == sorted(numbers)
        assert found["descending"] == [str(each) for each in reversed(found["ascending"])]
        assert found["names"] == sorted(found["names"], key=str.lower)

    def test_filters_picture_and_table(self, folder: Path, width: int) -> None:
        found, _ = looked_at(folder, width)

        assert "torch" not in found["without"]["runtimes"]
        others = [row for row in rows() if row["runtime"] != "torch"]
        assert found["without"]["points"] == len(others) < found["points"]
        assert found["again"] == found["points"]

    def test_changes_its_axis(self, folder: Path, width: int) -> None:
        assert looked_at(folder, width)[0]["axis"] == "size on disk, MB"

    def test_fits_the_width_without_overlaps(self, folder: Path, width: int) -> None:
        found, _ = looked_at(folder, width)

        assert found["beyond"] == []
        assert not found["scrolls"]
        assert not found["overlaps"]


@pytest.fixture(scope="module")
def printed(folder: Path) -> list[list[str]]:
    """The lines of each sheet that the page is printed on."""
    profile = f"--user-data-dir={folder.parent / 'profile-print'}"
    sheets = folder / "report.pdf"
    printing = (f"--print-to-pdf={sheets}", "--no-pdf-header-footer")
    options = [option for option in OPTIONS if option != "--dump-dom"]
    subprocess.run(
        [str(BROWSER), *options, *printing, profile, (folder / "report.html").as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    text = subprocess.run(
        ["pdftotext", "-layout", sheets, "-"], check=True, capture_output=True, text=True
    ).stdout
    lines = [[line.strip() for line in sheet.splitlines()] for sheet in text.split("\f")]
    return [[line for line in sheet if line] for sheet in lines if sheet]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs Debian's poppler-utils")
class TestOnPaper:
    def test_a_table_that_goes_on_has_its_columns_names_again(
        self, printed: list[list[str]]
    ) -> None:
        rows = [re.compile(rf"^\S+ +{runtime} .*\d$") for runtime in ("torch", "onnx-int8")]
        holding = [sheet for sheet in printed if any(r.match(line) for r in rows for line in sheet)]

        assert len(holding) > 2
        assert all(any(line.startswith("model ") for line in sheet) for sheet in holding)

    def test_no_heading_is_left_alone_at_the_end_of_a_sheet(
        self, folder: Path, printed: list[list[str]]
    ) -> None:
        """Nor with its answer."""
        page = (folder / "report.html").read_text(encoding="utf-8")
        found = re.findall(r'<(?:h2|p class="answer")[^>]*>([^<]+)<', page)
        leading = [" ".join(html.unescape(text).split()) for text in found]

        assert len(leading) > 10
        for sheet in printed:
            assert not any(text.startswith(sheet[-1]) for text in leading), sheet[-1]
