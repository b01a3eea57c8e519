"""Strings of words, of a format, or for a pattern."""

from __future__ import annotations

from trueweight.core.json_value import JsonObject
from trueweight.fleet.constrain.patterns import string_matching
from trueweight.fleet.constrain.sampler import Sampler

_FORMATS = {
    "date-time": ("2024-05-17T09:30:00Z", "2025-11-02T18:05:41Z", "2023-01-31T00:00:00Z"),
    "date": ("2024-05-17", "2025-11-02", "2023-01-31"),
    "time": ("09:30:00Z", "18:05:41Z", "00:00:00Z"),
    "duration": ("P1D", "PT15M", "P2W"),
    "email": ("ana@example.com", "li.wei@example.org", "ops@example.net"),
    "idn-email": ("ana@example.com", "li.wei@example.org"),
    "hostname": ("example.com", "api.example.org", "localhost"),
    "idn-hostname": ("example.com", "api.example.org"),
    "ipv4": ("192.0.2.7", "198.51.100.23", "203.0.113.99"),
    "ipv6": ("2001:db8::1", "2001:db8:0:1::7"),
    "uri": ("https://example.com/a", "https://example.org/items/7"),
    "uri-reference": ("/items/7", "https://example.com/a"),
    "iri": ("https://example.com/a",),
    "iri-reference": ("/items/7",),
    "uri-template": ("/items/{id}",),
    "uuid": ("6f1c1e9a-3b0d-4c55-9a53-0d8e7f2b6a10", "0b7e4a52-7c1d-4f6e-8a39-5d2c1b0a9f88"),
    "json-pointer": ("/a/0", "/items"),
    "relative-json-pointer": ("0/a", "1"),
    "regex": ("^a+$", "[0-9]{3}"),
}


def make_string(schema: JsonObject, sampler: Sampler) -> str:
    """A string that respects pattern, format, minLength and maxLength as far as possible; callers validate."""
    low = int(schema.get("minLength", 0))
    high = schema.get("maxLength")
    if "pattern" in schema:
        text = string_matching(schema["pattern"], sampler)
        if len(text) < low and not schema["pattern"].endswith("$"):
            text += "a" * (low - len(text))
        return text
    samples = _FORMATS.get(schema.get("format", ""))
    if samples:
        return samples[sampler.pick(samples)]
    text = sampler.word()
    while len(text) < low or (sampler.pick((" and", ".")) == 0 and len(text) < 40):
        text += " " + sampler.word()
    return text if high is None else text[: int(high)].rstrip().ljust(min(low, int(high)), "a")
