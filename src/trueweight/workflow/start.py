"""The two files to start with: ``providers.toml`` from the hosts that a user names, ``bar.toml`` from the suites."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from trueweight.assess import parse_bar
from trueweight.config import parse_providers, refuse_pasted_key
from trueweight.core import Case, ConfigError, Provider, Role, near_miss
from trueweight.workflow.attainable import strictest_attainable

OPENROUTER: Final = "https://openrouter.ai/api/v1"
OPENROUTER_KEY: Final = "OPENROUTER_API_KEY"
SUITES: Final = ("tool-calls", "structured-output")
_BOUNDS: Final = (0.99, 0.95, 0.9, 0.85, 0.8, 0.7)
_LESS: Final = (-0.02, -0.05, -0.1, -0.2)
_RULES: Final = (
    ("schema_accuracy_unconditional", "required tool calls that arrive, with arguments that follow the schema"),
    ("structured_output_accuracy", "answers that follow the schema of response_format"),
    ("success_rate", "requests that are answered, retries included"),
)


class StartingHost(NamedTuple):
    """One provider to write.

    Attributes:
        name: "" for a name from the address.
        key_env: name of the variable with the key; None for a host without one.
        pinned: OpenRouter's name of the only host that may answer; None for OpenRouter's choice.
    """

    base_url: str
    model: str
    key_env: str | None = None
    name: str = ""
    pinned: str | None = None


def openrouter_host(text: str) -> StartingHost:
    """A host of OpenRouter from ``MODEL`` or ``MODEL@HOST``: the model there, and the one host that may answer.

    Raises:
        ConfigError: ``openrouter-model`` if the model has no vendor.
    """
    model, _, pinned = text.partition("@")
    vendor, _, name = model.partition("/")
    if not vendor or not name:
        hint = "Valid: VENDOR/MODEL or VENDOR/MODEL@HOST, as OpenRouter lists it, e.g. moonshotai/kimi-k2@deepinfra."
        message = f"the model {model!r} has no vendor"
        raise ConfigError(message, code="openrouter-model", where="--openrouter", hint=hint)
    return StartingHost(OPENROUTER, model, OPENROUTER_KEY, pinned, pinned or None)


def named(hosts: Sequence[StartingHost]) -> list[StartingHost]:
    """The hosts with names that differ: those given, or from the address, with a number where two are alike."""
    taken: set[str] = set()
    found: list[StartingHost] = []
    for host in hosts:
        name = _free(host.name or _name_of(host.base_url), taken)
        taken.add(name)
        found.append(host._replace(name=name))
    return found


def _name_of(base_url: str) -> str:
    """``api.example.com`` → ``example``; an address of numbers, or of one word → with its port."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # `parse_providers` says what is wrong with it
        return "host"
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return f"{'local' if host in ('localhost', '127.0.0.1', '::1') else host or 'host'}{f'-{port}' if port else ''}"
    return labels[-2]


def _free(name: str, taken: Collection[str]) -> str:
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


class StartingFiles(NamedTuple):
    """Texts of both files, and what they say."""

    providers_text: str
    bar_text: str
    providers: tuple[Provider, ...]


def starting_files(
    hosts: Sequence[StartingHost], cases: Sequence[Case], *, suites: Sequence[str], reference: str | None
) -> StartingFiles:
    """``providers.toml`` of these hosts, and a ``bar.toml`` each of whose rules these cases can decide.

    Args:
        suites: names of the suites that the cases are from.
        reference: name of the host that the others are compared with; None for none.

    Raises:
        ConfigError: for the first thing that is wrong with a host, as `load_providers`; ``unknown-provider`` for a
            reference that is no host. A key in place of the name of its variable is refused and never shown.
    """
    hosts = named(hosts)
    for host in hosts:
        if host.key_env is not None:
            refuse_pasted_key(host.key_env, f"the key's variable of {host.model!r}")
    names = [host.name for host in hosts]
    if reference is not None and reference not in names:
        raise ConfigError(
            f"no provider {reference!r}", code="unknown-provider", where="--reference", hint=near_miss(reference, names)
        )
    text, providers = _written(hosts, reference, "hosts")
    return StartingFiles(text, _bar_text(cases, providers, suites), providers)


BEFORE, AFTER = "before", "after"
"""Names of two deployments of one model."""


def deployments_text(before: str, after: str, model: str, key_env: str | None) -> str:
    """``providers.toml`` of a deployment before a change, which is the reference, and of the one after it.

    Args:
        before, after: their base URLs.

    Raises:
        ConfigError: as `starting_files`.
    """
    if key_env is not None:
        refuse_pasted_key(key_env, "the key's variable")
    hosts = [StartingHost(url, model, key_env, name) for url, name in ((before, BEFORE), (after, AFTER))]
    return _written(hosts, BEFORE, "--before and --after")[0]


def check_host(host: StartingHost) -> None:
    """Refuse a host that cannot be an entry.

    Raises:
        ConfigError: as `starting_files`.
    """
    if host.key_env is not None:
        refuse_pasted_key(host.key_env, "the key's variable")
    _written([host._replace(name="host")], None, "the host")


def _written(hosts: Sequence[StartingHost], reference: str | None, where: str) -> tuple[str, tuple[Provider, ...]]:
    """The text of ``providers.toml``, and its entries. It is in no file yet, so that its errors have no line."""
    text = "\n".join(_providers_lines(hosts, reference)) + "\n"
    keys = {host.key_env: "set-later" for host in hosts if host.key_env}
    try:
        return text, parse_providers(text, where, environ=keys)
    except ConfigError as error:
        raise ConfigError(error.message, code=error.code, where=where, hint=error.hint) from None


def _text(value: str) -> str:
    """A TOML string."""
    return json.dumps(value, ensure_ascii=False)


def _providers_lines(hosts: Sequence[StartingHost], reference: str | None) -> Iterator[str]:
    yield "# The providers to compare. All get the same requests."
    yield "# Keys stay in the environment: a file has only the names of their variables."
    for host in hosts:
        role = Role.REFERENCE if host.name == reference else None
        yield from ("", "[[provider]]", f"name = {_text(host.name)}")
        if role is not None:
            yield 'role = "reference"  # the others are compared with it; it is sent every request twice'
        yield f"base_url = {_text(host.base_url)}"
        yield f"model = {_text(host.model)}"
        if host.key_env is not None:
            yield f"api_key_env = {_text(host.key_env)}"
        if host.pinned is not None:
            yield "# Only this host may answer; without it OpenRouter may choose another one for each request."
            yield f"extra_body = {{ provider = {{ only = [{_text(host.pinned)}], allow_fallbacks = false }} }}"
        elif host.base_url == OPENROUTER:
            yield "# OpenRouter chooses a host for each request. To pin one:"
            yield '# extra_body = { provider = { only = ["HOST"], allow_fallbacks = false } }'
        yield "# price = { input = 0.60, output = 2.50 }  # USD per million tokens; --dry-run then prints the cost"
        yield '# precision = "fp8"                         # as the host declares it'
    if reference is None:
        yield ""
        yield "# Nothing is the reference: the hosts are compared with each other. If the model's vendor serves it,"
        yield '# add that host with role = "reference".'


def _bar_text(cases: Sequence[Case], providers: Sequence[Provider], suites: Sequence[str]) -> str:
    referenced = any(provider.role is Role.REFERENCE for provider in providers)
    lines = [
        "# What a provider has to meet, written before there are results.",
        "# A rule passes if the whole 95% interval meets it. With more cases it can be stricter.",
        f"suites = {json.dumps(suites)}  # whose cases can decide these rules",
    ]
    for metric, meaning in _RULES:
        rules = [f'[[require]]\nmetric = "{metric}"\nat_least = {bound}' for bound in _BOUNDS]
        lines += _strictest(rules, meaning, cases, providers)
    if referenced:
        meaning = "which tools are called: the difference from the reference, in the same cases"
        rules = [f'[[require]]\nmetric = "tool_call_f1"\nversus = "reference"\nat_least = {less}' for less in _LESS]
        lines += _strictest(rules, meaning, cases, providers)
    lines += ["", "[findings]", "MUST = 0  # failing checks that a specification requires"]
    lines += ["beyond_reference = true  # do not count those that the reference fails as well"] if referenced else []
    return "\n".join(lines) + "\n"


def _strictest(rules: Sequence[str], meaning: str, cases: Sequence[Case], providers: Sequence[Provider]) -> list[str]:
    """The lines of the first rule that a provider can meet with these cases; none if it can meet none."""
    written = {rule: text for text in rules for rule in parse_bar(text, "bar.toml").rules}
    found = strictest_attainable([*written], cases, providers)
    return [] if found is None else ["", f"# {meaning}", *written[found].splitlines()]
