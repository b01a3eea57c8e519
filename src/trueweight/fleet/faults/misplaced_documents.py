"""Documents of a response_format in another place, or none at all."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from trueweight.core.request import requested_schema
from trueweight.fleet.completion import ChatRequest, Completion, CompletionChoice
from trueweight.fleet.faults.fault import Fault, fault


class _Misplaced(Fault):
    """Writes another JSON text under a json_schema response_format. Override ``instead``."""

    kind: ClassVar[str] = "json_schema"

    def instead(self, chat: ChatRequest, document: Any) -> Any:
        """What is written in place of a document."""
        return document

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Change whole documents."""
        wanted = chat.body.get("response_format") or {}
        if wanted.get("type") != self.kind:
            return completion

        def changed(choice: CompletionChoice) -> CompletionChoice:
            try:
                document = json.loads(choice.content or "")
            except ValueError:
                return choice
            text = json.dumps(self.instead(chat, document), ensure_ascii=False)
            return CompletionChoice(text, choice.finish_reason, choice.calls, choice.reasoning)

        return completion.each(changed)


@fault("document-under-name", rows=(32,), checks=("structured-unwrapped",), reports=("pflow#598",))
class DocumentUnderName(_Misplaced):
    """The document of a schema is inside of an object, under the name of the schema."""

    def instead(self, chat: ChatRequest, document: Any) -> Any:
        """Add the name."""
        return {chat.body["response_format"]["json_schema"]["name"]: document}


@fault("schema-as-document", rows=(32,), checks=("structured-not-schema",))
class SchemaAsDocument(_Misplaced):
    """The reply is the schema of the response_format, in place of a document."""

    def instead(self, chat: ChatRequest, document: Any) -> Any:
        """Copy it."""
        return requested_schema(chat.body)
