"""The text of a card: every word that comes from data is made harmless before it gets in."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard

from kdzoo.card.facts import StudentFacts, read_facts
from kdzoo.card.metadata import dataset_name, metadata, on_the_hub, teachers_on_hub
from kdzoo.card.tables import SHOWN_LABELS, figures_table, forms_table, labels_table
from kdzoo.files import write_atomically
from kdzoo.plain import escaped
from kdzoo.report import Report, read_report
from kdzoo.report.columns.costs import noise_note
from kdzoo.report.columns.numbers import megabytes, millions
from kdzoo.results import ManifestRow, Member, Store
from kdzoo.runtime.usage import INSTALLED, snippet_of
from kdzoo.statistics import in_points
from kdzoo.task import MULTI_LABEL, TASKS

CARD = "README.md"
_HERE = "path/to/this/folder"
_ROADS = {
    "compression": "the teacher's architecture made smaller",
    "change": "another architecture than the teacher's",
}

_EXAMPLES = {  # of what the model reads: single texts, or pairs
    False: {"example": '["a text", "another"]', "call": 'classify("a text")'},
    True: {
        "example": '[("a text", "another"), ("a third", "a fourth")]',
        "call": 'classify({"text": "a text", "text_pair": "another"})',
    },
}


def model_card(
    store: Store,
    row: ManifestRow,
    member: Member,
    *,
    report: Report | None = None,
    repository: str | None = None,
    runtimes: Sequence[str] | None = None,
) -> str:
    """Returns the card of a student, the same for the same study.

    Args:
        store: the study.
        row: the student's line of the manifest.
        member: which of the row's seeds.
        report: the study's, where it was read already.
        repository: the id under which the hub has the model; by default it lies in a folder.
        runtimes: those of whose exported forms the card tells; by default all that there are.

    Raises:
        StoreError: the store lacks the model, or a file of it.
    """
    facts = read_facts(store, row, member, report or read_report(store), runtimes)
    template = resources.files("kdzoo.card").joinpath("model_card.md").read_text(encoding="utf-8")
    words = {
        name: escaped(text)
        for name, text in (_words(facts) | _verdicts(facts) | _making(facts)).items()
    }
    card = ModelCard.from_template(
        metadata(facts),
        template_str=template,
        **words,
        **_choices(facts, repository),
        seeds=[record.seed for record in facts.seeds],
        figures=figures_table(facts),
        forms=forms_table(facts),
        label_table=labels_table(facts),
        installed=INSTALLED,
        snippet=snippet_of(TASKS[facts.record.data.task], facts.decision).rstrip(),
        **_EXAMPLES[facts.record.data.pairs],
    )
    return f"{card}\n"


def write_cards(store: Store, report: Report) -> list[Path]:
    """Writes the card of every student of the report beside its weights, and takes away all others.

    A model that was taken over from another study comes with that study's card.

    Returns:
        Where the cards lie.

    Raises:
        StoreError: the store lacks a model, or a file of it.
    """
    cards = {
        store.finished(member.key) / CARD: model_card(store, row, member, report=report)
        for row in store.manifest().rows
        if row.role == "student"
        for member in row.members
    }
    for path in (store.root / "models").glob(f"*/{CARD}"):
        if path not in cards:
            path.unlink()
    for path, text in cards.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
    return list(cards)


def _words(facts: StudentFacts) -> dict[str, str]:
    """Returns what the model is, in words and numbers."""
    record, split = facts.record, facts.table.split
    data = record.data
    return {
        "name": facts.row.name,
        "kind": facts.row.kind,
        "road": _ROADS.get(facts.row.road or "", ""),
        "label_count": f"{len(data.labels):,}",
        "more_labels": _counted(len(data.labels) - SHOWN_LABELS),
        "oos": "" if data.oos is None else data.labels[data.oos],
        "parameters": millions(record.size.parameters),
        "size": megabytes(record.size.size_bytes),
        "study": facts.table.study,
        "version": record.environment.get("kdzoo", ""),
        "seed": str(record.seed),
        "split": split,
        "noun": "pairs of texts" if data.pairs else "texts",
        "texts": f"{data.test if split == 'test' else data.validation:,}",
        "data": dataset_name(facts),
        "max_length": _counted(facts.max_length or 0),
        "latency": _latency(facts),
    }


def _verdicts(facts: StudentFacts) -> dict[str, str]:
    """Returns what the study says of this model and of its recipe; empty where it says nothing."""
    finding, seeds = facts.finding, len(facts.seeds)
    standing = finding.standing if finding else None
    effect = finding.effect if finding else None
    own = ""
    if standing and seeds > 1:
        place = [member.key for member in facts.row.members].index(facts.record.key)
        points = in_points(standing.comparison.by_seed[place])
        own = f"; this one alone differs by {points} points"
    return {
        "against_teacher": f"{standing.sentence}{own}" if standing else "",
        "against_hard_labels": effect.sentence if effect else "",
    }


def _making(facts: StudentFacts) -> dict[str, str]:
    """Returns how the model was made, in words and numbers."""
    data, recipe = facts.record.data, facts.record.recipe
    objective = dict(recipe.get("objective", {}))
    alpha, kind = objective.pop("alpha", 0), objective.pop("kind", "")
    by_gold = objective.pop("gold_for", [])
    options = ", ".join(f"{name} {value}" for name, value in sorted(objective.items()))
    return {
        "teacher": _teacher(facts) if facts.is_distilled else "",
        "teacher_made": _teacher_made(recipe.get("teacher", {})),
        "objective": f"{kind} ({options})" if options else str(kind),
        "alpha": str(alpha),
        "gold_for": ", ".join(map(str, by_gold)),
        "data_source": _source(facts),
        "train": f"{data.train:,}",
        "unlabelled": _counted(data.unlabelled),
        "validation": f"{data.validation:,}",
        "test": f"{data.test:,}",
        "transfer": _transfer(facts),
        "steps": _steps(facts),
    }


def _counted(count: int) -> str:
    return f"{count:,}" if count > 0 else ""


def _teacher(facts: StudentFacts) -> str:
    """Returns what the teacher is called: hub ids, or names without the folders above them."""
    named = teachers_on_hub(facts.record.recipe)
    if named or not facts.teachers:
        return " and ".join(named) or "a teacher"
    teacher = facts.teachers[0]
    return f"the file {teacher.notes[0]}" if teacher.is_file and teacher.notes else teacher.kind


def _teacher_made(section: dict[str, Any]) -> str:
    if section.get("outputs"):
        return ", which says what it answered to each text"
    each = "each " if len(section.get("models") or []) > 1 else ""
    made = ""
    if section.get("fine_tune"):
        made = f", {each}fine-tuned on the labelled texts"
    elif section.get("head"):
        made = f", {each}frozen, with a linear head fitted to the labelled texts"
    if section.get("folds"):
        made += "; each of these was labelled by a teacher that had not seen it"
    return made


def _source(facts: StudentFacts) -> str:
    """Returns where the data comes from."""
    data, kind = facts.record.recipe.get("data", {}), facts.record.data.origin.partition(":")[0]
    name = dataset_name(facts)
    if kind == "hub" and on_the_hub(data.get("hub")):
        config = f", configuration {data['config']}" if data.get("config") else ""
        revision = f", revision {data['revision']}" if data.get("revision") else ""
        return f"{name} of the Hugging Face hub{config}{revision}"
    return f"{name}, which comes with kdzoo" if kind == "embedded" else f"files called {name}"


def _transfer(facts: StudentFacts) -> str:
    """Returns how many texts the student learnt from, and what was added to the data's own."""
    training = facts.record.training
    if training is None:
        return ""
    added = [
        f"{count:,} {kind}"
        for count, kind in (
            (training.unlabelled, "unlabelled ones from elsewhere"),
            (training.augmented, "augmented ones"),
        )
        if count
    ]
    return f"{training.texts:,} texts" + (f", {' and '.join(added)} among them" if added else "")


def _steps(facts: StudentFacts) -> str:
    training, section = facts.record.training, facts.record.recipe.get("training", {})
    if training is None:
        return ""
    of_texts = f" of {section['batch_size']} texts" if "batch_size" in section else ""
    return f"{training.steps:,} steps{of_texts}; the weights are those of step {training.best_step}"


def _latency(facts: StudentFacts) -> str:
    """Returns how the latencies were measured; nothing where there are none."""
    timed = [line.latency for line in facts.lines.values() if line.latency is not None]
    if not timed:
        return ""
    plural = "s" if timed[0].threads > 1 else ""
    one = " It was measured on one seed of the row." if len(facts.seeds) > 1 else ""
    busy = " ".join(["", noise_note(timed)]).rstrip()
    return (
        f"p50: median latency of one text, tokenisation included, {timed[0].threads} "
        f"thread{plural}, on {timed[0].cpu}.{one}{busy}"
    )


def _choices(facts: StudentFacts, repository: str | None) -> dict[str, Any]:
    """Returns what the template decides by, and where the model lies."""
    place = repository or _HERE
    return {
        "place": place,
        "is_repository": repository is not None,
        "loaded": f'snapshot_download("{place}")' if repository else f'"{place}"',
        "is_kdzoos": facts.is_kdzoos,
        "needs_a_file": facts.needs_a_file,
        "has_control": bool(facts.controls),
        "is_said": facts.row.card is not None and facts.row.card.is_whole,
        "has_deviations": len(facts.seeds) > 1,
        "is_calibrated": facts.decision is not None,
        "has_sets": facts.record.data.task == MULTI_LABEL.name,
        "by_word": TASKS[facts.record.data.task].by_word,
        "rejects": facts.decision is not None and facts.decision.oos_threshold is not None,
        "form_folders": " or ".join(f"{escaped(form.runtime)}/" for form in facts.forms),
    }
