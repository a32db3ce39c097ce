"""The sections of the page that tell how the study was made: training, machine, recipes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from kdzoo.plain import one_line
from kdzoo.report.figures.latency import by_machine
from kdzoo.report.figures.rows import Table
from kdzoo.report.page.sections import Curve, PageSection
from kdzoo.results import Record, Session, Store


def curves_section(store: Store, table: Table) -> PageSection | None:
    """Returns the leading figure over the steps of every student, its control dotted."""
    curves = []
    for row in store.manifest().rows:
        lines = []
        for member in row.members:
            for key, is_control in ((member.key, False), (member.control_key, True)):
                points = [] if key is None else store.history(key)
                if history := [point for point in points if table.leading in point]:
                    noun = "hard labels" if is_control else "distilled"
                    lines.append(
                        _line(
                            f"{noun}, seed {member.seed}", history, table.leading, dashed=is_control
                        )
                    )
        if lines:
            curves.append(Curve(one_line(row.name), lines))
    if not curves:
        return None
    return PageSection(
        "Training",
        paragraphs=[
            f"Validation {table.leading_title} in per cent after so many steps, a line for each "
            "seed: solid when distilled, dotted for the same student on hard labels."
        ],
        curves=curves,
    )


def _line(
    name: str, history: Sequence[Mapping[str, float]], metric: str, *, dashed: bool
) -> dict[str, Any]:
    return {
        "name": name,
        "dashed": dashed,
        "steps": [int(point["step"]) for point in history],
        "values": [round(point[metric] * 100, 3) for point in history],
    }


def environment_sections(store: Store) -> list[PageSection]:
    """Returns each machine that measured, or else the one that trained, with its libraries."""
    machines = by_machine(store.sessions())
    if not machines:
        first = store.read(store.manifest().rows[0].members[0].key)
        return [PageSection("Environment", facts=_facts(first.environment))]
    titles = [f"Environment: {name}" for name in machines] if len(machines) > 1 else ["Environment"]
    return [
        PageSection(
            one_line(title), facts=_facts(sessions[-1].environment) + _conditions(sessions[-1])
        )
        for title, sessions in zip(titles, machines.values(), strict=True)
    ]


def _conditions(session: Session) -> list[tuple[str, str]]:
    """Returns what a machine was like; the ids of the cores that were used are not its number."""
    names = {"cores": "bound_to_core_ids"}
    return _facts({names.get(name, name): value for name, value in session.conditions.items()})


def dates(store: Store) -> str:
    """Returns when the models were trained and when they were measured, from what is stored."""
    records = (store.read(key) for key in store.manifest().keys)
    parts = [f"Trained {_days(record.created for record in records)}"]
    machines = by_machine(store.sessions())
    for name, sessions in machines.items():
        place = f" on {name}" if len(machines) > 1 else ""
        parts.append(f"measured {_days(session.created for session in sessions)}{place}")
    return one_line(f"{'; '.join(parts)} (UTC).")


def _days(moments: Iterable[str]) -> str:
    """Returns ``2026-11-20 to 2026-11-21`` for moments in ISO 8601."""
    days = [moment[:10] for moment in moments]
    return " to ".join(dict.fromkeys((min(days), max(days))))


def _facts(values: Mapping[str, object]) -> list[tuple[str, str]]:
    return [
        (one_line(name.replace("_", " ")), one_line(f"{value}")) for name, value in values.items()
    ]


def recipes_section(store: Store) -> PageSection:
    """Returns the recipe of every row as it was run."""
    listings = []
    for row in store.manifest().rows:
        record: Record = store.read(row.members[0].key)
        if record.role == "student":
            written = yaml.safe_dump(record.recipe, sort_keys=False, allow_unicode=True, width=100)
            listings.append((one_line(row.name), written))
    return PageSection("Recipes as run", listings=listings)
