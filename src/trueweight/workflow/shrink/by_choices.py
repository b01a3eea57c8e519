"""Shrink a generated case: make its choices simpler, and draw again. So the prompt still asks for the target."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from trueweight.suites.properties.choices import ChoiceTree
from trueweight.workflow.shrink.attempts import Reduction, Search

Path = tuple[int, ...]
Redraw = Callable[[ChoiceTree], Reduction | None]

_WORTH = 8
"""Bytes that an attempt must save at least: a request to a provider costs more than a shorter name is worth."""


def shrink_choices(start: Reduction, redraw: Redraw) -> Search:
    """Try whole branches first: make everything as simple as possible, else its parts, the largest saving first.

    The choices of a draw form a tree with a branch for each strategy. A branch that cannot become simplest loses
    elements of its lists, in halves and then one by one, before its own parts are tried. While a round saves enough,
    another round follows; the caller does not send the same request twice.
    """
    shrinker = _Shrinker(start, redraw)
    while True:
        before = shrinker.current.size
        yield from shrinker.reduce(())
        if before - shrinker.current.size < _WORTH:
            return shrinker.current


class _Shrinker:
    def __init__(self, start: Reduction, redraw: Redraw) -> None:
        self.current = start
        self._redraw = redraw

    def reduce(self, path: Path) -> Generator[Reduction, bool, None]:
        """Make the branch at ``path`` as simple as possible while the case still fails."""
        branch = self._branch(path)
        if branch is None or not (branch.choices or branch.children):
            return
        simplest = self._with(path, ChoiceTree(branch.label, simplest=True), "simplest")
        if simplest is not None and (yield from self._try(simplest)):
            return
        yield from self._drop_elements(path)
        for child in self._by_saving(path):
            yield from self.reduce((*path, child))

    def _try(self, reduction: Reduction) -> Generator[Reduction, bool, bool]:
        holds = yield reduction
        if holds:
            self.current = reduction
        return holds

    def _drop_elements(self, path: Path) -> Generator[Reduction, bool, None]:
        """Leave out runs of a list's elements: halves, quarters, single ones."""
        count = len(self._elements(path))
        size = count // 2
        while size >= 1:
            start = max(0, len(self._elements(path)) - size)
            while start >= 0:
                dropped = self._elements(path)[start : start + size]
                reduction = self._without(path, dropped)
                if reduction is not None:
                    yield from self._try(reduction)
                if start == 0:
                    break
                start = max(0, start - size)
            size //= 2

    def _elements(self, path: Path) -> list[int]:
        """Positions of children that have a sibling with the same label, as the elements of a list have."""
        branch = self._branch(path)
        if branch is None:
            return []
        labels = [child.label for child in branch.children]
        return [at for at, label in enumerate(labels) if labels.count(label) > 1]

    def _without(self, path: Path, dropped: Sequence[int]) -> Reduction | None:
        branch = self._branch(path)
        if branch is None or not dropped:
            return None
        kept = [child for at, child in enumerate(branch.children) if at not in dropped]
        return self._with(path, ChoiceTree(branch.label, branch.choices, kept), f"without {len(dropped)} element(s)")

    def _by_saving(self, path: Path) -> Iterator[int]:
        """Children by what their simplest form would save, the largest saving first."""
        branch = self._branch(path)
        sizes = []
        for at, child in enumerate(branch.children if branch is not None else ()):
            reduction = self._with((*path, at), ChoiceTree(child.label, simplest=True), "")
            # A child that saves nothing as a whole may still contain a part that does: it is tried last.
            sizes.append((reduction.size if reduction is not None else self.current.size, at))
        return (at for _, at in sorted(sizes))

    def _branch(self, path: Path) -> ChoiceTree | None:
        branch = self.current.choices
        for at in path:
            if branch is None or at >= len(branch.children):
                return None
            branch = branch.children[at]
        return branch

    def _with(self, path: Path, changed: ChoiceTree, how: str) -> Reduction | None:
        """The case that is drawn with another branch at ``path``; None if it saves too little for a request."""
        if self.current.choices is None:
            return None
        made = self._redraw(_replaced(self.current.choices, path, changed))
        if made is None or made.size > self.current.size - _WORTH:
            return None
        return made._replace(how=how)


def _replaced(tree: ChoiceTree, path: Path, changed: ChoiceTree) -> ChoiceTree:
    if not path:
        return changed
    children = list(tree.children)
    children[path[0]] = _replaced(children[path[0]], path[1:], changed)
    return ChoiceTree(tree.label, tree.choices, children, tree.simplest)
