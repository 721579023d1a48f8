"""What is known of the payments of a file before they are matched: read for many at once.

References, learned payers and invoices are read in batches of a hundred; only for a payment that they do
not settle is its payer looked for in the register, and that customer's open items read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats.incoming import HOME_CURRENCY
from samklang.invoicing import service as invoicing
from samklang.payments.matching import Candidate, Facts, KnownPayer, Matched, match, pointed_numbers
from samklang.payments.payers import customer_reason, learned_reason, normalise_name, payer_keys
from samklang.payments.registering import Registration
from samklang.payments.store import bank_payments as store
from samklang.platform.ids import derived_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from samklang.formats.incoming import IncomingPayment
    from samklang.payments.model.payers import Payer
    from samklang.platform.access import CompanyAccess

_LOOKED_AT = 200
"""Newest invoices of a customer in which its open ones are looked for."""
_LIKE_NAMED = 20


class Knowledge:
    """What is known of some payments, and the registration that those which match go to."""

    def __init__(self, at: CompanyAccess, payments: Sequence[IncomingPayment]) -> None:
        """Read what the payments point to."""
        self.at = at
        numbers = {number for payment in payments for number in pointed_numbers(payment)}
        self._by_number = invoicing.invoice_ids(at.company_id, numbers)
        self.registration = Registration(at, self._by_number.values())
        keys = {payer_id for payment in payments for payer_id, _, _ in payer_ids(payment)}
        self._learned = store.payers(at.company_id, keys)
        self._open: dict[str, list[str]] = {}
        self._found: dict[str, list[KnownPayer]] = {}

    def match(self, payment: IncomingPayment) -> Matched:
        """What a payment is for, by what remains now that the payments before it are registered."""
        shallow = match(payment, self._facts(payment, deep=False))
        if shallow.match == "exact" or payment.currency != HOME_CURRENCY or payment.lump:
            return shallow
        return match(payment, self._facts(payment, deep=True))

    def _facts(self, payment: IncomingPayment, *, deep: bool) -> Facts:
        by_number = {
            number: self._candidate(self._by_number[number])
            for number in pointed_numbers(payment)
            if number in self._by_number
        }
        payers = self._payers(payment, deep=deep)
        open_items: dict[str, list[Candidate]] = {}
        if deep:
            concerned = [each.customer_id for each in payers]
            concerned += [each.customer_id for each in by_number.values()]
            open_items = {each: self._open_items(each) for each in dict.fromkeys(concerned)}
        credit = {each: self.registration.credit_of(each).balance for each in open_items}
        return Facts(by_number=by_number, payers=payers, open_items=open_items, credit=credit)

    def _candidate(self, invoice_id: str) -> Candidate:
        invoice = self.registration.invoices[invoice_id]
        assert invoice.number is not None  # issued ones only are looked up
        assert invoice.due_date is not None
        return Candidate(
            invoice_id=invoice_id,
            number=invoice.number,
            kind=invoice.kind,
            customer_id=invoice.customer_id,
            customer_name=invoice.customer_name,
            remaining=self.registration.remaining(invoice_id),
            due_date=invoice.due_date,
            credited=bool(invoice.credited),
            written_off=bool(invoice.written_off),
        )

    def _open_items(self, customer_id: str) -> list[Candidate]:
        if customer_id not in self._open:
            newest = invoicing.newest_invoices(self.at.company_id, customer_id, _LOOKED_AT)
            self.registration.load(newest)
            issued = [each for each in newest if self.registration.invoices[each].number is not None]
            self._open[customer_id] = issued
        candidates = map(self._candidate, self._open[customer_id])
        return sorted(
            (each for each in candidates if each.remaining), key=lambda each: (each.due_date, each.number)
        )

    # ------------------------------------------------------------ who paid

    def _payers(self, payment: IncomingPayment, *, deep: bool) -> list[KnownPayer]:
        payers = [
            _known(self._learned[payer_id])
            for payer_id, _, _ in payer_ids(payment)
            if payer_id in self._learned
        ]
        if deep:
            payers += self._in_register(payment.payer_org_no, payment.payer_name)
        return _each_once(payers)

    def _in_register(self, org_no: str | None, name: str | None) -> Iterable[KnownPayer]:
        """Customers with the payer's number, or named as it is."""
        key = f"{org_no}/{name}"
        if key not in self._found:
            self._found[key] = [*self._by_org_no(org_no), *self._by_name(name)]
        return self._found[key]

    def _by_org_no(self, org_no: str | None) -> Iterable[KnownPayer]:
        if org_no:
            for customer in invoicing.find_customers(self.at.company_id, org_no, _LIKE_NAMED):
                if customer.org_no and customer.org_no.replace("-", "") == org_no:
                    reason = customer_reason("org_no", org_no, customer.name)
                    yield KnownPayer(customer.customer_id, customer.name, reason, strong=True)

    def _by_name(self, name: str | None) -> Iterable[KnownPayer]:
        """Customers whose name is the payer's once both are normalised."""
        wanted = normalise_name(name or "")
        if name and wanted:
            for customer in invoicing.find_customers(self.at.company_id, wanted, _LIKE_NAMED):
                if normalise_name(customer.name) == wanted:
                    reason = customer_reason("name", name, customer.name)
                    yield KnownPayer(customer.customer_id, customer.name, reason, strong=False)


def payer_ids(payment: IncomingPayment) -> list[tuple[str, str, str]]:
    """What a payer is known by: the id it is kept under, the kind, and how it stands in the file."""
    return [(derived_id("pyr", f"{kind}/{key}"), kind, shown) for kind, key, shown in payer_keys(payment)]


def _known(payer: Payer) -> KnownPayer:
    reason = learned_reason(
        payer.kind, payer.shown, payer.customer_name, payer.invoice_number, payer.learned_on
    )
    return KnownPayer(payer.customer_id, payer.customer_name, reason, strong=True)


def _each_once(payers: list[KnownPayer]) -> list[KnownPayer]:
    """The customers in order of appearance, each with the first reason."""
    return list({each.customer_id: each for each in reversed(payers)}.values())[::-1]
