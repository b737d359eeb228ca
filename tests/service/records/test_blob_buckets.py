"""Bytes in a bucket: the same promises as a folder, against a real S3 server of its own."""

import hashlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import pytest

from shared.config import Settings
from shared.errors import BodyTooLarge, EvidenceMismatch, NotVisible, RoomUnavailable
from shared.web.assembly import open_blobs
from tests import journeys
from tests.desk import open_desk
from tests.journeys import OFFICER

BUCKET, PREFIX = "lianqin-evidence", "desk"
MIB = b"0123456789abcdef" * 65536


@pytest.fixture(scope="module")
def server():
    """An S3 server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(address):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/moto-api/", timeout=2).close()
            return
        except urllib.error.HTTPError as answered:
            answered.close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the S3 server did not start")


@pytest.fixture
def bucket(server):
    """An empty bucket, seen by another client than ours."""
    client = boto3.client(
        "s3", endpoint_url=server, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client.create_bucket(Bucket=BUCKET)
    yield client
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])
    for one in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        client.abort_multipart_upload(Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"])
    client.delete_bucket(Bucket=BUCKET)
    client.close()


def settings(server, **more):
    keys = {"s3_endpoint": server, "s3_access_key": "key", "s3_secret_key": "secret"}
    return Settings(blobs=f"s3://{BUCKET}/{PREFIX}", **keys, **more)


@pytest.fixture
def store(server, bucket):
    return open_blobs(settings(server, evidence_limit_bytes=64 * 1024**2))


def key(sha256):
    return f"{PREFIX}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def names(bucket):
    return [one["Key"] for one in bucket.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


class TestPut:
    def test_bytes_lie_under_their_hash_and_come_back(self, store, bucket):
        chunks = [MIB] * 23 + [b"the end"]
        stored = store.put(iter(chunks))
        assert stored.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
        assert stored.size == 23 * 1024**2 + 7
        assert names(bucket) == [key(stored.sha256)]
        assert b"".join(store.open(stored.sha256)) == b"".join(chunks)
        assert store.verify(stored.sha256) == stored.size

    def test_the_same_bytes_again_write_nothing_new(self, store, bucket):
        first = store.put([b"report"])
        before = bucket.head_object(Bucket=BUCKET, Key=key(first.sha256))["LastModified"]
        assert store.put([b"rep", b"ort"]) == first
        assert names(bucket) == [key(first.sha256)]
        assert bucket.head_object(Bucket=BUCKET, Key=key(first.sha256))["LastModified"] == before

    def test_a_cut_upload_leaves_nothing(self, store, bucket):
        def cut():
            for _ in range(20):
                yield MIB
            raise ConnectionResetError("the line broke")

        with pytest.raises(ConnectionResetError):
            store.put(cut())
        assert names(bucket) == []
        assert "Uploads" not in bucket.list_multipart_uploads(Bucket=BUCKET)

    def test_another_hash_than_stated_leaves_nothing(self, store, bucket):
        with pytest.raises(EvidenceMismatch):
            store.put([MIB] * 12, expected="0" * 64)
        assert names(bucket) == []
        assert "Uploads" not in bucket.list_multipart_uploads(Bucket=BUCKET)

    def test_past_the_limit_leaves_nothing(self, store, bucket):
        with pytest.raises(BodyTooLarge):
            store.put(MIB for _ in range(65))
        assert names(bucket) == []
        assert "Uploads" not in bucket.list_multipart_uploads(Bucket=BUCKET)


class TestRead:
    def test_changed_bytes_are_found_and_the_same_bytes_mend_them(self, store, bucket):
        stored = store.put([b"report"])
        bucket.put_object(Bucket=BUCKET, Key=key(stored.sha256), Body=b"rep0rt")
        with pytest.raises(EvidenceMismatch):
            store.open(stored.sha256)
        store.put([b"report"])
        assert store.read(stored.sha256) == b"report"
        (aside,) = [name for name in names(bucket) if ".changed-" in name]
        assert bucket.get_object(Bucket=BUCKET, Key=aside)["Body"].read() == b"rep0rt"

    def test_bytes_that_are_gone_are_said_to_be_gone(self, store):
        with pytest.raises(NotVisible):
            store.open("0" * 64)


def test_a_store_that_is_down_is_said_to_be_down(bucket):
    down = open_blobs(settings("http://127.0.0.1:9"))
    with pytest.raises(RoomUnavailable):
        down.verify("0" * 64)
    with pytest.raises(RoomUnavailable):
        down.put([MIB])


def test_an_address_that_is_no_bucket_is_refused_at_start():
    with pytest.raises(ValueError, match="LIANQIN_BLOBS"):
        open_blobs(Settings(blobs="ftp://somewhere"))


def test_rooms_work_over_a_bucket(server, bucket, databases, tmp_path, clock):
    own = databases.fresh(tmp_path / "desk").model_copy(update=settings(server).model_dump(include={"blobs"}))
    own = own.model_copy(update={"s3_endpoint": server, "s3_access_key": "key", "s3_secret_key": "secret"})
    for desk in open_desk(own, clock):
        case = f"/v1/cases/{journeys.opened_case(desk)['id']}"
        item = desk.attach(OFFICER, case, "crim_other", "现场检查笔录".encode())
        opened = desk.call(OFFICER, "GET", f"{case}/evidence/{item['id']}/content")
        assert opened.content == "现场检查笔录".encode()
        assert key(item["sha256"]) in names(bucket)
        bucket.put_object(Bucket=BUCKET, Key=key(item["sha256"]), Body=b"something else")
        assert desk.call(OFFICER, "GET", f"{case}/evidence/{item['id']}/content").status_code == 409
