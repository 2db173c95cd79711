"""Which Regions AWS IoT is in, by partition, as far as the installed botocore knows.

https://docs.aws.amazon.com/general/latest/gr/iot-core.html
"""

from functools import cache

import botocore.session


@cache
def by_region() -> dict[str, str]:
    """Return the partition of each Region: `aws`, `aws-cn`, `aws-us-gov` or another."""
    session = botocore.session.Session()
    return {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("iot", partition_name=partition)
    }
