"""Mistakes in cascades, searches and what is picked."""

from __future__ import annotations

from cures_of_results import study
from tiny_cures import CHECK, Case, another_word, command, flag, option, rewritten

PICK = "pick study --escalate-to teacher"
EXPORT = "export study --out out --escalate-to teacher --runtime onnx --max-loss 0.2"
TUNE = "tune nowhere.yaml"

TRIAL = "tune mine.yaml --trials 1"
FEW = {"training": {"steps": 5}}

CASES: dict[str, Case] = {
    "a study, show": Case(
        "show study", "name the folder of one", command(r"name the folder of one: ([^,\s]+)",
                                                        "show {}"), prepare=study(), once=False,
    ),
    # cascades
    "a promise of no cascade": Case(
        "pick study --max-loss 0.2", "is of a cascade", flag("--escalate-to teacher"),
        prepare=study(), once=False, quick=True,
    ),
    "a limit beside a cascade": Case(
        f"{PICK} --max-loss 0.2 --max-size-mb 3", "does not go with --escalate-to", command(
            "(--max-size-mb) does not go with --escalate-to: remove one of them",
            f"{PICK} --max-loss 0.2"), prepare=study(), once=False,
    ),
    "a cascade without a promise": Case(PICK, "needs a promise", option("--max-loss"),
                                        prepare=study(), once=False),
    "a price below 0": Case(
        f"{PICK} --max-loss 0.2 --price-per-1000-texts=-1", "a price is 0 or more", command(
            r"as in ([\d.]+)", f"{PICK} --max-loss 0.2 --price-per-1000-texts {{}}"),
        prepare=study(), once=False,
    ),
    "a student that is not there": Case(
        f"{PICK} --max-loss 0.2 --model tin", "has no student '", another_word,
        prepare=study(), once=False,
    ),
    "a student that escalates to itself": Case(
        "pick study --escalate-to tiny --max-loss 0.2 --model tiny", "cannot escalate to itself",
        command("name the teacher: --escalate-to", f"{PICK} --max-loss 0.2 --model tiny"),
        prepare=study(), once=False,
    ),
    "a cascade of some student": Case(
        EXPORT, "choose the student with", command(r"--model NAME: (\w+)", EXPORT + " --model {}"),
        prepare=study(), once=False,
    ),
    "another folder, cascade": Case(
        f"{EXPORT} --model tiny", "which would be lost; give --out a new folder", command(
            "give --out a new folder", f"{EXPORT} --model tiny".replace("--out out", "--out new")),
        prepare=study(), files={"out/letter.txt": ""}, once=False,
    ),
    # searches
    "no trials": Case(f"{TUNE} --trials 0", "a search needs at least 1", command(
        r"as in --trials (\d+)", f"{TUNE} --trials {{}}"), once=False),
    "no hours": Case(f"{TUNE} --hours 0", "give more than 0", command(
        r"as in --hours (\d+)", f"{TUNE} --hours {{}}"), once=False),
    "a result that is there": Case(
        f"{TUNE} -o old.yaml", "give another name, as in", command(
            r"as in (\S+)", f"{TUNE} -o {{}}"), files={"old.yaml": ""}, once=False,
    ),
    **{
        f"goals: {wrong}": Case(
            f"{TRIAL} --goals {wrong}", said, command(cure, f"{TRIAL} --goals {right}"), FEW,
        )
        for wrong, said, cure, right in (
            ("accuracy,accuracy", "--goals: one is there twice", "remove it", "accuracy"),
            ("size", "accuracy has to be among them", r"as in (\S+)", "{}"),
            ("accuracy,sise", "there is no goal '", "did you mean '(size)'", "accuracy,{}"),
        )
    },
    "a runtime without latency": Case(
        f"{TRIAL} --runtime torch", "is where latency is measured", command(
            "add (--goals [a-z,]+),", f"{TRIAL} --runtime torch {{}}"), FEW,
    ),
    "a runtime of no student": Case(
        f"{TRIAL} --goals accuracy,latency --runtime troch", "no student runs in it", command(
            "did you mean '(torch)'", f"{TRIAL} --goals accuracy,latency --runtime {{}}"), FEW,
    ),
    "a runtime to export": Case(
        "export {student} --out out --runtime int8", "unknown runtime '", another_word,
    ),
    "a study's folder": Case(f"{TRIAL} --out study", "is a study's folder", command(
        "give --out another", f"{TRIAL} --out other"), FEW, prepare=study()),
    "a choice twice": Case(
        CHECK, "a choice is there twice", rewritten("remove one", search={"student.dim": [4, 8]}),
        {"search": {"student.dim": [4, 4]}},
    ),
    "a search of several": Case(
        TRIAL, "a search is of one", rewritten("without variants and grid", grid=None),
        {**FEW, "grid": {"training.steps": [5, 6]}},
    ),
}  # fmt: skip
