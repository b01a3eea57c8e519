"""A log to try everything with: requests of five kinds of work with answers and what they took. Our own texts.

The answers are those of a careful baseline: right, but for a few labels. No text is that of a real customer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from trueweight.core.json_value import JsonObject

MODEL: Final = "closed-large-1"
_INPUT, _OUTPUT = 2.5, 10.0
"""USD per million tokens of the baseline."""
_SLIPS: Final = 0.01
"""The share of labels in which the baseline is wrong."""
_AGAIN: Final = 0.15
"""The share of lines that repeat an earlier request, so that the baseline's own noise can be seen."""
_START: Final = datetime(2026, 11, 2, 8, tzinfo=UTC)


class Exchanged(NamedTuple):
    """A request and the message that answers it."""

    body: JsonObject
    answer: JsonObject


_TICKETS: Final[Mapping[str, tuple[str, ...]]] = {
    "billing": (
        "I was charged {n} euros twice for {product} this month. Please send the second payment back.",
        "The invoice for {product} says {n} seats, and we have fewer. Can you correct it?",
        "Our card has expired, and {product} will renew in {n} days. Where do we enter the new one?",
    ),
    "outage": (
        "{product} has been down for {n} minutes. We cannot log in at all.",
        "Since this morning every page of {product} answers with error 50{d}. {n} users are affected.",
        "The import of {product} stops after {n} rows and the status page is red.",
    ),
    "account": (
        "Please change the owner of our {product} workspace; the person left {n} days ago.",
        "I no longer have the phone for the second factor of {product}. {n} colleagues can confirm who I am.",
        "How do I remove {n} former members from {product}?",
    ),
    "feature": (
        "Could {product} export more than {n} rows at once? We would use that daily.",
        "We miss a dark theme in {product}; {n} of our team asked for it.",
        "Is a calendar view planned for {product}? Our {n} projects need one.",
    ),
    "other": (
        "Thank you for {product}; after {n} weeks we would not want to miss it.",
        "Does your company sponsor student events? Ours has {n} visitors and is about {product}.",
        "I am writing a thesis on tools like {product} and need {n} minutes of your time.",
    ),
}
_PRODUCTS: Final = ("Ledgerly", "Fieldnote", "Northdesk", "Tidepool", "Quillbox", "Stackyard")
_PEOPLE: Final = ("Jonas Weber", "Amina Diallo", "Lucía Ortega", "Kenji Mori", "Priya Nair", "Tom Baker")
_VENDORS: Final = ("Hollmann Papier", "Brightline Tools", "Casa Verde", "Nordlys Data", "Osei & Sons", "Miller Freight")
_ITEMS: Final = ("desk lamp", "toner", "shelf", "web hosting", "pallet", "notebook", "headset", "cable", "licence")
_CURRENCIES: Final = ("EUR", "USD", "GBP")


def _triage(rng: random.Random) -> Exchanged:
    label = rng.choice(list(_TICKETS))
    text = rng.choice(_TICKETS[label]).format(product=rng.choice(_PRODUCTS), n=rng.randint(2, 900), d=rng.randint(0, 4))
    if rng.random() < 0.3:
        name = rng.choice(_PEOPLE)
        text += (
            f" You can reach me at {name.split()[0].lower()}{rng.randint(1, 99)}@mail-of-{name.split()[1].lower()}.org."
        )
    system = f"Classify the support ticket. Answer with one word: {', '.join(_TICKETS)}."
    return Exchanged(_chat(system, text), {"role": "assistant", "content": label})


_INVOICE: Final = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "vendor": {"type": "string"},
        "date": {"type": "string", "description": "ISO 8601"},
        "currency": {"type": "string"},
        "total": {"type": "number"},
        "items": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["number", "vendor", "date", "currency", "total", "items"],
    "additionalProperties": False,
}


def _extraction(rng: random.Random) -> Exchanged:
    items = rng.sample(_ITEMS, rng.randint(1, 4))
    prices = [rng.randint(200, 90_000) / 100 for _ in items]
    day = _START + timedelta(days=rng.randint(-300, 0))
    found = {
        "number": f"{rng.choice('ABKR')}-{rng.randint(1000, 9999)}",
        "vendor": rng.choice(_VENDORS),
        "date": day.date().isoformat(),
        "currency": rng.choice(_CURRENCIES),
        "total": round(sum(prices), 2),
        "items": items,
    }
    rows = "\n".join(f"{item:<14} {price:>9.2f}" for item, price in zip(items, prices, strict=True))
    text = (
        f"{found['vendor']}\nInvoice no. {found['number']}   {day:%d %B %Y}\n\n{rows}\n"
        f"{'Total':<14} {found['total']:>9.2f} {found['currency']}"
    )
    form = {"type": "json_schema", "json_schema": {"name": "invoice", "schema": _INVOICE, "strict": True}}
    body = _chat("Extract the fields of the invoice as JSON.", text, response_format=form)
    return Exchanged(body, {"role": "assistant", "content": json.dumps(found)})


def _tool(name: str, description: str, **properties: JsonObject) -> JsonObject:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


_TOOLS: Final = [
    _tool("track_order", "Say where an order is.", order_id={"type": "integer"}),
    _tool(
        "refund_order",
        "Pay an order back.",
        order_id={"type": "integer"},
        reason={"enum": ["damaged", "late", "unwanted"]},
    ),
    _tool("call_back", "Have a person call.", topic={"type": "string"}),
]
_ASKS: Final[Sequence[tuple[str, JsonObject, str]]] = (
    ("track_order", {}, "Where is my order {n}? It should have been here on Monday."),
    ("track_order", {}, "Has order {n} left your warehouse yet?"),
    ("refund_order", {"reason": "damaged"}, "Order {n} arrived with a broken lid. I want my money back."),
    ("refund_order", {"reason": "late"}, "Order {n} came two weeks after the party it was for. Please refund it."),
    ("refund_order", {"reason": "unwanted"}, "I changed my mind about order {n}; please take it back and refund me."),
)


def _routing(rng: random.Random) -> Exchanged:
    name, more, text = rng.choice(_ASKS)
    number = rng.randint(10_000, 99_999)
    arguments = json.dumps({"order_id": number, **more})
    call = {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
    body = _chat("You are the help desk of a shop. Use a tool for each request.", text.format(n=number), tools=_TOOLS)
    return Exchanged(body, {"role": "assistant", "content": None, "tool_calls": [call]})


def _summary(rng: random.Random) -> Exchanged:
    product, vendor, person = rng.choice(_PRODUCTS), rng.choice(_VENDORS), rng.choice(_PEOPLE)
    days, share = rng.randint(2, 30), rng.randint(5, 60)
    text = (
        f"Notes of the weekly meeting. {person} reported that the move of {product} to the new servers took longer "
        f"than planned, because {vendor} delivered the disks {days} days late. The team discussed whether to ask for a "
        f"discount and agreed on {share} percent of the invoice. The tests of last Friday passed, apart from two that "
        f"depend on the old address. {person} will write to {vendor} by Thursday. Lunch is at the usual place."
    )
    summary = (
        f"The move of {product} was delayed by {days} days because {vendor} delivered disks late; the team will ask "
        f"for a discount of {share} percent, and {person} writes to {vendor} by Thursday."
    )
    body = _chat("Summarise the notes in one or two sentences for the manager.", text)
    return Exchanged(body, {"role": "assistant", "content": summary})


def _generation(rng: random.Random) -> Exchanged:
    item, price, stock = rng.choice(_ITEMS), rng.randint(3, 400), rng.choice((0, 0, 12, 250))
    band = "low" if price < 20 else "middle" if price < 120 else "high"
    card = {"title": item.title(), "price_band": band, "available": stock > 0, "tags": sorted({item.split()[-1], band})}
    text = f"Item: {item}. Price: {price} EUR. Stock: {stock}. Bands: low below 20, middle below 120, else high."
    body = _chat("Write the product card as JSON with title, price_band, available and tags.", text)
    body["response_format"] = {"type": "json_object"}
    return Exchanged(body, {"role": "assistant", "content": json.dumps(card)})


TASKS: Final[Mapping[str, Callable[[random.Random], Exchanged]]] = {
    "triage": _triage,
    "extraction": _extraction,
    "routing": _routing,
    "summary": _summary,
    "card": _generation,
}
"""Task → a request of it. Triage is the commonest, as in the draw of `example_log`."""
_MIX: Final = (5, 2, 2, 1, 1)


def _chat(system: str, user: str, **more: Any) -> JsonObject:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return {"model": MODEL, "messages": messages, "temperature": 0, **more}


def _slipped(made: Exchanged, rng: random.Random) -> Exchanged:
    """With another label now and then, as any model has it."""
    if made.answer["content"] not in _TICKETS or rng.random() >= _SLIPS:
        return made
    return made._replace(answer={**made.answer, "content": rng.choice(list(_TICKETS))})


def example_log(lines: int, seed: int, tasks: tuple[str, ...] = ()) -> Iterator[JsonObject]:
    """The lines of a log, each with request, response, time and cost.

    Args:
        tasks: those of `TASKS` that it has; all by default.
    """
    rng = random.Random(f"trueweight-example:{seed}")
    names = tasks or tuple(TASKS)
    weights = [weight for name, weight in zip(TASKS, _MIX, strict=True) if name in names]
    kept = [name for name in TASKS if name in names]
    earlier: dict[str, list[Exchanged]] = {name: [] for name in kept}
    for number in range(lines):
        task = rng.choices(kept, weights)[0]
        made = TASKS[task](rng)
        if earlier[task] and rng.random() < _AGAIN:
            made = rng.choice(earlier[task])
        earlier[task].append(made)
        made = _slipped(made, rng)
        prompt = len(json.dumps(made.body)) // 4
        output = max(1, len(json.dumps(made.answer)) // 4)
        usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
        choice = {
            "index": 0,
            "message": made.answer,
            "finish_reason": "tool_calls" if "tool_calls" in made.answer else "stop",
        }
        yield {
            "created_at": (_START + timedelta(seconds=97 * number)).isoformat(),
            "duration_ms": round(rng.lognormvariate(6.6, 0.35)),
            "cost_usd": round((prompt * _INPUT + output * _OUTPUT) / 1e6, 8),
            "tags": {"task": task},
            "request": made.body,
            "response": {"id": f"chatcmpl-{number}", "model": MODEL, "choices": [choice], "usage": usage},
        }
