"""What of a student goes to the hub: weights, configuration, tokenizer, card, exported forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdzoo import registry
from kdzoo.amounts import in_megabytes
from kdzoo.card import CARD, model_card
from kdzoo.choosing import Choice, choose, refuse_name
from kdzoo.errors import ModelError
from kdzoo.files import with_home
from kdzoo.hub.repository import check_name, upload
from kdzoo.model import DEPLOYED_FILES, deployed_files
from kdzoo.progress import Progress
from kdzoo.recipe.card import Card, with_said
from kdzoo.results import Store, opened
from kdzoo.runtime.decision import DECISION
from kdzoo.runtime.folder import DEPLOYED, EXPORT, README, check_exported_form


@dataclass(frozen=True)
class Pushed:
    """What lies on the hub now.

    Attributes:
        url: of the repository's page.
        files: bytes by name.
    """

    url: str
    files: dict[str, int]


def push_student(
    run: str | Path,
    repository: str,
    *,
    model: str | None,
    seed: int | None,
    private: bool,
    runtimes: Sequence[str] | None,
    said: Card | None,
    progress: Progress,
) -> Pushed:
    """Uploads a student; see ``kdzoo.api.push``.

    Args:
        run: a study's folder, or that of a model in one.
        repository: owner and name.
        model: the row of the study's table.
        seed: of that row; its first if None.
        private: whether nobody else may see the repository.
        runtimes: whose exported forms go with it; all that there are if None.
        said: licence and language of its card, in place of the recipe's.
        progress: told what is being done.

    Raises:
        ModelError: there is no such student, or no such form of it.
        HubError: the hub is not in reach, or refuses.
    """
    check_name(repository)
    store, choice = _find(with_home(run), model, seed)
    forms = _forms(store, choice, runtimes)
    row = choice.row.model_copy(update={"card": with_said(choice.row.card, said)})
    card = model_card(store, row, choice.member, repository=repository, runtimes=forms)
    files: dict[str, Path | bytes] = {CARD: card.encode(), **_files(store, choice, forms)}
    sizes = {name: _size(content) for name, content in files.items()}
    progress.say(
        f"uploading {choice.row.name}, seed {choice.member.seed}, to {repository}"
        f"{' (private)' if private else ''}: {len(files)} files, "
        f"{in_megabytes(sum(sizes.values()), 2)}: {', '.join(files)}"
    )
    own_folders = registry.exported_runtimes(registry.runtimes.entries())
    url = upload(repository, files, own_folders=own_folders, private=private, progress=progress)
    return Pushed(url, sizes)


def _find(folder: Path, model: str | None, seed: int | None) -> tuple[Store, Choice]:
    """Returns the student that is meant: a row of a study, or one whose folder is named."""
    if (folder / "study.json").is_file():
        study = opened(Store(folder))
        return study, choose(study, model, seed, roles=("student",))
    refuse_name(folder, model, seed)
    store = Store(folder.resolve().parent.parent)
    if not (folder / "record.json").is_file() or not (store.root / "study.json").is_file():
        raise ModelError(
            f"{folder} is no study, and no model of one: name a folder such as runs/quickstart, "
            "with --model NAME, or runs/quickstart/models/MODEL"
            if folder.is_dir()
            else f"no such folder: {folder}"
        )
    known = opened(store)
    key = folder.resolve().name.rpartition("--")[2]
    students = [row for row in known.manifest().rows if row.role == "student"]
    for row in students:
        for member in row.members:
            if member.key == key:
                return known, choose(known, row.name, member.seed, roles=("student",))
    raise ModelError(
        f"{folder} is no student of its study's table, but a {known.read(key).role} or one that "
        f"the table no longer has; its students: {', '.join(row.name for row in students)}"
    )


def _forms(store: Store, choice: Choice, runtimes: Sequence[str] | None) -> list[str]:
    """Returns the exported forms to upload, once they are seen to be whole."""
    known = {form.runtime: form for form in store.forms(choice.member.key)}
    whole = [name for name, form in known.items() if form.failure is None]
    wanted = whole
    if runtimes is not None:
        wanted = [name for name in runtimes if registry.runtimes.get(name).is_exported]
    for name in wanted:
        if name not in known:
            raise ModelError(
                f"'{choice.row.name}' was not exported to {name}; its forms: "
                f"{', '.join(whole) or 'none'}; name {name} in measure.runtimes and run its recipe "
                "again"
            )
        if known[name].failure is not None:
            raise ModelError(
                f"'{choice.row.name}' has no form for {name}: {known[name].failure}; its forms: "
                f"{', '.join(whole) or 'none'}"
            )
        check_exported_form(store.form(choice.member.key, name))
    return list(dict.fromkeys(wanted))


def _files(store: Store, choice: Choice, forms: Sequence[str]) -> dict[str, Path]:
    """Returns what is uploaded beside the card: nothing that holds texts or paths."""
    found = {path.name: path for path in deployed_files(choice.folder)}
    lacking = [name for name in DEPLOYED_FILES if name not in found]
    if lacking:
        raise ModelError(f"{choice.folder} is not whole: it lacks {', '.join(lacking)}")
    if (choice.folder / DECISION).is_file():
        found[DECISION] = choice.folder / DECISION
    for form in forms:
        folder = store.form(choice.member.key, form)
        named = [name for name in (DECISION,) if (folder / name).is_file()]
        for name in (*DEPLOYED, EXPORT, README, *named):
            found[f"{form}/{name}"] = folder / name
    return found


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
