"""A bank on this machine: the payment files that a real one would send, for the demo and the tests."""
