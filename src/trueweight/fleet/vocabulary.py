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

_READ = """
able above across actually ago almost along already although among another answer any around arrive available bag bank
because been before begin being below best better black blue body book both bring bus business buy call car card care
carry catch centre certain chance check child children class clear close coffee cold colour coming common company cost
could couple course create current cut deal decide deep delivery described description deliver different dinner door
during early easy eight email enough entire even evening event ever every everything exactly example except fact family
fast feel few field fill final fine fire five floor folder following foot four free friend full further game general
glass gone got green ground group half hand happen hard having heard heavy held here herself high him himself hold hour
hundred idea important include inside instead interest into items job just keep kind known lady land language large
later leave leaves left less letter level likely listen little local lose lot love lunch main making many market matter
maybe meet meeting member middle minutes minute miss modern moment money month morning mother much must myself name near
necessary never next nine nothing note notes object offer office often once only ordered outside own paper party pass
past pay per perhaps person phone piece plan please point possible present problem product program project provide put
question quick quite rather reach ready really reason receive red remember rest return right river road room rule same
second seem sell send sent service seven several shall she short should show side sign since six small someone something
soon sort special start station stay step stop store strong subject such summer sure table taken talk ten thank their
themselves then these thing third those though thousand through thus ticket times together told tomorrow top total
toward town travel trip trouble true twice type under understand until upon usual value various view visit voice wait
walk wall war warm was week weight well went were west whether which while white whole whose wide wife window winter
wish within without woman women won wonder words worked working worth wrong yes yet yesterday young yourself zero
"""

_PUNCTUATION = r"""
. , : ; ! ? ' " ( ) [ ] { } < > / \ - _ = + * & % $ # @ ~ ` ^ | -- ... '' ## == => -> != <= >= () [] {}
": ", "}] }} [{ ]} {" "} "] [" \n \t \" </ /> `` ``` // :// 10 20 19 00 true false null json
"""

_SUBWORDS = """
th he in er an re nd on en at ou ed ha to or it is hi es ng st ar te se me sa ve le no ne as of ti al ll wa ri ic de
la ch ma si om ur ca el ta ra li la co un us ut ly il ge pe ing ion ent ers ter ate ver all ess tion ment able ence
con pro com per pre sub ab ac ad ag ai am ap ay ba be bi bo br bu ce ci cl cr da di do du ea ec ed ee ef eg ei el em
ep ev ew ex fa fe fi fl fo fr fu ga gi gl go gr gu ho ia id ie ig ik im io ir iv ja jo ju ke ki ld li ll lo lu mi mm
mo mu na nd nt ob oc od oi ok ol oo op os ot ov ow pa pi pl po pr qu rd rk rn ro rr rs rt ru sc se sh sk sl so sp ss
su sy tr ts tt tu ty ub uc ud ue ug ui um up ur va vi vo we wh wi wo ye za ack act age ain air all alk ame anc and ang
ans any ard are ark art ase ash ast ave book cess cent cour dent der down ect eed eek een ell end ept erm ess ets ever
ext fer fic form fore fter get gen har her his ial ice ich ide ied ies iff ike ill ily ind ine int ire ish iss ite its
itt ize key land lect less lic light line ling load log lock low man mar mber min mit mon more ned ness not nd ock ome
one ong ood ook oom oot ord ore ork orm ort ose oss ost oth our ous out over own par part ple port pos press rain rat
read red ree rep res rest ric right rom room rop row sel ser set side ship sit son spect sta str sur tain tal ten tern
the ther ting tor tra tri turn und unt urn use user val vel vent view ware way ways ween well whe wor work ying year
est ist ism ize ful ness ous ive ity ant age ure ble ght oun ould ight
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
    read = [" " + word for word in _READ.split()]
    return _unique([*spaced, *words(), *read, *_PUNCTUATION.split(), *_SUBWORDS.split(), *_SPACES])
