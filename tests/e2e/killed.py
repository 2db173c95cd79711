"""The command line in processes that are killed: after so many of their requests were answered.

A server has imported the command line and made its AWS clients, and forks each process from there:
what a process of its own takes a second for would be most of a test otherwise.
"""

import multiprocessing
import os
import signal
import threading

import boto3
from botocore.httpsession import URLLib3Session

from tools.cli.main import cli
from tools.cli.options import CLIENT_CONFIG, Deployment
from tools.incident import run as incident_run

SECONDS = 60
SERVICES = ("dynamodb", "iot", "logs", "sts")


class Clients:
    """What the command line takes for its session."""

    def __init__(self):
        session = boto3.Session(region_name=os.environ["AWS_REGION"])
        self._made = {name: session.client(name, config=CLIENT_CONFIG) for name in SERVICES}

    def client(self, name, config):
        return self._made[name]


def _serve(environment, pipe):
    os.environ.clear()
    os.environ.update(environment)
    Deployment._session = Clients()
    # The endpoint's index is never behind.
    incident_run._PAUSE_SECONDS = 0
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    while True:
        try:
            arguments, requests = pipe.recv()
        except EOFError:
            return
        child = os.fork()
        if child == 0:
            _run(arguments, requests)
        pipe.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _run(arguments, requests):
    send, lock, answered = URLLib3Session.send, threading.Lock(), [0]

    def counted(session, request):
        answer = send(session, request)
        with lock:
            answered[0] += 1
            if answered[0] == requests:
                os.kill(os.getpid(), signal.SIGKILL)
        return answer

    URLLib3Session.send = counted
    try:
        cli(arguments)
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    finally:
        os._exit(255)


class CommandLine:
    """Runs `iot-provisioning` in processes of their own.

    Args:
        environment: Theirs.
    """

    def __init__(self, environment):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._server = context.Process(target=_serve, args=(environment, theirs), daemon=True)
        self._server.start()
        theirs.close()

    def run(self, arguments, *, requests=None):
        """Return the exit code, which is negative where it was killed after so many requests."""
        self._pipe.send((arguments, requests))
        assert self._pipe.poll(SECONDS), "the command did not end"
        return self._pipe.recv()

    def close(self):
        self._pipe.close()
        self._server.join(SECONDS)
        self._server.kill()
        self._server.join()
