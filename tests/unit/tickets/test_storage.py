"""Blobs: the same promises on a folder and on a bucket."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tickets.storage import BlobStore, FileStore, StorageError, TooLarge, open_blobs


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobStore]:
    """Each kind of store; the bucket is a real S3 protocol server on loopback."""
    if request.param == "file":
        yield open_blobs(f"file://{tmp_path}/blobs%20here")
        return
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="voicemails")
    yield open_blobs("s3://voicemails/desk/blobs")
    server.stop()


def test_content_is_found_under_its_hash_once(store: BlobStore) -> None:
    blob = store.put(iter([b"hel", b"lo"]), limit=100)
    assert blob == store.put(iter([b"hello"]), limit=100)
    assert (blob.hash, blob.size) == (hashlib.sha256(b"hello").hexdigest(), 5)
    with store.open(blob.hash) as content:
        assert content.read() == b"hello"
        content.seek(1)
        assert content.read(2) == b"el"
    store.check()


def test_what_is_not_there_is_a_key_error(store: BlobStore) -> None:
    with pytest.raises(KeyError):
        store.open("0" * 64)
    store.delete("0" * 64)


def test_deleted_is_gone(store: BlobStore) -> None:
    blob = store.put([b"x"], limit=1)
    store.delete(blob.hash)
    with pytest.raises(KeyError):
        store.open(blob.hash)


def test_a_stream_over_the_limit_or_broken_leaves_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("the carrier is gone")

    with pytest.raises(TooLarge):
        store.put([b"x" * 6, b"y" * 6], limit=10)
    with pytest.raises(ConnectionError):
        store.put(broken(), limit=100)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 63, "A" * 64, "/" * 64])
def test_only_hashes_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyError):
        FileStore(tmp_path).open(name)


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"cannot write to .*file: .*Mend its permissions or set BLOB_URL"):
        FileStore(tmp_path / "file").check()


@pytest.mark.parametrize("url", ["ftp://x/y", "blobs", "s3://", "file://"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(StorageError, match=r"neither file:///folder nor s3://bucket/prefix"):
        open_blobs(url)
