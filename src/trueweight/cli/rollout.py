"""``trueweight rollout``: your deployment before a change and after it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from trueweight.cli._help import examples
from trueweight.cli._options import (
    FILE,
    FOLDER,
    asked_by_option,
    bar_option,
    budget_option,
    dry_run_option,
    fresh_option,
    json_option,
    no_probe_option,
    open_option,
    quiet_option,
    repeating_command,
    suite_option,
)
from trueweight.core import ExitCode


@click.command(
    short_help="Compare your deployment before a change with that after it",
    epilog=examples(
        "trueweight rollout --before https://old.example.net/v1 --after https://new.example.net/v1"
        " --model qwen3-32b --key-env OUR_KEY -o runs/rollout",
        "trueweight rollout --before http://127.0.0.1:8000/v1 --after http://127.0.0.1:8001/v1"
        " --model m --drift --attest rollout.json -o runs/rollout",
    ),
)
@click.option("--before", required=True, metavar="URL", help="Base URL of the deployment before: the reference.")
@click.option("--after", required=True, metavar="URL", help="Base URL of the deployment after.")
@click.option("--model", required=True, metavar="ID", help="Model id, the same at both.")
@click.option("--key-env", metavar="VARIABLE", help="Environment variable with the key.  [default: no key]")
@suite_option("Suites, as of `trueweight run`.  [default: tool-calls,structured-output]")
@bar_option("Thresholds file (bar.toml), as of `trueweight run`.")
@click.option("--drift", is_flag=True, help="Also compare the output distributions.")
@click.option("--attest", "attested", metavar="FILE", type=FILE, help="Also write an attestation of the run.")
@click.option("-o", "--out", required=True, metavar="DIR", type=FOLDER, help="Run directory; DIR.toml has both hosts.")
@budget_option("Send no request that could exceed this cost.")
@asked_by_option
@no_probe_option
@fresh_option
@dry_run_option
@open_option
@quiet_option()
@json_option()
def command(
    *,
    before: str,
    after: str,
    model: str,
    key_env: str | None,
    suites: tuple[str, ...],
    bar_file: Path | None,
    drift: bool,
    attested: Path | None,
    out: Path,
    budget: float | None,
    asked_by: str,
    no_probe: bool,
    fresh: bool,
    dry_run: bool,
    opened: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Send the same requests to two of your deployments, and say whether the one after is worse.

    It is `trueweight run` with a providers file that it writes beside the run directory: the deployment before is the
    reference, is sent every request twice, and is compared with itself. Run the same command again to resume.
    Exit 1: the one after is worse beyond chance, or misses the bar.
    """
    from rich.console import Console

    from trueweight.cli import attest, run
    from trueweight.cli._screen import say_next
    from trueweight.core import ConfigError
    from trueweight.core.assessment import Recommendation
    from trueweight.store import RunFile, write_named
    from trueweight.workflow.start import AFTER, SUITES, deployments_text
    from trueweight.workflow.summary_file import read_summary

    text = deployments_text(before, after, model, key_env)
    file = out.with_name(f"{out.name}.toml")
    if file.exists() and file.read_text(encoding="utf-8", errors="replace") != text:
        raise ConfigError("has other providers", code="rollout-exists", where=str(file), hint="Choose another --out.")
    words = ["--out", str(out)]
    words += [word for one in suites or SUITES for word in ("--suite", one)]  # a path may have a comma
    words += ["--bar", str(bar_file)] if bar_file is not None else []
    words += [
        name
        for name, given in (
            ("--drift", drift),
            ("--no-probe", no_probe),
            ("--fresh", fresh),
            ("--dry-run", dry_run),
            ("--open", opened),
            ("--quiet", quiet or dry_run),
            ("--json", as_json),
        )
        if given
    ]
    words += [] if budget is None else ["--budget", str(budget)]
    words += ["--asked-by", asked_by] if asked_by else []
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder, file.name) if dry_run else file  # a dry run leaves no file
        written.parent.mkdir(parents=True, exist_ok=True)
        write_named(written, text)
        code = _call(run.command, "run", ["--providers", str(written), *words])
    if dry_run and not (quiet or as_json):
        say_next(Console(stderr=True, emoji=False), (*repeating_command(), "--out", str(out)))
    if dry_run or code not in (ExitCode.OK, ExitCode.FINDINGS, ExitCode.INCONCLUSIVE):
        return code
    if attested is not None:
        _call(attest.command, "attest", [str(out), "--out", str(attested), *(["--quiet"] if as_json else [])])
    found = read_summary(RunFile.SUMMARY.of(out)).providers[AFTER].assessment.recommendation
    return int(ExitCode.FINDINGS) if found is Recommendation.AVOID else code


def _call(other: click.Command, name: str, words: list[str]) -> int:
    """The exit code of another command, as if it had been typed."""
    parent = click.get_current_context().parent
    with other.make_context(name, words, parent=parent) as context:
        return int(other.invoke(context) or 0)
