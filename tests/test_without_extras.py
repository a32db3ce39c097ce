"""An installation without extras trains, measures in PyTorch and reports; what lacks is named."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tiny_world import WriteRecipe

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kdzoo"
EXTRAS = (  # as modules
    "onnx",
    "onnx_ir",
    "onnxruntime",
    "onnxscript",
    "optuna",
    "ray",
    "tensorboard",
    "torchtext",
)
NEED_THEM = {  # modules that are imported where the extra is asked for, and nowhere before
    "kdzoo.architecture.exported",
    "kdzoo.runtime.export",
    "kdzoo.runtime.graph",
    "kdzoo.runtime.int8",
    "kdzoo.runtime.onnx",
}
HOOK = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Refuse())
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: (
    None if name.partition(".")[0] in {EXTRAS!r} else found(name, package)
)
from kdzoo.cli import main
main()
"""


def at_once(node: ast.AST) -> Iterator[str]:
    """Yields what a module imports as soon as it is imported itself."""
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            yield str(each.module)
            yield from (f"{each.module}.{alias.name}" for alias in each.names)
        elif isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING":
            yield from at_once(ast.Module(each.orelse, []))
        elif not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from at_once(each)


def module_name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {module_name(file): file for file in PACKAGE.rglob("*.py")}


@cache
def needs_an_extra(module: str) -> bool:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    imported = set(at_once(tree))
    own = imported & FILES.keys() - {module}
    return any(name.partition(".")[0] in EXTRAS for name in imported) or any(
        needs_an_extra(name) for name in own if not module.startswith(f"{name}.")
    )


def test_nothing_is_imported_of_an_extra_before_it_is_asked_for() -> None:
    """Else `kdzoo run` without the extra would be a traceback, whatever the recipe says."""
    assert {module for module in FILES if needs_an_extra(module)} == NEED_THEM


@pytest.mark.study
class TestARun:
    @staticmethod
    def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-c", HOOK, *command],
            cwd=folder,
            env={**os.environ, "KDZOO_CACHE": str(folder / "cache")},
            capture_output=True,
            text=True,
        )

    def test_trains_measures_in_pytorch_and_reports(
        self, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        recipe = str(write_recipe(measure={"runtimes": ["torch"], "isolated": False}))

        done = self.run(tmp_path, "run", recipe, "--out", "study", "--workers", "1")

        assert done.returncode == 0, done.stderr
        assert (tmp_path / "study" / "report.html").is_file()

    def test_names_the_extra_that_a_recipe_asks_for(
        self, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        recipe = str(write_recipe(measure={"runtimes": ["torch", "onnx"]}))

        done = self.run(tmp_path, "run", recipe, "--out", "study")

        assert done.returncode == 2
        assert 'pip install "kdzoo[onnx]"' in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "study").exists()
