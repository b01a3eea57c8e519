"""Texts that break parsers: each hostile piece is from a failure that was seen on a real server."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

WORDS: tuple[str, ...] = (
    *("alpha", "river", "invoice", "north", "report", "blue", "ticket", "draft", "seven", "market", "garden", "signal"),
    *("orbit", "ledger", "window", "paper", "summer", "engine"),
)
MARKERS: tuple[str, ...] = (
    *("</tool_call>", "<tool_call>", "<|im_end|>", "<|tool_call_end|>", "[/TOOL_CALLS]", "</think>", "<|eot_id|>"),
    *("<|tool_calls_section_end|>", "```", "</function>"),
)
NUMBER_LIKE: tuple[str, ...] = (
    "02134",
    "007",
    "1e5",
    "3.10",
    "-0",
    "true",
    "null",
    "NaN",
    "12345678901234567890",
    "0x1F",
)
INDENTED: tuple[str, ...] = (
    *(
        "def f(x):\n    if x:\n        return 1\n",
        "\n\n  two blank lines\n",
        "key:\n  - a\n  - b\n",
        "\ttabbed\tcells\t",
    ),
    *("  leading", "trailing  ", "a\r\nb", "for i in range(3):\n    print(i)\n"),
)
QUOTED: tuple[str, ...] = (
    *('say "hi"', "it's", "C:\\temp\\new", '{"a": 1}', "a\\nb", "'''", '"', "\\", "</script>", "{{x}}", "$HOME"),
)
BEYOND_ASCII: tuple[str, ...] = (
    *("naïve café", "Ærøskøbing", "東京タワー", "Привет", "مرحبا", "🎉", "👩‍👩‍👧", "🇵🇹", "½ ≤ π", "e\u0301", "…—“”"),
)

_FAMILIES = {
    "plain": WORDS,
    "markers": MARKERS,
    "numbers": NUMBER_LIKE,
    "whitespace": INDENTED,
    "quotes": QUOTED,
    "unicode": BEYOND_ASCII,
}


def texts(*families: str, pieces: int = 5) -> SearchStrategy[str]:
    """Texts for arguments and documents, made of whole words and of pieces that parsers trip over.

    Args:
        families: which pieces beside plain words: ``markers`` (``</tool_call>`` and the like), ``numbers`` (texts that
            look like numbers, booleans or null), ``whitespace`` (indentation, newlines, edges), ``quotes`` (quotes,
            backslashes, JSON inside text), ``unicode`` (accents, CJK, emoji of several code points). None means all.
        pieces: most pieces in one text. A text of one piece is that piece alone, for example ``"02134"``.

    Raises:
        ValueError: for a family that does not exist.
    """
    chosen = families or tuple(_FAMILIES)
    unknown = [family for family in chosen if family not in _FAMILIES]
    if unknown:
        raise ValueError(f"no such family of texts: {unknown[0]!r}; valid: {', '.join(_FAMILIES)}")
    hostile = tuple(piece for family in chosen if family != "plain" for piece in _FAMILIES[family])
    # Words are first, because a text shrinks to the first one.
    word = st.sampled_from(WORDS)
    if not hostile:
        return st.lists(word, min_size=1, max_size=pieces).map(" ".join)
    mixed = st.lists(st.one_of(word, st.sampled_from(hostile)), min_size=1, max_size=pieces)
    return st.one_of(word, st.sampled_from(hostile), mixed.map(" ".join), mixed.map("".join))


def numbers() -> SearchStrategy[int | float]:
    """JSON numbers: small, negative, of few decimals, and integers at the edges of doubles and 64 bits."""
    return st.one_of(integers(), st.sampled_from([0.5, -1.25, 3.14, 1e-7, 2.5e10, 0.1, 99.99]))


def integers() -> SearchStrategy[int]:
    """Integers as tools use them, and those that double precision or 32 bits cannot represent."""
    edges = [2**31 - 1, 2**31, -(2**31), 2**53 - 1, 2**53 + 1, 2**63 - 1, -(2**63), 10**15, 1234567890123]
    return st.one_of(st.integers(0, 100), st.integers(-1000, 100_000), st.sampled_from(edges))
