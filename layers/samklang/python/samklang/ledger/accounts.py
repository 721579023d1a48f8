"""The chart of accounts every company starts with: the BAS accounts we use, in our own words."""

from typing import Literal, NamedTuple

RECEIVABLES = "1510"
CARDS = "1580"
CASH = "1910"
BANK = "1930"
CUSTOMER_CREDIT = "2420"
PAYABLES = "2440"
ROUNDING = "3740"
CARD_FEES = "6040"
BANK_FEES = "6570"
WRITE_DOWNS = "1519"
CONFIRMED_LOSSES = "6351"
EXPECTED_LOSSES = "6352"
LOST_BASE = "6358"
LOST_BASE_COUNTER = "6359"

CONTROL = {
    RECEIVABLES: "the receivables: register an invoice or a payment instead",
    CUSTOMER_CREDIT: "the customers' credit: register a payment instead",
    PAYABLES: "the payables: register a supplier invoice or a payment of one instead",
}
"""Accounts that a subledger keeps, and what to do instead of writing a voucher on them."""

CARRIED = {RECEIVABLES: "1511", CUSTOMER_CREDIT: "2429", PAYABLES: "2441"}
"""Where balances from another program go that have no open items here, by control account."""

AccountKind = Literal["asset", "liability", "income", "cost"]


class Account(NamedTuple):
    """An account: number, Swedish name, kind, and its box of the VAT return (SKV 4700) if it has one."""

    number: str
    name: str
    kind: AccountKind
    vat_box: str | None
    active: bool = True
    """False: closed, no voucher may use it any more."""


def kind_of(number: str) -> AccountKind:
    """BAS: class 1 assets, 2 equity and liabilities, 3 income, 4-7 costs, 8 financial (83 income)."""
    if number[0] == "1":
        return "asset"
    if number[0] == "2":
        return "liability"
    return "income" if number[0] == "3" or number.startswith("83") else "cost"


_NAMES = {
    "1510": "Kundfordringar",
    "1511": "Kundfordringar från tidigare program",
    "1513": "Kundfordringar, skattereduktion",
    "1516": "Tvistiga kundfordringar",
    "1519": "Nedskrivning av kundfordringar",
    "1580": "Fordringar för kontokort",
    "1630": "Skattekonto",
    "1650": "Momsfordran",
    "1790": "Förutbetalda kostnader och upplupna intäkter",
    "1910": "Kassa",
    "1930": "Företagskonto",
    "1940": "Övriga bankkonton",
    "2010": "Eget kapital",
    "2013": "Egna uttag",
    "2018": "Egna insättningar",
    "2019": "Årets resultat, enskild firma",
    "2081": "Aktiekapital",
    "2091": "Balanserat resultat",
    "2098": "Vinst eller förlust från föregående år",
    "2099": "Årets resultat",
    "2420": "Förskott från kunder",
    "2429": "Förskott från kunder, tidigare program",
    "2440": "Leverantörsskulder",
    "2441": "Leverantörsskulder från tidigare program",
    "2510": "Skatteskulder",
    "2611": "Utgående moms 25 %",
    "2612": "Utgående moms 25 %, egna uttag",
    "2613": "Utgående moms 25 %, uthyrning",
    "2614": "Utgående moms 25 %, omvänd",
    "2615": "Utgående moms 25 %, import",
    "2616": "Utgående moms 25 %, vinstmarginal",
    "2618": "Vilande utgående moms 25 %",
    "2621": "Utgående moms 12 %",
    "2622": "Utgående moms 12 %, egna uttag",
    "2623": "Utgående moms 12 %, uthyrning",
    "2624": "Utgående moms 12 %, omvänd",
    "2625": "Utgående moms 12 %, import",
    "2626": "Utgående moms 12 %, vinstmarginal",
    "2628": "Vilande utgående moms 12 %",
    "2631": "Utgående moms 6 %",
    "2632": "Utgående moms 6 %, egna uttag",
    "2633": "Utgående moms 6 %, uthyrning",
    "2634": "Utgående moms 6 %, omvänd",
    "2635": "Utgående moms 6 %, import",
    "2636": "Utgående moms 6 %, vinstmarginal",
    "2638": "Vilande utgående moms 6 %",
    "2641": "Ingående moms",
    "2645": "Ingående moms, förvärv från utlandet",
    "2646": "Ingående moms, uthyrning",
    "2647": "Ingående moms, omvänd betalningsskyldighet i Sverige",
    "2648": "Vilande ingående moms",
    "2649": "Ingående moms, blandad verksamhet",
    "2650": "Redovisningskonto för moms",
    "2710": "Personalskatt",
    "2731": "Sociala avgifter, avräkning",
    "2890": "Övriga kortfristiga skulder",
    "2893": "Skulder till närstående",
    "2898": "Outtagen utdelning",
    "2920": "Upplupna semesterlöner",
    "2990": "Upplupna kostnader",
    "3001": "Försäljning i Sverige, 25 % moms",
    "3002": "Försäljning i Sverige, 12 % moms",
    "3003": "Försäljning i Sverige, 6 % moms",
    "3004": "Försäljning i Sverige, momsfri",
    "3105": "Varor sålda till länder utanför EU",
    "3106": "Varor sålda till andra EU-länder, momspliktigt",
    "3108": "Varor sålda till andra EU-länder, momsfritt",
    "3109": "Varor sålda genom trepartshandel",
    "3211": "Försäljning med vinstmarginalbeskattning",
    "3231": "Byggtjänster med omvänd betalningsskyldighet",
    "3305": "Tjänster sålda till länder utanför EU",
    "3308": "Tjänster sålda till andra EU-länder",
    "3401": "Egna uttag, 25 % moms",
    "3402": "Egna uttag, 12 % moms",
    "3403": "Egna uttag, 6 % moms",
    "3520": "Fakturerad frakt",
    "3540": "Faktureringsavgifter",
    "3590": "Övriga fakturerade kostnader",
    "3730": "Lämnade rabatter",
    "3731": "Kassarabatter",
    "3732": "Mängdrabatter",
    "3740": "Öres- och kronutjämning",
    "3911": "Hyresintäkter",
    "3913": "Hyresintäkter, frivilligt momspliktiga",
    "3960": "Kursvinster",
    "3990": "Övriga intäkter",
    "3999": "Övriga rörelseintäkter",
    "4000": "Inköp av varor",
    "4415": "Varor köpta i Sverige, omvänd moms 25 %",
    "4416": "Varor köpta i Sverige, omvänd moms 12 %",
    "4417": "Varor köpta i Sverige, omvänd moms 6 %",
    "4425": "Tjänster köpta i Sverige, omvänd moms 25 %",
    "4426": "Tjänster köpta i Sverige, omvänd moms 12 %",
    "4427": "Tjänster köpta i Sverige, omvänd moms 6 %",
    "4515": "Varor köpta från andra EU-länder, 25 %",
    "4516": "Varor köpta från andra EU-länder, 12 %",
    "4517": "Varor köpta från andra EU-länder, 6 %",
    "4518": "Varor köpta genom trepartshandel",
    "4531": "Tjänster köpta från länder utanför EU, 25 %",
    "4532": "Tjänster köpta från länder utanför EU, 12 %",
    "4533": "Tjänster köpta från länder utanför EU, 6 %",
    "4535": "Tjänster köpta från andra EU-länder, 25 %",
    "4536": "Tjänster köpta från andra EU-länder, 12 %",
    "4537": "Tjänster köpta från andra EU-länder, 6 %",
    "4538": "Tjänster köpta från andra EU-länder, momsfria",
    "4545": "Import av varor, 25 %",
    "4546": "Import av varor, 12 %",
    "4547": "Import av varor, 6 %",
    "4598": "Justering, omvänd moms",
    "4600": "Legoarbeten och underentreprenader",
    "4990": "Lagerförändring",
    "5010": "Lokalhyra",
    "5060": "Städning",
    "5090": "Övriga lokalkostnader",
    "5410": "Förbrukningsinventarier",
    "5420": "Programvaror",
    "5460": "Förbrukningsmateriel",
    "5611": "Drivmedel, personbilar",
    "5615": "Leasing, personbilar",
    "5710": "Frakter",
    "5800": "Resekostnader",
    "5910": "Annonsering",
    "6040": "Kontokortsavgifter",
    "6061": "Kreditupplysningar",
    "6062": "Inkasso och Kronofogden",
    "6071": "Representation, avdragsgill",
    "6072": "Representation, ej avdragsgill",
    "6110": "Kontorsmateriel",
    "6212": "Mobiltelefon",
    "6230": "Datakommunikation",
    "6310": "Företagsförsäkringar",
    "6350": "Förluster på kundfordringar",
    "6351": "Konstaterade kundförluster",
    "6352": "Befarade kundförluster",
    "6358": "Momsunderlag för konstaterade kundförluster",
    "6359": "Motkonto, momsunderlag för kundförluster",
    "6420": "Revision",
    "6530": "Redovisningstjänster",
    "6540": "It-tjänster",
    "6550": "Konsultarvoden",
    "6570": "Bankkostnader",
    "6590": "Övriga externa tjänster",
    "6970": "Tidningar och facklitteratur",
    "6990": "Övriga externa kostnader",
    "6991": "Övriga avdragsgilla kostnader",
    "6992": "Övriga ej avdragsgilla kostnader",
    "6993": "Lämnade gåvor",
    "7010": "Löner",
    "7210": "Löner, tjänstemän",
    "7510": "Arbetsgivaravgifter",
    "7690": "Övriga personalkostnader",
    "7832": "Avskrivningar, inventarier",
    "7960": "Kursförluster",
    "8310": "Ränteintäkter",
    "8311": "Ränteintäkter från bank",
    "8313": "Ränteintäkter från kundfordringar",
    "8314": "Skattefria ränteintäkter",
    "8410": "Räntekostnader",
    "8422": "Dröjsmålsräntor",
    "8423": "Räntekostnader för skatter",
    "8910": "Skatt på årets resultat",
    "8999": "Årets resultat",
}

_IN_BOX = {
    "05": ("3001", "3002", "3003", "3106", "6358"),
    "06": ("3401", "3402", "3403"),
    "07": ("3211",),
    "08": ("3913",),
    "10": ("2611", "2612", "2613", "2616", "2618"),
    "11": ("2621", "2622", "2623", "2626", "2628"),
    "12": ("2631", "2632", "2633", "2636", "2638"),
    "20": ("4515", "4516", "4517"),
    "21": ("4535", "4536", "4537"),
    "22": ("4531", "4532", "4533"),
    "23": ("4415", "4416", "4417"),
    "24": ("4425", "4426", "4427"),
    "30": ("2614",),
    "31": ("2624",),
    "32": ("2634",),
    "35": ("3108",),
    "36": ("3105",),
    "37": ("4518",),
    "38": ("3109",),
    "39": ("3308",),
    "40": ("3305",),
    "41": ("3231",),
    "42": ("3004",),
    "48": ("2641", "2645", "2646", "2647", "2648", "2649"),
    "50": ("4545", "4546", "4547"),
    "60": ("2615",),
    "61": ("2625",),
    "62": ("2635",),
}
"""Where the VAT return (SKV 4700) adds an account up, by box (SKV 409); the others are in none.

The dormant VAT of the cash method (26x8, 2648) is what unpaid items carry at the end of the fiscal year,
and is reported then with the other.
"""

_VAT_BOXES = {account: box for box, accounts in _IN_BOX.items() for account in accounts}

BOXES = frozenset(_IN_BOX)
"""The boxes that accounts fill; 49 is what they come to."""

BASE_CHART: dict[str, Account] = {
    number: Account(number, name, kind_of(number), _VAT_BOXES.get(number)) for number, name in _NAMES.items()
}
"""The chart before the company's bureau has changed anything in it."""
