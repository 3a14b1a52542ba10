"""Blobs: recordings under the SHA-256 of their content, in a folder or in an S3 bucket. The same sound is stored once."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import unquote, urlsplit


class StorageError(Exception):
    """The blob store cannot do it; the message says what and how to mend it."""


class TooLarge(Exception):
    """The content is longer than the limit; nothing was stored."""


@dataclass(frozen=True)
class Blob:
    """What was stored: hex SHA-256 of the content, and its length in bytes."""

    hash: str
    size: int


class BlobStore(Protocol):
    """Write once, read many. Hashes are lower-case hex SHA-256."""

    def put(self, chunks: Iterable[bytes], *, limit: int) -> Blob:
        """Store a stream. Raises TooLarge after `limit` bytes, and whatever `chunks` raises; then nothing is kept."""

    def open(self, hash_: str) -> BinaryIO:
        """The content, seekable. Raises KeyError when it is not there."""

    def delete(self, hash_: str) -> None:
        """Forget the content; nothing happens when it is not there."""

    def check(self) -> None:
        """Write, read and delete something small. Raises StorageError."""


def _spool(chunks: Iterable[bytes], into: BinaryIO, limit: int) -> Blob:
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit} bytes")
        digest.update(chunk)
        into.write(chunk)
    return Blob(digest.hexdigest(), size)


class FileStore:
    """Blobs as files below a folder, in subfolders by the first two digits of the hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, hash_: str) -> Path:
        if len(hash_) != 64 or not all(digit in "0123456789abcdef" for digit in hash_):
            raise KeyError(hash_)
        return self.folder / hash_[:2] / hash_

    def put(self, chunks: Iterable[bytes], *, limit: int) -> Blob:
        """As the protocol promises; a reader never sees half a file, also when the machine stops in the middle."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".part-", delete=False) as part:
            try:
                blob = _spool(chunks, cast(BinaryIO, part), limit)
                part.flush()
                os.fsync(part.fileno())
                target = self._path(blob.hash)
                target.parent.mkdir(exist_ok=True)
                Path(part.name).replace(target)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
        return blob

    def open(self, hash_: str) -> BinaryIO:
        """As the protocol promises."""
        try:
            return self._path(hash_).open("rb")
        except FileNotFoundError as error:
            raise KeyError(hash_) from error

    def delete(self, hash_: str) -> None:
        """As the protocol promises."""
        self._path(hash_).unlink(missing_ok=True)

    def check(self) -> None:
        """As the protocol promises."""
        try:
            probe = self.put([os.urandom(16)], limit=16)
            self.open(probe.hash).close()
            self.delete(probe.hash)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StorageError(
                f"cannot write to {self.folder}: {reason}. Mend its permissions or set BLOB_URL."
            ) from error


class S3Store:
    """Blobs as objects of a bucket, below a prefix. Credentials and endpoint come from the usual AWS settings."""

    def __init__(self, bucket: str, prefix: str) -> None:
        try:
            import boto3
        except ImportError as error:
            raise StorageError(
                "BLOB_URL names s3:// but boto3 is missing. Install it: pip install 'helpline[s3]'"
            ) from error
        self.bucket, self.prefix = bucket, prefix.strip("/")
        self._client: Any = boto3.client("s3")

    def _key(self, hash_: str) -> str:
        return f"{self.prefix}/{hash_}" if self.prefix else hash_

    def put(self, chunks: Iterable[bytes], *, limit: int) -> Blob:
        """As the protocol promises; the stream is spooled to a temporary file first, to know its hash."""
        with tempfile.TemporaryFile() as spool:
            blob = _spool(chunks, cast(BinaryIO, spool), limit)
            spool.seek(0)
            self._client.upload_fileobj(spool, self.bucket, self._key(blob.hash))
        return blob

    def open(self, hash_: str) -> BinaryIO:
        """As the protocol promises; the object is spooled to a temporary file, so that it can be sought."""
        from botocore.exceptions import ClientError

        spool = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            self._client.download_fileobj(self.bucket, self._key(hash_), spool)
        except ClientError as error:
            spool.close()
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey"):
                raise KeyError(hash_) from error
            raise
        spool.seek(0)
        return cast(BinaryIO, spool)

    def delete(self, hash_: str) -> None:
        """As the protocol promises."""
        self._client.delete_object(Bucket=self.bucket, Key=self._key(hash_))

    def check(self) -> None:
        """As the protocol promises."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            probe = self.put([os.urandom(16)], limit=16)
            self.open(probe.hash).close()
            self.delete(probe.hash)
        except (BotoCoreError, ClientError) as error:
            raise StorageError(
                f"bucket {self.bucket} does not work: {error}. Check BLOB_URL and the AWS settings."
            ) from error


def open_blobs(url: str) -> BlobStore:
    """The store that BLOB_URL names: file:///folder or s3://bucket/prefix. Raises StorageError for anything else."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path:
        return FileStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(parts.netloc, parts.path)
    raise StorageError(f"BLOB_URL {url!r} is neither file:///folder nor s3://bucket/prefix")
