"""What the command line does, from Python: run, load, predict, read the results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import transformers
from tiny_models import context_of, pruned_vocabulary, save_tiny_classifier, some_texts
from tiny_world import LABELS, RunCommand, WriteRecipe

import kdzoo as package
from kdzoo import measure
from kdzoo.arguments import as_annotated
from kdzoo.errors import DataError, KdzooError, ModelError, RecipeError
from kdzoo.model import build_student, save_model
from kdzoo.progress import Progress, Silent
from kdzoo.results import Store
from kdzoo.runtime import predictor as predicting

TEXTS = [each.text for each in some_texts(70)]
FRAME = pd.DataFrame({"text": TEXTS[:3], "id": [1, 2, 3]})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A saved student with clear answers."""
    root = tmp_path_factory.mktemp("api")
    teacher = save_tiny_classifier("bert", root / "teacher", tiny_encoder)
    vocabulary = pruned_vocabulary(teacher, some_texts(200), special_tokens=False)
    student = build_student("bilstm", {"dim": 16}, context_of(vocabulary, teacher), None, 0)
    save_model(root / "model", student, vocabulary)
    return root / "model"


@pytest.mark.parametrize(
    ("call", "arguments", "said"),
    [
        (package.init, {"students": "cnn"}, 'students is one text; .*students=["cnn"]'),
        (package.init, {"students": Path("own.py")}, 'students is one path; .*students=["own.py"]'),
        (package.init, {"label_columns": "a, b"}, 'one text; .*label_columns=["a", "b"]'),
        (package.benchmark, {}, 'models=["first"]'),
        (package.push, {"language": "en"}, 'language=["en"]'),
        (package.push, {"runtimes": "onnx"}, 'runtimes=["onnx"]'),
        (package.run, {"track": "wandb"}, 'track=["wandb"]'),
        (package.merge, {}, 'folders is one text; .*folders=["first"]'),
        (package.tune, {"goals": "accuracy,size"}, 'goals=["accuracy", "size"]'),
        (package.tune, {"seeds": 0}, "seeds is a number; .*seeds=[0]"),
        (
            package.check,
            {"overrides": {"training.steps": 20, "student.kind": "cnn", "teacher.fine_tune": None}},
            'a mapping; .*["training.steps=20", "student.kind=cnn", "teacher.fine_tune=null"]',
        ),
        (package.list_steps, {"overrides": "a=[1,2]"}, 'overrides=["a=[1,2]"]'),
    ],
)
def test_what_is_no_list_is_written_as_one(
    call: Callable[..., object], arguments: dict[str, Any], said: str
) -> None:
    """Before anything is read: of a text, each letter would be taken for a name."""
    places = {package.run: 1, package.check: 1, package.list_steps: 1, package.tune: 1}

    with pytest.raises(RecipeError, match=said.replace("[", r"\[").replace("]", r"\]")):
        call(*("first", "second")[: places.get(call, 2)], **arguments)


class TestArguments:
    """A mistake in what is passed is told as one, before anything is read or written."""

    @pytest.mark.parametrize(
        ("call", "arguments", "said"),
        [
            (package.run, {"workers": "1"}, "workers is '1'; give a whole number, or leave it out"),
            (package.run, {"threads": 1.5}, "threads is 1.5; give a whole number"),
            (package.run, {"workers": True}, "workers is True; give a whole number"),
            (package.run, {"track": None}, "track is None; give a list, or leave it out"),
            (package.run, {"overrides": ["a=1", 3]}, "overrides[1] is 3; give a text"),
            (package.run, {"seeds": ["a"]}, "seeds[0] is 'a'; give a whole number"),
            (
                package.export,
                {"out": "out", "int8": "statik"},
                "int8 is 'statik'; give 'dynamic' or 'static', or leave it out",
            ),
            (
                package.push,
                {"repository": "a/b", "runtimes": [None]},
                "runtimes[0] is None; give a",
            ),
            (package.run, {"progress": True}, "progress is True; give kdzoo.progress.Silent()"),
            (package.run, {"read_test": "no"}, "read_test is 'no'; give True or False"),
            (package.run, {"data": FRAME}, "data is a DataFrame; give a text or a path, or leave"),
            (package.check, {"students": ["own.py"]}, "students is a list; give a text or a path"),
            (package.pick, {"max_latency_ms": "1"}, "max_latency_ms is '1'; give a number"),
            (package.load, {"seed": 0.5}, "seed is 0.5; give a whole number"),
            (package.list_choices, {"students": 3}, "students is 3; give a text or a path"),
            (
                package.predict,
                {"texts": [], "csv": ";"},
                "csv is ';'; give kdzoo.Csv(separator=\";\")",
            ),
        ],
    )
    def test_of_another_kind_are_refused_with_what_to_give(
        self, call: Callable[..., object], arguments: dict[str, Any], said: str
    ) -> None:
        first = () if call is package.list_choices else ("nowhere",)

        with pytest.raises(KdzooError, match=re.escape(said)):
            call(*first, **arguments)

    def test_that_may_be_several_are_looked_at_one_by_one(self) -> None:
        with pytest.raises(KdzooError, match="folders is a list; give a text or a path"):
            package.read_results("nowhere", ["nowhere"])  # type: ignore[arg-type]

    @pytest.mark.parametrize("read", [package.read_results, package.read_verdicts])
    def test_that_may_be_several_are_one_at_least(self, read: Callable[..., object]) -> None:
        with pytest.raises(KdzooError, match=f"as in kdzoo.{read.__name__}"):
            read()

    def test_of_a_kind_that_serves_as_well_are_taken(
        self, finished_study: Path, tmp_path: Path
    ) -> None:
        """A path for a text, and numbers of numpy's."""
        picked = package.pick(finished_study, max_latency_ms=np.float32(1e6))

        assert picked.chosen.best is not None
        assert package.show(Path("quickstart")) == package.show("quickstart")

    def test_that_are_numbers_of_numpys_become_pythons_own(self) -> None:
        """What they are handed on to may take no others."""

        @as_annotated
        def seen(one: int | float | bool, several: Sequence[int]) -> list[Any]:
            return [one, *several]

        for one, kind in ((np.int64(3), int), (np.float32(0.5), float), (np.bool_(True), bool)):
            assert [*map(type, seen(one, np.arange(2)))] == [kind, int, int]  # type: ignore[arg-type]

    def test_that_nobody_knows_are_told_as_python_does(self) -> None:
        with pytest.raises(TypeError, match="unexpected keyword argument 'worker'"):
            package.run("quickstart", worker=1)  # type: ignore[call-arg]


class TestTexts:
    @pytest.mark.parametrize("given", [FRAME, {"text": TEXTS[:3]}], ids=["frame", "mapping"])
    def test_are_not_the_names_of_columns(self, model: Path, given: Any, tmp_path: Path) -> None:
        """Python gives those where texts are asked for one by one; the message has the cure."""
        predictor = package.load(model)
        for ask in (predictor.predict, partial(package.predict, model)):
            with pytest.raises(KdzooError) as caught:
                ask(given)
            assert 'a column of them, as in frame["text"]' in str(caught.value)
            assert list(ask(given["text"])) == list(ask(TEXTS[:3]))
        with pytest.raises(KdzooError, match=f"texts is a {type(given).__name__}; give"):
            package.write_predictions(model, given, tmp_path / "out.csv")

    @pytest.mark.parametrize("given", [3, None])
    def test_are_more_than_one_thing_that_is_no_text(self, model: Path, given: Any) -> None:
        with pytest.raises(KdzooError, match=f"texts is {given}; give a list of texts"):
            package.load(model).predict(given)

    @pytest.mark.parametrize(
        "of", [tuple, iter, pd.Series, np.array, lambda texts: dict.fromkeys(texts).keys()]
    )
    def test_are_read_from_whatever_gives_them(self, model: Path, of: Callable[..., Any]) -> None:
        texts = TEXTS[:3]

        assert list(package.predict(model, of(texts))) == list(package.predict(model, texts))


class TestPredict:
    def test_answers_every_text_in_order_over_several_chunks(
        self, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However long the input and however it is cut, answer i is that of text i."""
        predictor = package.load(model)
        alone = [next(predictor.predict([text])) for text in TEXTS]

        for chunk in (1, 16, 69, 70, 71):
            monkeypatch.setattr(predicting, "CHUNK", chunk)
            together = list(predictor.predict(TEXTS))
            assert [each.label for each in together] == [each.label for each in alone]
            for one, other in zip(together, alone, strict=True):
                assert dict(one.top) == pytest.approx(dict(other.top), abs=1e-5)
        assert len({each.top for each in alone}) > 50

    def test_gives_probabilities_best_first(self, model: Path) -> None:
        for found in package.load(model).predict(TEXTS[:20], top=4):
            names = [label for label, _ in found.top]
            chances = [chance for _, chance in found.top]
            assert sorted(names) == sorted(LABELS)
            assert chances == sorted(chances, reverse=True)
            assert sum(chances) == pytest.approx(1.0, abs=1e-5)
            assert (found.label, found.probability) == found.top[0]

    @pytest.mark.parametrize(("top", "shown"), [(1, 1), (3, 3), (99, 4)])
    def test_shows_as_many_labels_as_asked(self, model: Path, top: int, shown: int) -> None:
        (found,) = package.load(model).predict(["play a song"], top=top)

        assert len(found.top) == shown

    def test_reads_no_further_than_it_is_asked(
        self, model: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A stream without end is answered as it comes: memory holds one chunk."""
        monkeypatch.setattr(predicting, "CHUNK", 8)
        read = 0

        def endless() -> Iterator[str]:
            nonlocal read
            while True:
                read += 1
                yield TEXTS[read % len(TEXTS)]

        answers = package.load(model).predict(endless())
        for _ in range(20):
            next(answers)

        assert read <= 24

    def test_of_nothing_is_nothing(self, model: Path) -> None:
        assert list(package.load(model).predict([])) == []

    @pytest.mark.parametrize("empty", ["", "   ", "\n\t"])
    def test_says_which_text_is_empty(
        self, model: Path, monkeypatch: pytest.MonkeyPatch, empty: str
    ) -> None:
        """The number is that of the whole input, not of its chunk."""
        monkeypatch.setattr(predicting, "CHUNK", 4)

        with pytest.raises(DataError, match="text 7 is empty"):
            list(package.load(model).predict([*TEXTS[:6], empty, "rain"]))

    @pytest.mark.parametrize("text", ["☃", "\u200b", "x" * 5000, "a\x00b", "\ud83d\ude00 ok"])
    def test_answers_strange_texts(self, model: Path, text: str) -> None:
        readable = text.encode("utf-16", "surrogatepass").decode("utf-16")

        (found,) = package.load(model).predict([readable])

        assert found.label in LABELS

    def test_of_no_model_is_an_error_that_derives_from_one_class(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match="no such model folder"):
            package.load(tmp_path / "nowhere")
        assert issubclass(ModelError, package.KdzooError)
        assert package.KdzooError is KdzooError


class TestListsThatAreNone:
    @pytest.mark.parametrize(
        ("asked", "cure"),
        [
            ({"seeds": 3}, r"seeds=\[3\]"),
            ({"overrides": "training.steps=5"}, r'overrides=\["training.steps=5"\]'),
        ],
    )
    def test_are_refused_with_what_to_write(self, asked: dict[str, Any], cure: str) -> None:
        with pytest.raises(KdzooError, match=cure):
            package.run("quickstart/static", **asked)

    def test_of_no_study_are_not_merged(self, tmp_path: Path) -> None:
        with pytest.raises(KdzooError, match="no study is named"):
            package.merge([], tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestRun:
    def test_does_what_the_command_does(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tmp_path: Path
    ) -> None:
        """A run from Python leaves the same models, which the command then finds finished."""
        recipe = write_recipe()
        said: list[str] = []

        class Listens(Silent):
            def say(self, message: str) -> None:
                said.append(message)

        store = package.run(
            str(recipe), overrides=["training.steps=20"], seeds=[4], progress=Listens()
        )

        assert isinstance(store, package.Results)  # which a notebook shows
        assert isinstance(store, Store)
        assert store.root == Path("runs/tiny")
        assert (store.root / "table.md").is_file()
        assert any(line.startswith("tiny, seed 4") for line in said)
        outcome = kdzoo("run", recipe, "--set", "training.steps=20", "--seeds", "4")
        assert outcome.code == 0
        assert "seed 4" not in outcome.err

    def test_prints_nothing_of_its_own(
        self,
        write_recipe: WriteRecipe,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """In a notebook or a service it is silent unless it is given somewhere to talk to."""
        monkeypatch.chdir(tmp_path)
        recipe = write_recipe(controls={"baseline": False, "hard_labels": False})

        package.run(str(recipe), overrides=["training.steps=2"], read_test=False)

        assert capsys.readouterr().out == ""
        frame = package.read_results("runs/tiny")
        assert set(frame["split"]) == {"validation", "deployed"}

    def test_takes_students_data_and_place_as_the_command_does(
        self, kdzoo: RunCommand, write_recipe: WriteRecipe, tmp_path: Path, tiny_data: Path
    ) -> None:
        with pytest.raises(KdzooError, match="no such file or folder of students"):
            package.run(str(write_recipe()), students=tmp_path / "none.py")
        with pytest.raises(DataError, match="no such file or folder of data"):
            package.run(str(write_recipe()), data=str(tmp_path / "none"), out=tmp_path / "out")
        with pytest.raises(RecipeError, match="no recipe"):
            package.run("no-such-recipe")


class TestWhoIsTold:
    @pytest.fixture(autouse=True)
    def _trains_nothing(self, monkeypatch: pytest.MonkeyPatch, finished_study: Path) -> None:
        def run_study(*_: object, progress: Progress, **__: object) -> Store:
            progress.say("training")
            self.had_bars = transformers.logging.is_progress_bar_enabled()
            return Store(finished_study)

        monkeypatch.setattr("kdzoo.study.run_study", run_study)

    @pytest.mark.parametrize("had_bars", [True, False])
    def test_of_a_run_is_who_started_it(
        self,
        write_recipe: WriteRecipe,
        capsys: pytest.CaptureFixture[str],
        had_bars: bool,
    ) -> None:
        """Lines of kdzoo's rather than bars of the libraries, which are afterwards as before."""
        log = transformers.logging
        before = log.is_progress_bar_enabled()
        switch = {True: log.enable_progress_bar, False: log.disable_progress_bar}
        switch[had_bars]()
        try:
            package.run(str(write_recipe()))
            assert log.is_progress_bar_enabled() == had_bars
        finally:
            switch[before]()

        assert not self.had_bars
        printed = capsys.readouterr().err.splitlines()
        assert printed[0].startswith("reading ")
        assert printed[1:] == ["tiny: tiny (1 students); starting up", "training"]

    def test_is_nobody_where_that_is_wanted(
        self, write_recipe: WriteRecipe, capsys: pytest.CaptureFixture[str]
    ) -> None:
        package.run(str(write_recipe()), progress=Silent())

        assert capsys.readouterr().err == ""


@pytest.mark.parametrize("module", [package, measure])
def test_names_that_are_looked_up_when_first_used_can_be_completed(module: ModuleType) -> None:
    """Notebooks and shells ask ``dir``, which knows nothing of a module's ``__getattr__``."""
    assert {*module.__all__} <= {*dir(module)}
    assert all(hasattr(module, name) for name in module.__all__)
