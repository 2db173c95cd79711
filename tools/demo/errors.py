"""What ends the demonstration early."""


class DemoError(Exception):
    """The demonstration cannot go on; the message is a sentence, with a log's end if that helps."""


class StoppedError(Exception):
    """Raised in a device's thread once the run was interrupted, so that it does not try again."""
