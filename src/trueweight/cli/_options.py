"""Options that several commands share, each with one spelling and one help text; and types of option values.

Nothing here imports more than click and the core, so that ``--help`` stays fast.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from trueweight.core import MOST_ALLOWANCE, MOST_SEED, ThinkingMode, near_miss

if TYPE_CHECKING:
    _TextType = click.ParamType[str]
    _NumberType = click.ParamType[float]
else:  # not generic at run time before click 8.4
    _TextType = click.ParamType
    _NumberType = click.ParamType

MOST = 10**6
MB = 1024 * 1024
TRANSPORTS = ("http1", "httpx")
"""Values of ``wire.TransportName``; a test holds that they are equal."""
SAMPLING = ("auto", "recommended", "as-written")
"""Values of ``profiles.SamplingMode``; a test holds that they are equal."""
ARRIVALS = ("poisson", "constant")
"""Values of ``wire.ArrivalKind``; a test holds that they are equal. Importing the wire would slow ``--help``."""

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
PATH = click.Path(path_type=Path)

_MOST_RESPONSE = 64
"""MB of a body: twice as much is the longest line that is read of a record."""


class Amount(click.FloatRange):
    """A number above 0 and at most a million. NaN is refused: no sum ever exceeds a budget of NaN."""

    name = "amount"

    def __init__(self, most: float = MOST) -> None:
        super().__init__(0, most, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number as click reads it.

        Raises:
            click.BadParameter: if it is out of range or NaN.
        """
        found: float = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is not a number.", param, ctx)
        return found


class Duration(_NumberType):
    """A time such as 30m, 6h or 1d, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds.

        Raises:
            click.BadParameter: if it is not such a time, or 0.
        """
        found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", str(value))
        if found is None:
            self.fail(f"{value!r} is not a time. Valid: a number and s, m, h or d, for example 6h.", param, ctx)
        return float(int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]])


class NameFrom(_TextType):
    """A name out of a list that is expensive to build: it is built when the option is used, not for ``--help``."""

    name = "name"

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself.

        Raises:
            click.BadParameter: with the near miss, if it is not in the list.
        """
        names = sorted(self._names())
        if value not in names:
            self.fail(f"unknown name {value!r}. {near_miss(str(value), names)}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        return [CompletionItem(name) for name in sorted(self._names()) if name.startswith(incomplete)]


_NOT_REPEATED = ("out", "fresh", "retry_errors", "dry_run", "quiet", "as_json", "probe_from", "opened", "asked_by")
"""Parameters that are of one call: where it writes, what it prints, what it does with an earlier run."""


def repeating_command() -> tuple[str, ...]:
    """The words of the current command that repeat its run, without ``--out``; () outside a command.

    Options that were not given are left out, but for the seed, so that another default changes nothing.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return ()
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        value = context.params.get(name)
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if not isinstance(parameter, click.Option) or name in _NOT_REPEATED or not (given or name == "seed"):
            continue
        words += _spelled(parameter, value)
    return (*context.command_path.split(), *words)


def _spelled(option: click.Option, value: Any) -> list[str]:
    """An option as the command line spells it."""
    spelling = max(option.opts, key=len)
    if option.is_flag:
        return [spelling if value else max(option.secondary_opts, key=len)] if value or option.secondary_opts else []
    values = value if option.multiple else (value,)
    return [word for one in values if one is not None for word in (spelling, _text(one))]


def _text(value: Any) -> str:
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


max_response_option = click.option(
    "--max-response",
    "max_response_mb",
    default=8.0,
    show_default=True,
    type=Amount(_MOST_RESPONSE),
    metavar="MB",
    help="Read at most this much of one response body, up to 64. More is the provider's failure: too-large.",
)


def providers_option(words: str = "Providers file (providers.toml).", *, required: bool = True) -> Callable[[Any], Any]:
    """``--providers``, as ``providers_file``."""
    return click.option(
        "--providers",
        "providers_file",
        required=required,
        type=PATH,
        metavar="FILE",
        envvar="TRUEWEIGHT_PROVIDERS",
        help=words,
    )


def bar_option(words: str) -> Callable[[Any], Any]:
    """``--bar``, as ``bar_file``."""
    return click.option("--bar", "bar_file", type=FILE, metavar="FILE", envvar="TRUEWEIGHT_BAR", help=words)


def listed_names(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Names between commas as names; what exists under the whole text is one path."""
    parts = [part for value in values for part in ([value] if Path(value).exists() else value.split(","))]
    names = tuple(dict.fromkeys(part.strip() for part in parts))
    if "" in names:
        raise click.BadParameter("a name is empty. Valid: names separated by commas.", context, parameter)
    return names


def suite_option(words: str, *, required: bool = False) -> Callable[[Any], Any]:
    """``--suite``, as ``suites``: repeatable, and a list of names with commas."""
    return click.option(
        "--suite",
        "suites",
        multiple=True,
        required=required,
        callback=listed_names,
        metavar="SUITE,…",
        envvar="TRUEWEIGHT_SUITE",
        help=words,
    )


def out_option(words: str = "Run directory.", *, required: bool = True) -> Callable[[Any], Any]:
    """``--out``, a directory."""
    return click.option("-o", "--out", required=required, type=FOLDER, metavar="DIR", help=words)


def seed_option(seeded: str) -> Callable[[Any], Any]:
    """``--seed``, of what is named."""
    return click.option(
        "--seed",
        default=0,
        show_default=True,
        type=click.IntRange(0, MOST_SEED),
        metavar="N",
        help=f"Seed of {seeded}.",
    )


def budget_option(words: str) -> Callable[[Any], Any]:
    """``--budget``, in USD."""
    return click.option(
        "--budget", type=Amount(), metavar="USD", envvar="TRUEWEIGHT_BUDGET", help=f"{words}  [default: no limit]"
    )


def arrivals_option() -> Callable[[Any], Any]:
    """``--arrivals``, of an open loop."""
    return click.option(
        "--arrivals",
        type=click.Choice(ARRIVALS),
        default=ARRIVALS[0],
        show_default=True,
        help="Space the starts of --rate at random, as independent users do, or evenly.",
    )


profile_option = click.option(
    "--profile",
    default="auto",
    show_default=True,
    metavar="auto|none|NAME|FILE",
    envvar="TRUEWEIGHT_PROFILE",
    help="Profile of the model family (`trueweight profiles list`), or a file; auto: by the model ids.",
)
sampling_option = click.option(
    "--sampling",
    type=click.Choice(SAMPLING),
    default=SAMPLING[0],
    show_default=True,
    help="Send the recommended sampling in place of temperature 0; auto: where 0 is refused, ignored or not advised.",
)
transport_option = click.option(
    "--transport",
    type=click.Choice(TRANSPORTS),
    default=TRANSPORTS[0],
    show_default=True,
    help="Carry requests by trueweight's own HTTP/1.1, or by httpx's stack, whose times are less exact.",
)


def _api_names() -> Iterable[str]:
    from trueweight.core import PROTOCOLS

    return (name for name, one in PROTOCOLS.all().items() if one.completions)


api_option = click.option(
    "--api",
    "apis",
    multiple=True,
    type=NameFrom(_api_names),
    metavar="NAME",
    help="Use only this API of those that the providers' entries name. Repeatable.  [default: all of them]",
)


no_probe_option = click.option(
    "--no-probe",
    is_flag=True,
    help="Send no probe before the run: a provider whose setup is wrong then gets every request.",
)
fresh_option = click.option("--fresh", is_flag=True, help="Delete the run in --out and start over.")
open_option = click.option("--open", "opened", is_flag=True, help="Open the report in the browser.")
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print requests, the highest possible cost and the expected time. Send nothing."
)


def json_option(words: str = "Print JSON instead of text.") -> Callable[[Any], Any]:
    """``--json``, as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help=words)


def quiet_option(words: str = "Print only the path of the report.") -> Callable[[Any], Any]:
    """``--quiet``."""
    return click.option("--quiet", is_flag=True, envvar="TRUEWEIGHT_QUIET", help=words)


asked_by_option = click.option(
    "--asked-by",
    metavar="NAME",
    default="",
    envvar="TRUEWEIGHT_ASKED_BY",
    help="Name on the report: who asked for this run.  [default: none]",
)
thinking_option = click.option(
    "--thinking",
    multiple=True,
    type=click.Choice([one.value for one in ThinkingMode]),
    help="Send the cases with thinking off, on, or as the provider serves it. Repeatable.  [default: as-served]",
)
allowance_option = click.option(
    "--thinking-allowance",
    type=click.IntRange(0, MOST_ALLOWANCE),
    metavar="N",
    help="Add N tokens for a thought to the limit of each answer, the same for all providers.  [default: the largest "
    "that a provider needs]",
)
