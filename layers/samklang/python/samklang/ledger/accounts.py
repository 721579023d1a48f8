"""The chart of accounts every company starts with: the BAS accounts we use, in our own words."""

from typing import Literal, NamedTuple

RECEIVABLES = "1510"
CARDS = "1580"
CASH = "1910"
BANK = "1930"
CUSTOMER_CREDIT = "2420"
ROUNDING = "3740"
CARD_FEES = "6040"
BANK_FEES = "6570"

CONTROL = {
    RECEIVABLES: "the receivables: register an invoice or a payment instead",
    CUSTOMER_CREDIT: "the customers' credit: register a payment instead",
}
"""Accounts that a subledger keeps, and what to do instead of writing a voucher on them."""

AccountKind = Literal["asset", "liability", "income", "cost"]


class Account(NamedTuple):
    """An account: number, Swedish name, kind, and its box of the VAT return (SKV 4700) if it has one."""

    number: str
    name: str
    kind: AccountKind
    vat_box: str | None


def _kind(number: str) -> AccountKind:
    """BAS: class 1 assets, 2 equity and liabilities, 3 income, 4-7 costs, 8 financial (83 income)."""
    if number[0] == "1":
        return "asset"
    if number[0] == "2":
        return "liability"
    return "income" if number[0] == "3" or number.startswith("83") else "cost"


_NAMES = {
    "1510": "Kundfordringar",
    "1580": "Fordringar för kontokort",
    "1630": "Skattekonto",
    "1650": "Momsfordran",
    "1910": "Kassa",
    "1930": "Företagskonto",
    "2081": "Aktiekapital",
    "2091": "Balanserat resultat",
    "2099": "Årets resultat",
    "2420": "Förskott från kunder",
    "2440": "Leverantörsskulder",
    "2611": "Utgående moms 25 %",
    "2621": "Utgående moms 12 %",
    "2631": "Utgående moms 6 %",
    "2641": "Ingående moms",
    "2650": "Redovisningskonto för moms",
    "2710": "Personalskatt",
    "2731": "Sociala avgifter, avräkning",
    "2893": "Skulder till närstående",
    "2990": "Upplupna kostnader",
    "3001": "Försäljning i Sverige, 25 % moms",
    "3002": "Försäljning i Sverige, 12 % moms",
    "3003": "Försäljning i Sverige, 6 % moms",
    "3004": "Försäljning i Sverige, momsfri",
    "3105": "Varor sålda till länder utanför EU",
    "3108": "Varor sålda till andra EU-länder, momsfritt",
    "3231": "Byggtjänster med omvänd betalningsskyldighet",
    "3305": "Tjänster sålda till länder utanför EU",
    "3308": "Tjänster sålda till andra EU-länder",
    "3740": "Öres- och kronutjämning",
    "3990": "Övriga intäkter",
    "4000": "Inköp av varor",
    "5010": "Lokalhyra",
    "5410": "Förbrukningsinventarier",
    "5420": "Programvaror",
    "5611": "Drivmedel, personbilar",
    "5800": "Resekostnader",
    "6040": "Kontokortsavgifter",
    "6071": "Representation, avdragsgill",
    "6110": "Kontorsmateriel",
    "6212": "Mobiltelefon",
    "6351": "Konstaterade kundförluster",
    "6530": "Redovisningstjänster",
    "6540": "It-tjänster",
    "6570": "Bankkostnader",
    "6990": "Övriga externa kostnader",
    "7010": "Löner",
    "7510": "Arbetsgivaravgifter",
    "8313": "Ränteintäkter från kundfordringar",
    "8410": "Räntekostnader",
    "8422": "Dröjsmålsräntor",
}

_VAT_BOXES = {
    "2611": "10",
    "2621": "11",
    "2631": "12",
    "2641": "48",
    "3001": "05",
    "3002": "05",
    "3003": "05",
    "3004": "42",
    "3105": "36",
    "3108": "35",
    "3231": "41",
    "3305": "40",
    "3308": "39",
}
"""Where the VAT return adds an account up (SKV 409); the others are in no box."""

CHART: dict[str, Account] = {
    number: Account(number, name, _kind(number), _VAT_BOXES.get(number)) for number, name in _NAMES.items()
}
