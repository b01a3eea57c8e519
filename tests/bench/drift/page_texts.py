"""The proof as a page of Markdown."""

# ruff: noqa: E501 - a page is written as it is read
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_HEAD = """# Drift by sampled texts: one engine

Made by `python tests/bench/drift/prove_texts.py` from `tests/bench/drift/recorded.jsonl.gz`: answers of real llama.cpp servers
(b11434, one processor thread, weights not repacked) with Gemma 3 270M, F16 made from a Q4_K_M file and quantised again. It was
recorded before there was a panel of engines, so **no other engine is in it**: sampled texts of an honest provider on
another engine were not measured. Log-probabilities and texts at temperature 0 are in [README.md](README.md).

- Strangeness and steady prompts were designed on 20 steady tuning prompts, tested on the first {first_steady} steady test prompts, set again
  on all of these (tolerance {tau_strange}; steady prompts' excess {tau_steady}; natural prompts {tau_s}), frozen in a commit, and tested on **fresh** prompts:
  {steady} steady with {natural} natural ones.
- Each number rests on {runs} runs that resample those prompts with replacement. The intervals (Clopper-Pearson, 95%) say how
  exactly the *resampling* is known; that there are only so many different prompts is not in them.
- Requests are those to the candidate. For each of them the reference gets six (two under the candidate's seed, four under others).
- Sampled text without common seeds does not find Q8_0; a temperature of .8 and a `top_p` of .9 it finds slowly.
"""


def page(found: Mapping[str, Any]) -> str:
    """All of it."""
    thresholds, prompts = found["thresholds"], found["prompts"]
    head = _HEAD.format(
        first_steady=prompts["first"]["sampled_steady"],
        steady=prompts["fresh"]["sampled_steady"],
        natural=prompts["fresh"]["sampled_natural"],
        tau_s=thresholds["tau_sampled"],
        tau_steady=thresholds["tau_steady"],
        tau_strange=thresholds["tau_strange"],
        runs=f"{found['runs']:,}",
    )
    parts = [
        head,
        *_targets(found),
        *_nulls(found),
        *_drawn(found),
        *_met(found),
        *_curves(found),
    ]
    return "\n".join(parts) + "\n"


def _targets(found: Mapping[str, Any]) -> Iterable[str]:
    yield "## Against the targets\n"
    yield "| mode | provider | α | wanted | prompts | power | requests: median, 90%, 95% | reached |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in found["targets"]:
        wanted = f"≥ {row['wanted']:.0%} at ≤ {row['requests']}"
        head = f"| {row['mode']} | {row['provider']} | {row['alpha']:g} | {wanted} |"
        if row["reached"] is None:
            yield f"{head} 0 | {row['note']} | | not shown |"
            continue
        power = row["power"]
        span = f"{power['value']:.1%} [{power['low']:.1%}, {power['high']:.1%}] at {row['at']}"
        asked = ", ".join(_n(row[name]) for name in ("median", "p90", "p95"))
        yield f"{head} {row['prompts']} {row['which']} | {span} | {asked} | {'yes' if row['reached'] else 'NO'} |"


def _nulls(found: Mapping[str, Any]) -> Iterable[str]:
    yield "\n## False alarms at any time\n"
    yield "Runs go on to their last prompt whatever happens, and one look above 1/α anywhere counts.\n"
    yield "| mode | null | runs × prompts | distinct prompts | α = .05 | α = .01 | EQUIVALENT (median prompts) |"
    yield "|---|---|---|---|---|---|---|"
    for row in found["nulls"]:
        fives, ones = row["alarms_alpha_0.05"], row["alarms_alpha_0.01"]
        equal = f"{row['equivalent_alpha_0.05']['value']:.1%} ({_n(row['prompts_to_equivalent'])})"
        yield (
            f"| {row['mode']} | {row['provider']} | {row['runs']:,} × {row['prompts']} | "
            f"{row['clusters']} {row.get('which', '')} | "
            f"{_p(fives)} | {_p(ones)} | {equal} |"
        )
    if found["together"]:
        one = found["together"]
        yield (
            f"\nThree exchangeable, noisy candidates that share the reference's draws, e-BH at 5% after every prompt, no "
            f"tolerance: any rejection in {_p(one['alarms'])} of {one['runs']} runs of {one['prompts']} prompts."
        )


def _drawn(found: Mapping[str, Any]) -> Iterable[str]:
    yield "\n## Distinct prompts, fresh draws\n"
    yield (
        "Strangeness alone (the part of sampled text that needs no seeds), on first tokens drawn anew from the recorded\n"
        "distributions: every run plays all natural prompts once, in a random order. *Exact* is without tolerance, where an\n"
        "honest stack has nothing to spare. It also shows why steady prompts are needed: on natural ones a first token says little.\n"
    )
    yield "| candidate | runs × prompts | mean | α = .05 | α = .01 | exact, α = .05 | exact, α = .01 |"
    yield "|---|---|---|---|---|---|---|"
    for row in found["drawn"]:
        shares = " | ".join(_p(row[name]) for name in ("tolerant_0.05", "tolerant_0.01", "exact_0.05", "exact_0.01"))
        yield f"| {row['provider']} | {row['runs']:,} × {row['prompts']} | {row['mean']:.4f} | {shares} |"


def _met(found: Mapping[str, Any]) -> Iterable[str]:
    yield "\n## Sampled text beside Model Equality Testing\n"
    if not found["sampled_against_met"]:
        yield "Not recorded."
        return
    yield (
        "Share of runs that reject at 5%. *These answers*: all methods get the same answers of the candidate, several to a prompt (MMD\n"
        "needs two) under seeds that the reference's draws do not have, and the same four reference draws a prompt. *One answer a\n"
        "prompt* is the same number of answers as the program asks for them, *same seeds* with the reference's two draws under the\n"
        "candidate's seed besides, *seeds unused* with nothing but strangeness. Several answers to one prompt are a poor use of requests\n"
        "for the bets, which the program never makes, and the only one for MMD. Prompts are distinct within a run, and steady. The bets carry their tolerances; MMD has none.\n"
        "So for the same number of requests the program sees Q4_0 sooner than either form of MMD; given MMD's own answers, several to a\n"
        "prompt, MMD within prompts sees more than the bets. No method sees Q8_0 in so few requests: the program does under the same seeds,\n"
        "after the steady prompts (curve below), MMD was not followed that far.\n"
        "MMD is ours, and equal to the statistic of `model-equality-testing` 0.0.2 to 1e-15 (`check_met.py`).\n"
    )
    yield "| candidate | answers | prompts | method | rejects |"
    yield "|---|---|---|---|---|"
    for row in found["sampled_against_met"]:
        yield (
            f"| {row['candidate']} | {row['answers']} | {row['prompts']} | {row['method']} | "
            f"{row['rejects']:.1%} [{row['low']:.1%}, {row['high']:.1%}] |"
        )


def _curves(found: Mapping[str, Any]) -> Iterable[str]:
    yield "\n## Power by requests, α = .05\n"
    budgets = (6, 10, 15, 25, 40, 60, 120, 240, 300, 400)
    yield f"| mode | provider | prompts | mean excess | {' | '.join(map(str, budgets))} |"
    yield f"|---|---|---|---|{'---|' * len(budgets)}"
    for row in found["power"]:
        power = row["alpha_0.05"]["power"]
        cells = " | ".join(f"{power[str(n)]['value']:.0%}" if str(n) in power else "" for n in budgets)
        which = f"{row['clusters']} {row['prompts']}"
        yield f"| {row['mode']} | {row['provider']} | {which} | {row['mean_excess']:.3f} | {cells} |"


def _p(share: Mapping[str, float]) -> str:
    return f"{share['value']:.2%} [{share['low']:.2%}, {share['high']:.2%}]"


def _n(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f}"
