"""How to use an exported folder without kdzoo."""

from __future__ import annotations

from kdzoo.runtime.decision import Decision

SNIPPET = """\
import json
import numpy as np
import onnxruntime
from tokenizers import Tokenizer
labels = json.load(open("labels.json", encoding="utf-8"))
tokenizer = Tokenizer.from_file("tokenizer.json")  # cuts and pads as the model wants it
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options)
inputs = session.get_inputs()
fields = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
def classify(texts):
    rows = tokenizer.encode_batch(texts)
    fed = {i.name: np.array([getattr(r, fields[i.name]) for r in rows]) for i in inputs}
    return [labels[best] for best in session.run(["logits"], fed)[0].argmax(1)]
"""


def readme(runtime: str, labels: tuple[str, ...], decision: Decision | None = None) -> str:
    """Returns how to use an exported folder without kdzoo.

    Args:
        runtime: that runs it.
        labels: names of its classes.
        decision: what lies beside it of how its logits become an answer.
    """
    return f"""# A text classifier with {len(labels)} classes, for {runtime}

`pip install onnxruntime tokenizers numpy`, then, in this folder:

```python
{SNIPPET}```

`classify(["a text", "another"])` returns their labels. `logits` are [texts, classes], in the order
of `labels.json`; pairs of texts are given as `("first", "second")`. Texts must not be empty.

{_told(decision)}`export.json` says what the model is and holds the digests of the files.
"""


def _told(decision: Decision | None) -> str:
    if decision is None:
        return ""
    rejects = (
        ""
        if decision.oos_threshold is None
        else "; a text is best called out of scope (`oos_label`) where the probability of that "
        "label, of the logits as they are, is at least `oos_threshold`"
    )
    return (
        "`decision.json` was fitted on validation: the softmax of logits / `temperature` gives "
        f"probabilities that are as high as the model is right{rejects}.\n\n"
    )
