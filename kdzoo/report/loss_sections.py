"""The sections of the page that tell what was lost, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kdzoo.report.findings import Finding
from kdzoo.report.plain import one_line
from kdzoo.report.sections import Section, Tabular, drawn, percentage
from kdzoo.statistics import ClassLoss, Slice

WORST_CLASSES = 8  # shown of each student
EXAMPLES = 3  # texts of each, where texts may be shown
_SEEN = {0: "a word never seen", 9: "1 to 9 times", 99: "10 to 99 times"}


def losses_section(
    findings: Sequence[Finding], labels: Sequence[str], texts: Sequence[str] | None = None
) -> Section | None:
    """Returns what was lost, and for whom; None where nothing can be compared.

    Args:
        findings: of all rows.
        labels: names of the classes.
        texts: of the split, in its order, where they may be shown.
    """
    own = [each for each in findings if each.inherited is not None and each.role != "teacher"]
    if not own:
        return None
    students = [each for each in own if each.role == "student"]
    return Section(
        "What was lost, and for whom",
        tables=[_inherited(own), *_by_length(findings), *_by_rarity(findings)],
        listings=[
            (
                f"{one_line(each.name)}: the classes that lost most",
                _worst(each, labels, texts) or "none",
            )
            for each in students
        ],
    )


def _inherited(own: Sequence[Finding]) -> Tabular:
    lines = [
        {
            "model": each.name,
            "errors copied": percentage(each.inherited.copied),
            "wrong otherwise": percentage(each.inherited.otherwise_wrong),
            "corrected": percentage(each.inherited.corrected),
            "lost of what it had right": percentage(each.inherited.lost),
        }
        for each in own
        if each.inherited is not None
    ]
    caption = (
        "Of the texts that the teacher gets wrong: the student gives the same wrong label, another "
        "wrong one, or the right one. Of those it gets right: the student gets them wrong."
    )
    return drawn(lines, 1, caption=caption)


def _by_length(findings: Sequence[Finding]) -> list[Tabular]:
    return _sliced(
        {each.name: each.by_length for each in findings},
        lambda part: f"{_range(part)} words",
        "Accuracy by the length of the text, between the quartiles; in brackets how many texts.",
    )


def _by_rarity(findings: Sequence[Finding]) -> list[Tabular]:
    def title(part: Slice) -> str:
        return next(
            (each for most, each in _SEEN.items() if part.most <= most), "100 times or more"
        )

    return _sliced(
        {each.name: each.by_rarity for each in findings},
        title,
        "Accuracy by how often the rarest word of a text occurs in the texts to learn from; in "
        "brackets how many texts.",
    )


def _range(part: Slice) -> str:
    return f"{part.least}" if part.least == part.most else f"{part.least} to {part.most}"


def _sliced(
    slices: Mapping[str, Sequence[Slice]], title_of: Callable[[Slice], str], caption: str
) -> list[Tabular]:
    """Returns a table for all models whose texts fall into the same slices."""
    tables: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for name, parts in slices.items():
        if len(parts) > 1:
            titles = tuple(f"{title_of(part)} ({part.texts:,})" for part in parts)
            cells = (percentage(part.accuracy) for part in parts)
            line = {"model": name, **dict(zip(titles, cells, strict=True))}
            tables.setdefault(titles, []).append(line)
    return [drawn(lines, 1, caption=caption) for lines in tables.values()]


def _worst(finding: Finding, labels: Sequence[str], texts: Sequence[str] | None) -> str:
    worst = [each for each in finding.losses[:WORST_CLASSES] if each.loss > 0]
    return "\n".join(line for each in worst for line in _class(each, labels, texts))


def _class(found: ClassLoss, labels: Sequence[str], texts: Sequence[str] | None) -> list[str]:
    said = (
        "" if found.instead is None else f"; most often {one_line(labels[found.instead])} instead"
    )
    line = (
        f"{one_line(labels[found.label])}: teacher {found.teacher * 100:.0f} %, student "
        f"{found.student * 100:.0f} % of {found.texts} texts{said}"
    )
    shown = [] if texts is None else found.lost[:EXAMPLES]
    return [line, *(f"    {one_line(texts[number])}" for number in shown if texts is not None)]
