"""What vouchers, accounts, open items and the books' head are: one module per kind of thing."""
