"""How many tokens a text has at most, without the tokenizer of whoever is asked."""

import math

_BYTES_PER_TOKEN = 2
"""UTF-8 bytes of a token at least, whatever the text: estimates have to be high."""


def most_tokens(size_bytes: int) -> int:
    """Return the most tokens that so many bytes of UTF-8 make."""
    return math.ceil(size_bytes / _BYTES_PER_TOKEN)
