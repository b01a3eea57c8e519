"""Files of profiles: what they say, how variants add to it, and errors that locate."""

from __future__ import annotations

from pathlib import Path

import pytest

from trueweight.core import ConfigError, Provider, Role
from trueweight.profiles import choose_profile, fitting, load_family, normal_id

FAMILY = """\
title = "Mine"
models = ["*mine-2*"]
sources = ["https://example.org/mine"]
call_id = 'functions\\.\\w+:\\d+'

[thinking]
thinks = "by-default"
places = ["reasoning_content"]
[thinking.switches.vendor]
on = { thinking = { type = "enabled" } }
off = { thinking = { type = "disabled" } }

[sampling]
zero = "not-advised"
thinking = { temperature = 1.0, top_p = 0.95 }

[[habit]]
says = "It numbers its calls."
source = "https://example.org/habit"

[[variant]]
name = "instruct"
models = ["*mine-2-instruct*"]
[variant.thinking]
thinks = "never"
[variant.sampling]
direct = { temperature = 0.6 }
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_variant_adds_to_its_family(tmp_path: Path) -> None:
    """What a variant does not state is the family's, table by table and key by key."""
    family = load_family(write(tmp_path, FAMILY))
    instruct = family.variant_for("org/Mine-2-Instruct")
    assert (instruct.label, family.profile.label) == ("mine/instruct", "mine")
    assert family.variant_for("org/mine-2.5") is family.profile
    assert instruct.thinking.thinks == "never"
    assert instruct.thinking.switches == family.profile.thinking.switches
    assert instruct.sampling.direct == {"temperature": 0.6}
    assert family.profile.sampling.direct == {"temperature": 1.0, "top_p": 0.95}
    assert instruct.habits == family.profile.habits
    assert instruct.digest() != family.profile.digest()


@pytest.mark.parametrize(
    ("model", "spelled"),
    [
        ("moonshotai/Kimi-K2.5", "moonshotai-kimi-k2-5"),
        ("accounts/fireworks/models/deepseek-v3p1", "accounts-fireworks-models-deepseek-v3-1"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "us-meta-llama3-3-70b-instruct-v1-0"),
    ],
)
def test_ids_are_compared_as_they_are_meant(model: str, spelled: str) -> None:
    """Case, separators and a ``p`` for the point of a version make no difference."""
    assert normal_id(model) == spelled


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ('title = "Mine"', 'titel = "Mine"', 1, "Did you mean 'title'?"),
        ('title = "Mine"\n', "", 1, "this profile has no title"),
        ('"*mine-2*"', '"Mine"', 2, "not a pattern of model ids"),
        ('"*mine-2*"', '"*"', 2, "not a pattern of model ids"),
        ("https://example.org/mine", "example.org", 3, "not a URL"),
        ("functions\\.", "(functions", 4, "not a regular expression"),
        ('"by-default"', '"often"', 7, "always, by-default, never, on-request"),
        ('["reasoning_content"]', '["reasoning_contents"]', 8, "Did you mean 'reasoning_content'?"),
        ('on = { thinking = { type = "enabled" } }', "on = 1", 10, "fields of a request"),
        ("off = { thinking", "off = { messages", 11, "messages may not be set by a profile"),
        ("thinking = { temperature = 1.0, top_p = 0.95 }\n", "", 14, "nothing says what to send instead"),
        ("temperature = 1.0", "temprature = 1.0", 15, "Did you mean 'temperature'?"),
        ("temperature = 1.0", 'temperature = "hot"', 15, "not a number"),
        ("[[habit]]\n", '[history]\ncall_ids = "call"\n[[habit]]\n', 18, "not a form of call ids"),
        ("[[habit]]\n", '[history]\ncall_ids = "{nam}"\n[[habit]]\n', 18, "{name}, {index} or {digest}"),
        ('says = "It numbers its calls."', "", 17, "this [[habit]] has no says"),
        ('name = "instruct"', 'name = "In struct"', 22, "not the name of a variant"),
        ('models = ["*mine-2-instruct*"]', "", 21, "this [[variant]] has no models"),
        ('thinks = "never"', "thinks = 0", 25, "thinks = 0"),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, before: str, after: str, line: int, says: str) -> None:
    """An error has file and line, the value, and what is valid."""
    assert FAMILY.count(before) == 1
    path = write(tmp_path, FAMILY.replace(before, after))
    with pytest.raises(ConfigError) as caught:
        load_family(path)
    assert caught.value.where == f"{path}:{line}"
    assert says in str(caught.value)
    assert caught.value.code.startswith("profile-")


def provider(name: str, model: str, role: Role = Role.CANDIDATE) -> Provider:
    return Provider(name, "http://127.0.0.1:1", model, role=role)


def test_auto_takes_the_profile_of_the_reference() -> None:
    """The reference's model id decides, whatever its place; a provider that fits another profile is named."""
    official = provider("official", "kimi-k2-0905-preview", Role.REFERENCE)
    chosen = choose_profile("auto", [provider("a", "my-alias"), official])
    assert chosen.profile is not None
    assert (chosen.profile.name, chosen.by, chosen.others) == ("kimi-k2", "official", ())
    assert choose_profile("auto", [provider("a", "unheard-of")]).profile is None
    assert choose_profile("none", [official]).profile is None
    alias = choose_profile("auto", [provider("a", "my-alias", Role.REFERENCE), official])
    assert alias.by == "official"


def test_a_name_or_a_file_is_taken_whatever_the_model_ids(tmp_path: Path) -> None:
    """``--profile NAME``, ``NAME/VARIANT`` and ``FILE`` need no fit; an unknown name has its near miss."""
    some = [provider("a", "unheard-of")]
    named = choose_profile("kimi-k2", some).profile
    assert named is not None
    assert named.name == "kimi-k2"
    own = choose_profile(str(write(tmp_path, FAMILY)), [provider("a", "mine-2-instruct-fp8")]).profile
    assert own is not None
    assert own.label == "mine/instruct"
    with pytest.raises(ConfigError, match="Did you mean 'gpt-oss'"):
        choose_profile("gptoss", some)
    assert fitting("unheard-of") is None
