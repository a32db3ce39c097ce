"""How a Hugging Face tokenizer reads: what its own configuration says, and tokenizer.json cannot.

``tokenizer_config.json`` has the side on which texts are cut, and whether the name of a special
token in a text is text. The tokenizer below, which reads for kdzoo, has to be told.
"""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer

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
