"""From a name to recipes: found, overridden, expanded, held to signatures; all mistakes at once."""

from __future__ import annotations

import copy
import inspect
import itertools
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kdzoo import extensions, registry
from kdzoo.errors import Problem, RecipeError, RegistryError
from kdzoo.recipe import (
    Study,
    load_study,
    option_fields,
    options_of,
    pretrained_options,
    shipped_recipes,
)
from kdzoo.recipe.csv import Csv
from kdzoo.recipe.expansion import merge
from kdzoo.recipe.schema import Augment, Objective, Student
from kdzoo.recipe.section import Section
from kdzoo.registering import Registry
from kdzoo.registry import Pretrained

Write = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("own_registries")

WHOLE: dict[str, Any] = {
    "version": 1,
    "name": "mine",
    "data": {"embedded": "assistant"},
    "teacher": {"model": "someone/something"},
    "student": {"kind": "fasttext"},
    "objective": {"kind": "kl"},
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a whole recipe, some sections replaced, into the test's working folder."""
    monkeypatch.chdir(tmp_path)

    def writer(file: str = "mine.yaml", **sections: Any) -> Path:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({**WHOLE, **sections}, sort_keys=False), encoding="utf-8")
        return path

    return writer


def names(study: Study) -> list[str]:
    """Returns the names of the study's variants, in order."""
    return [variant.name for variant in study.variants]


def problems_of(target: str | Path, **arguments: Any) -> tuple[Problem, ...]:
    """Returns the problems with which the target is refused."""
    with pytest.raises(RecipeError) as caught:
        load_study(str(target), **arguments)
    return caught.value.problems


class TestFinding:
    def test_a_short_name_is_a_recipe_of_kdzoo(self) -> None:
        study = load_study("quickstart/bilstm")

        assert study.name == "quickstart-bilstm"
        assert names(study) == ["bilstm"]

    @pytest.mark.parametrize("target", ["quickstart", "quickstart/"])
    def test_a_short_names_folder_is_all_its_recipes(self, target: str) -> None:
        study = load_study(target)
        wanted = [name for name in shipped_recipes() if name.startswith("quickstart/")]

        assert study.name == "quickstart"
        assert [variant.source for variant in study.variants] == wanted

    def test_a_file_is_itself(self, write: Write) -> None:
        study = load_study(str(write("some/where.yml")))

        assert study.name == "where"
        assert names(study) == ["mine"]

    def test_a_folder_is_all_its_files(self, write: Write) -> None:
        """In the order of their names, whatever else lies there."""
        write("zoo/b.yaml", name="second")
        write("zoo/c.yml", name="third")
        write("zoo/a.yaml", name="first")
        Path("zoo/notes.txt").write_text("not a recipe", encoding="utf-8")
        study = load_study("zoo/")

        assert study.name == "zoo"
        assert names(study) == ["first", "second", "third"]

    def test_a_folder_at_hand_goes_before_a_short_name(self, write: Write) -> None:
        write("quickstart/own.yaml", name="own")

        assert names(load_study("quickstart")) == ["own"]

    def test_a_file_in_such_a_folder_goes_before_one_that_is_shipped(self, write: Write) -> None:
        """``kdzoo new sst2`` puts them there to be edited; the folder as a whole is run too."""
        write("quickstart/bilstm.yaml", name="own")

        assert names(load_study("quickstart/bilstm")) == ["own"]
        assert names(load_study("quickstart/cnn")) == ["cnn"]

    @pytest.mark.parametrize(
        ("target", "words"),
        [
            ("qickstart", r"no recipe 'qickstart'; did you mean 'quickstart'\? Known: ablation, "),
            ("clinc150/bilsmt", r"did you mean 'clinc150/bilstm'\?"),
            ("nothing.yaml", "no such recipe file: nothing.yaml"),
            ("empty", "the folder empty holds no recipe"),
            ("own", r"no recipe 'own'; write own\.yaml$"),
            ("zoo/own", r"no recipe 'zoo/own'; write zoo/own\.yml$"),
            ("my data.csv", r"is no recipe .* kdzoo init --data 'my data\.csv' -o mine/$"),
        ],
    )
    def test_what_is_not_there_suggests_the_nearest(
        self, write: Write, target: str, words: str
    ) -> None:
        Path("empty").mkdir()
        write("own.yaml")
        write("zoo/own.yml")
        Path("my data.csv").touch()
        with pytest.raises(RecipeError, match=words):
            load_study(target)


class TestMistakes:
    def test_are_told_all_at_once(self, write: Write) -> None:
        """Each with its line and its key, and the nearest right key or name."""
        path = write()
        path.write_text(
            textwrap.dedent(
                """\
                # a comment
                version: 1
                name: not good
                seeds: [0, zero]
                data: {embedded: assistant, lable: intent}
                student:
                  kind: fasttext
                  dmi: 16
                objective:
                  kind: kl
                  temperature: hot

                trainig: {steps: 5}
                training: {select_by: acuracy, steps: 0}
                transfer: {augment: {kind: masc}}
                """
            ),
            encoding="utf-8",
        )
        found = {problem.where: f"{problem.what} | {problem.cure}" for problem in problems_of(path)}

        for where, what in {
            "line 3  name": "should match pattern",
            "line 4  seeds.1": "should be a whole number, got 'zero'",
            "line 5  data.lable": "unknown key | did you mean 'label'?",
            "line 2  teacher": "is missing",
            "line 8  student.dmi": "unknown key | did you mean 'dim'?",
            "line 11  objective.temperature": "should be a number",
            "line 13  trainig": "unknown key | did you mean 'training'?",
            "line 14  training.select_by": "did you mean 'accuracy'?",
            "line 14  training.steps": "greater than 0, got 0",
            "line 15  transfer.augment": "unknown kind 'masc' | did you mean 'mask'?",
        }.items():
            assert what in found.pop(where)
        assert found == {}

    @pytest.mark.parametrize("value", ["true", "false", "yes", "off"])
    @pytest.mark.parametrize(
        "key",
        [
            "training.steps", "training.learning_rate", "objective.temperature", "student.dim",
            "data.labels_per_class", "measure.rounds", "teacher.max_length",
        ],
    )  # fmt: skip
    def test_a_truth_value_is_no_number(self, write: Write, key: str, value: str) -> None:
        """Python takes true for 1 and false for 0."""
        with pytest.raises(RecipeError) as caught:
            load_study(str(write()), overrides=[f"{key}={value}"])

        (problem,) = caught.value.problems
        assert "number, got '" in problem.what
        assert problem.where.split()[-1] == key

    def test_nor_in_a_list_of_numbers(self, write: Write) -> None:
        with pytest.raises(RecipeError, match=r"seeds\.1: should be a whole number, got 'true'"):
            load_study(str(write()), overrides=["seeds=[0, true]"])

    @pytest.mark.parametrize(
        ("sections", "key", "what"),
        [
            ({"version": 2}, "version", "cannot be 2"),
            ({"version": "1"}, "version", "should be the number 1, got '1' in quotes"),
            ({"name": "../up"}, "name", "should match pattern"),
            ({"name": "n" * 65}, "name", "at most 64"),
            ({"seeds": 0}, "seeds", "should be a list, got 0 | write it in brackets: [0]"),
            ({"seeds": []}, "seeds", "at least 1 item"),
            ({"seeds": [1, 1]}, "seeds", "distinct"),
            ({"seeds": [-1]}, "seeds", "not negative"),
            ({"data": {"hub": ""}}, "data.hub", "is empty"),
            ({"teacher": {"model": ""}}, "teacher.model", "is empty"),
            ({"teacher": {"outputs": ""}}, "teacher.outputs", "is empty"),
            ({"data": {}}, "data", "exactly one of hub, files and embedded, got none"),
            ({"data": {"hub": "a/b", "embedded": "c"}}, "data", "got hub and embedded"),
            ({"data": {"embedded": "c", "config": "d"}}, "data", "config and revision belong"),
            ({"data": "assistant"}, "data", "a section of keys, got 'assistant' | Known: config,"),
            ({"teacher": {}}, "teacher", "exactly one of model, models and outputs"),
            ({"teacher": {"models": []}}, "teacher.models", "at least 1 item"),
            ({"teacher": {"model": "m", "sha256": "abc"}}, "teacher.sha256", "match pattern"),
            ({"student": {}}, "student", "needs a kind"),
            ({"student": "fasttext"}, "student", "got 'fasttext' | write it as {kind: fasttext}"),
            ({"student": {"kind": 5}}, "student", "unknown kind '5'"),
            ({"objective": {"kind": "kl", "alpha": 2}}, "objective.alpha", "or equal to 1, got 2"),
            ({"training": {"learning_rate": "fast"}}, "training.learning_rate", "got 'fast'"),
            ({"training": {"learning_rate": float("inf")}}, "training.learning_rate", "finite"),
            ({"training": {"warmup": float("nan")}}, "training.warmup", "nan"),
            ({"controls": {"baseline": "perhaps"}}, "controls.baseline", "true or false"),
            ({"measure": {"runtimes": ["tea"]}}, "measure.runtimes.0", "cannot be 'tea'"),
            ({"data": {"split": {"test": 0.2}}}, "data.split.test", "write 0.2 of train"),
            ({"data": {"split": {"test": "0.25"}}}, "data.split.test", "write 0.25 of train"),
            ({"data": {"split": {"test": "15 %"}}}, "data.split.test", "write 0.15 of train"),
            ({"data": {"split": {"test": "5% of dev"}}}, "data.split.test", "0.05 of dev"),
            ({"data": {"split": {"test": 2020}}}, "data.split.test", "got 2020 | quote it"),
            ({5: 6}, "5", "keys should be strings"),
            # where there are several types, one message
            ({"data": {"files": 5}}, "data.files", "a text or a section of keys, got 5 | quote it"),
            ({"data": {"files": ""}}, "data.files", "is empty"),
            ({"data": {"files": {"train": 5}}}, "data.files.train", "should be a text, got 5"),
            ({"data": {"files": {"trian": "a"}}}, "data.files.trian", "did you mean 'train'"),
            ({"transfer": {"unlabelled": {"files": []}}}, "transfer.unlabelled.files", "1 item"),
            ({"transfer": {"unlabelled": {"files": 5}}}, "transfer.unlabelled.files", "or a list"),
            (
                {"student": {"kind": "cnn", "embeddings": 5}},
                "student.embeddings",
                "should be a known word or a section of keys, got 5 | Known: fine-tuned, random",
            ),
            (
                {"student": {"kind": "cnn", "embeddings": {"vectors": 5}}},
                "student.embeddings.vectors",
                "should be a text, got 5",
            ),
            ({"search": {"training.steps": 5}}, "search.training.steps", "or a list, got 5"),
            (
                {"search": {"training.steps": {"low": "x", "high": 3}}},
                "search.training.steps.low",
                "should be a number, got 'x'",
            ),
        ],
    )
    def test_a_wrong_value_names_its_key_and_itself(
        self, write: Write, sections: dict[Any, Any], key: str, what: str
    ) -> None:
        path = write()
        path.write_text(yaml.safe_dump({**WHOLE, **sections}, sort_keys=False), encoding="utf-8")
        (problem,) = problems_of(path)

        assert problem.where.split()[0] == "line"
        assert problem.where.split()[2:] == [key]
        assert what in f"{problem.what} | {problem.cure}"

    def test_of_an_unknown_section_is_placed_where_it_stands(self, write: Write) -> None:
        """In the grid, or on the command line: the recipe's own text has no line for it."""
        file = write(grid={"trainning.steps": [1, 2]})
        line = file.read_text(encoding="utf-8").splitlines().index("  trainning.steps:") + 1

        (in_grid,) = problems_of(file)
        (said,) = problems_of(write(), overrides=["trainning.steps=1"])

        assert in_grid.where == f"line {line}  trainning"
        assert said.where == "--set  trainning"

    def test_of_a_variants_section_is_placed_there_though_the_grid_adds_to_it(
        self, write: Write
    ) -> None:
        section = {"transfer": {"augment": {"kind": "masc"}}}
        file = write(variants={"more": section}, grid={"transfer.augment.copies": [1, 2]})
        line = file.read_text(encoding="utf-8").splitlines().index("      augment:") + 1

        problems = problems_of(file)

        assert f"line {line}  transfer.augment (in variant 'more')" in [p.where for p in problems]

    @pytest.mark.parametrize("section", ["transfer", "training", "controls", "measure"])
    def test_no_section_is_the_usual_one(self, write: Write, section: str) -> None:
        """``null`` takes it away, in the file and by ``--set``."""
        usual = load_study(str(write())).variants[0].recipe.model_dump()

        said = load_study(str(write()), overrides=[f"{section}=null"])
        written = load_study(str(write(**{section: None})))

        assert [each.variants[0].recipe.model_dump() for each in (said, written)] == [usual] * 2

    def test_a_long_value_is_shown_short(self, write: Write) -> None:
        (problem,) = problems_of(write(seeds="x" * 1000))

        assert problem.what.endswith("x...")
        assert len(problem.what) < 200

    def test_of_several_files_are_told_together(self, write: Write) -> None:
        """Each under its file's name; a sound file is not mentioned."""
        write("zoo/a.yaml", name="a", trainig={})
        write("zoo/b.yaml", name="b")
        write("zoo/c.yaml", name="c", seeds="zero", student={"kind": "cmn"})
        Path("zoo/d.yaml").write_text("a: [", encoding="utf-8")
        Path("zoo/e.yaml").write_text("", encoding="utf-8")
        with pytest.raises(RecipeError) as caught:
            load_study("zoo")

        assert caught.value.title == "zoo"
        assert [problem.where.split()[0] for problem in caught.value.problems] == [
            "zoo/a.yaml",
            "zoo/c.yaml",
            "zoo/c.yaml",
            "zoo/d.yaml",
            "zoo/e.yaml",
        ]

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"overrides": ["trainin.steps=1"]}, "--set  trainin: unknown key"),
            ({"overrides": ["training.steps=0"]}, "--set  training.steps: should be"),
            ({"seeds": [1, 1]}, "--seeds  seeds: seeds must be distinct"),
        ],
    )
    def test_of_the_command_are_told_once_for_all_recipes(
        self, write: Write, arguments: dict[str, Any], said: str
    ) -> None:
        for name in ("a", "b", "c"):
            write(f"three/{name}.yaml", name=name)
        (problem,) = problems_of("three", **arguments)
        assert str(problem).startswith(said)

    def test_of_the_command_in_some_recipes_name_these(self, write: Write) -> None:
        for name, kind in {"a": "fasttext", "b": "cnn", "c": "cnn"}.items():
            write(f"three/{name}.yaml", name=name, student={"kind": kind})
        (problem,) = problems_of("three", overrides=["student.maps=-1", "student.kind=cnn"])
        assert problem.where == "--set  student.maps"
        unknown, below = problems_of("three", overrides=["student.maps=-1"])
        assert unknown.where == "three/a.yaml --set  student.maps"
        assert below.where == "three/b.yaml, three/c.yaml --set  student.maps"

    def test_of_one_file_among_several_are_told_under_its_name(self, write: Write) -> None:
        write("zoo/a.yaml", name="a")
        write("zoo/b.yaml", name="b", trainig={})
        with pytest.raises(RecipeError) as caught:
            load_study("zoo")

        assert caught.value.title == "zoo/b.yaml"


def own_options(value: Any) -> dict[str, inspect.Parameter]:
    """Returns the keyword-only parameters of a class or function."""
    signed = inspect.signature(value.__init__ if inspect.isclass(value) else value)
    return {k: p for k, p in signed.parameters.items() if p.kind is p.KEYWORD_ONLY}


SECTIONS: list[tuple[Registry[Any], type[Section], str]] = [
    (registry.students, Student, "student"),
    (registry.objectives, Objective, "objective"),
    (registry.augmenters, Augment, "transfer.augment"),
]


def section_of(recipe: Any, key: str) -> Any:
    """Returns the recipe's section with that dotted key."""
    for part in key.split("."):
        recipe = getattr(recipe, part)
    return recipe


class TestOptions:
    @pytest.mark.parametrize(("known", "base", "key"), SECTIONS, ids=[key for *_, key in SECTIONS])
    def test_are_the_keyword_only_parameters(
        self, write: Write, known: Registry[Any], base: type[Section], key: str
    ) -> None:
        """Of everything registered: names and defaults, and nothing of the section itself."""
        for name, entry in known.entries().items():
            parameters = own_options(entry.value)
            needed = {k: "any" for k, p in parameters.items() if p.default is p.empty}
            given = yaml.safe_dump({"kind": name, **needed}, default_flow_style=True)
            recipe = load_study(str(write()), overrides=[f"{key}={given}"])
            options = options_of(section_of(recipe.variants[0].recipe, key))

            assert options == {**{k: p.default for k, p in parameters.items()}, **needed}
            assert option_fields(entry).keys() == parameters.keys()
            assert not parameters.keys() & base.model_fields.keys()

    @pytest.mark.parametrize(
        ("override", "value"),
        [
            ("student={kind: cnn, widths: [2, 5]}", {"widths": (2, 5)}),
            ("student={kind: cnn, dropout: 0}", {"dropout": 0.0}),
            ("student={kind: distilbert, layers: [0, 1]}", {"layers": [0, 1]}),
            ("student={kind: distilbert, layers: 2}", {"layers": 2}),
            ("student={kind: fasttext, dim: '16'}", {"dim": 16}),
        ],
    )
    def test_are_read_as_their_types(
        self, write: Write, override: str, value: dict[str, Any]
    ) -> None:
        recipe = load_study(str(write()), overrides=[override]).variants[0].recipe

        assert value.items() <= options_of(recipe.student).items()

    @pytest.mark.parametrize(
        ("override", "key", "what"),
        [
            ("student={kind: cnn, dim: big}", "student.dim", "whole number, got 'big'"),
            ("student={kind: cnn, dim: 1.5}", "student.dim", "whole number, got 1.5"),
            ("student={kind: cnn, dim: null}", "student.dim", "whole number, got nothing"),
            ("student={kind: cnn, widths: [2, x]}", "student.widths.1", "got 'x'"),
            ("student={kind: cnn, widths: 3}", "student.widths", "got 3"),
            ("objective={kind: kl, temperature: hot}", "objective.temperature", "got 'hot'"),
            (
                "transfer.augment={kind: mask, p_mask: often}",
                "transfer.augment.p_mask",
                "got 'often'",
            ),
            ("student={kind: cnn, text: pieces}", "student.text", "cannot be 'pieces'"),
        ],
    )
    def test_of_another_type_are_refused(
        self, write: Write, override: str, key: str, what: str
    ) -> None:
        (problem,) = problems_of(write(), overrides=[override])

        assert problem.where.split()[-1] == key
        assert what in problem.what

    @pytest.mark.parametrize(
        ("override", "key", "suggestion"),
        [
            ("student={kind: fasttext, dmi: 3}", "student.dmi", "dim"),
            ("student={kind: fasttext, embedings: random}", "student.embedings", "embeddings"),
            ("student={kind: cnn, mapps: 3}", "student.mapps", "maps"),
            ("objective={kind: kl, temprature: 3}", "objective.temprature", "temperature"),
            ("transfer.augment={kind: mask, pmask: 1}", "transfer.augment.pmask", "p_mask"),
        ],
    )
    def test_misspelt_suggest_the_nearest(
        self, write: Write, override: str, key: str, suggestion: str
    ) -> None:
        (problem,) = problems_of(write(), overrides=[override])

        assert problem.where.split()[-1] == key
        assert problem.what == "unknown key"
        assert problem.cure.startswith(f"did you mean '{suggestion}'? Known: ")

    def test_of_another_kind_are_unknown(self, write: Write) -> None:
        """The list of what is known is that of the kind at hand."""
        (problem,) = problems_of(write(student={"kind": "fasttext", "hidden": 3}))

        assert problem.where == "line 9  student.hidden"
        assert set(problem.cure.removeprefix("Known: ").rstrip(".").split(", ")) == {
            "dim",
            *Student.model_fields,
        }

    @pytest.mark.parametrize(
        ("parameter", "what"),
        [
            ("dim=3", "option 'dim' of 'own' has no type"),
            ("dim: Nothing = 3", "name 'Nothing' is not defined"),
            ("dim: nn.Module = None", "a type that a recipe cannot write"),
            ("kind: int = 3", "cannot have an option called 'kind'"),
            ("text: int = 3", "cannot have an option called 'text'"),
            ("copy: int = 3", "cannot have an option called 'copy'"),
            ("_dim: int = 3", "cannot have an option called '_dim'"),
        ],
    )
    def test_that_no_recipe_can_hold_name_the_students_line(
        self, write: Write, tmp_path: Path, parameter: str, what: str
    ) -> None:
        """A parameter without a type, with an unknown one, or with a name that is taken."""
        path = tmp_path / "own.py"
        path.write_text(
            textwrap.dedent(
                f"""\
                from __future__ import annotations
                from torch import nn
                from kdzoo.registry import register_student

                @register_student("own", road="change")
                class Own(nn.Module):
                    def __init__(self, vocab_size: int, num_labels: int, *, {parameter}) -> None:
                        super().__init__()
                """
            ),
            encoding="utf-8",
        )
        extensions.load_extensions(path)
        with pytest.raises(RegistryError) as caught:
            load_study(str(write()))

        assert what in str(caught.value)
        assert f"{path}:5" in str(caught.value)

    def test_that_no_recipe_can_hold_are_gone_with_the_cell_that_named_them(
        self, write: Write
    ) -> None:
        """A notebook goes on once the cell is mended, under another name too."""
        cell = (
            "from kdzoo import register_student\n@register_student('broken', road='change')\n"
            "def build(context, *, kind: int = 3): return None\n"
        )
        exec(cell, {"__name__": "__main__"})  # noqa: S102 - as a notebook runs a cell
        with pytest.raises(RegistryError, match="'broken' cannot have an option called 'kind'"):
            load_study(str(write()))

        mended = cell.replace("kind", "size").replace("broken", "mended")
        exec(mended, {"__name__": "__main__"})  # noqa: S102 - as a notebook runs a cell
        student = load_study(str(write(student={"kind": "mended"}))).variants[0].recipe.student
        assert student.model_dump()["size"] == 3

    def test_of_a_students_own_file_are_recipe_keys(self, write: Write, tmp_path: Path) -> None:
        path = tmp_path / "own.py"
        path.write_text(
            textwrap.dedent(
                """\
                from kdzoo.registry import register_student

                @register_student("own", road="compression")
                def own(context, *, layers: list[int], width: float = 0.5) -> object:
                    return None
                """
            ),
            encoding="utf-8",
        )
        extensions.load_extensions(path)
        student = {"kind": "own", "layers": [0, 2]}
        recipe = load_study(str(write(student=student))).variants[0].recipe
        (problem,) = problems_of(write(student={"kind": "own"}))

        assert options_of(recipe.student) == {"layers": [0, 2], "width": 0.5}
        assert problem == Problem("is missing", "line 7  student.layers")


class TestOverrides:
    @pytest.mark.parametrize(
        ("override", "path", "value"),
        [
            ("training.steps=500", "training.steps", 500),
            ("training.learning_rate=5e-4", "training.learning_rate", 5e-4),
            ("name=no", "name", "no"),
            ("seeds=[3, 4]", "seeds", [3, 4]),
            ("transfer.augment={kind: mask, copies: 3}", "transfer.augment.copies", 3),
            ("controls.baseline=false", "controls.baseline", False),
            ("teacher.model=a=b", "teacher.model", "a=b"),
            ("data.oos_label=", "data.oos_label", None),
        ],
    )
    def test_set_replaces_a_value(self, write: Write, override: str, path: str, value: Any) -> None:
        """Read as the file would read it; sections that the file lacks come into being."""
        study = load_study(str(write()), overrides=[override])

        assert section_of(study.variants[0].recipe, path) == value

    def test_set_holds_for_every_recipe_and_in_order(self, write: Write) -> None:
        write("zoo/a.yaml", name="a")
        write("zoo/b.yaml", name="b", training={"steps": 7})
        study = load_study("zoo", overrides=["training.steps=1", "training.steps=2"])

        assert [variant.recipe.training.steps for variant in study.variants] == [2, 2]

    @pytest.mark.parametrize("override", ["training.steps", "=5", ".steps=5", "training..steps=5"])
    def test_set_needs_key_and_value(self, write: Write, override: str) -> None:
        with pytest.raises(RecipeError, match=rf"^--set {override}: write key\.path=value"):
            load_study(str(write()), overrides=[override])

    @pytest.mark.parametrize(
        ("override", "key", "what"),
        [
            ("training.stpes=5", "training.stpes", "unknown key"),
            ("training.steps=five", "training.steps", "got 'five'"),
            ("student=fasttext", "student", "got 'fasttext'"),
        ],
    )
    def test_a_mistake_in_set_is_told_as_sets(
        self, write: Write, override: str, key: str, what: str
    ) -> None:
        """Not as a line of the file, which is innocent."""
        (problem,) = problems_of(write(name="mine"), overrides=[override])

        assert problem.where == f"--set  {key}"
        assert what in problem.what

    def test_seeds_replace_the_recipes_own(self, write: Write) -> None:
        study = load_study(str(write(seeds=[0, 1, 2])), seeds=[5, 7])

        assert study.variants[0].recipe.seeds == [5, 7]

    def test_a_mistake_in_seeds_is_told_as_seeds(self, write: Write) -> None:
        (problem,) = problems_of(write(seeds=[0]), seeds=[1, 1])

        assert problem.where == "--seeds  seeds"

    @pytest.mark.parametrize(
        "source", [{"embedded": "assistant"}, {"hub": "a/b", "config": "c", "revision": "d"}]
    )
    def test_data_takes_the_sources_place(self, write: Write, source: dict[str, str]) -> None:
        """What else the section says of columns and labels stays."""
        kept = {"label": "intent", "oos_label": "oos", "labels_per_class": 3}
        path = write(data={**source, **kept})
        Path("my_data").mkdir()
        data = load_study(str(path), data="my_data").variants[0].recipe.data

        assert data.files == str(Path("my_data").resolve())
        assert (data.hub, data.config, data.revision, data.embedded) == (None,) * 4
        assert data.model_dump().items() >= kept.items()

    def test_data_is_written_as_usual_whatever_the_recipe_says_of_its_own(
        self, write: Write
    ) -> None:
        """A separator is the file's; what the command line says is of the new one."""
        path = write(data={"files": "a.csv", "csv": {"separator": ";", "comment": "#"}})

        plain = load_study(str(path), data="my_data").variants[0].recipe.data
        said = load_study(str(path), data="my_data", overrides=["data.csv.separator=|"])

        assert plain.csv is None
        assert said.variants[0].recipe.data.csv == Csv(separator="|")

    @pytest.mark.parametrize("section", [5, "assistant", ["a"], None])
    def test_data_takes_the_place_of_a_broken_section_too(self, write: Write, section: Any) -> None:
        study = load_study(str(write(data=section)), data="my_data")

        assert study.variants[0].recipe.data.files == str(Path("my_data").resolve())


class TestKinds:
    SHARED: Mapping[str, Any] = {"text": "words", "embeddings": "random"}

    @pytest.mark.parametrize("way", ["variant", "set", "grid"])
    def test_another_kind_drops_the_others_options(self, write: Write, way: str) -> None:
        """And keeps what all kinds share, however the kind is changed."""
        student = {"kind": "bilstm", "hidden": 7, "dropout": 0.5, **self.SHARED}
        ways: dict[str, tuple[dict[str, Any], list[str]]] = {
            "variant": ({"variants": {"v": {"student": {"kind": "cnn"}}}}, []),
            "set": ({}, ["student.kind=cnn"]),
            "grid": ({"grid": {"student.kind": ["cnn"]}}, []),
        }
        sections, overrides = ways[way]
        study = load_study(str(write(student=student, **sections)), overrides=overrides)
        changed = study.variants[-1].recipe.student

        defaults = {
            k: p.default for k, p in own_options(registry.students.get("cnn").value).items()
        }
        assert changed.kind == "cnn"
        assert changed.model_dump().items() >= self.SHARED.items()
        assert options_of(changed) == defaults

    def test_the_same_kind_keeps_its_options(self, write: Write) -> None:
        student = {"kind": "bilstm", "hidden": 7, "dim": 9}
        variants = {"v": {"student": {"kind": "bilstm", "dim": 5}}}
        study = load_study(str(write(student=student, variants=variants)))

        assert options_of(study.variants[1].recipe.student)["hidden"] == 7
        assert options_of(study.variants[1].recipe.student)["dim"] == 5

    def test_an_objectives_weight_stays(self, write: Write) -> None:
        """The weight alpha is every objective's, temperature is not."""
        objective = {"kind": "kl", "temperature": 3.0, "alpha": 0.5}
        variants = {"mse": {"objective": {"kind": "mse"}}}
        study = load_study(str(write(objective=objective, variants=variants)))

        assert study.variants[1].recipe.objective.model_dump() == {"kind": "mse", "alpha": 0.5}

    def test_another_augmenter_keeps_the_copies(self, write: Write) -> None:
        def own(words: list[str], rng: Any, context: Any, *, rate: float = 0.25) -> list[str]:
            return words

        registry.register_augmenter("own")(own)
        augment = {"kind": "mask", "copies": 3, "p_mask": 0.5}
        overrides = ["transfer.augment.kind=own"]
        study = load_study(str(write(transfer={"augment": augment})), overrides=overrides)

        changed = study.variants[0].recipe.transfer.augment
        assert changed is not None
        assert changed.model_dump() == {"kind": "own", "copies": 3, "rate": 0.25}

    def test_a_kind_that_comes_new_brings_its_options(self, write: Write) -> None:
        overrides = ["student.kind=cnn", "student.maps=3"]
        study = load_study(str(write(student={"kind": "bilstm", "hidden": 7})), overrides=overrides)

        assert options_of(study.variants[0].recipe.student)["maps"] == 3


class TestVariants:
    def test_stand_beside_the_recipe_itself(self, write: Write) -> None:
        """Each has its name and what it overrides; the rest is the recipe's."""
        path = write(
            training={"steps": 7, "batch_size": 3},
            variants={"long": {"training": {"steps": 9}}, "mse": {"objective": {"kind": "mse"}}},
        )
        study = load_study(str(path))

        assert names(study) == ["mine", "mine/long", "mine/mse"]
        assert [variant.variant for variant in study.variants] == ["", "long", "mse"]
        assert [v.recipe.training.steps for v in study.variants] == [7, 9, 7]
        assert [v.recipe.training.batch_size for v in study.variants] == [3, 3, 3]
        assert [v.recipe.objective.kind for v in study.variants] == ["kl", "kl", "mse"]

    def test_a_grid_gives_all_products(self, write: Write) -> None:
        """In order, named by the last part of each key, and no recipe without them."""
        grid = {"training.steps": [5, 6], "objective.temperature": [1.0, 4.0]}
        study = load_study(str(write(grid=grid)))

        assert names(study) == [
            "mine/steps=5,temperature=1.0",
            "mine/steps=5,temperature=4.0",
            "mine/steps=6,temperature=1.0",
            "mine/steps=6,temperature=4.0",
        ]
        assert [
            (v.recipe.training.steps, options_of(v.recipe.objective)["temperature"])
            for v in study.variants
        ] == list(itertools.product([5, 6], [1.0, 4.0]))

    @pytest.mark.parametrize("turn", [1, -1])
    def test_a_kind_is_laid_before_its_options_whatever_the_order(
        self, write: Write, turn: int
    ) -> None:
        """Another kind drops the options of the one before, and not those that are set with it."""
        grid = {"objective.temperature": [1.0, 4.0], "objective.kind": ["kl", "dkd"]}
        study = load_study(str(write(grid=dict([*grid.items()][::turn]))))
        said = ["objective.temperature=4", "objective.kind=dkd"][::turn]
        alone = load_study(str(write()), overrides=said).variants[0].recipe

        told = {v.name: (v.recipe.objective.kind, v.recipe.objective.temperature)  # type: ignore[attr-defined]
                for v in study.variants}  # fmt: skip
        assert len(told) == 4
        for name, (kind, temperature) in told.items():
            assert f"kind={kind}" in name
            assert f"temperature={temperature}" in name
        assert (alone.objective.kind, alone.objective.temperature) == ("dkd", 4.0)  # type: ignore[attr-defined]

    def test_a_grid_multiplies_variants(self, write: Write) -> None:
        path = write(
            grid={"training.steps": [5, 6]}, variants={"mse": {"objective": {"kind": "mse"}}}
        )

        assert names(load_study(str(path))) == [
            "mine/steps=5",
            "mine/steps=6",
            "mine/mse/steps=5",
            "mine/mse/steps=6",
        ]

    @pytest.mark.parametrize("nothing", [None, {}])
    def test_empty_ones_change_nothing(self, write: Write, nothing: Any) -> None:
        assert names(load_study(str(write(variants=nothing, grid=copy.copy(nothing))))) == ["mine"]

    def test_set_reaches_into_them(self, write: Write) -> None:
        """An override of the recipe is overridden by its variant; one of the variant is not."""
        path = write(variants={"long": {"training": {"steps": 9}}})
        beneath = load_study(str(path), overrides=["training.steps=2"])
        above = load_study(str(path), overrides=["variants.long.training.steps=2"])

        assert [v.recipe.training.steps for v in beneath.variants] == [2, 9]
        assert above.variants[1].recipe.training.steps == 2

    def test_a_variants_mistake_has_the_variants_line(self, write: Write) -> None:
        path = write(variants={"long": {"training": {"steps": 9}}, "odd": {"studnt": {}}})
        path.write_text(path.read_text(encoding="utf-8").replace("steps: 9", "stpes: 9"))

        assert [(p.where, p.what) for p in problems_of(path)] == [
            ("line 14  training.stpes (in variant 'long')", "unknown key"),
            ("line 16  studnt (in variant 'odd')", "unknown key"),
        ]

    def test_a_grids_mistake_has_the_grids_line(self, write: Write) -> None:
        """Once, however many products it is in."""
        path = write(training={"steps": 5}, grid={"training.stpes": [1], "seeds": [[1], [2]]})

        assert [p.where for p in problems_of(path)] == ["line 14  training.stpes"]

    def test_the_recipes_own_mistake_is_told_once(self, write: Write) -> None:
        path = write(seeds="zero", variants={"a": {"training": {"steps": 9}}, "b": {}})

        assert [p.where for p in problems_of(path)] == ["line 11  seeds"]

    @pytest.mark.parametrize(
        ("sections", "where", "what"),
        [
            ({"variants": ["a"]}, "line 11  variants", "must be a mapping"),
            ({"variants": {"a": None}}, "line 12  a", "must be a mapping of keys"),
            ({"variants": {"a": 3}}, "line 12  a", "must be a mapping of keys"),
            ({"grid": 5}, "line 11  grid", "must be a mapping"),
            ({"grid": {"training.steps": 5}}, "line 12  training.steps", "a list of values"),
            ({"grid": {"training.steps": []}}, "line 12  training.steps", "a list of values"),
            ({"grid": {"training..steps": [5]}}, "line 12  training..steps", "a dotted key"),
            ({"grid": {5: [5]}}, "line 12  5", "a dotted key"),
        ],
    )
    def test_of_another_shape_are_refused(
        self, write: Write, sections: dict[str, Any], where: str, what: str
    ) -> None:
        (problem,) = problems_of(write(**sections))

        assert problem.where == where
        assert what in problem.what

    def test_two_of_one_name_are_refused(self, write: Write) -> None:
        """Two files of a folder: the message names both."""
        write("zoo/a.yaml", name="same")
        write("zoo/b.yaml", name="same")
        with pytest.raises(RecipeError) as caught:
            load_study("zoo")

        assert str(caught.value) == (
            "two recipes of zoo are called 'same': zoo/a.yaml and zoo/b.yaml; rename one of them"
        )

    def test_none_takes_the_name_of_the_teachers_row(self, write: Write) -> None:
        """Of the recipe itself: a variant's name begins with it, and stands apart."""
        write("a.yaml", name="teacher")
        with pytest.raises(RecipeError, match=r"^a.yaml: 'teacher' is the teacher's row"):
            load_study("a.yaml")
        write("a.yaml", name="teacher", grid={"objective.temperature": [1.0, 2.0]})
        assert [v.name.partition("/")[0] for v in load_study("a.yaml").variants] == ["teacher"] * 2

    def test_one_name_in_two_variants_of_two_recipes_is_no_clash(self, write: Write) -> None:
        write("zoo/a.yaml", name="a", variants={"mse": {}})
        write("zoo/b.yaml", name="b", variants={"mse": {}})

        assert names(load_study("zoo")) == ["a", "a/mse", "b", "b/mse"]

    def test_a_grid_that_says_a_value_twice_is_refused(self, write: Write) -> None:
        with pytest.raises(RecipeError, match=r"training\.steps: a value is there twice"):
            load_study(str(write(grid={"training.steps": [5, 5]})))


class TestPaths:
    @pytest.mark.parametrize(
        ("sections", "path"),
        [
            ({"data": {"files": "there"}}, "data.files"),
            ({"teacher": {"model": "there"}}, "teacher.model"),
            ({"teacher": {"model": "m", "encoder": "./there"}}, "teacher.encoder"),
            ({"teacher": {"outputs": "there"}}, "teacher.outputs"),
            ({"transfer": {"unlabelled": {"files": "there"}}}, "transfer.unlabelled.files"),
            ({"student": {"kind": "distilbert", "init": "there"}}, "student.init"),
            (
                {"student": {"kind": "cnn", "embeddings": {"vectors": "there"}}},
                "student.embeddings.vectors",
            ),
        ],
    )
    def test_lie_beside_the_recipe(self, write: Write, sections: dict[str, Any], path: str) -> None:
        """A recipe can be run from anywhere."""
        file = write("deep/mine.yaml", **sections)
        Path("deep/there").mkdir()
        recipe = load_study(str(file)).variants[0].recipe

        assert section_of(recipe, path) == str(Path("deep/there").resolve())

    @pytest.mark.parametrize(
        ("sections", "path"),
        [
            ({"variants": {"v": {"data": {"embedded": None, "files": "there"}}}}, "data.files"),
            (
                {"variants": {"v": {"transfer": {"unlabelled": {"files": "there"}}}}},
                "transfer.unlabelled.files",
            ),
            (
                {"variants": {"v": {"student": {"kind": "distilbert", "init": "there"}}}},
                "student.init",
            ),
            ({"grid": {"teacher.model": ["there"]}}, "teacher.model"),
        ],
    )
    def test_of_variants_and_grids_lie_beside_the_recipe_too(
        self, write: Write, sections: dict[str, Any], path: str
    ) -> None:
        file = write("deep/mine.yaml", **sections)
        Path("deep/there").mkdir()
        recipe = load_study(str(file)).variants[-1].recipe

        assert section_of(recipe, path) == str(Path("deep/there").resolve())

    @pytest.mark.parametrize(
        "student",
        [
            {"kind": "distilbert", "init": "teacher"},
            {"kind": "distilbert", "init": "someone/something"},
            {"kind": "bilstm", "text": "words"},
        ],
    )
    def test_are_not_what_only_reads_like_one(self, write: Write, student: dict[str, str]) -> None:
        """A word that an option knows stays that word, whatever lies beside the recipe."""
        for name in ("teacher", "words", "bilstm"):
            Path("deep", name).mkdir(parents=True)
        recipe = load_study(str(write("deep/mine.yaml", student=student))).variants[0].recipe

        assert recipe.student.model_dump().items() >= student.items()

    def test_are_known_by_the_mark_of_an_option(self, write: Write) -> None:
        """Of anybody's student; an option without the mark is only a text."""

        def own(
            context: Any,
            *,
            start: Annotated[str, Pretrained(words=("nowhere",))] = "nowhere",
            style: str = "plain",
        ) -> Any: ...

        registry.register_student("own", road="change")(own)
        Path("deep/there").mkdir(parents=True)
        file = write("deep/mine.yaml", student={"kind": "own", "start": "there", "style": "there"})
        options = options_of(load_study(str(file)).variants[0].recipe.student)

        assert options == {"start": str(Path("deep/there").resolve()), "style": "there"}
        assert pretrained_options(registry.students.get("own"), options).keys() == {"start"}

    def test_of_several_files_are_each_found(self, write: Write) -> None:
        Path("deep").mkdir()
        for name in ("a.csv", "b.csv"):
            Path("deep", name).touch()
        file = write(
            "deep/mine.yaml",
            data={"files": {"train": "a.csv", "test": "b.csv"}},
            teacher={"models": ["a.csv", "someone/something"]},
        )
        recipe = load_study(str(file)).variants[0].recipe
        folder = Path("deep").resolve()

        assert recipe.data.files == {"train": str(folder / "a.csv"), "test": str(folder / "b.csv")}
        assert recipe.teacher.models == [str(folder / "a.csv"), "someone/something"]

    @pytest.mark.parametrize("value", ["someone/something", "package:some/model", "~/nowhere"])
    def test_that_are_none_stay_as_they_are(self, write: Write, value: str) -> None:
        """A hub id, a package and what does not exist are left to those who look for them."""
        recipe = load_study(str(write(teacher={"model": value}))).variants[0].recipe

        assert recipe.teacher.model == value

    def test_on_the_command_line_lie_in_the_working_folder(self, write: Write) -> None:
        file = write("deep/mine.yaml", data={"files": "elsewhere"})
        Path("there").mkdir()
        recipe = load_study(str(file), overrides=["data.files=there"]).variants[0].recipe

        assert Path(recipe.data.files).resolve() == Path("there").resolve()


KEYS = st.text("abc", min_size=1, max_size=2)  # no `kind` among them, which has a rule of its own
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


class TestMerge:
    @settings(deadline=None, max_examples=50)
    @given(TREES)
    def test_nothing_is_neutral_on_both_sides(self, tree: dict[str, Any]) -> None:
        assert merge(tree, {}) == tree
        assert merge({}, tree) == tree
        assert merge(tree, tree) == tree

    @settings(deadline=None, max_examples=50)
    @given(TREES, TREES)
    def test_the_right_side_wins(self, base: dict[str, Any], override: dict[str, Any]) -> None:
        """What it says holds, to any depth; what it does not say is the left side's."""
        before = copy.deepcopy((base, override))
        merged = merge(base, override)

        def check(merged: Any, left: Any, right: Any) -> None:
            if not (isinstance(left, dict) and isinstance(right, dict)):
                assert merged == right
                return
            assert merged.keys() == left.keys() | right.keys()
            for key, value in merged.items():
                if key in left and key in right:
                    check(value, left[key], right[key])
                else:
                    assert value == (right if key in right else left)[key]

        check(merged, base, override)
        assert (base, override) == before

    @settings(deadline=None, max_examples=50)
    @given(TREES, TREES, TREES)
    def test_overrides_add_up(
        self, a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
    ) -> None:
        """One after the other is both at once, where none turns a section into a value."""
        assume(compatible(a, b) and compatible(b, c) and compatible(merge(a, b), c))

        assert merge(merge(a, b), c) == merge(a, merge(b, c))

    @settings(deadline=None, max_examples=50)
    @given(TREES, TREES)
    def test_shares_nothing_with_either_side(
        self, base: dict[str, Any], over: dict[str, Any]
    ) -> None:
        before = copy.deepcopy((base, over))
        spoil(merge(base, over))

        assert (base, over) == before


def compatible(left: Any, right: Any) -> bool:
    """Whether the same keys are sections on both sides, to any depth."""
    if isinstance(left, dict) != isinstance(right, dict):
        return False
    if not isinstance(left, dict):
        return True
    return all(compatible(left[key], right[key]) for key in left.keys() & right.keys())


def spoil(value: Any) -> None:
    """Changes everything that can be changed in place."""
    if isinstance(value, dict):
        for each in value.values():
            spoil(each)
        value["spoilt"] = True
    elif isinstance(value, list):
        value.append("spoilt")
