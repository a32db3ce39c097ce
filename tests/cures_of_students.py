"""Mistakes in students, and in the files that bring them."""

from __future__ import annotations

from tiny_cures import CHECK, PAIRS, SHARES, Case, command, key, refiled, removed, rewritten

OWN = '''
import torch
from torch import nn

from kdzoo import register_student


@register_student("own", road="change")
class Own(nn.Module):
    """The mean of words."""

    def __init__(self, vocab_size: int, num_labels: int, *, dim: int = 16) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.hidden_size = dim
        self.head = nn.Linear(dim, num_labels)

    def encode(self, input_ids, attention_mask):
        mask = attention_mask.unsqueeze(-1)
        return (self.embedding(input_ids) * mask).sum(1) / mask.sum(1).clamp(min=1)

    def forward(self, input_ids, attention_mask):
        return self.head(self.encode(input_ids, attention_mask))
'''
NORMED = OWN.replace(
    "nn.Linear(dim, num_labels)", ("nn.Sequential(nn.BatchNorm1d(dim), nn.Linear(dim, num_labels))")
)
HIDDEN = OWN.replace("self.embedding", "self.words")  # its table is not shown
BEHIND = OWN.replace(
    "self.head = ", "self.behind = nn.Linear(dim, dim)\n        self.head = "
).replace("self.head(self.encode(", "self.head(self.behind(self.encode(").replace(
    "attention_mask))\n'''", "attention_mask)))\n'''"
)  # fmt: skip
BEHIND = BEHIND[: BEHIND.rindex("\n")] + ")\n"


def with_more(line: str, encoded: str = "") -> str:
    """Returns the student with a line more in its constructor, and in ``encode``."""
    head, end = "self.head = nn.Linear(dim, num_labels)", "        mask = "
    return OWN.replace(head, f"{head}\n        {line}").replace(end, f"        {encoded}\n{end}")


RETURN = "return self.head(self.encode(input_ids, attention_mask))"
IN_PLACE = f"x = {RETURN[7:]}.sigmoid(); x += 1; return x"
BUFFER = "self.register_buffer('scale', torch.ones(dim))"
# what a student must not do: what is said, the cure, the wrong file and the right one
BROKEN = {
    "a weight under two names": (
        "are one weight under two names", "keep it under one of them",
        with_more("self.words = self.embedding"), OWN),
    "layers in a list": (
        "holds layers that torch does not know", "keep them with nn.ModuleList",
        with_more("self.more = [nn.Linear(dim, dim)]"),
        with_more("self.more = nn.ModuleList([nn.Linear(dim, dim)])")),
    "layers in a dictionary": (
        "holds layers that torch does not know", "or nn.ModuleDict",
        with_more("self.more = {'a': (nn.Linear(dim, dim),)}"),
        with_more("self.more = nn.ModuleDict({'a': nn.Linear(dim, dim)})")),
    "a tensor": (
        "holds a tensor that torch does not know", "keep it with self.register_buffer",
        with_more("self.scale = torch.ones(dim)"), with_more(BUFFER)),
    "a tensor that is to be learnt": (
        "holds a tensor that torch does not know", "or as an nn.Parameter",
        with_more("self.scale = torch.ones(dim)"),
        with_more("self.scale = nn.Parameter(torch.ones(dim))")),
    "a buffer that is not saved": (
        "is a buffer that is not saved", "register it without persistent=False",
        with_more(BUFFER.replace("dim))", "dim), persistent=False)")), with_more(BUFFER)),
    "a layer without a size": (
        "has no size before the first text", "give the layer its sizes",
        with_more("self.more = nn.LazyLinear(dim)"), with_more("self.more = nn.Linear(dim, dim)")),
    "a layer that comes later": (
        "makes weights while it reads", "make its layers in __init__",
        with_more("", "self.more = nn.Linear(2, 2)"), with_more("self.more = nn.Linear(2, 2)")),
    "a number that is drawn": (
        "answers otherwise after it was saved and loaded", "keep it with self.register_buffer",
        with_more("self.bias = __import__('random').random()").replace(
            "return self.head(", "return self.bias + self.head("),
        with_more("self.register_buffer('bias', torch.rand(()))").replace(
            "return self.head(", "return self.bias + self.head(")),
    "a number of a tensor": (
        "cannot be saved and loaded again", "have it do without",
        with_more("self.half = torch.tensor(0.5).item()"), with_more("self.half = 0.5")),
    "no gradient": (
        "no gradient flows from its logits", "remove detach()",
        OWN.replace(RETURN, f"{RETURN}.detach()"), OWN),
    "a change in place": (
        "modified by an inplace operation", "write x = x + y for x += y",
        OWN.replace(RETURN, IN_PLACE), OWN.replace(RETURN, IN_PLACE.replace("+= 1", "= x + 1"))),
    "a window that is wider than a text": (
        "fails on texts of one token", "padding=width // 2",
        with_more("self.more = nn.Conv1d(dim, dim, 3)", (
            "self.more(self.embedding(input_ids).transpose(1, 2))")),
        with_more("self.more = nn.Conv1d(dim, dim, 3, padding=3 // 2)", (
            "self.more(self.embedding(input_ids).transpose(1, 2))"))),
}  # fmt: skip
LIST = "list students --students own.py"
WITH_OWN = "check mine.yaml --students own.py"
PAIRED = {"data": {"files": "rows.csv", "oos_label": None, "text_pair": "second", "split": SHARES},
          "student": {"kind": "own"}}  # fmt: skip
PAIRS_CSV = {"rows.csv": f"text,second,label\n{PAIRS}"}

CASES: dict[str, Case] = {
    "vectors that are too narrow": Case(
        CHECK, "the student's embedding table", key("student.dim"),
        {"student": {"kind": "fasttext", "dim": 400, "embeddings": "teacher"}},
    ),
    "a student that does not fit": Case(
        CHECK, "of memory are free", rewritten("give it smaller widths", student={"dim": 16}),
        {"student": {"kind": "fasttext", "dim": 10**9}},
    ),
    "layers by number": Case(
        CHECK, "are not all among", rewritten("name those", student={
            "kind": "bert", "layers": [0, 1]}),
        {"student": {"kind": "bert", "layers": [7]}},
    ),
    "whole words of the teacher's": Case(
        CHECK, "reads the teacher's pieces", key("student.text"),
        {"student": {"kind": "distilbert", "text": "words"}},
    ),
    # one's own
    "a table that is not shown": Case(
        WITH_OWN, "has no attribute `embedding`", key("student.embeddings"),
        {"student": {"kind": "own", "embeddings": "teacher"}}, {"own.py": HIDDEN},
    ),
    "a table that is added": Case(
        WITH_OWN, "has no attribute `embedding`", refiled("add one", {"own.py": OWN}),
        {"student": {"kind": "own", "embeddings": "teacher"}}, {"own.py": HIDDEN}, quick=True,
    ),
    "a rate of a table that is not shown": Case(
        WITH_OWN, "has no attribute `embedding`", removed("training.embedding_rate"),
        {"student": {"kind": "own"}, "training": {"embedding_rate": 0}}, {"own.py": HIDDEN},
    ),
    "layers behind the encoding": Case(
        WITH_OWN, "has layers that encode does not reach", refiled("`head`", {
            "own.py": BEHIND.replace("self.head(self.behind(", "self.head((").replace(
                "self.behind = nn.Linear(dim, dim)\n        self.head = nn.Linear(dim, num_labels)",
                "self.head = nn.Sequential(nn.Linear(dim, dim), nn.Linear(dim, num_labels))")}),
        PAIRED, {**PAIRS_CSV, "own.py": BEHIND},
    ),
    "single texts alone": Case(
        WITH_OWN, "reads single texts; to read pairs", refiled("give it a method encode", {
            "own.py": OWN}), PAIRED, {**PAIRS_CSV, "own.py": OWN.replace("encode(", "read(")},
    ),
    **{
        f"no encoding to compare: {cure}": Case(
            CHECK, "shows no encoding for objective.hidden", change,
            {"student": {"kind": "distilbert"}, "objective": {"hidden": 1.0}},
        )
        for cure, change in (
            ("without", removed("objective.hidden")),
            ("another", rewritten("student.kind: bilstm", student={"kind": "bilstm", "dim": 16})),
        )
    },
    "no encoding of one's own": Case(
        WITH_OWN, "shows no encoding for objective.hidden", refiled("give it a method encode", {
            "own.py": OWN}),
        {"student": {"kind": "own"}, "objective": {"hidden": 1.0}},
        {"own.py": OWN.replace("encode(", "read(")},
    ),
    "an encoding that is not asked for": Case(
        WITH_OWN, "and objective.hidden compares what it gives", refiled("mend it", {
            "own.py": OWN}),
        {"student": {"kind": "own"}, "objective": {"hidden": 1.0}},
        {"own.py": OWN.replace("self.head(self.encode(input_ids, attention_mask))", (
            "self.head(self.embedding(input_ids).mean(1))"))},
    ),
    "an encoding of another shape": Case(
        WITH_OWN, "for 2 texts, wanted [2, 16], and objective.hidden", removed("objective.hidden"),
        {"student": {"kind": "own"}, "objective": {"hidden": 1.0}},
        {"own.py": OWN.replace("self.hidden_size = dim", "self.hidden_size = 16").replace(
            "num_labels: int, *, dim: int = 16", "num_labels: int, *, dim: int = 8")},
    ),
    "a layer that needs several texts": Case(
        WITH_OWN, "fails while it trains on one text", refiled("put LayerNorm in their place", {
            "own.py": NORMED.replace("BatchNorm1d", "LayerNorm")}),
        {"student": {"kind": "own"}}, {"own.py": NORMED}, quick=True,
    ),
    **{
        name: Case(WITH_OWN, said, refiled(cure, {"own.py": right}),
                   {"student": {"kind": "own"}}, {"own.py": wrong})
        for name, (said, cure, wrong, right) in BROKEN.items()
    },
    "no Python": Case("list students --students own.txt", "is not a Python file",
                      command("give a .py file", "list students --students own.py"),
                      files={"own.txt": OWN, "own.py": OWN}, quick=True),
    "code beside its file": Case(
        LIST, "layers.py lies beside it", refiled("put its code into own.py", {"own.py": OWN}),
        files={"own.py": f"from layers import WIDTH\n{OWN}", "layers.py": "WIDTH = 3\n"},
        quick=True,
    ),
    "registered twice": Case(LIST, "is registered twice", refiled("rename one of them", {
        "own.py": OWN}), files={"own.py": OWN.replace('"own"', '"fasttext"')}),
    "a name of no file": Case(LIST, "a name has letters from a to z", refiled("write one", {
        "own.py": OWN}), files={"own.py": OWN.replace('"own"', '"a/b"')}, quick=True),
    "an option without a type": Case(
        WITH_OWN, "has no type", refiled("annotate it, as in `dim: int = 64`", {"own.py": OWN}),
        {"student": {"kind": "own"}}, {"own.py": OWN.replace("dim: int = 16", "dim=16")},
        quick=True,
    ),
    "an option's name": Case(
        WITH_OWN, "cannot have an option called", refiled("rename the parameter", {"own.py": OWN}),
        {"student": {"kind": "own"}}, {"own.py": OWN.replace("dim: int", "text: int").replace(
            "dim", "text")},
    ),
    "an option's type": Case(
        WITH_OWN, "has a type that a recipe cannot write", refiled("use numbers, texts", {
            "own.py": OWN}),
        {"student": {"kind": "own"}}, {"own.py": OWN.replace("dim: int = 16", (
            "dim: int = 16, generator: torch.Generator | None = None"))},
    ),
    "a tokenizer of no model": Case(
        WITH_OWN, "is no option that names a model", refiled("annotate one, as in", {
            "own.py": OWN}),
        {"student": {"kind": "own"}}, {"own.py": OWN.replace(
            'road="change"', 'road="change", tokenizer_of="dim"')},
    ),
}  # fmt: skip
