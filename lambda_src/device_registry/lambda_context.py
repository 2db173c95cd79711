"""What AWS Lambda tells a function of its invocation."""

from typing import Protocol


class LambdaContext(Protocol):
    """What is used of https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's own timeout."""
