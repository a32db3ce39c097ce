"""The notebook beside the quickstart's recipes: whoever opens it sees every cell work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parent.parent / "recipes" / "quickstart.ipynb"
QUICK = {  # a teacher and a training of seconds, in place of the recipe's own
    "teacher.sha256": "null",
    "teacher.fallback": "null",
    "teacher.lower_layers": "[1]",
    "teacher.max_length": "24",
    "student.embeddings": "random",  # it is narrower than the students
    "training.steps": "20",
    "measure.runtimes": "[torch,onnx]",
    "measure.isolated": "false",
    "measure.rounds": "2",
}

nbformat = pytest.importorskip("nbformat")


@pytest.fixture(scope="module")
def notebook() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@contextmanager
def one_core() -> Iterator[None]:
    """Binds what is started in the block to a core: a study's steps are made where it was asked."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@pytest.fixture(scope="module")
def executed(
    notebook: Any, tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Any]:
    """The code cells with their outputs, run from the first to the last in an empty folder."""
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("onnxscript")
    folder = tmp_path_factory.mktemp("notebook")
    quick = {"teacher.model": str(tiny_encoder), **QUICK}
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = f"settings = {[f'{key}={value}' for key, value in quick.items()]}"
    with pytest.MonkeyPatch.context() as patch, one_core():
        patch.setenv("KDZOO_CACHE", str(folder / "cache"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "jupyter"))
        client.NotebookClient(
            copy, timeout=240, resources={"metadata": {"path": str(folder)}}
        ).execute()
    return [cell for cell in copy.cells if cell.cell_type == "code"]


def outputs(cells: list[Any], beginning: str, kind: str) -> str:
    """Returns what the cell that begins so has shown, of one kind."""
    (cell,) = (each for each in cells if each.source.startswith(beginning))
    texts = [
        output["data"][kind]
        for output in cell.outputs
        if "data" in output and kind in output["data"]
    ]
    streams = [output["text"] for output in cell.outputs if output["output_type"] == "stream"]
    return "".join(streams if kind == "stream" else texts)


class TestCommitted:
    def test_has_no_outputs(self, notebook: Any) -> None:
        """They would be somebody's figures of some day, in a file that nobody can review."""
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]

        assert len(code) >= 7
        assert not [cell for cell in code if cell.outputs or cell.execution_count is not None]

    def test_is_a_notebook_that_says_what_it_needs(self, notebook: Any) -> None:
        nbformat.validate(notebook)

        assert 'pip install "kdzoo[demo]"' in notebook.cells[0].source


@pytest.mark.study
def test_executed_shows_figures_pictures_and_the_readers_own_student(executed: list[Any]) -> None:
    """One test, for it takes a minute to execute, and processes of a suite do not share it."""
    for beginning, name in (("results =", "static"), ("own =", "averaging")):
        shown = outputs(executed, beginning, "text/html")
        assert f">{name}</td>" in shown
        assert "data:image/svg+xml;base64," in shown
    frame = outputs(executed, "frame =", "text/plain")
    assert {"accuracy", "latency_p50_ms", "size_bytes", "onnx", "torch", "pipeline"} <= set(
        frame.split()
    )
    assert len(outputs(executed, "student =", "stream").strip().splitlines()) == 3
    # the class in the notebook's file is trained, exported, timed and in the frame
    assert {"averaging", "static", "control", "student"} <= set(
        outputs(executed, "both =", "text/plain").split()
    )
    assert ">onnx</td>" in outputs(executed, "own =", "text/html")
