"""The words of tables, pages and pictures, each with what it means; the glossary shows them."""

from __future__ import annotations

GLOSSARY = "https://github.com/kdzoo/kdzoo/blob/main/docs/reference/glossary.md"
WORDS = {
    "teacher": "the classifier that is to be replaced: a model, an ensemble, a frozen encoder with "
    "a linear head, or a file of what it said",
    "student": "the small model that learns from the teacher; its kind is its architecture",
    "gold label": "the label that stands in the data",
    "hard labels": "the control: the same student, start and number of steps on gold labels alone; "
    "what distilling is compared with",
    "baseline": "the classical model: a linear SVM over TF-IDF; of words, over their shapes",
    "approach": "compression (the teacher's architecture made smaller) or change (another "
    "architecture); files and code call it road",
    "transfer set": "the texts that a student learns from: the data's own, unlabelled and "
    "augmented ones",
    "seed": "the number that chance begins with in a training; ± is the standard deviation over "
    "seeds",
    "gap closed": "(student − hard labels) / (teacher − hard labels), of accuracies: 0 % is as "
    "good as hard labels, 100 % as good as the teacher",
    "unclear": "in place of a closed gap: no measurable difference between student and hard labels",
    "verdict": "what may be said of a difference once chance is counted: of this model against the "
    "teacher, of this recipe against hard labels, of a variant against its recipe",
    "as good as": "the whole 95 % interval of the difference lies within a point",
    "point": "a hundredth of accuracy: from 85 % to 86 %",
    "95 % interval": "the values that fit what was measured; a short one is a sure figure",
    "agreement": "share of texts that get the teacher's answer",
    "out of scope": "a text that belongs to none of the classes; recall: share of such texts that "
    "are recognised",
    "as decided": "with the out-of-scope threshold, which was fitted on validation, in place of "
    "the most probable label alone",
    "cascade": "a student that answers where it is sure and asks its teacher elsewhere; escalated: "
    "the share of the texts that the teacher answers",
    "as deployed": "measured with the very files that would be deployed",
    "runtime": "what runs a model: torch, onnx, onnx-int8 (weights in 8 bits), pipeline (of "
    "transformers), sklearn",
    "form": "a trained model as a runtime reads it; an exported form has files of its own",
    "p50, p90, p99": "the latency that half, 90 % and 99 % of the calls stay below",
    "NOISY": "times of the same work varied too much while this was measured: other work ran on "
    "the machine; accuracy does not depend on that",
    "(!)": "an exported form that does not answer like PyTorch; what differs is said "
    "below the table",
    "front": "models that no other beats in both of two figures",
    "cold start": "time from the start of a process to its first answer",
    "expected calibration error": "how far probabilities are from the share that is right, on "
    "average; 0 is perfect",
    "temperature": "the number that logits are divided by, so that probabilities can be believed",
}


def glossary() -> str:
    """Returns the words as a table in Markdown."""
    lines = ["| word | what it is |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {word} | {meaning} |" for word, meaning in WORDS.items())])
