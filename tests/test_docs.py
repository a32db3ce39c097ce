"""What the documents say is what the code does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_world import RunCommand

from kdzoo import extensions, registry
from kdzoo.listing import SENTENCE, listing
from kdzoo.report.check import stale_blocks

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOW_TO = ROOT / "docs" / "how-to"
ADD_YOUR_OWN = (HOW_TO / "add-your-own.md").read_text(encoding="utf-8")


class TestReadme:
    def test_its_table_is_the_published_one(self) -> None:
        """No number in it is typed: a block is the results' table of quality, caption and all."""
        assert "<!-- table: results/" in README
        assert stale_blocks(ROOT / "README.md") == []

    def test_its_pictures_are_there(self) -> None:
        """Every picture that it shows lies in the repository."""
        pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)

        assert pictures
        assert all((ROOT / picture).is_file() for picture in pictures)


class TestFewLabels:
    def test_its_sentence_is_the_one_that_augmenters_are_shown_on(self) -> None:
        """The build puts the table of `kdzoo list augmenters` below it."""
        page = (HOW_TO / "few-labels.md").read_text(encoding="utf-8")

        assert f'makes of "{SENTENCE}"' in page


class TestAddYourOwn:
    def test_its_student_works(self, own_registries: None, tmp_path: Path) -> None:
        """The student that it shows can be copied into a file and loaded."""
        code = re.search(r"```python\n(# my_students.py\n.*?)```", ADD_YOUR_OWN, re.DOTALL)
        assert code is not None
        file = tmp_path / "my_students.py"
        file.write_text(code[1], encoding="utf-8")
        extensions.load_extensions(file)

        assert registry.students.get("fasttext2").summary.startswith("Mean of word vectors")

    def test_its_objective_and_augmenters_work(self, own_registries: None, tmp_path: Path) -> None:
        """The file that it shows is loaded as it stands; each of them does what it says."""
        import torch

        code = re.search(r"```python\n(# my_choices.py\n.*?)```", ADD_YOUR_OWN, re.DOTALL)
        assert code is not None
        file = tmp_path / "my_choices.py"
        file.write_text(code[1], encoding="utf-8")
        extensions.load_extensions(file)

        logits = torch.tensor([[1.0, 2.0], [3.0, 1.0]])
        cosine = registry.objectives.get("cosine").value
        assert cosine(logits, 2 * logits).item() == pytest.approx(0, abs=1e-6)
        examples = {row["name"]: row["example"] for row in listing("augmenters")}
        words = SENTENCE.split()
        dropped, hidden = examples["drop"].split(), examples["hide_nouns"].split()
        assert 0 < len(dropped) < len(words)
        assert dropped[-1] == words[-1]
        changed = {old for old, new in zip(words, hidden, strict=True) if new == "[MASK]"}
        assert changed
        assert changed <= {"freeze", "credit", "card", "debt"}

    def test_its_figures_work(self, tmp_path: Path) -> None:
        """The script with kdzoo's metrics runs as it stands, without a network."""
        code = re.search(r"```python\n(# my_figures.py\n.*?)```", ADD_YOUR_OWN, re.DOTALL)
        assert code is not None
        offline = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}

        done = subprocess.run(
            [sys.executable, "-c", code[1]],
            cwd=tmp_path, env=offline, check=True, capture_output=True, text=True,
        )  # fmt: skip

        assert done.stdout == "{'accuracy': 0.6666666666666666, 'macro_f1': 0.6666666666666666}\n"


class TestSchemaFile:
    def test_is_what_the_command_prints(self, own_registries: None, kdzoo: RunCommand) -> None:
        """The schema that shipped recipes name is current; mend it with `kdzoo schema`."""
        printed = kdzoo("schema")
        committed = (ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8")

        assert json.loads(committed) == json.loads(printed.out)
