"""How good the tags of sentences are: of entities, whole and of the right type, and of words."""

from __future__ import annotations

from kdzoo.task.tags import NO_TAG, Tags, entity_counts, right_counts
from kdzoo.task.thresholds import f1_of_counts


def entity_quality(tags: Tags, gold: Tags, labels: int) -> dict[str, float]:
    """Returns precision, recall and F1 of entities, the F1 of types, and shares that are right.

    An entity is right where both ends and the type are those of a gold one: the strict definition
    of CoNLL (Tjong Kim Sang, 2002). Macro-F1 is the mean over the types that
    sentences have. Accuracy is the share of sentences with the gold tags, all of them; token
    accuracy that of words.

    Args:
        tags: [N, W], valid.
        gold: likewise.
        labels: how many tags there are, C.
    """
    types = (labels - 1) // 2
    right = right_counts(tags, gold, types).sum(0)  # [K]
    given, wanted = entity_counts(tags, types).sum(0), entity_counts(gold, types).sum(0)
    by_type = f1_of_counts(right, given, wanted)[wanted > 0]
    is_word = gold != NO_TAG
    same = tags == gold
    return {
        "accuracy": float(same.all(1).mean()),
        "entity_f1": float(f1_of_counts(right.sum(), given.sum(), wanted.sum())),
        "entity_precision": float(right.sum() / max(1, given.sum())),
        "entity_recall": float(right.sum() / max(1, wanted.sum())),
        "macro_f1": float(by_type.mean()) if len(by_type) else float("nan"),
        "token_accuracy": float(same[is_word].mean()),
    }
