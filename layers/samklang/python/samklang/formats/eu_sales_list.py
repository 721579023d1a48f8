"""The EU sales list (periodisk sammanställning): the file of Skatteverket's transfer service, SKV 574.

Lines of fields with ``;``: what it is, who reports it and for when, and then a line per buyer. Amounts are
whole kronor; nothing stands where nothing was sold, and 0 where what was sold has been credited.

Sources: Skatteverket's description of the file (SKV 574, mark SKV574008); skatteförfarandelagen (2011:1244)
35 kap. 2-9 §§ (periods, and the 25th as the last day).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ENCODING = "iso-8859-1"
_MARK = "SKV574008"
_END = "\r\n"
_MOST_DIGITS = 12
_LONGEST_NAME = 35
_LONGEST_PHONE = 17
_FIELDS_OF_A_HEAD = 5
_FIELDS_OF_A_LINE = 5

_COUNTRIES = "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SI SK XI"
"""What VAT numbers of other countries begin with: Greece's EL, and XI for goods to Northern Ireland."""

_OWN = re.compile(r"(?:SE)?([0-9]{12})", re.ASCII)
_OWN_NUMBER = re.compile(r"SE[0-9]{12}", re.ASCII)
_BUYERS_NUMBER = re.compile(rf"(?:{_COUNTRIES.replace(' ', '|')})[0-9A-Z]{{2,12}}", re.ASCII)
_PERIOD = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2]|-[1-4])", re.ASCII)
_PHONE = re.compile(r"\+?[0-9]+(?:-[0-9]+)?", re.ASCII)
_KRONOR = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)


class SalesListInvalid(ValueError):  # noqa: N818 - it says what the list is
    """The list cannot be written, or the file is none: every fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class BuyerSales:
    """What one buyer bought, in whole kronor; None where nothing was sold."""

    vat_no: str
    """With the country's letters."""
    goods: int | None = None
    triangular: int | None = None
    services: int | None = None


@dataclass(frozen=True, slots=True)
class SalesList:
    """Who reports, for when, and what was sold to whom."""

    vat_no: str
    """Swedish, with SE."""
    period: str
    """``2611`` for a month, ``26-4`` for a quarter."""
    contact: str
    """Who answers for the list."""
    phone: str
    """Digits, with one hyphen behind the area code or a plus sign in front."""
    email: str | None
    buyers: tuple[BuyerSales, ...]


def write_sales_list(given: SalesList) -> bytes:
    """Write a list, in ISO-8859-1.

    Raises:
        SalesListInvalid: a field is not in its form, too long, or cannot be written; a buyer stands twice, is
            Swedish, or bought nothing.
    """
    if faults := list(_faults(given)):
        raise SalesListInvalid(faults)
    lines = [
        f"{_MARK};",
        ";".join((given.vat_no, given.period, given.contact, given.phone, given.email or "")),
        *(
            ";".join((each.vat_no, _field(each.goods), _field(each.triangular), _field(each.services), ""))
            for each in given.buyers
        ),
    ]
    return "".join(line + _END for line in lines).encode(_ENCODING)


def _field(kronor: int | None) -> str:
    return "" if kronor is None else str(kronor)


def read_sales_list(data: bytes) -> SalesList:
    """Read a file, everything about it checked.

    Lines of call-off stock (marked X, Y or Z) are refused: nothing here writes them.

    Raises:
        SalesListInvalid: with the line at fault.
    """
    head, *lines = _lines(data)
    own = _OWN.fullmatch(head[0])
    given = SalesList(
        vat_no=f"SE{own[1]}" if own else head[0],
        period=head[1],
        contact=head[2],
        phone=head[3],
        email=head[4] or None,
        buyers=tuple(
            BuyerSales(line[0], *(int(each) if each else None for each in line[1:4])) for line in lines
        ),
    )
    if faults := list(_faults(given)):
        raise SalesListInvalid(faults)
    return given


def _lines(data: bytes) -> list[list[str]]:
    """The fields of the line about who reports, and of each buyer's; their number and amounts are right."""
    mark, *rest = [line.removesuffix("\r") for line in data.decode(_ENCODING).removesuffix("\n").split("\n")]
    if mark != f"{_MARK};":
        raise SalesListInvalid([f"Line 1 is not {_MARK};."])
    if not rest:
        raise SalesListInvalid(["There is no line 2: who reports."])
    fields = [line.split(";") for line in rest]
    if len(fields[0]) != _FIELDS_OF_A_HEAD:
        raise SalesListInvalid([f"Line 2 has {len(fields[0])} fields, not {_FIELDS_OF_A_HEAD}."])
    faults = [
        f"Line {number} is not a VAT number and three amounts in whole kronor, each with its semicolon."
        for number, line in enumerate(fields[1:], 3)
        if len(line) != _FIELDS_OF_A_LINE
        or line[-1]
        or not all(_KRONOR.fullmatch(each) for each in line[1:4] if each)
    ]
    if faults:
        raise SalesListInvalid(faults)
    return fields


def _faults(given: SalesList) -> Iterator[str]:
    if not _OWN_NUMBER.fullmatch(given.vat_no):
        yield f"The own VAT number is {given.vat_no!r}: SE and twelve digits are needed."
    if not _PERIOD.fullmatch(given.period):
        yield f"{given.period!r} is neither a month (2611) nor a quarter (26-4)."
    if not given.contact or len(given.contact) > _LONGEST_NAME:
        yield f"The contact's name must have 1 to {_LONGEST_NAME} characters."
    if not _PHONE.fullmatch(given.phone) or len(given.phone) > _LONGEST_PHONE:
        yield (
            f"The contact's phone must be at most {_LONGEST_PHONE} digits, with one hyphen or a leading plus."
        )
    for name, text in (("name", given.contact), ("e-mail", given.email or "")):
        if bad := [each for each in dict.fromkeys(text) if not _is_writable(each)]:
            yield f"The contact's {name} holds what the file cannot: {' '.join(map(repr, bad))}."
    seen = set[str]()
    for each in given.buyers:
        if each.vat_no in seen:
            yield f"The buyer {each.vat_no} stands twice: one line per buyer."
        seen.add(each.vat_no)
        yield from _buyer_faults(each)


def _is_writable(character: str) -> bool:
    return character != ";" and (" " <= character <= "~" or "\xa0" <= character <= "\xff")


def _buyer_faults(buyer: BuyerSales) -> Iterator[str]:
    if not _BUYERS_NUMBER.fullmatch(buyer.vat_no):
        # The form alone: check digits, and whose number it is, are for the register (VIES) to say.
        yield (
            f"The buyer's VAT number {buyer.vat_no!r} is not written as one of another EU country, such as "
            "FI01409351."
        )
    amounts = (buyer.goods, buyer.triangular, buyer.services)
    if all(each is None for each in amounts):
        yield f"The buyer {buyer.vat_no} bought nothing: leave it out."
    if any(each is not None and len(str(each)) > _MOST_DIGITS for each in amounts):
        yield f"An amount of the buyer {buyer.vat_no} has more than {_MOST_DIGITS} digits."
    if buyer.vat_no.startswith("XI") and buyer.services is not None:
        # The protocol on Northern Ireland keeps it in the EU's VAT for goods, not for services.
        yield f"The buyer {buyer.vat_no} is in Northern Ireland: services sold there are not in the list."
