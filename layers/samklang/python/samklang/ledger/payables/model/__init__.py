"""What the payables subledger is made of."""
