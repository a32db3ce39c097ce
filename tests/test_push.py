"""`kdzoo push` and `kdzoo.push`: a student on the hub, whole, and nothing else of this machine.

Where the hub is and whether it may be asked, its library reads from the environment when it is
imported. Some commands therefore run in processes of their own, as a user's do; the others in this
one, in which the library is told the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.utils import validate_repo_id
from hypothesis import given
from hypothesis import strategies as st
from tiny_repositories import Hub, Repository, serving
from tiny_world import LABELS, CommandResult, RunCommand, tiny_recipe_data

import kdzoo as package
from kdzoo.choosing import Choice, choose
from kdzoo.errors import HubError, ModelError, RegistryError
from kdzoo.hub.repository import check_name
from kdzoo.results import Store
from kdzoo.runtime.folder import check_exported_form

TOKEN = "hf_" + "Secret" * 5
TEXTS = ["wake me", "play a song", "rain tomorrow", "a joke please", "jazz band now"]
MODEL = [
    "README.md", "config.json", "decision.json", "model.safetensors", "tokenizer.json",
    "tokenizer_config.json",
]  # fmt: skip
FORM = ["README.md", "decision.json", "export.json", "labels.json", "model.onnx", "tokenizer.json"]
Push = Callable[..., CommandResult]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Path:
    """A finished study whose student lies there in every runtime."""
    from kdzoo.api import run

    folder = tmp_path_factory.mktemp("pushed")
    measure = {
        "runtimes": ["torch", "onnx", "onnx-int8"],
        "rounds": 1,
        "texts": 2,
        "isolated": False,
    }
    data = {**tiny_recipe_data(tiny_data, tiny_encoder), "measure": measure, "seeds": [0, 1]}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        return run(str(folder / "tiny.yaml"), out=folder / "runs" / "tiny").root


@pytest.fixture
def student(study: Path) -> Choice:
    """The student of the first seed."""
    return choose(Store(study), "tiny", 0)


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub(TOKEN)) as hub:
        yield hub


@pytest.fixture
def push_anew(hub: Hub, tmp_path: Path) -> Push:
    """Runs ``kdzoo push`` in a process of a user who is logged in to the hub on this machine."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = {
        **own,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "home"),
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",  # its protocol goes to another host than the hub
        "NO_PROXY": "127.0.0.1",
    }

    def command(*arguments: object, **changes: str | None) -> CommandResult:
        variables = {**environment, **changes}
        done = subprocess.run(
            [sys.executable, "-m", "kdzoo", "push", *map(str, arguments)],
            env={name: value for name, value in variables.items() if value is not None},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return without_token(CommandResult(done.returncode, done.stdout, done.stderr))

    return command


@pytest.fixture
def in_reach(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """The hub on this machine, as this process knows it."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("kdzoo.hub.repository.hub_answers", lambda: True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return hub


@pytest.fixture
def push(kdzoo: RunCommand, in_reach: Hub) -> Push:
    """Runs ``kdzoo push`` in this process."""
    return lambda *arguments: without_token(kdzoo("push", *arguments))


def without_token(outcome: CommandResult) -> CommandResult:
    """Returns what a command printed, once it is seen that the token is not in it."""
    assert TOKEN not in outcome.out + outcome.err
    assert "Traceback" not in outcome.err
    return outcome


class TestPush:
    @pytest.mark.parametrize("way", ["push", pytest.param("push_anew", marks=pytest.mark.study)])
    def test_puts_a_student_on_the_hub_in_one_commit(
        self, request: pytest.FixtureRequest, way: str, hub: Hub, study: Path, tmp_path: Path
    ) -> None:
        """Weights, card and forms: what is downloaded again answers as what was trained."""
        outcome = request.getfixturevalue(way)(
            study, "user/small", "--model", "tiny", "--seed", "1", "--private"
        )

        assert outcome.code == 0, outcome.err
        (repository,) = hub.repositories.values()
        assert repository.private
        assert len(repository.commits) == 1
        forms = [f"{form}/{name}" for form in ("onnx", "onnx-int8") for name in FORM]
        assert sorted(repository.files) == sorted([*MODEL, *forms])
        folder = repository.download(tmp_path / "downloaded")
        trained = choose(Store(study), "tiny", 1).folder
        for mine, theirs in (("", folder), ("onnx", folder / "onnx"),
                             ("onnx-int8", folder / "onnx-int8")):  # fmt: skip
            wanted = [each.label for each in package.load(trained / mine).predict(TEXTS)]
            assert [each.label for each in package.load(theirs).predict(TEXTS)] == wanted
        assert check_exported_form(folder / "onnx").runtime == "onnx"

    def test_says_what_goes_where_and_where_it_lies(
        self, push: Push, hub: Hub, student: Choice
    ) -> None:
        """A model's own folder will do; of the forms, those that are named."""
        outcome = push(student.folder, "user/small", "--runtime", "onnx-int8")

        assert outcome.code == 0, outcome.err
        repository = hub.repositories["user/small"]
        assert not repository.private
        assert {name.partition("/")[0] for name in repository.files} == {*MODEL, "onnx-int8"}
        assert "uploading tiny, seed 0, to user/small: 12 files" in outcome.err
        for name, content in repository.files.items():
            assert f"  {name}  {len(content) / 1e3:,.1f} kB" in outcome.out
        assert f"it lies at {hub.url}/user/small" in outcome.out

    def test_sends_the_token_as_authorization_to_the_hub_alone(
        self, push: Push, hub: Hub, study: Path
    ) -> None:
        hub.remark = f"no license, {TOKEN}"
        outcome = push(study, "user/small", "--model", "tiny", "--runtime", "torch")

        assert outcome.code == 0, outcome.err
        assert "no license, [token]" in outcome.err
        authorized = set()
        for method, path, headers in hub.asked:
            holding = [name for name, value in headers.items() if TOKEN in value]
            assert holding in ([], ["authorization"])
            assert TOKEN not in path
            authorized |= {(method, path)} if holding else set()
        assert ("POST", "/api/repos/create") in authorized
        assert ("POST", "/api/models/user/small/commit/main") in authorized
        assert {method for method, _ in authorized} == {"GET", "POST"}
        assert not [
            name for name, content in hub.repositories["user/small"].files.items()
            if TOKEN.encode() in content
        ]  # fmt: skip

    def test_sends_no_path_and_no_text(
        self, push: Push, hub: Hub, study: Path, tiny_encoder: Path, tiny_data: Path
    ) -> None:
        texts = [
            json.loads(line)["text"]
            for line in (tiny_data / "train.jsonl").read_text(encoding="utf-8").splitlines()
        ]

        assert push(study, "user/small", "--model", "tiny").code == 0

        for name, content in hub.repositories["user/small"].files.items():
            for path in (study.parent.parent, tiny_encoder.parent, Path.home()):
                assert str(path).encode() not in content, name
            assert not [text for text in texts if " " in text and text.encode() in content], name

    def test_has_a_card_that_the_hub_can_read(
        self, push: Push, hub: Hub, study: Path, tmp_path: Path
    ) -> None:
        assert push(study, "user/small", "--model", "tiny", "--runtime", "onnx").code == 0

        folder = hub.repositories["user/small"].download(tmp_path / "downloaded")
        card = ModelCard.load(folder / "README.md")
        record = Store(study).read(choose(Store(study), "tiny", 0).member.key)
        assert card.data.pipeline_tag == "text-classification"
        accuracy = card.data.eval_results[0]
        assert accuracy.metric_value == pytest.approx(record.quality["test"]["accuracy"], abs=1e-6)
        assert 'snapshot_download("user/small")' in card.text
        assert "onnx-int8" not in card.text
        assert "one seed of 2" in card.text

    def test_of_a_students_own_architecture_says_that_its_file_is_needed(
        self, push: Push, hub: Hub, study: Path, tmp_path: Path
    ) -> None:
        """The file itself is not known here any more, and stays with its author."""
        shutil.copytree(study, tmp_path / "runs" / "tiny")
        folder = choose(Store(tmp_path / "runs" / "tiny"), "tiny", 0).folder
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["student"] = "mine"
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")

        assert push(folder, "user/small", "--runtime", "torch").code == 0

        card = hub.repositories["user/small"].files["README.md"].decode()
        assert "does not come with kdzoo: the file of Python that defines it is needed" in card

    def test_takes_the_place_of_what_it_put_there_before(
        self, push: Push, hub: Hub, study: Path
    ) -> None:
        """Forms of an earlier student go; what others put there stays."""
        left = {"onnx/model.onnx": b"old", "onnx-int8/model.onnx": b"old", "LICENSE": b"mine"}
        hub.repositories["user/small"] = Repository(private=False, files=dict(left))

        assert push(study, "user/small", "--model", "tiny", "--runtime", "onnx").code == 0

        repository = hub.repositories["user/small"]
        assert len(repository.commits) == 1
        assert repository.files["LICENSE"] == b"mine"
        assert repository.files["onnx/model.onnx"] != b"old"
        assert not [name for name in repository.files if name.startswith("onnx-int8")]


class TestRefusal:
    """One message that says what is wrong and what to do; nothing is on the hub."""

    @pytest.mark.parametrize(
        ("token", "refusals", "words"),
        [
            (f"{TOKEN}\\ x", {}, ["is not one", "hf auth login"]),
            ("hf_other", {}, ["does not accept the token (401)", "hf auth login"]),
            (TOKEN, {"repos/create": (403, "no")}, ["may not write to user/small (403)"]),
            (TOKEN, {"/commit/": (403, "no")}, ["may not write to user/small (403)"]),
            (TOKEN, {"/objects/batch": (403, "no")}, ["may not write to user/small (403)"]),
            (TOKEN, {"/large/": (404, "no")}, ["refuses user/small (404)"]),
            (TOKEN, {"/commit/": (422, f"no\nroom, {TOKEN}")}, ["(422): no room, [token]"]),
        ],
    )
    def test_of_the_hub_is_told(
        self,
        push: Push,
        hub: Hub,
        study: Path,
        monkeypatch: pytest.MonkeyPatch,
        token: str,
        refusals: dict[str, tuple[int, str]],
        words: list[str],
    ) -> None:
        monkeypatch.setenv("HF_TOKEN", token)
        hub.refusals = refusals
        outcome = push(study, "user/small", "--model", "tiny", "--runtime", "torch")

        assert outcome.code == 2
        assert all(word in outcome.err for word in words), outcome.err
        assert not any(repository.files for repository in hub.repositories.values())

    @pytest.mark.study
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"HF_TOKEN": None}, ["no token", "hf auth login", "HF_TOKEN"]),
            pytest.param(
                {"HF_HUB_OFFLINE": "1"},
                ["is in reach", "nothing was uploaded", "HF_HUB_OFFLINE"],
                marks=pytest.mark.slow,
            ),
            pytest.param(
                {"HF_ENDPOINT": "http://127.0.0.1:9"},
                ["no hub at http://127.0.0.1:9 is in reach"],
                marks=pytest.mark.slow,
            ),
        ],
    )
    def test_of_what_is_lacking_here_is_told(
        self, push_anew: Push, hub: Hub, study: Path, changes: dict[str, Any], words: list[str]
    ) -> None:
        """No token, no network, nobody who answers: two lines, what was meant and what is wrong."""
        outcome = push_anew(study, "user/small", "--model", "tiny", **changes)

        assert outcome.code == 2
        assert all(word in outcome.err for word in words), outcome.err
        assert len(outcome.err.splitlines()) == 2
        assert not hub.repositories

    def test_of_a_repository_that_all_can_see(self, push: Push, hub: Hub, study: Path) -> None:
        """The hub leaves one that is there as it is: what is meant to be private would not be."""
        hub.repositories["user/small"] = Repository(private=False)
        outcome = push(study, "user/small", "--model", "tiny", "--private")

        assert outcome.code == 2
        assert "everybody can see it: nothing was uploaded" in outcome.err
        assert not hub.repositories["user/small"].files


class TestChoice:
    """What is refused before a hub is asked."""

    @pytest.mark.parametrize(
        ("name", "nearest"),
        [
            ("my model", "USER/my-model"),
            ("user/my model!", "user/my-model"),
            ("user/a--b", "user/a-b"),
            ("user/a.git", "user/a"),
            ("https://huggingface.co/user/name", "user/name"),
            ("user/name/tree/main", "user/name"),
            ("/", "USER/NAME"),
            ("small", "USER/small"),
            ("user/" + "x" * 97, "user/" + "x" * 96),
        ],
    )
    def test_of_a_name_that_cannot_be_gives_the_nearest(
        self, kdzoo: RunCommand, study: Path, name: str, nearest: str
    ) -> None:
        outcome = kdzoo("push", study, name, "--model", "tiny")

        assert outcome.code == 2
        assert outcome.err.strip().endswith(f"as in {nearest}")

    @given(st.text(max_size=120))
    def test_of_any_name_gives_one_that_can_be(self, name: str) -> None:
        try:
            check_name(name)
        except HubError as error:
            nearest = str(error).rpartition("as in ")[2]
            validate_repo_id(nearest)
            assert nearest.count("/") == 1

    @pytest.mark.parametrize(
        ("choice", "words"),
        [
            ({}, "choose one with --model NAME: tiny$"),
            ({"model": "tinny"}, "did you mean 'tiny'"),
            ({"model": "teacher"}, "'teacher' is the teacher of .*wanted is a student: tiny"),
            ({"model": "tiny", "seed": 7}, "not trained with seed 7; its seeds: 0, 1"),
            ({"model": "tiny", "runtimes": ["onnx", "sklearn", "pipeline"]}, "no token"),
        ],
    )
    def test_of_a_student_is_told(
        self, study: Path, monkeypatch: pytest.MonkeyPatch, choice: dict[str, Any], words: str
    ) -> None:
        monkeypatch.setattr("kdzoo.hub.repository.get_token", lambda: None)
        with pytest.raises((ModelError, HubError), match=words):
            package.push(study, "user/small", **choice)

    def test_of_a_form_is_told(self, study: Path, tmp_path: Path) -> None:
        """Unknown, never made, failed, damaged: before anything is uploaded."""
        shutil.copytree(study, tmp_path / "runs" / "tiny")
        store = Store(tmp_path / "runs" / "tiny")
        key = choose(store, "tiny", 0).member.key

        def push(runtime: str) -> None:
            package.push(store.root, "user/small", model="tiny", runtimes=[runtime])

        with pytest.raises(RegistryError, match="did you mean 'onnx'"):
            push("onx")
        with (store.form(key, "onnx") / "model.onnx").open("ab") as graph:
            graph.write(b"x")
        with pytest.raises(ModelError, match="is not the file that was exported"):
            push("onnx")
        form = store.read_form(key, "onnx")
        assert form is not None
        store.write_form(form.model_copy(update={"failure": "no such operator"}))
        with pytest.raises(ModelError, match=r"no form for onnx: no such operator; .*: onnx-int8"):
            push("onnx")
        shutil.rmtree(store.form(key, "onnx"))
        with pytest.raises(ModelError, match=r"not exported to onnx; its forms: onnx-int8"):
            push("onnx")

    def test_of_a_folder_is_told(self, study: Path, student: Choice, tmp_path: Path) -> None:
        store = Store(study)
        control = student.member.control_key
        assert control is not None
        (tmp_path / "empty").mkdir()

        for folder, words in (
            (tmp_path / "nowhere", "no such folder"),
            (tmp_path / "empty", "is no study, and no model of one"),
            (student.folder / "onnx", "is no study, and no model of one"),
            (store.finished(control), "but a control .*; its students: tiny"),
            (store.finished(str(student.member.teacher_key)), "but a teacher"),
        ):
            with pytest.raises(ModelError, match=words):
                package.push(folder, "user/small")
        with pytest.raises(ModelError, match="is no study"):
            package.push(student.folder, "user/small", model="tiny")

    def test_of_a_student_that_is_not_whole_is_told(self, study: Path, tmp_path: Path) -> None:
        shutil.copytree(study, tmp_path / "runs" / "tiny")
        folder = choose(Store(tmp_path / "runs" / "tiny"), "tiny", 0).folder
        (folder / "tokenizer.json").unlink()

        with pytest.raises(ModelError, match=r"not whole: it lacks tokenizer\.json"):
            package.push(folder, "user/small")


def test_from_python_returns_what_lies_where(
    study: Path, in_reach: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed = package.push(study, "user/small", model="tiny", runtimes=["torch"])

    assert pushed.url == f"{in_reach.url}/user/small"
    files = in_reach.repositories["user/small"].files
    assert pushed.files == {name: len(content) for name, content in files.items()}
    assert sorted(files) == sorted(MODEL)
    assert set(json.loads(files["config.json"])["label2id"]) == set(LABELS)
    assert capsys.readouterr().out == ""
