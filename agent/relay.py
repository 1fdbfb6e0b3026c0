"""`python3 -I relay.py FOLDER NAME…`: the door, where the engine is on another machine and can mount none of ours.

Started in the container through the engine, it listens at the Unix sockets `FOLDER/NAME` and carries what connects
there over its standard input and output to the host, which connects each to the socket of that name. It knows nothing
of what it carries. A frame is a channel, a kind and a length, then that many bytes; each side may have WINDOW bytes on
the way that the other has not passed on yet, so one slow connection holds up no other.

Standard library only, Python 3.8 at least: it runs in images that others made. The host's half is
harness/sandbox/relay.py.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys
from functools import partial
from typing import Any

HEAD = struct.Struct("!IBI")
HELLO, OPEN, DATA, END, CLOSE, CREDIT = range(1, 7)
WINDOW = 1 << 18
CHUNK = 1 << 15
MOST_WAITING = 512
EVERYBODY = 0o666  # who reaches the socket is the folder's matter


class Channel:
    """One connection: what came for it and is not written yet, and how much the other side still takes."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.coming: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.credit = WINDOW
        self.more = asyncio.Event()
        self.over = asyncio.Event()


class Relay:
    """Everything between the sockets and the two standard streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._channels: dict[int, Channel] = {}
        self._last = 0
        self._turn = asyncio.Lock()

    async def run(self, folder: str, names: list[str]) -> None:
        """Wait for the host's word, listen, and carry until it hangs up."""
        await self._frame()
        for place, name in enumerate(names):
            path = os.path.join(folder, name)  # noqa: PTH118 - few imports
            await asyncio.start_unix_server(partial(self._serve, place), path, backlog=MOST_WAITING)
            os.chmod(path, EVERYBODY)  # noqa: PTH101
        await self._send(0, HELLO)
        while True:
            number, kind, data = await self._frame()
            channel = self._channels.get(number)
            if channel is not None:
                _take(channel, kind, data)

    async def _serve(self, place: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._last += 1
        number, channel = self._last, Channel(writer)
        self._channels[number] = channel
        await self._send(number, OPEN, bytes([place]))
        both: asyncio.Future[Any] = asyncio.gather(self._out(number, channel, reader), self._in(number, channel))
        over: asyncio.Future[Any] = asyncio.ensure_future(channel.over.wait())
        await asyncio.wait([both, over], return_when=asyncio.FIRST_COMPLETED)
        both.cancel()
        over.cancel()
        del self._channels[number]
        writer.close()
        await self._send(number, CLOSE)

    async def _out(self, number: int, channel: Channel, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                while channel.credit <= 0:
                    channel.more.clear()
                    await channel.more.wait()
                data = await reader.read(min(CHUNK, channel.credit))
                if not data:
                    break
                channel.credit -= len(data)
                await self._send(number, DATA, data)
        except OSError:
            channel.over.set()
        await self._send(number, END)

    async def _in(self, number: int, channel: Channel) -> None:
        try:
            while True:
                data = await channel.coming.get()
                if data is None:
                    channel.writer.write_eof()
                    return
                channel.writer.write(data)
                await channel.writer.drain()
                await self._send(number, CREDIT, struct.pack("!I", len(data)))
        except OSError:
            channel.over.set()

    async def _frame(self) -> tuple[int, int, bytes]:
        number, kind, length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
        return number, kind, await self._reader.readexactly(length)

    async def _send(self, number: int, kind: int, data: bytes = b"") -> None:
        async with self._turn:
            self._writer.write(HEAD.pack(number, kind, len(data)) + data)
            await self._writer.drain()


def _take(channel: Channel, kind: int, data: bytes) -> None:
    if kind == DATA:
        channel.coming.put_nowait(data)
    elif kind == END:
        channel.coming.put_nowait(None)
    elif kind == CREDIT:
        channel.credit += struct.unpack("!I", data)[0]
        channel.more.set()
    elif kind == CLOSE:
        channel.over.set()


async def main(folder: str, names: list[str]) -> None:
    """Take the standard streams, and carry until the host's end is closed."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    try:
        await Relay(reader, writer).run(folder, names)
    except (asyncio.IncompleteReadError, ConnectionError):  # the host has hung up
        return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
