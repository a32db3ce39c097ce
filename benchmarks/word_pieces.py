"""A teacher's words read by their first piece, and by the mean of their pieces.

A tokenizer cuts rare words into several pieces, and a word is to have logits of its own. kdzoo
takes those of the first piece, in training and in use. Here one fine-tuned teacher reads the
validation sentences both ways: by the logits of each word's first piece, and by the mean of the
logits of all its pieces. It was fine-tuned by first pieces, which favours these.

Run:  python benchmarks/word_pieces.py --data FOLDER           a minute once the teacher is there
A teacher that a study in runs/ has fine-tuned is taken over.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
import typer
from setting import WORK, Data, Overrides, Publish, Work, open_setting, show

from kdzoo.data import Corpus, Example
from kdzoo.metrics import entity_quality
from kdzoo.model import Logits, length_sorted_batches, load_model, predict_logits
from kdzoo.statistics.sets import Marks, compare_marks, f1_over_texts, micro
from kdzoo.task.words import NO_WORD, joined, words_in, words_of_pieces
from kdzoo.teacher import EnsembleMember, Teacher
from kdzoo.teacher.teacher import text_limit
from kdzoo.text import cut_at, encode

Pieces = npt.NDArray[np.float32]  # the logits of a sentence's pieces, [T, C]


def main(
    recipe: Annotated[str, typer.Option(help="Whose data and teacher.")] = "wnut17/bilstm",
    data: Data = None,
    overrides: Overrides = None,
    work: Work = WORK,
    publish: Publish = False,
) -> None:
    """Reads the validation sentences both ways; prints entity F1 and its difference."""
    setting = open_setting(recipe, data, overrides, work)
    corpus, teacher = setting.run.corpus, setting.teacher
    if not corpus.task.by_word:
        raise typer.BadParameter(f"{recipe} labels whole texts; name a recipe that labels words")
    first, mean, several = readings(teacher, teacher.members[0], corpus.validation)
    rows = [
        {"a word has the logits of": name, **figures(logits, corpus)}
        for name, logits in (("its first piece", first), ("all its pieces, their mean", mean))
    ]
    found = compare_marks(marks_of(mean, corpus), marks_of(first, corpus))
    low, high = (100 * (end or 0.0) for end in (found.difference.low, found.difference.high))
    compared = {
        "mean - first, points": f"{round(100 * found.difference.value, 1) + 0.0:.1f}",  # never -0
        "95 % interval": f"{low:.1f} to {high:.1f}",
        "p": f"{found.p_value:.3f}",
        "words of several pieces, %": f"{100 * several:.1f}",
    }
    title = f"{len(corpus.validation):,} validation sentences of {recipe}"
    show("word_pieces", {title: rows, "Their difference": [compared]}, publish=publish)


def readings(
    teacher: Teacher, member: EnsembleMember, sentences: tuple[Example, ...]
) -> tuple[Logits, Logits, float]:
    """Returns logits of words by first and by mean, [N, W, C]; the share of words in pieces."""
    loaded = load_model(member.folder)
    cut_at(loaded.tokenizer, text_limit(member.folder, teacher.max_length))
    encoded = encode(loaded.tokenizer, sentences, loaded.pad_id, by_word=True)
    first = predict_logits(loaded.model, encoded, teacher.batch_size)
    read = loaded.tokenizer.encode_batch([sentence.text for sentence in sentences])
    of_words = [
        np.array(words_of_pieces(sentence.text, encoding.offsets), dtype=np.int64)
        for sentence, encoding in zip(sentences, read, strict=True)
    ]
    mean: list[Logits] = [np.empty(0, dtype=np.float32)] * len(sentences)
    for rows in length_sorted_batches(encoded.lengths, teacher.batch_size):
        with torch.inference_mode():
            output = loaded.model(**encoded.batch(rows)).logits.float().numpy()
        for row, logits in zip(rows.tolist(), output, strict=True):
            words = len(words_in(sentences[row].text))
            mean[row] = by_mean(logits, of_words[row], words)[np.newaxis]
    counts = [np.bincount(own[own != NO_WORD]) for own in of_words]  # pieces of each word
    share = float((np.concatenate(counts) > 1).mean())
    return first[..., member.columns], joined(mean)[..., member.columns], share


def by_mean(logits: Pieces, of_words: npt.NDArray[np.int64], words: int) -> Logits:
    """Returns each word's logits, [W, C]: the mean of its pieces'; zeros where it has none.

    Args:
        logits: [T, C], padding behind the pieces.
        of_words: the word of each piece, as ``words_of_pieces`` tells it.
        words: of the sentence, W.
    """
    read = np.flatnonzero(of_words != NO_WORD)
    found = np.zeros((words, logits.shape[1]), dtype=np.float32)
    np.add.at(found, of_words[read], logits[read])
    counts = np.bincount(of_words[read], minlength=words)
    return (found / np.maximum(counts, 1)[:, np.newaxis]).astype(np.float32)


def marks_of(logits: Logits, corpus: Corpus) -> Marks:
    """Returns the entities that logits of the validation sentences give."""
    gold = corpus.gold("validation")
    return Marks.of_entities([corpus.task.answers(logits)], gold, len(corpus.labels))


def figures(logits: Logits, corpus: Corpus) -> dict[str, str]:
    """Returns entity F1 with its interval over sentences, precision and recall, in per cent."""
    gold = corpus.gold("validation")
    found = entity_quality(corpus.task.answers(logits), gold, len(corpus.labels))
    over = f1_over_texts(marks_of(logits, corpus), micro)
    low, high = (100 * (end or 0.0) for end in (over.low, over.high))
    return {
        "entity F1, %": f"{100 * found['entity_f1']:.1f}",
        "95 % interval": f"{low:.1f} to {high:.1f}",
        "precision, %": f"{100 * found['entity_precision']:.1f}",
        "recall, %": f"{100 * found['entity_recall']:.1f}",
    }


if __name__ == "__main__":
    typer.run(main)
