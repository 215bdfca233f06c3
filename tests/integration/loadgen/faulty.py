"""A DynamoDB server with one table on a real socket, which fails by a script."""

import asyncio
import json
import ssl
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from typing import Any

Item = dict[str, Any]


class Fault(Enum):
    """The fault of a request. Faults that end in AFTER apply the request first."""

    NONE = auto()
    THROTTLE = auto()
    LIMIT = auto()
    ERROR = auto()
    ERROR_AFTER = auto()
    CLOSE = auto()
    CLOSE_AFTER = auto()
    HALF_ANSWER_AFTER = auto()
    SILENCE = auto()
    SILENCE_AFTER = auto()
    WRONG_CRC_AFTER = auto()
    GARBAGE_AFTER = auto()
    SLOW_BODY = auto()
    CLOSE_WHEN_DONE = auto()
    EXPIRED = auto()
    PARTIAL = auto()


class Faulty:
    """The table, the applied writes in order, and the script with each next request's fault."""

    def __init__(self, script: "Script") -> None:
        self.items: dict[str, Item] = {}
        self.applied: list[tuple[str, str, int]] = []
        self.requests = 0
        self.tokens: dict[str, str] = {}
        """Each transaction's token, with its writes."""
        self.headers: dict[str, str] = {}
        self._script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the requests of one connection."""
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._answer(reader, writer):
                    pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = self.headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        }
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        operation = headers["x-amz-target"].partition(".")[2]
        if operation == "DescribeTable":
            key = [{"AttributeName": "order_id", "KeyType": "HASH"}]
            writer.write(response(200, {"Table": {"TableStatus": "ACTIVE", "KeySchema": key}}))
            return True
        fault = self._script(self)
        self.requests += 1
        match fault:
            case Fault.THROTTLE:
                writer.write(failure(400, "ProvisionedThroughputExceededException"))
            case Fault.LIMIT:
                writer.write(failure(400, "RequestLimitExceeded"))
            case Fault.EXPIRED:
                writer.write(failure(400, "ExpiredTokenException"))
            case Fault.ERROR:
                writer.write(failure(500, "InternalServerError"))
            case Fault.CLOSE:
                return False
            case Fault.SILENCE:
                await reader.read()
                return False
            case _:
                return await self._applied(fault, operation, body, reader, writer)
        return True

    async def _applied(
        self,
        fault: Fault,
        operation: str,
        body: Item,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        answer = self._apply(operation, body, partial=fault is Fault.PARTIAL)
        match fault:
            case Fault.ERROR_AFTER:
                writer.write(failure(500, "InternalServerError"))
            case Fault.CLOSE_AFTER:
                return False
            case Fault.HALF_ANSWER_AFTER:
                writer.write(answer[: len(answer) - 1])
                return await ended(reader, writer)
            case Fault.SILENCE_AFTER:
                await reader.read()
                return False
            case Fault.WRONG_CRC_AFTER:
                head, _, content = answer.partition(b"\r\n\r\n")
                lines = [line for line in head.split(b"\r\n") if not line.startswith(b"x-amz-crc32")]
                writer.write(b"\r\n".join([*lines, b"x-amz-crc32: 1"]) + b"\r\n\r\n" + content)
            case Fault.GARBAGE_AFTER:
                writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
            case Fault.SLOW_BODY:
                for at in range(0, len(answer), 16):
                    writer.write(answer[at : at + 16])
                    await writer.drain()
                    await asyncio.sleep(0)
            case Fault.CLOSE_WHEN_DONE:
                writer.write(answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                return False
            case _:
                writer.write(answer)
        return True

    def _apply(self, operation: str, body: Item, *, partial: bool) -> bytes:
        match operation:
            case "PutItem":
                self._put(body["Item"])
            case "DeleteItem":
                self._delete(body["Key"])
            case "UpdateItem":
                return self._update(body)
            case "BatchWriteItem":
                return self._batch(body["RequestItems"], partial=partial)
            case "TransactWriteItems":
                return self._transact(body)
            case "GetItem" | "Query":
                key = body["Key"]["order_id"] if "Key" in body else body["ExpressionAttributeValues"][":k"]
                item, consumed = self.items.get(key["S"]), {"ConsumedCapacity": {"CapacityUnits": 1.0}}
                if operation == "GetItem":
                    return response(200, consumed | ({"Item": item} if item else {}))
                return response(200, consumed | {"Items": [item] if item else [], "Count": int(item is not None)})
            case _:
                return failure(400, "UnknownOperationException")
        return response(200, {})

    def _put(self, item: Item) -> None:
        key = item["order_id"]["S"]
        self.items[key] = item
        self.applied.append((key, "put", int(item["version"]["N"])))

    def _delete(self, key: Item) -> None:
        self.items.pop(key["order_id"]["S"], None)
        self.applied.append((key["order_id"]["S"], "delete", 0))

    def _update(self, body: Item) -> bytes:
        key, values = body["Key"]["order_id"]["S"], body["ExpressionAttributeValues"]
        item = self.items.get(key)
        if item is None or item["version"] != values[":o"]:
            return failure(400, "ConditionalCheckFailedException", {"Item": item} if item else {})
        item["version"] = values[":v"]
        item["status"] = values[":s"]
        self.applied.append((key, "update", int(values[":v"]["N"])))
        return response(200, {})

    def _transact(self, body: Item) -> bytes:
        """Apply all writes or none; a repeated token changes nothing."""
        token, writes = body["ClientRequestToken"], body["TransactItems"]
        if token in self.tokens:
            same = self.tokens[token] == json.dumps(writes)
            return response(200, {}) if same else failure(400, "IdempotentParameterMismatchException")
        updates = [write["Update"] for write in writes if "Update" in write]
        failed = [self._fails(update) for update in updates]
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if one else "None"} for one in failed]
            return failure(400, "TransactionCanceledException", {"CancellationReasons": reasons})
        self.tokens[token] = json.dumps(writes)
        for update in updates:
            self._update(update)
        for write in writes:
            if "Put" in write:
                self._put(write["Put"]["Item"])
        return response(200, {})

    def _fails(self, update: Item) -> bool:
        item = self.items.get(update["Key"]["order_id"]["S"])
        return item is None or item["version"] != update["ExpressionAttributeValues"][":o"]

    def _batch(self, tables: dict[str, list[Item]], *, partial: bool) -> bytes:
        unprocessed: dict[str, list[Item]] = {}
        for table, requests in tables.items():
            for number, request in enumerate(requests):
                if partial and number % 3:
                    unprocessed.setdefault(table, []).append(request)
                elif "PutRequest" in request:
                    self._put(request["PutRequest"]["Item"])
                else:
                    self._delete(request["DeleteRequest"]["Key"])
        return response(200, {"UnprocessedItems": unprocessed})


Script = Callable[[Faulty], Fault]


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Half-close and wait for the other side to close; over TLS close the connection immediately."""
    if writer.can_write_eof():
        writer.write_eof()
        await reader.read()
    return False


def response(status: int, content: Item) -> bytes:
    body = b"{}" if not content else json.dumps(content).encode()
    head = f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\nx-amz-crc32: {zlib.crc32(body)}\r\n\r\n"
    return head.encode() + body


def failure(status: int, code: str, more: Item | None = None) -> bytes:
    return response(
        status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "scripted"} | (more or {})
    )


_STEPS = 5
"""How many steps of its loop asyncio takes at most to open or to close a connection."""


@asynccontextmanager
async def faulty_server(script: Script, tls: ssl.SSLContext | None = None) -> AsyncGenerator[tuple[Faulty, str]]:
    """Run a server that follows the script, and yield it with its URL."""
    faulty = Faulty(script)
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.create_task(faulty.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield faulty, f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    finally:
        # A connection that is accepted has its handler a few steps of the loop later, if the server is still open.
        for _ in range(_STEPS):
            await asyncio.sleep(0)
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A task that is cancelled before its first step closes nothing.
        for writer in writers:
            writer.transport.abort()
        for _ in range(_STEPS):
            await asyncio.sleep(0)
        await server.wait_closed()
