"""What the template tells a function: names of tables, buckets and queues."""

import os


def setting(name: str) -> str:
    """The environment variable ``name``.

    Raises:
        KeyError: the template does not give it to this function; that is a fault of the template.
    """
    return os.environ[name]
