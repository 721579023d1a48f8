"""Prints the logo on standard input, within bounds; run by :func:`samklang.invoicing.logo.check_logo`.

Writes ``began`` and then, if the logo cannot be printed, why. Ended by the system when it takes too much.
"""

import resource
import signal
import sys

import typst

from samklang.invoicing.page import InvoicePage, Party
from samklang.invoicing.pdf import render_pdf

CPU_SECONDS = 1.0
"""An ordinary logo takes some milliseconds, the largest bitmap a fifth of a second."""

MEMORY = 640 * 2**20
"""Bytes of address space; the largest bitmap takes 400 MB with the fonts."""


def main() -> None:
    """Print the logo on the page of an empty draft."""
    content = sys.stdin.buffer.read()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    sys.stdout.write("began\n")
    sys.stdout.flush()
    nobody = Party(name="Logotyp")
    page = InvoicePage(
        draft=True, seller=nobody, logo=content, buyer=nobody, rows=(), vat_lines=(), net=0, vat=0, total=0
    )
    try:
        render_pdf(page)
    except typst.TypstError as error:
        sys.stdout.write(error.message)


if __name__ == "__main__":
    main()
