"""What stands for users' code: an edit anywhere in it makes another model."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kdzoo import registry
from kdzoo.digest import file_sha256
from kdzoo.errors import RegistryError
from kdzoo.extensions import is_here_alone, load_extensions
from kdzoo.registry import register_objective
from kdzoo.sources import source_digests

pytestmark = pytest.mark.usefixtures("own_registries")

Typed = Callable[[str], list[str]]  # a cell's text -> the digests of its student

CELL = '''
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from types import SimpleNamespace
import numpy as np
import torch
from torch import nn
from kdzoo import register_student

WIDTH = 8
NAMES = {"weight", "bias"}
CLASS_WEIGHTS = torch.tensor([0.0, 1.5])
TABLE = np.arange(3)
HALF = partial(round, ndigits=2)
LOSS = nn.HuberLoss(delta=0.7)
NESTED = {"inner": [1, (2, lambda value: value * 5)]}
SETTINGS = SimpleNamespace(size=11)

@dataclass
class Shape:
    depth: int

SHAPE = Shape(21)

@lru_cache
def cached(value):
    return value + 31

@torch.no_grad()
def without_gradient(value):
    return value + 41

class Base(nn.Module):
    def halved(self, value):
        return value / 2

def scaled(value, by=2.0):
    return value * by

@register_student("mine", road="change")
class Mine(Base):
    """A student of a notebook."""

    rate = 0.5
    start = torch.full((2,), 51.0)

    class Inner:
        def size(self):
            return 61

    @cached_property
    def kept(self):
        return 71

    @staticmethod
    def still(value):
        return value - 81

    def __init__(self, vocab_size, num_labels, *, dim: int = 4):
        super().__init__()
        self.out = nn.Linear(WIDTH, num_labels)

    def forward(self, input_ids, attention_mask):
        grown = [scaled(each) for each in input_ids if each not in NAMES]
        used = (CLASS_WEIGHTS, TABLE, HALF, LOSS, NESTED, SETTINGS, SHAPE, cached)
        return self.out(self.halved(without_gradient(grown)))
'''

FILES = {
    "mine.py": """
        import layers
        from parts.norms import Norm
        from settings import WIDTH
        from torch import nn

        from kdzoo import register_student

        @register_student("mine", road="change")
        class Mine(nn.Module):
            layer, norm = layers.Layer, Norm

            def forward(self):
                from late import scaled
        """,
    "lib/layers.py": "import deeper\nclass Layer: size = deeper.SIZE",
    "lib/deeper.py": "SIZE = 4",
    "lib/parts/__init__.py": "",
    "lib/parts/norms.py": "class Norm: pass",
    "lib/settings.py": "WIDTH = 4",
    "lib/late.py": "def scaled(value): return value",
    "lib/unused.py": "SIZE = 4",
    "beside.py": "SIZE = 4",
}
REACHED = ("mine.py", "lib/layers.py", "lib/deeper.py", "lib/parts/norms.py", "lib/settings.py")


@pytest.fixture
def typed() -> Typed:
    """Runs a cell, as a notebook does, and returns the digests of its student."""

    def run(cell: str) -> list[str]:
        exec(cell, {"__name__": "__main__"})  # noqa: S102 - as a notebook runs a cell
        return source_digests(registry.students.get("mine"))

    return run


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A student's file, and a folder on Python's path with modules of which it imports some."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


class TestInANotebook:
    def test_a_cell_run_again_takes_the_place_of_what_it_registered(self, typed: Typed) -> None:
        first = typed(CELL)
        before = registry.students.get("mine").value

        assert typed(CELL) == first
        assert registry.students.get("mine").value is not before

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("WIDTH = 8", "WIDTH = 9"),
            ('"bias"', '"gain"'),
            ("value / 2", "value / 3"),
            ("value * by", "value + by"),
            ("by=2.0", "by=3.0"),
            ("rate = 0.5", "rate = 0.6"),
            ("dim: int = 4", "dim: int = 5"),
            ("nn.Linear", "nn.Bilinear"),
            ("if each not in", "if each in"),
            ("1.5]", "1.6]"),
            ("np.arange(3)", "np.arange(1, 4)"),
            ("ndigits=2", "ndigits=3"),
            ("delta=0.7", "delta=0.8"),
            ("value * 5", "value * 6"),
            ("size=11", "size=12"),
            ("Shape(21)", "Shape(22)"),
            ("value + 31", "value + 32"),
            ("value + 41", "value + 42"),
            ("51.0", "52.0"),
            ("return 61", "return 62"),
            ("return 71", "return 72"),
            ("value - 81", "value - 82"),
        ],
    )
    def test_an_edit_of_anything_that_it_uses_is_another_student(
        self, typed: Typed, old: str, new: str
    ) -> None:
        assert CELL.count(old) == 1
        assert typed(CELL) != typed(CELL.replace(old, new))

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("WIDTH = 8", "OTHER = 3\nWIDTH = 8"),
            ("\n\nclass Base", "\n\n# what all have\nclass Base"),
            ("class Base", "def unused(value): return value\nclass Base"),
        ],
    )
    def test_an_edit_beside_it_is_not(self, typed: Typed, old: str, new: str) -> None:
        assert typed(CELL) == typed(CELL.replace(old, new, 1))

    def test_it_is_the_same_one_in_each_process(self, tmp_path: Path) -> None:
        """However strings hash there; a kernel that is started anew takes over what there is."""
        ask = (
            "\nfrom kdzoo import registry\nfrom kdzoo.sources import source_digests\n"
            "print(source_digests(registry.students.get('mine')))\n"
        )
        said = set()
        for seed in ("1", "2"):
            done = subprocess.run(
                [sys.executable], input=CELL + ask, env={**os.environ, "PYTHONHASHSEED": seed},
                cwd=tmp_path, check=True, capture_output=True, text=True,
            )  # fmt: skip
            said.add(done.stdout)

        assert len(said) == 1

    def test_one_that_a_file_registered_keeps_its_name(self, typed: Typed, places: Path) -> None:
        load_extensions(places / "mine.py")

        with pytest.raises(RegistryError, match="'mine' is registered twice"):
            typed(CELL)


class TestInFiles:
    @pytest.mark.parametrize("edited", FILES)
    def test_an_edit_of_what_it_imports_is_another_student_and_of_others_is_not(
        self, places: Path, edited: str
    ) -> None:
        def digests() -> list[str]:
            load_extensions(places / "mine.py")
            return source_digests(registry.students.get("mine"))

        before = digests()
        with (places / edited).open("a", encoding="utf-8") as file:
            file.write("\n# edited\n")
        if edited != "mine.py":
            assert digests() == before  # what runs is what was loaded
            module = edited.removeprefix("lib/").removesuffix(".py").replace("/", ".")
            if module in sys.modules:
                importlib.reload(sys.modules[module])

        assert (digests() != before) == (edited in REACHED)

    def test_one_that_was_edited_and_not_reloaded_stands_for_what_runs(self, places: Path) -> None:
        """A module that a notebook imports; a reload takes the place of what it registered."""
        sys.path.insert(0, str(places))
        try:
            module = importlib.import_module("mine")
            before = source_digests(registry.students.get("mine"))
            with (places / "mine.py").open("a", encoding="utf-8") as file:
                file.write("\n# edited\n")

            assert source_digests(registry.students.get("mine")) == before
            importlib.reload(module)
            assert source_digests(registry.students.get("mine")) != before
            load_extensions(places / "mine.py")
        finally:
            sys.path.remove(str(places))

    def test_what_the_function_was_made_with_counts(self, places: Path) -> None:
        """As by one of a library's that returns it: the file is that of the library then."""
        (places / "lib" / "library.py").write_text(
            "def made(scale):\n    def loss(logits, _): return scale * logits\n    return loss\n",
            encoding="utf-8",
        )
        loss = importlib.import_module("library").made
        found = []
        for scale in (1.0, 1.0, 2.0):
            register_objective("mine")(loss(scale))
            found.append(source_digests(registry.objectives.get("mine")))

        assert found[0] == found[1] != found[2]

    def test_one_that_imports_nothing_of_ones_own_stands_for_its_file(self, places: Path) -> None:
        path = places / "alone.py"
        path.write_text(
            "import json\nimport kdzoo\nfrom torch import nn\n"
            '@kdzoo.register_student("alone", road="change")\nclass Alone(nn.Module): pass\n',
            encoding="utf-8",
        )
        load_extensions(path)

        assert source_digests(registry.students.get("alone")) == [file_sha256(path)]

    @pytest.mark.parametrize(
        ("edited", "is_another"),
        [("zoo/__init__.py", True), ("zoo/layers.py", True), ("other/__init__.py", False)],
    )
    def test_of_what_is_installed_its_own_package_counts_alone(
        self, places: Path, monkeypatch: pytest.MonkeyPatch, edited: str, *, is_another: bool
    ) -> None:
        installed = places / "site-packages"
        for name, content in {
            "zoo/__init__.py": FILES["mine.py"].replace("import layers", "from zoo import layers")
            .replace("from parts.norms import Norm", "from other import Norm"),
            "zoo/layers.py": "class Layer: pass",
            "other/__init__.py": "class Norm: pass",
        }.items():  # fmt: skip
            (installed / name).parent.mkdir(parents=True, exist_ok=True)
            (installed / name).write_text(textwrap.dedent(content), encoding="utf-8")
        monkeypatch.syspath_prepend(str(installed))
        importlib.import_module("zoo")
        before = source_digests(registry.students.get("mine"))
        with (installed / edited).open("a", encoding="utf-8") as file:
            file.write("\n# edited\n")
        for name in ("zoo.layers", "other", "zoo"):
            importlib.reload(sys.modules[name])

        assert (source_digests(registry.students.get("mine")) != before) == is_another

    @pytest.mark.parametrize(
        "made",
        ["made(2.0)", "made(scale=1.0, bias=3)", "made_class(1.0)", "part(2.0)", "Called(1.0)"],
        ids=["argument", "keyword", "class", "partial", "object"],
    )
    def test_an_edit_of_the_file_that_registers_it_is_another_one(
        self, places: Path, made: str
    ) -> None:
        """What is written in a library may be made by what the user's file says."""
        library = places / "lib" / "library.py"
        library.write_text(
            "from functools import partial\n"
            "def made(scale, bias=0):\n"
            "    def loss(logits, _): return scale * logits + bias\n"
            "    return loss\n"
            "def made_class(scale):\n"
            "    class Loss:\n"
            "        def __new__(cls, logits, _): return scale * logits\n"
            "    return Loss\n"
            "def part(scale): return partial(Called(1.0).__call__, scale=scale)\n"
            "class Called:\n"
            "    def __init__(self, scale): self.scale = scale\n"
            "    def __call__(self, logits, _, scale=1): return self.scale * scale * logits\n",
            encoding="utf-8",
        )
        own = places / "own.py"
        found = []
        for call in (made, made, made.replace("1.0", "5.0").replace("2.0", "5.0")):
            own.write_text(
                "import library\nfrom kdzoo import register_objective\n"
                f"register_objective('mine')(library.{call})\n",
                encoding="utf-8",
            )
            load_extensions(own)
            found.append(source_digests(registry.objectives.get("mine")))

        assert found[0] == found[1] != found[2]
        assert registry.objectives.get("mine").registered_in == own
        assert not is_here_alone(registry.objectives.get("mine"))

    def test_what_a_users_file_imports_is_known_wherever_that_file_is(self, places: Path) -> None:
        """Another process loads the file, and with it what that imports."""
        (places / "lib" / "helper.py").write_text(
            "from kdzoo import register_objective\n"
            "@register_objective('helped')\ndef helped(logits, _): return logits.sum()\n",
            encoding="utf-8",
        )
        (places / "own.py").write_text("import helper\n", encoding="utf-8")
        load_extensions(places / "own.py")

        assert not is_here_alone(registry.objectives.get("helped"))
