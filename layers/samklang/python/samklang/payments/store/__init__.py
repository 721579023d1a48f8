"""How payments, customers' credit, payment files and learned payers are kept."""
