"""camt.054 (notification) and camt.053 (statement), ISO 20022: reads and checks the bank's XML.

Both hold entries (Ntry) on an account, each with its transactions (TxDtls); a statement adds balances.
Every version from .001.02 on is read: the names used here are the same in all, and where a later version
moved one (Sts/Cd, Dbtr/Pty, TxDtls/Amt) both places are looked in. Elements of other namespaces
are passed by.

What becomes a payment: each transaction of an entry that is a credit (CRDT), booked (BOOK) and no
reversal. A booked credit without transactions is one payment, a lump unless the bank says that it holds one
transaction. A debit transaction inside a credit entry is
a deduction. Debits, entries not yet booked and reversals (RvslInd: a payment of ours that came back) are
no customers' payments: they are counted as skipped, and take part in the checks of sums and balances. Whoever
wants the booked debits, what the company has paid, is told them beside.

The XML is parsed as a stream and each transaction thrown away once read, so memory stays flat. A document
type declaration is refused before anything in it is used; nothing is fetched.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import BinaryIO, Literal, NamedTuple, NoReturn

from lxml import etree
from lxml.etree import _Element

from samklang.formats.incoming import (
    HOME_CURRENCY,
    Debit,
    Deposit,
    FileFormat,
    FileRefused,
    FileSummary,
    IncomingPayment,
    Reference,
)
from samklang.platform.clock import SWEDEN

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[34])\.001\.(?!0[01])[0-9]{2}")
_FORMATS: dict[str, FileFormat] = {"camt.053": "camt.053", "camt.054": "camt.054"}
_BLOCK = 1 << 16
_LONGEST_SILENCE = 1_000_000
"""Bytes without any element we act on, far more than a bank writes. libxml2 holds what it cannot yet make
sense of, a comment without end or what follows an error, however much it is."""
_EVENTS_OF = (
    "Document",
    "GrpHdr",
    "Ntfctn",
    "Stmt",
    "Acct",
    "Bal",
    "TxsSummry",
    "Ntry",
    "NtryDtls",
    "TxDtls",
)

_PATHS = (
    "CreDtTm",  # GrpHdr
    "Id/IBAN",  # Acct
    "Id/Othr/Id",
    "Id/Othr/SchmeNm/Cd",
    "Id/Othr/SchmeNm/Prtry",
    "Tp/CdOrPrtry/Cd",  # Bal
    "TtlNtries/NbOfNtries",  # TxsSummry
    "TtlNtries/Sum",
    "TtlCdtNtries/NbOfNtries",
    "TtlCdtNtries/Sum",
    "TtlDbtNtries/NbOfNtries",
    "TtlDbtNtries/Sum",
    "AcctSvcrRef",  # Ntry
    "Amt",
    "BookgDt/Dt",
    "BookgDt/DtTm",
    "CdtDbtInd",
    "NtryRef",
    "RvslInd",
    "Sts",
    "Sts/Cd",
    "Sts/Prtry",
    "ValDt/Dt",
    "ValDt/DtTm",
    "Btch/NbOfTxs",  # NtryDtls
    "Btch/PmtInfId",
    "Btch/TtlAmt",
    "AmtDtls/TxAmt/Amt",  # TxDtls
    "Refs/AcctSvcrRef",
    "Refs/EndToEndId",
    "Refs/PmtInfId",
    "RltdPties/CdtrAcct/Id/IBAN",
    "RltdPties/CdtrAcct/Id/Othr/Id",
    "RltdPties/CdtrAcct/Id/Othr/SchmeNm/Cd",
    "RltdPties/CdtrAcct/Id/Othr/SchmeNm/Prtry",
    "RltdPties/Dbtr/Id/OrgId/Othr/Id",
    "RltdPties/Dbtr/Nm",
    "RltdPties/Dbtr/Pty/Id/OrgId/Othr/Id",
    "RltdPties/Dbtr/Pty/Nm",
    "RltdPties/DbtrAcct/Id/IBAN",
    "RltdPties/DbtrAcct/Id/Othr/Id",
    "RmtInf/Strd",
    "RmtInf/Ustrd",
    "AddtlRmtInf",  # Strd
    "CdtrRefInf/Ref",
    "RfrdDocAmt/CdtNoteAmt",
    "RfrdDocAmt/RmtdAmt",
    "RfrdDocInf/Nb",
    "RfrdDocInf/Tp/CdOrPrtry/Cd",
)
"""Every place where a text is looked for, below the elements behind which the first of each stands."""
_STRUCTURED = "RmtInf/Strd"
_NUMBERS = ("CdtrRefInf/Ref", "RfrdDocInf/Nb")

_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2})0*)?")
_COUNT = re.compile(r"[0-9]{1,15}")
_ORG_NO = re.compile(r"[0-9]{10}")
_GIRO_SCHEMES = frozenset({"BGNR", "PGNR"})
_STATUSES = frozenset({"BOOK", "PDNG", "FUTR", "INFO"})
"""Of an entry: booked, pending, to be booked on a later day, for information."""
_NOT_PROVIDED = "NOTPROVIDED"
"""What ISO 20022 writes where the payer gave no id."""

_FETCH_AGAIN = "The file is cut or damaged: fetch it from the bank again, and send it unchanged."
_ASK_THE_BANK = "The bank's own figures do not agree: fetch the file again, and ask the bank if it stays so."
_SEK_ONLY = "Only SEK can be registered: ask the bank for a file without other currencies."
_NOT_OURS = "Send the file of incoming payments (camt.054, camt.053 or BgMax) as the bank made it."

type _Sign = Literal["CRDT", "DBIT"]


def read(
    stream: BinaryIO, *, allow_foreign: bool = False, on_debit: Callable[[Debit], None] | None = None
) -> Iterator[IncomingPayment | Deposit | FileSummary]:
    """Read a camt.053 or camt.054 file: each entry's payments, then its deposit; last of all the summary.

    Trust nothing before the summary has come: most checks can only be made at the end.

    Args:
        stream: the file, read from where it stands.
        allow_foreign: take credits in other currencies than SEK too; look at each payment's currency.
        on_debit: told each booked debit in SEK as it is read.

    Raises:
        FileRefused: a check failed; its fields name the entry (or line), the check, what was expected and
            found.
    """
    reader = _Reader(allow_foreign=allow_foreign, on_debit=on_debit)
    try:
        for event, element in _events(stream):
            if event == "start":
                reader.start(element)
            else:
                yield from reader.end(element)
    except etree.XMLSyntaxError as error:
        raise FileRefused(
            "xml",
            expected="well-formed XML",
            found=error.msg or "something else",
            advice=_FETCH_AGAIN,
            record=error.lineno or None,
            unit="line",
        ) from None
    yield reader.summary()


def _events(stream: BinaryIO) -> Iterator[tuple[str, _Element]]:
    """The beginnings and ends of the elements we act on, as the file is parsed."""
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in _EVENTS_OF],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )
    silence = 0
    while chunk := stream.read(_BLOCK):
        parser.feed(chunk)
        silence += len(chunk)
        for event, element in parser.read_events():
            silence = 0
            if isinstance(element, _Element):  # always: other events, asked for by other names, carry others
                yield event, element
        if silence > _LONGEST_SILENCE:
            expected = f"an entry, a transaction or the like every {_LONGEST_SILENCE} bytes"
            _refuse(None, "oversized", expected=expected, found=f"none in {silence} bytes")
    parser.close()


def _refuse(
    entry: int | None, check: str, *, expected: str, found: str, advice: str = _FETCH_AGAIN
) -> NoReturn:
    raise FileRefused(
        check, expected=expected, found=found, advice=advice, record=entry or None, unit="entry"
    )


# What is being read


@dataclass(slots=True)
class _Sums:
    """How many entries, and hundredths in all."""

    count: int = 0
    amount: int = 0


class _Stated(NamedTuple):
    """What TxsSummry says of the entries to come."""

    name: str
    entries: int | None
    amount: int | None
    """Hundredths."""


@dataclass(slots=True)
class _Statement:
    """A notification (Ntfctn) or statement (Stmt): one account."""

    element: _Element
    recipient: str = ""
    sums: dict[_Sign, _Sums] = field(default_factory=lambda: {"CRDT": _Sums(), "DBIT": _Sums()})
    booked: int = 0
    """Hundredths: booked credits less booked debits."""
    balances: dict[str, int] = field(default_factory=dict)
    """Hundredths by code: OPBD, PRCD, CLBD, …"""
    stated: list[_Stated] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The bank's id of it."""
        return next((child.text or "" for child in self.element if _local_name(child) == "Id"), "")


@dataclass(slots=True)
class _Entry:
    """The head of an entry (Ntry), which stands before its transactions."""

    number: int
    sign: _Sign
    amount: int
    currency: str
    booked: bool
    reversal: bool
    day: date | None
    reference: str
    """The bank's own number: AcctSvcrRef, else NtryRef made unique by the statement's id."""
    deposit: int = 0
    """Hundredths: its transactions so far, less deductions."""
    transactions: int = 0
    in_details: int = 0
    """Transactions in the NtryDtls being read."""
    deposit_before: int = 0
    """Hundredths: ``deposit`` where this NtryDtls began."""
    batched: int = 0
    """Transactions that the bank counts (Btch/NbOfTxs) without giving them."""
    first_reference: str | None = None
    block: str | None = None
    """Whose payments it is the sum of (Btch/PmtInfId), for a debit."""

    @property
    def is_payment(self) -> bool:
        return self.sign == "CRDT" and self.booked and not self.reversal

    @property
    def is_debit(self) -> bool:
        return self.sign == "DBIT" and self.booked and not self.reversal and self.currency == HOME_CURRENCY


class _Path(dict[str, "_Path"]):
    """A place in the file that is, or leads to, one of those looked in: by tag the places right below it."""

    __slots__ = ("is_amount", "is_structured", "names")

    def __init__(self, names: str) -> None:
        super().__init__()
        self.names = names
        """Local names from above: ``Refs/EndToEndId``."""
        self.is_structured = names == _STRUCTURED
        self.is_amount = names.endswith("Amt")


@cache
def _paths(namespace: str) -> _Path:
    """The places of :data:`_PATHS` in a namespace, as a tree: tags are looked up, not taken apart."""
    top = _Path("")
    for names in _PATHS:
        place, above = top, ""
        for name in names.split("/"):
            above = f"{above}/{name}" if above else name
            place = place.setdefault(f"{{{namespace}}}{name}", _Path(above))
    return top


class _Facts:
    """The texts below an element by path of local names, each element visited once (a search each is slower).

    Elements that lead to none of the places are passed by. Each Strd is kept as facts of its own.
    """

    __slots__ = ("_currencies", "_repeated", "_top", "structured", "texts")

    def __init__(self, element: _Element, top: _Path) -> None:
        self.texts: dict[str, str] = {}
        """The first text at each place."""
        self.structured: list[_Facts] = []
        self._repeated: dict[str, list[str]] = {}
        self._currencies: dict[str, str | None] = {}
        self._top = top
        self._gather(element, top)

    def _gather(self, element: _Element, place: _Path) -> None:
        for child in element:
            path = place.get(child.tag)
            if path is None:
                continue
            if path.is_structured:
                self.structured.append(_Facts(child, self._top))
            elif len(child):
                self._gather(child, path)
            elif text := (child.text or "").strip():
                names = path.names
                if names in self.texts:
                    self._repeated.setdefault(names, []).append(text)
                    continue
                self.texts[names] = text
                if path.is_amount:
                    self._currencies[names] = child.get("Ccy")

    def all(self, path: str) -> list[str]:
        """Every text at a path."""
        return [self.texts[path], *self._repeated.get(path, ())] if path in self.texts else []

    def first(self, *paths: str) -> str | None:
        """The text at the first path that has one."""
        for path in paths:
            if path in self.texts:
                return self.texts[path]
        return None

    def currency(self, path: str) -> str | None:
        """The currency of the first amount at a path; None if there is no amount."""
        return self._currencies.get(path)


class _Reader:
    """Where in the file we are, and the sums to check."""

    def __init__(self, *, allow_foreign: bool, on_debit: Callable[[Debit], None] | None) -> None:
        self._allow_foreign = allow_foreign
        self._on_debit = on_debit
        self._format: FileFormat | None = None
        self._names: dict[str, str] = {}
        """Local names of the elements we act on, by tag in the document's namespace."""
        self._paths = _Path("")
        self._created: datetime | None = None
        self._statement: _Statement | None = None
        self._element: _Element | None = None
        """The entry being read, whose head is in ``_entry`` once it is needed."""
        self._entry: _Entry | None = None
        self._entries = 0
        self._payments = 0
        self._skipped = 0
        self._totals: dict[str, int] = {}
        self._recipients: dict[str, None] = {}

    # Events

    def start(self, element: _Element) -> None:
        """An element begins; its children are not there yet."""
        if self._format is None:
            self._begin(element)
            return
        match self._names.get(element.tag):
            case "Document":
                _refuse(None, "structure", expected="one document in the file", found="another")
            case "Ntfctn" | "Stmt":
                self._statement = _Statement(element)
            case "Ntry":
                if self._element is not None:
                    expected, found = "entries beside each other", "one in another"
                    _refuse(self._entries, "structure", expected=expected, found=found)
                self._element, self._entry = element, None
                self._entries += 1

    def end(self, element: _Element) -> tuple[IncomingPayment | Deposit, ...]:
        """An element is complete: what it tells."""
        told: tuple[IncomingPayment | Deposit, ...] = ()
        match self._names.get(element.tag):
            case "TxDtls":
                told = self._transaction(element)
                _forget(element)
            case "NtryDtls":
                self._check_batch(element)
            case "Ntry":
                told = self._end_entry(element)
                _forget(element)
            case "GrpHdr":
                self._created = self._creation(element)
            case "Acct":
                self._account(element)
            case "Bal":
                self._balance(element)
            case "TxsSummry":
                self._open_statement().stated = self._stated_sums(element)
            case "Ntfctn" | "Stmt":
                self._check_sums()
                self._check_balances()
                self._statement = None
                _forget(element)
        return told

    def summary(self) -> FileSummary:
        """What the file held, once all events have passed."""
        if self._format is None:
            _refuse(
                None, "not-camt", expected="a camt document", found="another kind of XML", advice=_NOT_OURS
            )
        if self._created is None:
            _refuse(None, "created", expected="GrpHdr/CreDtTm", found="none")
        return FileSummary(
            format=self._format,
            created=self._created,
            payments=self._payments,
            totals=self._totals,
            recipients=tuple(self._recipients),
            skipped=self._skipped,
        )

    # The file, its statements and balances

    def _begin(self, document: _Element) -> None:
        """The root: its namespace tells format and version, and any DTD is known by now."""
        name = _local_name(document)
        if name != "Document":
            _refuse(None, "not-camt", expected="a camt document", found=f"{name} before it", advice=_NOT_OURS)
        if document.getroottree().docinfo.internalDTD is not None:
            expected = "XML without a document type declaration"
            _refuse(None, "doctype", expected=expected, found="<!DOCTYPE", advice=_NOT_OURS)
        namespace = document.nsmap.get(document.prefix) or ""
        match = _NAMESPACE.fullmatch(namespace)
        if match is None:
            expected = "namespace camt.053.001 or camt.054.001, version 02 or later"
            _refuse(None, "not-camt", expected=expected, found=repr(namespace), advice=_NOT_OURS)
        self._format = _FORMATS[match[1]]
        self._names = {f"{{{namespace}}}{name}": name for name in _EVENTS_OF}
        self._paths = _paths(namespace)

    def _creation(self, header: _Element) -> datetime:
        text = _Facts(header, self._paths).first("CreDtTm") or ""
        try:
            created = datetime.fromisoformat(text)
        except ValueError:
            _refuse(None, "created", expected="a time in GrpHdr/CreDtTm", found=repr(text))
        return created if created.tzinfo else created.replace(tzinfo=SWEDEN)

    def _open_statement(self) -> _Statement:
        if self._statement is None:
            _refuse(self._entries, "structure", expected="Ntfctn or Stmt around it", found="none")
        return self._statement

    def _account(self, account: _Element) -> None:
        """The account the statement is about, by giro number if that is how the bank names it."""
        facts = _Facts(account, self._paths)
        self._open_statement().recipient = (
            _giro_number(facts, "") or facts.first("Id/IBAN", "Id/Othr/Id") or ""
        )

    def _balance(self, balance: _Element) -> None:
        facts = _Facts(balance, self._paths)
        amount = self._amount(facts.first("Amt"), "Bal/Amt")
        code = facts.first("Tp/CdOrPrtry/Cd") or ""
        self._open_statement().balances[code] = amount if self._sign(facts) == "CRDT" else -amount

    def _stated_sums(self, summary: _Element) -> list[_Stated]:
        facts = _Facts(summary, self._paths)
        stated = []
        for name in ("TtlNtries", "TtlCdtNtries", "TtlDbtNtries"):
            count, amount = facts.first(f"{name}/NbOfNtries"), facts.first(f"{name}/Sum")
            stated.append(
                _Stated(
                    name,
                    None if count is None else self._count(count, f"{name}/NbOfNtries"),
                    None if amount is None else self._amount(amount, f"{name}/Sum"),
                )
            )
        return stated

    def _check_sums(self) -> None:
        """TxsSummry against the entries."""
        statement = self._open_statement()
        credits_, debits = statement.sums["CRDT"], statement.sums["DBIT"]
        everything = _Sums(credits_.count + debits.count, credits_.amount + debits.amount)
        found = {"TtlNtries": everything, "TtlCdtNtries": credits_, "TtlDbtNtries": debits}
        for name, entries, amount in statement.stated:
            sums = found[name]
            if entries is not None and entries != sums.count:
                expected = f"{entries} entries, as {name}/NbOfNtries says"
                _refuse(None, "summary-count", expected=expected, found=str(sums.count), advice=_ASK_THE_BANK)
            if amount is not None and amount != sums.amount:
                expected = f"entries of {_units(amount)} in all, as {name}/Sum says"
                _refuse(
                    None, "summary-sum", expected=expected, found=_units(sums.amount), advice=_ASK_THE_BANK
                )

    def _check_balances(self) -> None:
        """A statement's opening balance and booked entries make its closing balance."""
        statement = self._open_statement()
        opening = statement.balances.get("OPBD", statement.balances.get("PRCD"))
        closing = statement.balances.get("CLBD")
        if opening is None or closing is None:
            return
        reached = opening + statement.booked
        if reached != closing:
            expected = f"opening balance and entries to make the closing balance {_units(closing)}"
            _refuse(None, "balance", expected=expected, found=_units(reached), advice=_ASK_THE_BANK)

    # Entries

    def _head(self) -> _Entry:
        """The head of the entry being read. It stands before the transactions, so it is complete by then."""
        if self._entry is not None:
            return self._entry
        statement, element = self._open_statement(), self._element
        if element is None:
            _refuse(
                self._entries, "structure", expected="an entry (Ntry) around the transaction", found="none"
            )
        facts = _Facts(element, self._paths)
        reference = facts.first("AcctSvcrRef")
        if reference is None:
            reference = f"{statement.number}/{facts.first('NtryRef') or self._entries}"
        self._entry = _Entry(
            number=self._entries,
            sign=self._sign(facts),
            amount=self._amount(facts.first("Amt"), "Ntry/Amt"),
            currency=facts.currency("Amt") or "",
            booked=self._is_booked(facts),
            reversal=self._is_reversal(facts),
            day=self._day(facts.first("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")),
            reference=reference,
        )
        return self._entry

    def _end_entry(self, element: _Element) -> tuple[IncomingPayment | Deposit, ...]:
        entry, statement = self._head(), self._open_statement()
        sums = statement.sums[entry.sign]
        sums.count += 1
        sums.amount += entry.amount
        if entry.booked:
            statement.booked += entry.amount if entry.sign == "CRDT" else -entry.amount
        told: tuple[IncomingPayment | Deposit, ...] = ()
        if not entry.is_payment:
            self._skipped += 1
            if not entry.transactions:
                self._debit(element, entry)
        elif entry.transactions:
            told = (self._deposit(entry),)
        else:
            alone = self._payment(element, entry, lump=entry.batched != 1)
            told = (alone, self._deposit(entry))
        self._element = self._entry = None
        return told

    def _deposit(self, entry: _Entry) -> Deposit:
        if entry.deposit != entry.amount:
            expected = f"transactions (TxDtls) of {_units(entry.amount)} in all, as Ntry/Amt says"
            found = _units(entry.deposit)
            _refuse(entry.number, "entry-sum", expected=expected, found=found, advice=_ASK_THE_BANK)
        self._totals[entry.currency] = self._totals.get(entry.currency, 0) + entry.amount
        recipient = self._open_statement().recipient
        return Deposit(
            recipient=recipient,
            date=self._booking_day(entry),
            amount=entry.amount,
            currency=entry.currency,
            count=entry.transactions,
            serial=entry.reference,
            account=recipient or None,
            record=entry.number,
        )

    def _check_batch(self, details: _Element) -> None:
        """Btch/NbOfTxs and TtlAmt against the transactions beside them; a batch may also come without any."""
        entry, facts = self._head(), _Facts(details, self._paths)
        entry.block = facts.first("Btch/PmtInfId")
        stated = facts.first("Btch/NbOfTxs")
        if stated is not None:
            count = self._count(stated, "Btch/NbOfTxs")
            if not entry.in_details:
                entry.batched += count
            elif count != entry.in_details:
                expected = f"{count} transactions, as Btch/NbOfTxs says"
                found = str(entry.in_details)
                _refuse(entry.number, "batch-count", expected=expected, found=found, advice=_ASK_THE_BANK)
        if entry.is_payment and entry.in_details and facts.currency("Btch/TtlAmt") == entry.currency:
            amount = self._amount(facts.first("Btch/TtlAmt"), "Btch/TtlAmt")
            total = entry.deposit - entry.deposit_before
            if amount != total:
                expected = f"transactions of {_units(amount)} in all, as Btch/TtlAmt says"
                _refuse(
                    entry.number, "batch-sum", expected=expected, found=_units(total), advice=_ASK_THE_BANK
                )
        entry.in_details, entry.deposit_before = 0, entry.deposit

    # Transactions

    def _transaction(self, element: _Element) -> tuple[IncomingPayment, ...]:
        entry = self._head()
        entry.in_details += 1
        if entry.is_payment:
            return (self._payment(element, entry),)
        self._debit(element, entry)
        return ()

    def _debit(self, element: _Element, entry: _Entry) -> None:
        """Tell a debit, from a transaction or from an entry that has none, to whoever wants to know."""
        if self._on_debit is None or not entry.is_debit:
            return
        facts = _Facts(element, self._paths)
        if facts.first("CdtDbtInd") == "CRDT":
            return
        entry.transactions += 1
        end_to_end_id = facts.first("Refs/EndToEndId")
        numbers = (row.first(path) for row in facts.structured for path in _NUMBERS)
        self._on_debit(
            Debit(
                date=self._booking_day(entry),
                amount=self._transaction_amount(facts, entry),
                account=self._open_statement().recipient,
                bank_reference=_bank_reference(facts, entry),
                end_to_end_id=None if end_to_end_id == _NOT_PROVIDED else end_to_end_id,
                payment_information_id=facts.first("Refs/PmtInfId") or entry.block,
                creditor_account=_giro_number(facts, "RltdPties/CdtrAcct/")
                or facts.first("RltdPties/CdtrAcct/Id/IBAN", "RltdPties/CdtrAcct/Id/Othr/Id"),
                references=(*(each for each in numbers if each), *_texts(facts)),
            )
        )

    def _payment(self, element: _Element, entry: _Entry, *, lump: bool = False) -> IncomingPayment:
        """A payment from a transaction, or from an entry that has none."""
        if entry.currency != HOME_CURRENCY and not self._allow_foreign:
            expected = f"{HOME_CURRENCY} in Ntry/Amt"
            _refuse(entry.number, "currency", expected=expected, found=repr(entry.currency), advice=_SEK_ONLY)
        facts = _Facts(element, self._paths)
        amount = self._transaction_amount(facts, entry)
        is_deduction = facts.first("CdtDbtInd") == "DBIT"
        entry.deposit += -amount if is_deduction else amount
        entry.transactions += 1
        recipient = _giro_number(facts, "RltdPties/CdtrAcct/") or self._open_statement().recipient
        self._payments += 1
        self._recipients[recipient] = None
        end_to_end_id = facts.first("Refs/EndToEndId")
        return IncomingPayment(
            kind="deduction" if is_deduction else "payment",
            amount=amount,
            currency=entry.currency,
            date=self._booking_day(entry),
            recipient=recipient,
            bank_reference=_bank_reference(facts, entry),
            record=entry.number,
            references=self._references(facts, entry, amount),
            texts=_texts(facts),
            payer_name=facts.first("RltdPties/Dbtr/Nm", "RltdPties/Dbtr/Pty/Nm"),
            payer_org_no=_payer_org_no(facts),
            payer_account=facts.first("RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id"),
            end_to_end_id=None if end_to_end_id == _NOT_PROVIDED else end_to_end_id,
            lump=lump,
        )

    def _transaction_amount(self, facts: _Facts, entry: _Entry) -> int:
        """TxDtls/Amt, before version .04 AmtDtls/TxAmt/Amt, in the entry's currency; else the entry's amount.

        Taking the entry's is right for an only transaction; with more of them the sum refuses the file.
        """
        for path in ("Amt", "AmtDtls/TxAmt/Amt"):
            if facts.currency(path) == entry.currency:
                return self._amount(facts.first(path), path)
        return entry.amount

    def _references(self, facts: _Facts, entry: _Entry, amount: int) -> tuple[Reference, ...]:
        """The references in RmtInf/Strd.

        When every Strd has an amount, RmtdAmt less CdtNoteAmt add up to the transaction's.
        """
        references: list[Reference] = []
        parts = []
        for row in facts.structured:
            part = self._part(row, entry)
            parts.append(part)
            references += _named(row, part)
        stated = [part for part in parts if part is not None]
        if stated and len(stated) == len(parts) and sum(stated) != amount:
            expected = f"RmtdAmt less CdtNoteAmt of {_units(amount)} in all, the transaction's amount"
            found = _units(sum(stated))
            _refuse(entry.number, "remittance-sum", expected=expected, found=found, advice=_ASK_THE_BANK)
        return tuple(references)

    def _part(self, row: _Facts, entry: _Entry) -> int | None:
        """What a Strd pays, in hundredths; None when it does not say in the entry's currency."""
        total = None
        for path, factor in (("RfrdDocAmt/RmtdAmt", 1), ("RfrdDocAmt/CdtNoteAmt", -1)):
            if row.currency(path) == entry.currency:
                total = (total or 0) + factor * self._amount(row.first(path), path)
        return total

    # Values

    def _sign(self, facts: _Facts) -> _Sign:
        match facts.first("CdtDbtInd"):
            case "CRDT":
                return "CRDT"
            case "DBIT":
                return "DBIT"
            case other:
                _refuse(self._entries, "sign", expected="CRDT or DBIT in CdtDbtInd", found=repr(other))

    def _is_booked(self, facts: _Facts) -> bool:
        status = facts.first("Sts/Cd", "Sts")
        if status not in _STATUSES and (status or "Sts/Prtry" not in facts.texts):
            expected = f"{', '.join(sorted(_STATUSES))} in Sts"
            _refuse(self._entries, "status", expected=expected, found=repr(status))
        return status == "BOOK"

    def _is_reversal(self, facts: _Facts) -> bool:
        match facts.first("RvslInd"):
            case "true" | "1":
                return True
            case "false" | "0" | None:
                return False
            case other:
                _refuse(self._entries, "reversal", expected="true or false in RvslInd", found=repr(other))

    def _amount(self, text: str | None, place: str) -> int:
        """A decimal amount in hundredths."""
        match = _AMOUNT.fullmatch((text or "").strip())
        if match is None:
            _refuse(
                self._entries, "amount", expected=f"an amount with two decimals in {place}", found=repr(text)
            )
        return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))

    def _count(self, text: str, place: str) -> int:
        if not _COUNT.fullmatch(text):
            _refuse(self._entries, "not-a-number", expected=f"a number in {place}", found=repr(text))
        return int(text)

    def _day(self, text: str | None) -> date | None:
        try:
            return date.fromisoformat(text[:10]) if text else None
        except ValueError:
            _refuse(self._entries, "booking-day", expected="a date in BookgDt", found=repr(text))

    @staticmethod
    def _booking_day(entry: _Entry) -> date:
        if entry.day is None:
            _refuse(entry.number, "booking-day", expected="a date in BookgDt", found="none")
        return entry.day


def _bank_reference(facts: _Facts, entry: _Entry) -> str:
    """The transaction's own AcctSvcrRef; else the entry's, from the second on with the place in it.

    Some banks write one and the same in all transactions of an entry: that is no transaction's own.
    """
    own = facts.first("Refs/AcctSvcrRef")
    place = entry.transactions
    if place == 1:
        entry.first_reference = own
        return own or entry.reference
    if own is None or own in {entry.first_reference, entry.reference}:
        return f"{own or entry.reference}/{place}"
    return own


def _giro_number(facts: _Facts, above: str) -> str | None:
    """The digits of an account's bankgiro (scheme BGNR) or plusgiro number (PGNR)."""
    scheme = facts.first(f"{above}Id/Othr/SchmeNm/Prtry", f"{above}Id/Othr/SchmeNm/Cd")
    number = facts.first(f"{above}Id/Othr/Id")
    return number.replace("-", "").lstrip("0") if number and scheme in _GIRO_SCHEMES else None


def _payer_org_no(facts: _Facts) -> str | None:
    """An organisation's number of ten digits. People's numbers (PrvtId) are left in the file."""
    for path in ("RltdPties/Dbtr/Id/OrgId/Othr/Id", "RltdPties/Dbtr/Pty/Id/OrgId/Othr/Id"):
        for text in facts.all(path):
            digits = text.replace("-", "")
            if _ORG_NO.fullmatch(digits):
                return digits
    return None


def _named(row: _Facts, part: int | None) -> list[Reference]:
    """What a Strd names: a credit note, or OCR number (CdtrRefInf) and invoice. The amount is the first's."""
    document = row.first("RfrdDocInf/Nb")
    if document and row.first("RfrdDocInf/Tp/CdOrPrtry/Cd") == "CREN":
        return [Reference("credit_note", document, part)]
    named = []
    if ocr := row.first("CdtrRefInf/Ref"):
        named.append(Reference("ocr", ocr, part))
    if document:
        named.append(Reference("invoice", document, None if ocr else part))
    return named


def _texts(facts: _Facts) -> tuple[str, ...]:
    """Free text: RmtInf/Ustrd, and AddtlRmtInf in each Strd."""
    notes = (text for row in facts.structured for text in row.all("AddtlRmtInf"))
    return (*facts.all("RmtInf/Ustrd"), *notes)


def _local_name(element: _Element) -> str:
    return element.tag.rpartition("}")[2]


def _units(hundredths: int) -> str:
    """An amount in words for a refusal: 1234.50."""
    units, rest = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{units}.{rest:02}"


def _forget(element: _Element) -> None:
    """Free an element that has been read, and those before it of its kind.

    The element itself must stay until the parser has moved on from it.
    """
    element.clear()
    parent, before = element.getparent(), element.getprevious()
    if parent is not None and before is not None and before.tag == element.tag:
        parent.remove(before)
