"""Files of data as people have them, and what should come of each: read, noted or refused."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass

import pyarrow
from tiny_tables import (
    CLASSES,
    COUNT,
    IDS,
    LABELS,
    NAMES,
    PARTS,
    ROWS,
    TEXTS,
    every,
    folder,
    labelled,
    lines,
    parquet,
    plain,
    table,
    worded,
)

_MARK = b"\xef\xbb\xbf"
ALIKE = "labels that differ in case, spaces or form alone"


@dataclass(frozen=True)
class Case:
    """Files, and what should come of them.

    Attributes:
        files: their contents by name; the first is given to ``predict``, and to ``init`` if it is
            the only one.
        said: what ``init`` says when it refuses; nothing where it reads them.
        noted: a part of a note.
        labels: of what was read.
        answers: how many ``predict`` gives, or what it says when it refuses.
        is_cured: whether the refusal's own ``--csv`` makes both read them.
    """

    files: dict[str, bytes]
    said: str = ""
    noted: str = ""
    labels: tuple[str, ...] = LABELS
    answers: int | str = COUNT
    is_cured: bool = False


READ = {
    "bom": Case({"a.csv": b"\xef\xbb\xbf" + table()}),
    "crlf": Case({"a.csv": table(lineterminator="\r\n")}),
    "cr": Case({"a.csv": table(lineterminator="\r")}),
    "blank_lines": Case({"a.csv": table().replace(b"\n", b"\n\n")}),
    "newlines": Case({"a.csv": table(worded(lambda _, t: f"{t}\nsecond\r\nthird"))}),
    "nuls": Case({"a.csv": table(worded(lambda _, t: "\0" * 40 + t))}),
    "nul": Case({"a.csv": table(worded(lambda _, t: f"{t}\0"))}),
    "index_column": Case(
        {"a.csv": table([(i, *r) for i, r in enumerate(ROWS)], ("", "text", "label"))}
    ),
    "separators_at_the_end": Case(
        {"a.csv": plain([(*row, "") for row in ROWS], header="text,label,")}
    ),
    "separators_at_the_end_of_rows": Case({"a.csv": plain([(*row, "") for row in ROWS])}),
    "separator_hint": Case({"a.csv": b"sep=;\n" + table(delimiter=";")}),
    "whole_numbers": Case({"a.csv": table(IDS)}, labels=("0", "1", "2", "3")),
    "leading_zeros": Case(
        {"a.csv": table(labelled(lambda _, n: f"0{LABELS.index(n)}"))},
        labels=("00", "01", "02", "03"),
    ),
    "minus_one_and_one": Case(
        {"a.csv": table(labelled(lambda i, _: i % 2 * 2 - 1))}, labels=("-1", "1")
    ),
    "minus_one_and_words": Case(
        {"a.csv": table(labelled(lambda i, n: -1 if every(i) else n))},
        labels=("-1", "music", "travel", "weather"),
    ),
    "spaces_around_labels": Case(
        {"a.csv": table(labelled(lambda i, n: f" {n} " if every(i) else n))}
    ),
    "bare_quotes_tsv": Case(
        {"a.tsv": plain(worded(lambda i, t: {3: f'"{t}', 15: f'{t}"'}.get(i, t)), "\t")}
    ),
    "quotes_begin_many_tsv": Case(
        {"a.tsv": plain(worded(lambda i, t: f'"{t}' if i % 2 else f'{t}"'), "\t")}
    ),
    "quoted_throughout_tsv": Case(
        {
            "a.tsv": table(
                worded(lambda _, t: f'{t}\nand "so"\ton'), delimiter="\t", quoting=csv.QUOTE_ALL
            )
        }
    ),
    "numbers_outside_quotes_tsv": Case(
        {
            "a.tsv": table(
                [(t, int(n)) for t, n in IDS], delimiter="\t", quoting=csv.QUOTE_NONNUMERIC
            )
        },
        labels=("0", "1", "2", "3"),
    ),
    "truth_jsonl": Case(
        {"a.jsonl": lines(labelled(lambda i, _: i % 2 == 0))}, labels=("False", "True")
    ),
    "numbers_as_texts_jsonl": Case({"a.jsonl": lines(worded(lambda i, _: i))}),
    "bytes_parquet": Case(
        {"a.parquet": parquet([t.encode() for t in TEXTS], [n.encode() for _, n in ROWS])}
    ),
    "large_bytes_parquet": Case(
        {
            "a.parquet": parquet(
                pyarrow.array([t.encode() for t in TEXTS], pyarrow.large_binary()),
                [n for _, n in ROWS],
            )
        }
    ),
    "categories_parquet": Case(
        {"a.parquet": parquet(TEXTS, pyarrow.array([n for _, n in ROWS]).dictionary_encode())}
    ),
    "class_labels_parquet": Case(
        {"a.parquet": parquet(TEXTS, [NAMES.index(n) for _, n in ROWS], CLASSES)},
        labels=tuple(NAMES),
    ),
    "foreign_metadata_parquet": Case(
        {
            "a.parquet": parquet(
                TEXTS, [NAMES.index(n) for _, n in ROWS], {"label": {"_type": "Value"}}
            )
        },
        labels=("0", "1", "2", "3"),
    ),
    "emoji": Case({"a.csv": table([(chr(0x1F600 + i), n) for i, (_, n) in enumerate(ROWS)])}),
    "html": Case({"a.csv": table(worded(lambda _, t: f"<b>{t}</b><br/>&amp;"))}),
    "dev": Case(folder("dev"), answers=len(PARTS["train"])),
    "valid": Case(folder("valid"), answers=len(PARTS["train"])),
    "val": Case(folder("val"), answers=len(PARTS["train"])),
}

NOTED = {
    "list_of_labels": Case(
        {"a.jsonl": lines(labelled(lambda _, n: [n]))}, noted="each text has exactly one label"
    ),
    "case": Case(
        {"a.csv": table(labelled(lambda i, n: n.upper() if every(i // 4) else n))},
        noted=ALIKE,
        labels=(*sorted(n.upper() for n in LABELS), *LABELS),
    ),
    "zero_width": Case(
        {"a.csv": table(labelled(lambda i, n: f"{n}\u200b" if i > 11 else n))},
        noted="'food' and 'food\\u200b'",
        labels=tuple(sorted([*LABELS, *(f"{n}\u200b" for n in LABELS)])),
    ),
    "no_break_space": Case(
        {"a.csv": table(labelled(lambda i, n: "a\u00a0b" if i > 11 else "a b"))},
        noted="'a b' and 'a\\xa0b'",
        labels=("a b", "a\u00a0b"),
    ),
    "unicode_forms": Case(
        {"a.csv": table(labelled(lambda i, n: "cafe\u0301" if i > 11 else "café"))},
        noted="'cafe\\u0301' and 'café'",
        labels=("cafe\u0301", "café"),
    ),
    "1_and_1.0": Case(
        {"a.csv": table(labelled(lambda i, n: f"{i % 2}.0" if i > 11 else str(i % 2)))},
        noted="'0' and '0.0', '1' and '1.0'",
        labels=("0", "0.0", "1", "1.0"),
    ),
    **{
        f"minus_one{suffix}": Case(
            {f"a{suffix}": write(labelled(lambda i, n: -1 if every(i) else LABELS.index(n) % 3))},
            noted="the label '-1' of 6 texts is a class like the others; if it says",
            labels=("-1", "0", "1", "2"),
        )
        for suffix, write in ((".csv", table), (".jsonl", lines))
    },
    "missing_looks": Case(
        {
            "a.csv": table(
                labelled(
                    lambda _, n: {"food": "None", "music": "NA", "travel": "null"}.get(n, "nan")
                )
            )
        },
        labels=("NA", "None", "nan", "null"),
        noted="the label 'null' of 6 texts",
    ),
    **{
        f"placeholder {label}": Case(
            {"a.csv": table(labelled(lambda i, n, label=label: label if every(i) else n))},
            noted=f"the label '{label}' of 6 texts is a class like the others; if it says",
            labels=tuple(sorted([*LABELS[1:], label])),
        )
        for label in ("-", "nan", "NaN", "null", "None", "N/A", "n/a", "NA", "?")
    },
    "placeholder of SQL": Case(
        {"a.csv": table(labelled(lambda i, n: "\\N" if every(i) else n))},
        noted="of 6 texts is a class like the others",
        labels=("\\N", *LABELS[1:]),
    ),
    "two_labels": Case(
        {"a.csv": table([*ROWS, (f"{TEXTS[0].upper()}!", "music")])},
        noted="texts that stand with two labels: 1, for example",
        answers=COUNT + 1,
    ),
}

BROKEN = {
    "empty_text": Case(
        {"a.csv": table([*ROWS, ("", "music")])},
        said=f"train, line {COUNT + 2}: 1 of {COUNT + 1} texts are empty",
        answers=f"line {COUNT + 2}: text {COUNT + 1} is empty",
    ),
    "unseen_text": Case(
        {"a.csv": table([*ROWS[:4], ("\u200b\ufeff", "music"), *ROWS[4:]])},
        said="train, line 6: 1 of 25 texts are empty",
        answers="line 6: text 5 is empty",
    ),
    "places_after_newlines": Case(
        {"a.csv": table([("two\nlines", "food"), *ROWS, ("", "food")])},
        said=f"train, line {COUNT + 4}: 1",
        answers=f"line {COUNT + 4}: text",
    ),
    "missing_label": Case(
        {"a.csv": table(labelled(lambda i, n: "" if every(i) else n))},
        said="train, line 2, line 6, line 10, line 14, line 18, ...: 6 of 24 labels",
    ),
    "short_rows": Case(
        {"a.csv": plain([row[:1] if every(i) else row for i, row in enumerate(ROWS)])},
        said="6 of 24 labels are empty",
    ),
    "nan_jsonl": Case(
        {"a.jsonl": lines(labelled(lambda i, n: float("nan") if every(i) else n))},
        said="train, line 1, line 5, line 9, line 13, line 17, ...: 6 of 24 labels",
    ),
    "null_parquet": Case(
        {"a.parquet": parquet(TEXTS, [None if every(i) else i % 3 / 1 for i in range(COUNT)])},
        said="train, row 1, row 5, row 9, row 13, row 17, ...: 6 of 24 labels",
    ),
    "list_of_words": Case(
        {"a.jsonl": lines(worded(lambda _, t: t.split()))},
        said='line 1: the text is a list (["how", "do", "i", "cook", "ramen"])',
        answers=COUNT,  # without labels they are sentences
    ),
    "list_of_words_parquet": Case(
        {"a.parquet": parquet([t.split() for t in TEXTS], [n for _, n in ROWS])},
        said="row 1: the text is a list",
    ),
    "mapping_text": Case(
        {"a.jsonl": lines(worded(lambda _, t: {"en": t}))},
        said='line 1: the text is a mapping ({"en": "how do i cook ramen"})',
        answers="the text is a mapping",
    ),
    "mapping_label": Case(
        {"a.jsonl": lines(labelled(lambda _, n: {"name": n}))},
        said='line 1: the label is a mapping ({"name": "food"})',
    ),
    "bytes_that_are_no_text": Case(
        {"a.parquet": parquet([b"caf\xe9"] * COUNT, [n for _, n in ROWS])},
        said="row 1: the text is bytes that are not UTF-8",
        answers="bytes that are not UTF-8",
    ),
    "class_without_a_name": Case(
        {"a.parquet": parquet(TEXTS, [9] * COUNT, CLASSES)},
        said="row 1: the label is class 9",
        answers="class 9",
    ),
    "hidden_labels": Case(
        folder(test=table([(t, "-1") for t in TEXTS])),
        said="if the labels of test are not known",
        answers=len(PARTS["train"]),
    ),
    "no_labels": Case(
        folder(test=table([(t,) for t in TEXTS], ("text",))),
        said="if the labels of test are not known",
        answers=len(PARTS["train"]),
    ),
    "0_in_one_0.0_in_the_other": Case(
        {
            "train.csv": table(labelled(lambda i, _: f"{i % 2}.0")),
            "validation.csv": table(labelled(lambda i, _: str(i % 2))),
            "test.csv": table(ROWS),
        },
        said="train writes '0.0', not '0'",
    ),
    "one_row_a_label": Case(
        {"a.csv": table(labelled(lambda i, _: str(i)))},
        said="takes nothing: 24 labels stand on 24 rows",
    ),
    "twice_a_column": Case(
        {"a.csv": table([(t, n, "x") for t, n in ROWS], ("text", "label", "text"))},
        said="line 1: two columns are called 'text'",
        answers="two columns",
    ),
    "twice_a_key": Case(
        {"a.jsonl": b'{"text": "a", "label": "b", "text": "c"}\n'},
        said="line 1: two columns are called 'text'",
        answers="two columns",
    ),
    "latin": Case(
        {"a.csv": table(worded(lambda _, t: f"{t} é")).decode().encode("latin-1")},
        said="line 2: not UTF-8 text",
        answers="line 2: not UTF-8 text",
    ),
    **{
        f"{encoding}{suffix}": Case(
            {f"a{suffix}": rows.decode().encode(encoding)},
            said="line 1: not UTF-8 text, but UTF-16 or 32",
            answers="line 1: not UTF-8 text, but UTF-16 or 32",
        )
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
        for suffix, rows in (
            (".csv", table(worded(lambda _, t: f"{t} \u4f60\u597d"))),
            (".tsv", plain(separator="\t")),
            (".jsonl", lines()),
        )
    },
    **{
        f"put_together{name}": Case(
            {f"a{suffix}": begin + one + begin + one},
            said=f"line {COUNT + 2}: the header once more",
            answers=f"line {COUNT + 2}: the header once more",
        )
        for name, suffix, begin, one in (
            ("", ".csv", b"", table()),
            ("_with_marks", ".csv", _MARK, table()),
            ("_with_marks_and_quotes", ".csv", _MARK, table(quoting=csv.QUOTE_ALL)),
            ("_as_tsv", ".tsv", b"", plain(separator="\t")),
            (
                "_with_numbers",
                ".csv",
                _MARK,
                table([(i, *row) for i, row in enumerate(ROWS)], ("", "text", "label")),
            ),
        )
    },
    "backslashes": Case(
        {"a.csv": b'text,label\n"he said \\"go\\", ok",a\n'},
        said='inside quotes a quote is written twice, ""',
        answers="written twice",
    ),
    "quotes_where_needed_tsv": Case(
        {"a.tsv": table(worded(lambda i, t: f'{t} "now"' if every(i) else t), delimiter="\t")},
        said="line 2: a cell may be enclosed in quotes",
        answers="may be enclosed",
        is_cured=True,
    ),
    "lines_of_a_text_tsv": Case(
        {"a.tsv": table(worded(lambda i, t: f"{t}\nand on" if every(i) else t), delimiter="\t")},
        said="where quotes enclose cells, say so",
        answers="say so",
        is_cured=True,
    ),
    "columns_json": Case(
        {"a.json": json.dumps({"text": {"0": "a"}, "label": {"0": "b"}}).encode()},
        said="one object, and no list of them",
        answers="one object, and no list of them",
    ),
    "array_jsonl": Case(
        {"a.jsonl": json.dumps([{"text": "a", "label": "b"}]).encode()},
        said="not a JSON object",
        answers="one object a line",
    ),
    "pretty_jsonl": Case(
        {"a.jsonl": json.dumps({"text": "a", "label": "b"}, indent=1).encode()},
        said="one object a line",
        answers="one object a line",
    ),
    "sheet": Case(
        {"a.xlsx": b"PK"}, said="save the sheet as .csv", answers="save the sheet as .csv"
    ),
    "packed": Case({"a.csv.gz": gzip.compress(table())}, said="unpack it", answers="unpack it"),
    "lines_with_labels": Case(
        {"a.txt": b"__label__food cook it\n"}, said="need columns", answers=1
    ),
    "xlsx_beside_csv": Case(
        {"train.csv": table(), "test.xlsx": b"PK"}, said="test.xlsx: cannot read '.xlsx'"
    ),
    "saved_to_disk": Case(
        {"data-00000-of-00001.arrow": b"", "dataset_info.json": b"{}", "state.json": b"{}"},
        said="save_to_disk",
        answers="Dataset.to_parquet",
    ),
    "two_for_validation": Case(
        {**folder("dev"), "val.csv": table()},
        said="dev.csv and val.csv; keep one",
        answers=len(PARTS["train"]),
    ),
    "semicolons": Case(
        {"a.csv": table(delimiter=";")},
        said="looks like ';'",
        answers="looks like ';'",
        is_cured=True,
    ),
    "semicolons_and_commas": Case(
        {"a.csv": plain(worded(lambda _, t: f"{t}, please"), ";")},
        said="looks like ';'",
        answers="looks like ';'",
        is_cured=True,
    ),
    "tabs": Case(
        {"a.csv": plain(separator="\t")}, said="looks like 'tab'", answers="tab", is_cured=True
    ),
    "commas_tsv": Case(
        {"a.tsv": table()}, said="looks like ','", answers="looks like ','", is_cured=True
    ),
    "bars": Case(
        {"a.csv": plain(separator="|")}, said="looks like '|'", answers="'|'", is_cured=True
    ),
    "spaced": Case(
        {"a.csv": plain([(f'"{t}, ok"', f'"{n}"') for t, n in ROWS], ", ")},
        said="a space follows the separator",
        is_cured=True,
    ),
    "no_header": Case(
        {"a.csv": table()[len("text,label\n") :]},
        said="--csv columns=text,label",
        answers="--csv columns=text,column2",
        is_cured=True,
    ),
    "comments": Case(
        {"a.csv": b"# made by hand\n" + table().replace(b"play blues", b"# or so\nplay blues")},
        said="looks like a comment",
        answers="looks like a comment",
        is_cured=True,
    ),
    "quoted_header_tsv": Case(
        {"a.tsv": b'"text"\t"label"\n' + plain(separator="\t")[len("text\tlabel\n") :]},
        said="quotes enclose the cells",
        answers="quotes enclose",
        is_cured=True,
    ),
}

CASES = {**READ, **NOTED, **BROKEN}
