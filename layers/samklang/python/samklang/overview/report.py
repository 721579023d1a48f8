"""The monthly report as one HTML page: no scripts, nothing fetched, readable on screen, aloud and on paper.

The page is built of elements whose texts are escaped unless they already are :class:`Markup`, so a text
from a user cannot become markup by being forgotten. It is well-formed XML too.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from samklang.overview.figures import AgeBand, MonthFigures, MonthlyReport, NamedAmount, year_before
from samklang.platform.figures import MINUS, NBSP, grouped
from samklang.platform.money import round_half_up

_MONTHS = (
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
)

# Controls and halves of characters, which XML refuses, and marks that turn the direction of text.
_UNWANTED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_EMPTY_ELEMENTS = frozenset({"meta", "rect", "line"})


def render_html(report: MonthlyReport) -> str:
    """Write the page in Swedish.

    Returns:
        A whole document, to be served as ``text/html; charset=utf-8``.
    """
    title = f"Månadsrapport {_month_name(report.month)} – {report.company_name}"
    head = _element(
        "head",
        _element("meta", charset="utf-8"),
        _element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _element("meta", name="referrer", content="no-referrer"),
        _element("title", title),
        _element("style", Markup(_STYLE)),
    )
    body = _element("body", _element("main", *_sections(report)))
    document = _element("html", head, body, lang="sv", xmlns="http://www.w3.org/1999/xhtml")
    return f"<!DOCTYPE html>\n{document}\n"


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def _element(name: str, /, *children: str, **attributes: str | float) -> Markup:
    """Write an element. ``class_="x"`` is the attribute class, ``aria_label="x"`` is aria-label."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_escaped(str(value))}"' for key, value in attributes.items()
    )
    if name in _EMPTY_ELEMENTS:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{''.join(map(_escaped, children))}</{name}>")


def _escaped(text: str) -> str:
    return text if isinstance(text, Markup) else html.escape(_UNWANTED.sub("", text))


def _own_direction(text: str) -> Markup:
    """A name from a user, kept from turning the text around it when it is written from right to left."""
    return _element("bdi", text)


# The page, from top to bottom


def _sections(report: MonthlyReport) -> list[Markup]:
    return [
        _header(report),
        _tiles(report),
        _month_by_month(report),
        _year_so_far(report),
        _receivables(report.receivables_by_age),
        _element(
            "div",
            _named_amounts(
                "Största kunder",
                "Kund",
                report.largest_customers,
                "Inga fakturor till kunder ännu.",
                "revenue",
            ),
            _named_amounts(
                "Största kostnader", "Konto", report.largest_costs, "Inga kostnader är bokförda ännu.", "cost"
            ),
            class_="beside",
        ),
        _key_figures(report),
        _footer(report),
    ]


def _header(report: MonthlyReport) -> Markup:
    return _element(
        "header",
        _element("p", _own_direction(report.company_name), " · ", report.org_no, class_="company"),
        _element("h1", f"Månadsrapport {_month_name(report.month)}"),
        _element("p", _summary(report), class_="summary"),
    )


def _summary(report: MonthlyReport) -> str:
    """The month in two sentences, for who reads nothing else."""
    (now, before), (so_far, _) = report.this_month, report.so_far
    if not any((now.revenue, now.cost, now.result, so_far.revenue, so_far.cost, so_far.result)):
        return "Inga siffror är bokförda ännu. Rapporten fylls på när månaden har bokförts."
    month = _month_name(report.month).split()[0].capitalize()
    difference = now.result - before.result
    against = ""
    if before.result and difference:
        more = "mer" if difference > 0 else "mindre"
        against = f", {_kronor(abs(difference))} {more} än samma månad i fjol"
    return (
        f"{month} gav {_outcome(now.result)}{against}. Hittills i år har företaget {_outcome(so_far.result)}."
    )


def _outcome(result: int) -> str:
    if result == 0:
        return "ett nollresultat"
    return f"{'ett överskott' if result > 0 else 'ett underskott'} på {_kronor(abs(result))}"


def _tiles(report: MonthlyReport) -> Markup:
    now, before = report.this_month
    than = _month_name(before.month)
    vat = "Moms att få tillbaka" if report.vat_to_pay < 0 else "Moms att betala"
    tiles = (
        ("Intäkter", now.revenue, _change(now.revenue, before.revenue, than)),
        ("Kostnader", now.cost, _change(now.cost, before.cost, than)),
        ("Resultat", now.result, _change(now.result, before.result, than)),
        ("Likvida medel", report.liquidity, "pengar i kassa och på bank"),
        (vat, abs(report.vat_to_pay), "enligt bokföringen hittills"),
    )
    return _element(
        "section",
        _element("h2", "Månaden i korthet"),
        _element("dl", *(_tile(*tile) for tile in tiles), class_="tiles"),
    )


def _tile(name: str, amount: int, remark: str) -> Markup:
    sign = "negative" if amount < 0 else "positive"
    return _element(
        "div",
        _element("dt", name),
        _element("dd", _kronor(amount), class_=f"amount {sign}"),
        _element("dd", remark, class_="remark"),
    )


def _month_by_month(report: MonthlyReport) -> Markup:
    series = (
        _Series("Intäkter", "revenue", lambda figures: figures.revenue),
        _Series("Kostnader", "cost", lambda figures: figures.cost),
        _Series("Resultat", "result", lambda figures: figures.result),
    )
    return _element(
        "section",
        _element("h2", "Månad för månad"),
        *(_month_figure(report, one) for one in series),
    )


def _year_so_far(report: MonthlyReport) -> Markup:
    now, before = report.so_far
    rows = (
        ("Intäkter", now.revenue, before.revenue),
        ("Kostnader", now.cost, before.cost),
        ("Resultat", now.result, before.result),
    )
    first, last = report.pairs[0][0].month, report.month
    months = _month_name(last) if first >= last else f"{_month_name(first)} till {_month_name(last)}"
    return _element(
        "section",
        _element("h2", "Hittills i år"),
        _table(
            f"{months}, jämfört med samma tid året innan".capitalize(),
            ("", "I år", "I fjol", "Förändring"),
            [
                [name, _kronor(this), _kronor(earlier), _signed(this - earlier)]
                for name, this, earlier in rows
            ],
        ),
    )


def _receivables(bands: tuple[AgeBand, ...]) -> Markup:
    largest = max((abs(band.amount) for band in bands), default=0)
    rows = [
        [band.label, _bar(band.amount, largest, f"age-{min(age, 4)}"), str(band.count), _kronor(band.amount)]
        for age, band in enumerate(bands)
    ]
    amount, count = sum(band.amount for band in bands), sum(band.count for band in bands)
    total: list[str] = [_element("strong", text) for text in ("Summa", "", str(count), _kronor(amount))]
    content = (
        _table(
            "Obetalda kundfakturor efter förfallodag",
            ("Ålder", "", "Antal", "Belopp"),
            [*rows, total],
            "bars",
        )
        if count
        else _nothing("Inga kundfakturor är obetalda.")
    )
    return _element("section", _element("h2", "Kundfordringar"), content)


def _named_amounts(
    heading: str, of_what: str, items: tuple[NamedAmount, ...], when_none: str, colour: str
) -> Markup:
    largest = max((abs(item.amount) for item in items), default=0)
    rows = [
        [_own_direction(item.name), _bar(item.amount, largest, colour), _kronor(item.amount)]
        for item in items
    ]
    content = (
        _table(f"{heading} hittills i år", (of_what, "", "Belopp"), rows, "bars")
        if rows
        else _nothing(when_none)
    )
    return _element("section", _element("h2", heading), content)


def _key_figures(report: MonthlyReport) -> Markup:
    entries = (
        _element(
            "div",
            _element("dt", figure.name),
            _element("dd", figure.value, class_="amount"),
            _element("dd", figure.explanation, class_="remark"),
        )
        for figure in report.key_figures
    )
    content = (
        _element("dl", *entries, class_="tiles")
        if report.key_figures
        else _nothing("Nyckeltal visas när det finns siffror att räkna på.")
    )
    return _element("section", _element("h2", "Nyckeltal"), content)


def _footer(report: MonthlyReport) -> Markup:
    day = report.created_at
    created = f"{day.day} {_MONTHS[day.month - 1]} {day.year} kl. {day:%H.%M}"
    return _element(
        "footer",
        _element(
            "p",
            f"Rapporten skapades {created} ur företagets bokföring. Beloppen är avrundade till hela kronor.",
        ),
    )


# Graphs and tables


@dataclass(frozen=True, slots=True)
class _Series:
    """One of a month's figures: what it is called, its colour's class and how it is read."""

    name: str
    colour: str
    value: Callable[[MonthFigures], int]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A month's figure in öre beside the one a year before. None: the month is still to come."""

    month: str
    now: int | None
    before: int


@dataclass(frozen=True, slots=True)
class _Scale:
    """Öre up the axis to units of the drawing."""

    lowest: int
    highest: int
    step: int
    """Öre between two lines."""

    TOP, BOTTOM, LEFT, RIGHT, WIDTH, HEIGHT = 10.0, 202.0, 80.0, 716.0, 720, 230

    @classmethod
    def of(cls, values: list[int]) -> Self:
        """Two to six lines at round amounts, zero among them."""
        low, high = min(0, *values), max(0, *values)
        step = _round_step(high - low)
        return cls(low // step * step, -(-high // step) * step, step)

    def y(self, ore: int) -> float:
        share = (self.highest - ore) / (self.highest - self.lowest)
        return round(self.TOP + share * (self.BOTTOM - self.TOP), 1)

    def lines(self) -> range:
        return range(self.lowest, self.highest + 1, self.step)


def _round_step(span: int) -> int:
    """1, 2 or 5 with zeros, in öre, at least a krona, so that ``span`` takes at most five steps."""
    step = 100
    while True:
        for factor in (1, 2, 5):
            if span <= step * factor * 5:
                return step * factor
        step *= 10


def _month_figure(report: MonthlyReport, series: _Series) -> Markup:
    pairs = [
        _Pair(now.month, _unless_to_come(report, now.month, series.value(now)), series.value(before))
        for now, before in report.pairs
    ]
    if not any(pair.now or pair.before for pair in pairs):
        return _element("figure", _element("figcaption", series.name), _nothing("Inga siffror ännu."))
    rows = [
        [_month_name(pair.month).capitalize(), _kronor(pair.now), _kronor(pair.before), _difference(pair)]
        for pair in pairs
    ]
    numbers = _element(
        "details",
        _element("summary", "Visa siffrorna"),
        _table(f"{series.name} per månad", ("Månad", "I år", "I fjol", "Förändring"), rows),
    )
    return _element(
        "figure",
        _element("figcaption", series.name, _legend(pairs)),
        _month_graph(report.month, series, pairs),
        numbers,
        class_=series.colour,
    )


def _unless_to_come(report: MonthlyReport, month: str, ore: int) -> int | None:
    return ore if ore or month <= report.month else None


def _difference(pair: _Pair) -> str:
    return _kronor(None) if pair.now is None else _signed(pair.now - pair.before)


def _legend(pairs: list[_Pair]) -> Markup:
    years = sorted({pair.month[:4] for pair in pairs})
    before = sorted({year_before(pair.month)[:4] for pair in pairs})
    return _element(
        "span",
        _element("span", "–".join(before), class_="key before"),
        _element("span", "–".join(years), class_="key now"),
        class_="legend",
    )


def _month_graph(report_month: str, series: _Series, pairs: list[_Pair]) -> Markup:
    scale = _Scale.of([value or 0 for pair in pairs for value in (pair.now, pair.before)])
    slot = (scale.RIGHT - scale.LEFT) / len(pairs)
    title, description = f"{series.colour}-title", f"{series.colour}-description"
    return _element(
        "svg",
        _element("title", f"{series.name} per månad mot året innan", id=title),
        _element("desc", _described(series, pairs), id=description),
        *_grid_lines(scale),
        *(
            _month_bars(scale, scale.LEFT + index * slot, slot, pair, is_current=pair.month == report_month)
            for index, pair in enumerate(pairs)
        ),
        viewBox=f"0 0 {scale.WIDTH} {scale.HEIGHT}",
        role="img",
        aria_labelledby=f"{title} {description}",
    )


def _described(series: _Series, pairs: list[_Pair]) -> str:
    table = "Alla siffror finns i tabellen under grafen."
    known = [(pair.now, pair.month) for pair in pairs if pair.now is not None]
    if not known:
        return table
    (highest, highest_month), (lowest, lowest_month) = max(known), min(known)
    return (
        f"{series.name} var störst i {_month_name(highest_month)}, {_kronor(highest)}, "
        f"och minst i {_month_name(lowest_month)}, {_kronor(lowest)}. {table}"
    )


def _grid_lines(scale: _Scale) -> list[Markup]:
    unit = _axis_unit(max(abs(scale.lowest), abs(scale.highest)))
    lines: list[Markup] = []
    for ore in scale.lines():
        y = scale.y(ore)
        kind = "line" if ore else "line zero"
        lines += (
            _element("line", x1=scale.LEFT, x2=scale.RIGHT, y1=y, y2=y, class_=kind),
            _element("text", _axis_label(ore, *unit), x=scale.LEFT - 8, y=y + 4, class_="amounts"),
        )
    return lines


def _month_bars(scale: _Scale, left: float, slot: float, pair: _Pair, *, is_current: bool) -> Markup:
    middle = left + slot / 2
    now = pair.now or 0
    told = (
        f"{_month_name(pair.month)}: {_kronor(pair.now)}. "
        f"{_month_name(year_before(pair.month)).capitalize()}: {_kronor(pair.before)}."
    )
    return _element(
        "g",
        _element("title", told[0].upper() + told[1:]),
        _upright(scale, pair.before, middle - slot * 0.36, slot * 0.32, "before"),
        _upright(scale, now, middle - slot * 0.02, slot * 0.38, "now loss" if now < 0 else "now"),
        _element(
            "text",
            _MONTHS[int(pair.month[5:]) - 1][:3],
            x=round(middle, 1),
            y=scale.BOTTOM + 20,
            class_="months current" if is_current else "months",
        ),
    )


def _upright(scale: _Scale, ore: int, left: float, width: float, kind: str) -> Markup:
    if not ore:
        return Markup()
    top, bottom = sorted((scale.y(ore), scale.y(0)))
    return _element(
        "rect",
        x=round(left, 1),
        y=top,
        width=round(width, 1),
        height=round(max(bottom - top, 1), 1),
        class_=kind,
    )


def _bar(ore: int, largest: int, colour: str) -> Markup:
    """A lying bar as long as its share of the largest, unseen by screen readers: the amount is beside it."""
    share = round(100 * abs(ore) / largest, 1) if largest else 0
    kind = f"{colour} loss" if ore < 0 else colour
    return _element(
        "svg",
        _element("rect", width=share, height=10, class_=kind),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
        class_="bar",
    )


def _table(caption: str, heads: tuple[str, ...], rows: list[list[str]], kind: str = "figures") -> Markup:
    """A table whose first column names its rows. A head without text is for a bar or is the corner."""
    return _element(
        "table",
        _element("caption", caption),
        _element("thead", _element("tr", *map(_head, heads))),
        _element("tbody", *(_table_row(row) for row in rows)),
        class_=kind,
    )


def _head(words: str) -> Markup:
    return _element("th", words, scope="col") if words else _element("td")


def _table_row(cells: list[str]) -> Markup:
    name, *values = cells
    return _element("tr", _element("th", name, scope="row"), *(_element("td", value) for value in values))


def _nothing(words: str) -> Markup:
    return _element("p", words, class_="nothing")


# Swedish words for numbers and months


def _month_name(month: str) -> str:
    return f"{_MONTHS[int(month[5:]) - 1]} {month[:4]}"


def _kronor(ore: int | None) -> str:
    """Öre as whole kronor: 12530050 is ``125 301 kr``. A dash when there is no figure."""
    if ore is None:
        return "–"
    kronor = round_half_up(Decimal(ore) / 100)
    return f"{grouped(kronor)}{NBSP}kr"


def _signed(ore: int) -> str:
    return f"+{_kronor(ore)}" if ore > 0 else _kronor(ore)


def _change(now: int, before: int, than: str) -> str:
    """How much more or less: in percent while that tells something, else in kronor."""
    if not before:
        return f"inga siffror i {than}"
    if now == before:
        return f"som i {than}"
    percent = round_half_up(Decimal(100 * (now - before)) / before)
    if before < 0 or now < 0 or abs(percent) >= 1000:  # noqa: PLR2004 - four digits of percent tell nothing
        return f"{_signed(now - before)} mot {than}"
    sign = "+" if percent >= 0 else MINUS
    return f"{sign}{abs(percent)}{NBSP}% mot {than}"


def _axis_unit(largest: int) -> tuple[int, str]:
    """The unit that keeps an axis' labels short, and how many öre it holds."""
    for ore, name in ((10**8, "mkr"), (10**5, "tkr")):
        if largest >= ore:
            return ore, name
    return 100, "kr"


def _axis_label(ore: int, unit: int, name: str) -> str:
    number = f"{Decimal(abs(ore)) / unit:f}".replace(".", ",")
    return f"{MINUS if ore < 0 else ''}{number}{NBSP}{name}" if ore else "0"


_STYLE = """
:root { color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1d2733; --quiet: #576574; --line: #dfe4e7;
  --revenue: #1c6e8c; --cost: #b3691b; --result: #3c7a4a; --loss: #b3392f; --before: #b9c4cb;
  --age-0: #3c7a4a; --age-1: #a5892a; --age-2: #c27425; --age-3: #bd5528; --age-4: #b3392f; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14191f; --card: #1c232b; --ink: #e6ebef; --quiet: #a3b0bb; --line: #323c46;
  --revenue: #5db4d3; --cost: #e0a052; --result: #79bd88; --loss: #ee8277; --before: #56636e;
  --age-0: #79bd88; --age-1: #d6bd5f; --age-2: #e0a052; --age-3: #e8895c; --age-4: #ee8277; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
h1, h2, p, dl, dd, figure { margin: 0; }
h1 { font-size: clamp(1.7rem, 5vw, 2.4rem); line-height: 1.15; letter-spacing: -0.015em;
  margin: 0.25rem 0 0.75rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.75rem; }
bdi, .company, .summary, .remark, dt { overflow-wrap: anywhere; }
.company, .remark, .nothing, caption, footer { color: var(--quiet); }
.summary { font-size: 1.15rem; max-width: 42rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.75rem; }
.tiles > div, figure, table.bars, section > table, .nothing { background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; }
.tiles > div { padding: 0.9rem 1rem; }
dt { font-size: 0.9rem; color: var(--quiet); }
dd.amount { font-size: 1.4rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.negative { color: var(--loss); }
.remark { font-size: 0.85rem; line-height: 1.4; margin-top: 0.15rem; }
.nothing { padding: 1rem; }
figure { padding: 1rem; margin-bottom: 0.75rem; }
figure .nothing { border: 0; padding: 0.5rem 0 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.25rem 1rem;
  font-weight: 600; }
.legend { font-weight: 400; font-size: 0.85rem; color: var(--quiet); }
.key { margin-left: 1rem; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em;
  border-radius: 2px; background: var(--colour, var(--quiet)); }
.key.before::before { background: var(--before); }
.revenue { --colour: var(--revenue); } .cost { --colour: var(--cost); } .result { --colour: var(--result); }
.age-0 { --colour: var(--age-0); } .age-1 { --colour: var(--age-1); } .age-2 { --colour: var(--age-2); }
.age-3 { --colour: var(--age-3); } .age-4 { --colour: var(--age-4); }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 12px; fill: var(--quiet); }
svg .amounts { text-anchor: end; } svg .months { text-anchor: middle; }
svg .current { fill: var(--ink); font-weight: 700; }
.line { stroke: var(--line); } .line.zero { stroke: var(--quiet); }
rect { fill: var(--colour); } rect.before { fill: var(--before); } rect.loss { fill: var(--loss); }
svg.bar { height: 0.7rem; min-width: 3rem; }
details { margin-top: 0.5rem; }
summary { cursor: pointer; font-size: 0.9rem; color: var(--quiet); }
table { width: 100%; border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: 0.85rem; padding: 0 0 0.4rem; }
th, td { padding: 0.45rem 0.9rem; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
thead th, thead td { border-top: 0; font-size: 0.85rem; font-weight: 500; color: var(--quiet); }
th:first-child, thead td:first-child { text-align: left; }
tbody th { font-weight: 500; white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
table.bars td:nth-child(2) { width: 40%; }
.beside { display: grid; gap: 0 0.75rem;
  grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
.beside table.bars td:nth-child(2) { width: 28%; }
footer { margin-top: 2.5rem; font-size: 0.85rem; }
section, figure { overflow-x: auto; }
@media (max-width: 40rem) {
  main { padding: 1.5rem 0.75rem; }
  th, td { padding: 0.4rem 0.3rem; }
  tbody th { min-width: 4.5rem; }
  table { font-size: 0.8rem; }
  svg text { font-size: 18px; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #ccc;
    --revenue: #1c6e8c; --cost: #b3691b; --result: #3c7a4a; --loss: #b3392f; --before: #b9c4cb;
    --age-0: #3c7a4a; --age-1: #a5892a; --age-2: #c27425; --age-3: #bd5528; --age-4: #b3392f; }
  @page { size: A4; margin: 15mm; }
  body { font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { max-width: none; padding: 0; }
  h2, figcaption, caption { break-after: avoid; }
  h2 { margin-top: 1.2rem; }
  th, td { padding: 0.12rem 0.6rem; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); }
  dd.amount { font-size: 1.15rem; }
  section, figure { overflow: visible; }
  figure svg { max-width: 80%; margin: 0 auto; }
  section > table, tr, svg, .tiles > div { break-inside: avoid; }
  summary { display: none; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
"""
