"""A payment between the forms it has: as a file tells it, as it is kept, and as it is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from samklang.formats.incoming import IncomingPayment, Reference
from samklang.payments.model.bank_payments import BankPayment, BankReference
from samklang.payments.model.payments import PaymentInput
from samklang.platform.ids import derived_id
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.payments.model.bank_payments import Proposal, Source

_MOST_KEPT = 100
"""References and texts of one payment that are kept: an item holds 400 KB, and a file may say anything."""
_LONGEST = 200


def bank_payment_id(payment: IncomingPayment) -> str:
    """What makes two payments in files the same: the bank's reference, and the payment it stands for.

    The reference alone will not do: Bankgirot's own example file uses one number in two currencies.
    """
    cause = f"{payment.recipient}#{payment.bank_reference}#{signed_amount(payment)}{payment.currency}"
    return derived_id("bnk", cause, payment.date)


def signed_amount(payment: IncomingPayment) -> int:
    """What came in, in öre; below zero for a deduction."""
    return -payment.amount if payment.kind == "deduction" else payment.amount


def as_told(payment: IncomingPayment, file_id: str, source: Source) -> BankPayment:
    """A payment of a file as it is kept, before it is matched."""
    left_out = max(len(payment.references), len(payment.texts)) - _MOST_KEPT
    remark = "It has more references or texts than are kept here: see the file."
    return BankPayment(
        bank_payment_id=bank_payment_id(payment),
        file_id=file_id,
        format=source,
        record=payment.record,
        payment_date=payment.date,
        amount=signed_amount(payment),
        currency=payment.currency,
        payer=_cut(payment.payer_name),
        payer_org_no=payment.payer_org_no,
        payer_account=_cut(payment.payer_account),
        references=[
            BankReference(kind=each.kind, value=each.value[:_LONGEST], amount=each.amount)
            for each in payment.references[:_MOST_KEPT]
        ],
        texts=[each[:_LONGEST] for each in payment.texts[:_MOST_KEPT]],
        bank_reference=payment.bank_reference[:_LONGEST],
        lump=payment.lump,
        status="waiting",
        match="unmatched",
        reasons=[],
        proposals=[],
        payment_id=None,
        remarks=[remark] if left_out > 0 else [],
    )


def _cut(text: str | None) -> str | None:
    return text[:_LONGEST] if text else None


def as_incoming(told: BankPayment) -> IncomingPayment:
    """A kept payment as its file told it; which account it came to is no longer known."""
    return IncomingPayment(
        kind="deduction" if told.amount < 0 else "payment",
        amount=abs(told.amount),
        currency=told.currency,
        date=told.payment_date,
        recipient="",
        bank_reference=told.bank_reference,
        record=told.record,
        references=tuple(Reference(each.kind, each.value, each.amount) for each in told.references),
        texts=tuple(told.texts),
        payer_name=told.payer,
        payer_org_no=told.payer_org_no,
        payer_account=told.payer_account,
        lump=told.lump,
    )


def as_proposed(told: BankPayment, proposal: Proposal) -> PaymentInput:
    """A kept payment to be registered as it is proposed.

    Raises:
        Problem: ``validation`` for one that no payment can be, of nothing say.
    """
    return read_input(
        {
            "payment_date": told.payment_date,
            "amount": format_sek(told.amount),
            "method": "bank" if told.amount else "set_off",
            "allocations": _allocations([(each.invoice_id, each.amount) for each in proposal.allocations]),
            "difference": format_sek(proposal.difference),
            "use_credit": format_sek(-proposal.credit) if proposal.credit < 0 else None,
            "customer_id": proposal.customer_id,
        }
    )


def read_input(values: dict[str, object]) -> PaymentInput:
    """A payment to register, from what a person or a proposal says.

    Raises:
        Problem: ``validation``.
    """
    try:
        return PaymentInput.model_validate(values)
    except ValidationError as error:
        raise Problem("validation", f"It cannot be registered so: {error.errors()[0]['msg']}.") from error


def _allocations(pairs: Sequence[tuple[str, int]]) -> list[dict[str, str]]:
    return [{"invoice_id": invoice_id, "amount": format_sek(amount)} for invoice_id, amount in pairs]
