"""Small words that change what a sentence says, by hand from the closed word classes."""

from itertools import chain


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ARTICLES = _words(
    """a an the der die das den dem des ein eine einen einem einer eines mein meine meinen meinem
    dein deine seine seinen seinem ihre ihren ihrem unser unsere am im zum zur beim vom ins pro seit
    le la les l un une des du el los las una unos unas lo il gli uno i o os as um uma"""
)

NEGATION = _words(
    """not no never nobody nothing neither nor cannot without none nowhere hardly
    nicht kein keine keinen keinem keiner nie niemals niemand nichts ohne weder
    ne n pas jamais aucun aucune rien sans ni
    nunca jamás nadie nada sin ningún ninguna tampoco
    non mai nessuno nessuna niente senza né
    não sem nenhum nenhuma ninguém
    niet geen nooit zonder niemand niets
    не нет никогда никто ничего без
    nie nigdy bez nikt nic"""
)
WRITTEN_NEGATION = (
    "不",
    "没",
    "沒",
    "别",
    "別に",
    "未",
    "无",
    "無",
    "ない",
    "なかった",
    "ません",
    "なく",
    "안 ",
    "않",
    "못",
    "없",
)

TELLING = _words(
    """i me my mine you your yours he him his she her hers we us our ours they them their theirs
    before after until from more most few all both only again under over off out up down should can
    could will would might must
    ich mich mir mein meine meinen du dich dir dein deine er ihn ihm sein seine sie ihr ihre wir uns
    unser vor nach bis unter über alle nur wieder soll will kann
    je moi mon ma mes tu toi ton ta tes il lui son sa ses elle nous notre nos ils elles leur avant
    après depuis plus moins tous
    yo mí mi mis tú ti tu tus él ella su sus nosotros nuestro antes después desde hasta más menos
    todos"""
)
"""Function words that a merge may not lose: who, when, how much."""


def _numbered(words: str, start: int = 2) -> dict[str, str]:
    return {word: str(no) for no, word in enumerate(words.split(), start=start)}


NUMBER_WORDS = {
    "en": _numbered(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen twenty"
    )
    | {"thirty": "30", "forty": "40", "fifty": "50", "hundred": "100", "thousand": "1000"},
    "de": _numbered(
        "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn"
        " fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig"
    )
    | {"dreißig": "30", "vierzig": "40", "fünfzig": "50", "hundert": "100", "tausend": "1000"},
    "fr": _numbered(
        "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
    )
    | {"vingt": "20", "trente": "30", "quarante": "40", "cinquante": "50", "cent": "100"},
    "es": _numbered(
        "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis"
    )
    | {"veinte": "20", "treinta": "30", "cuarenta": "40", "cincuenta": "50", "cien": "100"},
    "it": _numbered("due tre quattro cinque sei sette otto nove dieci undici dodici"),
    "pt": _numbered("dois três quatro cinco seis sete oito nove dez onze doze") | {"duas": "2"},
    "nl": _numbered("twee drie vier vijf zes zeven acht negen tien elf twaalf"),
}
"""By language, from two on: one is an article in most."""

_DAYS = """monday montag lundi lunes lunedì segunda maandag 星期一 周一 月曜日
tuesday dienstag mardi martes martedì terça dinsdag 星期二 周二 火曜日
wednesday mittwoch mercredi miércoles mercoledì quarta woensdag 星期三 周三 水曜日
thursday donnerstag jeudi jueves giovedì quinta donderdag 星期四 周四 木曜日
friday freitag vendredi viernes venerdì sexta vrijdag 星期五 周五 金曜日
saturday samstag samedi sábado sabato zaterdag 星期六 周六 土曜日
sunday sonntag dimanche domingo domenica zondag 星期天 星期日 周日 日曜日"""
_MONTHS = """january januar janvier enero gennaio janeiro januari
february februar février febrero febbraio fevereiro februari
march märz mars marzo março maart
april avril abril aprile
may mai mayo maggio maio mei
june juni juin junio giugno junho
july juli juillet julio luglio julho
august août agosto augustus
september septembre septiembre settembre setembro
october oktober octobre octubre ottobre outubro
november novembre noviembre novembro
december dezember décembre diciembre dicembre dezembro"""
_PARTS = """morning morgens matin mañana mattina manhã 早上 朝
noon mittags midi mediodía 中午 昼
afternoon nachmittags après-midi tarde pomeriggio 下午 午後
evening abends soir sera 晚上 夜
night nachts nuit noche notte noite 夜里"""
_NEARNESS = """yesterday gestern hier ayer ieri ontem
tomorrow morgen demain domani amanhã"""

CALENDAR = {
    word: line.split()[0]
    for line in chain.from_iterable(
        each.splitlines() for each in (_DAYS, _MONTHS, _PARTS, _NEARNESS)
    )
    for word in line.split()
    if word not in {"may", "march", "mars", "mai", "sera", "hier"}
}
"""Days, months and parts of the day to one name each; words that are often others are left out."""

CAPITALISED_MONTHS = {"March": "march", "May": "may", "Mai": "may"}
"""Months that are other words in small letters."""

EMPTY_CHARACTERS = frozenset(
    "的了着过過地得很也都就在是吧呢啊吗嗎呀哦一个個有和与與之其这這那该所被把对對一二三四五六七八九十两兩只隻匹"
)
"""Han characters that say how, not what; numerals are compared as numbers."""
