import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.overview.figures import (
    AgeBand,
    KeyFigure,
    MonthFigures,
    MonthlyReport,
    NamedAmount,
    year_after,
    year_before,
)
from samklang.overview.report import render_html

XHTML = "{http://www.w3.org/1999/xhtml}"


def year(number: int, *results: int) -> tuple[MonthFigures, ...]:
    return tuple(
        MonthFigures(f"{number}-{month:02}", revenue=10_000_000 + result, cost=10_000_000, result=result)
        for month, result in enumerate(results, start=1)
    )


def report(**values: Any) -> MonthlyReport:
    fields: dict[str, Any] = {
        "company_name": "Björks Snickeri & Måleri AB",
        "org_no": "555555-5555",
        "month": "2026-10",
        "created_at": datetime(2026, 11, 6, 7, 5, tzinfo=UTC),
        "months": year(2026, *[1_000_000] * 9, 2_530_050),
        "last_year": year(2025, *[500_000] * 12),
        "liquidity": 34_567_800,
        "receivables_by_age": (AgeBand("Ej förfallet", 18_450_000, 7), AgeBand("1–30 dagar", 6_320_050, 3)),
        "largest_customers": (NamedAmount("Östergrens Fastigheter AB", 61_230_000),),
        "largest_costs": (NamedAmount("5010 Lokalhyra", 24_000_000),),
        "vat_to_pay": 4_218_700,
        "key_figures": (KeyFigure("Soliditet", "42 %", "Egna pengar i företaget."),),
    }
    return MonthlyReport(**fields | values)


def new_company(**values: Any) -> MonthlyReport:
    return MonthlyReport(
        company_name="Nystartat AB",
        org_no="559999-0000",
        month="2026-01",
        created_at=datetime(2026, 2, 6, tzinfo=UTC),
        **values,
    )


def page_of(of: MonthlyReport) -> ET.Element:
    """The page read by an XML parser: every element closed, every attribute quoted, every text escaped."""
    return ET.fromstring(render_html(of).partition("\n")[2])


def text_of(element: ET.Element) -> str:
    return re.sub(r"\s+", " ", " ".join(element.itertext()))


def body_of(of: MonthlyReport) -> str:
    body = page_of(of).find(f"{XHTML}body")
    assert body is not None
    return text_of(body)


def rows_of(page: ET.Element, caption: str) -> list[list[str]]:
    for table in page.iter(f"{XHTML}table"):
        if table.findtext(f"{XHTML}caption") == caption:
            return [[text_of(cell).strip() for cell in row] for row in table.iter(f"{XHTML}tr")]
    raise AssertionError(caption)


class Elements(HTMLParser):
    """What a browser sees: names of elements and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def elements_of(document: str) -> Elements:
    elements = Elements()
    elements.feed(document)
    elements.close()
    return elements


@pytest.mark.parametrize(
    "said",
    [
        "Björks Snickeri & Måleri AB · 555555-5555",
        "Månadsrapport oktober 2026",
        "Oktober gav ett överskott på 25 301 kr, 20 301 kr mer än samma månad i fjol.",
        "Hittills i år har företaget ett överskott på 115 301 kr.",
        "Intäkter 125 301 kr +19 % mot oktober 2025",
        "Kostnader 100 000 kr som i oktober 2025",
        "Likvida medel 345 678 kr",
        "Moms att betala 42 187 kr",
        "Soliditet 42 % Egna pengar i företaget.",
        "Rapporten skapades 6 november 2026 kl. 07.05",
    ],
)
def test_what_the_reader_is_told(said: str) -> None:
    assert said in body_of(report())


def test_each_graph_has_its_title_its_description_and_its_table() -> None:
    page = page_of(report())
    graphs = [svg for svg in page.iter(f"{XHTML}svg") if svg.get("role") == "img"]
    assert len(graphs) == 3
    for graph in graphs:
        named = {element.get("id") for element in graph if element.text}
        assert set(graph.get("aria-labelledby", "").split()) <= named
    rows = rows_of(page, "Resultat per månad")
    assert rows[0] == ["Månad", "I år", "I fjol", "Förändring"]
    assert rows[10] == ["Oktober 2026", "25 301 kr", "5 000 kr", "+20 301 kr"]
    assert rows[11] == ["November 2026", "–", "5 000 kr", "–"]
    bars = [svg for svg in page.iter(f"{XHTML}svg") if svg.get("role") != "img"]
    assert all(bar.get("aria-hidden") == "true" for bar in bars)


def test_the_bars_are_as_long_as_their_amounts() -> None:
    page = page_of(report())
    graph = next(svg for svg in page.iter(f"{XHTML}svg") if "result-title" in svg.get("aria-labelledby", ""))
    heights = {
        kind: [
            float(bar.get("height", "0")) for bar in graph.iter(f"{XHTML}rect") if bar.get("class") == kind
        ]
        for kind in ("now", "before")
    }
    assert (len(heights["now"]), len(heights["before"])) == (10, 12)
    assert heights["now"][0] / heights["before"][0] == pytest.approx(2, rel=0.01)
    assert heights["now"][9] / heights["now"][0] == pytest.approx(2.53, rel=0.01)


def test_receivables_are_summed() -> None:
    rows = rows_of(page_of(report()), "Obetalda kundfakturor efter förfallodag")
    assert rows[1:] == [
        ["Ej förfallet", "", "7", "184 500 kr"],
        ["1–30 dagar", "", "3", "63 201 kr"],
        ["Summa", "", "10", "247 701 kr"],
    ]


def test_the_year_so_far_ends_with_the_month() -> None:
    rows = rows_of(page_of(report()), "Januari 2026 till oktober 2026, jämfört med samma tid året innan")
    assert rows[3] == ["Resultat", "115 301 kr", "50 000 kr", "+65 301 kr"]


def test_a_loss_stands_below_the_line() -> None:
    page = page_of(report(months=year(2026, *[-1_000_000] * 10), liquidity=-500, vat_to_pay=-100_000))
    text = text_of(page)
    assert "Oktober gav ett underskott på 10 000 kr, 15 000 kr mindre än samma månad i fjol." in text
    assert "Resultat −10 000 kr −15 000 kr mot oktober 2025" in text
    assert "Moms att få tillbaka 1 000 kr" in text
    assert "−20 tkr" in text or "−10 tkr" in text
    graph = next(svg for svg in page.iter(f"{XHTML}svg") if "result-title" in svg.get("aria-labelledby", ""))
    zero = next(line for line in graph.iter(f"{XHTML}line") if line.get("class") == "line zero").get("y1")
    losses = [bar for bar in graph.iter(f"{XHTML}rect") if bar.get("class") == "now loss"]
    assert [bar.get("y") for bar in losses] == [zero] * 10


def test_a_new_company_without_figures() -> None:
    page = page_of(new_company())
    text = text_of(page)
    assert "Inga siffror är bokförda ännu." in text
    assert "Inga kundfakturor är obetalda." in text
    assert text.count("Inga siffror ännu.") == 3
    assert "Januari 2026, jämfört med samma tid året innan" in text
    assert not list(page.iter(f"{XHTML}svg"))


def test_zero_everywhere_is_no_different_from_nothing() -> None:
    zeros = tuple(MonthFigures(f"2026-{month:02}") for month in range(1, 13))
    bands = (AgeBand("Ej förfallet", 0, 0), AgeBand("Över 90 dagar", 0, 0))
    text = body_of(
        new_company(months=zeros, receivables_by_age=bands, largest_costs=(NamedAmount("5010", 0),))
    )
    assert "Inga siffror är bokförda ännu." in text
    assert "Inga kundfakturor är obetalda." in text
    assert "5010 0 kr" in text


def test_a_first_year_has_nothing_to_compare_with() -> None:
    text = body_of(report(last_year=()))
    assert "Oktober gav ett överskott på 25 301 kr. Hittills" in text
    assert "inga siffror i oktober 2025" in text


def test_a_broken_fiscal_year_keeps_its_order() -> None:
    months = tuple(MonthFigures(month, 100_00, 0, 100_00) for month in ("2025-11", "2025-12", "2026-01"))
    page = page_of(
        report(month="2026-01", months=months, last_year=(MonthFigures("2025-02", 5_00, 0, 5_00),))
    )
    assert [row[0] for row in rows_of(page, "Intäkter per månad")[1:]] == [
        "November 2025",
        "December 2025",
        "Januari 2026",
        "Februari 2026",
    ]
    assert "2024–2025 2025–2026" in text_of(page)


@pytest.mark.parametrize("largest", [1, 99, 100, 12_345, 10**7 + 1, 9 * 10**8, 10**14])
def test_the_scale_holds_every_amount(largest: int) -> None:
    months = (MonthFigures("2026-09", largest, largest, -largest), MonthFigures("2026-10", 0, 0, largest))
    page = page_of(report(months=months, last_year=()))
    for bar in page.iter(f"{XHTML}rect"):
        assert float(bar.get("y", "0")) >= 0
        assert float(bar.get("y", "0")) + float(bar.get("height", "0")) <= 203
    labels = [text.text or "" for text in page.iter(f"{XHTML}text") if text.get("class") == "amounts"]
    assert 6 <= len(labels) <= 21
    assert all(len(label) <= 14 for label in labels)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><iframe src='//exempel.se'>",
    "&lt;b&gt; &amp; <![CDATA[ ]]> <!-- -->",
    "Bo\x00\x1b\ud800\uffff AB \u202etxet",
    "${7*7} {{7*7}} {0} %s",
    "x" * 5000,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    hostile = report(
        company_name=text,
        org_no=text,
        receivables_by_age=(AgeBand(text, 1, 1),),
        largest_customers=(NamedAmount(text, 1),),
        largest_costs=(NamedAmount(text, -1),),
        key_figures=(KeyFigure(text, text, text),),
    )
    printed = re.sub(r"[\x00\x1b\ud800\uffff\u202e]", "", text)
    assert text_of(page_of(hostile)).count(printed) == 9
    seen, usual = elements_of(render_html(hostile)), elements_of(render_html(report()))
    assert seen.names == usual.names
    assert seen.attributes == usual.attributes


def test_nothing_runs_and_nothing_is_fetched() -> None:
    document = render_html(report())
    elements = elements_of(document)
    assert not elements.names & {"script", "link", "img", "iframe", "object", "embed", "form", "a", "use"}
    assert not {
        name for name in elements.attributes if name.startswith("on") or name in {"src", "href", "style"}
    }
    assert "url(" not in document
    assert "@import" not in document


def test_it_says_its_language_and_encoding_and_follows_the_readers_light() -> None:
    document = render_html(report())
    assert document.startswith("<!DOCTYPE html>\n<html ")
    assert page_of(report()).get("lang") == "sv"
    assert '<meta charset="utf-8"/>' in document
    for adapted in ("prefers-color-scheme: dark", "@media print", "max-width"):
        assert adapted in document


texts = st.text(max_size=30)
amounts = st.integers(-(10**15), 10**15)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 12), amounts, amounts, amounts), max_size=14),
    st.lists(st.builds(NamedAmount, texts, amounts), max_size=4).map(tuple),
    st.lists(st.builds(AgeBand, texts, amounts, st.integers(0, 1000)), max_size=6).map(tuple),
    texts,
)
def test_any_figures_make_a_page(
    figures: list[tuple[int, int, int, int]],
    named: tuple[NamedAmount, ...],
    bands: tuple[AgeBand, ...],
    company_name: str,
) -> None:
    months = tuple(MonthFigures(f"2026-{month:02}", *amounts) for month, *amounts in figures)
    page_of(
        report(
            company_name=company_name,
            months=months,
            largest_customers=named,
            largest_costs=named,
            receivables_by_age=bands,
        )
    )


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "2026-00", "", "2026-10-01"])
def test_a_month_is_a_month(month: str) -> None:
    with pytest.raises(ValueError):
        MonthFigures(month)
    with pytest.raises(ValueError):
        report(month=month)


def test_years_before_and_after() -> None:
    assert year_before("2026-10") == "2025-10"
    assert year_after("2025-12") == "2026-12"
