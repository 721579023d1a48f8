"""Makes camt.054 and camt.053 files: right by construction, with the sums and counts a bank would write."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Literal
from xml.sax.saxutils import escape

BOOKING_DAY = date(2026, 9, 15)
OPENING_BALANCE = 1_000_000
"""Öre on the account before a camt.053's entries."""

_NEW_VERSION = 4
"""From here on a transaction has its own Amt and CdtDbtInd."""
_NEWER_VERSION = 8
"""From here on a status is a code and a debtor a party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CamtReference:
    """A Strd; a credit note when the amount (öre) is negative."""

    kind: Literal["ocr", "invoice", "credit_note"] = "ocr"
    value: str
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CamtPayment:
    """A transaction (TxDtls)."""

    amount: int
    """Öre."""
    references: tuple[CamtReference, ...] = ()
    texts: tuple[str, ...] = ()
    name: str = ""
    org_no: str = ""
    account: str = ""
    """The payer's IBAN."""
    bank_reference: str | None = None
    """AcctSvcrRef; without it ``BG`` and the payment's place in the file. Empty: not written."""
    end_to_end_id: str = "NOTPROVIDED"
    deduction: bool = False
    """A debit among the credits: it lowers the entry's sum."""
    paid_to: str = ""
    """Bankgiro number paid to, digits, where the account is told as IBAN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CamtEntry:
    """An entry (Ntry): a credit with its transactions as a batch, unless told otherwise."""

    payments: Sequence[CamtPayment]
    booking_day: date = BOOKING_DAY
    reference: str = "DEPOSIT1"
    """AcctSvcrRef. Empty: not written."""
    sign: Literal["CRDT", "DBIT"] = "CRDT"
    status: str = "BOOK"
    reversal: bool = False
    details: bool = True
    """Write the transactions; without them there is only the entry's sum."""
    batch_count: bool = False
    """Tell how many they are (NbOfTxs) where they are not written too."""
    number: str = ""
    """NtryRef."""
    block: str = ""
    """PmtInfId of the batch: the block of an order that a debit is the sum of."""

    @property
    def amount(self) -> int:
        """The entry's sum in öre."""
        return sum(-payment.amount if payment.deduction else payment.amount for payment in self.payments)


def camt_file(
    recipient_bankgiro: str,
    payments: Iterable[CamtPayment],
    *,
    booking_day: date = BOOKING_DAY,
    reference: str = "DEPOSIT1",
    kind: Literal["camt.053", "camt.054"] = "camt.054",
    version: int = 2,
    currency: str = "SEK",
) -> bytes:
    """A camt file with one entry, a batch of all payments.

    Args:
        recipient_bankgiro: whose payments they are, digits; or the IBAN of the account.
        payments: in the order they are to stand.
        booking_day: BookgDt of the entry.
        reference: AcctSvcrRef of the entry.
        kind: notification (camt.054) or statement with balances (camt.053).
        version: of the message, from 2: ``camt.054.001.02``.
        currency: of the account and all amounts.
    """
    entry = CamtEntry(payments=tuple(payments), booking_day=booking_day, reference=reference)
    return camt_entries(recipient_bankgiro, [entry], kind=kind, version=version, currency=currency)


def camt_entries(
    recipient_bankgiro: str,
    entries: Sequence[CamtEntry],
    *,
    kind: Literal["camt.053", "camt.054"] = "camt.054",
    version: int = 2,
    currency: str = "SEK",
) -> bytes:
    """A camt file with any number of entries; see :func:`camt_file`."""
    is_statement = kind == "camt.053"
    message, statement = ("BkToCstmrStmt", "Stmt") if is_statement else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    places = count(1)
    if recipient_bankgiro[:2].isalpha():
        account = f"<IBAN>{recipient_bankgiro}</IBAN>"
    else:
        account = _giro(recipient_bankgiro)
    body = "".join(_entry(entry, places, version, currency) for entry in entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{kind}.001.{version:02}"><{message}>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-09-15T17:30:35+02:00</CreDtTm></GrpHdr>"
        f"<{statement}><Id>S1</Id><CreDtTm>2026-09-15T17:30:35+02:00</CreDtTm>"
        f"<Acct><Id>{account}</Id><Ccy>{currency}</Ccy></Acct>"
        f"{_balances(entries, currency) if is_statement else ''}{_summary(entries)}{body}"
        f"</{statement}></{message}></Document>\n"
    ).encode()


def _giro(bankgiro: str) -> str:
    return f"<Othr><Id>{bankgiro}</Id><SchmeNm><Prtry>BGNR</Prtry></SchmeNm></Othr>"


def _units(ore: int) -> str:
    return f"{abs(ore) // 100}.{abs(ore) % 100:02}"


def _balances(entries: Sequence[CamtEntry], currency: str) -> str:
    booked = sum(e.amount if e.sign == "CRDT" else -e.amount for e in entries if e.status == "BOOK")
    return "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{_units(amount)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if amount >= 0 else 'DBIT'}</CdtDbtInd></Bal>"
        for code, amount in (("OPBD", OPENING_BALANCE), ("CLBD", OPENING_BALANCE + booked))
    )


def _summary(entries: Sequence[CamtEntry]) -> str:
    total = _units(sum(entry.amount for entry in entries))
    sums = f"<NbOfNtries>{len(entries)}</NbOfNtries><Sum>{total}</Sum>"
    return f"<TxsSummry><TtlNtries>{sums}</TtlNtries></TxsSummry>"


def _entry(entry: CamtEntry, places: "count[int]", version: int, currency: str) -> str:
    status = f"<Cd>{entry.status}</Cd>" if version >= _NEWER_VERSION else entry.status
    details = ""
    block = f"<PmtInfId>{entry.block}</PmtInfId>" if entry.block else ""
    batch = f"<Btch>{block}<NbOfTxs>{len(entry.payments)}</NbOfTxs></Btch>"
    if entry.details:
        transactions = "".join(
            _transaction(p, next(places), version, currency, debit=entry.sign == "DBIT")
            for p in entry.payments
        )
        details = f"<NtryDtls>{batch}{transactions}</NtryDtls>"
    elif entry.batch_count:
        details = f"<NtryDtls>{batch}</NtryDtls>"
    reference = f"<AcctSvcrRef>{entry.reference}</AcctSvcrRef>" if entry.reference else ""
    return (
        f"<Ntry>{f'<NtryRef>{entry.number}</NtryRef>' if entry.number else ''}"
        f'<Amt Ccy="{currency}">{_units(entry.amount)}</Amt><CdtDbtInd>{entry.sign}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if entry.reversal else ''}<Sts>{status}</Sts>"
        f"<BookgDt><Dt>{entry.booking_day}</Dt></BookgDt>{reference}"
        f"{details}</Ntry>"
    )


def _transaction(payment: CamtPayment, place: int, version: int, currency: str, *, debit: bool) -> str:
    own = f"BG{place:012}" if payment.bank_reference is None else payment.bank_reference
    amount = f'<Amt Ccy="{currency}">{_units(payment.amount)}</Amt>'
    sign = f"<CdtDbtInd>{'DBIT' if payment.deduction != debit else 'CRDT'}</CdtDbtInd>"
    if version >= _NEW_VERSION:
        amounts = amount + sign
    else:
        amounts = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>{sign if payment.deduction else ''}"
    return (
        f"<TxDtls><Refs>{f'<AcctSvcrRef>{own}</AcctSvcrRef>' if own else ''}"
        f"<EndToEndId>{escape(payment.end_to_end_id)}</EndToEndId></Refs>{amounts}"
        f"{_parties(payment, version)}{_remittance(payment, currency)}</TxDtls>"
    )


def _parties(payment: CamtPayment, version: int) -> str:
    name = f"<Nm>{escape(payment.name)}</Nm>" if payment.name else ""
    org_no = f"<Id><OrgId><Othr><Id>{payment.org_no}</Id></Othr></OrgId></Id>" if payment.org_no else ""
    party = f"<Pty>{name}{org_no}</Pty>" if version >= _NEWER_VERSION else name + org_no
    account = f"<DbtrAcct><Id><IBAN>{payment.account}</IBAN></Id></DbtrAcct>" if payment.account else ""
    debtor = f"<Dbtr>{party}</Dbtr>" if name or org_no else ""
    paid_to = f"<CdtrAcct><Id>{_giro(payment.paid_to)}</Id></CdtrAcct>" if payment.paid_to else ""
    parties = debtor + account + paid_to
    return f"<RltdPties>{parties}</RltdPties>" if parties else ""


def _remittance(payment: CamtPayment, currency: str) -> str:
    texts = "".join(f"<Ustrd>{escape(text)}</Ustrd>" for text in payment.texts)
    structured = "".join(_structured(reference, currency) for reference in payment.references)
    return f"<RmtInf>{texts}{structured}</RmtInf>" if texts or structured else ""


def _structured(reference: CamtReference, currency: str) -> str:
    amount = ""
    if reference.amount is not None:
        name = "CdtNoteAmt" if reference.amount < 0 else "RmtdAmt"
        amount = f'<RfrdDocAmt><{name} Ccy="{currency}">{_units(reference.amount)}</{name}></RfrdDocAmt>'
    if reference.kind == "ocr":
        named = f"<CdtrRefInf>{_type('SCOR')}<Ref>{reference.value}</Ref></CdtrRefInf>"
        return f"<Strd>{amount}{named}</Strd>"
    code = "CREN" if reference.kind == "credit_note" else "CINV"
    return f"<Strd><RfrdDocInf>{_type(code)}<Nb>{reference.value}</Nb></RfrdDocInf>{amount}</Strd>"


def _type(code: str) -> str:
    return f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
