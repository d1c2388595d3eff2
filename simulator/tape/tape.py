"""A tape as a file: written line by line, read line by line, compressed where its name ends in .gz."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from simulator.errors import TapeError, TapeLineError
from simulator.tape.line import LONGEST_LINE, Speller, Taped, masked, taped

STDOUT = Path("-")
COMPRESSION = 3
"""Three times as fast as gzip's own choice, for a file that is a fifth larger."""
BUFFER = 1 << 16


class TapeWriter:
    """A new tape, for its owner only, because it may hold secrets; a context manager.

    TapeError if the file is there already or the disk does not take it. The same messages give the same
    bytes, compressed too. `-` is standard output.
    """

    def __init__(self, path: Path, *, mask: bool = False) -> None:
        self.path = path
        self.written = 0
        self._mask = mask
        self._speller = Speller()
        self._raw: IO[bytes] | None = None
        self._out: IO[bytes] | None = None
        self._buffer: list[str] = []
        self._size = 0

    def keep(self, time_ms: int, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Write one message, at some time before the end or the next `flush`."""
        line = self._speller.line(time_ms, topic, masked(payload) if self._mask else payload, qos, retain)
        self._buffer.append(line)
        self._size += len(line)
        self.written += 1
        if self._size > BUFFER:
            self.flush()

    @property
    def size(self) -> int:
        """How many bytes the disk has of it, as of the last `flush`; 0 for standard output."""
        return 0 if self._raw is None else self._raw.tell()

    def flush(self) -> None:
        """Hand everything over to the disk, whole lines only."""
        text, self._size = "".join(self._buffer), 0
        self._buffer.clear()
        try:
            if self._out is not None:
                self._out.write(text.encode("ascii"))
                self._out.flush()
        except BrokenPipeError:
            raise
        except OSError as exc:
            raise TapeError(f"--out {self.path}: the disk did not take it ({exc.strerror}).") from exc

    def __enter__(self) -> Self:
        if self.path == STDOUT:
            self._out = sys.stdout.buffer
            return self
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as exc:
            raise TapeError(f"--out {self.path}: it is there already; a new file was wanted.") from exc
        except OSError as exc:
            sentence = f"--out {self.path}: a file that can be written was wanted ({exc.strerror})."
            raise TapeError(sentence) from exc
        self._raw = self._out = os.fdopen(handle, "wb", buffering=0)
        if self.path.suffix == ".gz":
            self._out = gzip.GzipFile("", "wb", COMPRESSION, self._raw, mtime=0)  # type: ignore[assignment] # gzip's own reader and writer are no IO[bytes] in typeshed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        finally:
            out, raw, self._out, self._raw = self._out, self._raw, None, None
            if raw is not None and out is not None:
                out.close()
                raw.close()


class TapeReader:
    """A tape's messages, as they are read. `skipped` counts lines that were wrong and passed over (lenient).

    TapeError with file and line for a file that can't be read, or a line that is wrong.
    """

    def __init__(self, path: Path, *, lenient: bool = False) -> None:
        self.path = path
        self.skipped = 0
        self.trouble: Counter[str] = Counter()
        self._lenient = lenient

    def __iter__(self) -> Iterator[Taped]:
        number = 0
        for number, line in enumerate(self._lines(), start=1):
            if not line.strip():
                continue
            try:
                message = taped(line)
            except TapeLineError as exc:
                self._wrong(number, str(exc))
                continue
            yield message

    def _lines(self) -> Iterator[str]:
        """The lines; the end of a compressed file that is cut short is a wrong line of its own."""
        number = 0
        try:
            with self._opened() as file:
                while line := file.readline(LONGEST_LINE + 1):
                    number += 1
                    yield line.decode("utf-8", "replace")
                    while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                        line = file.readline(LONGEST_LINE + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            self._wrong(number + 1, "line: the compressed file is cut short or damaged here", exc)
        except OSError as exc:
            sentence = f"{self.path}: a file that can be read was wanted ({exc.strerror})."
            raise TapeError(sentence) from exc

    def _opened(self) -> IO[bytes]:
        if self.path == STDOUT:
            return sys.stdin.buffer
        if self.path.suffix == ".gz":
            return gzip.open(self.path, "rb")  # type: ignore[return-value] # as in TapeWriter
        return self.path.open("rb")

    def _wrong(self, number: int, why: str, cause: BaseException | None = None) -> None:
        if not self._lenient:
            raise TapeError(f"{self.path}:{number}: {why}.") from cause
        self.skipped += 1
        self.trouble[why] += 1
