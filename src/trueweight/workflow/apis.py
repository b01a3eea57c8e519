"""What a run says of cases that an API cannot express: not applicable, with the number and the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from trueweight.core import Case, Provider
from trueweight.plan import inexpressible


def api_notes(cases: Iterable[Case], providers: Sequence[Provider]) -> Iterator[str]:
    """A sentence for each provider, API and reason, in the order of providers."""
    counted = Counter((one.provider, one.api, one.reason) for one in inexpressible(cases, providers))
    order = {provider.name: at for at, provider in enumerate(providers)}
    for (provider, api, reason), number in sorted(counted.items(), key=lambda item: (order[item[0][0]], item[0])):
        cases_are = "1 case is" if number == 1 else f"{number} cases are"
        yield f"{provider}: {cases_are} not applicable through the API {api}: {reason}."
