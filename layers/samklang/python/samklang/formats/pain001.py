"""pain.001 (ISO 20022, CustomerCreditTransferInitiation): orders the bank to pay, in SEK within Sweden.

Version 03 is what banks' guides for Sweden are written for; 09, for a bank that asks for it, has two elements
by other names. The elements stand in the order of the schema.

Bankgiro: the number under scheme ``BGNR``, at the clearing number 9900 of the Swedish clearing system
(``SESBA``). Plusgiro: the number as a domestic account (``BBAN``) at 9960. Otherwise IBAN, with BIC if it is
known. Domestic transfers are of service level ``NURG``, not urgent.

Characters are those of the Latin set that banks agree on (letters, digits and ``/ - ? : ( ) . , ' +``), and
the Swedish letters, which domestic payments may have. What lies outside is written with the nearest letter.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Literal, NamedTuple
from xml.etree import ElementTree as ET

from samklang.platform.money import format_sek

Version = Literal["03", "09"]
AccountKind = Literal["bankgiro", "plusgiro", "iban"]

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001."
LONGEST_ID = 35
"""Characters of an id: Max35Text."""
LONGEST_REFERENCE = 35
LONGEST_MESSAGE = 140
LARGEST = 999_999_999_99
"""Öre of one transfer: what the bank's fields hold."""

_LONGEST_NAME = 70
_ID = re.compile(
    r"[A-Za-z0-9?:().,'+-](?:[A-Za-z0-9?:().,'+ -]|/(?!/)){0,33}[A-Za-z0-9?:().,'+-]|[A-Za-z0-9]"
)
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9ÅÄÖåäö/?:().,'+ -]")
_OTHERWISE = str.maketrans(dict(zip('&_–—’´øØæÆ";\n\t', "+---''öÖäÄ',  ", strict=True)) | {"ß": "ss"})
_CLEARING = {"bankgiro": "9900", "plusgiro": "9960"}


class GiroOrIban(NamedTuple):
    """An account: bankgiro or plusgiro number in digits, or IBAN without blanks."""

    kind: AccountKind
    number: str
    bic: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment to one recipient."""

    end_to_end_id: str
    """Ours: it comes back in the bank's report of the payment."""
    date: date
    """When the bank is to pay."""
    debtor: GiroOrIban
    """Which of the payer's accounts it is paid from."""
    amount: int
    """Öre, above zero."""
    creditor: str
    """The recipient's name."""
    account: GiroOrIban
    ocr: str | None = None
    """The recipient's reference, in a form the recipient's program reads."""
    message: str | None = None
    """What to tell the recipient where there is no such reference."""


@dataclass(frozen=True, slots=True)
class Initiation:
    """A file of payments of one payer."""

    message_id: str
    """Ours, a new one for each file."""
    created: datetime
    payer: str
    org_no: str
    """Ten digits."""
    transfers: tuple[Transfer, ...]


def write(initiation: Initiation, version: Version = "03") -> bytes:
    """Write the file in UTF-8: the payments in a block per day and account they are paid from.

    The same initiation gives the same bytes. A block's id is the message's with its place behind it.

    Raises:
        ValueError: there is nothing to pay, an amount, an id or a reference is not one the format holds, or
            an id stands twice.
    """
    _check(initiation)
    root = ET.Element("Document", {"xmlns": f"{NAMESPACE}{version}"})
    message = ET.SubElement(root, "CstmrCdtTrfInitn")
    header = ET.SubElement(message, "GrpHdr")
    _text(header, "MsgId", initiation.message_id)
    _text(header, "CreDtTm", f"{initiation.created.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z")
    _sums(header, initiation.transfers)
    _payer(header, "InitgPty", initiation)
    ordered = sorted(initiation.transfers, key=_block_of)
    for place, (_, block) in enumerate(groupby(ordered, key=_block_of), start=1):
        _write_block(message, initiation, place, list(block), version)
    ET.indent(root)
    # Some banks take no other quotes than double ones, which ElementTree does not write in the declaration.
    body: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def block_id(message_id: str, place: int) -> str:
    """The id (PmtInfId) of a block of payments, by its place from 1.

    It comes back where the bank books one sum for the block.
    """
    return f"{message_id}-{place}"


def plain(text: str, longest: int) -> str:
    """The text in the characters that banks agree on, one blank between words, cut at ``longest``."""
    swedish = unicodedata.normalize("NFC", text).translate(_OTHERWISE)
    letters = "".join(each if each in "åäöÅÄÖ" else _without_marks(each) for each in swedish)
    allowed = _NOT_ALLOWED.sub(" ", letters)
    return " ".join(allowed.split())[:longest].strip()


def _without_marks(character: str) -> str:
    apart = unicodedata.normalize("NFKD", character)
    return "".join(each for each in apart if not unicodedata.combining(each))


def _check(initiation: Initiation) -> None:
    if not initiation.transfers:
        raise ValueError("there is nothing to pay: give at least one transfer")
    ids = [each.end_to_end_id for each in initiation.transfers]
    for each in (block_id(initiation.message_id, len(ids)), *ids):
        if not _ID.fullmatch(each):
            raise ValueError(
                f"{each!r} is no id: at most {LONGEST_ID} letters, digits and signs, no // in it"
            )
    if twice := next((each for each in ids if ids.count(each) > 1), None):
        raise ValueError(f"the id {twice!r} stands twice: each payment needs its own")
    for transfer in initiation.transfers:
        if not 0 < transfer.amount <= LARGEST:
            raise ValueError(
                f"{format_sek(transfer.amount)} cannot be paid: above 0 to {format_sek(LARGEST)}"
            )
        if transfer.ocr is not None and plain(transfer.ocr, LONGEST_REFERENCE) != transfer.ocr:
            raise ValueError(
                f"{transfer.ocr!r} is no reference: at most {LONGEST_REFERENCE} plain characters"
            )
        if not plain(transfer.creditor, _LONGEST_NAME):
            raise ValueError(f"{transfer.creditor!r} has no character that a bank's file holds")


def _block_of(transfer: Transfer) -> tuple[date, str, str, str]:
    return transfer.date, transfer.debtor.kind, transfer.debtor.number, transfer.debtor.bic or ""


def _write_block(
    message: ET.Element, initiation: Initiation, place: int, transfers: Sequence[Transfer], version: Version
) -> None:
    first = transfers[0]
    block = ET.SubElement(message, "PmtInf")
    _text(block, "PmtInfId", block_id(initiation.message_id, place))
    _text(block, "PmtMtd", "TRF")
    _sums(block, transfers)
    kind = ET.SubElement(block, "PmtTpInf")
    _text(ET.SubElement(kind, "SvcLvl"), "Cd", "NURG")
    _text(ET.SubElement(kind, "CtgyPurp"), "Cd", "SUPP")
    day = ET.SubElement(block, "ReqdExctnDt")
    _text(day, "Dt", first.date.isoformat()) if version == "09" else _set(day, first.date.isoformat())
    _payer(block, "Dbtr", initiation)
    account = ET.SubElement(block, "DbtrAcct")
    _identify(account, first.debtor)
    _text(account, "Ccy", "SEK")
    _write_agent(block, "DbtrAgt", first.debtor, version)
    for transfer in transfers:
        _write_transfer(block, transfer, version)


def _write_transfer(block: ET.Element, transfer: Transfer, version: Version) -> None:
    row = ET.SubElement(block, "CdtTrfTxInf")
    identity = ET.SubElement(row, "PmtId")
    _text(identity, "InstrId", transfer.end_to_end_id)
    _text(identity, "EndToEndId", transfer.end_to_end_id)
    amount = ET.SubElement(ET.SubElement(row, "Amt"), "InstdAmt", {"Ccy": "SEK"})
    _set(amount, format_sek(transfer.amount))
    if transfer.account.kind != "iban" or transfer.account.bic:
        _write_agent(row, "CdtrAgt", transfer.account, version)
    _text(ET.SubElement(row, "Cdtr"), "Nm", plain(transfer.creditor, _LONGEST_NAME))
    _identify(ET.SubElement(row, "CdtrAcct"), transfer.account)
    message = plain(transfer.message or "", LONGEST_MESSAGE)
    if transfer.ocr is not None:
        reference = ET.SubElement(ET.SubElement(ET.SubElement(row, "RmtInf"), "Strd"), "CdtrRefInf")
        _text(ET.SubElement(ET.SubElement(reference, "Tp"), "CdOrPrtry"), "Cd", "SCOR")
        _text(reference, "Ref", transfer.ocr)
    elif message:
        _text(ET.SubElement(row, "RmtInf"), "Ustrd", message)


def _identify(account: ET.Element, at: GiroOrIban) -> None:
    identity = ET.SubElement(account, "Id")
    if at.kind == "iban":
        _text(identity, "IBAN", at.number)
        return
    other = ET.SubElement(identity, "Othr")
    _text(other, "Id", at.number)
    scheme = ET.SubElement(other, "SchmeNm")
    if at.kind == "bankgiro":
        _text(scheme, "Prtry", "BGNR")
    else:
        _text(scheme, "Cd", "BBAN")


def _write_agent(above: ET.Element, name: str, account: GiroOrIban, version: Version) -> None:
    """The account's bank: its BIC, the clearing number of the giro, or that it is not told."""
    bank = ET.SubElement(ET.SubElement(above, name), "FinInstnId")
    if account.bic:
        _text(bank, "BICFI" if version == "09" else "BIC", account.bic)
    elif clearing := _CLEARING.get(account.kind):
        member = ET.SubElement(bank, "ClrSysMmbId")
        _text(ET.SubElement(member, "ClrSysId"), "Cd", "SESBA")
        _text(member, "MmbId", clearing)
    else:
        _text(ET.SubElement(bank, "Othr"), "Id", "NOTPROVIDED")


def _payer(above: ET.Element, name: str, initiation: Initiation) -> None:
    party = ET.SubElement(above, name)
    _text(party, "Nm", plain(initiation.payer, _LONGEST_NAME))
    other = ET.SubElement(ET.SubElement(ET.SubElement(party, "Id"), "OrgId"), "Othr")
    _text(other, "Id", initiation.org_no)
    _text(ET.SubElement(other, "SchmeNm"), "Cd", "COID")


def _sums(above: ET.Element, transfers: Iterable[Transfer]) -> None:
    amounts = [each.amount for each in transfers]
    _text(above, "NbOfTxs", str(len(amounts)))
    _text(above, "CtrlSum", format_sek(sum(amounts)))


def _text(above: ET.Element, name: str, text: str) -> None:
    _set(ET.SubElement(above, name), text)


def _set(element: ET.Element, text: str) -> None:
    element.text = text
