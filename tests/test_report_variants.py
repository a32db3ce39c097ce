"""A variant beside its recipe: whether the change helps, told wherever verdicts are."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny_results import one_student

import kdzoo as package
from kdzoo.report import make_table, markdown
from kdzoo.report.figures.comparisons import _are_of_the_same_texts
from kdzoo.report.figures.findings import Finding
from kdzoo.report.formats.summary import summary
from kdzoo.report.page.sections import verdict_section
from kdzoo.report.write import write_report
from kdzoo.results import Member, Store
from kdzoo.statistics import Effect

QUESTION = "This variant against its recipe"
BETTER, SAME, WORSE = range(5), range(20), range(45)  # wrong texts, of which the recipe's are 20


def study_of(
    root: Path,
    variants: Mapping[str, Sequence[int]],
    *,
    seeds: int = 3,
    of_variants: Sequence[int] = (0, 1, 2),
    teacher: str | None = "t" * 16,
) -> Store:
    """Returns a study of the recipe ``tiny`` and its variants, by their wrong texts.

    The variants are held against the teacher, unless that is None.
    """
    study = one_student(root, student=SAME, seeds=seeds)
    for number, (name, wrong) in enumerate(variants.items()):
        members = []
        for seed in of_variants:
            key = f"{number}{seed}{'a' * 14}"
            study.model(key, wrong, name=f"tiny-{name.replace('/', '-')}", seed=seed)
            members.append(Member(seed=seed, key=key, teacher_key=teacher))
        study.row(f"tiny/{name}", "student", *members, road="change")
    return study.finish()


def found_in(store: Store) -> dict[str, Finding]:
    return {row.name: found for row, found in make_table(store).judged}


@pytest.mark.parametrize(
    ("wrong", "kind", "sentence"),
    [
        (BETTER, Effect.GAIN, "the change gave +15.0 points over tiny (95 % interval "),
        (SAME, Effect.NONE, "no measurable effect (0.0 points; 95 % interval "),
        (WORSE, Effect.LOSS, "the change cost 25.0 points against tiny (95 % interval "),
    ],
)
def test_is_told_by_its_difference(
    tmp_path: Path, wrong: Sequence[int], kind: Effect, sentence: str
) -> None:
    found = found_in(study_of(tmp_path, {"other": wrong}))

    change = found["tiny/other"].change
    assert change is not None
    assert change.kind is kind
    assert change.sentence.startswith(sentence)
    assert found["tiny"].change is None


def test_of_one_seed_has_no_verdict(tmp_path: Path) -> None:
    found = found_in(study_of(tmp_path, {"other": BETTER}, seeds=1, of_variants=[0]))

    change = found["tiny/other"].change
    assert change is not None
    assert change.kind is Effect.ONE_SEED


def test_is_held_against_the_seeds_that_both_have(tmp_path: Path) -> None:
    found = found_in(study_of(tmp_path, {"other": BETTER}, of_variants=[2, 1]))

    compared = found["tiny/other"].change
    assert compared is not None
    assert compared.comparison.seeds == 2


def test_without_a_seed_in_common_is_not_compared(tmp_path: Path) -> None:
    found = found_in(study_of(tmp_path, {"other": BETTER}, seeds=1, of_variants=[1, 2]))

    assert found["tiny/other"].change is None


def test_without_its_recipe_is_not_compared(tmp_path: Path) -> None:
    store = study_of(tmp_path, {"other": BETTER})
    manifest = store.manifest()
    rows = tuple(row for row in manifest.rows if row.name != "tiny")
    store.write_manifest(manifest.model_copy(update={"rows": rows}))

    assert found_in(store)["tiny/other"].change is None


@pytest.mark.parametrize("digest", ["test_fingerprint", "validation_fingerprint"])
def test_that_was_read_on_other_texts_is_not_compared(tmp_path: Path, digest: str) -> None:
    """Text by text, two test sets have nothing to do with each other."""
    store = study_of(tmp_path, {"other": BETTER})
    for number in range(3):
        record = store.read(f"0{number}{'a' * 14}")
        data = record.data.model_copy(update={digest: "another"})
        store.write(store.finished(record.key), record.model_copy(update={"data": data}))

    told = found_in(store)["tiny/other"].change
    assert (told is None) == (digest == "test_fingerprint")


@pytest.mark.parametrize(
    ("texts", "is_compared"),
    [
        (("one", 90), True), (("two", 90), False), (("one", 89), False),
        ((None, 90), True), ((None, 89), False),
    ],
)  # fmt: skip
def test_whose_record_does_not_tell_its_texts_is_compared_where_they_are_as_many(
    texts: tuple[str | None, int], is_compared: bool
) -> None:
    recipe, variant = (SimpleNamespace(texts=each) for each in (("one", 90), texts))

    assert _are_of_the_same_texts(recipe, variant) == is_compared  # type: ignore[arg-type]


def test_at_a_point_of_a_grid_is_held_against_the_recipe_there(tmp_path: Path) -> None:
    points = {"dim=8": BETTER, "dim=16": WORSE, "mse/dim=8": SAME}
    found = found_in(study_of(tmp_path, points))

    change = found["tiny/mse/dim=8"].change
    assert change is not None
    assert change.beside == "tiny/dim=8"
    assert change.comparison.difference.value == pytest.approx(-0.15)


def test_changes_nothing_that_is_said_of_distilling(tmp_path: Path) -> None:
    """However many variants there are, the other questions count their own comparisons."""
    alone = found_in(study_of(tmp_path / "alone", {}))["tiny"].effect
    variants = {f"other{number}": range(number * 5) for number in range(9)}
    study = study_of(tmp_path / "among", variants, teacher=None)
    among = found_in(study)

    assert alone is not None
    assert among["tiny"].effect == alone
    assert among["tiny/other1"].change is not None


def test_counts_for_less_among_many(tmp_path: Path) -> None:
    slight = range(12)
    one = found_in(study_of(tmp_path / "one", {"other": slight}))["tiny/other"].change
    many = {"other": slight} | {f"same{number}": SAME for number in range(9)}
    among = found_in(study_of(tmp_path / "many", many))["tiny/other"].change

    assert one is not None
    assert among is not None
    assert one.adjusted_p is not None
    assert among.adjusted_p is not None
    assert among.adjusted_p > one.adjusted_p


def test_is_told_in_every_format(tmp_path: Path) -> None:
    store = study_of(tmp_path, {"better": BETTER, "worse": WORSE, "same": SAME})
    table = make_table(store)
    write_report(store)

    said = next(line for line in summary(table) if line.startswith("Of the variants, "))
    assert said == (
        "Of the variants, 1 better than the recipe: tiny/better (+15.0 points); 1 worse: "
        "tiny/worse (-25.0 points); 1 without a measurable effect."
    )
    change = found_in(store)["tiny/better"].change
    assert change is not None
    assert f"## {QUESTION}\n\n* tiny/better: {change.sentence}." in markdown(table)
    section = verdict_section(table)
    assert section is not None
    assert change.sentence in [cell for line in section.tables[0].lines for cell in line.cells]
    assert section.answer.endswith(
        "Variants, beside their recipes: 1 gained, 1 lost, 1 without a measurable effect."
    )
    frame = package.read_verdicts(store.root)
    told = frame[frame["question"] == QUESTION]
    assert list(told["row"]) == ["tiny/better", "tiny/worse", "tiny/same"]
    with (store.root / "table.csv").open(newline="") as file:
        lines = {line["model"]: line for line in csv.DictReader(file)}
    assert lines["tiny/better"]["variant_verdict"] == "gain"
    assert float(lines["tiny/better"]["variant_minus_recipe"]) == pytest.approx(0.15)
    assert lines["tiny"]["variant_verdict"] == ""


def test_that_is_one_of_many_is_named_where_it_differs_most(tmp_path: Path) -> None:
    variants = {f"worse{count}": range(count) for count in range(40, 48)}
    (said,) = [
        line for line in summary(make_table(study_of(tmp_path, variants))) if "Of the" in line
    ]

    assert said.startswith(
        "Of the variants, 8 worse, most of all tiny/worse47 (-27.0 points), tiny/worse46 "
    )
    assert "worse42" not in said


def test_where_there_is_none_nothing_asks_for_it(tmp_path: Path) -> None:
    store = one_student(tmp_path, seeds=3).finish()
    table = make_table(store)

    assert QUESTION not in markdown(table)
    section = verdict_section(table)
    assert section is not None
    assert QUESTION.lower() not in section.tables[0].titles
