"""Arguments text that is not what a strict JSON reader takes, or not what the model wrote."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall
from trueweight.fleet.faults.arguments import each_call, each_text, each_value, read_arguments
from trueweight.fleet.faults.fault import Fault, fault


def _each_object(completion: Completion, write: Callable[[JsonObject], str]) -> Completion:
    """The completion with the arguments of every call that has some written anew."""

    def edited(call: CompletionCall) -> CompletionCall:
        arguments = read_arguments(call.arguments)
        return replace(call, arguments=write(arguments)) if isinstance(arguments, dict) and arguments else call

    return each_call(completion, edited)


@fault("keys-twice", rows=(11,), checks=("tool-arguments-keys-once",))
class KeysTwice(Fault):
    """The first argument comes twice."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write it again at the end."""

        def twice(arguments: JsonObject) -> str:
            name, value = next(iter(arguments.items()))
            text = json.dumps(arguments, ensure_ascii=False)
            return f"{text[:-1]}, {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}}}"

        return _each_object(completion, twice)


@fault("quotes-left-in-arguments", rows=(3,), checks=("tool-arguments-unmarked",), reports=("vllm#44522",))
class QuotesLeftInArguments(Fault):
    """The tokens that quote a text in Gemma 4's calls stay in the arguments."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take the braces only for the notation."""
        return each_text(completion, lambda text: f'<|"|>{text}<|"|>')


@fault("half-characters-in-arguments", rows=(20,), checks=("tool-arguments-characters",))
class HalfCharactersInArguments(Fault):
    """Characters beyond the first 65,536 lose their second half in arguments."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Cut each pair of UTF-16 in two."""

        def cut(arguments: JsonObject) -> str:
            text = json.dumps(arguments, ensure_ascii=False)
            return "".join(char if ord(char) < 0x10000 else json.dumps(char)[1:7] for char in text)

        return _each_object(completion, cut)


@fault("nan-in-arguments", rows=(11,), checks=("tool-arguments-nan",))
class NanInArguments(Fault):
    """Numbers in arguments are NaN."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Compute with a missing value."""

        def edited(arguments: JsonObject) -> str:
            numbers = {
                key: float("nan") if isinstance(value, int | float) and not isinstance(value, bool) else value
                for key, value in arguments.items()
            }
            return json.dumps(numbers, ensure_ascii=False)

        return _each_object(completion, edited)


@fault("python-in-arguments", rows=(11,), checks=("tool-arguments-python",))
class PythonInArguments(Fault):
    """Arguments are printed as a Python dict."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Print the object."""
        return _each_object(completion, repr)


@fault("arguments-encoded-twice", checks=("tool-arguments-encoded-once",))
class ArgumentsEncodedTwice(Fault):
    """Arguments are JSON inside a JSON string."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Encode the text again."""
        return _each_object(completion, lambda arguments: json.dumps(json.dumps(arguments)))


@fault("entities-in-arguments", rows=(8,), checks=("argument-escaped",), reports=("probe#448",))
class EntitiesInArguments(Fault):
    """Signs in arguments arrive as HTML entities."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Escape every text."""
        return each_text(completion, lambda text: html.escape(text, quote=False))


@fault("other-normal-form", rows=(20,), checks=("argument-normalised",))
class OtherNormalForm(Fault):
    """Text in arguments arrives decomposed, letters and marks apart."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write NFD for NFC."""
        return each_text(completion, lambda text: unicodedata.normalize("NFD", text))


@fault("integers-rounded", rows=(7,), checks=("argument-rounded",))
class IntegersRounded(Fault):
    """Integers beyond 2⁵³ are rounded."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Parse numbers into doubles, and write them as integers."""
        return each_value(
            completion, lambda value: int(float(value)) if isinstance(value, int) and abs(value) > 2**53 else value
        )


@fault("none-as-text", rows=(7,), checks=("argument-null-text",), reports=("vllm#47643",))
class NoneAsText(Fault):
    """A null in arguments arrives as the text None."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Print the value."""
        return each_value(completion, lambda value: "None" if value is None else value)


@fault("arguments-percent", rows=(8,), checks=("argument-encoded",))
class ArgumentsPercent(Fault):
    """Text in arguments is encoded as in an address."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Quote it."""
        return each_text(completion, quote)


@fault("arguments-backslashes", rows=(8,), checks=("argument-encoded",))
class ArgumentsBackslashes(Fault):
    """Line breaks and quotes in arguments arrive with a backslash."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Encode each text twice."""
        return each_text(completion, lambda text: json.dumps(text, ensure_ascii=False)[1:-1])


@fault("arguments-latin-1", rows=(20,), checks=("argument-characters",))
class ArgumentsLatin1(Fault):
    """Letters beyond ASCII in arguments arrive as two or more of Latin-1."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read UTF-8 as Latin-1."""
        return each_text(completion, lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1"))


@fault("fractions-rounded", rows=(7,), checks=("argument-rounded",))
class FractionsRounded(Fault):
    """Fractions in arguments are rounded to one digit."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Print them short."""
        return each_value(completion, lambda value: round(value, 1) if isinstance(value, float) else value)


@fault("arguments-last-comma", rows=(11,), checks=("tool-arguments-json",))
class ArgumentsLastComma(Fault):
    """Arguments have a comma before the closing bracket."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Write each key with a comma behind it."""
        return _each_object(completion, lambda found: f"{json.dumps(found, ensure_ascii=False)[:-1]},}}")
