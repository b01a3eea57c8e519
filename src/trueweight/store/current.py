"""Which records still are of the run, after it was resumed with another suite or another provider."""

from __future__ import annotations

from collections.abc import Iterable

from trueweight.core import Case, Exchange, trial_id
from trueweight.store.manifest import Manifest

AMENDED = "amended"
"""The manifest's option that says so: without it, a record of an unknown case means that files were mixed up."""


class Current:
    """Tells records of what the run asks now from records of what it asked before."""

    def __init__(self, manifest: Manifest, cases: Iterable[Case]) -> None:
        self._cases = {case.key: case for case in cases}
        self._providers = {provider.name: provider for provider in manifest.providers}

    def holds(self, exchange: Exchange) -> bool:
        """Whether the case and the provider are still in the run, and would still be sent the same."""
        case = self._cases.get(f"{exchange.suite}/{exchange.case}")
        provider = self._providers.get(exchange.provider)
        if case is None or provider is None:
            return False
        return trial_id(case, provider, exchange.repeat, exchange.mode) == exchange.trial
