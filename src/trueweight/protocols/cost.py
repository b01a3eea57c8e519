"""What an exchange cost: metrics, an LLM judge and drift all bill by this."""

from __future__ import annotations

from trueweight.core import PROTOCOLS, Exchange, Provider, Reply, TokenCount, bill


def cost_of(provider: Provider, exchange: Exchange, reply: Reply | None) -> float | None:
    """USD of all attempts that reported usage; None if none did, or if there is neither a price nor a stated cost, or
    if the answer itself does not say what it used. A price per request alone needs no usage of an answer."""
    protocol = PROTOCOLS.get(exchange.api)
    read = None if reply is None or reply.usage is None else reply.usage.bill  # from the decompressed body
    attempts = exchange.attempts if read is None else exchange.attempts[:-1]
    reported = [protocol.tokens_in(attempt.body) for attempt in attempts]
    if read is not None:
        reported.append(read)
    if reply is not None and reply.ok and reported[-1] is None:
        if provider.price is None or not provider.price.by_request_only:
            return None
        reported[-1] = TokenCount(0, 0)
    charges = [bill(provider.price, tokens) for tokens in reported if tokens is not None]
    known = [charge for charge in charges if charge is not None]
    return sum(known) if known and len(known) == len(charges) else None
