"""What the documents say is what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


class TestReadme:
    def test_its_tables_are_the_published_ones(self) -> None:
        """No number in them is typed: a block is the results' table, caption and all."""
        blocks = re.findall(r"<!-- table: (\S+) -->\n(.*?)<!-- end of table -->", README, re.DOTALL)

        assert blocks
        for file, shown in blocks:
            table = (ROOT / file).read_text(encoding="utf-8")
            assert shown.strip() == table.partition("\n")[2].strip()

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
        from kdzoo import load_students
        from kdzoo.registry import students

        code = re.search(r"```python\n# my_students.py\n(.*?)```", README, re.DOTALL)
        assert code is not None
        file = tmp_path / "readme_student.py"
        file.write_text(code[1].replace('"fasttext2"', '"readme_student"'), encoding="utf-8")
        load_students(file)

        assert students.get("readme_student").summary.startswith("Mean of word vectors")


class TestContributing:
    def test_its_student_is_the_real_file(self) -> None:
        """The walk-through shows students/fasttext.py as it is."""
        text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
        shown = re.search(r"```python\n(from torch.*?)```", text, re.DOTALL)
        real = (ROOT / "students" / "fasttext.py").read_text(encoding="utf-8")

        assert shown is not None
        assert shown[1].strip() == real.partition('"""\n\n')[2].strip()


class TestSchemaFile:
    def test_is_what_the_command_prints(self) -> None:
        """The schema that shipped recipes name is current; mend it with `kdzoo schema`."""
        printed = subprocess.run(
            [sys.executable, "-I", "-m", "kdzoo", "schema"],
            capture_output=True,
            text=True,
            check=True,
        )
        committed = (ROOT / "recipes" / "recipe.schema.json").read_text(encoding="utf-8")

        assert json.loads(committed) == json.loads(printed.stdout)
