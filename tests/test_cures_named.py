"""Every message that says what to write has a case that writes it (``cures_of_*.py``)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from test_cures import CASES

import kdzoo

ROOT = Path(kdzoo.__file__).parent
CURE = re.compile(
    r"(?:[;:,.] |^|\bor (?:have |else )?|\band )"
    r"(?:add|annotate|call|choose|copy|deploy|divide|download|fill|give|have|keep|leave|lower|make"
    r"|mend|merge|name|pip install|put|quote|remove|rename|save|say|set|take|try|use|write) "
    r"|DID_YOU_MEAN| --[a-z][\w-]*\b|: \{\w|\bas in "
)
UNTRIED = {  # a part of the message: why no case writes its cure
    "shows no table with a vector for each word": "every model that was tried shows one",
    "does not say how many layers it has": "every encoder that was tried says it",
    "is at work there; wait": "needs another process; test_files has one",
    "name the folder of a study, as in kdzoo": "a call without one; test_api has it",
    "HF_HUB_OFFLINE unset": "needs a hub",
    "is for Linux and macOS": "needs another system",
    "its weights take {} GB": "needs a model of 2 GB",
    "GB, memory {} free; give a file": "needs a file as large as memory",
    "was written by a newer kdzoo": "needs a newer kdzoo",
    "was exported by a newer kdzoo": "needs a newer kdzoo",
    "of {} does not load": "needs another package",
    "are read by torchtext": "needs a package to be installed",
    "needs spaCy: pip install": "needs a package to be installed",
    "does not tag parts of speech": "needs a package to be installed",
    "the study runs without --track": "needs a tracker that fails; test_tracking has one",
    "the dataset '{}' has no column": "needs a hub",
    "no student is named": "Python alone can write it",
    "the plan has no such step": "Python alone can write it",
    "no study is named": "Python alone can write it",
    "is {}; write a list, as in": "Python alone can write it; test_api has some",
    "is {}; give {}{}": "Python alone can write it; test_api has some",
    "is the name of a file; give Path": "Python alone can give it; test_predict_files has one",
    "run its recipe again, without --no-test": "needs a study of which no test texts were read",
    "is no name as it stands": "Python alone can write it: a recipe's names are texts",
    "which is no text; give a str": "Python alone can give it; test_predict_files has one",
    "open it with its encoding": "Python alone can open it; test_predict_files has one",
    "static int8 needs calibration texts": "Python alone can ask for it",
    "this student shows none: give": "Python alone can ask for it: check tells of a table first",
    "put it into a file and give": "is refused in test_engines, its cure is not tried",
    "accelerate has started": "is refused in test_engines, its cure is not tried",
    "nothing answers there": "needs Ray to be installed; test_ray has one",
    "went away while latency was measured": "needs a machine that goes away",
    "no machine of the cluster has so many": "needs a cluster of Ray; test_ray has one",
    "out of reach for {} minutes": "needs a disk that is away",
    "was emptied while it was read": "needs another process; test_teacher_parts has one",
    "Ray does not let": "needs a cluster of Ray",
    "a folder that all machines share": "needs another machine; test_ray has one",
    "start Ray there with Python": "needs another machine",
    "a run adds {} to the cache": "needs another process",
    "needs optuna: pip install": "needs a package to be installed",
    "of a trial was given up": "needs a process that is killed; test_tune_workers has one",
    "no trial was finished": "needs a machine that is too slow",
    "holds a search with another": "needs two searches; test_tune has them",
    "which no file of texts has together": "needs two recipes; test_texts_command has them",
    "holds a search with other data": "needs data that change; test_tune has them",
    "classes are called '{}'": "needs a hub; test_data_hub has one",
    "holds no form of '": "needs a study of exported forms",
    "the number of cascades that it was": "Python alone can write it: the option is 1 or more",
    "too few for --max-loss": "needs the outcomes of a study of forms",
    "the card (--license": "is the title of problems that have cures of their own",
    "is a file; name a folder, as in": "Python alone gets it: commands look at the place before",
    "texts have several labels, or a label": "needs a study with several labels a text",
    "labels words, and a file of outputs": "is refused in test_tokens_study, not tried",
    "--csv --csv": "is the title of problems that have cures of their own",
}


def words_of(node: ast.AST) -> str:
    """Returns the words of an expression; what is filled in is ``{}``."""
    match node:
        case ast.Constant():
            return node.value if isinstance(node.value, str) else ""
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id="did_you_mean"))):
            return "DID_YOU_MEAN"
        case ast.Call(func=ast.Name(id="did_you_mean")):
            return "DID_YOU_MEAN"
        case ast.FormattedValue():
            return "{}"
    between = "" if isinstance(node, ast.JoinedStr) else " "
    return between.join(filter(None, map(words_of, ast.iter_child_nodes(node))))


def messages(file: Path) -> Iterator[str]:
    """Yields what each ``raise`` and each ``Problem`` of a file says, as far as it stands there."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        is_problem = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"
        if is_problem or (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
            yield words_of(node)


@cache
def cures() -> list[tuple[Path, str]]:
    """Returns the messages that say what to do, and the files that they stand in."""
    return [
        (file.relative_to(ROOT), said)
        for file in sorted(ROOT.rglob("*.py"))
        for said in messages(file)
        if CURE.search(said)
    ]


def test_every_cure_is_written_by_a_case_or_it_is_said_why_not() -> None:
    tried = [*(case.said for case in CASES.values()), *UNTRIED]

    untried = [f"{file}: {said}" for file, said in cures() if not any(t in said for t in tried)]

    assert len(cures()) > 150  # they are found
    assert untried == []


def test_what_has_no_case_is_there_and_has_none() -> None:
    for part in UNTRIED:
        written = [said for _, said in cures() if part in said]
        assert written, part
        assert not any(case.said in said for said in written for case in CASES.values()), part
