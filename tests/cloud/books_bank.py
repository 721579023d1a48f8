"""What a company's customers pay at the bank, and the files that tell of it, in every format."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from local.bank.bgmax import BANKGIRO, BgMaxPayment, ExtraReference, bgmax_file
from local.bank.camt import CamtPayment, CamtReference, camt_file
from samklang.formats.ocr import make_ocr
from tests.cloud.books_model import BankMoney
from tests.cloud.company import CUSTOMER, today

if TYPE_CHECKING:
    from datetime import date
    from random import Random

    from tests.cloud.books_model import Item, Model

CUSTOMERS = [
    CUSTOMER,
    CUSTOMER | {"name": "Åkersberga Plåt AB", "org_no": "556012-5790"},
    CUSTOMER | {"name": "Ruts Café", "org_no": "559345-6782"},
]
FORMATS = ("bgmax", "camt.054", "camt.053")


@dataclass
class Bank:
    """The company's account at the bank."""

    model: Model
    day: date = field(default_factory=today)
    """Of all payments, also when midnight passes."""
    groups: list[list[BankMoney]] = field(default_factory=list)
    """What is booked; payments that look the same always stand together in a file."""
    _serials: int = 0

    def book(self, luck: Random) -> list[BankMoney]:
        """A new payment at the bank, or two that look the same."""
        kind = luck.choice(
            ["exact", "exact", "exact", "part", "over", "several", "named", "unknown", "twins"]
        )
        items = [each for each in self.model.open_items() if each.remaining > 1]
        targets = luck.sample(items, min(len(items), 2 if kind == "several" else 1))
        if not targets or (kind == "several" and len(targets) < 2):
            kind, targets = "unknown", []
        money = self._money(kind, targets, luck)
        while any(money.content == other.content for group in self.groups for other in group):
            # Formats could not tell it from another of the same day: no bank's files, and nobody, could.
            money = self._money("unknown", [], luck)
        group = [money]
        if kind == "twins":
            self._serials += 1
            group.append(replace(money, serial=self._serials))
        self.groups.append(group)
        return group

    def _money(self, kind: str, targets: list[Item], luck: Random) -> BankMoney:
        self._serials += 1
        customer = luck.choice(CUSTOMERS)
        amounts = [each.remaining for each in targets]
        match kind:
            case "part":
                amounts = [luck.randint(1, amounts[0] - 1)]
            case "over":
                amounts = [amounts[0] + luck.randint(200, 9999)]
            case "unknown":
                amounts = [luck.randint(1, 999999)]
        references = [(each.ocr, amount) for each, amount in zip(targets, amounts, strict=False)]
        if kind == "unknown":
            references = [(make_ocr(str(luck.randint(10**7, 10**8))), amounts[0])]
        if kind == "named":
            place = list(self.model.names).index(targets[0].customer_id)
            customer, references = CUSTOMERS[place], []
        return BankMoney(
            kind=kind,
            serial=self._serials,
            amount=sum(amounts),
            references=tuple(references),
            targets=tuple(each.invoice_id for each in targets),
            payer=_payer(kind, self._serials, customer),
            payer_org_no=str(customer["org_no"]).replace("-", "") if kind == "named" else "",
        )

    def file(self, contents: list[BankMoney], format_: str) -> bytes:
        self._serials += 1
        if format_ == "bgmax":
            made = [_as_bgmax(each) for each in contents]
            serial = self._serials % 10**5
            return bgmax_file(BANKGIRO, made, payment_day=self.day, deposit_serial=serial)
        kind: Any = format_
        payments = [_as_camt(each) for each in contents]
        deposit = f"INS{self._serials}"
        return camt_file(BANKGIRO, payments, booking_day=self.day, reference=deposit, kind=kind, version=8)


def _payer(kind: str, serial: int, customer: dict[str, Any]) -> str:
    """One that was learned as another customer's payer would make an exact payment a proposal."""
    if kind == "named":
        return str(customer["name"])
    return "Okänd Betalare" if kind == "unknown" else f"Betalare {serial}"


def _as_bgmax(money: BankMoney) -> BgMaxPayment:
    several = len(money.references) > 1
    extra = tuple(ExtraReference(reference=ocr, amount=amount) for ocr, amount in money.references)
    single = money.references[0][0] if len(money.references) == 1 else ""
    return BgMaxPayment(
        amount=money.amount,
        reference=single,
        code=2 if single else 0,
        serial=money.serial,
        extra=extra if several else (),
        name=money.payer,
        org_no=money.payer_org_no,
    )


def _as_camt(money: BankMoney) -> CamtPayment:
    several = len(money.references) > 1
    return CamtPayment(
        amount=money.amount,
        references=tuple(
            CamtReference(value=ocr, amount=amount if several else None) for ocr, amount in money.references
        ),
        name=money.payer,
        org_no=money.payer_org_no,
        bank_reference=f"REF{money.serial:012}",
    )
