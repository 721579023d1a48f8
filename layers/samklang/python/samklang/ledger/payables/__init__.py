"""Payables: suppliers, their invoices, and how these are paid."""
