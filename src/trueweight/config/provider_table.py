"""Reads one ``[[provider]]`` table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from trueweight.config.body_table import OWN_BODY_KEYS, is_json, read_changes, read_sampling, refuse_misspelt
from trueweight.config.keys import is_env_name, read_key, shown_name
from trueweight.config.secrets import hidden_in, looks_like_secret, may_be_key, names_a_secret
from trueweight.config.spot import Spot
from trueweight.config.table import read_table
from trueweight.config.urls import flaw_of
from trueweight.core import DEFAULT_API, MOST_ALLOWANCE, PROTOCOLS, Price, Provider, Role, ThinkingControl, near_miss
from trueweight.core.thinking import MESSAGE, words_problem

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_MOST = 10**6
"""The highest number of seconds, requests or dollars. A higher one is a typing error, and would overflow a clock."""

# `wire` sets these. With other values, the recorded bytes and times would have another meaning.
_OWN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding"}
)


_Text = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^\S(.*\S)?$",
        description="1 to 200 printable characters, no space at either end",
        examples=['"…"'],
    ),
]
_Limit = Annotated[float, Meta(ge=1e-3, le=_MOST, description=f"a number from 0.001 to {_MOST:,}")]
_Dollars = Annotated[
    float, Meta(ge=0, le=_MOST, description=f"a number from 0 to {_MOST:,}, USD per million tokens", examples=["0.5"])
]
_Prices = (
    "{ input = 0.5, output = 1.5 } (USD per million tokens; also cached = …, cache_write = … and request = …, USD per "
    "request)"
)


_THINKING = '{ off = { reasoning_effort = "none" }, on = { reasoning_effort = "high" }, allowance = 2048 }'


class _PriceTable(Struct):
    input: _Dollars
    output: _Dollars
    cached: _Dollars | None = None
    request: _Dollars = 0.0
    cache_write: _Dollars | None = None


class _ThinkingTable(Struct):
    """``thinking`` of a provider: fields that switch it, and the tokens that it needs."""

    on: Annotated[dict[str, Any], Meta(description='{ reasoning_effort = "high" }')] | None = None
    off: Annotated[dict[str, Any], Meta(description='{ reasoning_effort = "none" }')] | None = None
    allowance: (
        Annotated[int, Meta(ge=0, le=MOST_ALLOWANCE, description=f"tokens of a thought, from 0 to {MOST_ALLOWANCE:,}")]
        | None
    ) = None


class _ProviderTable(Struct):
    """A ``[[provider]]`` as the file has it: keys, types and ranges. Their meaning is checked by `read_provider`."""

    name: _Text
    base_url: _Text
    model: _Text
    role: Role = Role.CANDIDATE
    api: Annotated[list[str], Meta(description='api = "chat", or a list of names')] = field(
        default_factory=lambda: [DEFAULT_API]
    )
    api_key_env: Annotated[str, Meta(description='the name of a variable, api_key_env = "NAME"')] | None = None
    precision: _Text | None = None
    price: Annotated[_PriceTable, Meta(description=_Prices)] | None = None
    extra_body: Annotated[dict[str, Any], Meta(description="{ … }")] = {}
    headers: Annotated[dict[str, Any], Meta(description='{ "X-Name" = "value" }')] = {}
    drop: Annotated[list[str], Meta(description='names of fields, e.g. ["seed", "tools.function.strict"]')] = []
    rename: Annotated[dict[str, Any], Meta(description='{ max_tokens = "max_completion_tokens" }')] = {}
    set: Annotated[dict[str, Any], Meta(description="{ temperature = 1 }")] = {}
    query: Annotated[dict[str, Any], Meta(description='{ api-version = "…" }')] = {}
    key_header: _Text | None = None
    sampling: Annotated[dict[str, Any], Meta(description="{ temperature = 1.0, top_p = 0.95 }")] = {}
    thinking: Annotated[_ThinkingTable, Meta(description=_THINKING)] = field(default_factory=_ThinkingTable)
    concurrency: Annotated[int, Meta(ge=1, le=_MOST, description=f"a whole number from 1 to {_MOST:,}")] | None = None
    requests_per_minute: _Limit | None = None
    timeout: _Limit = 120.0


def read_provider(spot: Spot, entry: Mapping[str, Any], environ: Mapping[str, str] | None) -> Provider:
    """The provider of one table.

    Raises:
        ConfigError: for the first thing that is wrong.
    """
    _refuse_secrets(spot, entry)
    if isinstance(entry.get("api"), str):
        entry = {**entry, "api": [entry["api"]]}
    by_api = entry.get("base_url")
    if isinstance(by_api, Mapping):
        entry = {**entry, "base_url": next(iter(by_api.values()), "")}  # checked as any other address, below
    table = read_table(spot, entry, _ProviderTable, area="config", name="this [[provider]]")
    for key in ("name", "base_url", "model", "precision"):
        text = getattr(table, key)
        if text is not None and not text.isprintable():
            spot.at(key).refuse_value(text, "not usable", valid="printable characters")
    apis = _apis(spot.at("api"), table.api)
    urls = _base_urls(spot.at("base_url"), by_api if isinstance(by_api, Mapping) else table.base_url, apis)
    first = urls[apis[0]]
    return Provider(
        name=table.name,
        api=apis,
        base_url=first,
        base_urls={api: url for api, url in urls.items() if url != first},
        model=table.model,
        role=table.role,
        api_key_env=_api_key_env(spot.at("api_key_env"), table.api_key_env, environ),
        precision=table.precision,
        price=None if table.price is None else _price(table.price),
        extra_body=_extra_body(spot, table.extra_body),
        headers=_headers(spot, table.headers),
        concurrency=table.concurrency,
        requests_per_minute=table.requests_per_minute,
        timeout=table.timeout,
        changes=read_changes(spot, table.drop, table.rename, table.set),
        query=_query(spot.at("query"), table.query),
        key_header=_key_header(spot.at("key_header"), table.key_header),
        sampling=read_sampling(spot.at("sampling"), table.sampling),
        thinking=_thinking(spot.at("thinking"), table.thinking),
    )


def _thinking(spot: Spot, table: _ThinkingTable) -> ThinkingControl:
    for key in ("on", "off"):
        for name, value in (getattr(table, key) or {}).items():
            here = spot.at(key, name)
            if name in OWN_BODY_KEYS:
                here.refuse(
                    f"thinking may not set {name!r}: providers would get different requests",
                    code="config-value",
                    hint=f"Valid: any field but {', '.join(sorted(OWN_BODY_KEYS))}.",
                )
            refuse_misspelt(here, name)
            if name == MESSAGE and (problem := words_problem(value)):
                here.refuse_value(value, problem, valid='words for the last user message, e.g. "/no_think"')
            if not is_json(value):
                here.refuse_value(value, "not a JSON value", valid="strings, finite numbers, booleans, lists, tables")
    return ThinkingControl(table.on, table.off, table.allowance)


def _price(table: _PriceTable) -> Price:
    return Price(table.input, table.output, table.cached, table.request, table.cache_write)


def _refuse_secrets(spot: Spot, entry: Mapping[str, Any]) -> None:
    valid = 'Valid: api_key_env = "NAME", the environment variable that holds the key.'
    for key in entry:
        if looks_like_secret(key) or (key != "api_key_env" and names_a_secret(key)):
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


def _apis(spot: Spot, names: list[str]) -> tuple[str, ...]:
    valid = [name for name, protocol in PROTOCOLS.all().items() if protocol.completions]
    for name in names:
        if name not in valid:
            spot.refuse(f"api = {name[:80]!r} is not known", code="config-value", hint=near_miss(name[:200], valid))
    if not names or len(set(names)) < len(names):
        spot.refuse_value(names, "not usable", valid="at least one API, and each once")
    return tuple(names)


def _base_urls(spot: Spot, value: str | Mapping[str, Any], apis: Sequence[str]) -> dict[str, str]:
    """API → its base URL, of one URL for all of them or of a table with one for each."""
    if isinstance(value, str):
        return dict.fromkeys(apis, _base_url(spot, value, apis))
    for name in value:
        if name not in apis:
            hint = near_miss(name, apis)
            spot.at(name).refuse(f"base_url has {name!r}, which api does not name", code="config-value", hint=hint)
    for name in apis:
        if name not in value:
            spot.refuse(
                f"base_url has no address of {name}",
                code="config-missing-key",
                hint='Valid: one address for all APIs of the entry, or one for each: { chat = "…", messages = "…" }.',
            )
        if not isinstance(value[name], str):
            spot.at(name).refuse_value(value[name], "not a string", valid="a URL", code="config-type")
    return {name: _base_url(spot.at(name), value[name], (name,)) for name in apis}


def _base_url(spot: Spot, value: str, apis: Sequence[str]) -> str:
    flaw, secret = flaw_of(value)
    if flaw:
        paths = " or ".join(PROTOCOLS.get(name).path for name in apis)
        valid = f"http(s)://host[:port][/path], everything before {paths}"
        if secret:
            spot.refuse(f"base_url (not shown): {flaw}", code="config-url", hint=f"Valid: {valid}.")
        spot.refuse_value(value, flaw, valid=valid, code="config-url")
    return value.rstrip("/")


def _api_key_env(spot: Spot, value: str | None, environ: Mapping[str, str] | None) -> str | None:
    if value is None:
        return None
    if not is_env_name(value):
        spot.refuse(
            f"api_key_env = {shown_name(value)}: not the name of an environment variable",
            code="config-literal-key",
            hint="Valid: letters, digits and _, e.g. OPENAI_API_KEY. The key itself stays in the environment.",
        )
    if environ is not None:
        read_key(value, environ, where=spot.where)
    return value


def _extra_body(spot: Spot, table: dict[str, Any]) -> dict[str, Any]:
    for key, value in table.items():
        here = spot.at("extra_body", key)
        if key in OWN_BODY_KEYS:
            here.refuse(
                f"extra_body may not set {key!r}: providers would get different requests",
                code="config-value",
                hint=f"Valid: any key but {', '.join(sorted(OWN_BODY_KEYS))}.",
            )
        refuse_misspelt(here, key)
        if not is_json(value):
            here.refuse_value(value, "not a JSON value", valid="strings, finite numbers, booleans, lists, tables")
    return table


def _query(spot: Spot, table: dict[str, Any]) -> dict[str, str]:
    for name, value in table.items():
        here = spot.at(name)
        if not isinstance(value, str) or not value.isprintable():
            here.refuse_value(value, "not a query parameter", valid="a string of printable characters")
    return table


def _key_header(spot: Spot, name: str | None) -> str | None:
    if name is None:
        return None
    if may_be_key(name):
        spot.refuse(
            f"key_header (a value of {len(name)} characters, not shown: it may be a key): not the name of a header",
            code="config-literal-key",
            hint='Valid: e.g. "api-key", "x-api-key", "Authorization". The key itself stays in the environment.',
        )
    if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
        spot.refuse_value(
            name, "not the name of a header for the key", valid='e.g. "api-key", "x-api-key", "Authorization"'
        )
    return name


def _headers(spot: Spot, table: dict[str, Any]) -> dict[str, str]:
    first: dict[str, str] = {}
    for name, value in table.items():
        here = spot.at("headers", name)
        if first.setdefault(name.lower(), name) != name:
            here.refuse(
                f"header {name!r} is the same as {first[name.lower()]!r}: names of headers ignore case",
                code="config-value",
                hint="Valid: each header once.",
            )
        if names_a_secret(name) or may_be_key(name) or next(hidden_in(value), None) is not None:
            here.refuse(
                f"header {name!r} is or holds a credential (not shown), and keys do not belong in files",
                code="config-literal-key",
                hint='Valid: api_key_env = "NAME"; the key is then sent in the header of the API, or of key_header.',
            )
        if not _HEADER_NAME.fullmatch(name):
            here.refuse(
                f"{name!r} is not a name of a header", code="config-value", hint="Valid: letters, digits, dashes."
            )
        if name.lower() in _OWN_HEADERS:
            here.refuse(
                f"header {name!r} is set by trueweight itself",
                code="config-value",
                hint=f"Valid: any header but {', '.join(sorted(_OWN_HEADERS))}.",
            )
        if not isinstance(value, str):
            here.refuse_value(value, "not a string", valid="a string", code="config-type")
        if not all(" " <= character <= "~" for character in value):
            here.refuse_value(value, "not a header value", valid="printable ASCII on one line")
    return table
