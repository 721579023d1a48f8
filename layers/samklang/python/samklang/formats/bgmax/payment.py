"""Records 20-29 of BgMax: a payment or deduction with what stands behind it, read row by row."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from samklang.formats.bgmax.rows import ASK_THE_BANK, number, refuse
from samklang.formats.incoming import IncomingPayment, Reference, ReferenceKind

PAYMENTS = frozenset({"20", "21"})
EXTRAS = frozenset({"22", "23"})
DETAILS = EXTRAS | {"25", "26", "27", "28", "29"}

CORRECT = "24"
"""Reference codes of a right OCR number: by agreement (2), on a registered paper form (4)."""
NO_SERIAL = "000000000000"
_DEDUCTION_CODES = "012"


@dataclass(slots=True)
class Section:
    """From record 05 to record 15: one recipient, currency and payment day; the sums so far."""

    recipient: str
    currency: str
    day: date
    highest_serial: str
    amount: int = 0
    """Öre: payments less deductions."""
    count: int = 0
    """Records 20 and 21."""
    deductions: int = 0
    extras: int = 0
    suspects: set[str] = field(default_factory=set)
    """Serial numbers out of ascending order: they may stand twice."""


def read_payment(group: list[str], record: int, section: Section) -> IncomingPayment:
    """Records 20 and 21: sender's bankgiro pos 3-12, reference 13-37, amount 38-55, serial 58-69.

    Args:
        group: the record and those behind it that belong to it.
        record: record number of the first.
        section: where they stand; its sums are added to.
    """
    head = group[0]
    amount, serial = _amount_and_serial(head, record)
    if serial > section.highest_serial:
        section.highest_serial = serial
    else:  # Bankgirot numbers upwards: only a number that is not above all before it may stand twice
        section.suspects.add(serial)
    section.count += 1
    deduction_code = None
    if is_payment := head[1] == "0":
        section.amount += amount
    else:
        section.amount -= amount
        section.deductions += 1
        deduction_code = int(head[70]) if head[70] in _DEDUCTION_CODES else None

    details = read_details(group, record, amount, section)
    return IncomingPayment(
        "payment" if is_payment else "deduction",
        amount,
        section.currency,
        section.day,
        section.recipient,
        serial,
        record,
        details.references,
        details.texts,
        details.name,
        details.org_no,
        head[2:12].lstrip("0 ") or None,
        None,
        deduction_code,
    )


class Details(NamedTuple):
    """What a payment's reference and records 22-29 tell."""

    references: tuple[Reference, ...]
    texts: tuple[str, ...]
    name: str | None
    org_no: str | None


def read_details(group: list[str], record: int, amount: int, section: Section) -> Details:
    """Records 25 (text pos 3-52), 26 (name 3-37), 29 (organisation number 3-14), and the references.

    Args:
        group: record 20 or 21 and those behind it that belong to it.
        record: record number of the first.
        amount: the payment's, in öre.
        section: where they stand; records 22 and 23 are counted there, those without a reference too.
    """
    extras = 0
    texts: tuple[str, ...] = ()
    name = org_no = None
    for row in group:
        code = row[:2]
        if code == "26":
            name = row[2:37].strip() or None
        elif code == "29":
            org_no = _org_no(row[2:14])
        elif code == "25":
            texts += (row[2:52].strip(),)
        elif code in EXTRAS:
            extras += 1
    section.extras += extras
    references = _extra_references(group, record, amount) if extras else ()
    head = group[0]
    if value := head[12:37].strip():
        kind = _reference_kind(head)
        if references and kind == "text":
            texts = (value, *texts)  # the bank has read the references out of it, into records 22
        else:
            references = (Reference(kind, value), *references)
    return Details(references, texts, name, org_no)


def _org_no(text: str) -> str | None:
    """Record 29, pos 3-14: ten digits behind two zeros or a century. Anything else is not to be trusted."""
    return text[2:] if text.isdecimal() and text.isascii() and text.strip("0") else None


def _amount_and_serial(row: str, record: int) -> tuple[int, str]:
    """Amount in öre (pos 38-55) and BGC serial number (58-69), with digits between them too."""
    digits = row[37:69]
    if not (digits.isdecimal() and digits.isascii()):
        number(row, 38, 55, record, "amount")
        number(row, 56, 69, record, "codes and BGC serial number")
    serial = row[57:69]
    if serial == NO_SERIAL:
        expected = "a BGC serial number in pos 58-69"
        refuse(record, "serial", expected=expected, found="zeros", advice=ASK_THE_BANK)
    return int(row[37:55]), serial


def _reference_kind(row: str) -> ReferenceKind:
    if row[1] in "13":  # records 21 and 23
        return "credit_note"
    return "ocr" if row[55] in CORRECT else "text"


def _extra_references(group: list[str], record: int, amount: int) -> tuple[Reference, ...]:
    """The references of records 22 and 23.

    Their amounts are all zero (one lump for several references) or add up to the payment's.
    """
    head = group[0]
    extras = [row for row in group if row[:2] in EXTRAS]
    parts = []
    for at, row in enumerate(group, record):
        if row[:2] not in EXTRAS:
            continue
        if row[2:12] != head[2:12] or row[57:69] != head[57:69]:
            expected = f"bankgiro {head[2:12]} and serial number {head[57:69]} as in its payment"
            refuse(at, "extra-reference-parent", expected=expected, found=f"{row[2:12]} and {row[57:69]}")
        part, _ = _amount_and_serial(row, at)
        parts.append(-part if row.startswith("23") else part)
    stated, total = any(parts), sum(parts)
    if head.startswith("21"):
        total = abs(total)  # the manual is silent on the sign of a deduction's parts
    if stated and total != amount:
        expected = f"parts in records 22 and 23 of {amount} öre in all"
        refuse(record, "extra-reference-sum", expected=expected, found=f"{total} öre", advice=ASK_THE_BANK)
    return tuple(
        Reference(_reference_kind(row), value, part if stated else None)
        for row, part in zip(extras, parts, strict=True)
        if (value := row[12:37].strip())
    )
