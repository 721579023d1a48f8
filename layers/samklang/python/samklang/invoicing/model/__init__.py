"""Customers, articles and invoices: what they are and how an invoice adds up."""
