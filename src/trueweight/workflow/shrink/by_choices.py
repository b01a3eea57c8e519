"""Shrink a generated case: make its choices simpler, and draw again. Prompt and target stay what each other says."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from trueweight.suites.properties.choices import Span
from trueweight.workflow.shrink.candidate import Candidate, Search

Path = tuple[int, ...]
Redraw = Callable[[Span], Candidate | None]

_WORTH = 8
"""Bytes that an attempt must save at least: a request to a provider costs more than a shorter name is worth."""


def shrink_choices(start: Candidate, redraw: Redraw) -> Search:
    """Whole branches first: everything as simple as can be, else its parts, the largest saving before the others.

    The choices of a draw form a tree, a span for each strategy. A span that cannot become simplest loses elements of
    its lists, in halves and then one by one, before its own parts are tried. As long as anything was saved, all is
    tried once more; what was tried already is not sent again.
    """
    shrinker = _Shrinker(start, redraw)
    while True:
        before = shrinker.current.size
        yield from shrinker.reduce(())
        if before - shrinker.current.size < _WORTH:
            return shrinker.current


class _Shrinker:
    def __init__(self, start: Candidate, redraw: Redraw) -> None:
        self.current = start
        self._redraw = redraw

    def reduce(self, path: Path) -> Generator[Candidate, bool, None]:
        """Make the span at ``path`` as simple as the failure lets it be."""
        span = self._span(path)
        if span is None or not (span.choices or span.spans):
            return
        simplest = self._with(path, Span(span.label, simplest=True), "simplest")
        if simplest is not None and (yield from self._try(simplest)):
            return
        yield from self._drop_elements(path)
        for child in self._by_saving(path):
            yield from self.reduce((*path, child))

    def _try(self, candidate: Candidate) -> Generator[Candidate, bool, bool]:
        holds = yield candidate
        if holds:
            self.current = candidate
        return holds

    def _drop_elements(self, path: Path) -> Generator[Candidate, bool, None]:
        """Leave out runs of a list's elements: halves, quarters, single ones."""
        count = len(self._elements(path))
        size = count // 2
        while size >= 1:
            start = max(0, len(self._elements(path)) - size)
            while start >= 0:
                dropped = self._elements(path)[start : start + size]
                candidate = self._without(path, dropped)
                if candidate is not None:
                    yield from self._try(candidate)
                if start == 0:
                    break
                start = max(0, start - size)
            size //= 2

    def _elements(self, path: Path) -> list[int]:
        """Positions of child spans that have a sibling of their own label: as a list's elements do."""
        span = self._span(path)
        if span is None:
            return []
        labels = [child.label for child in span.spans]
        return [at for at, label in enumerate(labels) if labels.count(label) > 1]

    def _without(self, path: Path, dropped: Sequence[int]) -> Candidate | None:
        span = self._span(path)
        if span is None or not dropped:
            return None
        kept = [child for at, child in enumerate(span.spans) if at not in dropped]
        return self._with(path, Span(span.label, span.choices, kept), f"without {len(dropped)} element(s)")

    def _by_saving(self, path: Path) -> Iterator[int]:
        """Children by what their simplest form would save, the most first."""
        span = self._span(path)
        sizes = []
        for at, child in enumerate(span.spans if span is not None else ()):
            candidate = self._with((*path, at), Span(child.label, simplest=True), "")
            # One that saves nothing as a whole may still hold a part that does: it comes last.
            sizes.append((candidate.size if candidate is not None else self.current.size, at))
        return (at for _, at in sorted(sizes))

    def _span(self, path: Path) -> Span | None:
        span = self.current.choices
        for at in path:
            if span is None or at >= len(span.spans):
                return None
            span = span.spans[at]
        return span

    def _with(self, path: Path, changed: Span, how: str) -> Candidate | None:
        """The case that is drawn with another span at ``path``, if it is worth a request."""
        if self.current.choices is None:
            return None
        made = self._redraw(_replaced(self.current.choices, path, changed))
        if made is None or made.size > self.current.size - _WORTH:
            return None
        return made._replace(how=how)


def _replaced(tree: Span, path: Path, changed: Span) -> Span:
    if not path:
        return changed
    spans = list(tree.spans)
    spans[path[0]] = _replaced(spans[path[0]], path[1:], changed)
    return Span(tree.label, tree.choices, spans, tree.simplest)
