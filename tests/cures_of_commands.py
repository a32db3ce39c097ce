"""Mistakes in commands, their texts and their folders."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cures_of_students import OWN
from tiny_cures import PAIRS, ROWS, Case, added, another_word, command, done, refiled, removed
from tiny_exports import export_to, save_student
from tiny_world import own_registrations

from kdzoo.extensions import load_extensions

INIT = "init --data {data} --teacher {encoder} -o mine"
BENCH = "bench {student} --texts rows.txt --rounds 1 --no-isolation --runtimes torch"


def own_model(file: Path, folder: Path, things: dict[str, str]) -> None:
    """Writes a model of a student of one's own."""
    with own_registrations():
        load_extensions(file)
        save_student("own", folder, Path(things["encoder"]))


CASES: dict[str, Case] = {
    "measuring again without a report": Case(
        "run mine.yaml --plan --measure-again", "--measure-again is for a whole run",
        removed("--plan"),
    ),
    "a form of output": Case(
        "predict {student} rows.txt -o out.txt", "; give -o a .jsonl", added("-o", "out.jsonl"),
        files={"rows.txt": "play\n"},
    ),
    "its own file": Case(
        "predict {student} rows.csv -o rows.csv", "is the file of texts itself",
        added("-o", "other.csv"), files={"rows.csv": "text\nplay\n"}, quick=True,
    ),
    "labels as no parquet": Case(
        "label {teacher} rows.txt -o out.csv", "is written as .parquet", added("-o", "out.parquet"),
        files={"rows.txt": "play\n"},
    ),
    "data for a recipe": Case(
        "run rows.csv", "is no recipe (.yaml)",
        lambda message, written: {**written, "command": [
            *re.findall(r"kdzoo (init .*)", message)[0].split(), "--encoder", "{encoder}"]},
        files={"rows.csv": "text,label\n"}, once=False, quick=True,
    ),
    "a runtime": Case(
        "export nowhere --out out --runtime onxn", "unknown ", another_word, once=False,
    ),
    "static without texts": Case(
        "export nowhere --out out --int8 static --runtime onnx-int8", "give --texts",
        added("--texts", "none.txt"), once=False, quick=True,
    ),
    "static in float": Case(
        "export nowhere --out out --int8 static --runtime onnx", "is for onnx-int8",
        removed("--int8"), once=False,
    ),
    "a share in per cent": Case(
        "pick nowhere --min-accuracy 85", "write a share",
        lambda message, written: {**written, "command": [
            "pick", "nowhere", "--min-accuracy", re.findall(r"as in (\S+)", message)[0]]},
        once=False, quick=True,
    ),
    "a readme": Case("report nowhere --readme README.md", "--readme belongs to --check",
                     added("--check"), once=False, quick=True),
    "data of a report": Case("report nowhere --data x", "--data belongs to --examples",
                             added("--examples"), once=False),
    "examples that are published": Case(
        "report nowhere --examples --publish there", "remove --examples", removed("--examples"),
        once=False,
    ),
    "what to list": Case("list studnets", "nothing to list", another_word),
    "pairs, bench": Case(
        "bench {student} --texts pairs.csv --text-pair second --out bench --rounds 1 "
        "--no-isolation --runtimes torch", ", and these are",
        removed("--text-pair"), files={"pairs.csv": f"text,second,label\n{PAIRS}"},
    ),
    "pairs, label": Case(
        "label {student} pairs.csv --text-pair second -o out.parquet", "remove --text-pair",
        removed("--text-pair"), files={"pairs.csv": f"text,second,label\n{PAIRS}"},
    ),
    # what stands in the way
    "a folder in the place of a file, predict": Case(
        "predict {student} rows.txt -o there.csv", "is a folder; give -o a file",
        command("give -o a file", "predict {student} rows.txt -o other.csv"),
        files={"rows.txt": "play\n", "there.csv/x": ""},
    ),
    "a folder in the place of a file, label": Case(
        "label {teacher} rows.txt -o there.parquet", "is a folder; give -o a file",
        command("give -o a file", "label {teacher} rows.txt -o other.parquet"),
        files={"rows.txt": "play\n", "there.parquet/x": ""},
    ),
    "its own file, label": Case(
        "label {teacher} rows.parquet -o rows.parquet", "is the file of texts itself",
        command("give -o another name", "label {teacher} rows.parquet -o other.parquet"),
        prepare=lambda _: pq.write_table(pa.table({"text": ["play"]}), "rows.parquet"),
    ),
    "its own file, texts": Case(
        "texts mine.yaml -o o.jsonl", "is the recipe's teacher.outputs",
        command("give -o another name", "texts mine.yaml -o other.jsonl"),
        {"teacher": {"model": None, "fine_tune": None, "outputs": "o.jsonl"},
         "student": {"kind": "fasttext", "text": "words"}},
        {"o.jsonl": '{"text": "play", "label": "music"}\n'},
    ),
    "a file in the place of a folder, run": Case(
        "run mine.yaml --out there", "is a file; give --out", command(
            "give --out a folder", "run mine.yaml --out other"),
        {"training": {"steps": 5}}, {"there": ""},
    ),
    "a file in the place of a folder, export": Case(
        "export {student} --out there --runtime onnx", "is a file; give --out", command(
            "give --out a folder", "export {student} --out other --runtime onnx"),
        files={"there": ""},
    ),
    "another folder, export": Case(
        "export {student} --out there --runtime onnx",
        "which would be lost; give --out a new folder",
        command("give --out a new folder", "export {student} --out other --runtime onnx"),
        files={"there/letter.txt": ""},
    ),
    "another folder, bench": Case(
        f"{BENCH} --out there", "which kdzoo did not write", command(
            "give --out a folder of its own", f"{BENCH} --out other"),
        files={"rows.txt": "play\n", "there/forms/letter.txt": ""},
    ),
    "a report of one's own, bench": Case(
        f"{BENCH} --out there", "which would be replaced by a report", command(
            "give --out a folder of its own", f"{BENCH} --out other"),
        files={"rows.txt": "play\n", "there/table.md": ""},
    ),
    "a report of one's own, run": Case(
        "run mine.yaml --out there", "which would be replaced by a report", command(
            "give --out a folder of its own", "run mine.yaml --out other"),
        {"training": {"steps": 5}}, {"there/table.md": ""},
    ),
    "a folder for a file of texts": Case(
        "predict {student} rows.csv", "and a file is wanted there", done(
            "move it elsewhere", lambda _: [Path("rows.csv").rename("elsewhere"),
                                            Path("rows.csv").write_text("text\nplay\n")]),
        files={"rows.csv/x": ""},
    ),
    # models
    "a form, exported again": Case(
        "export exported --out other --runtime onnx", "is exported already", command(
            "name the folder of the trained model", "export {student} --out other --runtime onnx"),
        prepare=lambda things: export_to(Path(things["student"]), Path("exported")),
    ),
    "how int8": Case(
        "export {student} --out out --int8 dynamik", "write dynamic or static", command(
            "write (dynamic)", "export {student} --out out --int8 {}"),
    ),
    "a runtime without a form": Case(
        "export {student} --out out --runtime torch", "there is nothing to export", command(
            r"of their own: (\w+)", "export {student} --out out --runtime {}"),
    ),
    "the baseline's runtime": Case(
        BENCH.replace("torch", "sklearn") + " --out out", "whatever --runtimes says",
        command("remove it there", f"{BENCH} --out out"), files={"rows.txt": "play\n"},
    ),
    "no texts, bench": Case(
        f"{BENCH} --out out", "there are no texts to measure with", done(
            "give a file that holds some", lambda _: Path("rows.txt").write_text("play\n")),
        files={"rows.txt": ""},
    ),
    "one model twice": Case(
        BENCH.replace("{student}", "{student} {student}") + " --out out", "is the same model as",
        command("remove one", f"{BENCH} --out out"), files={"rows.txt": "play\n"},
    ),
    "a label that the model has not": Case(
        BENCH.replace("rows.txt", "rows.csv") + " --labels label --out out", "knows no label",
        refiled("did you mean 'music'", {"rows.csv": "text,label\nplay,music\n"}),
        files={"rows.csv": "text,label\nplay,musik\n"},
    ),
    "a label that is not there": Case(
        BENCH.replace("rows.txt", "rows.csv") + " --labels label --out out", "'label' is empty",
        refiled("give it a label", {"rows.csv": "text,label\nplay,music\n"}),
        files={"rows.csv": "text,label\nplay,\n"},
    ),
    "an empty text": Case(
        "predict {student} rows.txt", "every text needs a word", refiled(
            "fill it in or remove the row", {"rows.txt": "play\n"}),
        files={"rows.txt": "play\n\nrain\n"},
    ),
    "an answer to one text": Case(
        "predict {student} play -o out.csv", "are labels of a file of texts",
        removed("-o"),
    ),
    "a pair": Case(
        "predict {student} play --pair again", "was trained on single texts", command(
            "give it one at a time", "predict {student} play"), quick=True,
    ),
    "half a character of a text": Case(
        "predict {student} 'play \udcff'", "is not valid Unicode", command(
            "save it as UTF-8", "predict {student} play"),
    ),
    "pairs that are not named": Case(
        "label paired rows.csv -o out.parquet", "no column 'text_pair'", command(
            "second text: (--text-pair) COLUMN", "label paired rows.csv -o out.parquet {} second"),
        files={"rows.csv": "text,second\nplay,on\n"},
        prepare=lambda things: save_student(
            "fasttext", Path("paired"), Path(things["encoder"]), pair_head=8),
    ),
    # init
    "students of two files": Case(
        f"{INIT} --students one.py,two.py", "; put them into one folder", command(
            "put them into one folder and name that", f"{INIT} --students both/"),
        files={"one.py": OWN, "two.py": OWN.replace('"own"', '"other"'), "both/one.py": OWN,
               "both/two.py": OWN.replace('"own"', '"other"')},
    ),
    "a student that needs more": Case(
        f"{INIT} --students own.py,cnn", "which you alone can say", command(
            "leave it out", f"{INIT} --students cnn"),
        files={"own.py": OWN.replace("dim: int = 16", "dim: int")},
    ),
    "an unknown student": Case(f"{INIT} --students bilsmt", "unknown student '", another_word),
    "a file of no student": Case(
        f"{INIT} --students own.py", "give a file with @register_student", refiled(
            "give a file with @register_student", {"own.py": OWN}), files={"own.py": ""},
    ),
    "a key of csv": Case("predict {student} rows.csv --csv separator", "write KEY=VALUE", command(
        r"as in (\S+)", "predict {student} rows.csv --csv {}"), files={
            "rows.csv": f"text;label\n{ROWS}"}, quick=True),
    "an unknown key of csv": Case(
        "predict {student} rows.csv --csv 'seperator=;'", "unknown key", another_word,
        files={"rows.csv": f"text;label\n{ROWS}"},
    ),
    "a list of labels": Case(
        "init --data {data} --teacher {teacher} -o mine --teacher-labels a,b",
        "is no list of names",
        command(r"(--teacher-labels '\[.+?')", "init --data {data} --teacher {teacher} -o mine {}"),
        once=False,
    ),
    "an unknown tracker": Case(
        "run mine.yaml --track tensorbord", "there is no tracker", another_word,
        {"training": {"steps": 5}},
    ),
    "a student of one's own": Case(
        "predict model play", "that is not installed here", command(
            "--students (FILE.py)", "predict model play --students own.py"),
        files={"own.py": OWN},
        prepare=lambda things: own_model(Path("own.py"), Path("model"), things),
    ),
}  # fmt: skip
