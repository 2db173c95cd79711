"""One process of the many that claim one serial number at the same moment.

The hook's own handler runs here, in as many threads as asked for, with the deployed function's
environment and its own connections to the registry table at the endpoint.
"""

import io
import json
import os
import sys
import threading

from device_registry import dynamodb
from provisioning_hook import budget, handler

# More than any claim needs on a busy machine: the time budget has tests of its own.
PATIENT_SECONDS = 60


class Context:
    """What Lambda passes beside the event."""

    aws_request_id = "concurrent-claim"

    @staticmethod
    def get_remaining_time_in_millis():
        return PATIENT_SECONDS * 1000


def run(environment, waves, barrier, answers):
    """Send each wave's events at once, together with the other processes.

    Args:
        environment: The whole environment of the function.
        waves: Lists of events, all of one length, which is this process's number of threads.
        barrier: Of all threads of all processes.
        answers: A queue for the responses, wave by wave, and the lines of the decision log.
    """
    os.environ.clear()
    os.environ.update(environment)
    dynamodb.READ_TIMEOUT_SECONDS = dynamodb.CONNECT_TIMEOUT_SECONDS = PATIENT_SECONDS
    budget.DECISION_SECONDS = PATIENT_SECONDS
    handler.DYNAMODB = dynamodb.DynamoDB()
    sys.stdout = io.StringIO()
    responses = [[None] * len(wave) for wave in waves]

    def claimant(index):
        for number, wave in enumerate(waves):
            barrier.wait(PATIENT_SECONDS)
            responses[number][index] = handler.lambda_handler(wave[index], Context)
            barrier.wait(PATIENT_SECONDS)

    threads = [threading.Thread(target=claimant, args=(i,)) for i in range(len(waves[0]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put((responses, [json.loads(line) for line in sys.stdout.getvalue().splitlines()]))
