"""What the documents say is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from tiny_world import RunCommand

from kdzoo import registry
from kdzoo.listing import SENTENCE, listing
from kdzoo.report.check import stale_blocks

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def markdown(rows: list[dict[str, str]]) -> str:
    """Returns a table as it stands in a document."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


class TestReadme:
    def test_its_tables_are_the_published_ones(self) -> None:
        """No number in them is typed: a block is the results' table of quality, caption and all."""
        assert "<!-- table: results/" in README
        assert stale_blocks(ROOT / "README.md") == []

    def test_its_pictures_are_there(self) -> None:
        """Every picture that it shows lies in the repository."""
        pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)

        assert pictures
        assert all((ROOT / picture).is_file() for picture in pictures)

    def test_its_commands_exist(self) -> None:
        """Every `kdzoo <command>` in a code block is a command of the tool."""
        from kdzoo.cli import app

        known = {command.name or command.callback.__name__ for command in app.registered_commands}
        blocks = "\n".join(README.split("```")[1::2])
        used = set(re.findall(r"(?:^|&& )kdzoo ([a-z]+)", blocks, re.MULTILINE))

        assert {"run", "init", "list", "new"} <= used
        assert used <= known

    def test_its_own_student_works(self, tmp_path: Path) -> None:
        """The student that it shows can be copied into a file and loaded."""
        from kdzoo import load_extensions
        from kdzoo.registry import students

        code = re.search(r"```python\n# my_students.py\n(.*?)```", README, re.DOTALL)
        assert code is not None
        file = tmp_path / "readme_student.py"
        file.write_text(code[1].replace('"fasttext2"', '"readme_student"'), encoding="utf-8")
        load_extensions(file)

        assert students.get("readme_student").summary.startswith("Mean of word vectors")

    def test_its_augmenters_are_those_there_are(self, own_registries: None) -> None:
        """The table is what `kdzoo list augmenters` shows; the text names the same sentence."""
        shown = re.search(
            r"<!-- augmenters -->\n(.*?)<!-- end of augmenters -->", README, re.DOTALL
        )

        assert shown is not None
        assert shown[1].strip() == markdown(listing("augmenters"))
        assert f'makes of "{SENTENCE}"' in README

    def test_its_transfer_section_is_read_as_it_stands(self) -> None:
        from kdzoo.recipe.options import recipe_model

        blocks = [
            yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
        ]
        (section,) = [block["transfer"] for block in blocks if "transfer" in block]
        fields = recipe_model().model_fields["transfer"].annotation

        assert fields is not None
        assert fields.model_validate(section).model_dump(exclude_unset=True) == section

    def test_its_objective_and_training_are_read_as_they_stand(self) -> None:
        from kdzoo.recipe.options import recipe_model

        blocks = [
            yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
        ]
        (sections,) = [block for block in blocks if "objective" in block]
        others = {
            "version": 1, "name": "readme", "data": {"embedded": "assistant"},
            "teacher": {"model": "some/model"}, "student": {"kind": "static"},
        }  # fmt: skip

        recipe = recipe_model().model_validate({**others, **sections})

        for name, section in sections.items():
            assert getattr(recipe, name).model_dump(exclude_unset=True) == section


class TestContributing:
    def test_its_student_is_the_real_file(self) -> None:
        """The walk-through shows students/fasttext.py as it is."""
        shown = re.search(r"```python\n(from torch.*?)```", CONTRIBUTING, re.DOTALL)
        real = (ROOT / "students" / "fasttext.py").read_text(encoding="utf-8")

        assert shown is not None
        assert shown[1].strip() == real.partition('"""\n\n')[2].strip()

    def test_its_objective_and_augmenters_work(self, own_registries: None, tmp_path: Path) -> None:
        """The file that it shows is loaded as it stands; each of them does what it says."""
        import torch

        code = re.search(r"```python\n(# my_choices.py\n.*?)```", CONTRIBUTING, re.DOTALL)
        assert code is not None
        file = tmp_path / "my_choices.py"
        file.write_text(code[1], encoding="utf-8")
        registry.load_extensions(file)

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


class TestSchemaFile:
    def test_is_what_the_command_prints(self, own_registries: None, kdzoo: RunCommand) -> None:
        """The schema that shipped recipes name is current; mend it with `kdzoo schema`."""
        printed = kdzoo("schema")
        committed = (ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8")

        assert json.loads(committed) == json.loads(printed.out)
