"""How the client's registers and invoices are kept, in table Invoicing: one module per kind of item."""
