"""The plan of a study: which steps there are, what each waits for, and which the store has."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_world import RunCommand, WriteRecipe

from kdzoo import list_steps, make_steps
from kdzoo.engines import schedule
from kdzoo.errors import RecipeError
from kdzoo.plan import Plan, Step, estimate, plan_of
from kdzoo.plan.estimate import Durations
from kdzoo.progress import Silent
from kdzoo.recipe import Recipe, load_study, shipped_recipes
from kdzoo.recipe.carried import packed_study, unpacked_study
from kdzoo.results import Store
from kdzoo.steps import StudyData

ROOT = Path(__file__).parents[1]
HARD = {"objective": {"kind": "kl", "alpha": 1.0}}
NOTHING_BESIDE = {"controls": {"hard_labels": False, "baseline": False}}
EXPORTED = {"measure": {"runtimes": ["torch", "onnx"]}}
AUGMENTED = {"transfer": {"augment": {"kind": "mask", "copies": 1}}}
FEW = {"data": {"labels_per_class": 8}}


@pytest.fixture
def plan(write_recipe: WriteRecipe) -> Any:
    def planned(*recipes: dict[str, Any], seeds: Sequence[int] = (0, 1)) -> Plan:
        for number, sections in enumerate(recipes):
            path = write_recipe(f"zoo/{number}.yaml", **{"name": f"r{number}", **sections})
        return plan_of(load_study(str(path.parent), seeds=seeds))

    return planned


def kinds(plan: Plan) -> dict[str, int]:
    names = [step.kind for step in plan.steps]
    return {kind: names.count(kind) for kind in dict.fromkeys(names)}


@pytest.mark.parametrize(
    ("recipes", "expected"),
    [
        ([{}], {"teacher": 1, "baseline": 1, "labels": 1, "student": 2, "control": 2,
                "quality": 6}),
        ([{}, {}], {"teacher": 1, "baseline": 1, "labels": 1, "student": 4, "control": 4,
                    "quality": 10}),
        ([HARD], {"teacher": 1, "baseline": 1, "student": 2, "quality": 4}),
        ([NOTHING_BESIDE], {"teacher": 1, "labels": 1, "student": 2, "quality": 3}),
        ([EXPORTED], {"teacher": 1, "baseline": 1, "labels": 1, "student": 2, "control": 2,
                      "quality": 6, "export": 3}),
        ([AUGMENTED], {"teacher": 1, "baseline": 1, "labels": 2, "student": 2, "control": 2,
                       "quality": 6}),
        ([FEW], {"teacher": 2, "baseline": 2, "labels": 2, "student": 2, "control": 2,
                 "quality": 8}),
        ([{}, {"teacher": {"max_length": 16}}],
         {"teacher": 2, "baseline": 1, "labels": 2, "student": 4, "control": 4, "quality": 11}),
    ],
)  # fmt: skip
def test_rows_share_what_is_the_same(
    plan: Any, recipes: list[dict[str, Any]], expected: dict[str, int]
) -> None:
    """A teacher, a labelling and a baseline stand there once, however many rows ask for them."""
    assert kinds(plan(*recipes)) == expected


@pytest.mark.parametrize(
    "recipes", [[{}, HARD], [EXPORTED, FEW], [AUGMENTED, NOTHING_BESIDE, EXPORTED]]
)
def test_each_step_stands_behind_all_that_it_waits_for(
    plan: Any, recipes: list[dict[str, Any]]
) -> None:
    made = plan(*recipes)
    before: set[str] = set()

    for step in made.steps:
        assert before.issuperset(step.waits_for)
        assert step.of == "" or step.of in before
        before.add(step.name)

    assert len(before) == len(made.steps)
    assert made.behind([made.steps[-1]])[-1] == made.steps[-1]


def test_labellings_of_one_teacher_follow_each_other(plan: Any) -> None:
    """So that their batches, and with them the last bits, are those of one process."""
    made = plan(AUGMENTED)
    first, second = [step for step in made.steps if step.kind == "labels"]
    (teacher,) = [step for step in made.steps if step.name.startswith("quality/teacher")]

    assert first.name in second.waits_for
    assert {first.name, second.name} <= set(teacher.waits_for)


@pytest.mark.parametrize("count", [1, 2, 30])
@pytest.mark.parametrize("recipes", [[{}], [AUGMENTED], [{}, AUGMENTED], [FEW]])
def test_a_labelling_is_divided_into_parts(
    write_recipe: WriteRecipe, recipes: list[dict[str, Any]], count: int
) -> None:
    """The whole waits for its parts, and they for what it would wait for; nothing else changes."""
    for number, sections in enumerate(recipes):
        path = write_recipe(f"zoo/{number}.yaml", **{"name": f"r{number}", **sections})
    study = load_study(str(path.parent), seeds=(0, 1))

    undivided, divided = plan_of(study), plan_of(study, count)

    parts = [step for step in divided.steps if step.whole != step.name]
    wholes = [step for step in undivided.steps if step.kind == "labels"]
    assert len(parts) == (count * len(wholes) if count > 1 else 0)
    assert divided.rows == undivided.rows
    for whole in wholes:
        own = [step for step in parts if step.whole == whole.name]
        assert {step.waits_for for step in own} <= {whole.waits_for}
        waits_for = (*whole.waits_for, *(step.name for step in own))
        assert divided.by_name[whole.name].waits_for == waits_for
    others = [step for step in undivided.steps if step.kind != "labels"]
    assert [step for step in divided.steps if step.kind != "labels"] == others


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("1", ["teacher/r0/s0"]),
        ("2-4", ["baseline/r0/s0", "labels/r0/s0", "student/r0/s0"]),
        ("student", ["student/r0/s0", "student/r0/s1"]),
        ("control/r0/s1 1", ["teacher/r0/s0", "control/r0/s1"]),
        ("labels  teacher", ["teacher/r0/s0", "labels/r0/s0"]),
        ("4 4-4 student/r0/s0", ["student/r0/s0"]),
    ],
)
def test_steps_are_chosen_by_name_number_range_or_kind(
    plan: Any, only: str, names: list[str]
) -> None:
    assert [step.name for step in plan({}).chosen(only)] == names


@pytest.mark.parametrize("only", ["", "0", "99", "3-2", "1-99", "student/r9/s0", "-1", "1,2", "²"])
def test_a_step_that_is_none_is_told_of(plan: Any, only: str) -> None:
    with pytest.raises(RecipeError, match=r"--only.*--plan lists them"):
        plan({}).chosen(only)


@pytest.mark.parametrize("name", [*shipped_recipes()])
def test_another_process_gets_the_very_recipe(name: str) -> None:
    study = load_study(name)

    again = unpacked_study(packed_study(study))

    assert packed_study(again) == packed_study(study)
    assert plan_of(again) == plan_of(study)
    for own, other in zip(study.variants, again.variants, strict=True):
        assert other.recipe.model_dump() == own.recipe.model_dump()
        for name in ("data", "teacher", "student", "training", "measure"):
            said, still = (getattr(v.recipe, name).model_fields_set for v in (own, other))
            assert still <= said, "what is not said stays unsaid"
            assert ("select_by" in still) == ("select_by" in said)


def recipe_of(target: str, *changed: str) -> Recipe:
    (variant,) = load_study(target, overrides=changed).variants
    return variant.recipe


class TestDurations:
    @pytest.fixture
    def remember(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Durations]:
        """Returns what the records of a published study tell, where they lie beside an own one."""
        monkeypatch.setattr(estimate, "environment", dict)

        def remember(study: str, names: str, **environment: str) -> Durations:
            for published in (ROOT / "results" / study / "models").glob(names):
                record = json.loads((published / "record.json").read_text(encoding="utf-8"))
                record["environment"] |= environment
                folder = tmp_path / study / "models" / published.name
                folder.mkdir(parents=True)
                (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
            return Durations.of(Store(tmp_path / "study"))

        return remember

    @pytest.mark.parametrize("gpu", [None, "NVIDIA H200"])
    def test_are_of_machines_like_this_one(
        self, gpu: str | None, remember: Callable[..., Durations]
    ) -> None:
        """What a GPU trained says nothing of a machine without one."""
        environment = {} if gpu is None else {"gpu": gpu}

        found = remember("quickstart", "static--s0--*", **environment).students

        assert ("static" in found) == (gpu is None)

    @pytest.mark.parametrize(
        "recipe", [{}, {"training": {}}, {"training": {"batch_size": "64"}}, {"teacher": {}}]
    )
    def test_are_unknown_where_a_record_does_not_say_how_it_was_trained(
        self, recipe: dict[str, Any], remember: Callable[..., Durations], tmp_path: Path
    ) -> None:
        """It may be a stranger's, or of a version to come."""
        remember("quickstart", "static--s0--*")
        for path in (tmp_path / "quickstart" / "models").glob("*/record.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps(record | {"recipe": recipe}), encoding="utf-8")

        assert Durations.of(Store(tmp_path / "study")) == Durations()

    def test_of_a_student_grow_with_the_texts_that_it_sees(
        self, remember: Callable[..., Durations]
    ) -> None:
        durations, data = remember("clinc150", "bilstm--s0--*"), StudyData(Silent())
        step = Step(name="student/bilstm/s0", kind="student", variant="bilstm", seed=0)

        def seconds(**training: int) -> float:
            changed = [f"training.{name}={value}" for name, value in training.items()]
            found = durations.of_step(step, recipe_of("clinc150/bilstm", *changed), data)
            assert found is not None
            return found

        assert seconds(steps=200, batch_size=64) == pytest.approx(
            2 * seconds(steps=100, batch_size=64)
        )
        assert seconds(steps=100, batch_size=32) == pytest.approx(seconds(steps=50, batch_size=64))

    def test_of_a_teacher_are_of_those_that_were_fitted_as_it_is(
        self, remember: Callable[..., Durations]
    ) -> None:
        """A linear head takes seconds, and says nothing of how long fine-tuning takes."""
        data = StudyData(Silent())
        step = Step(name="teacher/static/s0", kind="teacher", variant="static", seed=0)
        linear = recipe_of("quickstart/static")
        fine_tuned = recipe_of(
            "quickstart/static", "teacher.head=null", "teacher.lower_layers=[]",
            "teacher.fine_tune={epochs: 3, learning_rate: 3.0e-4, batch_size: 32}",
        )  # fmt: skip

        durations = remember("quickstart", "teacher--*")

        assert durations.of_step(step, linear, data) is not None
        assert durations.of_step(step, fine_tuned, data) is None


class TestAStudyMadeInParts:
    @pytest.fixture
    def recipe(self, write_recipe: WriteRecipe) -> str:
        return str(write_recipe(**NOTHING_BESIDE))

    def test_is_planned_made_and_planned_again(self, recipe: str, tmp_path: Path) -> None:
        """What waits for others is refused, with the numbers that have to be made first."""
        out = tmp_path / "study"

        with pytest.raises(RecipeError, match=r'labels/tiny/s0, not made yet.*--only "1 2"'):
            make_steps(recipe, "student", out=out, progress=Silent())
        assert not out.exists()
        first = make_steps(recipe, "1 2", out=out, progress=Silent())
        planned = list_steps(recipe, out=out, progress=Silent())
        second = make_steps(recipe, "3-99".replace("99", str(len(planned))), out=out,
                            progress=Silent())  # fmt: skip

        assert [(step.name, step.failure) for step in first] == [
            ("teacher/tiny/s0", ""),
            ("labels/tiny/s0", ""),
        ]
        assert [step.is_made for step in planned] == [True, True, False, False, False]
        assert planned[2].waits_for == (1, 2)
        assert {step.failure for step in second} == {""}
        again = list_steps(recipe, out=out, progress=Silent())
        assert all(step.is_made for step in again)

    @pytest.mark.trains
    def test_is_planned_with_what_a_study_beside_it_has(
        self, recipe: str, tmp_path: Path, kdzoo: RunCommand
    ) -> None:
        """A teacher that is taken over takes no time; a look at it takes nothing over."""
        other, out = tmp_path / "studies" / "other", tmp_path / "studies" / "study"
        make_steps(recipe, "1 2 quality/teacher/tiny/s0", out=other, progress=Silent())

        teacher, labels, student, quality, last = list_steps(recipe, out=out, progress=Silent())
        shown = kdzoo("run", recipe, "--plan", "--out", out)

        assert (teacher.is_made, teacher.taken_from, teacher.seconds) == (False, other, 0.0)
        assert (quality.name, quality.taken_from) == ("quality/teacher/tiny/s0", other)
        assert labels.is_made
        assert not any(step.is_made or step.taken_from for step in (student, last))
        assert not out.exists()
        assert "in other" in shown.out
        assert "1 of 5 steps are made" in shown.out
        assert "2 more are taken over from a study beside this one" in shown.out

    def test_is_planned_in_part(self, recipe: str, kdzoo: RunCommand) -> None:
        whole, part = (
            kdzoo("run", recipe, "--plan"),
            kdzoo("run", recipe, "--plan", "--only", "2-3"),
        )

        assert whole.code == part.code == 0, part.err
        assert "then, alone on this machine" in whole.out
        lines = [line.split() for line in part.out.splitlines()]
        assert [(line[0], line[1]) for line in lines[1:3]] == [
            ("labels/tiny/s0", "2"), ("student/tiny/s0", "3")
        ]  # fmt: skip
        assert "0 of 2 steps are made" in part.out
        assert "then, alone on this machine" not in part.out

    @pytest.mark.parametrize(
        "wrong",
        ["--only nothing", "--only 99", "--engine tractor", "--workers 0", "--threads 0",
         "--label-parts 0", "--track nobody"],
    )  # fmt: skip
    def test_is_planned_with_the_options_that_run_takes(
        self, wrong: str, recipe: str, kdzoo: RunCommand
    ) -> None:
        """A mistake is told before the command that takes hours."""
        planned = kdzoo("run", recipe, "--plan", *wrong.split())
        made = kdzoo("run", recipe, *wrong.split())

        assert planned.code == made.code == 2
        assert planned.err.splitlines()[-1] == made.err.splitlines()[-1]

    def test_is_labelled_in_parts_that_the_plan_shows(self, recipe: str, tmp_path: Path) -> None:
        options: dict[str, Any] = {"out": tmp_path / "study", "progress": Silent()}
        make_steps(recipe, "1", **options)
        make_steps(recipe, "labels/tiny/s0/2-of-2", **options, label_parts=2)

        planned = list_steps(recipe, **options, label_parts=2)
        made = {step.name: step.is_made for step in planned if step.kind == "labels"}
        make_steps(recipe, "labels", **options, label_parts=2)

        assert [*made] == [f"labels/tiny/s0{part}" for part in ("/1-of-2", "/2-of-2", "")]
        assert made["labels/tiny/s0/2-of-2"]
        assert all(step.is_made for step in list_steps(recipe, **options)[:2])

    @pytest.mark.trains
    def test_waits_for_a_folder_that_is_away(
        self, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Taken away while a student trains: it is not begun anew in its place."""
        monkeypatch.setattr(schedule, "AGAIN_S", 0.05)
        out, away, ghosts = tmp_path / "study", tmp_path / "away", []

        class Taking(Silent):
            def __init__(self) -> None:
                self.said: list[str] = []

            def say(self, message: str) -> None:
                self.said.append(message)

            def task(
                self, description: str, total: int, done: int = 0, unit: str = "steps", **more: bool
            ) -> Any:
                if description.startswith("tiny, seed 0") and not self.said.count("taken"):
                    self.say("taken")
                    out.rename(away)
                    threading.Timer(1.0, bring_back).start()
                return super().task(description, total, done)

        def bring_back() -> None:
            ghosts.extend(out.glob("*"))
            away.rename(out)

        make_steps(recipe, "teacher labels", out=out, progress=Silent())
        taking = Taking()
        made = make_steps(recipe, "student", out=out, workers=1, progress=taking)

        assert [step.failure for step in made] == [""]
        assert "taken" in taking.said
        assert sum("out of reach just now" in line for line in taking.said) == 1
        assert ghosts == []
        assert (out / "models").is_dir()

    def test_is_shown_and_leaves_nothing(self, kdzoo: RunCommand, recipe: str) -> None:
        shown = kdzoo("run", recipe, "--plan")

        assert shown.code == 0
        assert "student/tiny/s0" in shown.out
        assert "0 of 5 steps are made" in shown.out
        assert not Path("runs").exists()
