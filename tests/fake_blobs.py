"""A blob store that fails when a test says so."""

from collections.abc import Iterable
from typing import BinaryIO

from tickets.storage import Blob, BlobStore


class FakeBlobs:
    """The real store, which fails every time while `error` is set: a full disk, a bucket out of reach."""

    def __init__(self, real: BlobStore) -> None:
        self.real = real
        self.error: Exception | None = None

    def put(self, chunks: Iterable[bytes], *, limit: int) -> Blob:
        self._fail()
        return self.real.put(chunks, limit=limit)

    def open(self, hash_: str) -> BinaryIO:
        self._fail()
        return self.real.open(hash_)

    def delete(self, hash_: str) -> None:
        self._fail()
        self.real.delete(hash_)

    def check(self) -> None:
        self._fail()
        self.real.check()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error.with_traceback(None)  # without the ways of the times before
