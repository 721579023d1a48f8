"""Incoming payments as every bank format tells them: one model for BgMax and camt.

A reader yields each payment, after a section's payments their :class:`Deposit`, and last of all one
:class:`FileSummary`. The summary is the reader's word that every check holds: a file is accepted or
refused whole, so nothing read from it may be trusted, kept or shown before the summary has come.

Payments and references are named tuples: as immutable as frozen dataclasses and made several times as
fast, which a file of 100,000 payments feels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

type ReferenceKind = Literal["ocr", "invoice", "credit_note", "text"]
type PaymentKind = Literal["payment", "deduction"]
type FileFormat = Literal["bgmax", "camt.053", "camt.054"]
type Unit = Literal["record", "entry", "line"]

HOME_CURRENCY = "SEK"
"""The currency of the books; the readers refuse others unless told to allow them."""


class Reference(NamedTuple):
    """What the payer says is paid.

    The bank vouches for the check digit of an ``ocr``, never for the invoice: always look it up.
    """

    kind: ReferenceKind
    value: str
    amount: int | None = None
    """Öre of the payment that belong here, negative for a credit note; None when the file does not say.
    When every reference has an amount they add up to the payment."""


class IncomingPayment(NamedTuple):
    """Money in from one payer, or a credit note the payer has set off (``deduction``)."""

    kind: PaymentKind
    amount: int
    """Öre (hundredths of ``currency``), never negative: a deduction lowers the deposit by it."""
    currency: str
    date: date
    """The booking date."""
    recipient: str
    """Bankgiro or plusgiro number in digits, or IBAN."""
    bank_reference: str
    """The bank's own number of the payment, unique for the recipient: the key for registering it once.
    BgMax: BGC serial number. camt: AcctSvcrRef, or the entry's with the payment's place in it."""
    record: int
    """Where it stands, from 1: record number (BgMax) or entry number (camt)."""
    references: tuple[Reference, ...] = ()
    texts: tuple[str, ...] = ()
    payer_name: str | None = None
    payer_org_no: str | None = None
    """Ten digits, as the bank gave them."""
    payer_account: str | None = None
    """Bankgiro number in digits, IBAN or other account number, as the bank gave it."""
    end_to_end_id: str | None = None
    """The payer's own id (camt only). Unique to that payer at best."""
    deduction_code: int | None = None
    """BgMax record 21, pos 71: 0 whole, 1 part with more to come, 2 the last part."""
    lump: bool = False
    """An entry that the bank gave without its transactions (camt only): the sum of a deposit, perhaps of many
    payments by many payers. False too when the bank says that it holds one."""


class Debit(NamedTuple):
    """Money out, as the bank's statement or notification tells it (camt only)."""

    date: date
    """The booking date."""
    amount: int
    """Öre."""
    account: str
    """Whose statement it stands in: giro number in digits, or IBAN."""
    bank_reference: str
    """The bank's own number, as a payment's."""
    end_to_end_id: str | None
    """Of the payment's order to the bank (pain.001)."""
    payment_information_id: str | None
    """Of the block of payments in it that the bank has booked as one sum."""
    creditor_account: str | None
    """Giro number, IBAN or other account number of who was paid."""
    references: tuple[str, ...]
    """OCR numbers, document numbers and free text."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """What reached the account as one sum: the payments yielded since the last deposit, less deductions."""

    recipient: str
    date: date
    amount: int
    """Öre (hundredths of ``currency``)."""
    currency: str
    count: int
    """Payments and deductions in it."""
    serial: str
    """BgMax: deposit serial number, unique per bankgiro and year. camt: AcctSvcrRef or NtryRef."""
    account: str | None
    record: int


@dataclass(frozen=True, slots=True)
class FileSummary:
    """The last word of a reader: the whole file was read and every check holds."""

    format: FileFormat
    created: datetime
    payments: int
    """Payments and deductions yielded."""
    totals: Mapping[str, int]
    """Hundredths per currency: payments less deductions."""
    recipients: tuple[str, ...]
    skipped: int = 0
    """Entries that are no incoming payments: debits, reversals, not yet booked (camt only)."""

    @property
    def total(self) -> int:
        """Öre in SEK: payments less deductions."""
        return self.totals.get(HOME_CURRENCY, 0)


class FileRefused(Exception):  # noqa: N818 - the word of the domain: a file is accepted or refused
    """The file cannot be trusted, and nothing in it may be used.

    Args:
        check: stable kebab-case name of the check that failed.
        expected: what the check wants, in words.
        found: what stands in the file.
        advice: what to do about it.
        record: where it stands, from 1; None when it concerns the file as a whole.
        unit: what ``record`` counts.
    """

    def __init__(
        self,
        check: str,
        *,
        expected: str,
        found: str,
        advice: str,
        record: int | None = None,
        unit: Unit = "record",
    ) -> None:
        self.check = check
        self.expected = expected
        self.found = found
        self.advice = advice
        self.record = record
        self.unit = unit
        place = "The file" if record is None else f"{unit.capitalize()} {record}"
        super().__init__(f"{place}: expected {expected}, found {found} ({check}). {advice}")
