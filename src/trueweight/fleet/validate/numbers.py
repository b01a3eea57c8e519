"""Numbers, flags and small parameters: their types and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.fleet.validate.refuse import refuse

_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
_COUNTS: Mapping[str, tuple[int, int]] = {
    "max_tokens": (1, 1_000_000),
    "max_completion_tokens": (1, 1_000_000),
    "n": (1, 128),
    "top_logprobs": (0, 20),
}
_FLAGS = ("stream", "logprobs", "parallel_tool_calls")

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def check_numbers(body: Mapping[str, Any]) -> None:
    """See that every parameter that is there is within its range."""
    for check in (_numbers, _flags, _logprobs, _stop, _bias, _effort):
        check(body)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(body: Mapping[str, Any]) -> None:
    for name, (low, high) in _RANGES.items():
        value = body.get(name)
        if value is not None and not (_is_number(value) and low <= value <= high):
            refuse(name, f"expected a number from {low:g} to {high:g}, got {value!r}.")
    for name, (least, most) in _COUNTS.items():
        value = body.get(name)
        if value is not None and not (isinstance(value, int) and _is_number(value) and least <= value <= most):
            refuse(name, f"expected an integer from {least} to {most}, got {value!r}.")
    seed = body.get("seed")
    if seed is not None and not (isinstance(seed, int) and _is_number(seed)):
        refuse("seed", f"expected an integer, got {seed!r}.")


def _flags(body: Mapping[str, Any]) -> None:
    for name in _FLAGS:
        if body.get(name) is not None and not isinstance(body[name], bool):
            refuse(name, f"expected a boolean, got {body[name]!r}.")
    options = body.get("stream_options")
    if options is not None:
        if not isinstance(options, Mapping):
            refuse("stream_options", "expected an object.")
        if not body.get("stream"):
            refuse("stream_options", "only allowed when 'stream' is true.")


def _logprobs(body: Mapping[str, Any]) -> None:
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        refuse("top_logprobs", "'logprobs' must be true if 'top_logprobs' is given.")


def _stop(body: Mapping[str, Any]) -> None:
    stop = body.get("stop")
    if stop is None or isinstance(stop, str):
        return
    if not isinstance(stop, list) or len(stop) > 4 or not all(isinstance(item, str) for item in stop):
        refuse("stop", "expected a string or up to 4 strings.")


def _bias(body: Mapping[str, Any]) -> None:
    bias = body.get("logit_bias")
    if bias is None:
        return
    if not isinstance(bias, Mapping):
        refuse("logit_bias", "expected an object from token id to bias.")
    for token, value in bias.items():
        if not str(token).isascii() or not str(token).isdigit() or not (_is_number(value) and -100 <= value <= 100):
            refuse("logit_bias", "expected token ids as keys and numbers from -100 to 100.")


def _effort(body: Mapping[str, Any]) -> None:
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in _EFFORTS:
        refuse("reasoning_effort", f"expected one of {', '.join(_EFFORTS)}, got {effort!r}.")
