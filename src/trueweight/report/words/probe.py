"""What a probe found, in words: a setup fault, the server's message, the likely cure; and how a model answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from trueweight.core import PROTOCOLS
from trueweight.core.probe import ProbeAnswer, ProbeQuestion, ProviderProbe, SetupFault
from trueweight.report.numbers import counted
from trueweight.report.text import cut, listed
from trueweight.report.words.thinking import length, thinking_words

_SAID: Final = 300
_FAULTS: Final[Mapping[SetupFault, str]] = MappingProxyType(
    {
        SetupFault.UNKNOWN_HOST: "the host's name does not resolve",
        SetupFault.UNREACHABLE: "no connection",
        SetupFault.TLS: "the TLS handshake failed",
        SetupFault.WRONG_SCHEME: "wrong scheme",
        SetupFault.NOT_HTTP: "what listens there does not speak HTTP",
        SetupFault.PROXY: "a proxy answers in its place",
        SetupFault.REDIRECT: "it redirects",
        SetupFault.WRONG_PATH: "wrong path",
        SetupFault.NOT_THE_API: "what answers is not this API",
        SetupFault.UNKNOWN_MODEL: "unknown model",
        SetupFault.KEY_MISSING: "it asks for a key",
        SetupFault.KEY_REFUSED: "it refuses the key",
        SetupFault.NO_CREDIT: "no credit or quota is left",
        SetupFault.REGION: "it does not serve this country",
        SetupFault.REFUSED: "it refuses the smallest request",
    }
)

_LOGIN: Final = re.compile(r"(?i)\blog-?_? ?in\b|\bsign-?_? ?in\b|wi-?fi|hotspot|captive|portal")

_TOOLS: Final = ("tools", "tool_choice")
_RENAMED: Final = MappingProxyType({"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"})


def fault_clause(probe: ProviderProbe) -> str:
    """The setup fault in a few words, with its HTTP status: ``wrong path (HTTP 404)``; "" if there is none."""
    if probe.fault is None:
        return ""
    status = f" (HTTP {probe.status})" if probe.status is not None else ""
    return f"{_FAULTS[probe.fault]}{status}"


def fault_sentence(probe: ProviderProbe, well: Sequence[str] = ()) -> str:
    """The setup fault, the server's words and the cure, in sentences; "" if there is none.

    A public summary has no address, so its sentence has no cure: that is for the person whose run it is.

    Args:
        well: the APIs that answer at the same address.
    """
    if probe.fault is None:
        return ""
    said = f": “{cut(probe.said, _SAID)}”" if probe.said else ""
    return f"Setup fault: {fault_clause(probe)}{said}." + (f" {cure(probe, well)}" if probe.base_url else "")


def unanswered_sentence(probe: ProviderProbe) -> str:
    """That no request of a probe was answered although the setup is not at fault, with the server's words; "" for a
    provider that answered, or that was not probed."""
    own = [answer for answer in probe.answers if answer.question is not ProbeQuestion.OTHER_URL]
    last = next((answer for answer in reversed(own) if not answer.answered), None)
    if probe.fault is not None or probe.answered or last is None:
        return ""
    status = f" (HTTP {last.status})" if last.status is not None else ""
    return f"No answer{status}, and no setup fault: {_failed(last)}"


def stopped_apis(probes: Sequence[ProviderProbe]) -> Iterator[str]:
    """For each API of a provider that has a setup fault, where another has none: that nothing was sent, why, and the
    cure."""
    if all(one.fault is not None for one in probes):
        return
    for one in probes:
        if one.fault is not None:
            said = fault_sentence(one, apis_that_answer(one, probes))
            yield f"Nothing was sent to it through {api_title(one.api)}. {said}"


def apis_that_answer(probe: ProviderProbe, probes: Iterable[ProviderProbe]) -> list[str]:
    """The APIs without a setup fault of the same provider at the same address."""
    place = (probe.provider, probe.base_url)
    return [one.api for one in probes if (one.provider, one.base_url) == place and one.fault is None and one.answered]


def api_title(name: str) -> str:
    """The name of an API in sentences."""
    return PROTOCOLS.get(name).title or name if name in PROTOCOLS.all() else name


def api_titles(names: Sequence[str]) -> str:
    """The names of APIs in a sentence: ``chat completions, Responses and Messages``."""
    return listed([api_title(name) for name in names])


def cure(probe: ProviderProbe, well: Sequence[str] = ()) -> str:  # noqa: PLR0911, PLR0912 - one cure for each fault
    """What to change, in one or two sentences; "" without a fault. ``well``: see `fault_sentence`."""
    key = f"the key in {probe.key_env}" if probe.key_env else "the key"
    parts = urlsplit(probe.base_url)
    tried = _tried(probe)
    if probe.works_at:
        return f"Set {_address(probe)}: {_why(probe)}"
    match probe.fault:
        case SetupFault.UNKNOWN_HOST:
            return f"Check the host in base_url: {parts.hostname}. If the name is right, check this machine's DNS."
        case SetupFault.UNREACHABLE:
            return (
                f"Check host and port in base_url: {parts.netloc}. Is the server started, and does a firewall let "
                "this machine reach it?"
            )
        case SetupFault.TLS:
            return _cure_of_tls(probe)
        case SetupFault.WRONG_SCHEME | SetupFault.NOT_HTTP:
            other = "http" if parts.scheme == "https" else "https"
            return (
                f"Check scheme and port in base_url: {probe.base_url}. Tried {other} at this port: it does not answer."
            )
        case SetupFault.PROXY:
            return (
                f"Check HTTP_PROXY and HTTPS_PROXY, or add {parts.hostname} to NO_PROXY, and check the proxy's rules."
            )
        case SetupFault.REDIRECT:
            return (
                "Set base_url to the address of the API itself. Redirects are not followed, because they would carry "
                f"the key.{_login(probe)}"
            )
        case SetupFault.WRONG_PATH | SetupFault.NOT_THE_API if well:
            left = f"If it does not serve {api_title(probe.api)}, leave {probe.api} out of api."
            return f"It answers through {api_titles(well)} at this address. {left}{tried}"
        case SetupFault.WRONG_PATH | SetupFault.NOT_THE_API:
            return f'Check base_url = "{probe.base_url}": most APIs are at …/v1.{tried}{_login(probe)}'
        case SetupFault.UNKNOWN_MODEL:
            return _cure_of_model(probe)
        case SetupFault.KEY_MISSING:
            return 'Set api_key_env = "NAME", the environment variable that holds the key.'
        case SetupFault.KEY_REFUSED:
            return (
                f"Check {key}: is it a key of {parts.hostname}, of the right kind and project, complete, and neither "
                f"expired nor restricted?{_other_header(probe)}"
            )
        case SetupFault.NO_CREDIT:
            return f"Add credit to the account of {key}, raise its limit, or wait until the quota is renewed."
        case SetupFault.REGION:
            return "Run from a country that the provider serves, or through another host of the model."
        case SetupFault.REFUSED:
            return "Its words say why. extra_body and headers of the provider's entry are part of the request too."
    return ""


def _login(probe: ProviderProbe) -> str:
    """What to do if a page to log in answers: that of a network answers in place of any host."""
    return " If that is the login page of this network, log in there first." if _LOGIN.search(probe.said) else ""


def _other_header(probe: ProviderProbe) -> str:
    """Where the key was sent, and how it is sent elsewhere: some hosts take it in one header only."""
    if not probe.key_header:
        return ""
    bearer = probe.key_header.lower() == "authorization"
    sent, other = ("Authorization: Bearer", "x-api-key") if bearer else (probe.key_header, "Authorization")
    return f' It was sent in {sent}; a host may want it in another header: key_header = "{other}".'


def _address(probe: ProviderProbe) -> str:
    """The line of ``providers.toml`` with the address that works; of an entry with several APIs, where each has one."""
    if len(probe.apis) < 2:
        return f'base_url = "{probe.works_at}"'
    others = ", ".join(f'{api} = "…"' for api in probe.apis if api != probe.api)
    return f'base_url = {{ {probe.api} = "{probe.works_at}", {others} }}'


def _why(probe: ProviderProbe) -> str:
    if probe.fault is SetupFault.REDIRECT:
        return "the redirect leads there."
    if probe.fault in (SetupFault.WRONG_PATH, SetupFault.NOT_THE_API):
        return "it answers there."
    there = (one for one in probe.answers if one.question is ProbeQuestion.OTHER_URL and not one.answered)
    failed = next((one for one in there if one.url.startswith(f"{probe.works_at}/")), None)
    if failed is None:
        return "tried, and it answers."
    if failed.status is None:
        return f"tried, and it speaks TLS there, with the next fault: {_failed(failed)}."
    return f"tried, and it speaks HTTP there: {failed.status}, “{_failed(failed)}”."


def _tried(probe: ProviderProbe) -> str:
    urls = [answer.url for answer in probe.answers if answer.question is ProbeQuestion.OTHER_URL]
    return f" Tried without success: {', '.join(urls)}." if urls else ""


def _cure_of_tls(probe: ProviderProbe) -> str:
    said = probe.said.lower()
    if "expired" in said:
        return "The server's certificate has expired. Check this machine's clock too."
    if "hostname mismatch" in said or "not valid for" in said or "doesn't match" in said:
        return "The certificate is for another host name. Check the host in base_url."
    if "self-signed" in said or "self signed" in said or "unable to get" in said:
        return "If the certificate's authority is your own, name its file in SSL_CERT_FILE."
    return "Check the host and the port in base_url, and whether a firewall or a proxy breaks TLS open."


def _cure_of_model(probe: ProviderProbe) -> str:
    if probe.similar:
        names = ", ".join(f'"{name}"' for name in probe.similar)
        return f'Check model = "{probe.model}". Similar models that it lists: {names}.'
    if probe.models is not None and probe.model_listed is False:
        return f'Check model = "{probe.model}": it is not among the {counted(probe.models, "model")} that it lists.'
    return f'Check model = "{probe.model}", and whether the key may use it.'


def probe_lines(probe: ProviderProbe) -> Iterator[str]:
    """Lines on one provider and API, for ``trueweight ping``."""
    if probe.fault is not None:
        yield fault_sentence(probe)
    elif not probe.answered:
        yield unanswered_sentence(probe) or "Not probed: a limit of the run is reached."
    if probe.models is not None:
        listed = "is listed" if probe.model_listed else "is not listed"
        yield f"Models: {probe.models}; {probe.model} {listed}."
    tried = iter(probe.switches)
    for answer in probe.answers:
        switch = next(tried, None) if answer.question is ProbeQuestion.SWITCH else None
        fields = "" if switch is None else f" {json.dumps(dict(switch.fields), ensure_ascii=False)}"
        yield answer_line(answer, fields)
    if probe.takes_tools is False:
        yield "Tools: it does not offer them; it refuses a request with a tool."
    refused = [name for name in probe.refused if name not in _TOOLS or probe.takes_tools is not False]
    if refused:  # of a host without tools it is no cure to drop them
        yield f"Refused parameters: {', '.join(refused)}. {_cure(refused, no_temperature=probe.takes_no_temperature)}"
    elif probe.takes_tools:
        yield "Refused parameters: none."
    yield _logprobs_words(probe.logprobs)
    yield thinking_words(probe)


def _logprobs_words(sent: bool | None) -> str:
    """Whether log-probabilities are sent, and what follows for drift; "" if it is not known."""
    if sent is None:
        return ""
    return "Log-probabilities: sent." if sent else "Log-probabilities: none; drift is measured from texts."


def _cure(refused: Sequence[str], *, no_temperature: bool) -> str:
    """What to write into the provider's entry for parameters that it refuses."""
    others = [name for name in refused if name not in _RENAMED and (name != "temperature" or no_temperature)]
    keys = [f'rename = {{ {name} = "{_RENAMED[name]}" }}' for name in refused if name in _RENAMED]
    keys += [f"drop = [{', '.join(map(json.dumps, others))}]"] if others else []
    words = [f"In providers.toml: {'; '.join(keys)}."] if keys else []
    if "max_tokens" in refused:
        words.append("Without that, a run sends max_completion_tokens in its place.")
    if "temperature" in refused:
        words.append("A run sends the recommended sampling, or temperature 1, to all providers.")
    return " ".join(words)


def _failed(answer: ProbeAnswer) -> str:
    return cut(answer.said, _SAID) or answer.failure


def answer_line(answer: ProbeAnswer, fields: str = "") -> str:
    """One request of the probe, with the fields of the switch that it tried, and its answer, on one line."""
    time = "" if answer.ms is None else f", {answer.ms:.0f} ms"
    status = f"HTTP {answer.status}" if answer.status is not None else answer.failure or "no answer"
    label = answer.question.value.replace("-", " ") + fields
    tries = f", {answer.attempts} attempts" if answer.attempts > 1 else ""
    if not answer.answered:
        said = f": “{cut(answer.said, _SAID)}”" if answer.said else ""
        return f"{label}: {status}{time}{tries}{said} ({answer.url})"
    tokens = "" if answer.output_tokens is None else f", {answer.input_tokens} + {answer.output_tokens} tokens"
    calls = f", {counted(answer.calls, 'call')}" if answer.calls else ""
    finish = f", finish {answer.finish}" if answer.finish else ""
    thought = "" if answer.thinking is None else f", thought {length(answer.thinking)}"
    empty = answer.question is not ProbeQuestion.MODELS and not (answer.content or answer.calls or finish or thought)
    nothing = ", without content, calls and finish reason" if empty else ""
    where = f" ({answer.url})" if answer.question is ProbeQuestion.OTHER_URL else ""
    return f"{label}: {status}{time}{tries}{tokens}{calls}{finish}{thought}{nothing}{where}"
