"""Tying documents to what is made from them, so that each is found from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.documents import store
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.platform.dynamo import Transaction

_BOOKABLE = {"received", "in_progress", "question", "booked"}
"""Also what is booked already: a receipt may be the source of a voucher and of its correction."""


def book(transaction: Transaction, company_id: str, document_ids: Sequence[str], booked_as: str) -> None:
    """Mark documents as booked, in the transaction that makes what they are booked as.

    Args:
        transaction: it fails (label ``document/<id>``) if a document has been changed since.
        company_id: whose documents.
        document_ids: which; none is fine.
        booked_as: ``voucher/2026-11-23.A.7``, ``supplier_invoice/<id>``.

    Raises:
        Problem: ``document-not-bookable`` for one that does not exist, was not received or was rejected.
    """
    kept = store.states(company_id, document_ids)
    errors = tuple(
        FieldError(f"/documents/{index}", "not-bookable", f"There is no received document {each}.")
        for index, each in enumerate(document_ids)
        if each not in kept or kept[each].state not in _BOOKABLE
    )
    if errors:
        raise Problem("document-not-bookable", errors[0].message, errors)
    for each in dict.fromkeys(document_ids):
        store.book(transaction, company_id, kept[each], booked_as)
