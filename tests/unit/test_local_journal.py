from pathlib import Path
from typing import Any

import pytest

from local.journal import Journal


class Store:
    """Something that is kept in a journal."""

    def __init__(self, folder: Path, rotate_at: int = 1 << 30) -> None:
        self.journal = Journal(folder, rotate_at=rotate_at)
        state, changes = self.journal.recover()
        self.items: dict[str, Any] = state or {}
        self.items.update(changes)
        self.journal.open()

    def put(self, key: str, value: Any) -> None:
        self.items[key] = value
        self.journal.append((key, value))
        self.journal.commit()

    def crash(self) -> None:
        """What is left of a process after kill -9: its files."""
        self.journal.close()


def test_given_committed_changes_when_it_crashes_then_they_are_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("a", 1)
    store.put("b", {"c": [1, 2]})
    store.crash()

    assert Store(tmp_path).items == {"a": 1, "b": {"c": [1, 2]}}


def test_given_a_change_not_committed_when_it_crashes_then_it_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("a", 1)
    store.journal.append(("b", 2))
    store.crash()

    assert Store(tmp_path).items == {"a": 1}


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_given_a_record_cut_off_when_recovered_then_what_is_before_it_is_there(
    tmp_path: Path, lost: int
) -> None:
    store = Store(tmp_path)
    store.put("a", 1)
    store.put("b", "a longer value, so that twenty bytes are a part of it")
    store.crash()
    (path,) = tmp_path.glob("journal-*.log")
    path.write_bytes(path.read_bytes()[:-lost])

    assert Store(tmp_path).items == {"a": 1}


def test_given_a_snapshot_when_recovered_then_older_files_are_gone_and_later_changes_are_there(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    store.put("a", 1)
    store.journal.snapshot(lambda: store.items)
    store.put("b", 2)
    store.crash()

    assert len(list(tmp_path.glob("journal-*.log"))) == 1
    assert Store(tmp_path).items == {"a": 1, "b": 2}


def test_given_a_long_journal_when_a_child_writes_the_snapshot_then_nothing_is_lost(tmp_path: Path) -> None:
    store = Store(tmp_path, rotate_at=100)
    store.put("a", "x" * 200)
    assert store.journal.is_long
    store.journal.snapshot_in_child(lambda: store.items)
    store.put("b", 2)
    store.journal.reap(wait=True)
    store.put("c", 3)
    store.crash()

    assert not list(tmp_path.glob("*.tmp"))
    assert len(list(tmp_path.glob("snapshot-*.pickle"))) == 1
    assert Store(tmp_path).items == {"a": "x" * 200, "b": 2, "c": 3}


def test_given_a_snapshot_never_finished_when_recovered_then_all_journals_are_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("a", 1)
    store.journal.open()  # a new generation, whose snapshot was not finished
    store.put("b", 2)
    (tmp_path / "snapshot-00000002.tmp").write_bytes(b"half")
    store.crash()

    assert Store(tmp_path).items == {"a": 1, "b": 2}


def test_given_data_in_use_when_another_opens_them_then_it_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with pytest.raises(RuntimeError, match="another store"):
        Store(tmp_path)
    store.crash()
