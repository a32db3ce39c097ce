"""An exported folder deploys where there is neither torch nor transformers nor kdzoo."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from tiny_exports import TEXTS, export_to, save_student
from tiny_models import save_tiny_classifier

from kdzoo.api import predict
from kdzoo.runtime import load_classifier
from kdzoo.runtime.decision import SCORES, Decision, ScoreName
from kdzoo.runtime.rejection import decided, oos_scores
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
    return snippet_in((folder / "README.md").read_text(encoding="utf-8"))


def snippet_in(text: str) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
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


class TestRejection:
    """Where a threshold lies beside the model, the README's code decides by it as kdzoo does."""

    @pytest.mark.parametrize("classes", [2, 3, 9])
    @pytest.mark.parametrize("score", SCORES)
    def test_gives_the_labels_that_kdzoo_decides(self, score: ScoreName, classes: int) -> None:
        rng = np.random.default_rng(classes)
        logits, oos = rng.normal(scale=3, size=(300, classes)), classes - 1
        labels = [f"label {number}" for number in range(classes)]
        scores = oos_scores(score, logits, oos)
        threshold = float(np.sort(scores)[149:151].mean())
        decision = Decision(temperature=1.3, oos_label=labels[oos], oos_score=score,
                            oos_threshold=threshold)  # fmt: skip
        code = snippet_in(readme("onnx", tuple(labels), decision))
        _, _, choosing = code.partition('rule = read("decision.json")')
        own: dict[str, Any] = {"np": np, "labels": labels, "rule": json.loads(
            decision.model_dump_json())}  # fmt: skip
        exec(choosing.partition("def classify")[0], own)  # noqa: S102 - kdzoo's own

        found = [own["choose"](row, True) for row in logits]

        assert found == [labels[best] for best in decided(logits, scores >= threshold, oos)]
        assert {labels[oos]} < set(found)
        assert [own["choose"](row, False) for row in logits] == [
            labels[best] for best in logits.argmax(1)
        ]

    def test_is_there_where_a_threshold_lies_beside_the_model(
        self, tmp_path: Path, tiny_encoder: Path
    ) -> None:
        """As `kdzoo predict --reject` answers."""
        trained = save_student("cnn", tmp_path / "trained", tiny_encoder)
        classifier = load_classifier(trained, "torch")
        logits, oos = classifier.logits(TEXTS), len(classifier.labels) - 1
        scores = oos_scores("odds", logits, oos)
        decision = Decision(temperature=1.0, oos_label=classifier.labels[oos], oos_score="odds",
                            oos_threshold=float(np.median(scores)))  # fmt: skip
        (trained / "decision.json").write_text(decision.model_dump_json(), encoding="utf-8")
        exported = export_to(trained, tmp_path / "exported", "onnx")
        call = f"\nprint(json.dumps(classify({TEXTS!r}, reject=True)))"

        found = answers(sys.executable, HOOK + snippet_of(exported) + call, exported)

        kdzoos = predict(exported, TEXTS, reject=True)
        assert found == [answer.label for answer in kdzoos]
        assert classifier.labels[oos] in found


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
