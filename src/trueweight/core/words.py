"""Words of a text, as a lower bound of its tokens."""

from __future__ import annotations


def count_words(text: str) -> int:
    """The number of words that begin with an ASCII letter. Words end at white space.

    Tokenizers split at spaces, so that a text has at least as many tokens.
    """
    return sum(word[0].isascii() and word[0].isalpha() for word in text.split())
