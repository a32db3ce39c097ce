"""An exported folder deploys where there is neither torch nor transformers nor kdzoo."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from tiny_exports import TEXTS, export_to, save_student
from tiny_models import save_tiny_classifier

from kdzoo.runtime import load_classifier
from kdzoo.runtime.usage import INSTALLED as TOLD
from kdzoo.runtime.usage import cascade_readme, readme

pytestmark = pytest.mark.study

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = ("onnxruntime", "tokenizers", "numpy")
FORBIDDEN = ("torch", "transformers", "kdzoo", "onnx")

NOTHING = ("", "\x00", "\u200b", "\n")  # in which a tokenizer without special tokens finds none

# what a stranger adds to the snippet: a call for all texts at once, and one for each
CALL = """
import sys
texts = json.load(open("texts.json", encoding="utf-8"))
texts = [each if isinstance(each, str) else tuple(each) for each in texts]
print(json.dumps({
    "together": classify(texts),
    "alone": [classify([each])[0] for each in texts],
    "none": classify([]),
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""
HOOK = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FORBIDDEN!r}:
            raise ImportError(name + " is not here")
sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture(
    scope="module",
    params=[
        "bert",
        "cnn of pairs",
        "fasttext in int8",
        *(
            pytest.param(each, marks=pytest.mark.study)
            for each in ("bilstm", "bilstm in int8", "fasttext", "bert of pairs")
        ),
    ],
)
def folder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> Path:
    """An exported folder with texts in it, and beside it the labels that kdzoo gives them."""
    root = tmp_path_factory.mktemp("bare")
    texts: list[Any] = [*TEXTS, "rain " * 300, *NOTHING]
    kind, _, int8 = request.param.partition(" in ")
    kind, _, pairs = kind.partition(" of ")
    runtime = "onnx-int8" if int8 else "onnx"
    if pairs:
        texts = list(zip(texts, texts[1:] + texts[:1], strict=True))
    if kind == "bert":
        trained = save_tiny_classifier("bert", root / "trained", tiny_encoder, seed=3)
    else:
        head = 16 if pairs else 0
        trained = save_student(kind, root / "trained", tiny_encoder, pair_head=head)
    exported = export_to(trained, root / "exported", runtime)
    classifier = load_classifier(exported, runtime) if int8 else load_classifier(trained, "torch")
    labels = [classifier.labels[best] for best in classifier.logits(texts).argmax(1)]
    (exported / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    (root / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return exported


def snippet_of(folder: Path) -> str:
    """Returns the code in the folder's README, as it stands there."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    return str(code)


def answers(python: str, code: str, folder: Path) -> dict[str, Any]:
    """Runs code in the folder, in a process of its own, and returns what it printed."""
    done = subprocess.run(
        [python, "-I", "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wanted_labels(folder: Path) -> list[str]:
    labels: list[str] = json.loads((folder.parent / "labels.json").read_text(encoding="utf-8"))
    assert len(set(labels)) > 1
    return labels


class TestSnippet:
    def test_is_short_and_needs_three_packages(self, folder: Path) -> None:
        code = snippet_of(folder)

        assert len(code.strip().splitlines()) <= 22
        imports = re.findall(r"^(?:import|from) ([\w, ]+?)(?: as| import|$)", code, re.MULTILINE)
        assert set(", ".join(imports).split(", ")) == {"json", "os", "pathlib", *INSTALLED}
        readme = (folder / "README.md").read_text(encoding="utf-8")
        assert f"pip install {TOLD}" in readme

    def test_needs_no_newer_onnxruntime_than_is_told(self, folder: Path) -> None:
        """1.18 reads opset 20 and files of format 10; what is newer, older ones refuse."""
        graph = onnx.load(folder / "model.onnx")

        assert '"onnxruntime>=1.18"' in TOLD
        assert graph.ir_version <= 10
        assert all(
            each.version <= 20 for each in graph.opset_import if each.domain in ("", "ai.onnx")
        )

    def test_gives_the_labels_where_nothing_else_can_be_imported(self, folder: Path) -> None:
        """Ragged texts together, and each alone; none at all, and those without a token."""
        found = answers(sys.executable, HOOK + snippet_of(folder) + CALL, folder)

        assert found["together"] == found["alone"] == wanted_labels(folder)
        assert found["none"] == []
        assert not set(FORBIDDEN) & set(found["modules"])


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python of a virtual environment with nothing but what the README says."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = str(venv / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile"]
    install += ["--retries", "0", "--constraint", str(ROOT / "constraints.txt"), *INSTALLED]
    done = subprocess.run(install, capture_output=True, text=True, timeout=240)
    if "No matching distribution" in done.stderr or "No module named pip" in done.stderr:
        pytest.skip("no index of packages is in reach, or there is no pip")
    assert done.returncode == 0, done.stderr
    return python


@pytest.mark.study
class TestBareEnvironment:
    def test_holds_neither_torch_nor_kdzoo(self, bare_python: str) -> None:
        code = f"import importlib.util as u; print([n for n in {FORBIDDEN!r} if u.find_spec(n)])"
        done = subprocess.run(
            [bare_python, "-I", "-c", code], capture_output=True, text=True, check=True
        )

        assert done.stdout.strip() == "[]"

    def test_gives_the_labels_that_kdzoo_gives(self, bare_python: str, folder: Path) -> None:
        """The README's code, as it stands there, and a line that calls it."""
        found = answers(bare_python, snippet_of(folder) + CALL, folder)

        assert found["together"] == found["alone"] == wanted_labels(folder)


@pytest.mark.parametrize(
    ("reads_pairs", "asked", "speaks"),
    [
        (False, ['classify(["a text", "another"])', 'classify("a text")'], False),
        (True, ['classify([("first", "second")])', 'classify(("first", "second"))'], True),
        (None, ['classify(["a text", "another"])', 'classify("a text")'], True),
    ],
)
def test_a_readme_asks_with_pairs_where_the_model_reads_them(
    reads_pairs: bool | None, asked: list[str], speaks: bool
) -> None:
    told = (
        readme("onnx", ("a", "b"), reads_pairs=reads_pairs),
        cascade_readme(has_teacher=True, promise="All is well.", reads_pairs=reads_pairs),
    )

    for text, call in zip(told, asked, strict=True):
        assert f"`{call}` returns" in text
        assert ("pair" in text or '("first", "second")' in text) == speaks
