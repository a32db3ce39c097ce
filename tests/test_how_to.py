"""The how-tos, followed on tiny data: each command of a page works, one after the other.

The reader's data and models are tiny, and stand where the page's would; a page that names a recipe
of a hub's data gets a small one of the same name.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import tiny_reader
import yaml
from tiny_hub import MINILM
from tiny_reader import HOW_TO, Reader
from tiny_repositories import Hub, serving
from tiny_world import LABELS, RunCommand, own_registrations, put_on_hub

from kdzoo.api import run
from kdzoo.report.check import quality_part

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
ROOT = HOW_TO.parents[1]
Follow = Callable[..., Reader]


@pytest.fixture
def reader(
    kdzoo: RunCommand,
    tmp_path: Path,
    tiny_data: Path,
    tiny_encoder: Path,
    tiny_teacher: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Reader]:
    """Someone with an empty folder, and a hub at hand with MiniLM and a classifier."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    put_on_hub(cache, MINILM, tiny_encoder)
    put_on_hub(cache, "owner/name", tiny_teacher)
    tiny_reader.zoo(tmp_path, tiny_data, tiny_encoder)
    with own_registrations():
        yield Reader(kdzoo, tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_encoder: Path) -> Path:
    """The folder of a study of a CNN, in PyTorch and in int8."""
    folder = tmp_path_factory.mktemp("finished")
    tiny_reader.zoo(folder, tiny_data, tiny_encoder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDZOO_CACHE", str(folder / "cache"))
        runtimes = ["measure.runtimes=[torch,onnx-int8]"]
        recipe = folder / "zoo" / "quickstart" / "cnn.yaml"
        return run(str(recipe), overrides=runtimes, out=folder / "study").root


@pytest.fixture
def has_run(reader: Reader, finished: Path) -> Callable[[str], Path]:
    """Puts the finished study where a page has one."""

    def put(name: str) -> Path:
        return Path(shutil.copytree(finished, reader.folder / name))

    return put


def put_into_recipes(reader: Reader, text: str) -> None:
    """Has the section of a YAML block stand in each recipe of ``mine/`` in place of its own."""
    for path in sorted((reader.folder / "mine").glob("*.yaml")):
        recipe = yaml.safe_load(path.read_text("utf-8"))
        path.write_text(yaml.safe_dump({**recipe, **yaml.safe_load(text)}), encoding="utf-8")


OWN: Mapping[str, tuple[tiny_reader.World, Mapping[str, str]]] = {
    "replace-my-bert": (tiny_reader.texts, {}),
    "linear-head": (tiny_reader.texts, {}),
    "few-labels": (tiny_reader.texts, {}),
    "out-of-scope": (tiny_reader.texts, {}),
    "teacher-as-file": (tiny_reader.texts, {"set_alarm": LABELS[0], "play_music": LABELS[1]}),
    "sentence-pairs": (tiny_reader.pairs, {}),
    "several-labels": (tiny_reader.sets, {}),
    "label-words": (
        tiny_reader.sentences,
        {"dim: 384": "dim: 32", "--teacher my_ner_model/ ": ""},  # MiniLM, fine-tuned
    ),
    "search": (lambda _: None, {}),
}


@pytest.mark.parametrize("page", OWN)
def test_a_page_is_followed_from_its_first_command_to_its_last(reader: Reader, page: str) -> None:
    has, own = OWN[page]
    has(reader.folder)

    reader.follow(page, own, into_recipes=put_into_recipes)

    assert reader.done


def test_the_page_on_recipes(reader: Reader) -> None:
    """Of the shipped ones it needs the names alone."""
    reader.follow("recipes", {"--data FOLDER --set data.label=label": ""})


def test_the_page_on_adding_your_own(reader: Reader) -> None:
    """Its student and its augmenter in the recipe that it has one copy out."""
    page = (HOW_TO / "add-your-own.md").read_text("utf-8")
    name, student = re.findall(
        r"`(name: fasttext2)` .*`(student: \{kind: fasttext2, .*?\})`", page
    )[0]

    def copied(line: str) -> None:
        recipe = reader.folder / "my_recipe.yaml"
        if line.startswith("kdzoo new"):
            text = re.sub(r"student:\n( .*\n)+", f"{student}\n", recipe.read_text("utf-8"))
            text = re.sub(r"^name: .*", name, text, flags=re.MULTILINE)
            text = text.replace("dim: 100", "dim: 16")  # the teacher of the tests is 32 wide
            recipe.write_text(text, encoding="utf-8")

    reader.follow("add-your-own", {}, after=copied)


def test_the_page_on_many_machines(reader: Reader) -> None:
    """Slurm and Ray have tests of their own."""
    reader.follow("many-machines", {}, without="--engine ray|--label-parts")


def test_the_page_on_choosing_and_deploying(reader: Reader, has_run: Callable[[str], Path]) -> None:
    tiny_reader.texts(reader.folder)
    has_run("runs/quickstart")

    reader.follow("choose-and-deploy")


def test_the_page_on_cascades(reader: Reader, has_run: Callable[[str], Path]) -> None:
    """So few validation texts promise nothing; the share that it names instead does."""
    tiny_reader.texts(reader.folder)
    has_run("runs/clinc150")
    published = {"results/clinc150": str(ROOT / "results" / "clinc150"), "FILE": "queries.txt"}
    share = {"--model cnn --escalate-to teacher --max-loss 0.005":
             "--model cnn --escalate-to teacher --max-escalated 0.5"}  # fmt: skip

    exported = (*tiny_reader.FEW_STEPS, "--set", "measure.runtimes=[onnx]")  # a cascade is of forms
    reader.shorter = {**tiny_reader.SHORTER, "run": exported}

    reader.follow("cascade", published | share)


def test_the_page_on_measuring(reader: Reader, has_run: Callable[[str], Path]) -> None:
    tiny_reader.texts(reader.folder)
    has_run("runs/quickstart")
    reader.give("kdzoo export runs/quickstart --model cnn --out deployed/")

    reader.follow("measure")


def test_the_page_on_tables(reader: Reader, has_run: Callable[[str], Path]) -> None:
    for name in ("runs/quickstart", "runs/laptop", "results/server"):
        has_run(name)
    page = (HOW_TO / "tables-of-a-paper.md").read_text("utf-8")
    (block,) = re.findall(r"```markdown\n(.*?)```", page, re.DOTALL)

    def publish(line: str) -> None:
        if "--publish" in line:
            table = (reader.folder / "results/quickstart/table.md").read_text("utf-8")
            shown = re.sub(r"\(the table .*\)", lambda _: quality_part(table), block)
            (reader.folder / "README.md").write_text(shown, encoding="utf-8")

    reader.follow("tables-of-a-paper", {}, after=publish)


def test_the_page_on_publishing(
    reader: Reader, has_run: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies on the hub is what the last command then takes from there."""
    tiny_reader.texts(reader.folder)
    has_run("runs/quickstart")
    monkeypatch.setenv("HF_TOKEN", "hf_" + "Secret" * 5)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("kdzoo.hub.repository.hub_answers", lambda: True)
    with serving(Hub("hf_" + "Secret" * 5)) as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)

        def download(line: str) -> None:
            if line.startswith("kdzoo push"):
                (repository,) = hub.repositories.values()
                folder = repository.download(reader.folder / "downloaded")
                put_on_hub(reader.folder / "hub", "user/small-assistant", folder)
                monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

        reader.follow("publish-to-the-hub", {}, after=download)


def test_every_page_is_followed() -> None:
    """Whoever writes another one adds it here."""
    here = Path(__file__).read_text("utf-8")
    pages = {path.stem for path in HOW_TO.glob("*.md")} - {"index"}

    assert {page for page in pages if f'"{page}"' not in here} == set()
