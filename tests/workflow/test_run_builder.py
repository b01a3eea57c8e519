"""A run is built from its files, then from what the probe found: sampling and allowance, the same for all providers."""

from __future__ import annotations

import json
from dataclasses import replace

from trueweight.core import Case, Provider, Role, Suite, ThinkingMode
from trueweight.core.probe import Probe, ProbeAnswer, ProbeQuestion, ProviderProbe
from trueweight.profiles import choose_profile
from trueweight.workflow.run_builder import RunBuilder
from trueweight.workflow.send import RunOptions
from trueweight.workflow.thinking import with_profile

CASE = Case("s", "c", {"messages": [{"role": "user", "content": "hi"}], "temperature": 0, "max_tokens": 64})
TESTS_SAMPLING = replace(CASE, id="own", tags=("sampling",))
OFFICIAL = Provider("official", "http://127.0.0.1:1/v1", "kimi-k2.6", role=Role.REFERENCE)
HOST = Provider("host", "http://127.0.0.1:2/v1", "moonshotai/Kimi-K2.6")


def builder(*modes: ThinkingMode, model: str = "kimi-k2.6") -> RunBuilder:
    providers = [replace(OFFICIAL, model=model), HOST if model == "kimi-k2.6" else replace(HOST, model=model)]
    chosen = choose_profile("auto", providers)
    suites = [Suite("s", (CASE, TESTS_SAMPLING))]
    options = RunOptions(thinking=modes or (ThinkingMode.AS_SERVED,))
    return RunBuilder(with_profile(providers, chosen.profile), suites, options, profile=chosen)


def test_each_mode_of_thinking_has_its_sampling() -> None:
    """Off, the request has the profile's switch and the sampling without a thought; on, that with one; the same for
    all providers. A case that tests sampling is sent once, with its own."""
    prepared = builder(ThinkingMode.OFF, ThinkingMode.ON).run()
    seen = set()
    for trial in prepared.plan.trials:
        body = json.loads(trial.body())
        seen.add((trial.case.id, trial.thinking.value, body["temperature"], body.get("thinking", {}).get("type")))
    assert seen == {
        ("c", "off", 0.6, "disabled"),
        ("c", "on", 1.0, "enabled"),
        ("own", "as-served", 0, None),
    }


def test_the_probe_decides_where_no_profile_does() -> None:
    """A provider that refuses temperature 0 makes the run send temperature 1 to all of them; the manifest says why."""
    unknown = builder(model="unheard-of")
    entry = ProviderProbe(
        provider="host", api="chat", base_url="", model="m", fingerprint="", at="", refused=("temperature",)
    )
    before, after = unknown.run(), unknown.run(Probe(providers=(entry,)))
    assert {case.request["temperature"] for case in before.cases} == {0}
    assert {case.id: case.request["temperature"] for case in after.cases} == {"c": 1.0, "own": 0}
    assert after.manifest.options["sampling"]["refused_by"] == ["host"]
    assert "sampling" not in before.manifest.options


def test_a_host_that_takes_no_temperature_gets_none() -> None:
    """Where the run's is 1, the API's default, leaving it out is the same request. A host that refuses the value 0 gets
    the 1, as all others do; with a recommended temperature of another value it is not left out."""
    unknown, known = builder(model="unheard-of"), builder()
    for words, sent in (("`temperature` is deprecated for this model.", None), ("temperature must be 1", 1.0)):
        answer = ProbeAnswer(question=ProbeQuestion.PLAIN, trial="t", url="", said=words)
        entry = ProviderProbe(
            provider="host", api="chat", base_url="", model="m", fingerprint="", at="", refused=("temperature",),
            answers=(answer,),
        )  # fmt: skip
        probe = Probe(providers=(entry,))
        bodies = {
            one.provider.name: json.loads(one.body()) for one in unknown.run(probe).plan.trials if one.case.id == "c"
        }
        assert {name: body.get("temperature") for name, body in bodies.items()} == {"official": 1.0, "host": sent}
        assert unknown.run(probe).manifest.options.get("adapted") == (None if sent else ["host"])
        off = replace(known, options=RunOptions(thinking=(ThinkingMode.OFF,))).run(probe)
        assert {json.loads(one.body()).get("temperature") for one in off.plan.trials if one.case.id == "c"} == {0.6}
