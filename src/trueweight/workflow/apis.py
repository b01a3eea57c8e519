"""Notes on cases that an API cannot express: their number and the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from trueweight.core import Case, Provider
from trueweight.core.summary import Note, NoteCode
from trueweight.plan import inexpressible


def api_notes(cases: Iterable[Case], providers: Sequence[Provider]) -> Iterator[Note]:
    """A note for each provider, API and reason, in the order of providers."""
    counted = Counter((one.provider, one.api, one.reason) for one in inexpressible(cases, providers))
    order = {provider.name: at for at, provider in enumerate(providers)}
    for (provider, api, reason), number in sorted(counted.items(), key=lambda item: (order[item[0][0]], item[0])):
        yield Note(code=NoteCode.API_NOT_APPLICABLE, providers=(provider,), api=api, reason=reason, count=number)
