"""What is installed: `kdzoo` alone, whole, and nothing that the repository forgot to name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
HOMES = {"kdzoo": "kdzoo", "students": "kdzoo/students", "recipes": "kdzoo/recipes"}
NOT_INSTALLED = ("recipe.schema.json", "quickstart.ipynb")  # for whoever has the repository


@pytest.fixture(scope="module")
def setuptools_table() -> dict[str, Any]:
    content = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(content)["tool"]["setuptools"]
    return table


def installed_files() -> set[str]:
    """Returns where each file of the three source folders has to lie once it is installed."""
    return {
        f"{home}/{path.relative_to(ROOT / source).as_posix()}"
        for source, home in HOMES.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in NOT_INSTALLED
    }


class TestPackages:
    def test_that_are_named_are_those_that_have_code(
        self, setuptools_table: dict[str, Any]
    ) -> None:
        """A folder that nobody added to pyproject would be missing from the wheel unnoticed."""
        code = {Path(name).parent for name in installed_files() if name.endswith(".py")}

        assert sorted(setuptools_table["packages"]) == sorted(
            folder.as_posix().replace("/", ".") for folder in code
        )

    def test_all_have_an_init_file(self) -> None:
        """A folder without one would be a namespace that other wheels may write into."""
        names = installed_files()
        folders = {Path(name).parent for name in names if name.endswith(".py")}

        assert [each for each in folders if f"{each.as_posix()}/__init__.py" not in names] == []


class TestConstraints:
    def test_pin_everything_that_is_named(self) -> None:
        """A dependency without a line there would be whatever is newest on the day."""
        lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        pins = dict(line.split("==") for line in lines[1:])
        pinned = {canonicalize_name(name): version for name, version in pins.items()}
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project["optional-dependencies"].values()
        wanted = [Requirement(each) for each in sum(extras, project["dependencies"])]

        assert lines[1:] == sorted(lines[1:])
        for each in (each for each in wanted if each.name != "kdzoo"):  # an extra within an extra
            assert each.specifier.contains(pinned[canonicalize_name(each.name)]), each


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the repository, without a network."""
    pytest.importorskip("setuptools", minversion="77")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, copy / name)
    for source in HOMES:
        shutil.copytree(ROOT / source, copy / source, ignore=shutil.ignore_patterns("__pycache__"))
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(out)!r})"
    subprocess.run(
        [sys.executable, "-c", build], cwd=copy, check=True, capture_output=True, timeout=120
    )
    (built,) = out.glob("*.whl")
    return zipfile.ZipFile(built)


class TestWheel:
    def test_installs_kdzoo_alone(self, wheel: zipfile.ZipFile) -> None:
        """No top-level `students` or `recipes` lands in anybody's site-packages."""
        tops = {name.partition("/")[0] for name in wheel.namelist()}

        assert {top for top in tops if not top.endswith(".dist-info")} == {"kdzoo"}
        assert len(tops) == 2

    def test_has_every_file_of_the_source(self, wheel: zipfile.ZipFile) -> None:
        """Code, recipes, the embedded data and the type marker: all of it, and nothing else."""
        inside = {name for name in wheel.namelist() if name.startswith("kdzoo/")}

        assert inside == installed_files()

    @pytest.mark.parametrize(
        "name",
        [
            "kdzoo/py.typed",
            "kdzoo/students/fasttext.py",
            "kdzoo/recipes/quickstart/bilstm.yaml",
            "kdzoo/recipes/clinc150/distilbert.yaml",
            "kdzoo/data/assistant/train.jsonl",
            "kdzoo/data/assistant/CARD.md",
        ],
    )
    def test_has_what_a_first_run_needs(self, wheel: zipfile.ZipFile, name: str) -> None:
        assert wheel.getinfo(name).file_size >= (0 if name.endswith("py.typed") else 100)

    def test_brings_the_command(self, wheel: zipfile.ZipFile) -> None:
        (name,) = (each for each in wheel.namelist() if each.endswith("entry_points.txt"))

        assert "kdzoo = kdzoo.cli:main" in wheel.read(name).decode()

    @pytest.mark.study
    def test_runs_from_where_it_was_unpacked(self, wheel: zipfile.ZipFile, tmp_path: Path) -> None:
        """Students, recipes and data are found without the repository, far from it."""
        wheel.extractall(tmp_path / "site")
        script = (
            "import sys; sys.path.insert(0, 'site'); import kdzoo, kdzoo.registry as r;"
            "from kdzoo.recipe import shipped_recipes; from kdzoo.data.embedded import *;"
            "assert kdzoo.__file__.startswith(sys.argv[1]), kdzoo.__file__;"
            "print(*r.students.entries(), *shipped_recipes());"
            "print(len(r.datasets.get('assistant').value().splits['train']))"
        )

        done = subprocess.run(
            [sys.executable, "-I", "-c", script, str(tmp_path)],
            cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

        names, count = done.stdout.splitlines()
        assert {"fasttext", "distilbert", "quickstart/bilstm"} <= set(names.split())
        assert int(count) > 100


class TestLightness:
    def test_importing_kdzoo_loads_no_heavy_library(self) -> None:
        """`import kdzoo` and `kdzoo --help` answer at once: torch comes when it is needed."""
        script = (
            "import sys, kdzoo, kdzoo.cli;"
            "print(*[m for m in ('torch', 'transformers', 'sklearn', 'pandas', 'matplotlib')"
            " if m in sys.modules])"
        )

        done = subprocess.run(
            [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
        )

        assert done.stdout.split() == []

    def test_everything_that_is_promised_is_there(self) -> None:
        import kdzoo

        for name in kdzoo.__all__:
            assert getattr(kdzoo, name) is not None
        with pytest.raises(AttributeError, match="no_such_thing"):
            kdzoo.no_such_thing  # noqa: B018 - looking is the test


def test_what_is_pinned_installs_on_the_oldest_python_that_is_meant() -> None:
    """Of what is installed here: a pin that wants a later patch release stops Debian's Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=") + ".0"
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    found = [each for each in distributions() if canonicalize_name(each.name) in pinned]

    assert len(found) > 50
    assert [
        f"{each.name} {each.version} wants Python {wanted}"
        for each in found
        if (wanted := each.metadata.get("Requires-Python")) and oldest not in SpecifierSet(wanted)
    ] == []
