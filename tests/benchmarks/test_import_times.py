"""How long each function's import takes: most of a cold start that is ours to shorten."""

import statistics
import sys

from tests.unit.test_imports import FUNCTIONS, imported_function

RUNS = 5


def test_import_times() -> None:
    times = {function: _median_ms(function) for function in FUNCTIONS}
    rows = sorted(times.items(), key=lambda row: -row[1])
    lines = [f"| {function.removesuffix('Function'):<22} | {ms:>11.0f} |" for function, ms in rows]
    head = [
        f"\nImport in a fresh process, median of {RUNS}",
        f"| {'Function':<22} | {'Import (ms)':>11} |",
        f"|{'-' * 24}|{'-' * 12}:|",
    ]
    sys.stdout.write("\n".join([*head, *lines]) + "\n")


def _median_ms(function: str) -> float:
    return 1000 * statistics.median(imported_function(function).seconds for _ in range(RUNS))
