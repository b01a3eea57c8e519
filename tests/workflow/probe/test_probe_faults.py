"""Each setup fault is named with the server's own words and the likely cure, and costs the provider's run."""

from __future__ import annotations

import socket
import ssl
import time
from functools import partial
from typing import Any, NamedTuple

import anyio
import pytest
import trustme
from hosts import Answer, Behaviour, Request, completion, error, healthy, models, page, serve

from trueweight.core import Provider
from trueweight.core.probe import Probe, ProviderProbe, SetupFault
from trueweight.report.words import cure, fault_sentence
from trueweight.wire import Environment, WireSettings
from trueweight.workflow.probe import probe_providers

KEY = "sk-a-key-of-the-test"


def probe(
    *providers: Provider,
    key: str | None = None,
    before: Probe | None = None,
    environment: Environment | None = None,
    **limits: Any,
) -> Probe:
    """Probe them with real sockets."""
    keys = {} if key is None else {provider.name: key for provider in providers}
    settings = WireSettings(backoff_base=0.001, **limits)
    call = partial(probe_providers, providers, keys=keys, settings=settings, before=before, environment=environment)
    return anyio.run(call).probe


def probe_one(url: str, *, key: str | None = None, model: str = "m", **more: Any) -> ProviderProbe:
    """The entry of one provider."""
    [entry] = probe(Provider("p", url, model, api_key_env="A_KEY" if key else None, **more), key=key).providers
    return entry


def always(answer: Answer) -> Behaviour:
    """The same answer to every request."""
    return lambda _: answer


class Fault(NamedTuple):
    """A wrong setup: how the host behaves, the path of the base URL, and what must be found.

    Attributes:
        said: part of the server's words.
        cured: part of the cure; ``{host}`` stands for scheme, host and port.
    """

    behaviour: Behaviour
    fault: SetupFault
    said: str = ""
    cured: str = ""
    path: str = "/v1"
    key: str | None = KEY


def _under_v1(elsewhere: Answer) -> Behaviour:
    """The API is under ``/v1``; every other path gets this answer."""
    return lambda request: healthy(request) if request.path.startswith("/v1/") else elsewhere


def _moved(status: int, location: str) -> Behaviour:
    return lambda request: page(status, "Moved Permanently", Location=location.format(path=request.path))


def _chat_only(answer: Answer) -> Behaviour:
    """Models are listed; completions get this answer."""
    return lambda request: models("m") if request.path.endswith("/models") else answer


FAULTS: dict[str, Fault] = {
    # the path
    "no /v1, FastAPI": Fault(healthy, SetupFault.WRONG_PATH, "Not Found", 'base_url = "{host}/v1"', path=""),
    "no /v1, text": Fault(
        _under_v1(Answer(404, "404 page not found")),
        SetupFault.WRONG_PATH,
        "404 page not found",
        'base_url = "{host}/v1"',
        path="",
    ),
    "no /v1, page": Fault(
        _under_v1(page(404, "404 Not Found")),
        SetupFault.WRONG_PATH,
        "404 Not Found",
        'base_url = "{host}/v1"',
        path="",
    ),
    "no /v1, a site that answers everything": Fault(
        _under_v1(page(200, "Welcome to our models")),
        SetupFault.NOT_THE_API,
        "Welcome to our models",
        'base_url = "{host}/v1"',
        path="",
    ),
    "no /v1, 405": Fault(
        _under_v1(Answer(405, {"detail": "Method Not Allowed"})),
        SetupFault.WRONG_PATH,
        "Method Not Allowed",
        'base_url = "{host}/v1"',
        path="",
    ),
    "/v1 too much": Fault(
        partial(healthy, base="/api"), SetupFault.WRONG_PATH, "Not Found", 'base_url = "{host}/api"', path="/api/v1"
    ),
    "/v1 twice": Fault(healthy, SetupFault.WRONG_PATH, "Not Found", 'base_url = "{host}/v1"', path="/v1/v1"),
    "/openai missing": Fault(
        partial(healthy, base="/openai/v1"), SetupFault.WRONG_PATH, "", 'base_url = "{host}/openai/v1"'
    ),
    "the key is checked at the right path": Fault(
        lambda request: (
            error(401, "Incorrect API key") if request.path.startswith("/v1/") else Answer(404, {"detail": "Not Found"})
        ),
        SetupFault.WRONG_PATH,
        "Not Found",
        'base_url = "{host}/v1"',
        path="",
    ),
    "no such path anywhere": Fault(
        always(Answer(404, {"message": "no Route matched with those values"})),
        SetupFault.WRONG_PATH,
        "no Route",
        "Tried without success",
    ),
    "only other APIs": Fault(
        lambda r: models("m") if r.path == "/v1/models" else Answer(501, {"error": "not implemented"}),
        SetupFault.WRONG_PATH,
        "not implemented",
    ),
    # something else answers
    "a page": Fault(always(page(200, "Log in")), SetupFault.NOT_THE_API, "Log in", "Check base_url"),
    "a firewall's page": Fault(
        always(page(403, "Attention Required! | Cloudflare")), SetupFault.NOT_THE_API, "Attention Required"
    ),
    "a greeting": Fault(always(Answer(200, {"status": "ok"})), SetupFault.NOT_THE_API),
    "a word": Fault(
        always(Answer(200, "Ollama is running", {"Content-Type": "text/plain"})),
        SetupFault.NOT_THE_API,
        "Ollama is running",
    ),
    "nothing": Fault(always(Answer(204)), SetupFault.NOT_THE_API),
    # redirects
    "to another path": Fault(
        _moved(301, "/v1{path}"), SetupFault.REDIRECT, "HTTP 301", 'base_url = "{host}/v1/api"', path="/api"
    ),
    "to https": Fault(
        _moved(308, "https://api.example/v1/chat/completions"),
        SetupFault.REDIRECT,
        "api.example",
        'base_url = "https://api.example/v1"',
    ),
    "to a log-in page": Fault(
        _moved(302, "https://login.example/sso"), SetupFault.REDIRECT, "login.example", "not followed"
    ),
    # the model
    "vLLM: model": Fault(
        _chat_only(error(404, "The model `m` does not exist.", code=404)),
        SetupFault.UNKNOWN_MODEL,
        "does not exist",
        'model = "m"',
    ),
    "Ollama: model": Fault(
        _chat_only(error(404, 'model "m" not found, try pulling it first')), SetupFault.UNKNOWN_MODEL, "try pulling"
    ),
    "OpenRouter: model": Fault(
        _chat_only(error(400, "m is not a valid model ID", code=400)), SetupFault.UNKNOWN_MODEL, "not a valid model"
    ),
    "DeepSeek: model": Fault(_chat_only(error(400, "Model Not Exist")), SetupFault.UNKNOWN_MODEL, "Model Not Exist"),
    "OpenAI: no access": Fault(
        _chat_only(error(403, "Project `p` does not have access to model `m`", code="model_not_found")),
        SetupFault.UNKNOWN_MODEL,
    ),
    "Azure: deployment": Fault(
        _chat_only(error(404, "The API deployment for this resource does not exist.", code="DeploymentNotFound")),
        SetupFault.UNKNOWN_MODEL,
    ),
    "retired": Fault(_chat_only(error(410, "Model m has been deprecated on 2026-01-01")), SetupFault.UNKNOWN_MODEL),
    "new-api: no channel": Fault(
        _chat_only(error(503, "当前分组 default 下对于模型 m 无可用渠道")), SetupFault.UNKNOWN_MODEL
    ),
    # the key
    "OpenAI: key": Fault(
        always(error(401, "Incorrect API key provided: sk-…", code="invalid_api_key")),
        SetupFault.KEY_REFUSED,
        "Incorrect API key",
        "A_KEY",
    ),
    "FastAPI: key": Fault(always(Answer(401, {"detail": "Invalid token"})), SetupFault.KEY_REFUSED, "Invalid token"),
    "Gemini: key": Fault(
        always(
            Answer(
                400,
                [
                    {
                        "error": {
                            "code": 400,
                            "message": "API key not valid. Please pass a valid API key.",
                            "status": "INVALID_ARGUMENT",
                        }
                    }
                ],
            )
        ),
        SetupFault.KEY_REFUSED,
        "API key not valid",
    ),
    "MiniMax: key": Fault(
        always(
            Answer(
                200, {"base_resp": {"status_code": 1004, "status_msg": "login fail: Please carry the API secret key"}}
            )
        ),
        SetupFault.KEY_REFUSED,
        "login fail",
    ),
    "wrong kind of key": Fault(
        always(error(403, "This key is a management key and cannot be used for inference")),
        SetupFault.KEY_REFUSED,
        "management key",
    ),
    "error as text": Fault(always(Answer(401, {"error": "Unauthorized"})), SetupFault.KEY_REFUSED, "Unauthorized"),
    "no key given": Fault(
        always(error(401, "You didn't provide an API key.")),
        SetupFault.KEY_MISSING,
        "didn't provide",
        "api_key_env",
        key=None,
    ),
    # the account
    "DeepSeek: balance": Fault(
        always(error(402, "Insufficient Balance")), SetupFault.NO_CREDIT, "Insufficient Balance", "credit"
    ),
    "402 without a word": Fault(always(Answer(402)), SetupFault.NO_CREDIT, "HTTP 402"),
    "OpenAI: quota": Fault(
        always(
            error(
                429,
                "You exceeded your current quota, please check your plan and billing details.",
                code="insufficient_quota",
            )
        ),
        SetupFault.NO_CREDIT,
        "current quota",
    ),
    "a quota of days": Fault(
        always(Answer(429, {"error": {"message": "Rate limit reached"}}, {"Retry-After": "86400"})),
        SetupFault.NO_CREDIT,
    ),
    "Zhipu: balance": Fault(always(error(429, "余额不足或无可用资源包,请充值。", code="1113")), SetupFault.NO_CREDIT),
    "Anthropic: balance": Fault(
        always(error(400, "Your credit balance is too low to access the API.")), SetupFault.NO_CREDIT
    ),
    "xAI: credits": Fault(
        always(
            Answer(
                403,
                {
                    "code": "x",
                    "error": "Your team has either used all available credits or reached its monthly spending limit.",
                },
            )
        ),
        SetupFault.NO_CREDIT,
    ),
    "Fireworks: suspended": Fault(
        always(error(412, "Account a is suspended, possibly due to reaching the monthly spending limit")),
        SetupFault.NO_CREDIT,
    ),
    # the country
    "OpenAI: country": Fault(
        always(error(403, "Country, region, or territory not supported", code="unsupported_country_region_territory")),
        SetupFault.REGION,
        "not supported",
        "country",
    ),
    "Gemini: country": Fault(always(error(400, "User location is not supported for the API use.")), SetupFault.REGION),
    "451": Fault(always(Answer(451, "Unavailable For Legal Reasons")), SetupFault.REGION, "Legal"),
    "a page for the country": Fault(
        always(page(403, "Error 1009: The owner has banned the country your IP address is in")),
        SetupFault.REGION,
        "1009",
    ),
    # between
    "squid": Fault(
        always(page(503, "ERROR: The requested URL could not be retrieved", X_Squid_Error="ERR_DNS_FAIL 0")),
        SetupFault.PROXY,
        "could not be retrieved",
        "NO_PROXY",
    ),
    "a portal": Fault(always(page(511, "Network Authentication Required")), SetupFault.PROXY),
    "407": Fault(always(page(407, "Proxy Authentication Required", Proxy_Authenticate="Basic")), SetupFault.PROXY),
    # the port
    "https at this port": Fault(
        always(page(400, "400 The plain HTTP request was sent to HTTPS port")),
        SetupFault.WRONG_SCHEME,
        "HTTPS port",
        "https",
    ),
    "not HTTP": Fault(always(Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n")), SetupFault.NOT_HTTP),
    # what answers in place of the host
    "a network's login": Fault(
        _moved(302, "http://wifi.hotel.example/login?to={path}"),
        SetupFault.REDIRECT,
        "wifi.hotel",
        "log in there first",
    ),
    "a network's login page": Fault(
        always(page(200, "Hotel WiFi: sign in")), SetupFault.NOT_THE_API, "WiFi", "log in there first"
    ),
    # an error in a success
    "200 with a status in the body": Fault(
        always(Answer(200, {"code": 401, "msg": "unauthorized: token expired", "data": None})),
        SetupFault.KEY_REFUSED,
        "token expired",
        "expired",
    ),
    "200 with a status as text": Fault(
        always(Answer(200, {"status": "402", "message": "balance is 0, please top up"})), SetupFault.NO_CREDIT, "top up"
    ),
    "200 without success": Fault(
        always(Answer(200, {"success": False, "message": "account suspended"})), SetupFault.REFUSED, "suspended"
    ),
    # the rest
    "every request": Fault(
        always(error(400, "Organisation has not accepted the terms of use")),
        SetupFault.REFUSED,
        "terms of use",
        "words say why",
    ),
    "nested detail": Fault(
        always(Answer(422, {"detail": [{"loc": ["body"], "msg": "field required: tenant"}]})),
        SetupFault.REFUSED,
        "tenant",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_setup_fault_is_named_in_the_servers_words_with_its_cure(name: str) -> None:
    """Fault, words, cure; and the key does not appear in any of it."""
    case = FAULTS[name]
    with serve(case.behaviour) as host:
        found = probe_one(host.url(case.path), key=case.key)
    assert found.fault is case.fault, found
    assert case.said in found.said
    sentence = fault_sentence(found)
    assert case.cured.format(host=host.url("")) in sentence
    assert cure(found) != ""
    assert KEY not in sentence
    assert len(host.requests) <= 16, "a wrong setup costs few requests"


def test_a_host_that_does_not_resolve_and_a_port_where_nothing_listens() -> None:
    """The transport's words; a few attempts, no page of refusals."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refused = probe_one(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert (refused.fault, refused.status) == (SetupFault.UNREACHABLE, None)
    assert "Check host and port" in cure(refused)
    unknown = probe_one("https://no-such-host.invalid/v1")
    assert unknown.fault is SetupFault.UNKNOWN_HOST
    assert "no-such-host.invalid" in cure(unknown)


def test_schemes_are_told_apart_by_a_request_without_the_key() -> None:
    """https to a port of plain HTTP: the port is tried with http, and the key stays here. The other way: with it."""
    with serve(healthy) as host:
        found = probe_one(host.url().replace("http:", "https:"), key=KEY)
    assert (found.fault, found.works_at) == (SetupFault.WRONG_SCHEME, host.url())
    assert all("authorization" not in request.headers for request in host.requests)
    assert host.requests

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serve(healthy, context) as host:
        found = probe_one(host.url().replace("https:", "http:"), key=KEY)
        untrusted = probe_one(host.url(), key=KEY)
    assert (found.fault, found.works_at) == (SetupFault.WRONG_SCHEME, host.url())
    assert "tried, and it speaks TLS there, with the next fault: " in cure(found)
    assert untrusted.fault is SetupFault.TLS
    assert "SSL_CERT_FILE" in cure(untrusted)


def test_of_several_addresses_that_answer_the_likeliest_is_named() -> None:
    """Not the one that answers first: here /v1 is slow, and a longer path below it refuses the key at once."""

    def behaviour(request: Request) -> Answer:
        if not request.path.startswith("/v1/"):
            return Answer(404, {"detail": "Not Found"})
        refusal = error(401, "Incorrect API key")
        return refusal if request.path.startswith("/v1/openai/") else refusal._replace(wait=0.2)

    with serve(behaviour) as host:
        found = probe_one(host.url(""), key=KEY)
        assert found.works_at == host.url("/v1")


def test_a_key_goes_only_to_the_host_of_the_base_url() -> None:
    """A redirect to another host is not followed, and other paths are tried on the same host."""
    with (
        serve(healthy) as other,
        serve(lambda _: page(307, "Moved", Location=other.url("/v1/chat/completions"))) as host,
    ):
        found = probe_one(host.url(), key=KEY)
    assert found.works_at == other.url()
    assert other.requests == []


def _two_apis(request: Request) -> Answer:
    """Chat completions at /v1, Messages at /anthropic/v1, as several vendors serve them."""
    if request.path == "/anthropic/v1/messages":
        block = {"type": "text", "text": "OK"}
        usage = {"input_tokens": 9, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [block]}
        return Answer(200, {**message, "stop_reason": "end_turn", "usage": usage})
    if request.path.startswith("/v1/") and not request.path.endswith("/messages"):
        return healthy(request)
    return Answer(404, {"detail": "Not Found"})


def test_an_api_at_another_path_is_found_there_and_probed_there() -> None:
    """With one address for both APIs the cure is a table of addresses; with the table, both answer."""
    apis = ("chat", "messages")
    with serve(_two_apis) as host:
        chat, messages = probe(Provider("p", host.url(), "m", api=apis)).providers
        assert (chat.fault, messages.fault) == (None, SetupFault.WRONG_PATH)
        works = host.url("/anthropic/v1")
        assert messages.works_at == works
        assert f'Set base_url = {{ messages = "{works}", chat = "…" }}' in cure(messages)
        both = probe(Provider("p", host.url(), "m", api=apis, base_urls={"messages": works})).providers
    assert [(one.answered, one.fault, one.base_url) for one in both] == [(True, None, host.url()), (True, None, works)]


def _thinks(request: Request, **message: Any) -> Answer:
    return completion(request, message={"content": "OK", **message})


def _completes_with(answer: Answer) -> Behaviour:
    """A list of models, and this in place of every completion."""
    return lambda r: models("m") if r.method == "GET" else answer


_CUT = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 10000000\r\n\r\n"
NO_FAULTS: dict[str, Behaviour] = {
    "healthy": healthy,
    "no list of models": lambda r: completion(r) if r.method == "POST" else Answer(404, {"detail": "Not Found"}),
    "the list needs another key": lambda r: completion(r) if r.method == "POST" else error(403, "no permission"),
    "an alias that is not listed": lambda r: completion(r) if r.method == "POST" else models("other"),
    "tools are refused": lambda r: (
        error(400, "tools is not supported in this model") if r.body.get("tools") else healthy(r)
    ),
    "max_tokens is refused": lambda r: (
        error(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
            "instead.",
            param="max_tokens",
        )
        if "max_tokens" in r.body
        else healthy(r)
    ),
    "temperature is refused": lambda r: error(400, "temperature must be 1") if "temperature" in r.body else healthy(r),
    "overloaded": lambda _: error(503, "The server is overloaded"),
    "a model that is being loaded": lambda _: error(503, "Loading model", type="unavailable_error"),
    "its name in another word": lambda _: error(503, "the deployment is unavailable"),
    "a model that is back later": lambda _: error(503, "Model m is unavailable, please try again later"),
    "a page of a dead upstream": lambda _: page(502, "502 Bad Gateway"),
    "rate-limited": lambda _: Answer(
        429, {"error": {"message": "Rate limit reached for requests"}}, {"Retry-After": "1"}
    ),
    "Google's limit of a minute": lambda _: error(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        details=[{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}],
    ),
    "broken JSON": lambda r: Answer(200, '{"id": "x", "choices": [') if r.method == "POST" else models("m"),
    "no choices": lambda r: Answer(200, {"id": "x", "model": "m", "object": "chat.completion", "choices": []}),
    "a stream that is cut off": always(Answer(raw=_CUT + b"data: ")),
    "a body that is too large": always(Answer(raw=_CUT + b"x" * 10_000_000)),
    "an interim response with a body": always(Answer(raw=b"HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\nfirst")),
    "a head with an invalid length": always(Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")),
    "a head that is cut off": always(Answer(raw=b"HTTP/1.1 200 OK\r\nContent-")),
    "no HTTP where completions are": _completes_with(Answer(raw=b"once upon a time\r\n\r\n")),
    "arrays where completions are": _completes_with(Answer(200, "[" * 1000)),
    "nothing where completions are": _completes_with(Answer(200, "")),
    "a page where completions are": _completes_with(page(200, "Welcome")),
    "an error in each completion": _completes_with(Answer(200, {"error": "worker 3 has died"})),
    "a model that says what errors say": lambda r: _thinks(r, content="invalid api key, model not found"),
}


@pytest.mark.parametrize("name", NO_FAULTS)
def test_what_a_run_can_measure_is_no_setup_fault(name: str) -> None:
    """A faulty, busy or picky provider is for the run to judge, and must not be stopped before it."""
    with serve(NO_FAULTS[name]) as host:
        found = probe_one(host.url(), key=KEY)
    assert found.fault is None, found.said


def test_a_slow_provider_is_not_probed_for_minutes() -> None:
    """A minute after its first request it gets no other one, and goes on with the run."""
    with serve(healthy) as host:
        environment = Environment(clock=lambda: time.monotonic_ns() + (61 * 10**9 if host.requests else 0))
        [entry] = probe(Provider("p", host.url(), "m"), environment=environment).providers
        assert len(host.requests) == 1
    assert entry.fault is None


def test_what_is_refused_is_on_record() -> None:
    """Tools, or a parameter by name: the probe's result says which."""
    with serve(NO_FAULTS["tools are refused"]) as host:
        assert probe_one(host.url()).takes_tools is False
    with serve(NO_FAULTS["max_tokens is refused"]) as host:
        found = probe_one(host.url())
    assert (found.refused, found.takes_tools) == (("max_tokens",), None)
    with serve(NO_FAULTS["temperature is refused"]) as host:
        assert probe_one(host.url()).refused == ("temperature",)
    with serve(healthy) as host:
        found = probe_one(host.url())
    assert (found.refused, found.takes_tools, found.model_listed) == ((), True, True)


def test_an_unknown_model_is_shown_beside_similar_listed_ones() -> None:
    """The likely one is named; vendor prefix and case do not matter."""

    def behaviour(request: Request) -> Answer:
        if request.method == "GET":
            return models("moonshotai/Kimi-K2-Instruct", "moonshotai/Kimi-K2-Thinking", "qwen/Qwen3-32B")
        return error(404, "model not found")

    with serve(behaviour) as host:
        found = probe_one(host.url(), model="kimi-k2-instruct")
    assert found.fault is SetupFault.UNKNOWN_MODEL
    assert found.similar[0] == "moonshotai/Kimi-K2-Instruct"
    assert "qwen" not in cure(found)


THINKING: dict[str, tuple[dict[str, Any], str]] = {
    "reasoning_content": ({"reasoning_content": "hm" * 40}, "reasoning_content"),
    "reasoning": ({"reasoning": "hm" * 40}, "reasoning"),
    "think tags": ({"content": "<think>hm hm</think>OK"}, "content"),
    "only the end tag": ({"content": "hm hm</think>OK"}, "content"),
    "Mistral": ({"content": "[THINK]hm[/THINK]OK"}, "content"),
}


@pytest.mark.parametrize("name", THINKING)
def test_thinking_is_found_where_it_is(name: str) -> None:
    """The field or the tag, its length, and the tokens that usage counts."""
    message, place = THINKING[name]
    usage = {"prompt_tokens": 9, "completion_tokens": 60, "completion_tokens_details": {"reasoning_tokens": 50}}
    with serve(lambda r: completion(r, message=message, usage=usage) if r.method == "POST" else models("m")) as host:
        thinking = probe_one(host.url()).thinking
    assert thinking is not None
    assert (thinking.place, thinking.tokens, thinking.cut) == (place, 50, False)
    assert thinking.characters > 0


def test_thinking_that_the_limit_cuts_is_said_to_be_cut() -> None:
    """No content and finish ``length``; and thoughts that are only counted are found too."""
    usage = {"prompt_tokens": 9, "completion_tokens": 1024, "completion_tokens_details": {"reasoning_tokens": 1024}}
    for message in ({"content": None, "reasoning_content": "hm"}, {"content": ""}):
        with serve(lambda r, m=message: completion(r, message=m, finish="length", usage=usage)) as host:
            thinking = probe_one(host.url()).thinking
        assert thinking is not None
        assert thinking.cut
