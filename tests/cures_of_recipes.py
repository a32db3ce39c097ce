"""Mistakes in recipes."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from tiny_cures import (
    CHECK,
    CSV,
    SHARES,
    Case,
    another_word,
    command,
    done,
    key,
    laid_over,
    refiled,
    removed,
    rewritten,
)

MINIMAL = (
    "version: 1\nname: {name}\ndata: {{embedded: assistant, oos_label: oos}}\n"
    "teacher: {{outputs: none.csv}}\nstudent: {{kind: fasttext, text: words}}\n"
    "objective: {{kind: kl}}\n"
)

CASES: dict[str, Case] = {
    **{
        f"a share alone, {share!r}": Case(
            CHECK, "is no share of a split; write", lambda message, written: {
                **written, "recipe": laid_over(written["recipe"], {"data": {"split": {
                    "test": re.findall("write ([0-9.]+ of train)", message)[0]}}})},
            {"data": {"files": "rows.csv", "oos_label": None, "split": {
                "validation": "0.2 of train", "test": share}}}, {"rows.csv": CSV},
            quick=share == 0.15,
        )
        for share in (0.15, "0.15", "15%", 1.5)
    },
    "a key": Case(CHECK, "unknown key", another_word, {"training": {"stepps": 3}}, quick=True),
    "a key of an option": Case(CHECK, "unknown key", another_word,
                               {"student": {"kind": "fasttext", "dimm": 3}}),
    "a kind": Case(CHECK, "unknown kind", another_word, {"student": {"kind": "fastext"}},
                   quick=True),
    "an objective": Case(CHECK, "unknown kind", another_word, {"objective": {"kind": "kll"}}),
    "a word": Case(CHECK, "cannot be", another_word, {"data": {"on_leak": "wran"}}, quick=True),
    "a recipe": Case("show quickstart/cmn", "no recipe", another_word),
    "a recipe without its ending": Case("check mine", "no recipe", lambda message, written: {
        **written, "command": ["check", re.findall(r"write (\S+)", message)[0]]}, quick=True),
    "an override": Case("check mine.yaml --set training.steps", "write key.path=value",
                        lambda message, written: {**written, "command": [
                            "check", "mine.yaml", "--set",
                            re.findall(r"as in (\S+)", message)[0]]}),
    "csv of no files": Case(CHECK, "csv belongs to files", removed("data.csv", "data.oos_label"),
                            {"data": {"files": None, "embedded": "assistant",
                                      "csv": {"comment": "#"}, "oos_label": "oos"}}, once=False),
    "csv of no outputs": Case(CHECK, "csv belongs to outputs", removed("teacher.csv"),
                              {"teacher": {"csv": {"separator": ";"}}}),
    "two sources": Case(CHECK, "give exactly one of hub",
                        lambda message, written: {**written, "command": [
                            *written["command"], "--set",
                            f"data.{re.findall('and (embedded)', message)[0]}=null"]},
                        {"data": {"embedded": "assistant"}}, quick=True),
    "a cascade of no graph": Case(
        CHECK, "a cascade is made of exported forms", lambda message, written: {
            **written, "command": [*written["command"], "--set", "measure.runtimes="
                                   + re.findall(r"as in (\[.+?\])", message)[0]]},
        {"measure": {"runtimes": ["torch"], "escalate": {"max_loss": 0.2}}}, quick=True),
    "a cascade of two promises": Case(
        CHECK, "write either max_loss", lambda message, written: {
            **written, "command": [*written["command"], "--set", "measure.escalate="
                                   + "{max_loss: "
                                   + re.findall("max_loss, as in ([0-9.]+)", message)[0] + "}",
                                   "--set", "measure.escalate.max_escalated=null"]},
        {"measure": {"runtimes": ["onnx"], "escalate": {"max_loss": 0.2, "max_escalated": 0.2}}}),
    "layers": Case(CHECK, "layers cannot be kept",
                   lambda message, written: {**written, "command": [
                       *written["command"], "--set",
                       f"student.layers={re.findall(r'give 1 to (.)', message)[0]}"]},
                   {"student": {"kind": "bert", "layers": 7, "dim": None}}),
    "a logits' objective": Case(
        CHECK, "needs logits", lambda message, written: {**written, "command": [
            *written["command"], "--set", f"objective.kind={re.findall('use (kl)', message)[0]}"]},
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.csv"},
         "student": {"kind": "fasttext", "text": "words"}, "objective": {"kind": "mse"}},
        {"o.csv": "text,label\nplay,music\n"}, once=False, quick=True,
    ),
    "no tokenizer to lend": Case(
        CHECK, "student.text: teacher needs", key("student.text"),
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.csv"}},
        {"o.csv": "text,label\nplay,music\n"}, once=False,
    ),
    "masks": Case(
        CHECK, "p_mask + p_pos is", lambda message, written: {**written, "command": [
            *written["command"], "--set", "transfer.augment.p_mask=0.5"]},
        {"transfer": {"augment": {"kind": "tang", "p_mask": 0.9, "p_pos": 0.5}}}, once=False,
    ),
    # sections and what belongs together
    "a hub's keys": Case(CHECK, "belong to a hub dataset", removed("data.config"),
                         {"data": {"config": "plus"}}),
    "pairs of a dataset that comes with kdzoo": Case(
        CHECK, "hold single texts; remove it", removed("data.text_pair"),
        {"data": {"files": None, "embedded": "assistant", "text_pair": "b"}}, once=False,
    ),
    "another test's name": Case(
        CHECK, "is a split already", rewritten("call it otherwise", data={
            "other_tests": {"test": None, "later": "more"}}),
        {"data": {"files": "rows", "oos_label": None, "other_tests": {"test": "more"}}},
        {f"rows/{name}.csv": CSV for name in ("train", "dev", "test", "more")},
    ),
    "a figure's name": Case(
        CHECK, "is a figure already", rewritten("call it otherwise", data={
            "other_tests": {"in_scope": None, "later": "more"}}),
        {"data": {"files": "rows", "oos_label": None, "other_tests": {"in_scope": "more"}}},
        {f"rows/{name}.csv": CSV for name in ("train", "dev", "test", "more")},
    ),
    "the rest of all labels": Case(CHECK, "rest_of_train belongs to", removed("data.rest_of_train"),
                                   {"data": {"rest_of_train": "dropped"}}),
    "no source": Case(CHECK, "exactly one of hub, files and embedded",
                      rewritten("files", data={"files": "{data}"}), {"data": {"files": None}},
                      once=False),
    "no unlabelled texts": Case(
        CHECK, "give exactly one of files and hub, got",
        rewritten("files", transfer={"unlabelled": {"files": "more.txt"}}),
        {"transfer": {"unlabelled": {"max_texts": 3}}}, {"more.txt": "play on\n"},
    ),
    "the nearest of any number": Case(
        CHECK, "choose: nearest: say how many texts",
        rewritten("max_texts: 10000", transfer={"unlabelled": {"max_texts": 10000}}),
        {"transfer": {"unlabelled": {"files": "more.txt", "choose": "nearest"}}},
        {"more.txt": "play on\n"},
    ),
    **{
        f"the encoding of hard labels: {cure}": Case(
            CHECK, "hidden compares with the teacher", change,
            {"objective": {"alpha": 1, "hidden": 2.0}},
        )
        for cure, change in (
            ("no encoding", removed("objective.hidden")),
            ("a teacher", rewritten("lower alpha", objective={"alpha": 0.5})),
        )
    },
    "a hub's keys of files": Case(
        CHECK, "config, revision and split belong", removed("transfer.unlabelled.split"),
        {"transfer": {"unlabelled": {"files": "more.txt", "split": "train"}}},
        {"more.txt": "play on\n"},
    ),
    "csv of a hub": Case(
        CHECK, "csv belongs to files", removed("transfer.unlabelled.csv"),
        {"transfer": {"unlabelled": {"hub": "kdzoo/nowhere", "csv": {"comment": "#"}}}}, once=False,
    ),
    "a word twice": Case(CHECK, "a word is there twice",
                         rewritten("remove one", objective={"gold_for": ["wrong"]}),
                         {"objective": {"gold_for": ["wrong", "wrong"]}}),
    "a runtime twice": Case(CHECK, "a runtime is named twice",
                            rewritten("remove one", measure={"runtimes": ["torch"]}),
                            {"measure": {"runtimes": ["torch", "torch"]}}),
    "whole words": Case(
        CHECK, "words are those that occur", rewritten("text: teacher", student={
            "kind": "fasttext", "vocabulary": "whole", "text": "teacher"}),
        {"student": {"kind": "fasttext", "text": "words", "vocabulary": "whole"}}, quick=True,
    ),
    # teachers
    "no teacher": Case(CHECK, "exactly one of model, models and outputs",
                       rewritten("got none", teacher={"model": "{encoder}"}),
                       {"teacher": {"model": None}}, once=False),
    "outputs, fitted": Case(
        CHECK, "a file of outputs cannot be fine-tuned", removed("teacher.fine_tune"),
        {"teacher": {"model": None, "outputs": "o.csv"},
         "student": {"kind": "fasttext", "text": "words"}},
        {"o.csv": "text,label\nplay,music\n"}, once=False,
    ),
    "head and fine-tuned": Case(CHECK, "leaves the encoder as it is", removed("teacher.fine_tune"),
                                {"teacher": {"head": "linear"}}),
    "no head after all": Case(CHECK, "leaves the encoder as it is",
                              rewritten("or remove head", teacher={"head": None}),
                              {"teacher": {"head": "linear"}}),
    "pooling without a head": Case(CHECK, "pooling belongs to", removed("teacher.pooling"),
                                   {"teacher": {"pooling": "mean"}}),
    "pooling of a head": Case(
        CHECK, "pooling belongs to", rewritten("add head: linear", teacher={"head": "linear"}),
        {"teacher": {"pooling": "mean", "fine_tune": None}},
    ),
    "lower layers without a head": Case(
        CHECK, "lower_layers belong to", removed("teacher.lower_layers"),
        {"teacher": {"lower_layers": [0]}},
    ),
    "lower layers in disorder": Case(
        CHECK, "write each layer once",
        rewritten("write each layer", teacher={"lower_layers": [0]}),
        {"teacher": {"head": "linear", "fine_tune": None, "lower_layers": [0, 0]}},
    ),
    "folds of a finished teacher": Case(
        CHECK, "folds belong to a teacher", removed("teacher.folds"),
        {"teacher": {"model": "{teacher}", "fine_tune": None, "folds": 3}}, quick=True,
    ),
    "folds of a fitted teacher": Case(
        CHECK, "folds belong to a teacher", rewritten("head: linear", teacher={"head": "linear"}),
        {"teacher": {"fine_tune": None, "folds": 3}},
    ),
    **{
        f"{name} of a teacher to be fitted": Case(
            CHECK, "belong to a finished classifier", removed(f"teacher.{name}"),
            {"teacher": {name: value}},
        )
        for name, value in (("labels", ["a", "b", "c", "d"]), ("encoder", "{encoder}"))
    },
    # how a recipe is written
    "a separator's name": Case(
        CHECK, "the word tab", rewritten("the word tab", data={"csv": {"separator": "tab"}}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES,
                  "csv": {"separator": "tabulator"}}},
        {"rows.csv": CSV.replace(",", "\t")},
    ),
    "a value twice": Case(CHECK, "a value is there twice",
                          rewritten("keep one", grid={"training.steps": [5]}),
                          {"grid": {"training.steps": [5, 5]}}),
    "a variant without a name": Case(
        CHECK, "a variant has no name",
        rewritten("give it one", variants={"": None, "short": {"training": {"steps": 3}}}),
        {"variants": {"": {"training": {"steps": 3}}}}),
    "a variant with a slash": Case(
        CHECK, "has a slash, which parts",
        rewritten("call it few-mse", variants={
            "few/mse": None, "few-mse": {"training": {"steps": 3}}}),
        {"variants": {"few/mse": {"training": {"steps": 3}}}}),
    "the second text in the column of the first": Case(
        CHECK, "is the column of the text already", removed("data.text_pair"),
        {"data": {"text_pair": "text"}}, quick=True),
    "a list of one": Case(
        CHECK, "should be a list", lambda message, written: {**written, "command": [
            *written["command"], "--set", "seeds=" + re.findall(r"brackets: (\S+)", message)[0]]},
        {"seeds": 3}, quick=True),
    "a kind alone": Case(
        CHECK, "should be a section", lambda message, written: {**written, "command": [
            *written["command"], "--set", "objective=" + re.findall(r"as (\{.+\})", message)[0]]},
        {"objective": "kl"}, quick=True),
    "a text in quotes": Case(
        CHECK, "should be a text", lambda message, written: {**written, "command": [
            *written["command"], "--set", "name=" + re.findall(r"quote it: (\S+)", message)[0]]},
        {"name": 3}, quick=True),
    "no kind": Case(CHECK, "needs a kind",
                    rewritten("as in `kind: ...`", student={"kind": "fasttext", "dim": 16}),
                    {"student": {"kind": None}}, quick=True),
    "an empty file": Case("check empty.yaml", "the file is empty",
                          command(r"`kdzoo (new \S+ \S+)`", "{}"), files={"empty.yaml": ""}),
    "no UTF-8": Case(
        "check latin.yaml", "not UTF-8 text",
        done("save the file as UTF-8", lambda _: Path("latin.yaml").write_bytes(
            Path("mine.yaml").read_bytes())),
        prepare=lambda _: Path("latin.yaml").write_bytes("name: \xe9t\xe9".encode("latin-1")),
    ),
    "half a character": Case(
        "check own.yaml", "half a character",
        done("write it whole", lambda _: Path("own.yaml").write_text(
            Path("mine.yaml").read_text(encoding="utf-8"), encoding="utf-8")),
        files={"own.yaml": 'name: "\\ud83d"\n'}, quick=True,
    ),
    "half a character, --set": Case(
        """check mine.yaml --set 'name="\\ud83d"'""", "half a character",
        command("write it whole", "check mine.yaml --set name=tiny"),
    ),
    "a key twice": Case(
        "check own.yaml", "is given twice",
        done("keep one of them", lambda _: Path("own.yaml").write_text(
            Path("mine.yaml").read_text(encoding="utf-8"), encoding="utf-8")),
        files={"own.yaml": "name: a\nname: b\n"},
    ),
    "a grid's values": Case(
        CHECK, "must be a dotted key and a list",
        lambda message, written: {**written, "recipe": {**written["recipe"], "grid": yaml.safe_load(
            re.findall("as in `(.+?)`", message)[0])}},
        {"grid": {"training.steps": 500}},
    ),
    "too many variants": Case(
        CHECK, "variants, more than", rewritten("give it fewer values", grid={
            "training.steps": [5, 6]}),
        {"grid": {"training.steps": list(range(1, 102)), "training.batch_size": [
            *range(1, 102)]}},
    ),
    "the name of the teacher's row": Case(
        CHECK, "give the recipe another name", rewritten("name: student", name="student"),
        {"name": "teacher"},
    ),
    "two recipes of one name": Case(
        "check zoo", "; rename one of them",
        refiled("rename one of them", {"zoo/b.yaml": MINIMAL.format(name="b")}), once=False,
        files={f"zoo/{file}.yaml": MINIMAL.format(name="a") for file in "ab"}, quick=True,
    ),
    "a folder of recipes": Case("new quickstart mine.yaml", "copy one of them",
                                command(r"copy one of them: ([\w/]+)", "new {} other.yaml")),
    "a recipe that is there": Case(
        "new quickstart/cnn old.yaml", "is there already",
        command("choose another name", "new quickstart/cnn new.yaml"), files={"old.yaml": ""},
    ),
    "seeds": Case("run mine.yaml --seeds one", "write whole numbers",
                  command(r"as in 0,1,2()", "run mine.yaml --seeds 0,1"),
                  {"training": {"steps": 5}}),
    "a rate that is too high": Case(
        "run mine.yaml", "the loss is", rewritten("try a lower training.learning_rate", training={
            "learning_rate": 0.01}), {"training": {"learning_rate": 1e30, "steps": 20}},
    ),
    "rows that reject otherwise": Case(
        CHECK, "all rows of a study have the same", rewritten("write the same in each", variants={
            name: {"measure": {"reject": {"max_false_rejections": 0.2}}} for name in "ab"}),
        {"measure": {"reject": {"max_false_rejections": 0.2}},
         "variants": {"a": {"measure": {"reject": {"max_false_rejections": 0.1}}}}},
    ),
}  # fmt: skip
