"""Makes BgMax files: right by construction, with the sums and counts a bank would write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

BANKGIRO = "9912346"
"""A bankgiro number that passes Luhn and belongs to nobody."""

PAYMENT_DAY = date(2026, 9, 15)
CREATED = datetime(2026, 9, 15, 17, 30, 35)  # noqa: DTZ001 - the file says no time zone


_CORRECT_OCR = 2
"""Reference code of record 20, pos 56."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraReference:
    """A record 22, or 23 when the amount (öre) is negative."""

    reference: str
    amount: int = 0
    code: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BgMaxPayment:
    """A record 20, or 21 when there is a deduction code, with the records that follow it."""

    amount: int
    """Öre."""
    reference: str = ""
    code: int = 2
    """Reference code: 2 right OCR number, 3 something else, 0 none here."""
    serial: int | None = None
    """BGC serial number; without it the payment's place in the file."""
    sender_bankgiro: str = ""
    deduction_code: int | None = None
    extra: tuple[ExtraReference, ...] = ()
    texts: tuple[str, ...] = ()
    name: str = ""
    street: str = ""
    town: str = ""
    org_no: str = ""
    channel: int = 1
    """1 by the payer's bank, 2 from a file of payments, 3 paper form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BgMaxSection:
    """From record 05 to record 15."""

    recipient_bankgiro: str = BANKGIRO
    payments: Sequence[BgMaxPayment] = field(default=())
    payment_day: date = PAYMENT_DAY
    currency: str = "SEK"
    deposit_serial: int = 1
    account: str = "58410000010098232"


def bgmax_file(
    recipient_bankgiro: str,
    payments: Iterable[BgMaxPayment],
    *,
    payment_day: date = PAYMENT_DAY,
    deposit_serial: int = 1,
    currency: str = "SEK",
    mark: str = "P",
    newline: str = "\r\n",
    encoding: str = "latin-1",
) -> bytes:
    """A BgMax file with one section.

    Args:
        recipient_bankgiro: whose payments they are, digits.
        payments: in the order they are to stand.
        payment_day: record 15, pos 38-45.
        deposit_serial: record 15, pos 46-50.
        currency: records 05 and 15.
        mark: ``P`` production or ``T`` test.
        newline: what ends a row.
        encoding: latin-1 by the manual; utf-8 as some programs save it.
    """
    section = BgMaxSection(
        recipient_bankgiro=recipient_bankgiro,
        payments=tuple(payments),
        payment_day=payment_day,
        currency=currency,
        deposit_serial=deposit_serial,
    )
    return bgmax_sections([section], mark=mark, newline=newline, encoding=encoding)


def bgmax_sections(
    sections: Iterable[BgMaxSection],
    *,
    created: datetime = CREATED,
    mark: str = "P",
    newline: str = "\r\n",
    encoding: str = "latin-1",
) -> bytes:
    """A BgMax file with any number of sections; see :func:`bgmax_file`."""
    rows = [f"01{'BGMAX':20}01{created:%Y%m%d%H%M%S%f}{mark}"]
    payments = deductions = extras = deposits = 0
    for section in sections:
        rows.append(f"05{section.recipient_bankgiro:0>10}{'':10}{section.currency}")
        for payment in section.payments:
            rows += _payment_rows(payment, payments + deductions + 1)
            payments += payment.deduction_code is None
            deductions += payment.deduction_code is not None
            extras += len(payment.extra)
        rows.append(_deposit_row(section))
        deposits += 1
    rows.append(f"70{payments:08}{deductions:08}{extras:08}{deposits:08}")
    return "".join(f"{row:80}{newline}" for row in rows).encode(encoding)


def _payment_rows(payment: BgMaxPayment, place: int) -> list[str]:
    serial = payment.serial or place
    main = ExtraReference(reference=payment.reference, amount=payment.amount, code=payment.code)
    if payment.deduction_code is None:
        rows = [_reference_row("20", payment, main, serial)]
    else:
        rows = [_reference_row("21", payment, main, serial) + str(payment.deduction_code)]
    for extra in payment.extra:
        record = "22" if extra.amount >= 0 else "23"
        rows.append(_reference_row(record, payment, extra, serial))
    rows += [f"25{text}" for text in payment.texts]
    if payment.name:
        rows.append(f"26{payment.name}")
    if payment.street:
        rows.append(f"27{payment.street}")
    if payment.town:
        rows.append(f"28{payment.town}")
    if payment.org_no:
        rows.append(f"29{payment.org_no:0>12}")
    return rows


def _reference_row(record: str, payment: BgMaxPayment, named: ExtraReference, serial: int) -> str:
    placed = f"{named.reference:>25}" if named.code == _CORRECT_OCR else f"{named.reference:25}"
    codes = f"{named.code}{payment.channel}"
    return f"{record}{payment.sender_bankgiro:0>10}{placed}{abs(named.amount):018}{codes}{serial:012}0"


def _deposit_row(section: BgMaxSection) -> str:
    amount = sum(p.amount if p.deduction_code is None else -p.amount for p in section.payments)
    return (
        f"15{section.account:0>35}{section.payment_day:%Y%m%d}{section.deposit_serial:05}"
        f"{amount:018}{section.currency}{len(section.payments):08}"
    )
