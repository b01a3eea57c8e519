"""The shipped profiles: each loads, names its sources, fits the ids that hosts use, and has a bar that is a bar."""

from __future__ import annotations

import pytest

from trueweight.assess import parse_bar
from trueweight.checks import all_checks
from trueweight.checks.markers import knows_marker
from trueweight.core import Profile
from trueweight.profiles import fitting, shipped_families

PROFILES = [profile for family in shipped_families().values() for profile in family.all()]
FAMILIES = {
    "deepseek-v3", "deepseek-v4", "gemma", "glm", "gpt-oss", "kimi-k2", "kimi-k3", "llama-3", "minimax", "mistral",
    "qwen3",
}  # fmt: skip


def test_every_family_of_the_plan_is_there() -> None:
    """Kimi K2 and K3, DeepSeek V3 and V4, Qwen3, GLM, MiniMax, gpt-oss, Llama 3, Mistral, Gemma."""
    assert set(shipped_families()) == FAMILIES


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.label)
def test_a_profile_is_complete(profile: Profile) -> None:
    """It has sources, says whether the model thinks, its bar parses, its habits name checks that exist,
    and the checks of all families know its markers."""
    assert profile.sources
    assert profile.thinking.thinks is not None
    assert (profile.thinking.thinks == "never") or profile.thinking.places
    if profile.bar:
        assert parse_bar(profile.bar, profile.label).rules
    assert all(map(knows_marker, profile.markers))
    known = {info.id for info in all_checks()}
    assert all(check in known for habit in profile.habits for check in habit.checks)


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("moonshotai/Kimi-K2-Instruct-0905", "kimi-k2"),
        ("kimi-k2-thinking-turbo", "kimi-k2/thinking"),
        ("moonshotai/Kimi-K2.6", "kimi-k2/2.5"),
        ("accounts/fireworks/models/kimi-k2p5", "kimi-k2/2.5"),
        ("kimi-k2.7-code", "kimi-k2/2.7"),
        ("kimi-k3.1-pro", "kimi-k3"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3"),
        ("accounts/fireworks/models/deepseek-v3p1", "deepseek-v3/3.1"),
        ("deepseek/deepseek-v4-flash:free", "deepseek-v4"),
        ("Qwen/Qwen3-8B", "qwen3"),
        ("Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen3/instruct"),
        ("Qwen/Qwen3-235B-A22B-Thinking-2507", "qwen3/thinking"),
        ("qwen3.5-plus", "qwen3/3.5"),
        ("zai-org/GLM-5.2", "glm"),
        ("glm-5.3", "glm/5.3"),
        ("MiniMaxAI/MiniMax-M2.7", "minimax"),
        ("minimax/minimax-m3", "minimax/m3"),
        ("openai/gpt-oss-120b", "gpt-oss"),
        ("@cf/meta/llama-3.1-8b-instruct", "llama-3"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "llama-3"),
        ("mistralai/Mistral-Nemo-Instruct-2407", "mistral"),
        ("mistral-medium-3-5", "mistral/adjustable"),
        ("google/gemma-3-27b-it", "gemma"),
        ("google/gemma-4-31B-it", "gemma/4"),
    ],
)
def test_ids_of_hosts_find_their_profile(model: str, label: str) -> None:
    """The spellings of hosted APIs, of Hugging Face and of engines."""
    found = fitting(model)
    assert found is not None
    assert found.label == label


@pytest.mark.parametrize(
    "model", ["tiny-chat", "gpt-4o-mini", "deepseek-r1-distill-llama-3-70b", "nvidia/llama-3.1-nemotron-ultra"]
)
def test_other_models_have_none(model: str) -> None:
    """Another model, and one that others trained to think on the same weights, get no profile by mistake."""
    assert fitting(model) is None
