"""Payments: what was paid, how it is spread over invoices, and what payment files say."""
