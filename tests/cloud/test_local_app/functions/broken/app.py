"""Cannot be loaded."""

raise RuntimeError("as asked")
