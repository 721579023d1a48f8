import io
from typing import Any, Literal

import pytest

from local.bank.camt import BOOKING_DAY, CamtEntry, CamtPayment, CamtReference, camt_entries
from samklang.formats.incoming import Debit, FileSummary
from samklang.formats.payment_file import open_reader

OURS = CamtPayment(
    amount=1250_00,
    end_to_end_id="0abc-1",
    references=(CamtReference(value="1234574"), CamtReference(kind="invoice", value="17")),
    texts=("Hyra",),
    paid_to="50501055",
)


def told(*entries: CamtEntry, **options: Any) -> tuple[list[Debit], FileSummary]:
    """The debits of a file on the company's bankgiro, and the reader's last word."""
    debits: list[Debit] = []
    content = camt_entries("9912346", entries, **options)
    items = list(open_reader(io.BytesIO(content), allow_foreign=True, on_debit=debits.append))
    summary = items[-1]
    assert isinstance(summary, FileSummary)
    return debits, summary


def paid(*payments: CamtPayment, **values: Any) -> CamtEntry:
    return CamtEntry(payments=payments or (OURS,), sign="DBIT", **values)


@pytest.mark.parametrize("version", [2, 4, 8])
@pytest.mark.parametrize("kind", ["camt.053", "camt.054"])
def test_a_debit_is_told_with_all_that_can_tie_it_to_an_order(
    version: int, kind: Literal["camt.053", "camt.054"]
) -> None:
    debits, summary = told(paid(), version=version, kind=kind)
    assert debits == [
        Debit(
            date=BOOKING_DAY,
            amount=1250_00,
            account="9912346",
            bank_reference="BG000000000001",
            end_to_end_id="0abc-1",
            payment_information_id=None,
            creditor_account="50501055",
            references=("1234574", "17", "Hyra"),
        )
    ]
    assert (summary.payments, summary.skipped, summary.totals) == (0, 1, {})


def test_each_transaction_of_an_entry_is_a_debit_with_its_own_reference() -> None:
    other = CamtPayment(amount=5, bank_reference="")
    debits, _ = told(paid(OURS, other, reference="OUT"))
    assert [(each.amount, each.bank_reference, each.end_to_end_id) for each in debits] == [
        (1250_00, "BG000000000001", "0abc-1"),
        (5, "OUT/2", None),
    ]


@pytest.mark.parametrize("with_transactions", [True, False])
def test_the_block_that_an_entry_is_the_sum_of_is_told(*, with_transactions: bool) -> None:
    entry = paid(CamtPayment(amount=1375_00), details=with_transactions, batch_count=True, block="0abc-1")
    debits, _ = told(entry)
    block = None if with_transactions else "0abc-1"
    assert [(each.amount, each.payment_information_id) for each in debits] == [(1375_00, block)]


@pytest.mark.parametrize(
    ("entry", "currency"),
    [
        (CamtEntry(payments=(OURS,)), "SEK"),
        (paid(status="PDNG"), "SEK"),
        (paid(reversal=True), "SEK"),
        (paid(), "EUR"),
    ],
    ids=["credit", "pending", "reversal", "foreign"],
)
def test_what_is_no_booked_debit_in_kronor_is_not_told(entry: CamtEntry, currency: str) -> None:
    debits, _ = told(entry, currency=currency)
    assert debits == []


def test_credits_are_read_the_same_whoever_listens_for_debits() -> None:
    content = camt_entries("9912346", [CamtEntry(payments=(OURS,)), paid()], version=8)
    heard: list[Debit] = []
    listening = list(open_reader(io.BytesIO(content), on_debit=heard.append))
    assert listening == list(open_reader(io.BytesIO(content)))
    assert len(heard) == 1
