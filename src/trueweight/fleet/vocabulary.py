"""The pieces that the fleet's tokenizer knows beside the 256 bytes. Order is part of the weights: append only."""

from __future__ import annotations

SPECIAL = ("<end>", "<start>", "<separator>", "<call>", "<text>", "<tools>")
"""Control tokens. No text encodes to them, so a prompt cannot forge a turn."""

_WORDS = """
the of and to in is that it was for on are with as his they be at one have this from or had by not but what some we
can out other were all there when up use your how said an each she which do their time if will way about many then
them write would like so these her long make thing see him two has look more day could go come did number sound no
most people my over know water than call first who may down side been now find any new work part take get place made
live where after back little only round man year came show every good me give our under name very through just form
sentence great think say help low line before turn cause same mean differ move right boy old too does tell set three
want air well also play small end put home read hand port large spell add even land here must big high such follow act
why ask men change went light kind off need house picture try us again animal point mother world near build self earth
father head stand own page should country found answer school grow study still learn plant cover food sun four between
state keep eye never last let thought city tree cross farm hard start might story saw far sea draw left late run while
press close night real life few north weather today tomorrow morning price order user file table value email date key
open list model test token search result error message system tool function data city street hotel flight train music
der die das und ist nicht ein eine ich du wir sie mit auf für von zu den dem wie was gut heute Haus Wasser Zeit Stadt
le la les un une et est pas que qui dans pour sur avec je vous nous bonjour monde eau temps ville merci très bien jour
el los las uno una y es por con para como más pero hola mundo agua tiempo ciudad gracias muy día casa noche
и в не на я что он как это все так его за ты да мы мир вода город день дом спасибо привет
こんにちは ありがとう です ます した から 世界 天気 東京 今日 水 日本 你好 谢谢 天气 北京 今天 我们 世界 什么 中国 城市
"""

_PUNCTUATION = r"""
. , : ; ! ? ' " ( ) [ ] { } < > / \ - _ = + * & % $ # @ ~ ` ^ | -- ... '' ## == => -> != <= >= () [] {}
": ", "}] }} [{ ]} {" "} "] [" \n \t \" </ /> `` ``` // :// 10 20 19 00 true false null json
"""

_SUBWORDS = """
th he in er an re nd on en at ou ed ha to or it is hi es ng st ar te se me sa ve le no ne as of ti al ll wa ri ic de la
ch ma si om ur ca el ta ra li la co un us ut ly il ge pe ing ion ent ers ter ate ver all ess tion ment able ence con pro
com per pre sub est ist ism ize ful ness ous ive ity ant age ure ble ght oun ould ight
"""

_SPACES = (" ", "\n", "\n\n", "  ", "    ", "        ", "\t", ",\n", ".\n", ", ", ": ", '": "', '", "', "},{")


def _unique(pieces: list[str]) -> tuple[str, ...]:
    """First appearances in order, without single ASCII characters, which are bytes already."""
    return tuple(piece for piece in dict.fromkeys(pieces) if len(piece.encode()) > 1)


def words() -> tuple[str, ...]:
    """Whole words, each with a space before it: what free text is mostly made of."""
    return tuple(dict.fromkeys(_WORDS.split()))


def pieces() -> tuple[str, ...]:
    """Every piece of text that is one token, in the order of their ids after the bytes."""
    spaced = [" " + word for word in words()]
    return _unique([*spaced, *words(), *_PUNCTUATION.split(), *_SUBWORDS.split(), *_SPACES])
