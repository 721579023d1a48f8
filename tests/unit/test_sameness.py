import io
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bank.bgmax import BANKGIRO, BgMaxPayment, ExtraReference, bgmax_file
from local.bank.camt import CamtPayment, CamtReference, camt_file
from local.bank.same import SamePayment, same_payments
from samklang.formats import ocr
from samklang.formats.incoming import IncomingPayment, Reference, ReferenceKind
from samklang.formats.payment_file import open_reader
from samklang.payments.sameness import Sightings, content_key, sight

DAY = date(2026, 9, 15)
OCR_1001, OCR_1002 = ocr.make_ocr("1001"), ocr.make_ocr("1002")
SOURCES = ["bgmax", "camt.054", "camt.053"]


def payment(
    *references: str,
    kind: ReferenceKind = "ocr",
    texts: tuple[str, ...] = (),
    payer: str | None = None,
    amount: int = 12_500,
) -> IncomingPayment:
    return IncomingPayment(
        kind="payment",
        amount=amount,
        currency="SEK",
        date=DAY,
        recipient=BANKGIRO,
        bank_reference="1",
        record=1,
        references=tuple(Reference(kind, each) for each in references),
        texts=texts,
        payer_name=payer,
    )


def payments_in(file: bytes) -> list[IncomingPayment]:
    return [each for each in open_reader(io.BytesIO(file)) if isinstance(each, IncomingPayment)]


# ---------------------------------------------------------------- what is the same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (payment(OCR_1001), payment(f"00000{OCR_1001}")),
        (payment(OCR_1001), payment(f"{OCR_1001[:3]} {OCR_1001[3:]}")),
        (payment(OCR_1001), payment(OCR_1001, OCR_1001)),
        (payment(OCR_1001, OCR_1002), payment(OCR_1002, OCR_1001)),
        (payment(OCR_1001, payer="KALLE"), payment(OCR_1001, texts=("Tack!",))),
        (payment(OCR_1001, kind="text"), payment(texts=(OCR_1001,))),
        (payment("Faktura 1001", kind="text"), payment(texts=("Faktura", "0001001"))),
        (payment(payer="Kalles Plåt AB"), payment(payer="KALLES PLAT")),
        (payment(payer="Kalles Plåt AB"), payment(payer="Kalles Plåt AB", texts=("Tack!",))),
        (payment("Tack för", kind="text", texts=("allt",)), payment(texts=("TACK FOR ALLT",))),
    ],
)
def test_a_payment_has_the_same_content_however_a_format_tells_it(
    one: IncomingPayment, other: IncomingPayment
) -> None:
    assert content_key(one) == content_key(other)


@pytest.mark.parametrize(
    "other",
    [
        payment(OCR_1002),
        payment(OCR_1001, OCR_1002),
        payment(OCR_1001, amount=12_501),
        payment(OCR_1001)._replace(kind="deduction"),
        payment(OCR_1001)._replace(currency="EUR"),
        payment(OCR_1001)._replace(date=DAY + timedelta(days=1)),
        payment(payer="Kalles Plåt AB"),
        payment(texts=("hej",)),
        payment(),
    ],
)
def test_another_payment_has_another_content(other: IncomingPayment) -> None:
    assert content_key(other) != content_key(payment(OCR_1001))


def test_a_content_is_short_and_begins_with_its_day() -> None:
    key = content_key(payment(texts=("x#|'\n" * 1000,)))
    assert key.startswith("2026-09-15#")
    assert len(key) < 50
    assert key.isprintable()


def test_a_content_never_changes_because_it_is_kept_in_the_books() -> None:
    numbers = [ocr.make_ocr(str(each)) for each in (1001, 1002, 1003, 1004)]
    assert content_key(payment(*numbers)) == "2026-09-15#48fbab8a43c8e557e01bd66f6a796a74"


def test_the_same_payments_in_files_of_three_formats_have_the_same_contents() -> None:
    told = [
        SamePayment(amount=125_00, reference=OCR_1001, name="KALLES PLAT AB"),
        SamePayment(amount=125_00, reference=OCR_1001, name="KALLES PLAT AB"),
        SamePayment(amount=99_00, text="Faktura 1002, tack", name="Anna Åkesson"),
        SamePayment(amount=50_00, name="Örjan Öst", org_no="5560360793"),
        SamePayment(amount=1_00, text="bara text"),
    ]
    files = same_payments(BANKGIRO, told)
    contents = [Counter(map(content_key, payments_in(files[each]))) for each in files]
    assert len(files) == 3
    assert contents[0] == contents[1] == contents[2]
    assert sorted(contents[0].values()) == [1, 1, 1, 2]


def test_a_name_cut_and_references_repeated_in_bgmax_are_the_same_as_whole_in_camt() -> None:
    name = "Kalles Plåtslageri och Rörläggeri i Göteborg Aktiebolag"
    old = bgmax_file(
        BANKGIRO,
        [
            BgMaxPayment(
                amount=300_00,
                reference=OCR_1001,
                extra=(ExtraReference(reference=OCR_1001), ExtraReference(reference=OCR_1002)),
            ),
            BgMaxPayment(amount=100_00, reference="", code=0, name=name[:35].upper()),
        ],
    )
    new = camt_file(
        BANKGIRO,
        [
            CamtPayment(
                amount=300_00,
                references=(CamtReference(value=OCR_1002), CamtReference(value=f"0000{OCR_1001}")),
                texts=("två fakturor",),
            ),
            CamtPayment(amount=100_00, name=name),
        ],
    )
    assert list(map(content_key, payments_in(old))) == list(map(content_key, payments_in(new)))


# ---------------------------------------------------------------- counted


class Register:
    """What a caller does with files: a bank's reference it knows is left alone, others are sighted."""

    def __init__(self) -> None:
        self.known: set[tuple[str, str]] = set()
        self.sightings: defaultdict[str, Sightings] = defaultdict(dict)
        self.registered = Counter[str]()

    def read(self, source: str, payments: Iterable[tuple[str, str]]) -> None:
        """A file: its payments as (the bank's reference, content)."""
        for reference, content in payments:
            if (source, reference) not in self.known:
                self.known.add((source, reference))
                self.sightings[content], is_new = sight(self.sightings[content], source)
                self.registered[content] += is_new


def test_twins_in_one_file_are_two_and_the_same_in_another_format_are_no_more() -> None:
    register = Register()
    register.read("bgmax", [("1", "a"), ("2", "a")])
    assert register.registered == {"a": 2}
    register.read("camt.054", [("X", "a"), ("Y", "a")])
    assert register.registered == {"a": 2}
    register.read("camt.054", [("Z", "a")])
    assert register.registered == {"a": 3}


def test_a_twin_that_one_format_lacks_is_registered_when_the_other_tells_it() -> None:
    register = Register()
    register.read("bgmax", [("1", "a")])
    register.read("camt.054", [("X", "a"), ("Y", "a")])
    assert register.registered == {"a": 2}


def test_counting_leaves_what_was_known_as_it_was() -> None:
    before = {"bgmax": 1}
    assert sight(before, "camt.054") == ({"bgmax": 1, "camt.054": 1}, False)
    assert before == {"bgmax": 1}


FILES = st.lists(st.tuples(st.sampled_from(SOURCES), st.lists(st.integers(0, 11), max_size=8)), max_size=12)
"""Files: the format, and which of twelve real payments are in it; overlapping, repeated, in any order."""


def contents_of(draw_from: Sequence[int], count: int = 12) -> list[str]:
    """The content of each real payment; payments of the same content are twins."""
    return [f"content {draw_from[each % len(draw_from)]}" for each in range(count)]


@given(FILES, st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_whatever_files_come_in_whatever_order_as_many_are_registered_as_the_fullest_format_has(
    files: list[tuple[str, list[int]]], twins: list[int], randomly: random.Random
) -> None:
    contents = contents_of(twins)
    shown: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for source, payments in files:
        for each in payments:
            shown[contents[each]][source].add(each)
    expected = {content: max(map(len, by_source.values())) for content, by_source in shown.items()}

    def registered(in_order: Iterable[tuple[str, list[int]]]) -> Counter[str]:
        register = Register()
        for source, payments in in_order:
            register.read(source, [(f"{source} {each}", contents[each]) for each in payments])
        return register.registered

    assert registered(files) == expected
    shuffled = [(source, randomly.sample(payments, len(payments))) for source, payments in files]
    randomly.shuffle(shuffled)
    assert registered(shuffled) == expected


@given(FILES, st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_given_one_format_with_everything_then_exactly_the_real_payments_are_registered(
    files: list[tuple[str, list[int]]], twins: list[int]
) -> None:
    contents = contents_of(twins)
    register = Register()
    for source, payments in [*files, ("camt.054", list(range(12)))]:
        register.read(source, [(f"{source} {each}", contents[each]) for each in payments])
    assert register.registered == Counter(contents)
