"""Recognises, in a server's words, why it does not answer: the model, the account, the country, the key.

The patterns come from error messages of the hosted APIs (OpenAI, Anthropic, Google, Azure, Mistral, DeepSeek, Moonshot,
Zhipu, MiniMax, OpenRouter, Together, Fireworks, Groq, xAI) and of vLLM, SGLang, llama.cpp, Ollama, LiteLLM and new-api.
They are used only for requests that failed, so a word in an answer of a model is never read by them.
"""

from __future__ import annotations

import re
from typing import Final


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_PLACE: Final = r"(?:country|countries|territor(?:y|ies)|regions?|locations?|jurisdictions?)\b"
_BARRED: Final = (
    r"\b(?:not (?:available|supported|allowed|served|permitted|accessible)|unsupported|unavailable|restrict\w*|"
    r"block\w*|prohibit\w*|sanction\w*|banned)"
)
_REGION: Final = _any(
    "unsupported_country",
    rf"\b{_PLACE}.{{0,80}}{_BARRED}",
    rf"{_BARRED}.{{0,60}}\b{_PLACE}",
    r"\bgeo[- ]?(?:block|restrict|fenc)",
    r"legal reasons",
    r"error 1009\b",
    "(?:地区|区域|国家).{0,20}(?:不支持|限制|不可用)",
)
_CREDIT: Final = _any(
    r"insufficient[_ ](?:user[_ ])?(?:quota|balance|credit|fund)",
    r"quota[_ ]?(?:exceeded|exhausted|not enough)",
    r"exceeded[_ ]\w*quota|exceeded (?:your|the) (?:\w+ ){0,2}(?:quota|credits?|limit|budget|allowance)",
    r"credit balance|payment[_ ]required|spending limit",
    r"(?:out of|no|not enough|used all|used up|ran out of|requires more|available) (?:\w+ ){0,3}credits?\b",
    r"(?:billing|payment) (?:\w+ ){0,3}(?:required|limit|inactive|not active|issue|method)",
    r"billing[_ ](?:hard[_ ]limit|not[_ ]active)|account is not active",
    r"in arrears|overdue|top[- ]?up|recharge your|prepaid|account (?:\w+ ){0,3}is suspended|exceeded_current_quota",
    "余额|欠费|充值|额度",
)
_MODEL: Final = _any(
    r"model[_ -]?not[_ -]?(?:found|exist)|deployment_?not_?found",
    r"(?:unknown|invalid|unsupported|no such|incorrect|unrecognized|missing)[_ ]model\b",
    r"not a valid model|(?:find|load|access|locate) (?:the |to )?model",
    r"\b(?:model|deployment|engine)s?\b.{0,160}?\bnot (?:found|exist|supported|available|valid|deployed|loaded|allowed|"
    r"served|accessible|enabled|a valid)",
    r"\b(?:model|deployment|engine)s?\b.{0,160}?\b(?:do|does|did)(?: not|n't) (?:exist|have access|support chat)",
    r"\b(?:model|deployment|engine)s?\b.{0,160}?\b(?:unknown|unavailable|inaccessible|no access|deprecated|retired|"
    r"decommissioned|shut down)",
    r"no (?:endpoints?|available channels?|healthy \w+|permission|access)\b.{0,60}\b(?:for|to)\b.{0,20}\bmodel",
    r"no endpoints found|not have access to.{0,30}model",
    "模型.{0,60}(?:不存在|无|未|不)|无可用渠道",
)
_KEY: Final = _any(
    r"api[-_ ]?key",
    r"\b(?:invalid|incorrect|missing|expired|revoked|bad|no) (?:\w+ ){0,2}(?:token|key|credential|authorization)",
    r"invalid[_ ]?(?:api[_ ]?key|authentication|token|credential)",
    r"unauthori[sz]ed|unauthenticated|authentication|login fail|not logged in|permission[_ ]denied",
    "令牌|密钥|鉴权|认证",
)
_PASSES: Final = _any(
    r"\bloading\b|\bstarting\b|warm(?:ing)? ?up|cold start|\bnot (?:yet )?ready\b|overload|over ?capacity|\bcapacity\b",
    r"\btemporar|\bcurrently\b|\bmomentar|\btry (?:your request )?again|\blater\b|\bretry\b|\bbusy\b|high demand",
    r"maintenance",
    "加载|稍后|繁忙|过载",
)
_PLAIN_HTTP_TO_TLS: Final = _any(
    r"http request (?:was sent )?to (?:an? |the )?https", r"requires? (?:tls|https|ssl)", "(?:ssl|https) required"
)
_PROXY: Final = _any(
    r"\bsquid\b",
    "ERR_(?:DNS_FAIL|CONNECT_FAIL|ACCESS_DENIED|CANNOT_FORWARD)",
    "zscaler|blue ?coat|forcepoint|captive portal",
)


def names_region(words: str) -> bool:
    """Whether the words say that the country of the client is not served."""
    return bool(_REGION.search(words))


def names_credit(words: str) -> bool:
    """Whether the words say that the account has no credit or quota left."""
    return bool(_CREDIT.search(words))


def names_model(words: str, model: str) -> bool:
    """Whether the words say that the model, whose id is given, is not known or not allowed."""
    if _MODEL.search(words):
        return True
    lowered = words.lower()
    missing = ("not found", "not exist", "unknown", "not available", "not supported", "invalid", "no available")
    return len(model) > 2 and model.lower() in lowered and any(word in lowered for word in missing)


def names_wait(words: str) -> bool:
    """Whether the words say that the model will answer later: it is being loaded, or is overloaded."""
    return bool(_PASSES.search(words))


def names_key(words: str) -> bool:
    """Whether the words are about the key."""
    return bool(_KEY.search(words))


def names_https(words: str) -> bool:
    """Whether the words say that the port speaks TLS and got plain HTTP."""
    return bool(_PLAIN_HTTP_TO_TLS.search(words))


def names_proxy(words: str) -> bool:
    """Whether the words are those of a proxy or a filter between the client and the provider."""
    return bool(_PROXY.search(words))
