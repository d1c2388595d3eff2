"""One service on one SQLite file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from cms.errors import StoreError
from cms.store.file_lock import locked
from cms.tests.desk import desk


class TestOneService:
    def test_a_second_one_on_the_same_file_is_refused_and_told_what_to_do(self, tmp_path: Path) -> None:
        path = str(tmp_path / "cms.sqlite3")

        async def two() -> None:
            async with desk(CMS_DATABASE=path):
                with pytest.raises(
                    StoreError, match=f"process {os.getpid()}: a SQLite file is for one"
                ) as raised:
                    async with desk(CMS_DATABASE=path):
                        raise AssertionError("it started")
            assert "CMS_DATABASE=mongodb://" in str(raised.value)
            async with desk(CMS_DATABASE=path):
                pass

        asyncio.run(two())

    def test_a_service_that_does_not_start_lets_go(self, tmp_path: Path) -> None:
        database = tmp_path / "cms.sqlite3"
        database.write_text("no database at all, and long enough to be looked at as one")

        async def start() -> None:
            async with desk(CMS_DATABASE=str(database)):
                raise AssertionError("it started")

        with pytest.raises(StoreError, match="no SQLite database"):
            asyncio.run(start())
        with locked(database):
            pass

    def test_a_folder_that_takes_no_file_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match="can't be locked"), locked(tmp_path / "file" / "cms.sqlite3"):
            raise AssertionError("it was locked")
