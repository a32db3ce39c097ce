"""Mistakes in data, and in how files are written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import datasets
from cures_of_cells import to_classes
from tiny_cures import (
    CHECK,
    CSV,
    PAIRS,
    ROWS,
    SHARES,
    Case,
    another_word,
    command,
    copied,
    done,
    edited,
    key,
    laid_over,
    option,
    refiled,
    removed,
    rewritten,
    set_as_said,
    words,
    yaml_as_said,
)
from tiny_world import LABELS


def saved_as_parquet(_: dict[str, str]) -> None:
    """Writes each split of a dataset with its to_parquet."""
    rows = [line.split(",") for line in CSV.splitlines()[1:]]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(("text", "label"))}
    for split in ("train", "validation", "test"):
        datasets.Dataset.from_dict(columns).to_parquet(f"rows/{split}.parquet")


def renamed_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Gives the file the ending that the message says."""
    (found,) = re.findall(r"(\S+): cannot read .* let its name end in (\S+)", message)
    Path(found[0]).rename(Path(found[0]).with_suffix(found[1]))
    return written


def moved_as_said(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Puts each file where the message says."""
    for old, new in re.findall(r"(\S+) as (\S+\.csv)", message):
        Path(old).rename(new)
    return written


def two_parts() -> None:
    """Writes two parts of train whose features name other classes, and a third as the first."""
    Path("rows").mkdir()
    for number, more in enumerate(([], ["other"])):
        to_classes(2, *more)
        Path("rows.parquet").rename(f"rows/train-0000{number}-of-00002.parquet")
    to_classes(2)


def maskless(folder: Path) -> None:
    """Takes its mask token from a model's tokenizer."""
    edited(str(folder / "tokenizer_config.json"), mask_token=None)


CASES: dict[str, Case] = {
    "separator, init": Case(
        "init --data rows.csv --teacher {encoder} -o mine", "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "separator, check": Case(
        CHECK, "separator looks like", option("--csv"),
        {"data": {"files": "rows.csv", "oos_label": None,
                  "split": {"validation": "0.2 of train", "test": "0.2 of train"}}},
        {"rows.csv": f"text;label\n{ROWS}"}, quick=True,
    ),
    "header, check": Case(
        CHECK, "is no header", option("--csv"),
        {"data": {"files": "rows.csv", "oos_label": None,
                  "split": {"validation": "0.2 of train", "test": "0.2 of train"}}},
        {"rows.csv": ROWS.replace(";", ",")},
    ),
    "separator of unlabelled texts": Case(
        CHECK, "separator looks like", set_as_said,
        {"transfer": {"unlabelled": {"files": "more.csv"}}},
        {"more.csv": "id;text\n1;play on\n2;rain, again\n"},
    ),
    "comments before unlabelled texts": Case(
        CHECK, "looks like a comment", set_as_said,
        {"transfer": {"unlabelled": {"files": "more.csv"}}},
        {"more.csv": "# by hand\nid,text\n1,play on\n"},
    ),
    "separator of outputs": Case(
        CHECK, "separator looks like", set_as_said,
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.csv"},
         "student": {"kind": "fasttext", "text": "words"}},
        {"o.csv": "text;label\nplay;music\n"}, once=False,
    ),
    "column of unlabelled texts": Case(
        CHECK, "no column 'text'",
        lambda message, written: words(message.replace("=COLUMN", "=query"), written,
                                       r"--set \S+=query"),
        {"transfer": {"unlabelled": {"files": "more.jsonl"}}},
        {"more.jsonl": '{"id": 1, "query": "play on"}\n'},
    ),
    "separator, predict": Case(
        "predict {student} rows.csv", "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "separator, bench": Case(
        "bench {student} --texts rows.csv --out bench --rounds 1 --no-isolation --runtimes torch",
        "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "separator, label": Case(
        "label {teacher} rows.csv -o out.parquet", "separator looks like", option("--csv"),
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "no splits": Case(
        "check mine.yaml --data rows.csv", "say where to take it from", set_as_said,
        {"data": {"oos_label": None}}, {"rows.csv": f"text,label\n{ROWS.replace(';', ',')}"},
    ),
    "no test split": Case(
        CHECK, "say where to take it from", yaml_as_said,
        {"data": {"files": "rows", "oos_label": None}},
        {"rows/train.csv": f"text,label\n{ROWS.replace(';', ',')}",
         "rows/dev.csv": f"text,label\n{ROWS.replace(';', ',')}"},
    ),
    "leaks": Case(
        CHECK, "stand in two splits", key("data.on_leak"),
        {"data": {"files": "rows", "oos_label": None, "on_leak": "drop"}},
        {f"rows/{name}.csv": f"text,label\n{ROWS.replace(';', ',')}"
         for name in ("train", "dev", "test")},
    ),
    "label of outputs": Case(
        CHECK, "no label is called", another_word, {"data": {"oos_label": "oso"}},
    ),
    # splits
    "no train split": Case(
        CHECK, "has no train split",
        lambda message, written: yaml_as_said(
            message.replace("FILE", "rows.csv"), {**written, "recipe": laid_over(
                written["recipe"], {"data": {"files": None}})}),
        {"data": {"files": {"test": "rows.csv"}, "oos_label": None, "split": {
            "validation": "0.2 of train"}}}, {"rows.csv": CSV}, once=False,
    ),
    "a share that takes nothing": Case(
        CHECK, "takes nothing", rewritten("in a recipe data.label", data={"label": "other"}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        {"rows.csv": "text,label,other\n" + "".join(
            f"play {i},{i},{LABELS[i % 2]}\n" for i in range(20))}, quick=True,
    ),
    "another test that is not there": Case(
        CHECK, ": no split '", another_word,
        {"data": {"files": "rows", "oos_label": None, "other_tests": {"later": "tst"}}},
        {f"rows/{name}.csv": CSV for name in ("train", "dev", "test")}, once=False,
    ),
    "a split that is not there": Case(
        CHECK, "is neither a share such as", another_word,
        {"data": {"embedded": "assistant", "files": None, "split": {"test": "vlidation"}}},
        once=False,
    ),
    "a share of what is not there": Case(
        CHECK, ": no split '", rewritten("train", data={
            "split": {"test": "0.2 of train"}}),
        {"data": {"split": {"test": "0.2 of trian"}}},
    ),
    "all of train": Case(
        CHECK, "data.split asks for", rewritten("leave some of it", data={"split": {
            "validation": "0.5 of train", "test": "0.4 of train"}}),
        {"data": {"split": {"validation": "0.5 of train", "test": "0.5 of train"}}},
    ),
    "two files of one split": Case(
        CHECK, "; keep one of them", done("keep one of them",
                                          lambda _: Path("rows/train.tsv").unlink()),
        {"data": {"files": "rows", "oos_label": None}},
        {f"rows/{name}": CSV for name in ("train.csv", "train.tsv", "dev.csv", "test.csv")},
    ),
    "no file of training texts": Case(
        CHECK, "holds no train file", done("rename the file that holds all training texts",
                                           lambda _: Path("rows/all.csv").rename("rows/train.csv")),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}}, {"rows/all.csv": CSV},
    ),
    "a file rather than the folder": Case(
        CHECK, "holds no train file", rewritten("or name it rather than the folder", data={
            "files": "rows/all.csv"}),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}}, {"rows/all.csv": CSV},
    ),
    "several files of training texts": Case(
        CHECK, "holds no train file", refiled("write them as one", {"rows/train.csv": CSV}),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
        {"rows/one.csv": CSV, "rows/two.csv": CSV},
    ),
    "a folder below": Case(
        CHECK, "does; name that folder", lambda message, written: laid_over(written, {
            "recipe": {"data": {"files": re.findall(r"and (\S+) does", message)[0]}}}),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
        {"rows/data/train-00000-of-00001.csv": CSV, "rows/README.md": ""},
    ),
    "a folder for each class": Case(
        CHECK, "a folder for each class", refiled("with the columns text and label",
                                                  {"rows/train.csv": CSV}),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
        {"rows/train/pos/1.txt": "play", "rows/train/neg/1.txt": "rain"}, quick=True,
    ),
    **{
        f"a part that is missing, {how}": Case(
            CHECK, "put it there, or write those that are there", cure,
            {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
            {"rows/train-00000-of-00002.csv": CSV},
        )
        for how, cure in (
            ("put there", refiled("put it there", {"rows/train-00001-of-00002.csv": CSV})),
            ("left out", done("write those that are there as one file, train.csv", lambda _: Path(
                "rows/train-00000-of-00002.csv").rename("rows/train.csv"))),
        )
    },
    "parts of two divisions": Case(
        CHECK, "which are parts of two divisions", done(
            "leave the files of one there", lambda _: Path("rows/train-00000-of-00001.csv").rename(
                "elsewhere.csv")),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
        {f"rows/train-{name}.csv": CSV for name in
         ("00000-of-00001", "00000-of-00002", "00001-of-00002")},
    ),
    "a folder without parts": Case(
        CHECK, "and a file is wanted there, or files in it", done(
            "write the rows as one file", lambda _: [
                Path("rows/train.csv").rename("elsewhere"),
                Path("rows/train.csv").write_text(CSV, encoding="utf-8")]),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
        {"rows/train.csv/1.txt": "play"},
    ),
    "parts that name other classes": Case(
        CHECK, "names other classes than", done("write both with the same features", lambda _: (
            Path("rows.parquet").replace("rows/train-00001-of-00002.parquet"))),
        {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
        prepare=lambda _: two_parts(),
    ),
    "what datasets saves": Case(
        CHECK, "writes with save_to_disk", done("to_parquet: train.parquet", saved_as_parquet),
        {"data": {"files": "rows", "oos_label": None}}, {"rows/dataset_dict.json": "{}"},
    ),
    **{
        f"a {suffix}": Case(
            CHECK, f"cannot read '{suffix}'; wanted", refiled(said, {"rows/train.csv": CSV}),
            {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
            {f"rows/train{suffix}": "x"},
        )
        for suffix, said in ((".xlsx", "save the sheet as .csv"), (".txt", "as .csv, with a"))
    },
    **{
        f"a file that holds something else than its name says, {suffix}": Case(
            CHECK, f"cannot read '{suffix}'", renamed_as_said,
            {"data": {"files": "rows", "oos_label": None, "split": SHARES}},
            {f"rows/train{suffix}": content}, quick=suffix == ".txt",
        )
        for suffix, content in ((".txt", CSV.replace(",", "\t")), (".tab", CSV.replace(",", "\t")),
                                ("", CSV))
    },
    "a folder for each split": Case(
        CHECK, "holds a folder for each split", moved_as_said,
        {"data": {"files": "rows", "oos_label": None}},
        {f"rows/{name}/data.csv": CSV for name in ("train", "dev", "test")}, quick=True,
    ),
    "texts of a hub that is far": Case(
        CHECK, "cannot be loaded", command("--data FOLDER", "check mine.yaml --data {data}"),
        {"data": {"files": None, "hub": "kdzoo/nowhere"}},
    ),
    # what the data are used for
    "a positive label": Case(
        CHECK, "data.positive_label: no label", another_word,
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES,
                  "positive_label": "musik"}}, {"rows.csv": CSV},
    ),
    "pairs, unlabelled": Case(
        CHECK, "the data are pairs", rewritten("text_pair", transfer={
            "unlabelled": {"text_pair": "second"}}),
        {"data": {"files": "rows.csv", "oos_label": None, "text_pair": "second", "split": SHARES},
         "student": {"kind": "fasttext"}, "transfer": {"unlabelled": {"files": "more.csv"}}},
        {"rows.csv": f"text,second,label\n{PAIRS}", "more.csv": "text,second\nplay,on\n"},
        quick=True,
    ),
    "no pairs, unlabelled": Case(
        CHECK, "text_pair: the data are single texts", removed("transfer.unlabelled.text_pair"),
        {"transfer": {"unlabelled": {"files": "more.csv", "text_pair": "second"}}},
        {"more.csv": "text,second\nplay,on\n"},
    ),
    "a gold label, not out of scope": Case(
        CHECK, "is the out-of-scope label", rewritten("set data.oos_label to 'oos'", data={
            "oos_label": "oos"}),
        {"data": {"oos_label": None}, "objective": {"gold_for": ["oos"]}},
    ),
    "a gold label of two meanings": Case(
        CHECK, "has that name too", rewritten("or remove", objective={"gold_for": []}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES},
         "objective": {"gold_for": ["wrong"]}},
        {"rows.csv": CSV.replace("music", "wrong")},
    ),
    "a gold label that is none": Case(CHECK, "no label is called 'musik'", another_word,
                                      {"objective": {"gold_for": ["musik"]}}, quick=True),
    "a gold label without texts": Case(
        CHECK, "no training text has the gold label", rewritten("or remove 'other'", objective={
            "gold_for": []}),
        {"data": {"files": "rows.parquet", "oos_label": None, "split": SHARES},
         "objective": {"gold_for": ["other"]}},
        prepare=lambda _: to_classes(2, "other"),
    ),
    "weights of gold labels that nothing asks for": Case(
        CHECK, "weighs the loss on gold labels", removed("training.class_weights"),
        {"training": {"class_weights": "balanced"}}, quick=True,
    ),
    "texts to reject": Case(
        CHECK, "no out-of-scope label", rewritten("data.oos_label", data={"oos_label": "oos"}),
        {"data": {"oos_label": None}, "measure": {"reject": {"max_false_rejections": 0.2}}},
    ),
    "no texts to reject": Case(
        CHECK, "a threshold is fitted on both", rewritten("or remove measure.reject", measure={
            "reject": None}),
        {"data": {"files": "rows", "oos_label": "music"},
         "measure": {"reject": {"max_false_rejections": 0.2}}},
        {"rows/train.csv": CSV, "rows/test.csv": CSV,
         "rows/dev.csv": "text,label\nrain again,weather\n"},
    ),
    "too few to reject": Case(
        CHECK, "is less than one text", lambda message, written: {**written, "command": [
            *written["command"], "--set", "measure.reject.max_false_rejections="
            + re.findall("write at least ([0-9.]+),", message)[0]]},
        {"measure": {"reject": {"max_false_rejections": 0.001}}},
    ),
    "a mask": Case(
        CHECK, "needs a mask token", rewritten("transfer.augment.kind: ngram", transfer={
            "augment": {"kind": "ngram"}}),
        {"teacher": {"model": "copy"}, "transfer": {"augment": {"kind": "tang"}}},
        prepare=lambda things: maskless(copied("encoder")(things)),
    ),
    "a tagger": Case(
        CHECK, "unknown tagger", rewritten("wanted textblob", transfer={
            "augment": {"kind": "tang", "tagger": "textblob"}}),
        {"transfer": {"augment": {"kind": "tang", "tagger": "Text Blob"}}},
    ),
    "single texts, put together anew": Case(
        CHECK, "nearest is for pairs", rewritten("transfer.augment.kind: mask", transfer={
            "augment": {"kind": "mask"}}),
        {"transfer": {"augment": {"kind": "nearest"}}},
    ),
}  # fmt: skip
