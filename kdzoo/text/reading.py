"""How a Hugging Face tokenizer reads: what its own configuration says, and tokenizer.json cannot.

``tokenizer_config.json`` has the side on which texts are cut, and whether the name of a special
token in a text is text. The tokenizer below, which reads for kdzoo, has to be told.
"""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

RIGHT = "right"


def reader_of(tokenizer: Any, max_length: int | None = None) -> Tokenizer:
    """Returns the tokenizer below a Hugging Face one, reading as that would; it pads nothing.

    Args:
        tokenizer: a fast Hugging Face tokenizer; it stays as it is.
        max_length: tokens at which texts are cut; None cuts none.
    """
    reader = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    reader.encode_special_tokens = tokenizer.split_special_tokens
    reader.no_padding()
    reader.no_truncation()
    if max_length is not None:
        reader.enable_truncation(max_length, direction=tokenizer.truncation_side)
    return reader


def cut_at(reader: Tokenizer, max_length: int) -> None:
    """Lets it cut at so many tokens, on the side on which it did."""
    reader.enable_truncation(max_length, direction=cut_side(reader))


def cut_side(reader: Tokenizer) -> str:
    """Returns the side of a text, ``left`` or ``right``, on which it cuts."""
    return str((reader.truncation or {"direction": RIGHT})["direction"])


def separate_pairs(reader: Tokenizer) -> Tokenizer:
    """Returns a tokenizer that puts special tokens around each text of a pair as around one alone.

    Token types tell the texts apart: a model that takes the row apart reads each as it is alone.
    """
    copy = Tokenizer.from_str(reader.to_str())
    copy.encode_special_tokens = reader.encode_special_tokens
    copy.no_truncation()
    bare = copy.encode("a", add_special_tokens=False).ids
    around = copy.encode("a").ids
    start = next(at for at in range(len(around)) if around[at : at + len(bare)] == bare)
    before, after = around[:start], around[start + len(bare) :]
    names = {number: str(copy.id_to_token(number)) for number in {*before, *after}}

    def template(text: str, kind: int) -> list[str]:
        special = [[f"{names[piece]}:{kind}" for piece in part] for part in (before, after)]
        return [*special[0], f"${text}:{kind}", *special[1]]

    copy.post_processor = TemplateProcessing(
        single=template("A", 0),
        pair=[*template("A", 0), *template("B", 1)],
        special_tokens=[(name, number) for number, name in names.items()],
    )
    if reader.truncation is not None:
        copy.enable_truncation(**reader.truncation)
    return copy
