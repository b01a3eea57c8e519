"""providers.toml: what is accepted, and that every refusal locates, quotes and suggests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from trueweight.config import keys_for, load_providers, only_apis
from trueweight.core import ConfigError, Price, Provider, Role

SECRET = "sk-Zx81kQpLm20VbnTtR55"
ENVIRON = {"REF_KEY": "key-of-the-reference", "OPENAI_API_KEY": "key-of-openai"}
FULL = """\
# two providers
[[provider]]
name = "official"
role = "reference"
base_url = "https://api.example.com/v1/"
model = "big-model"
api_key_env = "REF_KEY"
precision = "bf16"
price = { input = 0.5, output = 1.5 }
concurrency = 4
requests_per_minute = 60
timeout = 30

[[provider]]
name = "cheap"
base_url = "http://127.0.0.1:8080/v1"
model = "big-model-q4"
[provider.extra_body]
top_k = 1
[provider.headers]
X-Region = "eu"
"""
GOOD = '[[provider]]\nname = "a"\nbase_url = "http://h/v1"\nmodel = "m"\n'

Load = Callable[..., ConfigError]


@pytest.fixture
def refusal(tmp_path: Path) -> Load:
    def load(text: str | bytes, environ: dict[str, str] = ENVIRON) -> ConfigError:
        path = tmp_path / "providers.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ConfigError) as caught:
            load_providers(path, environ=environ)
        error = caught.value
        assert error.where.startswith(str(path))
        assert error.hint
        chain: BaseException | None = error
        while chain is not None:  # neither the message nor a traceback may hold the key
            assert SECRET not in str(chain)
            chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
        return error

    return load


def test_every_key_of_an_entry_reaches_the_provider(tmp_path: Path) -> None:
    """What the file says is what the noun says, with the trailing slash of the URL gone."""
    path = tmp_path / "p.toml"
    path.write_text(FULL)
    official, cheap = load_providers(path, environ=ENVIRON)
    assert (official.name, official.role, official.base_url) == (
        "official",
        Role.REFERENCE,
        "https://api.example.com/v1",
    )
    assert (official.price, official.concurrency, official.requests_per_minute) == (Price(0.5, 1.5), 4, 60.0)
    assert (official.timeout, official.precision, official.api_key_env) == (30.0, "bf16", "REF_KEY")
    assert (cheap.role, cheap.price, cheap.timeout) == (Role.CANDIDATE, None, 120.0)
    assert (cheap.extra_body, cheap.headers) == ({"top_k": 1}, {"X-Region": "eu"})


def test_no_noun_holds_a_key_and_keys_for_does(tmp_path: Path) -> None:
    """Law 7: the key is reachable through keys_for only."""
    path = tmp_path / "p.toml"
    path.write_text(FULL)
    providers = load_providers(path, environ=ENVIRON)
    assert "key-of-the-reference" not in repr(providers)
    assert keys_for(providers, ENVIRON) == {"official": "key-of-the-reference"}


@pytest.mark.parametrize(
    ("text", "code", "line", "says"),
    [
        ("", "config-empty", 1, "no provider"),
        ("# nothing\n", "config-empty", 1, "no provider"),
        ("provider = []\n", "config-empty", 1, "no provider"),
        ("[provider]\nname = 'a'\n", "config-type", 1, "[[provider]]"),
        ("provider = [1]\n", "config-type", 1, "list of tables"),
        ("[[providers]]\nname = 'a'\n", "config-unknown-key", 1, "Did you mean 'provider'?"),
        (GOOD + "modle = 1\n", "config-unknown-key", 5, "Did you mean 'model'?"),
        (GOOD + "timeout = \n", "config-toml", 5, "not valid TOML"),
        (GOOD + GOOD, "config-duplicate-name", 6, "in line 2"),
        ("[[provider]]\nname = 'a'\nmodel = 'm'\n", "config-missing-key", 1, "no base_url"),
        (GOOD.replace('"m"', "7"), "config-type", 4, "model = 7: not a string"),
        (GOOD.replace('"m"', '" "'), "config-value", 4, 'model = " "'),
        (GOOD + "role = 'refrence'\n", "config-value", 5, "Did you mean 'reference'?"),
        (GOOD + "concurrency = 0\n", "config-value", 5, "concurrency = 0"),
        (GOOD + "concurrency = 1.5\n", "config-type", 5, "concurrency = 1.5"),
        (GOOD + "concurrency = true\n", "config-type", 5, "concurrency = true"),
        (GOOD + "timeout = -1\n", "config-value", 5, "timeout = -1"),
        (GOOD + "timeout = inf\n", "config-value", 5, "out of range"),
        (GOOD + "requests_per_minute = 'many'\n", "config-type", 5, 'requests_per_minute = "many"'),
        (GOOD + "price = 3\n", "config-type", 5, "price = 3"),
        (GOOD + "price = { input = 1 }\n", "config-missing-key", 5, "no output"),
        (GOOD + "price = { input = 1, outputs = 2 }\n", "config-unknown-key", 5, "Did you mean 'output'?"),
        (GOOD + "price = { input = -1, output = 2 }\n", "config-value", 5, "price.input = -1"),
        (GOOD + "[provider.extra_body]\nx = 1\nstream = true\n", "config-value", 7, "'stream'"),
        (GOOD + "[provider.extra_body]\nx = nan\n", "config-value", 6, "extra_body.x"),
        (GOOD + "[provider.extra_body]\nx = 2020-01-01\n", "config-value", 6, "not a JSON value"),
        (GOOD + "[provider.headers]\nX-A = 3\n", "config-type", 6, "headers.X-A = 3"),
        (GOOD + '[provider.headers]\nX-A = "a\\nb"\n', "config-value", 6, "headers.X-A"),
        (GOOD + '[provider.headers]\nHost = "evil"\n', "config-value", 6, "'Host'"),
        (GOOD + '[provider.headers]\n"X A" = "b"\n', "config-value", 6, "not a name of a header"),
        (GOOD + "drop = 'seed'\n", "config-type", 5, 'drop = "seed"'),
        (GOOD + "drop = ['messages']\n", "config-value", 5, "'messages'"),
        (GOOD + "drop = ['tools..strict']\n", "config-value", 5, "not a field"),
        (GOOD + "rename = { max_tokens = 3 }\n", "config-value", 5, "not another name"),
        (GOOD + "rename = { stop = 'messages' }\n", "config-value", 5, "not another name"),
        (GOOD + "[provider.rename]\nmodel = 'engine'\n", "config-value", 6, "'model'"),
        (GOOD + "drop = ['seed']\nset = { seed = 1 }\n", "config-value", 6, "which drop leaves out"),
        (GOOD + "drop = ['top_logprob']\n", "config-value", 5, "Did you mean 'top_logprobs'?"),
        (GOOD + "set = { temprature = 1 }\n", "config-value", 5, "Did you mean 'temperature'?"),
        (GOOD + "rename = { max_tokns = 'x' }\n", "config-value", 5, "Did you mean 'max_tokens'?"),
        (GOOD + "extra_body = { temprature = 1 }\n", "config-value", 5, "Did you mean 'temperature'?"),
        (
            GOOD + "thinking.on = { resoning_effort = 1 }\n",
            "config-value",
            5,
            "Did you mean 'reasoning_effort'?",
        ),
        (GOOD + "set = { stream = true }\n", "config-value", 5, "'stream'"),
        (GOOD + "set = { seed = 2020-01-01 }\n", "config-value", 5, "not a JSON value"),
        (GOOD + "query = { api-version = 3 }\n", "config-value", 5, "not a query parameter"),
        (GOOD + "query = { api-key = 'abc' }\n", "config-literal-key", 5, "looks like a key"),
        (GOOD + "key_header = 'api key'\n", "config-value", 5, "header for the key"),
        (GOOD + "sampling = { temprature = 1 }\n", "config-value", 5, "Did you mean 'temperature'?"),
        (
            GOOD + "sampling = { top_p = 1 }\n" + GOOD.replace('"a"', '"b"') + "sampling = { top_p = 0.9 }\n",
            "config-value",
            10,
            "the same sampling for all providers",
        ),
        (GOOD + "api_key_env = 3\n", "config-type", 5, "api_key_env = 3"),
        (GOOD + "api_key_env = 'OPENAI_KEY'\n", "config-key-missing", 5, "Did you mean 'OPENAI_API_KEY'?"),
    ],
)
def test_a_refusal_names_code_line_and_value(refusal: Load, text: str, code: str, line: int, says: str) -> None:
    """Every error has a stable code, the line where the fault stands, the value as written, and what is valid."""
    error = refusal(text)
    assert (error.code, error.where.rsplit(":", 1)[1]) == (code, str(line))
    assert says in str(error)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://h/v1", "scheme is 'ftp'"),
        ("h:80/v1", "scheme"),
        ("api.example.com/v1", "scheme is 'missing'"),
        ("http:///v1", "no host"),
        ("http://h:99999/v1", "bad host or port"),
        ("http://[::1/v1", "bad host or port"),
        ("http://h:0/v1", "port is 0"),
        ("http://h/a b", "space"),
        ("http://h/v1/chat/completions", "added for you"),
        (f"http://user:{SECRET}@h/v1", "looks like a key"),
        ("http://user:hunter2@h/v1", "user name or password"),
        (f"http://h/v1?key={SECRET}", "looks like a key"),
        ("http://h/v1?key=abc", "query"),
        ("http://h/v1#abc", "query or a fragment"),
    ],
)
def test_a_bad_url_is_refused(refusal: Load, url: str, says: str) -> None:
    """A base URL has a scheme, a host, no credentials and no query, and secrets in it are not shown."""
    error = refusal(f'[[provider]]\nname = "a"\nbase_url = "{url}"\nmodel = "m"\n')
    assert says in str(error)
    assert error.where.endswith(":3")


@pytest.mark.parametrize(
    "line",
    [
        f'api_key = "{SECRET}"',
        'api_key = "no-known-shape"',
        f'apikey = "{SECRET}"',
        f'api_key_env = "{SECRET}"',
        f'precision = "{SECRET}"',
        f'headers = {{ Authorization = "Bearer {SECRET}" }}',
        'headers = { x-api-key = "abc" }',
        f'headers = {{ X-Thing = "{SECRET}" }}',
        f'extra_body = {{ a = [ {{ b = "{SECRET}" }} ] }}',
        'extra_body = { api_key = "abc" }',
    ],
)
def test_a_literal_key_is_refused_and_never_shown(refusal: Load, line: str) -> None:
    """Law 7: a key in the file is an error that does not repeat it."""
    error = refusal(GOOD + line + "\n")
    assert (error.code, error.where.rsplit(":", 1)[1]) == ("config-literal-key", "5")


def test_broken_toml_with_a_key_in_it_does_not_show_the_key(refusal: Load) -> None:
    """tomllib's own error carries the document; ours does not."""
    assert refusal(GOOD + f'api_key_env = "{SECRET}\n').code == "config-toml"


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "clé-of-someone"])
def test_an_unusable_key_is_refused_without_showing_it(refusal: Load, value: str) -> None:
    """An empty key, or one that no header can carry, is found before anything is sent."""
    error = refusal(GOOD + 'api_key_env = "K"\n', {"K": value})
    assert error.code in ("config-key-missing", "config-key-unusable")
    assert not value.strip() or value not in str(error)


@pytest.mark.parametrize(
    ("value", "apis"), [("", ("chat",)), ('api = "chat"', ("chat",)), ('api = ["chat"]', ("chat",))]
)
def test_an_entry_names_its_apis(tmp_path: Path, value: str, apis: tuple[str, ...]) -> None:
    """One name or a list; chat completions by default."""
    path = tmp_path / "providers.toml"
    path.write_text(f'[[provider]]\nname = "a"\nbase_url = "http://h/v1"\nmodel = "m"\n{value}\n')
    (provider,) = load_providers(path, environ={})
    assert provider.api == apis


@pytest.mark.parametrize(
    ("value", "code", "says"),
    [
        (
            '"chatt"',
            "config-value",
            "api = 'chatt' is not known\n  Did you mean 'chat'? Valid: chat, messages, responses.",
        ),
        ('"models"', "config-value", "Valid: chat, messages, responses."),
        ("[]", "config-value", "at least one API"),
        ('["chat", "chat"]', "config-value", "each once"),
        ("1", "config-type", 'Valid: api = "chat", or a list of names'),
    ],
)
def test_an_unknown_api_is_refused(refusal: Load, value: str, code: str, says: str) -> None:
    """With the line, the near miss and what is installed; the list of models is no API to be asked through."""
    error = refusal(f'[[provider]]\nname = "a"\nbase_url = "http://h/v1"\nmodel = "m"\napi = {value}\n')
    assert (error.code, error.where.rsplit(":", 1)[1]) == (code, "5")
    assert says in str(error)


SPLIT = '[[provider]]\nname = "a"\nmodel = "m"\napi = ["chat", "messages"]\nbase_url = {}\n'


def test_each_api_may_have_its_own_base_url(tmp_path: Path) -> None:
    """A table of URLs, by API; one URL is for all APIs. Ids of trials change with an address, and only with it."""
    path = tmp_path / "providers.toml"

    def load(base_url: str) -> Provider:
        path.write_text(SPLIT.format(base_url))
        (provider,) = load_providers(path, environ={})
        return provider

    split = load('{ chat = "http://h/v1", messages = "http://h/anthropic/v1/" }')
    assert (split.base_url_of("chat"), split.base_url_of("messages")) == ("http://h/v1", "http://h/anthropic/v1")
    assert split.addresses == ("http://h/v1", "http://h/anthropic/v1")
    one, same = load('"http://h/v1"'), load('{ messages = "http://h/v1", chat = "http://h/v1" }')
    assert one == same
    assert one.addresses == ("http://h/v1",)
    assert one.fingerprint() != split.fingerprint()
    assert load('{ messages = "http://h/v1", chat = "http://i/v1" }').base_url == "http://i/v1"  # of the first API


@pytest.mark.parametrize(
    ("table", "code", "says"),
    [
        ('{ chat = "http://h/v1" }', "config-missing-key", "base_url has no address of messages"),
        ('{ chat = "http://h/v1", message = "http://h/v1" }', "config-value", "Did you mean 'messages'?"),
        (
            '{ chat = "http://h/v1", messages = "http://h/v1", responses = "http://h/v1" }',
            "config-value",
            "'responses'",
        ),
        ('{ chat = "http://h/v1", messages = "http://h/v1/messages" }', "config-url", "everything before /messages"),
        ('{ chat = "http://h/v1", messages = "ftp://h/v1" }', "config-url", "its scheme is 'ftp'"),
        ('{ chat = "http://h/v1", messages = 3 }', "config-type", "not a string"),
        ("{}", "config-value", "base_url"),
        ("[]", "config-type", "not a string"),
    ],
)
def test_a_bad_table_of_base_urls_is_refused(refusal: Load, table: str, code: str, says: str) -> None:
    """With the line and what is valid."""
    error = refusal(SPLIT.format(table))
    assert (error.code, error.where.rsplit(":", 1)[1]) == (code, "5")
    assert says in str(error)


def test_a_key_in_the_url_of_one_api_is_never_shown(refusal: Load) -> None:
    """Neither as a password nor in a query."""
    for url in (f"https://u:{SECRET}@h/v1", f"https://h/v1?key={SECRET}"):
        error = refusal(SPLIT.format(f'{{ chat = "http://h/v1", messages = "{url}" }}'))
        assert error.code in ("config-url", "config-literal-key")


def test_two_references_are_refused(refusal: Load) -> None:
    """A comparison has one reference at most, and the error says which line is the other."""
    entry = GOOD + 'role = "reference"\n'
    error = refusal(entry + entry.replace('"a"', '"b"'))
    assert (error.code, error.where.rsplit(":", 1)[1]) == ("config-two-references", "10")
    assert "line 2" in error.message


def test_lines_are_right_after_a_multi_line_string(refusal: Load) -> None:
    """Text inside a multi-line string is not mistaken for keys or tables."""
    text = GOOD + 'extra_body = { note = """\n[[provider]]\nmodle = 1\n""" }\ntimeout = 0\n'
    assert refusal(text).where.endswith(":9")


def test_a_file_that_is_not_there_or_not_text(refusal: Load, tmp_path: Path) -> None:
    """Unreadable and undecodable files are the user's error, not a traceback."""
    assert refusal(b"\xff\xfe[[provider]]").code == "config-encoding"
    with pytest.raises(ConfigError, match="cannot read") as caught:
        load_providers(tmp_path / "absent.toml", environ={})
    assert caught.value.code == "config-unreadable"


def test_a_byte_order_mark_and_crlf_do_not_matter(tmp_path: Path) -> None:
    """A file saved by a Windows editor reads the same."""
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_providers(path, environ={})[0].name == "a"


def test_ordinary_names_are_not_taken_for_keys(tmp_path: Path) -> None:
    """max_tokens is no token, and a model or extra body of ordinary words is no secret."""
    path = tmp_path / "p.toml"
    path.write_text(GOOD + "extra_body = { max_tokens = 5, chat_template_kwargs = { thinking = false } }\n")
    assert load_providers(path, environ={})[0].extra_body["max_tokens"] == 5


def test_a_field_of_a_host_is_no_slip_of_the_keyboard(tmp_path: Path) -> None:
    """Routers take ``models`` beside ``model``, which no entry may change, so it cannot be meant."""
    path = tmp_path / "p.toml"
    path.write_text(GOOD + 'extra_body = { models = ["a/b"], route = "fallback", min_tokens = 3 }\n')
    assert list(load_providers(path, environ={})[0].extra_body) == ["models", "route", "min_tokens"]


@pytest.mark.parametrize(
    ("text", "code", "line", "message"),
    [
        (GOOD + f"timeout = {'9' * 400}\n", "config-value", 5, "out of range"),
        (GOOD + f"price = {{ input = {'9' * 400}, output = 1 }}\n", "config-value", 5, "out of range"),
        (GOOD + f"concurrency = {'9' * 40}\n", "config-value", 5, "out of range"),
        (GOOD + "timeout = 1e300\n", "config-value", 5, "out of range"),
        (GOOD + "price = { input = 1e308, output = 1 }\n", "config-value", 5, "out of range"),
        (GOOD + f"extra_body = {{ seed = {'9' * 5000} }}\n", "config-toml", 5, "too many digits"),
        (
            GOOD + f"extra_body = {{ a = {'[' * 5000}{']' * 5000} }}\n",
            "config-toml",
            5,
            "nested deeper than 100 levels",
        ),
        (GOOD + f"extra_body.{'.'.join('a' * 5000)} = 1\n", "config-toml", 5, "nested deeper than 100 levels"),
        (GOOD.encode() + b'precision = "\xe9"\n', "config-encoding", 5, "not UTF-8"),
    ],
    ids=["seconds", "price", "concurrency", "float", "dollars", "digits", "brackets", "dots", "latin-1"],
)
def test_no_number_depth_or_encoding_ends_in_a_traceback(
    refusal: Load, text: str | bytes, code: str, line: int, message: str
) -> None:
    """What no clock, no float and no stack can hold is refused like any other slip, at its line."""
    error = refusal(text)
    assert (error.code, error.where.rpartition(":")[2], message in error.message) == (code, str(line), True)


def test_a_variable_that_is_empty_is_no_near_miss_of_itself(refusal: Load) -> None:
    """A near miss is a variable that would have worked."""
    error = refusal(GOOD + 'api_key_env = "OPENAI_KEY"\n', {"OPENAI_KEY": "", "OPENAI_KEYS": " ", "OPENAI_KEY2": "k"})
    assert "is empty" in error.message
    assert "Did you mean 'OPENAI_KEY2'?" in error.hint


def test_a_key_in_capitals_is_not_shown(refusal: Load) -> None:
    """A hexadecimal key has the form of a variable's name; what may be a key is not shown."""
    assert "A1B2C3D4" not in str(refusal(GOOD + 'api_key_env = "A1B2C3D4E5F60718293A4B5C6D7E8F90"\n'))


def test_names_that_look_the_same_are_one_name(refusal: Load) -> None:
    """Two rows of a table that a reader cannot tell apart are refused, however their accents are encoded."""
    one, other = (GOOD.replace('"a"', f'"{name}"') for name in ("caf\u00e9", "cafe\u0301"))
    assert refusal(one + other).code == "config-duplicate-name"


def test_a_header_is_given_once_whatever_its_case(refusal: Load) -> None:
    """Two spellings of one header would be sent twice, and which one counts is the server's guess."""
    error = refusal(GOOD + 'headers = { "X-Region" = "eu", "x-region" = "us" }\n')
    assert (error.code, error.where.rpartition(":")[2]) == ("config-value", "5")
    assert "the same as 'X-Region'" in error.message


@pytest.mark.parametrize(
    "host",
    [
        "256.1.1.1",
        "1.2.3.400",
        "☃.example",
        "１２７.0.0.1",
        "a..b",
        "-a.example",
        "a" * 64 + ".example",
        "xn--a.example",
        "[::g]",
        "ex ample",
        "a.b.c_d-",
        "xn--",
        ".",
    ],
)
def test_a_host_that_no_request_can_be_sent_to_is_refused_at_load(tmp_path: Path, host: str) -> None:
    """The client's URL parser or a resolver would refuse it in the middle of the run."""
    path = tmp_path / "providers.toml"
    path.write_text(GOOD.replace("http://h/", f"http://{host}/"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_providers(path, environ={})
    assert (caught.value.code, caught.value.where) == ("config-url", f"{path}:3")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8080", "[::1]:80", "bücher.example", "xn--bcher-kva.example", "a_b.internal", "h."]
)
def test_a_host_that_can_be_resolved_is_taken(tmp_path: Path, host: str) -> None:
    """Addresses, names of any language, and the underscores of internal names."""
    path = tmp_path / "providers.toml"
    path.write_text(GOOD.replace("http://h/", f"http://{host}/"), encoding="utf-8")
    (provider,) = load_providers(path, environ={})
    assert httpx.URL(provider.base_url).host


def test_apis_are_narrowed_by_name() -> None:
    """``--api`` keeps of each provider the APIs that it names, in the entry's order; a provider with none is named."""
    one = Provider("one", "http://h/v1", "m", api=("models", "chat"))
    two = Provider("two", "http://h/v1", "m", api=("chat",))
    assert only_apis([one, two], ()) == ((one, two), ())
    kept, left_out = only_apis([one, two], ["models"])
    assert ([(p.name, p.api) for p in kept], left_out) == ([("one", ("models",))], ("two",))
    with pytest.raises(ConfigError, match="no provider has the API models"):
        only_apis([two], ["models"])
    with pytest.raises(ConfigError) as caught:
        only_apis([two], ["chats"])
    assert caught.value.code == "unknown-protocol"


RANDOM = "zQ9xT4kLm7Pw2Rv8Yb3Nc6Hd1Jf5Gs0aUeXo"
"""A key without the form of any vendor's."""


@pytest.mark.parametrize("key", [SECRET, RANDOM, "0123456789abcdef0123456789abcdef"])
@pytest.mark.parametrize(
    "line",
    [
        'role = "{}"', 'role = ["{}"]', 'api = "{}"', 'api_key_env = ["{}"]', 'key_header = "{}"', '"{}" = 1',
        'headers = {{ "{}" = "1" }}', 'timeout = "{}"', 'price = {{ "{}" = 1 }}', 'base_url = "{}"',
        'base_url = {{ chat = "http://user:{}@h/v1" }}', 'base_url = {{ "{}" = "http://h/v1" }}',
        'base_url = {{ chat = "http://h/v1?key={}" }}', 'sampling = {{ "{}" = 1 }}', 'thinking = {{ "{}" = 1 }}',
    ],
)  # fmt: skip
def test_a_key_in_the_wrong_place_is_never_shown(refusal: Load, line: str, key: str) -> None:
    """Not twelve characters of it, in whatever field it was pasted."""
    fields = {"name": '"a"', "base_url": '"http://h/v1"', "model": '"m"'}
    name, _, value = line.format(key).partition(" = ")
    error = refusal("[[provider]]\n" + "".join(f"{n} = {v}\n" for n, v in {**fields, name: value}.items()))
    shown = f"{error.message} {error.hint}"
    assert not [key[at : at + 12] for at in range(len(key) - 11) if key[at : at + 12] in shown]


def test_names_of_models_and_of_hosts_are_shown(refusal: Load) -> None:
    """What is hidden is a key's mixture of letters and digits, without dashes."""
    for text in ("Qwen/Qwen3-235B-A22B-Instruct-2507", "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8"):
        assert text in refusal(GOOD + f'role = "{text}"').message


@pytest.mark.parametrize("url", ["http://[v1.x]/v1", "http://[::1]x/v1", "http://a[::1]/v1"])
def test_brackets_that_hold_no_address_are_refused(refusal: Load, url: str) -> None:
    assert refusal(f'[[provider]]\nname = "a"\nmodel = "m"\nbase_url = "{url}"\n').code == "config-url"


def test_a_hexadecimal_number_that_cannot_be_written_in_digits_is_refused_at_its_line(refusal: Load) -> None:
    error = refusal(GOOD + "extra_body = { x = 0x" + "f" * 6000 + " }\n")
    assert (error.code, error.where.rpartition(":")[2]) == ("config-toml", "5")
