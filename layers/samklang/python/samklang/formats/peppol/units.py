"""Units: from the words Swedes write to the codes of UN/ECE Rec 20."""

from samklang.formats.peppol.texts import one_line

_UNITS = {
    word: code
    for code, words in {
        "C62": "st styck stycken antal enhet enheter",
        "HUR": "tim timme timmar h tm",
        "MIN": "min minut minuter",
        "DAY": "dag dagar dygn",
        "WEE": "v vecka veckor",
        "MON": "mån månad månader",
        "QAN": "kv kvartal",
        "ANN": "år",
        "KGM": "kg kilo kilogram",
        "HGM": "hg hekto",
        "GRM": "g gram",
        "TNE": "t ton",
        "KMT": "km kilometer",
        "MTR": "m meter lm löpmeter",
        "DMT": "dm decimeter",
        "CMT": "cm centimeter",
        "MMT": "mm millimeter",
        "MTK": "m2 m² kvm kvadratmeter",
        "MTQ": "m3 m³ kbm kubikmeter",
        "LTR": "l lit liter",
        "DLT": "dl deciliter",
        "CLT": "cl centiliter",
        "MLT": "ml milliliter",
        "KWH": "kwh kilowattimme kilowattimmar",
        "XPK": "förp förpackning förpackningar frp pkt paket",
        "XCT": "krt kartong kartonger",
        "XBX": "låda lådor",
        "XPX": "pall pallar",
        "XBO": "fl flaska flaskor",
        "XBG": "påse påsar",
        "XSA": "säck säckar",
        "XRO": "rulle rullar",
        "PR": "par",
        "SET": "set sats satser",
        "DZN": "dussin",
        "IE": "pers person personer",
        "ZP": "sida sidor",
    }.items()
    for word in words.split()
}


def unit_code(word: str) -> str:
    """The UN/ECE Rec 20 code of a unit as Swedes write it: ``tim`` is ``HUR``. ``C62``, one, if unknown."""
    return known_unit(word) or "C62"


def known_unit(word: str) -> str | None:
    """The code of a unit, or None if the word is not known."""
    return _UNITS.get(one_line(word).rstrip(".").casefold())
