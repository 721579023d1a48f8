"""Countries: their two letters (ISO 3166-1), and the names that registers have for the common ones."""

_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT "
    "BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH "
    "ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT "
    "HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
    "NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG "
    "SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
    "UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
CODES = frozenset(_CODES.split())
"""All that are assigned."""

_NAMES = {
    # The EU
    "AT": "Österrike, Austria",
    "BE": "Belgien, Belgium",
    "BG": "Bulgarien, Bulgaria",
    "CY": "Cypern, Cyprus",
    "CZ": "Tjeckien, Tjeckiska republiken, Czechia, Czech Republic",
    "DE": "Tyskland, Germany, Deutschland",
    "DK": "Danmark, Denmark",
    "EE": "Estland, Estonia",
    "ES": "Spanien, Spain",
    "FI": "Finland, Suomi",
    "FR": "Frankrike, France",
    "GR": "Grekland, Greece",
    "HR": "Kroatien, Croatia",
    "HU": "Ungern, Hungary",
    "IE": "Irland, Ireland",
    "IT": "Italien, Italy",
    "LT": "Litauen, Lithuania",
    "LU": "Luxemburg, Luxembourg",
    "LV": "Lettland, Latvia",
    "MT": "Malta",
    "NL": "Nederländerna, Holland, Netherlands, The Netherlands",
    "PL": "Polen, Poland",
    "PT": "Portugal",
    "RO": "Rumänien, Romania",
    "SE": "Sverige, Sweden",
    "SI": "Slovenien, Slovenia",
    "SK": "Slovakien, Slovakia",
    # The rest of Europe
    "AD": "Andorra",
    "AL": "Albanien, Albania",
    "AX": "Åland, Ålandsöarna",
    "BA": "Bosnien och Hercegovina, Bosnia and Herzegovina",
    "BY": "Belarus, Vitryssland",
    "CH": "Schweiz, Switzerland",
    "FO": "Färöarna, Faroe Islands",
    "GB": "Storbritannien, England, Skottland, United Kingdom, Great Britain",
    "GI": "Gibraltar",
    "GL": "Grönland, Greenland",
    "IS": "Island, Iceland",
    "LI": "Liechtenstein",
    "MC": "Monaco",
    "MD": "Moldavien, Moldova",
    "ME": "Montenegro",
    "MK": "Nordmakedonien, North Macedonia",
    "NO": "Norge, Norway",
    "RS": "Serbien, Serbia",
    "RU": "Ryssland, Russia",
    "SM": "San Marino",
    "TR": "Turkiet, Turkey, Türkiye",
    "UA": "Ukraina, Ukraine",
    # Farther away
    "AE": "Förenade Arabemiraten, United Arab Emirates",
    "AR": "Argentina",
    "AU": "Australien, Australia",
    "BR": "Brasilien, Brazil",
    "CA": "Kanada, Canada",
    "CL": "Chile",
    "CN": "Kina, China",
    "EG": "Egypten, Egypt",
    "HK": "Hongkong, Hong Kong",
    "ID": "Indonesien, Indonesia",
    "IL": "Israel",
    "IN": "Indien, India",
    "JP": "Japan",
    "KE": "Kenya",
    "KR": "Sydkorea, South Korea",
    "MA": "Marocko, Morocco",
    "MX": "Mexiko, Mexico",
    "MY": "Malaysia",
    "NG": "Nigeria",
    "NZ": "Nya Zeeland, New Zealand",
    "PH": "Filippinerna, Philippines",
    "QA": "Qatar",
    "SA": "Saudiarabien, Saudi Arabia",
    "SG": "Singapore",
    "TH": "Thailand",
    "TN": "Tunisien, Tunisia",
    "TW": "Taiwan",
    "US": "USA, Förenta staterna, United States, United States of America",
    "VN": "Vietnam",
    "ZA": "Sydafrika, South Africa",
}
"""In Swedish, then in English where that is another name."""

_OFTEN_MEANT = {"UK": "GB", "EL": "GR"}
"""Letters that are no country's, though people, and VAT numbers, have them."""


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


_BY_NAME = {_folded(name): code for code, names in _NAMES.items() for name in names.split(",")}


def country_code(text: str) -> str:
    """The two letters of a country that is given by them, or by its name in Swedish or English.

    Raises:
        ValueError: it is no country, or one whose name is not known here.
    """
    letters = text.strip().upper()
    if letters in CODES:
        return letters
    if code := _BY_NAME.get(_folded(text)):
        return code
    if meant := _OFTEN_MEANT.get(letters):
        raise ValueError(f'is no country: did you mean "{meant}"?')
    raise ValueError(
        'is not a country we know by name: write its two letters (ISO 3166), such as "SE" or "DE"'
    )
