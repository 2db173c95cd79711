"""The revocation list's object in S3.

Follows https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from device_registry.aws_errors import error_code
from jitr_gate.crl import CrlUnavailableError
from jitr_gate.settings import CrlObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Some 400,000 entries, which take seconds to read.
MAX_BYTES = 16 * 1024 * 1024


def read(s3: "S3Client", place: CrlObject) -> bytes:
    """Return the object's content.

    Raises:
        CrlUnavailableError: it cannot be read, or is too long.
    """
    try:
        answer = s3.get_object(
            Bucket=place.bucket, Key=place.key, ExpectedBucketOwner=place.bucket_owner
        )
        if answer["ContentLength"] > MAX_BYTES:
            raise CrlUnavailableError("longer than the gate reads")
        return answer["Body"].read()
    except ClientError as error:
        raise CrlUnavailableError(error_code(error)) from None
    except BotoCoreError as error:
        raise CrlUnavailableError(type(error).__name__) from None
