"""The answers of trials that pass, small enough for every cell: equal texts and equal answers are stored once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trueweight.report.evidence import Evidence
from trueweight.report.page.reply_rows import reply_rows
from trueweight.report.text import visible

ANSWER_BYTES: Final = 1_500_000


class Answers:
    """Takes the answers of the chosen trials out of a stream of evidence."""

    def __init__(self, chosen: Mapping[str, int], rows: Mapping[str, str]) -> None:
        """Make an empty collection.

        Args:
            chosen: trial id → rank, as `select_answers` has them.
            rows: trial → name of its row, for cases with several rows.
        """
        self._chosen, self._row_names = chosen, rows
        self._texts: dict[str, int] = {}
        self._rows: dict[tuple[tuple[int, int], ...], int] = {}
        self._trials: list[tuple[str, int, int, int, int, int]] = []
        self._bytes = 0

    def take(self, evidence: Iterable[Evidence]) -> Iterator[Evidence]:
        """Keep the chosen answers, and pass on every other trial."""
        for item in evidence:
            if item.trial not in self._chosen:
                yield item
            elif item.reply is not None and self._bytes < ANSWER_BYTES:
                answer = tuple((self._text(label), self._text(text)) for label, text in reply_rows(item.reply))
                number = self._rows.setdefault(answer, len(self._rows))
                case = self._text(visible(self._row_names.get(item.trial, item.case), limit=200))
                provider, mode = self._text(visible(item.provider, limit=80)), self._text(item.mode)
                self._trials.append((visible(item.trial, limit=80), case, provider, mode, item.repeat, number))

    def _text(self, text: str) -> int:
        if text not in self._texts:
            self._bytes += len(text)
            self._texts[text] = len(self._texts)
        return self._texts[text]

    def data(self) -> dict[str, Any]:
        """What ``page.js`` reads: texts, answers as pairs of texts, and trials with the number of their answer."""
        trials = sorted(self._trials, key=lambda one: self._chosen.get(one[0], 0))
        return {"texts": list(self._texts), "rows": list(self._rows), "trials": trials}
