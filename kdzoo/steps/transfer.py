"""The transfer set of a study's students: built once for all that share it."""

from __future__ import annotations

from kdzoo.data import Corpus
from kdzoo.recipe.schema import Recipe
from kdzoo.steps.context import StudyContext
from kdzoo.transfer import TransferSet, build_transfer_set


def obtain_transfer_set(
    recipe: Recipe, corpus: Corpus, mask_token: str | None, seed: int, context: StudyContext
) -> TransferSet:
    """Returns what the recipe's students learn from, in memory until another section is asked for.

    Raises:
        DataError: unlabelled texts cannot be read, or the augmenter returns something that is no
            text.
    """
    section = recipe.transfer
    drawn_with = "" if section.augment is None else f"{mask_token} {seed}"
    written = section.model_dump_json()
    made_from = (written, corpus.fingerprint, corpus.test_fingerprint, drawn_with)
    known = context.transfers.get(made_from)
    if known is not None:
        return known
    transfer = build_transfer_set(corpus, section, mask_token, seed, context.progress)
    for other in [each for each in context.transfers if each[0] != written]:
        del context.transfers[other]
    context.transfers[made_from] = transfer
    if section.unlabelled is not None or section.augment is not None:
        context.progress.say(
            f"transfer set: {len(transfer.examples):,} texts: {transfer.own:,} of the data, "
            f"{transfer.unlabelled:,} unlabelled, {transfer.made:,} augmented"
        )
    for note in transfer.notes:
        context.progress.say(f"note: {note}")
    return transfer
