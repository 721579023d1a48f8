"""SIE files: a year of the books handed over, and a file's balances or vouchers taken in."""
