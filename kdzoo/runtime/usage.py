"""How to use an exported folder without kdzoo."""

from __future__ import annotations

from kdzoo.data.sentences import WORD
from kdzoo.runtime.decision import Decision
from kdzoo.task import SINGLE_LABEL, Task

# that reads what is exported: opset 20, and a format of files that older ones refuse
INSTALLED = '"onnxruntime>=1.18" tokenizers numpy'
SNIPPET = """\
import json, os, pathlib
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else onnxruntime looks up a host
import numpy as np
import onnxruntime
from tokenizers import Tokenizer
def read(name):
    return json.loads(pathlib.Path(name).read_text("utf-8"))
about, labels = read("export.json"), read("labels.json")
tokenizer = Tokenizer.from_file("tokenizer.json")  # cuts as the model wants it
tokenizer.encode_special_tokens = about.get("splits_special_tokens", False)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options)
names = [node.name for node in session.get_inputs()]
def label(text):
    row = tokenizer.encode_batch([text])[0]
    ids = row.ids or [about["pad_id"]]  # where the tokenizer finds nothing
    fed = dict(input_ids=ids, attention_mask=[1] * len(ids), token_type_ids=row.type_ids or [0])
    fed = {name: np.array([fed[name]], dtype=np.int64) for name in names}
    return labels[session.run(["logits"], fed)[0].argmax()]
def classify(texts):
    return [label(text) for text in texts]  # one at a time: an answer depends on its text alone
"""
_PAIR = '("first", "second")'
_REJECTING = """choose(session.run(["logits"], fed)[0][0].astype(np.float64), reject)
rule = read("decision.json")
def choose(logits, reject):
    if not reject or rule["oos_threshold"] is None:
        return labels[logits.argmax()]
    oos, p = labels.index(rule["oos_label"]), np.exp(logits - logits.max())
    p /= p.sum()
    others, rest = logits.copy(), p.copy()
    others[oos], rest[oos] = -np.inf, 0
    score = {
        "oos_probability": p[oos],
        "odds": logits[oos] - others.max(),
        "max_in_scope": 1 - rest.max(),
        "margin": 1 - np.diff(np.sort(rest)[-2:])[0],
        "energy": -others.max() - np.log(np.exp(others - others.max()).sum()),
    }[rule["oos_score"]]
    return labels[oos if score >= rule["oos_threshold"] else others.argmax()]"""
_ONE = 'labels[session.run(["logits"], fed)[0].argmax()]'
_SEVERAL = """choose(session.run(["logits"], fed)[0][0].astype(np.float64))
fitted = read("decision.json") if pathlib.Path("decision.json").exists() else {}
least = fitted.get("thresholds") or dict.fromkeys(labels, 0.5)
def choose(logits):
    probabilities = (1 + np.tanh(logits / 2)) / 2  # the sigmoid
    return [name for name, p in zip(labels, probabilities) if p >= least[name]]"""

_WORDS = """\
import json, os, pathlib
from bisect import bisect_right
from itertools import accumulate
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else onnxruntime looks up a host
import numpy as np
import onnxruntime
from tokenizers import Regex, Tokenizer
from tokenizers.pre_tokenizers import Split
def read(name):
    return json.loads(pathlib.Path(name).read_text("utf-8"))
about, labels = read("export.json"), read("labels.json")
order = sorted(range(len(labels)), key=lambda i: (labels[i] != "O", labels[i][2:], labels[i]))
tokenizer = Tokenizer.from_file("tokenizer.json")  # cuts as the model wants it
tokenizer.encode_special_tokens = about.get("splits_special_tokens", False)
WORD = {word}
words_of = Split(Regex(WORD), "removed", invert=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options)
names = [node.name for node in session.get_inputs()]
def scores(words):  # of each tag for each word: those of its first piece
    sentence = " ".join(words)
    starts = list(accumulate((len(word) + 1 for word in words[:-1]), initial=0))
    row = tokenizer.encode_batch([sentence])[0]
    ids = row.ids or [about["pad_id"]]
    fed = dict(input_ids=ids, attention_mask=[1] * len(ids), token_type_ids=row.type_ids or [0])
    fed = {{name: np.array([fed[name]], dtype=np.int64) for name in names}}
    logits = session.run(["logits"], fed)[0][0][:, order].astype(np.float64)
    found, read = np.zeros((len(words), len(labels))), set()
    for place, (start, end) in enumerate(row.offsets):
        word = bisect_right(starts, end - 1) - 1
        if end > start and sentence[end - 1] != " " and word not in read:
            found[word] = logits[place]
            read.add(word)
    return found
def best(found):  # the best tags of which I- stands behind its own kind alone
    total, before = np.full(len(labels), -np.inf), []
    total[0] = 0.0
    for row in found:
        begin, inside = total[1::2], total[2::2]
        reached, last = np.full(len(labels), total.max()), np.full(len(labels), total.argmax())
        reached[2::2] = np.maximum(begin, inside)
        last[2::2] = np.arange(1, len(labels), 2) + (inside > begin)
        total = reached + row
        before.append(last)
    tags = [int(total.argmax())]
    for last in reversed(before[1:]):
        tags.append(int(last[tags[-1]]))
    return tags[::-1]
def entities(text):
    pieces, found = words_of.pre_tokenize_str(text), []
    tags = best(scores([word for word, _ in pieces])) if pieces else []
    for tag, (_, (start, end)) in zip(tags, pieces):
        name = labels[order[tag]]
        if name.startswith("B-"):
            found.append([start, end, name[2:]])
        elif name != "O":
            found[-1][1] = end
    return [tuple(entity) for entity in found]
def classify(texts):
    return [entities(text) for text in texts]  # one at a time: an answer depends on its text alone
"""

CASCADE_SNIPPET = """\
import json, os, pathlib
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else onnxruntime looks up a host
import numpy as np
import onnxruntime
from tokenizers import Tokenizer
def read(*names):
    return json.loads(pathlib.Path(*names).read_text("utf-8"))
class Model:
    def __init__(self, folder):
        self.about, self.labels = read(folder, "export.json"), read(folder, "labels.json")
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.encode_special_tokens = self.about.get("splits_special_tokens", False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options)
        self.names = [node.name for node in self.session.get_inputs()]
    def logits(self, text):
        row = self.tokenizer.encode_batch([text])[0]
        ids = row.ids or [self.about["pad_id"]]  # where the tokenizer finds nothing
        fed = dict(input_ids=ids, attention_mask=[1] * len(ids), token_type_ids=row.type_ids or [0])
        fed = {name: np.array([fed[name]], dtype=np.int64) for name in self.names}
        return self.session.run(["logits"], fed)[0][0]
rule, student = read("cascade.json"), Model("student")
teacher = Model("teacher") if rule["has_teacher"] else None
def sureness(logits):  # how sure the student is
    scaled = logits.astype(np.float64) / rule["temperature"]
    energy = scaled.max() + np.log(np.exp(scaled - scaled.max()).sum())
    shares = np.exp(scaled - energy)
    if rule["score"] == "energy":
        return energy
    if rule["score"] == "in_scope" and rule["oos_label"] is not None:
        shares = np.delete(shares, student.labels.index(rule["oos_label"]))
    ordered = np.sort(shares)
    return ordered[-1] - (ordered[-2] if rule["score"] == "margin" else 0)
def classify(text):
    logits = student.logits(text)
    if rule["threshold"] is not None and sureness(logits) >= rule["threshold"]:
        return student.labels[logits.argmax()], "student"
    if teacher is None:
        return student.labels[logits.argmax()], "send it on"
    return teacher.labels[teacher.logits(text).argmax()], "teacher"
"""


def cascade_readme(*, has_teacher: bool, promise: str, reads_pairs: bool | None) -> str:
    """Returns how to use the folder of a cascade without kdzoo.

    Args:
        has_teacher: whether the teacher's graph lies there.
        promise: what was promised of it, in words.
        reads_pairs: whether its models read pairs of texts; None if nobody knows.
    """
    where = (
        "`teacher/` answers the texts of which `student/` is not sure"
        if has_teacher
        else "The teacher is elsewhere: texts that come back with `send it on` are for it, and "
        "their label is the student's best guess"
    )
    text = _PAIR if reads_pairs else '"a text"'
    return f"""# A student, and the teacher that it asks

{where}. {promise}

`pip install {INSTALLED}`, then, in this folder:

```python
{CASCADE_SNIPPET}```

`classify({text})` returns its label and who gave it{_or_pair(reads_pairs)}.
`cascade.json` says when the teacher is asked: where the score of the
student's logits, divided by `temperature`, is below `threshold`.
"""


def snippet_of(task: Task, decision: Decision | None = None) -> str:
    """Returns code that asks an exported folder: ``classify`` gives a label a text, or a list.

    Args:
        task: of the model.
        decision: what lies beside it; with a threshold of it, ``classify`` can reject texts.
    """
    if task.by_word:
        return _WORDS.format(word=ascii(WORD))
    if task != SINGLE_LABEL:
        return SNIPPET.replace(_ONE, _SEVERAL)
    if not _rejects(decision):
        return SNIPPET
    asked = SNIPPET.replace(_ONE, _REJECTING).replace("label(text)", "label(text, reject)")
    return asked.replace("classify(texts)", "classify(texts, reject=False)")


def _rejects(decision: Decision | None) -> bool:
    return decision is not None and decision.oos_threshold is not None


def readme(
    runtime: str,
    labels: tuple[str, ...],
    decision: Decision | None = None,
    task: Task = SINGLE_LABEL,
    *,
    reads_pairs: bool | None = None,
) -> str:
    """Returns how to use an exported folder without kdzoo.

    Args:
        runtime: that runs it.
        labels: names of its classes.
        decision: what lies beside it of how its logits become an answer.
        task: whether a text gets one label, or any number of them.
        reads_pairs: whether the model reads pairs of texts; None if nobody knows.
    """
    noun, returned = "classes", "their labels"
    if task.by_word:
        noun = "tags of words"
        returned = (
            "a list of entities for each: the first character, the one behind the last, the type"
        )
    elif task != SINGLE_LABEL:
        noun, returned = "labels", "a list of labels for each, which may be empty"
    return f"""# A text classifier with {len(labels)} {noun}, for {runtime}

`pip install {INSTALLED}`, then, in this folder:

```python
{snippet_of(task, decision)}```

{_asked(task, returned, reads_pairs)}

{_decision_note(decision)}`export.json` says what the model is and holds the digests of the files.
"""


def _asked(task: Task, returned: str, reads_pairs: bool | None) -> str:
    if task.by_word:
        return (
            f'`classify(["a text", "another"])` returns {returned}. `logits` are [1, pieces, '
            "tags], in the order of\n`labels.json`; a word has those of its first piece. Words "
            "stand with one space between."
        )
    texts = f"[{_PAIR}]" if reads_pairs else '["a text", "another"]'
    return (
        f"`classify({texts})` returns {returned}{_or_pair(reads_pairs)}.\n"
        "`logits` are [1, classes], in the order of `labels.json`."
    )


def _or_pair(reads_pairs: bool | None) -> str:
    """Returns what to say of pairs, where nobody knows whether a model reads them."""
    return f"; in the place of a text may stand a pair: `{_PAIR}`" if reads_pairs is None else ""


def _decision_note(decision: Decision | None) -> str:
    if decision is None:
        return ""
    if decision.thresholds is not None:
        return (
            "`decision.json` was fitted on validation: the `thresholds` of the labels' "
            "probabilities, the sigmoids of logits, for the best F1; the sigmoids of logits / "
            "`temperature` are as high as the model is right.\n\n"
        )
    rejects = (
        ""
        if decision.oos_threshold is None
        else ". `classify(..., reject=True)` calls a text out of scope (`oos_label`) where its "
        "`oos_score`, of the logits as they are, is at least `oos_threshold`, and gives it the "
        "best of the other labels elsewhere: accuracy *as decided* is of these answers"
    )
    return (
        "`decision.json` was fitted on validation: the softmax of logits / `temperature` gives "
        f"probabilities that are as high as the model is right{rejects}.\n\n"
    )
