"""Live progress: what it counts, that it fits, and that hostile names stay text."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from trueweight.cli._progress import watching
from trueweight.core import Case, FailureKind, Mode, Provider, Trial
from trueweight.wire import EventKind, WireEvent

NAMES = ("reference", "a-provider-with-a-very-long-name-indeed", "[bold red]x[/] \x1b[31m\u202e")


def _trials() -> list[Trial]:
    case = Case("s", "c", {"messages": []})
    providers = [Provider(name, "http://127.0.0.1:9/v1", "m") for name in NAMES]
    return [Trial.of(case, provider, repeat, Mode.PLAIN) for provider in providers for repeat in range(3)]


def _watched(*, terminal: bool, quiet: bool = False, environ: dict[str, str] | None = None, width: int = 80) -> str:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=width, _environ=environ or {})
    with watching(_trials(), console, quiet=quiet) as tell:
        for trial in _trials():
            name = trial.provider.name
            tell(WireEvent(EventKind.STARTED, name, trial.id))
            tell(WireEvent(EventKind.RETRIED, name, trial.id, waited=0.5))
            tell(WireEvent(EventKind.FINISHED, name, trial.id, ok=True, cost=0.5))
    return screen.getvalue()


def test_a_terminal_shows_rate_retries_cost_and_time_left_in_80_columns() -> None:
    """Each provider has its line, and all of them together one more."""
    screen = _watched(terminal=True, environ={"NO_COLOR": "1"})
    lines = screen.replace("\r", "\n").split("\n")
    last = [line for line in lines if line.strip()][-4:]
    assert any("3/3" in line and "3 retries $1.50" in line for line in last)
    assert any("9/9" in line and "all" in line and "$4.50" in line for line in last)
    assert "/s" in screen


@pytest.mark.parametrize("width", [30, 40, 60])
def test_a_narrow_terminal_cuts_words_and_no_name_or_number(width: int) -> None:
    """No line is wider than the screen; of a name that is too long for any screen its begin and its end are there."""
    screen = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", _watched(terminal=True, environ={"NO_COLOR": "1"}, width=width))
    lines = [line for line in screen.replace("\r", "\n").split("\n") if line.strip()]
    assert max(map(len, lines)) <= width
    assert [line.split()[:2] for line in lines[-4:]][-1] == ["all", "9/9"]
    assert {"reference", "a-provider-…deed"} <= {line.split()[0] for line in lines[-4:]}
    assert all("3/3" in line or "9/9" in line for line in lines[-4:])


def test_no_name_of_a_provider_moves_the_cursor_or_sets_a_style() -> None:
    """Markup is not read, and control characters are shown."""
    screen = _watched(terminal=True, environ={"NO_COLOR": "1"})
    assert "\x1b[31m" not in screen
    assert "\u202e" not in screen
    assert "[bold red]x" in screen


def test_elsewhere_one_plain_line_a_provider() -> None:
    """A log gets no bars and no escapes."""
    screen = _watched(terminal=False)
    assert len(screen.splitlines()) == 3
    assert "\x1b" not in screen
    assert "reference: 3 trials, 3 retries, $1.50" in screen


def test_a_name_in_a_log_commands_nothing_and_stays_what_it_is() -> None:
    """A runner of CI obeys ``::name::`` at the start of a line of either stream; ``:x:`` is no picture."""
    screen = io.StringIO()
    trial = Trial.of(
        Case("s", "c", {"messages": []}), Provider("::error::a:x:", "http://127.0.0.1:9/v1", "m"), 0, Mode.PLAIN
    )
    with watching([trial], Console(file=screen, width=80), quiet=False) as tell:
        tell(WireEvent(EventKind.STARTED, trial.provider.name, trial.id))
        tell(WireEvent(EventKind.FINISHED, trial.provider.name, trial.id, ok=True))
    assert screen.getvalue().startswith(": :error: :a:x:: 1 trial")


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_is_quiet(terminal: bool) -> None:
    """Not one character."""
    assert _watched(terminal=terminal, quiet=True) == ""


def test_a_refusal_is_the_servers_answer_and_no_failure_of_transport() -> None:
    """A 4xx is counted apart: a case may be about just that."""
    screen = io.StringIO()
    trials = _trials()[:2]
    with watching(trials, Console(file=screen, width=80), quiet=False) as tell:
        tell(WireEvent(EventKind.FINISHED, NAMES[0], trials[0].id, ok=False, failure=FailureKind.CLIENT_ERROR))
        tell(WireEvent(EventKind.FINISHED, NAMES[0], trials[1].id, ok=False, failure=FailureKind.RESET))
    assert screen.getvalue() == "reference: 2 trials, 1 failed, 1 refused\n"
