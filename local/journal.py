"""A journal of changes on top of snapshots: what was written is there after ``kill -9``.

A change is handed to the operating system before the request that made it is answered, so only a
crash of the machine itself can lose one (there is no fsync). Files come in generations: journal N
holds what happened after snapshot N. A new generation begins with an empty journal; its snapshot is
written by a forked child from the memory as it was at that instant, so requests are not held up.
"""

import contextlib
import fcntl
import os
import pickle
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_HEADER = struct.Struct(">II")  # length and CRC-32 of what follows

Change = tuple[Any, ...]


class Journal:
    """The journal and snapshots in one folder."""

    def __init__(self, folder: Path, *, rotate_at: int = 64 * 1024 * 1024) -> None:
        """Open the folder; nothing is read until :meth:`recover`.

        Args:
            folder: Where the files are.
            rotate_at: Size in bytes at which a journal asks for a new generation.
        """
        self._folder = folder
        self._rotate_at = rotate_at
        self._pending: deque[Change] = deque()
        self._file = -1
        self._size = 0
        self._generation = 0
        self._child: int | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"another store uses the data in {folder}") from None

    # -------------------------------------------------------------------------------------- reading

    def recover(self) -> tuple[Any, Iterator[Change]]:
        """The newest whole snapshot (or None) and the changes after it, oldest first."""
        snapshots = sorted(self._folder.glob("snapshot-*.pickle"))
        base = _number(snapshots[-1]) if snapshots else 0
        state = None
        if snapshots:
            with snapshots[-1].open("rb") as file:
                state = pickle.load(file)  # noqa: S301 - our own file
        generations = [n for n in self._generations() if n >= base]
        self._generation = max(generations, default=base)
        return state, self._changes(generations)

    def _generations(self) -> list[int]:
        return sorted(_number(path) for path in self._folder.glob("journal-*.log"))

    def _changes(self, generations: list[int]) -> Iterator[Change]:
        for generation in generations:
            yield from _read(self._journal(generation))

    # -------------------------------------------------------------------------------------- writing

    def open(self) -> None:
        """Begin a generation of its own for what is written from now on."""
        self._generation += 1
        self._open()

    def append(self, change: Change) -> None:
        """Remember a change; it is written by the next :meth:`commit`."""
        self._pending.append(change)

    def commit(self) -> list[Change]:
        """Write what has been remembered, and give it back."""
        if not self._pending:
            return []
        # Taken one by one: a thread of ministack's may be appending.
        changes = [self._pending.popleft() for _ in range(len(self._pending))]
        payload = pickle.dumps(changes, protocol=pickle.HIGHEST_PROTOCOL)
        record = _HEADER.pack(len(payload), zlib.crc32(payload)) + payload
        view = memoryview(record)
        while view:  # a disk that is nearly full may take a part
            view = view[os.write(self._file, view) :]
        self._size += len(record)
        return changes

    def close(self) -> None:
        """Let go of the files; what has not been committed is not written."""
        os.close(self._file)
        self._lock.close()

    @property
    def is_long(self) -> bool:
        """Whether it is time for a new generation (and none is being written)."""
        return self._size > self._rotate_at and self._child is None

    def snapshot(self, state: Callable[[], Any]) -> None:
        """Write a snapshot now and drop what it replaces."""
        self.commit()
        self.reap(wait=True)
        self._generation += 1
        self._open()
        self._write_snapshot(state())
        self._drop_older()

    def snapshot_in_child(self, state: Callable[[], Any]) -> None:
        """Begin a new generation; a child process writes its snapshot."""
        self.commit()
        self._generation += 1
        self._open()
        child = os.fork()
        if child:
            self._child = child
            return
        status = 1
        # The child has a copy of this process's sockets: without them it cannot hold a port.
        try:
            os.closerange(3, os.sysconf("SC_OPEN_MAX"))
            self._write_snapshot(state())
            status = 0
        finally:
            os._exit(status)

    def reap(self, *, wait: bool = False) -> None:
        """When the child has written its snapshot, drop what the snapshot replaces."""
        if self._child is None:
            return
        pid, status = os.waitpid(self._child, 0 if wait else os.WNOHANG)
        if pid:
            self._child = None
            if status == 0:
                self._drop_older()

    # -------------------------------------------------------------------------------------- files

    def _journal(self, generation: int) -> Path:
        return self._folder / f"journal-{generation:08d}.log"

    def _open(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._file = os.open(self._journal(self._generation), flags, 0o600)
        self._size = 0

    def _write_snapshot(self, state: Any) -> None:
        path = self._folder / f"snapshot-{self._generation:08d}.pickle"
        unfinished = path.with_suffix(".tmp")
        with unfinished.open("wb") as file:
            pickle.dump(state, file, protocol=pickle.HIGHEST_PROTOCOL)
        unfinished.replace(path)

    def _drop_older(self) -> None:
        newest = _number(max(self._folder.glob("snapshot-*.pickle")))
        for path in [*self._folder.glob("journal-*.log"), *self._folder.glob("snapshot-*.pickle")]:
            if _number(path) < newest:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _read(path: Path) -> Iterator[Change]:
    """The changes of one journal; a record cut off by a crash was never answered, and ends it."""
    with path.open("rb") as file:
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            length, checksum = _HEADER.unpack(header)
            payload = file.read(length)
            if len(payload) < length or zlib.crc32(payload) != checksum:
                return
            yield from pickle.loads(payload)  # noqa: S301 - our own file
