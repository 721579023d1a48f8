"""What the books of one company must hold after what was accepted: dictionaries, sums, and no cloud.

The model is told each answer and says which answers it takes. It knows nothing of how the books are kept:
only what was invoiced, credited, paid and taken back, and what follows of that. Amounts are öre.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.cloud.company import Party

Method = Literal["invoice", "cash"]

ACCOUNTS = {"25": ("3001", "2611"), "12": ("3002", "2621"), "6": ("3003", "2631"), "0": ("3004", "")}
"""Revenue and output VAT of a domestic sale, by rate."""

MONEY = {"bank": "1930", "swish": "1930", "card": "1580", "cash": "1910"}
FEES = {"bank": "6570", "swish": "6570", "card": "6040", "cash": "6570"}
RECEIVABLES, CREDIT, ROUNDING = "1510", "2420", "3740"


def ore(amount: str) -> int:
    """Öre from the decimal string of an answer."""
    return int(Decimal(amount) * 100)


def half_up(amount: Decimal) -> int:
    """Whole öre."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def total_of(rows: Sequence[dict[str, str]], *, round_to_krona: bool) -> int:
    """What an invoice with these rows comes to."""
    bases: Counter[str] = Counter()
    for row in rows:
        factor = Decimal(row["quantity"]) * (100 - Decimal(row["discount_percent"]))
        bases[row["vat_rate"]] += half_up(factor * Decimal(row["unit_price"]))
    total = sum(base + half_up(Decimal(base) * int(rate) / 100) for rate, base in bases.items())
    return 100 * half_up(Decimal(total) / 100) if round_to_krona else total


@dataclass
class Item:
    """An issued invoice, or (amounts below zero) a credit note."""

    invoice_id: str
    number: int
    ocr: str
    customer_id: str
    total: int
    sale: dict[str, int]
    """Account to öre: revenue and VAT above zero on an invoice."""
    rows_left: list[Decimal]
    """What is left to credit of each row."""
    rounded: bool
    original: str | None = None
    credited: int = 0
    set_off: int = 0
    """What credit notes have taken off an invoice; below zero what a credit note has given so."""
    paid: int = 0
    changes: int = 0
    """How often anything of it has changed."""
    changed_at: int = 0
    """Which of all changes the last one was."""
    synchronised: bool = False
    """Whether both sides have all of it, as far as was waited for."""

    @property
    def remaining(self) -> int:
        """What is left to pay, or (below zero) to get back."""
        return self.total - self.set_off - self.paid

    @property
    def status(self) -> str:
        """As lists show it; nothing here is ever sent."""
        if self.original:
            return "settled" if self.remaining >= 0 else "issued"
        if self.credited and self.credited >= self.total:
            return "credited"
        if self.remaining <= 0:
            return "paid"
        return "partly_paid" if self.paid > 0 else "issued"

    def touch(self, moment: int) -> None:
        """Something of it has changed, and is on its way."""
        self.changes += 1
        self.changed_at = moment
        self.synchronised = False


@dataclass(frozen=True)
class Wish:
    """A payment as somebody asks for it."""

    amount: int
    allocations: tuple[tuple[str, int], ...] = ()
    method: str = "bank"
    fee: int = 0
    difference: int = 0
    use_credit: int = 0
    customer_id: str | None = None

    @property
    def credit(self) -> int:
        """What it adds to its customer's credit, or (below zero) uses of it."""
        return self.amount + self.fee + self.difference - sum(amount for _, amount in self.allocations)

    def own_part(self) -> dict[str, Any]:
        """What the one who registers it decides: where the money goes."""
        allocations = [
            {"invoice_id": each, "amount": format_sek(amount)} for each, amount in self.allocations
        ]
        body: dict[str, Any] = {"allocations": allocations}
        for name in ("fee", "difference", "use_credit"):
            if value := getattr(self, name):
                body[name] = format_sek(value)
        return body | ({"customer_id": self.customer_id} if self.customer_id else {})

    def body(self, day: str) -> dict[str, Any]:
        """As a request."""
        money = {"payment_date": day, "amount": format_sek(self.amount), "method": self.method}
        return money | self.own_part()


@dataclass
class Paid:
    """A payment that was accepted."""

    payment_id: str
    wish: Wish
    customer_id: str
    origin: str
    bank_payment_id: str | None = None
    is_reversed: bool = False


@dataclass
class BankMoney:
    """A payment at the bank, which any number of files may tell."""

    kind: str
    serial: int
    amount: int
    references: tuple[tuple[str, int], ...]
    """OCR number and what of the amount it stands for."""
    targets: tuple[str, ...]
    """The invoices it is meant for."""
    payer: str
    payer_org_no: str
    told: bool = False
    """Whether some file has told it."""

    @property
    def content(self) -> tuple[object, ...]:
        """By what formats agree on it."""
        return (self.amount, frozenset(each for each, _ in self.references) or self.payer)


@dataclass
class Told:
    """A payment as a file told it, and what became of it."""

    money: BankMoney
    status: str
    proposals: list[dict[str, Any]]
    payment_id: str | None


@dataclass
class Model:
    """What one company's books must hold."""

    method: Method
    handler: Party
    items: dict[str, Item] = field(default_factory=dict)
    drafts: set[str] = field(default_factory=set)
    payments: dict[str, Paid] = field(default_factory=dict)
    credit: Counter[str] = field(default_factory=Counter)
    told: dict[str, Told] = field(default_factory=dict)
    """By bank payment id."""
    names: dict[str, str] = field(default_factory=dict)
    """Customers."""
    flying: bool = False
    """Whether anything may not have reached the other side yet."""
    handler_changes: int = 0
    changed_in_flight: bool = False
    """Whether the payment handler was changed while something was on its way."""
    _moment: int = 0
    _from_ledger: dict[str, list[int]] = field(default_factory=dict)
    """What the bureau has taken off invoices, in order, that may not have come back."""

    # ------------------------------------------------------------ what happens

    def issue(self, answer: dict[str, Any], original: str | None = None) -> Item:
        """An invoice or a credit note was issued."""
        lines = answer["vat_lines"]
        sale: Counter[str] = Counter()
        for line in lines:
            revenue, vat = ACCOUNTS[line["vat_rate"]]
            sale[revenue] += ore(line["base"])
            if vat:
                sale[vat] += ore(line["vat"])
        sale[ROUNDING] += ore(answer["rounding"])
        item = Item(
            invoice_id=answer["invoice_id"],
            number=answer["number"],
            ocr=answer["ocr"],
            customer_id=answer["customer_id"],
            total=ore(answer["total"]),
            sale=dict(sale),
            rows_left=[Decimal(row["quantity"]) for row in answer["rows"]],
            rounded=answer["round_to_krona"],
            original=original,
        )
        assert sum(item.sale.values()) == item.total, answer
        self.items[item.invoice_id] = item
        self.drafts.discard(item.invoice_id)
        self.flying = True
        return item

    def set_off(self, note: Item, original: Item, amount: int) -> None:
        """A credit note settled this much of its original."""
        original.credited -= note.total
        original.set_off += amount
        note.set_off -= amount
        self._touch(original)
        self._touch(note)

    def pay(self, paid: Paid) -> None:
        """A payment was registered."""
        assert paid.payment_id not in self.payments, f"registered twice: {paid}"
        self.payments[paid.payment_id] = paid
        self._move(paid, 1, paid.origin)

    def take_back(self, paid: Paid, origin: str) -> None:
        """A payment was reversed."""
        assert not paid.is_reversed, f"taken back twice: {paid}"
        paid.is_reversed = True
        self._move(paid, -1, origin)

    def _move(self, paid: Paid, sign: int, origin: str) -> None:
        for invoice_id, amount in paid.wish.allocations:
            item = self.items[invoice_id]
            item.paid += sign * amount
            self._touch(item)
            if origin == "ledger":
                self._from_ledger.setdefault(invoice_id, []).append(sign * amount)
        self.credit[paid.customer_id] += sign * paid.wish.credit
        assert self.credit[paid.customer_id] >= 0, f"credit below zero: {paid}"
        self.flying = True

    def _touch(self, item: Item) -> None:
        self._moment += 1
        item.touch(self._moment)

    def let_handle(self, party: Party) -> None:
        """The other party handles payments from now on."""
        self.changed_in_flight |= self.flying
        self.handler = party
        self.handler_changes += 1

    def arrived(self) -> None:
        """Everything was waited for: both sides have all."""
        self.flying = self.changed_in_flight = False
        self._from_ledger.clear()
        for item in self.items.values():
            item.synchronised = True

    # ------------------------------------------------------------ what is taken

    @property
    def side(self) -> str:
        """Where the party that handles payments registers them."""
        return "ledger" if self.handler == "bureau" else "invoicing"

    def customer_of(self, wish: Wish) -> str:
        """Whose payment it is."""
        return wish.customer_id or self.items[wish.allocations[0][0]].customer_id

    def refusal(self, wish: Wish) -> str | None:
        """Why a payment must be refused, if it must."""
        for invoice_id, amount in wish.allocations:
            left = self.items[invoice_id].remaining
            if not (0 < amount <= left or left <= amount < 0):
                return "allocation-exceeds"
        if wish.credit < 0 and -wish.credit > self.credit[self.customer_of(wish)]:
            return "credit-used"
        return None

    def reversal_refusal(self, paid: Paid) -> str | None:
        """Why a payment must not be taken back, if it must not."""
        if paid.is_reversed:
            return "already-reversed"
        return "credit-used" if self.credit[paid.customer_id] < paid.wish.credit else None

    def passing(self) -> set[str]:
        """Refusals that may be met now and will not later: something is on its way."""
        if not self.flying:
            return set()
        codes = {"not-synchronised"} | ({"invoice-not-posted"} if self.handler == "bureau" else set())
        # One side's reversals and payments may not have come to the new handler's yet.
        return codes | ({"allocation-exceeds", "credit-used"} if self.changed_in_flight else set())

    def settlements(self, original: Item, credit: int) -> set[int]:
        """What a credit note may settle, by what invoicing may know of the bureau's payments."""
        on_their_way = self._from_ledger.get(original.invoice_id, [])
        unknown = (sum(on_their_way[first:]) for first in range(len(on_their_way) + 1))
        return {min(credit, max(original.remaining + each, 0)) for each in unknown}

    # ------------------------------------------------------------ what follows

    def latest(self) -> list[Item]:
        """All items, those changed last at the end."""
        return sorted(self.items.values(), key=lambda item: item.changed_at)

    def open_items(self, *, notes: bool = False) -> list[Item]:
        """Invoices with something left to pay, or else items with something to get back; the latest last."""
        return [each for each in self.latest() if (each.remaining < 0 if notes else each.remaining > 0)]

    def standing(self) -> Iterable[Paid]:
        """Payments that were not taken back."""
        return (each for each in self.payments.values() if not each.is_reversed)

    def certain_balances(self) -> dict[str, int]:
        """Accounts that follow to the öre whatever the accounting method; debit above zero."""
        balances: Counter[str] = Counter({RECEIVABLES: 0, CREDIT: -self.credit.total()})
        for each in self.standing():
            wish = each.wish
            if wish.amount:
                balances[MONEY[wish.method]] += wish.amount
                balances[FEES[wish.method]] += wish.fee
        if self.method == "invoice":
            balances[RECEIVABLES] = sum(item.remaining for item in self.items.values())
        return dict(balances)

    def sales(self) -> dict[str, Fraction]:
        """What revenue, VAT and rounding must hold; by the cash method the share that is paid, unrounded."""
        balances: dict[str, Fraction] = {ROUNDING: Fraction(0)}
        for item in self.items.values():
            for account, amount in item.sale.items():
                share = Fraction(1) if self.method == "invoice" else self._paid_share(item)
                balances[account] = balances.get(account, Fraction(0)) - amount * share
        if self.method == "cash":
            self._move_what_notes_settled(balances)
        balances[ROUNDING] += sum(each.wish.difference for each in self.standing())
        return balances

    def _paid_share(self, item: Item) -> Fraction:
        return Fraction(item.paid, item.total) if item.total else Fraction(0)

    def _move_what_notes_settled(self, balances: dict[str, Fraction]) -> None:
        """What a note settles is never paid: it leaves the sale of both, in the note's proportions."""
        for original in self.items.values():
            notes = [each for each in self.items.values() if each.original == original.invoice_id]
            left = {account: Fraction(amount) for account, amount in original.sale.items()}
            for note in notes:
                settled = Fraction(-note.set_off, -note.total) if note.total else Fraction(0)
                for account, amount in note.sale.items():
                    left[account] = left.get(account, Fraction(0)) + amount * settled
            total = sum(left.values())
            if not (notes and total and original.total):
                continue
            for account, part in left.items():
                before = Fraction(original.sale.get(account, 0) * original.paid, original.total)
                now = part * original.paid / total
                balances[account] = balances.get(account, Fraction(0)) + before - now

    @property
    def rounding_room(self) -> int:
        """Öre by which shares of sales may differ from the exact ones, by the cash method."""
        if self.method == "invoice":
            return 0
        return 2 * (len(self.items) + sum(len(each.wish.allocations) for each in self.payments.values()))

    def sources(self) -> list[str]:
        """What has caused each voucher."""
        issued = [f"invoice/{each}/issued" for each in self.items] if self.method == "invoice" else []
        registered = [f"payment/{each}/registered" for each in self.payments]
        taken_back = [
            f"payment/{each.payment_id}/reversed" for each in self.payments.values() if each.is_reversed
        ]
        return sorted(issued + registered + taken_back)

    def corrections(self) -> set[str]:
        """Credit notes that may move what is posted to other rates, by the cash method."""
        if self.method == "invoice":
            return set()
        return {f"invoice/{each.invoice_id}/issued" for each in self.items.values() if each.set_off < 0}
