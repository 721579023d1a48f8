"""The EU sales list: who bought what is in boxes 35, 38 and 39.

A voucher's source leads to the invoice, and that has the buyer's VAT number as it stood there. By the cash
method it leads to the payment, which tells how much of each invoice it paid, and at the end of the year to
the invoice. A voucher by hand has no buyer: a finding, and there is no file until the sale is moved to an
invoice or to an account of another box.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats.skv4700 import whole_kronor
from samklang.invoicing import service as invoicing
from samklang.ledger.store import loading, vouchers
from samklang.ledger.vat.boxes import in_box
from samklang.ledger.vat.checks import Finding
from samklang.ledger.vat.sales_rounding import whole_by_buyer
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samklang.invoicing.model.invoices import Invoice
    from samklang.ledger.store.vouchers import VoucherLines
    from samklang.ledger.vat.periods import VatPeriod
    from samklang.platform.dynamo import Item

GOODS, TRIANGULAR, SERVICES = "35", "38", "39"
LISTED = (GOODS, TRIANGULAR, SERVICES)
"""The boxes that the list says the buyers of."""

Boxes = dict[str, int]
"""Öre by box."""


class _Sale(NamedTuple):
    """What one voucher sold on one invoice; none if it leads to no invoice."""

    voucher_id: str
    invoice_id: str | None
    boxes: Boxes


@dataclass(slots=True)
class EuSales:
    """What was sold to buyers in other EU countries in a period."""

    names: dict[str, str] = field(default_factory=dict)
    """VAT number to name, as on the newest invoice."""
    exact: dict[str, Boxes] = field(default_factory=lambda: {box: {} for box in LISTED})
    """Box to VAT number to öre."""
    without_buyer: dict[str, int] = field(default_factory=dict)
    """Voucher to öre."""

    def whole(self) -> dict[str, dict[str, int]]:
        """Box to VAT number to whole kronor."""
        return {box: whole_by_buyer(buyers) for box, buyers in self.exact.items()}

    def totals(self) -> Boxes:
        """What the list comes to, in whole kronor."""
        return {box: whole_kronor(sum(buyers.values())) for box, buyers in self.exact.items()}

    def findings(self) -> Iterator[Finding]:
        """Sales without a buyer."""
        if self.without_buyer:
            amount = sum(self.without_buyer.values())
            yield Finding(
                "sales-without-buyer",
                f"Vouchers of {format_sek(amount)} on accounts of boxes 35, 38 and 39 lead to no invoice "
                "with a buyer's VAT number from another EU country: invoice the sale, or move it to another "
                "account.",
                boxes=LISTED,
                found=amount,
                vouchers=tuple(self.without_buyer),
            )


def eu_sales(company_id: str, period: VatPeriod, vat_box: Mapping[str, str]) -> EuSales:
    """What was sold to whom in a period; its vouchers are read."""
    boxes = {account: box for account, box in vat_box.items() if box in LISTED}
    lines = [
        line
        for line in vouchers.lines_between(company_id, period.first, period.last)
        if any(account in boxes for account, _ in line.amounts)
    ]
    payment_ids = {_source(line)[1] for line in lines if _source(line)[0] == "payment"}
    payments = loading.load(company_id, (), payment_ids).payments
    sales = [sale for line in lines for sale in _sales_of(line, boxes, payments)]
    invoices = invoicing.invoices_by_id(company_id, {each.invoice_id for each in sales if each.invoice_id})
    return _by_buyer(sales, invoices)


def _source(line: VoucherLines) -> tuple[str, str, str]:
    """What caused a voucher: kind, id and what happened; nothing if it is by hand, or of another form.

    At the end of a year (``year_end/<first day>/<invoice>``) the invoice is the third.
    """
    parts = (line.source or "").split("/")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")  # noqa: PLR2004 - three


def _sales_of(line: VoucherLines, boxes: Mapping[str, str], payments: Mapping[str, Item]) -> Iterator[_Sale]:
    """What a voucher sold, per invoice."""
    sold = _in_boxes(line.amounts, boxes)
    kind, identifier, what = _source(line)
    if kind == "invoice":
        yield _Sale(line.voucher_id, identifier, sold)
    elif kind == "year_end":
        yield _Sale(line.voucher_id, what, sold)
    elif kind == "payment" and (shares := _shares(payments.get(identifier, {}), what, boxes, sold)):
        for invoice_id, share in shares.items():
            yield _Sale(line.voucher_id, invoice_id, share)
    else:
        yield _Sale(line.voucher_id, None, sold)


def _in_boxes(amounts: Iterable[tuple[str, int]], boxes: Mapping[str, str]) -> Boxes:
    total: Boxes = {}
    for account, amount in amounts:
        if box := boxes.get(account):
            total[box] = total.get(box, 0) + in_box(box, amount)
    return total


def _shares(payment: Item, what: str, boxes: Mapping[str, str], sold: Boxes) -> dict[str, Boxes]:
    """What of a payment's sale is of which invoice; nothing if that does not come to what the voucher sold.

    A payment that is taken back after a credit note posts less than it once did: if all it paid is of one
    invoice, it is that one's all the same.
    """
    sign = 1 if what == "reversed" else -1
    sales: dict[str, dict[str, int]] = json.loads(payment.get("sales", "{}"))
    shares = {
        invoice_id: _in_boxes([(account, sign * part) for account, part in parts.items()], boxes)
        for invoice_id, parts in sales.items()
    }
    together: Boxes = defaultdict(int)
    for share in shares.values():
        for box, amount in share.items():
            together[box] += amount
    if together == sold:
        return {invoice_id: share for invoice_id, share in shares.items() if share}
    return {next(iter(shares)): sold} if len(shares) == 1 else {}


def _by_buyer(sales: Iterable[_Sale], invoices: Mapping[str, Invoice]) -> EuSales:
    found = EuSales()
    for sale in sales:
        invoice = invoices.get(sale.invoice_id or "")
        vat_no = _listed_number(invoice.buyer.vat_no) if invoice else None
        if invoice is None or vat_no is None:
            amount = sum(sale.boxes.values())
            found.without_buyer[sale.voucher_id] = found.without_buyer.get(sale.voucher_id, 0) + amount
            continue
        found.names[vat_no] = invoice.buyer.name
        for box, amount in sale.boxes.items():
            buyers = found.exact[box]
            buyers[vat_no] = buyers.get(vat_no, 0) + amount
    return found


def _listed_number(vat_no: str | None) -> str | None:
    """A buyer's number as the list has it: Greece's begins with EL; a Swedish buyer is in no list."""
    if vat_no is None or vat_no.startswith("SE"):
        return None
    return f"EL{vat_no[2:]}" if vat_no.startswith("GR") else vat_no
