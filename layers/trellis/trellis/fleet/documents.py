"""Snapshots, plans and reports in S3, under keys made of their content.

The same content has the same key and is written once, so a run in which nothing has changed writes nothing.
"""

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_FOUND = 404


class Documents:
    """JSON documents in one bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, kind: str, cluster: str, document: dict[str, Any]) -> str:
        """Store a document and return its key; nothing is written when it is there already."""
        body = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        key = f"{kind}/{cluster}/{sha256(body).hexdigest()[:32]}.json"
        if not self._exists(key):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        return key

    def get(self, key: str) -> dict[str, Any]:
        """Read a document; botocore's ClientError (NoSuchKey) when there is none."""
        document: dict[str, Any] = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        return document

    def find(self, key: str) -> dict[str, Any] | None:
        """Read a document that may have expired: None when it has."""
        try:
            return self.get(key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_FOUND:
                return None
            raise

    def put_page(self, key: str, page: str) -> None:
        """Store an HTML page under a key that says what it is about."""
        self.put_text(key, page, kind="text/html; charset=utf-8")

    def put_text(self, key: str, text: str, *, kind: str) -> None:
        """Store a text of a MIME type under a key that says what it is about."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=kind)

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == _NOT_FOUND:
                return False
            raise
        return True
