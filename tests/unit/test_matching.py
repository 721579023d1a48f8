from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations
from time import perf_counter

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from samklang.formats import ocr
from samklang.formats.incoming import IncomingPayment, PaymentKind, Reference, ReferenceKind
from samklang.payments.matching import (
    MAX_NUMBERS,
    MAX_PROPOSALS,
    Candidate,
    Facts,
    KnownPayer,
    Matched,
    match,
    pointed_numbers,
)
from samklang.payments.model.bank_payments import Proposal
from samklang.payments.model.payments import MAX_ALLOCATIONS, MAX_DIFFERENCE
from samklang.platform.money import format_sek

DAY = date(2026, 11, 23)
TOTAL = 125_000


def candidate(
    number: int, remaining: int | None = TOTAL, *, customer: str = "cus_1", credited: bool = False
) -> Candidate:
    """An invoice, or with less than nothing remaining a credit note; the number tells how old it is."""
    return Candidate(
        invoice_id=f"inv_{number}",
        number=number,
        kind="credit_note" if (remaining or 0) < 0 else "invoice",
        customer_id=customer,
        customer_name=NAMES[customer],
        remaining=remaining,
        due_date=DAY + timedelta(days=number % 1000),
        credited=credited,
    )


def used_note(number: int, *, customer: str = "cus_1") -> Candidate:
    """A credit note that nothing is left of."""
    return candidate(number, -1, customer=customer)._replace(remaining=0)


NAMES = {"cus_1": "Kund AB", "cus_2": "Annan AB", "cus_3": "Tredje HB"}


def known(customer: str, reason: str = "A person said so.", *, strong: bool = True) -> KnownPayer:
    return KnownPayer(customer, NAMES[customer], reason, strong)


def facts(
    *named: Candidate,
    payers: Sequence[KnownPayer] = (),
    open_items: Sequence[Candidate] = (),
    credit: dict[str, int] | None = None,
) -> Facts:
    """What is known: what can be pointed to, who may have paid, and what else is open."""
    return Facts(
        by_number={each.number: each for each in named},
        payers=payers,
        open_items={
            customer: [each for each in (*named, *open_items) if each.customer_id == customer]
            for customer in NAMES
        },
        credit=credit or {},
    )


def payment(
    *references: str | Reference,
    amount: int = TOTAL,
    kind: ReferenceKind = "ocr",
    texts: tuple[str, ...] = (),
    currency: str = "SEK",
    of: PaymentKind = "payment",
    payer: str | None = None,
) -> IncomingPayment:
    return IncomingPayment(
        kind=of,
        amount=amount,
        currency=currency,
        date=DAY,
        recipient="9912346",
        bank_reference="1",
        record=3,
        references=tuple(
            each if isinstance(each, Reference) else Reference(kind, each) for each in references
        ),
        texts=texts,
        payer_name=payer,
    )


def deduction(*references: str | Reference, amount: int) -> IncomingPayment:
    return payment(*references, amount=amount, kind="credit_note", of="deduction")


def spread(proposal: Proposal) -> dict[int, int]:
    """Öre by invoice number."""
    return {each.invoice_number: each.amount for each in proposal.allocations}


def spreads(found: Matched) -> list[dict[int, int]]:
    return [spread(each) for each in found.proposals]


def proposal_of(found: Matched, wanted: dict[int, int]) -> Proposal:
    """The proposal that divides the amount so."""
    assert wanted in spreads(found), spreads(found)
    return found.proposals[spreads(found).index(wanted)]


def said(proposal: Proposal) -> str:
    return " ".join(proposal.reasons)


def make(number: int) -> str:
    return ocr.make_ocr(str(number))


OCR_1001, OCR_1002, OCR_1003 = map(make, (1001, 1002, 1003))


# ---------------------------------------------------------------- what points where


def test_given_an_ocr_and_a_number_then_both_point_and_it_is_told_how() -> None:
    pointed = pointed_numbers(payment(OCR_1001, "1002", texts=(f"se även {OCR_1003} och 4711",)))
    assert [(number, each.by, each.in_reference) for number, each in pointed.items() if number < 5000] == [
        (1001, "ocr", True),
        (1003, "ocr_found", False),
        (1002, "number", True),
        (4711, "number_found", False),
    ]
    assert pointed[1001].reason == f"OCR {OCR_1001} as reference"
    assert pointed[4711].reason == "number 4711 in the message"


@pytest.mark.parametrize("written", [f"000000{OCR_1001}", f" {OCR_1001} ", f"{OCR_1001[:3]} {OCR_1001[3:]}"])
def test_leading_zeros_and_blanks_that_banks_add_do_not_matter(written: str) -> None:
    assert match(payment(written), facts(candidate(1001))).match == "exact"


@pytest.mark.parametrize(
    "text", [f"OCR {OCR_1001}.", f"OCR {OCR_1001[:3]} {OCR_1001[3:]}", f"nr 00{OCR_1001}!", "faktura 1001"]
)
def test_an_ocr_or_a_number_anywhere_in_a_message_points(text: str) -> None:
    assert 1001 in pointed_numbers(payment(texts=(text,)))


def test_an_ocr_written_in_groups_is_not_the_numbers_of_its_groups() -> None:
    number = 100_123
    written = make(number)
    grouped = f"{written[:4]} {written[4:]}"
    found = match(payment(grouped), facts(candidate(number), candidate(int(written[:4]))))
    assert (found.match, spreads(found)) == ("exact", [{number: TOTAL}])


def test_an_invoice_number_that_looks_like_an_ocr_is_found_when_there_is_no_such_other_invoice() -> None:
    looks_like = int(OCR_1001)
    assert spreads(match(payment(str(looks_like), kind="text"), facts(candidate(looks_like)))) == [
        {looks_like: TOTAL}
    ]
    both = match(payment(str(looks_like)), facts(candidate(looks_like), candidate(1001)))
    assert (both.match, spreads(both)) == ("exact", [{1001: TOTAL}])


def test_a_hostile_text_points_to_no_more_than_can_be_looked_up_and_costs_no_time() -> None:
    texts = tuple(" ".join(str(each) for each in range(at, at + 20_000)) for at in (10_000, 40_000, 70_000))
    start = perf_counter()
    pointed = pointed_numbers(payment(OCR_1001, texts=texts))
    assert perf_counter() - start < 0.5
    assert len(pointed) == MAX_NUMBERS
    assert pointed[1001].by == "ocr"
    found = match(payment(OCR_1001, texts=texts), facts(candidate(1001)))
    assert found.match == "proposed"
    assert "It holds too many numbers to look them all up." in found.reasons


# ---------------------------------------------------------------- exact


def test_given_an_ocr_and_the_amount_that_remains_then_the_match_is_exact_and_says_why() -> None:
    found = match(payment(OCR_1001), facts(candidate(1001)))
    assert (found.match, spreads(found)) == ("exact", [{1001: TOTAL}])
    assert found.reasons == [
        f"OCR {OCR_1001} as reference points to invoice 1001 of Kund AB.",
        "1250.00 is all that remains of invoice 1001.",
    ]
    only = found.proposals[0]
    assert (only.customer_id, only.customer_name, only.difference, only.credit) == (
        "cus_1",
        "Kund AB",
        0,
        0,
    )
    assert only.allocations[0].invoice_id == "inv_1001"
    assert only.allocations[0].remaining == TOTAL


def test_given_the_books_refuse_then_an_exact_match_is_proposed_with_one_reason_more() -> None:
    exact = match(payment(OCR_1001), facts(candidate(1001)))
    found = exact.for_a_person("The books are closed.")
    assert (found.match, found.reasons[-1]) == ("proposed", "The books are closed.")
    assert found.proposals == exact.proposals


def test_what_remains_counts_and_not_the_total() -> None:
    left = facts(candidate(1001, 25_000))
    assert match(payment(OCR_1001, amount=25_000), left).match == "exact"
    assert match(payment(OCR_1001, amount=TOTAL), left).match == "proposed"


def test_the_same_ocr_twice_is_one_reference() -> None:
    given_payment = payment(OCR_1001, f"0{OCR_1001}", texts=(OCR_1001,))
    assert match(given_payment, facts(candidate(1001))).match == "exact"


@pytest.mark.parametrize("references", [("1001", OCR_1001), (OCR_1001, "1001")])
def test_an_ocr_beside_the_invoices_own_number_is_exact_in_either_order(references: tuple[str, ...]) -> None:
    assert match(payment(*references), facts(candidate(1001))).match == "exact"


def test_another_reference_that_points_nowhere_does_not_matter() -> None:
    given_payment = payment(OCR_1001, "77777", texts=("tack 4711",))
    assert match(given_payment, facts(candidate(1001))).match == "exact"


def test_a_number_in_a_message_beside_the_ocr_of_a_payment_that_fits_does_not_matter() -> None:
    given_payment = payment(OCR_1001, texts=("hyra 2026",))
    assert match(given_payment, facts(candidate(1001), candidate(2026))).match == "exact"


def test_an_ocr_that_the_bank_took_for_text_is_exact_when_it_stands_alone() -> None:
    assert match(payment(OCR_1001, kind="text"), facts(candidate(1001))).match == "exact"
    assert match(payment(f"OCR {OCR_1001}", kind="text"), facts(candidate(1001))).match == "proposed"


def test_given_several_ocrs_without_amounts_then_their_sum_makes_it_exact() -> None:
    known_facts = facts(candidate(1001, 100), candidate(1002, 200), candidate(1003, 300))
    found = match(payment(OCR_1001, OCR_1002, OCR_1003, amount=600), known_facts)
    assert (found.match, spreads(found)) == ("exact", [{1001: 100, 1002: 200, 1003: 300}])
    assert "6.00 is all that remains of invoices 1001, 1002 and 1003." in found.reasons
    assert match(payment(OCR_1001, OCR_1002, OCR_1003, amount=599), known_facts).match == "proposed"


def test_given_stated_amounts_then_each_must_be_what_remains() -> None:
    known_facts = facts(candidate(1001, 100), candidate(1002, 200))

    def stated(first: int, second: int) -> Matched:
        references = (Reference("ocr", OCR_1001, first), Reference("ocr", OCR_1002, second))
        return match(payment(*references, amount=300), known_facts)

    assert stated(100, 200).match == "exact"
    found = stated(200, 100)
    assert found.match == "proposed"
    assert "2.00 is stated for invoice 1001, of which 1.00 remains." in found.reasons


def test_given_the_bank_tells_of_a_credit_note_then_it_is_deducted() -> None:
    known_facts = facts(candidate(1001), candidate(1002, -25_000))
    note = Reference("credit_note", OCR_1002)
    found = match(payment(Reference("ocr", OCR_1001), note, amount=100_000), known_facts)
    assert (found.match, spreads(found)) == ("exact", [{1001: TOTAL, 1002: -25_000}])
    assert (
        "1250.00 remains of invoice 1001 and 250.00 is left of credit note 1002: 1000.00 in all."
        in found.reasons
    )
    stated = (Reference("ocr", OCR_1001, TOTAL), note._replace(amount=-25_000))
    assert match(payment(*stated, amount=100_000), known_facts).match == "exact"


def test_given_the_bank_tells_of_no_credit_note_then_one_is_never_deducted_without_a_person() -> None:
    known_facts = facts(candidate(1001), candidate(1002, -25_000))
    found = match(payment(OCR_1001, OCR_1002, amount=100_000), known_facts)
    assert found.match == "proposed"
    assert found.reasons[-1] == "1002 is a credit note: no money comes in on it."
    assert spreads(found)[0] == {1001: TOTAL, 1002: -25_000}


def test_given_the_bank_takes_an_invoice_for_a_credit_note_then_a_person_decides() -> None:
    found = match(payment(OCR_1001, kind="credit_note"), facts(candidate(1001)))
    assert found.match == "proposed"
    assert found.reasons[-1] == "1001 is an invoice, and no credit note as the bank says."


def test_a_credited_invoice_is_exact_by_what_its_credit_note_left_even_when_that_is_named_too() -> None:
    known_facts = facts(candidate(1001, 25_000, credited=True), used_note(1002))
    found = match(payment(OCR_1001, OCR_1002, amount=25_000), known_facts)
    assert (found.match, spreads(found)) == ("exact", [{1001: 25_000}])


def test_a_deduction_of_all_that_is_left_of_one_credit_note_is_exact() -> None:
    known_facts = facts(candidate(1001), candidate(1002, -25_000))
    for reference in (OCR_1002, Reference("credit_note", OCR_1002, 25_000), Reference("ocr", OCR_1002)):
        found = match(deduction(reference, amount=25_000), known_facts)
        assert (found.match, spreads(found)) == ("exact", [{1002: -25_000}])
    assert "250.00 is all that is left of credit note 1002." in found.reasons


@pytest.mark.parametrize(
    "given_payment",
    [
        deduction(OCR_1002, amount=24_999),
        deduction("1002", amount=25_000),
        deduction(OCR_1001, amount=25_000),
        deduction(OCR_1002, OCR_1003, amount=50_000),
        payment(OCR_1002, amount=25_000),
        payment(OCR_1002, amount=25_000, kind="credit_note"),
    ],
)
def test_anything_else_of_a_credit_note_is_for_a_person(given_payment: IncomingPayment) -> None:
    known_facts = facts(candidate(1001), candidate(1002, -25_000), candidate(1003, -25_000))
    assert match(given_payment, known_facts).match == "proposed"


def test_invoices_of_several_customers_are_exact_when_references_name_them_all() -> None:
    known_facts = facts(candidate(1001, 100, customer="cus_2"), candidate(1002, 200))
    found = match(payment(OCR_1002, OCR_1001, amount=300), known_facts)
    assert (found.match, spreads(found)) == ("exact", [{1001: 100, 1002: 200}])
    assert found.proposals[0].customer_id == "cus_2"


def test_a_payer_that_is_surely_another_customer_keeps_no_match_from_being_exact_and_it_is_told() -> None:
    other = facts(candidate(1001), payers=[known("cus_2", "Organisation number … is that of Annan AB.")])
    found = match(payment(OCR_1001), other)
    assert (found.match, spreads(found)) == ("exact", [{1001: TOTAL}])
    assert found.proposals[0].customer_id == "cus_1"
    assert found.reasons == [
        f"OCR {OCR_1001} as reference points to invoice 1001 of Kund AB.",
        "1250.00 is all that remains of invoice 1001.",
        "But the payer is known as Annan AB.",
    ]


@pytest.mark.parametrize(
    "payers", [[known("cus_2", strong=False)], [known("cus_2"), known("cus_1")], [known("cus_1")], []]
)
def test_a_payer_that_may_be_the_customer_is_not_told_to_be_another(payers: list[KnownPayer]) -> None:
    found = match(payment(OCR_1001), facts(candidate(1001), payers=payers))
    assert found.match == "exact"
    assert "But the payer is known as" not in " ".join(found.reasons)


def test_invoices_of_several_customers_paid_by_one_of_them_are_exact_and_it_is_told() -> None:
    named = candidate(1001, 100), candidate(1002, 200, customer="cus_2")
    found = match(payment(OCR_1001, OCR_1002, amount=300), facts(*named, payers=[known("cus_1")]))
    assert (found.match, spreads(found)) == ("exact", [{1001: 100, 1002: 200}])
    assert found.reasons[-1] == "But the payer is known as Kund AB."


def test_a_part_payment_by_a_payer_that_is_surely_another_customer_is_proposed_and_it_is_told() -> None:
    known_facts = facts(candidate(1001), payers=[known("cus_2", "Account 5050-1055 is that of Annan AB.")])
    found = match(payment(OCR_1001, amount=25_000), known_facts)
    assert (found.match, spreads(found)[0]) == ("proposed", {1001: 25_000})
    assert "But the payer is known as Annan AB." in found.proposals[0].reasons
    assert found.reasons[-2:] == [
        "Account 5050-1055 is that of Annan AB.",
        "1250.00 remains, 250.00 was paid.",
    ]


def test_more_invoices_than_one_payment_can_pay_are_never_exact() -> None:
    def of_many(count: int) -> Matched:
        numbers = range(1001, 1001 + count)
        named = [candidate(each, 50) for each in numbers]
        return match(payment(*map(make, numbers), amount=50 * count), facts(*named))

    assert of_many(MAX_ALLOCATIONS).match == "exact"
    found = of_many(MAX_ALLOCATIONS + 1)
    assert found.match == "proposed"
    assert len(found.proposals[0].allocations) == MAX_ALLOCATIONS
    assert (found.proposals[0].difference, found.proposals[0].credit) == (0, 50)
    assert f"It names more than the {MAX_ALLOCATIONS} invoices that one payment can pay." in found.reasons


def test_more_than_all_of_an_invoice_settled_is_for_a_person() -> None:
    overpaid = candidate(1002)._replace(remaining=-50)
    found = match(payment(OCR_1001, OCR_1002, amount=100), facts(candidate(1001, 100), overpaid))
    assert found.match == "proposed"
    assert found.reasons[-1] == "More than all of invoice 1002 is already settled."


@pytest.mark.parametrize(
    "known_facts",
    [
        facts(candidate(1001, 0)),
        facts(candidate(1001)),
        facts(candidate(1001, 50)),
        facts(candidate(1001), credit={"cus_1": TOTAL}),
        facts(candidate(1001), open_items=[candidate(1002, -TOTAL)]),
        facts(payers=[known("cus_1")], open_items=[candidate(1003)], credit={"cus_1": TOTAL}),
    ],
)
def test_a_payment_of_nothing_pays_nothing(known_facts: Facts) -> None:
    found = match(payment(OCR_1001, amount=0), known_facts)
    assert (found.match, found.proposals) == ("unmatched", [])


def test_a_payment_of_nothing_that_sets_a_credit_note_off_is_for_a_person() -> None:
    named = Reference("ocr", OCR_1001, TOTAL), Reference("credit_note", OCR_1002, -TOTAL)
    found = match(payment(*named, amount=0), facts(candidate(1001), candidate(1002, -TOTAL)))
    assert (found.match, spreads(found)) == ("proposed", [{1001: TOTAL, 1002: -TOTAL}])


# ---------------------------------------------------------------- proposed: one invoice


def test_given_a_part_payment_then_it_is_said_what_would_remain() -> None:
    found = match(payment(OCR_1001, amount=25_000), facts(candidate(1001)))
    assert found.match == "proposed"
    assert found.reasons[-1] == "1250.00 remains, 250.00 was paid."
    assert spreads(found) == [{1001: 25_000}]
    assert "Invoice 1001: 250.00 of 1250.00 is paid; 1000.00 would remain." in found.proposals[0].reasons


def test_given_an_overpayment_then_the_rest_would_be_credit() -> None:
    found = match(payment(OCR_1001, amount=150_000), facts(candidate(1001)))
    assert (spreads(found), found.proposals[0].credit) == ([{1001: TOTAL}], 25_000)
    assert "250.00 is paid above that; it would be credit of Kund AB." in found.proposals[0].reasons


@pytest.mark.parametrize("off", [1, MAX_DIFFERENCE, -1, -MAX_DIFFERENCE])
def test_given_some_ore_off_then_they_may_be_written_off_or_not(off: int) -> None:
    found = match(payment(OCR_1001, amount=TOTAL - off), facts(candidate(1001)))
    rounded, other = found.proposals
    assert (spread(rounded), rounded.difference, rounded.credit) == ({1001: TOTAL}, off, 0)
    if off > 0:
        assert (spread(other), other.difference, other.credit) == ({1001: TOTAL - off}, 0, 0)
        assert (
            f"{format_sek(off)} is missing; it would be written off as a rounding difference."
            in rounded.reasons
        )
    else:
        assert (spread(other), other.difference, other.credit) == ({1001: TOTAL}, 0, -off)
        assert f"{format_sek(-off)} is over; it would be kept as a rounding difference." in rounded.reasons


def test_given_more_than_some_ore_off_then_nothing_is_written_off() -> None:
    for off in (MAX_DIFFERENCE + 1, -MAX_DIFFERENCE - 1):
        found = match(payment(OCR_1001, amount=TOTAL - off), facts(candidate(1001)))
        assert [each.difference for each in found.proposals] == [0]


def test_an_invoice_number_instead_of_an_ocr_is_proposed_even_when_the_amount_is_right() -> None:
    found = match(payment("1001", kind="text"), facts(candidate(1001)))
    assert (found.match, spreads(found)) == ("proposed", [{1001: TOTAL}])
    assert found.proposals[0].reasons[0] == "Number 1001 as reference points to invoice 1001 of Kund AB."
    assert "Number 1001 as reference is no OCR reference: confirm it." in found.reasons


@pytest.mark.parametrize("text", [f"Betalning {OCR_1001} tack", "Faktura 1001"])
def test_a_message_is_proposed_even_when_the_amount_is_right(text: str) -> None:
    found = match(payment(texts=(text,)), facts(candidate(1001)))
    assert (found.match, spreads(found)) == ("proposed", [{1001: TOTAL}])
    assert "Only a message points there: confirm it." in found.reasons


def test_an_invoice_that_is_paid_already_leaves_all_as_credit_and_says_so() -> None:
    found = match(payment(OCR_1001), facts(candidate(1001, 0)))
    assert found.reasons[-1] == "Invoice 1001 is already paid."
    assert (spreads(found), found.proposals[0].credit) == ([{}], TOTAL)
    assert "The whole 1250.00 would be credit of Kund AB." in found.proposals[0].reasons
    credited = match(payment(OCR_1001), facts(candidate(1001, 0, credited=True)))
    assert credited.reasons[-1] == "Invoice 1001 is already paid or credited."


def test_an_old_ocr_on_a_new_amount_leads_to_the_customers_open_invoice_before_its_credit() -> None:
    found = match(payment(OCR_1001), facts(candidate(1001, 0), open_items=[candidate(1005)]))
    assert [(spread(each), each.credit) for each in found.proposals] == [({1005: TOTAL}, 0), ({}, TOTAL)]


def test_an_invoice_whose_credit_note_is_on_its_way_to_the_handler_waits() -> None:
    on_its_way = candidate(1001, None, credited=True)
    found = match(payment(OCR_1001), facts(on_its_way, open_items=[candidate(1005)]))
    assert (found.match, found.proposals) == ("unmatched", [])
    assert found.reasons[-1] == (
        "Invoice 1001 or a credit note of it has not reached the ledger yet. Look again when it has."
    )


def test_one_of_several_that_is_on_its_way_makes_nothing_exact() -> None:
    for customer in ("cus_1", "cus_2"):
        known_facts = facts(candidate(1001), candidate(1002, None, customer=customer))
        found = match(payment(OCR_1001, OCR_1002), known_facts)
        assert (found.match, spreads(found)) == ("proposed", [{1001: TOTAL}])


def test_the_customers_credit_can_fill_up_what_is_missing_and_no_more_than_there_is() -> None:
    short = payment(OCR_1001, amount=100_000)
    found = match(short, facts(candidate(1001), credit={"cus_1": 25_000}))
    assert [(spread(each), each.credit) for each in found.proposals] == [
        ({1001: TOTAL}, -25_000),
        ({1001: 100_000}, 0),
    ]
    assert "250.00 of the credit that Kund AB has would be used." in found.proposals[0].reasons
    assert "besides" not in said(found.proposals[0])
    assert "Kund AB has 250.00 of credit besides." in found.proposals[1].reasons
    less = match(short, facts(candidate(1001), credit={"cus_1": 24_999}))
    assert [each.credit for each in less.proposals] == [0]


@pytest.mark.parametrize("note", [candidate(1002, -25_000), used_note(1002)])
def test_money_on_a_credit_note_is_for_its_customer_and_never_for_the_note(note: Candidate) -> None:
    found = match(payment(OCR_1002, amount=40_000), facts(note, open_items=[candidate(1005)]))
    assert found.match == "proposed"
    assert found.reasons[-1] == "1002 is a credit note: no money comes in on it."
    assert [(spread(each), each.credit) for each in found.proposals] == [({}, 40_000), ({1005: 40_000}, 0)]
    pointing = f"OCR {OCR_1002} as reference points to credit note 1002 of Kund AB."
    assert all(each.reasons[0] == pointing for each in found.proposals)


# ---------------------------------------------------------------- proposed: several invoices


def test_given_several_that_do_not_add_up_then_the_oldest_due_come_first() -> None:
    known_facts = facts(candidate(1003, 300), candidate(1001, 100), candidate(1002, 200))
    found = match(payment(OCR_1003, OCR_1002, OCR_1001, amount=250), known_facts)
    best = proposal_of(found, {1001: 100, 1002: 150})
    assert "Invoice 1002: 1.50 of 2.00 is paid; 0.50 would remain." in best.reasons


def test_given_some_of_several_that_add_up_then_they_come_before_the_oldest_first() -> None:
    known_facts = facts(candidate(1001, 1000), candidate(1002, 2000), candidate(1003, 3500))
    found = match(payment(OCR_1001, OCR_1002, OCR_1003, amount=4500), known_facts)
    assert spreads(found)[:2] == [{1001: 1000, 1003: 3500}, {1001: 1000, 1002: 2000, 1003: 1500}]
    assert "Of what is named, only this comes to 45.00." in found.proposals[0].reasons


def test_given_stated_amounts_that_differ_from_what_remains_then_each_gets_what_is_stated() -> None:
    references = (Reference("ocr", OCR_1001, 50_000), Reference("ocr", OCR_1002, 75_000))
    found = match(payment(*references), facts(candidate(1001, 40_000), candidate(1002, 100_000)))
    stated = proposal_of(found, {1001: 40_000, 1002: 75_000})
    assert stated.credit == 10_000
    assert "500.00 is stated for invoice 1001." in stated.reasons


def test_given_less_left_of_a_credit_note_than_stated_then_the_newest_invoice_gets_less() -> None:
    references = (
        Reference("ocr", OCR_1001, 20_000),
        Reference("ocr", OCR_1002, 50_000),
        Reference("credit_note", OCR_1003, -20_000),
    )
    known_facts = facts(candidate(1001, 50_000), candidate(1002, 50_000), candidate(1003, -5_000))
    found = match(payment(*references, amount=50_000), known_facts)
    assert {1001: 20_000, 1002: 35_000, 1003: -5_000} in spreads(found)


def test_given_more_stated_amounts_than_fit_in_a_payment_then_nothing_that_cannot_be_registered() -> None:
    numbers = range(1001, 1002 + MAX_ALLOCATIONS)
    references = [Reference("ocr", make(each), 50) for each in numbers]
    known_facts = facts(*(candidate(each, 100) for each in numbers))
    found = match(payment(*references, amount=50 * len(numbers)), known_facts)
    assert found.match == "proposed"
    assert all(len(each.allocations) <= MAX_ALLOCATIONS for each in found.proposals)


def test_given_a_credit_note_deducted_and_not_named_then_it_is_found() -> None:
    known_facts = facts(candidate(1001), open_items=[candidate(1002, -25_000), candidate(1003, 70_000)])
    found = match(payment(OCR_1001, amount=100_000), known_facts)
    assert spread(found.proposals[0]) == {1001: TOTAL, 1002: -25_000}
    assert "Credit note 1002 of Kund AB makes the sum right." in found.proposals[0].reasons
    assert {1001: 100_000} in spreads(found)


def test_given_a_credit_note_or_several_items_that_make_the_sum_right_then_the_credit_note_counts() -> None:
    open_items = [candidate(1002, -25_000), candidate(1003, 10_000), candidate(1004, -35_000)]
    found = match(payment(OCR_1001, amount=100_000), facts(candidate(1001), open_items=open_items))
    assert spreads(found)[:2] == [{1001: TOTAL, 1002: -25_000}, {1001: 100_000}]


def test_given_invoices_of_two_customers_then_nothing_else_of_either_is_added() -> None:
    known_facts = facts(
        candidate(1001, 50_000),
        candidate(1002, 50_000, customer="cus_2"),
        open_items=[candidate(1003, -20_000)],
        credit={"cus_1": 20_000},
    )
    found = match(payment(OCR_1001, OCR_1002, amount=80_000), known_facts)
    assert spreads(found)[0] == {1001: 50_000, 1002: 30_000}
    assert all({1001, 1002, 1003} - each.keys() for each in spreads(found))
    assert all(each.credit >= 0 for each in found.proposals)


def test_given_another_customers_credit_note_then_it_is_not_used() -> None:
    known_facts = facts(candidate(1001), open_items=[candidate(1002, -25_000, customer="cus_2")])
    assert spreads(match(payment(OCR_1001, amount=100_000), known_facts)) == [{1001: 100_000}]


def test_given_another_open_invoice_that_makes_the_sum_right_then_it_comes_before_credit() -> None:
    known_facts = facts(candidate(1001), open_items=[candidate(1002, 25_000)])
    found = match(payment(OCR_1001, amount=150_000), known_facts)
    assert spreads(found)[:2] == [{1001: TOTAL, 1002: 25_000}, {1001: TOTAL}]


def test_given_messages_that_name_invoices_of_two_customers_then_they_are_not_paid_together() -> None:
    known_facts = facts(candidate(1001, 10_000), candidate(1002, 20_000, customer="cus_2"))
    found = match(payment(texts=("1001 1002",), amount=30_000), known_facts)
    assert spreads(found) == [{1001: 10_000}, {1002: 20_000}]


def test_given_more_credit_notes_than_invoices_then_no_more_is_used_than_settles_the_invoices() -> None:
    known_facts = facts(candidate(1001, 40_000), candidate(1002, -100_000))
    found = match(payment(OCR_1001, OCR_1002, amount=10_000), known_facts)
    assert {1001: 40_000, 1002: -30_000} in spreads(found)


# ---------------------------------------------------------------- proposed: deductions


def test_given_a_deduction_of_some_of_a_credit_note_then_it_is_said_what_would_be_left() -> None:
    found = match(deduction(OCR_1002, amount=10_000), facts(candidate(1002, -25_000)))
    assert spreads(found) == [{1002: -10_000}]
    assert "Credit note 1002: 100.00 of 250.00 is used; 150.00 would be left." in found.proposals[0].reasons
    assert found.reasons[0] == "The payer has deducted a credit note."


def test_given_a_deduction_of_which_some_points_nowhere_then_no_credit_is_made_of_it() -> None:
    references = Reference("credit_note", OCR_1002, 10_000), Reference("credit_note", OCR_1003, 10_000)
    found = match(deduction(*references, amount=20_000), facts(candidate(1002, -25_000)))
    assert [(spread(each), each.credit) for each in found.proposals] == [({1002: -20_000}, 0)]


def test_given_the_credit_note_was_used_on_its_invoice_then_the_deduction_takes_the_customers_credit() -> (
    None
):
    found = match(deduction(OCR_1002, amount=25_000), facts(used_note(1002), credit={"cus_1": 30_000}))
    assert (found.match, spreads(found)) == ("proposed", [{}])
    assert (found.proposals[0].credit, found.proposals[0].customer_id) == (-25_000, "cus_1")


def test_given_no_credit_either_then_the_deduction_waits_and_says_for_what() -> None:
    found = match(deduction(OCR_1002, amount=25_000), facts(used_note(1002), credit={"cus_1": 24_999}))
    assert (found.match, found.proposals) == ("unmatched", [])
    assert found.reasons[-1].startswith("Credit note 1002 is already used, on its own invoice perhaps.")


def test_given_a_deduction_that_names_the_invoice_then_the_customers_credit_note_is_found() -> None:
    known_facts = facts(candidate(1001), open_items=[candidate(1002, -25_000)])
    found = match(deduction(OCR_1001, amount=25_000), known_facts)
    assert (found.match, spreads(found)) == ("proposed", [{1002: -25_000}])


# ---------------------------------------------------------------- proposed: by who paid


def test_given_a_known_payer_and_one_open_item_of_the_amount_then_it_is_proposed_with_both_reasons() -> None:
    payer = known("cus_1", "Account 5050-1055 paid invoice 900 of Kund AB on 2026-10-02.")
    found = match(payment(), facts(payers=[payer], open_items=[candidate(1001), candidate(1002, 300)]))
    best = found.proposals[0]
    assert (found.match, spread(best)) == ("proposed", {1001: TOTAL})
    assert best.reasons == [
        payer.reason,
        "1250.00 is all that remains of invoice 1001.",
        "Of Kund AB's open items, only this comes to 1250.00.",
    ]


def test_given_a_known_payer_and_some_open_items_of_the_amount_then_an_only_solution_is_said_to_be_so() -> (
    None
):
    items = [candidate(1001, 1000), candidate(1002, 2000), candidate(1003, -500), candidate(1004, 7000)]
    found = match(payment(amount=6500), facts(payers=[known("cus_1")], open_items=items))
    assert spread(found.proposals[0]) == {1003: -500, 1004: 7000}
    assert "Of Kund AB's open items, only these come to 65.00." in found.proposals[0].reasons


def test_given_several_solutions_then_each_is_proposed_the_oldest_first() -> None:
    items = [candidate(1001, 100), candidate(1002, 200), candidate(1003, 100), candidate(1004, 50)]
    found = match(payment(amount=300), facts(payers=[known("cus_1")], open_items=items))
    assert spreads(found)[:2] == [{1001: 100, 1002: 200}, {1002: 200, 1003: 100}]
    assert "Others of Kund AB's open items come to 3.00 too." in found.proposals[0].reasons


def test_given_no_items_of_the_amount_then_a_known_payers_oldest_come_first() -> None:
    items = [candidate(1002, 200), candidate(1001, 100), candidate(1003, -10)]
    found = match(payment(amount=150), facts(payers=[known("cus_1")], open_items=items))
    assert spreads(found) == [{1001: 100, 1002: 50}]
    assert "Nothing says which of Kund AB's open items: the oldest come first." in found.proposals[0].reasons


def test_given_a_surely_known_payer_with_nothing_open_then_all_would_be_its_credit() -> None:
    sure, alike = (
        match(payment(), facts(payers=[known("cus_1", strong=strong)])) for strong in (True, False)
    )
    assert [(spread(each), each.credit) for each in sure.proposals] == [({}, TOTAL)]
    assert (alike.match, alike.proposals) == ("unmatched", [])


def test_given_a_number_that_is_chance_and_a_payer_that_is_sure_then_the_payer_counts_more() -> None:
    known_facts = facts(
        candidate(2026, 900_000, customer="cus_2"), payers=[known("cus_1")], open_items=[candidate(1001)]
    )
    found = match(payment(texts=("hyra 2026",)), known_facts)
    assert spreads(found)[0] == {1001: TOTAL}
    weaker = found.proposals[spreads(found).index({2026: TOTAL})]
    assert "But the payer is known as Kund AB." in weaker.reasons


def test_given_a_bare_number_of_another_customer_than_the_payer_surely_is_then_the_payer_counts_more() -> (
    None
):
    known_facts = facts(
        candidate(1001, customer="cus_2"), payers=[known("cus_1")], open_items=[candidate(1002)]
    )
    found = match(payment("1001", kind="text"), known_facts)
    assert spreads(found) == [{1002: TOTAL}, {1001: TOTAL}]


def test_given_one_invoice_of_the_amount_and_also_a_sum_then_the_one_comes_before_a_part_payment() -> None:
    known_facts = facts(
        candidate(1009, 50_000),
        payers=[known("cus_1")],
        open_items=[candidate(1001, 30_000), candidate(1002, 10_000), candidate(1003, 20_000)],
    )
    found = match(payment("1009", kind="text", amount=30_000), known_facts)
    assert spreads(found)[:2] == [{1001: 30_000}, {1009: 30_000}]
    assert {1002: 10_000, 1003: 20_000} in spreads(found)


def test_given_two_ways_to_the_same_then_it_is_one_proposal_with_what_speaks_for_either() -> None:
    known_facts = facts(candidate(1001), payers=[known("cus_1", "Its name is alike.", strong=False)])
    found = match(payment(texts=("faktura 1001",)), known_facts)
    assert spreads(found) == [{1001: TOTAL}]
    assert found.proposals[0].reasons == [
        "Number 1001 in the message points to invoice 1001 of Kund AB.",
        "Its name is alike.",
        "1250.00 is all that remains of invoice 1001.",
        "Of Kund AB's open items, only this comes to 1250.00.",
    ]


def test_given_a_customer_with_many_open_items_then_the_search_is_bounded() -> None:
    even = [candidate(1000 + each, 2 * (7919 * each % 100_003)) for each in range(1, 500)]
    known_facts = facts(payers=[known(each) for each in NAMES], open_items=even)
    start = perf_counter()
    for amount in range(100_001, 100_021, 2):  # odd, and all that is open is even: every sum is in vain
        found = match(payment(amount=amount), known_facts)
        assert all(each.difference == 0 for each in found.proposals)
    assert perf_counter() - start < 1


# ---------------------------------------------------------------- unmatched


def test_the_amount_alone_never_points_to_an_invoice() -> None:
    items = [candidate(each) for each in range(1001, 1100)]
    found = match(payment(payer="OKÄND FIRMA"), facts(open_items=items))
    assert (found.match, found.proposals) == ("unmatched", [])
    assert found.reasons == [
        "The payer, OKÄND FIRMA, is not known as a customer.",
        "No reference or message points to an invoice or a credit note.",
    ]
    assert match(payment(), facts()).reasons[0] == "The bank does not say who paid."


def test_a_reference_of_another_companys_invoice_points_nowhere() -> None:
    assert match(payment(make(5555)), facts(candidate(1001))).match == "unmatched"


def test_a_foreign_currency_waits_for_a_person_whatever_it_points_to() -> None:
    found = match(payment(OCR_1001, currency="EUR"), facts(candidate(1001), payers=[known("cus_1")]))
    assert (found.match, found.proposals) == ("unmatched", [])
    assert "EUR" in found.reasons[0]


def test_a_sum_of_several_payments_waits_for_a_person_whatever_it_points_to() -> None:
    found = match(payment(OCR_1001)._replace(lump=True), facts(candidate(1001), payers=[known("cus_1")]))
    assert (found.match, found.proposals) == ("unmatched", [])
    assert " ".join(found.reasons) == (
        "It may be a sum of several payments: send the file in which the bank tells them one by one, or set "
        "it aside if that is done."
    )


# ---------------------------------------------------------------- for anything a bank may send

AMOUNTS = st.integers(-12, 12).map(lambda each: each * 50)
"""Few and around the largest difference, so that sums often agree."""


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """Invoices and credit notes of three customers; now and then one on its way, or with the wrong sign."""
    numbers = draw(st.lists(st.integers(1000, 1030), unique=True, min_size=1, max_size=8))
    found = []
    for number in numbers:
        is_invoice = draw(st.integers(0, 2)) > 0
        left = draw(AMOUNTS.map(abs)) * (1 if is_invoice else -1)
        customer = draw(st.sampled_from(sorted(NAMES)))
        found.append(
            Candidate(
                invoice_id=f"inv_{number}",
                number=number,
                kind="invoice" if is_invoice else "credit_note",
                customer_id=customer,
                customer_name=NAMES[customer],
                remaining=draw(st.sampled_from([left] * 8 + [None, -left])),
                due_date=DAY + timedelta(days=draw(st.integers(0, 3))),
                credited=draw(st.booleans()),
            )
        )
    return found


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    items = draw(candidates())
    return Facts(
        by_number={each.number: each for each in items if draw(st.integers(0, 4))},
        payers=[
            known(customer, strong=draw(st.booleans()))
            for customer in draw(st.lists(st.sampled_from(sorted(NAMES)), max_size=2))
        ],
        open_items={
            customer: [each for each in items if each.customer_id == customer and each.remaining]
            for customer in draw(st.sets(st.sampled_from(sorted(NAMES))))
        },
        credit=draw(st.dictionaries(st.sampled_from(sorted(NAMES)), st.integers(0, 600))),
    )


def every_candidate(known_facts: Facts) -> dict[str, Candidate]:
    items = [*known_facts.by_number.values(), *(c for each in known_facts.open_items.values() for c in each)]
    return {each.invoice_id: each for each in items}


values = st.one_of(
    st.integers(1000, 1030).map(make),
    st.integers(1000, 1030).map(str),
    st.integers(1000, 1030).map(lambda number: f"faktura {number}"),
    st.text("0123456789 ", max_size=25),
    st.text(max_size=35),
)
references = st.lists(
    st.builds(
        Reference,
        st.sampled_from(["ocr", "ocr", "ocr", "invoice", "credit_note", "text"]),
        values,
        st.none() | AMOUNTS,
    ),
    max_size=5,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[IncomingPayment, Facts]:
    """Anything known, and a payment that is near to what remains of something as often as it is anything."""
    known_facts = draw(any_facts())
    every = every_candidate(known_facts)
    meant = [each for each in every.values() if draw(st.booleans())][:4]
    named = [
        Reference(
            draw(st.sampled_from([kind, kind, kind, "invoice", "credit_note", "text"])),
            draw(
                st.sampled_from(
                    [make(each.number), make(each.number), f"00{make(each.number)}", str(each.number)]
                )
            ),
            draw(st.sampled_from([None, None, None, each.remaining, each.remaining, 50])),
        )
        for each in meant
        for kind in ["credit_note" if each.kind == "credit_note" else "ocr"]
        if draw(st.integers(0, 3))
    ]
    total = sum(each.remaining or 0 for each in meant)
    amount = draw(st.sampled_from([total, total, total, total + 50, total - 100]) | AMOUNTS)
    others = draw(references) if draw(st.booleans()) else []
    given_payment = payment(
        *named,
        *others,
        amount=abs(amount),
        texts=tuple(draw(st.lists(values, max_size=2))),
        of="deduction" if amount < 0 else "payment",
    )
    return given_payment, known_facts


def signed(given_payment: IncomingPayment) -> int:
    return -given_payment.amount if given_payment.kind == "deduction" else given_payment.amount


def check(proposal: Proposal, given_payment: IncomingPayment, known_facts: Facts) -> None:
    """What must hold for every proposal."""
    known_items = every_candidate(known_facts)
    allocations = proposal.allocations
    total = sum(each.amount for each in allocations)
    assert signed(given_payment) + proposal.difference == total + proposal.credit
    assert len({each.invoice_id for each in allocations}) == len(allocations) <= MAX_ALLOCATIONS
    for each in allocations:
        item = known_items[each.invoice_id]
        assert (each.invoice_number, each.remaining) == (item.number, item.remaining)
        assert 0 < each.amount <= each.remaining or each.remaining <= each.amount < 0
        assert (each.amount < 0) == (item.kind == "credit_note")
    assert abs(proposal.difference) <= MAX_DIFFERENCE
    if proposal.difference:
        assert all(each.amount == each.remaining for each in allocations)
        assert allocations
    assert proposal.credit >= -known_facts.credit.get(proposal.customer_id, 0)
    assert allocations or proposal.credit
    customers = [known_items[each.invoice_id].customer_id for each in allocations]
    if len(set(customers)) > 1:
        pointed = pointed_numbers(given_payment)
        assert all(pointed[each.invoice_number].in_reference for each in allocations)
        assert proposal.credit >= 0
    assert proposal.customer_id == (customers or [proposal.customer_id])[0]
    assert proposal.customer_name == NAMES[proposal.customer_id]
    assert proposal.reasons
    assert len(set(proposal.reasons)) == len(proposal.reasons)


@settings(max_examples=60)
@given(cases())
def test_whatever_comes_every_proposal_can_be_registered(case: tuple[IncomingPayment, Facts]) -> None:
    given_payment, known_facts = case
    found = match(given_payment, known_facts)
    assert found.reasons
    assert (found.match == "unmatched") == (not found.proposals)
    assert len(found.proposals) <= (1 if found.match == "exact" else MAX_PROPOSALS)
    for each in found.proposals:
        check(each, given_payment, known_facts)
    outcomes = [
        (each.customer_id, spread(each).items(), each.difference, each.credit) for each in found.proposals
    ]
    assert all(first != second for first, second in combinations(outcomes, 2))


def named_by_ocr(
    given_payment: IncomingPayment, known_facts: Facts
) -> list[tuple[Candidate, list[Reference]]]:
    """What references that are OCR numbers name, each with those references."""
    named: dict[int, tuple[Candidate, list[Reference]]] = {}
    for reference in given_payment.references:
        digits = ocr.normalise(reference.value)
        if len(digits) > 2 and ocr.is_valid_ocr(digits):
            number = int(ocr.ocr_payload(digits))
            if item := known_facts.by_number.get(number):
                named.setdefault(number, (item, []))[1].append(reference)
    return list(named.values())


def is_as_the_bank_says(item: Candidate, referring: list[Reference]) -> bool:
    stated = [each.amount for each in referring if each.amount is not None]
    is_told = any(each.kind == "credit_note" for each in referring) or sum(stated) < 0
    return (not stated or sum(stated) == item.remaining) and (
        not item.remaining or is_told == (item.kind == "credit_note")
    )


def may_be_exact(given_payment: IncomingPayment, known_facts: Facts) -> bool:
    """The rule said once more, from the payment's side."""
    named = named_by_ocr(given_payment, known_facts)
    items = [item for item, _ in named]
    if any(item.remaining is None for item in items):
        return False
    if not sum(item.remaining or 0 for item in items) == signed(given_payment) != 0:
        return False
    if given_payment.kind == "deduction":
        return [item.kind for item in items] == ["credit_note"]
    return all(is_as_the_bank_says(*each) for each in named)


@settings(max_examples=60)
@given(cases())
def test_whatever_comes_exact_is_only_by_ocr_and_by_what_remains(case: tuple[IncomingPayment, Facts]) -> None:
    given_payment, known_facts = case
    found = match(given_payment, known_facts)
    if found.match == "exact":
        assert may_be_exact(given_payment, known_facts)
        only = found.proposals[0]
        assert (only.difference, only.credit) == (0, 0)
        assert all(each.amount == each.remaining for each in only.allocations)
        assert all(
            pointed_numbers(given_payment)[each.invoice_number].by == "ocr" for each in only.allocations
        )


@given(
    st.lists(st.tuples(st.integers(1, 999_999_999), AMOUNTS), min_size=1, max_size=6),
    st.booleans(),
    st.lists(st.builds(known, st.sampled_from(sorted(NAMES)), strong=st.booleans()), max_size=2),
)
def test_all_that_ocrs_name_paid_to_the_ore_is_exact_whoever_paid(
    items: list[tuple[int, int]],
    stated: bool,  # noqa: FBT001 - given by hypothesis
    payers: list[KnownPayer],
) -> None:
    remaining = dict(items)
    amount = sum(remaining.values())
    assume(amount > 0)
    named = [
        Reference("credit_note" if left < 0 else "ocr", make(number), left if stated else None)
        for number, left in remaining.items()
    ]
    known_facts = facts(*(candidate(number, left) for number, left in remaining.items()), payers=payers)
    found = match(payment(*named, amount=amount), known_facts)
    bare = {number for number in map(int, map(make, remaining)) if number in remaining}
    assume(not bare)
    assert found.match == "exact"
    assert spread(found.proposals[0]) == {number: left for number, left in remaining.items() if left}


@settings(max_examples=60)
@given(cases(), st.randoms())
@example((payment(OCR_1001, "1001", "faktura 1002"), facts(candidate(1001), candidate(1002))), None)
def test_the_order_of_references_messages_and_open_items_does_not_matter(
    case: tuple[IncomingPayment, Facts], randomly: object
) -> None:
    given_payment, known_facts = case

    def shuffled[T](items: Sequence[T]) -> list[T]:
        mixed = list(reversed(items))
        if randomly is not None:
            randomly.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis's Random
        return mixed

    other_payment = given_payment._replace(
        references=tuple(shuffled(given_payment.references)), texts=tuple(shuffled(given_payment.texts))
    )
    other_facts = Facts(
        by_number=dict(shuffled(list(known_facts.by_number.items()))),
        payers=known_facts.payers,
        open_items={key: shuffled(items) for key, items in known_facts.open_items.items()},
        credit=known_facts.credit,
    )
    assert match(other_payment, other_facts) == match(given_payment, known_facts)


@given(st.lists(AMOUNTS.filter(bool), max_size=7), st.integers(1, 12).map(lambda each: each * 50))
def test_an_only_combination_is_said_to_be_so_exactly_when_it_is(remaining: list[int], amount: int) -> None:
    items = [candidate(1001 + at, left) for at, left in enumerate(remaining)]
    found = match(payment(amount=amount), facts(payers=[known("cus_1")], open_items=items))
    solutions = [
        {each.number: each.remaining for each in chosen}
        for size in range(1, len(items) + 1)
        for chosen in combinations(items, size)
        if sum(each.left for each in chosen) == amount
    ]
    only = [each for each in found.proposals if "only this" in said(each) or "only these" in said(each)]
    assert [spread(each) for each in only] == (solutions if len(solutions) == 1 else [])
    if sum(each.left for each in items if each.left > 0) != amount:  # all that is open comes before some
        assert spreads(found)[: len(solutions)][:3] == solutions[:3]


@given(st.integers(1, 999_999_999), st.integers(1, 10**9))
def test_every_invoice_can_be_paid_by_its_own_ocr(number: int, amount: int) -> None:
    assert match(payment(make(number), amount=amount), facts(candidate(number, amount))).match == "exact"


@given(st.lists(values | st.text("0123456789", max_size=30), max_size=4), st.lists(values, max_size=3))
@example(["26"], [])
@example(["0026"], [])
@example(["٣٤٥٦"], ["٣٤٥٦"])
def test_only_numbers_an_invoice_can_have_are_pointed_to(named: list[str], texts: list[str]) -> None:
    assert all(0 < number <= 999_999_999 for number in pointed_numbers(payment(*named, texts=tuple(texts))))
