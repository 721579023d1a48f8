"""How the books are kept, in table Ledger: one module per kind of item, all under ``COMPANY#id``."""
