"""The same payments in every format: what a bank sends while BgMax and camt overlap, in 2026.

A customer who fetches all of its files gets each payment up to three times, in a file for payments (BgMax or
camt.054) and in the statement (camt.053).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import count, groupby
from typing import Literal

from local.bank.bgmax import PAYMENT_DAY, BgMaxPayment, BgMaxSection, bgmax_sections
from local.bank.camt import CamtEntry, CamtPayment, CamtReference, camt_entries

type Format = Literal["bgmax", "camt.054", "camt.053"]

_NOTHING_REFERRED_TO = 0
_RIGHT_OCR = 2
"""Reference codes of BgMax."""
_TEXT_ROW = 50
"""Characters of a record 25."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePayment:
    """A payment as the payer made it, and the bank's own number of it in each format."""

    amount: int
    """Öre."""
    day: date = PAYMENT_DAY
    reference: str = ""
    """A right OCR number; empty: none."""
    text: str = ""
    """What the payer wrote, for the case of no OCR number."""
    name: str = ""
    """At most 35 characters, as BgMax has no more."""
    org_no: str = ""
    serial: int | None = None
    """BGC serial number; without it the payment's place."""
    notified_as: str | None = None
    """AcctSvcrRef in camt.054; without it ``BG`` and the payment's place. Empty: not written."""
    stated_as: str | None = None
    """AcctSvcrRef in camt.053, likewise."""


def same_payments(
    recipient_bankgiro: str,
    payments: Iterable[SamePayment],
    *,
    version: int = 2,
    statement_details: bool = True,
) -> dict[Format, bytes]:
    """A file of each format with these payments, one deposit for each day.

    Args:
        recipient_bankgiro: whose payments they are, digits.
        payments: in any order; the files have them by day.
        version: of the camt messages, from 2.
        statement_details: False leaves the transactions out of the statement, as many banks do: of each day
            it tells the sum and how many payments there were.
    """
    days = [(day, list(group)) for day, group in groupby(sorted(payments, key=_day), key=_day)]
    return {
        "bgmax": bgmax_sections(_sections(recipient_bankgiro, days)),
        "camt.054": camt_entries(
            recipient_bankgiro, _entries(days, "camt.054", details=True), kind="camt.054", version=version
        ),
        "camt.053": camt_entries(
            recipient_bankgiro,
            _entries(days, "camt.053", details=statement_details),
            kind="camt.053",
            version=version,
        ),
    }


type _Days = list[tuple[date, list[SamePayment]]]


def _day(payment: SamePayment) -> date:
    return payment.day


def _sections(recipient_bankgiro: str, days: _Days) -> list[BgMaxSection]:
    return [
        BgMaxSection(
            recipient_bankgiro=recipient_bankgiro,
            payments=[_in_bgmax(payment) for payment in payments],
            payment_day=day,
            deposit_serial=serial,
        )
        for serial, (day, payments) in enumerate(days, 1)
    ]


def _in_bgmax(payment: SamePayment) -> BgMaxPayment:
    rows = range(0, len(payment.text), _TEXT_ROW)
    return BgMaxPayment(
        amount=payment.amount,
        reference=payment.reference,
        code=_RIGHT_OCR if payment.reference else _NOTHING_REFERRED_TO,
        serial=payment.serial,
        texts=tuple(payment.text[at : at + _TEXT_ROW] for at in rows),
        name=payment.name,
        org_no=payment.org_no,
    )


def _entries(days: _Days, kind: Literal["camt.053", "camt.054"], *, details: bool) -> list[CamtEntry]:
    places = count(1)
    return [
        CamtEntry(
            payments=[_in_camt(payment, kind, next(places)) for payment in payments],
            booking_day=day,
            reference=f"DEPOSIT{serial}",
            details=details,
            batch_count=True,
        )
        for serial, (day, payments) in enumerate(days, 1)
    ]


def _in_camt(payment: SamePayment, kind: Literal["camt.053", "camt.054"], place: int) -> CamtPayment:
    own = payment.stated_as if kind == "camt.053" else payment.notified_as
    return CamtPayment(
        amount=payment.amount,
        references=(CamtReference(value=payment.reference),) if payment.reference else (),
        texts=(payment.text,) if payment.text else (),
        name=payment.name,
        org_no=payment.org_no,
        bank_reference=f"BG{place:012}" if own is None else own,
    )
