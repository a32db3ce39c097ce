"""Mistakes in how the steps of a study are made, and in which of them."""

from __future__ import annotations

from tiny_cures import Case, command

FEW = {"training": {"steps": 5}, "measure": {"runtimes": ["torch"]}}
BESIDE = {"there": ""}  # a file in the place of the study: it is told of when the engine is right
GAP = "teacher labels student export"
RUN = "run mine.yaml --out there"


def refused(options: str, said: str, cure: str, right: str) -> Case:
    """Returns a case that ends, once it is cured, at the file in the study's place."""
    return Case(
        f"{RUN} {options}",
        said,
        command(cure, f"{RUN} {right}"),
        files=BESIDE,
        once=False,
        quick=True,
    )


def chosen(only: str, said: str, cure: str, right: str) -> Case:
    """Returns a case of steps that are then made, or shown."""
    return Case(f"run mine.yaml --only {only}", said, command(cure, f"run mine.yaml {right}"), FEW)


CASES: dict[str, Case] = {
    # processes and threads
    "no worker": refused(
        "--workers 0", "write 1 or more, or leave it out", r"write (\d+) or more", "--workers {}"
    ),
    "fewer than no worker": refused(
        "--workers=-3", "write 1 or more, or leave it out", r"(leave) it out", ""
    ),
    "more workers than memory": refused(
        "--workers 100000", "of memory are free", r"write (--workers \d+)", "{}"
    ),
    "no thread": refused(
        "--threads 0", ": write 1 or more", r"write (\d+) or more", "--threads {}"
    ),
    "fewer than no thread": refused(
        "--threads=-1 --workers 1", ": write 1 or more", r"write (\d+) or more", "--threads {}"
    ),
    "no part": refused("--label-parts 0", ": write 1 to", r"write (\d+) to", "--label-parts {}"),
    "too many parts": refused(
        "--label-parts 99999999", ": write 1 to", r"write 1 to (\d+)", "--label-parts {}"
    ),
    # engines
    "an engine like ray": refused(
        "--engine rya", "there is no such engine", r"did you mean '(\w+)'", "--engine {}"
    ),
    "an engine like local": refused(
        "--engine locla", "there is no such engine", r"did you mean '(\w+)'", "--engine {}"
    ),
    "an engine with an address that has none": refused(
        "--engine local:10.0.0.1:6379", "there is no such engine", r"Known: (\w+)", "--engine {}"
    ),
    "an engine that is none": refused(
        "--engine spark", "there is no such engine", r"Known: \w+, (\w+)", "--engine {}"
    ),
    "workers of a cluster": refused(
        "--engine ray --workers 2", "the cluster decides how many", "(leave it out)", "--engine ray"
    ),
    "an address without a port": refused(
        "--engine ray:10.0.0.1", "write ray:HOST:PORT, as in", "or (ray:auto)", "--engine {}"
    ),
    "an address of the web": refused(
        "--engine ray:http://10.0.0.1:1", "write ray:HOST:PORT, as in", "or (ray:auto)",
        "--engine {}",
    ),
    # steps
    "a step that is none": chosen(
        "studnet", ": no such step; write a name", r"or a kind \((\w+)", "--only {}"
    ),
    "a number that is none": chosen(
        "99", ": the plan has the steps", r"the steps (\d+) to", "--only {}"
    ),
    "a range that goes down": chosen("3-1", "a range goes up", r"as in (\d+-\d+)", "--only {}"),
    "a step that waits for others": chosen(
        "student", "these steps wait for", r'with --only "([\d ]+)"', "--only '{}'"
    ),
    "steps with a gap among them": Case(
        f"run mine.yaml --only '{GAP}'", "these steps wait for",
        command(r'with --only "([\d ]+)"', "run mine.yaml --only '{}'"),
        {**FEW, "measure": {"runtimes": ["torch", "onnx"]}}, quick=True,
    ),
}  # fmt: skip
