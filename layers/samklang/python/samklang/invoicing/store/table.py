"""The table all of it is in."""

from samklang.platform.settings import setting


def table() -> str:
    """The name of table Invoicing."""
    return setting("INVOICING_TABLE")
