"""``trueweight profiles``: list and show what is published about model families."""

from __future__ import annotations

import click

from trueweight.cli._help import examples
from trueweight.cli._options import json_option


@click.group(
    short_help="List and show what is published about each model family", epilog=examples("trueweight profiles list")
)
def command() -> None:
    """List and show profiles: what is published about each model family.

    A profile states where a model thinks, how thinking is switched, its recommended sampling, its markers and call ids,
    and its vendor's thresholds. `run --profile` uses one. A profile is a shipped name or a file of yours.
    """


@command.command("list", short_help="List the shipped profiles", epilog=examples("trueweight profiles list"))
@json_option()
def list_profiles(*, as_json: bool) -> None:
    """List the shipped profiles: name, model ids that it fits, title."""
    import json

    from trueweight.profiles import shipped_families

    found = [profile for family in shipped_families().values() for profile in family.all()]
    if as_json:
        rows = [{"name": one.label, "title": one.title, "models": list(one.models)} for one in found]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    names = max(len(one.label) for one in found)
    titles = max(len(one.title) for one in found)
    for one in found:
        click.echo(f"{one.label:<{names}}  {one.title:<{titles}}  {', '.join(one.models)}")


@command.command(
    "show",
    short_help="Print one profile",
    epilog=examples("trueweight profiles show kimi-k2", "trueweight profiles show kimi-k2 --bar > bar.toml"),
)
@click.argument("name", metavar="NAME|FILE|MODEL")
@click.option("--bar", "only_bar", is_flag=True, help="Print the vendor's thresholds as a bar.toml.")
@click.option("--toml", "only_toml", is_flag=True, help="Print the profile's file, as a start for yours.")
@json_option()
def show_profile(name: str, *, only_bar: bool, only_toml: bool, as_json: bool) -> None:
    """Print one profile: a NAME or NAME/VARIANT, a FILE, or the one that fits a MODEL id."""
    import json

    import msgspec

    from trueweight.assess import parse_bar
    from trueweight.core import ConfigError
    from trueweight.profiles import find_profile
    from trueweight.report import visible
    from trueweight.report.words.profile import profile_lines

    family, profile = find_profile(name)
    if only_toml:
        click.echo(family.text, nl=False)
        return
    if profile.bar:
        parse_bar(profile.bar, f"bar of profile {profile.label}")
    if only_bar:
        if not profile.bar:
            hint = "Write a bar.toml; `trueweight gate --help` says how."
            raise ConfigError(f"profile {profile.label} has no bar", code="profile-no-bar", where="--bar", hint=hint)
        click.echo(profile.bar.lstrip("\n"), nl=False)
    elif as_json:
        click.echo(json.dumps(msgspec.to_builtins(profile), indent=2, ensure_ascii=False))
    else:
        for line in profile_lines(profile):
            click.echo(visible(line))
