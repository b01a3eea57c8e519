"""One ``[[provider]]`` table → one provider."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from trueweight.config.keys import is_env_name, read_key, shown_name
from trueweight.config.secrets import hidden_in, names_a_secret
from trueweight.config.spot import Spot
from trueweight.config.urls import flaw_of
from trueweight.core import Price, Provider, Role, near_miss

_KEYS = (
    "name", "role", "base_url", "model", "api_key_env", "precision", "price",
    "extra_body", "headers", "concurrency", "requests_per_minute", "timeout",
)  # fmt: skip
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_MOST = 10**6
"""Of seconds, requests and dollars alike: more is a slip of the finger, and would overflow some clock."""

# Framing and negotiation are the wire's own: a provider that could change them could change what the record means.
_OWN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding"}
)
# These make the trial what it is; a provider that changes them is not being asked the same thing.
_OWN_BODY_KEYS = frozenset({"model", "messages", "stream", "stream_options"})


def read_entry(spot: Spot, entry: Mapping[str, Any], environ: Mapping[str, str]) -> Provider:
    """Validate one table and make the provider.

    Raises:
        ConfigError: for the first thing that is wrong.
    """
    _refuse_secrets(spot, entry)
    for key in entry:
        if key not in _KEYS:
            spot.at(key).refuse(f"unknown key {key!r}", code="config-unknown-key", hint=near_miss(key, _KEYS))
    return Provider(
        name=_text(spot, entry, "name"),
        base_url=_base_url(spot, entry),
        model=_text(spot, entry, "model"),
        role=_role(spot, entry),
        api_key_env=_api_key_env(spot, entry, environ),
        precision=_text(spot, entry, "precision") if "precision" in entry else None,
        price=_price(spot, entry),
        extra_body=_extra_body(spot, entry),
        headers=_headers(spot, entry),
        concurrency=_concurrency(spot, entry),
        requests_per_minute=_positive(spot, entry, "requests_per_minute") if "requests_per_minute" in entry else None,
        timeout=_positive(spot, entry, "timeout") if "timeout" in entry else 120.0,
    )


def _refuse_secrets(spot: Spot, entry: Mapping[str, Any]) -> None:
    valid = 'Valid: api_key_env = "NAME", the environment variable that holds the key.'
    for key in entry:
        if key != "api_key_env" and names_a_secret(key):
            spot.at(key).refuse(
                f"{key} holds a key (not shown), and keys do not belong in files", code="config-literal-key", hint=valid
            )
    rest = {key: value for key, value in entry.items() if key not in ("api_key_env", "headers")}
    for path in hidden_in(rest):
        name = ".".join(str(part) for part in path)
        spot.at(*path).refuse(
            f"{name} looks like a key (not shown), and keys do not belong in files",
            code="config-literal-key",
            hint=valid,
        )


def _text(spot: Spot, entry: Mapping[str, Any], key: str) -> str:
    if key not in entry:
        spot.refuse(f"this [[provider]] has no {key}", code="config-missing-key", hint=f'Valid: {key} = "…".')
    value = entry[key]
    if not isinstance(value, str):
        spot.at(key).refuse_value(value, "not a string", valid=f'{key} = "…"', code="config-type")
    if not value.strip() or value != value.strip() or not value.isprintable() or len(value) > 200:
        spot.at(key).refuse_value(value, "not usable", valid="1 to 200 printable characters, no space at either end")
    return value


def _role(spot: Spot, entry: Mapping[str, Any]) -> Role:
    if "role" not in entry:
        return Role.CANDIDATE
    value = entry["role"]
    roles = [role.value for role in Role]
    if value not in roles:
        spot.at("role").refuse(
            f"role = {value!r}: no such role", code="config-value", hint=near_miss(str(value), roles)
        )
    return Role(value)


def _base_url(spot: Spot, entry: Mapping[str, Any]) -> str:
    value = _text(spot, entry, "base_url")
    flaw, secret = flaw_of(value)
    if flaw:
        valid = "http(s)://host[:port][/path], everything before /chat/completions"
        if secret:
            spot.at("base_url").refuse(f"base_url (not shown): {flaw}", code="config-url", hint=f"Valid: {valid}.")
        spot.at("base_url").refuse_value(value, flaw, valid=valid, code="config-url")
    return value.rstrip("/")


def _api_key_env(spot: Spot, entry: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    if "api_key_env" not in entry:
        return None
    value = entry["api_key_env"]
    here = spot.at("api_key_env")
    if not isinstance(value, str):
        here.refuse_value(value, "not a string", valid='api_key_env = "NAME"', code="config-type")
    if not is_env_name(value):
        here.refuse(
            f"api_key_env = {shown_name(value)}: not the name of an environment variable",
            code="config-literal-key",
            hint="Valid: letters, digits and _, e.g. OPENAI_API_KEY. The key itself stays in the environment.",
        )
    read_key(value, environ, where=here.where)
    return value


def _number(spot: Spot, value: Any, *, least: float, valid: str) -> float:
    # A bool is an int to Python and a mistake here.
    if isinstance(value, bool) or not isinstance(value, int | float):
        spot.refuse_value(value, "not a number", valid=valid, code="config-type")
    # Compared before it is made a float, which a whole number of many digits has not; NaN is not between anything.
    if not least <= value <= _MOST:
        spot.refuse_value(value, "out of range", valid=valid)
    return float(value)


def _positive(spot: Spot, entry: Mapping[str, Any], key: str) -> float:
    return _number(spot.at(key), entry[key], least=1e-3, valid=f"a number from 0.001 to {_MOST:,}")


def _concurrency(spot: Spot, entry: Mapping[str, Any]) -> int | None:
    if "concurrency" not in entry:
        return None
    value = entry["concurrency"]
    if isinstance(value, bool) or not isinstance(value, int):
        spot.at("concurrency").refuse_value(
            value, "not a whole number", valid="a whole number from 1", code="config-type"
        )
    if not 1 <= value <= _MOST:
        spot.at("concurrency").refuse_value(value, "out of range", valid=f"a whole number from 1 to {_MOST:,}")
    return value


def _table(spot: Spot, entry: Mapping[str, Any], key: str, example: str) -> dict[str, Any]:
    value = entry.get(key, {})
    if not isinstance(value, dict):
        spot.at(key).refuse_value(value, "not a table", valid=f"{key} = {example}", code="config-type")
    return value


def _price(spot: Spot, entry: Mapping[str, Any]) -> Price | None:
    if "price" not in entry:
        return None
    example = "{ input = 0.5, output = 1.5 } (USD per million tokens)"
    table = _table(spot, entry, "price", example)
    here = spot.at("price")
    for key in table:
        if key not in ("input", "output"):
            here.at(key).refuse(
                f"unknown key {key!r} in price", code="config-unknown-key", hint=near_miss(key, ["input", "output"])
            )
    for key in ("input", "output"):
        if key not in table:
            here.refuse(f"price has no {key}", code="config-missing-key", hint=f"Valid: price = {example}.")
    valid = f"a number from 0 to {_MOST:,}, USD per million tokens"
    return Price(*(_number(here.at(key), table[key], least=0.0, valid=valid) for key in ("input", "output")))


def _extra_body(spot: Spot, entry: Mapping[str, Any]) -> dict[str, Any]:
    table = _table(spot, entry, "extra_body", "{ … }")
    for key, value in table.items():
        here = spot.at("extra_body", key)
        if key in _OWN_BODY_KEYS:
            here.refuse(
                f"extra_body may not set {key!r}, or providers would be asked different things",
                code="config-value",
                hint=f"Valid: any key but {', '.join(sorted(_OWN_BODY_KEYS))}.",
            )
        if not _is_json(value):
            here.refuse_value(value, "JSON cannot say this", valid="strings, finite numbers, booleans, lists, tables")
    return table


def _is_json(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_json(inner) for inner in value.values())
    if isinstance(value, list):
        return all(_is_json(inner) for inner in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int)


def _headers(spot: Spot, entry: Mapping[str, Any]) -> dict[str, str]:
    table = _table(spot, entry, "headers", '{ "X-Name" = "value" }')
    first: dict[str, str] = {}
    for name, value in table.items():
        here = spot.at("headers", name)
        if first.setdefault(name.lower(), name) != name:
            here.refuse(
                f"header {name!r} is {first[name.lower()]!r} again: case makes no difference",
                code="config-value",
                hint="Valid: each header once.",
            )
        if names_a_secret(name) or next(hidden_in(value), None) is not None:
            here.refuse(
                f"header {name!r} holds a credential (not shown), and keys do not belong in files",
                code="config-literal-key",
                hint='Valid: api_key_env = "NAME"; the key is then sent as Authorization: Bearer.',
            )
        if not _HEADER_NAME.fullmatch(name):
            here.refuse(f"{name!r} is no header name", code="config-value", hint="Valid: letters, digits and dashes.")
        if name.lower() in _OWN_HEADERS:
            here.refuse(
                f"header {name!r} is set by trueweight itself",
                code="config-value",
                hint=f"Valid: any header but {', '.join(sorted(_OWN_HEADERS))}.",
            )
        if not isinstance(value, str):
            here.refuse_value(value, "not a string", valid="a string", code="config-type")
        if not all(" " <= character <= "~" for character in value):
            here.refuse_value(value, "no header can carry this", valid="printable ASCII on one line")
    return table
