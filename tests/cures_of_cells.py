"""Mistakes in the cells of data, and in how tables are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from tiny_cures import (
    CHECK,
    CSV,
    SHARES,
    Case,
    done,
    option,
    refiled,
    removed,
    rewritten,
    write_files,
)
from tiny_world import LABELS

JSONL = "".join(
    json.dumps(dict(zip(("text", "label"), line.split(","), strict=True))) + "\n"
    for line in CSV.splitlines()[1:]
)
AS_LIST = f"[{', '.join(JSONL.splitlines())}]"
TSV = CSV.replace(",", "\t")


def to_parquet(text: str | bytes) -> None:
    """Writes rows.parquet, with this text and some others."""
    texts = [text, *(f"{i} is a text".encode() for i in range(19))]
    labels = [LABELS[place % 2] for place in range(20)]
    texts = [each.encode() if isinstance(each, str) else each for each in texts]
    pq.write_table(pa.table({"text": texts, "label": labels}), "rows.parquet")


def to_classes(count: int, *more: str) -> None:
    """Writes rows.parquet, as datasets does, with so many classes, and names of two and more."""
    classes = datasets.ClassLabel(names=["music", "weather", *more])
    features = datasets.Features({"text": datasets.Value("string"), "label": classes})
    rows = {"text": [f"{i} is a text" for i in range(30)], "label": [i % 2 for i in range(30)]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet("rows.parquet")
    table = pq.read_table("rows.parquet")
    labels = pa.array([i % count for i in range(30)])
    table = table.set_column(1, "label", labels).replace_schema_metadata(table.schema.metadata)
    pq.write_table(table, "rows.parquet")


def moved(message: str, written: dict[str, Any]) -> dict[str, Any]:
    """Moves rows without a label to a file of their own, which the teacher labels."""
    write_files({"rows.csv": CSV, "more.csv": "text\na new text\nanother text\n"})
    section = {"unlabelled": {"files": "more.csv"}}
    return rewritten("in a file of their own, as transfer.unlabelled", transfer=section)(
        message, written
    )


CASES: dict[str, Case] = {
    # rows and cells
    "one label": Case(
        CHECK, "all rows have the one label", rewritten("data.label", data={"label": "other"}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        {"rows.csv": "text,label,other\n" + "".join(
            f"play {i},a,{LABELS[i % 2]}\n" for i in range(20))},
    ),
    "empty texts": Case(
        CHECK, "s are empty", refiled("fill them in or remove", {"rows.csv": CSV}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        {"rows.csv": f"{CSV},music\n"},
    ),
    "empty labels": Case(
        CHECK, "labels are empty", moved,
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        {"rows.csv": f"{CSV}a new text,\nanother text,\n"},
    ),
    "hidden labels of a split": Case(
        CHECK, "s are empty", rewritten("split: {test: 0.1 of train}", data={
            "split": {"test": "0.1 of train"}}),
        {"data": {"files": "rows", "oos_label": None}},
        {"rows/train.csv": CSV, "rows/dev.csv": CSV,
         "rows/test.csv": CSV.replace("music", "").replace("weather", "")}, quick=True,
    ),
    "half a character in a text": Case(
        CHECK, "hold half a character", refiled("mend the text", {"rows.jsonl": JSONL}),
        {"data": {"files": "rows.jsonl", "oos_label": None, "split": SHARES}},
        {"rows.jsonl": JSONL.replace("play 3", "play \\ud83d")},
    ),
    "a label in two spellings": Case(
        CHECK, "labels that train lacks", refiled("write both alike", {"rows/test.csv": CSV}),
        {"data": {"files": "rows", "oos_label": None}},
        {"rows/train.csv": CSV, "rows/dev.csv": CSV,
         "rows/test.csv": CSV.replace("music", "Music")}, quick=True,
    ),
    "labels that are not known": Case(
        CHECK, "labels that train lacks", rewritten("split: {test: 0.25 of train}", data={
            "split": {"test": "0.25 of train"}}),
        {"data": {"files": "rows", "oos_label": None}},
        {"rows/train.csv": CSV, "rows/dev.csv": CSV, "rows/test.csv": CSV.replace("music", "?")},
    ),
    "texts without labels": Case(
        CHECK, "no column 'label'", rewritten("split: {test: 0.25 of train}", data={
            "split": {"test": "0.25 of train"}}),
        {"data": {"files": "rows", "oos_label": None}},
        {"rows/train.csv": CSV, "rows/dev.csv": CSV, "rows/test.csv": "id,text\n1,play\n"},
    ),
    **{
        f"two columns of one name, {suffix}": Case(
            CHECK, "two columns are called", refiled("rename one of them", {
                f"rows{suffix}": right}),
            {"data": {"files": f"rows{suffix}", "oos_label": None, "split": SHARES}},
            {f"rows{suffix}": wrong},
        )
        for suffix, wrong, right in (
            (".csv", CSV.replace("text,", "label,"), CSV),
            (".jsonl", JSONL.replace('"text"', '"label"'), JSONL),
            (".json", AS_LIST.replace('"text"', '"label"'), AS_LIST),
        )
    },
    **{
        f"{what} that is no text": Case(
            CHECK, said, refiled(cure, {"rows.jsonl": JSONL}),
            {"data": {"files": "rows.jsonl", "oos_label": None, "split": SHARES}},
            {"rows.jsonl": JSONL.replace(right, wrong)},
        )
        for what, said, cure, right, wrong in (
            ("a text", "the text is a mapping", "write one text", '"play 3 songs"', "{}"),
            ("a label", "the label is a mapping", "write one name", '"label": "music"',
             '"label": {}'),
            ("a line", "not a JSON object", "write one object a line",
             '{"text": "play 3 songs", "label": "music"}', "3"),
            ("a line in Python's quotes", "not JSON", "names and texts in double quotes",
             '"text": "play 3 songs"', "'text': 'play 3 songs'"),
            ("a comma behind a line", "not JSON", "with nothing between",
             '3 songs", "label": "music"}', '3 songs", "label": "music"},'),
            ("a long number", "mend it", "mend it", '"play 3 songs"',
             "9" * 5000),
            ("a list of lines", "not JSON", "write one object a line",
             '{"text": "play 0 songs", "label": "music"}', "["),
        )
    },
    **{
        f"a .json that {what}": Case(
            CHECK, said, refiled(cure, {"rows.json": AS_LIST}),
            {"data": {"files": "rows.json", "oos_label": None, "split": SHARES}},
            {"rows.json": wrong},
        )
        for what, said, cure, wrong in (
            ("was cut", "it ends within", "write it, or download it, again", AS_LIST[:-9]),
            ("has columns", "write a list with an object", "write a list with an object",
             '{"text": {"0": "play"}, "label": {"0": "music"}}'),
        )
    },
    "bytes": Case(
        CHECK, "is bytes that are not UTF-8",
        done("save it as UTF-8", lambda _: to_parquet("play")),
        {"data": {"files": "rows.parquet", "oos_label": None, "split": SHARES}},
        prepare=lambda _: to_parquet("pl\xe9".encode("latin-1")),
    ),
    "a class without a name": Case(
        CHECK, "mend the label or the features", done("mend the label",
                                                      lambda _: to_classes(2)),
        {"data": {"files": "rows.parquet", "oos_label": None, "split": SHARES}},
        prepare=lambda _: to_classes(3),
    ),
    "no UTF-8 in a file": Case(
        CHECK, "not UTF-8 text", refiled("save the file as UTF-8", {"rows.csv": CSV}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        prepare=lambda _: Path("rows.csv").write_bytes(CSV.replace("play", "pl\xe9").encode(
            "latin-1")), quick=True,
    ),
    "two bytes a character": Case(
        CHECK, "but UTF-16 or 32", refiled("save the file as UTF-8", {"rows.csv": CSV}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        prepare=lambda _: Path("rows.csv").write_bytes(CSV.encode("utf-16-le")),
    ),
    # how tables are written
    **{
        f"{what}, said": Case(
            CHECK, said, option("--csv"),
            {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}}, {"rows.csv": rows},
        )
        for what, said, rows in (
            ("a space behind the separator", "a space follows the separator",
             CSV.replace(",", ", ")),
            ("a comment", "the line looks like a comment", f"# by hand\n{CSV}"),
            ("quotes that are characters", "not CSV", f'{CSV}"a" b" c,music\n'),
        )
    },
    **{
        f"{what}, said": Case(
            CHECK, said, option("--csv"),
            {"data": {"files": "rows.tsv", "oos_label": None, "split": SHARES}}, {"rows.tsv": rows},
        )
        for what, said, rows in (
            ("quotes that enclose all", "quotes enclose the cells",
             TSV.replace("text\tlabel", '"text"\t"label"')),
            ("quotes that may enclose", "may be enclosed in quotes",
             TSV + '"a ""b"" c"\tmusic\n'),
            ("quotes around a separator", "more cells than the header", TSV + '"a\tb"\tmusic\n'),
        )
    },
    "a separator within": Case(
        CHECK, "more cells than the header", refiled("quote texts that hold", {
            "rows.csv": f'{CSV}"a, b",music\n'}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        {"rows.csv": f"{CSV}a, b,music\n"}, quick=True,
    ),
    "two files put together": Case(
        CHECK, "the header once more", refiled("remove that line", {"rows.csv": CSV}),
        {"data": {"files": "rows.csv", "oos_label": None, "split": SHARES}},
        {"rows.csv": CSV + CSV.replace("play", "sing")}, quick=True,
    ),
    **{
        f"columns of a file with a header, {how}": Case(
            words, "its columns are named besides", cure, {"data": over}, {"rows.csv": CSV},
        )
        for how, words, cure, over in (
            ("init", "init --data rows.csv --teacher {encoder} -o mine --csv columns=text,label",
             removed("--csv"), {}),
            ("check", CHECK, rewritten("in a recipe data.csv.columns", data={"csv": None}),
             {"files": "rows.csv", "oos_label": None, "split": SHARES,
              "csv": {"columns": ["text", "label"]}}),
        )
    },
    **{
        f"a column that looks like the wanted one, {suffix}": Case(
            CHECK, ", which looks the same; call it", refiled("call it 'text' in the data", {
                f"rows{suffix}": rows}),
            {"data": {"files": f"rows{suffix}", "oos_label": None, "split": SHARES}},
            {f"rows{suffix}": rows.replace("text", "\u200btext")}, quick=suffix == ".csv",
        )
        for suffix, rows in ((".csv", CSV), (".jsonl", JSONL))
    },
    "columns of unlabelled texts with a header": Case(
        CHECK, "its columns are named besides",
        removed("transfer.unlabelled.csv.columns"),
        {"transfer": {"unlabelled": {"files": "more.csv", "csv": {
            "columns": ["text", "label"], "quoted": True}}}},
        {"more.csv": CSV},
    ),
}  # fmt: skip
