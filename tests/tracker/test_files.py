"""Files that are whole or not there, and their owner's alone."""

import os
import stat
from pathlib import Path

from tracker import files


def test_a_file_is_its_owners_alone_whatever_the_process_allows(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        unfinished = files.begin(tmp_path / "person.json")
        files.put_in_place(unfinished, tmp_path / "person.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "person.json").stat().st_mode) == 0o600


def test_what_an_interrupted_attempt_left_is_replaced(tmp_path: Path) -> None:
    files.begin(tmp_path / "person.json").write_text("half of it")
    assert files.begin(tmp_path / "person.json").read_text() == ""
    assert not (tmp_path / "person.json").exists()
