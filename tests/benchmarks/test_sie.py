"""How long SIE files take to read, checked in every way, against the least a reader could do; and to write.

Ratios count, not seconds: the sides are timed in the same run, in turns, and the best of each is taken.
"""

from __future__ import annotations

import gc
import io
import re
import subprocess
import sys
import time
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import pytest

from samklang.formats import sie

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VOUCHERS = 100_000
ROUNDS = 5
SLOWEST = 1.5
"""Times the fast split loop."""
FLAT_KIB = 6_144
"""Memory more for 100,000 vouchers than for ten that still counts as flat."""

HEAD = sie.Head(
    program=("Mätning", "1"),
    made=date(2026, 12, 31),
    company="Övningsbolaget AB",
    years={0: sie.Year(date(2026, 1, 1), date(2026, 12, 31))},
    accounts={
        number: sie.Account(number, name)
        for number, name in (("1510", "Kundfordringar"), ("2611", "Moms"), ("3001", "Försäljning"))
    },
    objects={("1", "Nord"): "Norra", ("1", "Syd"): "Södra"},
    opening={0: {"1510": sie.Balance(0)}},
)


def vouchers(count: int, *, details: bool) -> Iterator[sie.Voucher]:
    """Sales, numbered without a gap, of every month."""
    for number in range(1, count + 1):
        day = date(2026, 1 + (number - 1) * 12 // count, 1 + number % 28)
        net = 10_000 + number * 7 % 90_000
        vat = net // 4
        text = f"Faktura {number} Kalles Plåt AB"
        some: tuple[sie.Detail, ...] = ()
        if details:
            place = sie.Detail((("1", "Nord" if number % 2 else "Syd"),))
            some = (sie.Detail(text="Kalles Plåt AB"), place, sie.Detail(text="Moms 25 %"))
        rows = ("1510", "3001", "2611"), (net + vat, -net, -vat)
        yield sie.Voucher("K", number, day, text, *rows, some, day if details else None)


@cache
def file_of(count: int, *, details: bool, checksum: bool) -> bytes:
    data = b"".join(sie.Writer(HEAD).write(vouchers(count, details=details)))
    return data if checksum else re.sub(rb"#KSUMMA[^\n]*\n", b"", data)


def seconds(*functions: Callable[[], object]) -> list[float]:
    """CPU seconds of each function: the best of some rounds, the functions taking turns."""
    best = [float("inf")] * len(functions)
    for _ in range(ROUNDS):
        for place, function in enumerate(functions):
            gc.collect()
            start = time.process_time()
            function()
            best[place] = min(best[place], time.process_time() - start)
    return best


FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|\{([^}]*)\}|([^\s"{}]+)')


def fast_split(data: bytes) -> None:
    """The fields of every line, as lists of texts: ``split`` where it will do, else a pattern. No more."""
    for line in io.TextIOWrapper(io.BytesIO(data), "cp437"):
        if '"' in line:
            _ = [quoted or objects or bare for quoted, objects, bare in FIELD.findall(line)]
        else:
            _ = line.split()


def read(data: bytes) -> None:
    last: sie.Voucher | sie.Summary | None = None
    for last in sie.read(io.BytesIO(data)):  # noqa: B007 - the last is wanted
        pass
    assert isinstance(last, sie.Summary)
    assert (last.vouchers, last.counts) == (VOUCHERS, {})


def write(items: list[sie.Voucher]) -> None:
    for _ in sie.Writer(HEAD).write(items):
        pass


@pytest.mark.parametrize("details", [False, True], ids=["amounts alone", "with texts and objects"])
def test_reading_against_the_fast_split_loop_and_writing_against_reading(*, details: bool) -> None:
    data = file_of(VOUCHERS, details=details, checksum=False)
    summed = file_of(VOUCHERS, details=details, checksum=True)
    items = list(vouchers(VOUCHERS, details=details))
    gc.collect()
    gc.freeze()  # the vouchers to be written are ours: going through them is no part of reading or writing
    split, reader, checked, writer = seconds(
        lambda: fast_split(data), lambda: read(data), lambda: read(summed), lambda: write(items)
    )
    gc.unfreeze()
    kind = "with texts and objects" if details else "amounts alone"
    print(f"\nSIE, {VOUCHERS} vouchers {kind}, {len(data) / 1e6:.1f} MB:")
    print(f"  read with every check in {reader:.3f} s, {reader / split:.2f}x the split loop ({split:.3f} s)")
    print(f"  with checksum in {checked:.3f} s, {checked / split:.2f}x")
    print(f"  written with checksum in {writer:.3f} s, {writer / checked:.2f}x reading it")
    assert reader < SLOWEST * split
    assert writer < reader


READ_A_FILE = """
import re, sys
from samklang.formats import sie
with open(sys.argv[1], "rb") as stream:
    for item in sie.read(stream):
        pass
with open("/proc/self/status") as status:
    print(item.vouchers, re.search(r"VmHWM:\\s+(\\d+)", status.read())[1])
"""
"""Not ru_maxrss: a child begins with its parent's."""


def test_memory_is_flat(tmp_path: Path) -> None:
    peaks = []
    for count in (10, 1_000, VOUCHERS):
        path = tmp_path / str(count)
        path.write_bytes(file_of(count, details=True, checksum=True))
        command = [sys.executable, "-c", READ_A_FILE, str(path)]
        environment = {"PYTHONPATH": ":".join(sys.path)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        read_vouchers, most = map(int, done.stdout.split())
        assert read_vouchers == count
        peaks.append(most)
    print(f"\nSIE: peak {peaks} KiB of the process for 10, 1,000 and {VOUCHERS} vouchers")
    assert peaks[-1] < peaks[0] + FLAT_KIB
