"""A line to the endpoint that a test can cut: what a device sees of the loss of a Region.

    with Line(endpoint.mqtt_host, endpoint.mqtt_port) as line:
        transport = line.transport(name_of_the_region, endpoint.ca_file)
        line.cut()
        line.heal()

One line stands for one Region: its devices go through it, whatever else is at the endpoint. Others,
such as functions and operators, do not notice.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar

from tools.device.session import Endpoint, SdkTransport, Timeouts

LOOPBACK = "127.0.0.1"
CHUNK = 65536
WAITING = 512

_Result = TypeVar("_Result")


class Line:
    """A TCP relay on loopback. Its methods may be called from any thread.

    Args:
        host: Where it leads to.
        port: Where it leads to.

    Attributes:
        port: Its own, which stays the same.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line", daemon=True)
        self._thread.start()
        self._flows = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.heal()

    @property
    def connections(self) -> int:
        """How many devices' connections it carries."""
        return len(self._connections)

    def cut(self, *, silently: bool = False) -> None:
        """Let nothing through any more.

        Args:
            silently: Connections stay open and new ones are accepted, but nothing arrives at
                either end. Otherwise connections end at once, and new ones are refused.
        """
        self._run(self._cut(silently))

    def heal(self) -> None:
        """Let everything through again; what a silent cut held back arrives now."""
        self._run(self._heal())

    def transport(
        self, server_name: str, ca_file: str | Path | None, timeouts: Timeouts | None = None
    ) -> SdkTransport:
        """A device's way through this line to the endpoint of this name."""
        roots = Path(ca_file) if ca_file else None
        return SdkTransport(Endpoint(server_name, self.port, LOOPBACK, roots), timeouts)

    def close(self) -> None:
        """End every connection, and the line."""
        self._run(self._cut(silently=False))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _cut(self, silently: bool) -> None:
        self._flows.clear()
        if silently or self._server is None:
            return
        # Without the listener, the system itself refuses connections.
        self._server.close()
        self._server = None
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _heal(self) -> None:
        self._flows.set()
        if self._server is None:
            self._server = await asyncio.start_server(
                self._carry, LOOPBACK, self.port, backlog=WAITING
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._connections.add(writer)
        try:
            await self._flows.wait()
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            ends.append(far_writer)
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._copy(reader, far_writer))
                directions.create_task(self._copy(far_reader, writer))
        except* (OSError, asyncio.CancelledError):
            # Either side went away, or the line was cut.
            pass
        finally:
            self._connections.discard(writer)
            for end in ends:
                end.transport.abort()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(CHUNK):
            await self._flows.wait()
            sink.write(data)
            await sink.drain()
        # Ends the other direction too: neither MQTT nor TLS is used half-closed.
        raise ConnectionResetError
