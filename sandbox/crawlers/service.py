"""Starts crawls: on request (AWSGlue.StartCrawler over a Unix socket) and by the crawlers' schedules.

moto is notified of a crawl, so that GetCrawler and ListCrawls show it. moto treats any request with that name as
StartCrawler, independent of the prefix of its target, so this service's request bypasses the front. moto ends a crawl
when the crawls are next listed, and has no failed crawls: these are STOPPED.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

import msgspec
from botocore.exceptions import ClientError

from sandbox.crawlers import cron
from sandbox.crawlers.crawl import Definition
from sandbox.crawlers.writer import CrawlCounts
from sandbox.http1.service import ServiceReply

_log = logging.getLogger(__name__)
_CONTENT_TYPE = "application/x-amz-json-1.1"
_PAST_THE_FRONT = "AWSGlueConfiguration.StartCrawler"


class Crawlers:
    """The crawlers behind a boto3 Glue client. `crawl` runs one from its definition."""

    def __init__(self, glue: Any, crawl: Callable[[Definition], CrawlCounts]) -> None:
        self._glue = glue
        self._crawl = crawl
        self._checked: datetime | None = None
        self._running: set[threading.Thread] = set()
        self.counts = {"crawls": 0, "failed": 0}
        glue.meta.events.register("before-call.glue.StartCrawler", _go_past_the_front)

    def recover(self) -> None:
        """End the crawls that were running when the previous process ended."""
        for definition in self._definitions():
            if definition.get("State") in {"RUNNING", "STOPPING"}:
                self._end(str(definition["Name"]), failed=True)

    def start(self, name: str) -> None:
        """Start a crawler in a thread.

        Raises:
            ClientError: it does not exist or is running.
        """
        self._glue.start_crawler(Name=name)
        definition: Definition = self._glue.get_crawler(Name=name)["Crawler"]
        thread = threading.Thread(target=self._run, args=(definition,), name=f"crawl-{name}", daemon=True)
        self._running.add(thread)
        thread.start()

    def start_due(self, now: datetime) -> None:
        """Start the crawlers that are scheduled since the last call (the first call only reads the clock)."""
        minute = now.replace(second=0, microsecond=0)
        since, self._checked = self._checked, minute
        if since is None or minute <= since:
            return
        for definition in self._definitions():
            schedule: dict[str, str] = definition.get("Schedule") or {}
            if schedule.get("State") == "SCHEDULED" and _is_due(schedule.get("ScheduleExpression", ""), since, minute):
                self._start_scheduled(str(definition["Name"]))

    def join(self, seconds: float) -> None:
        """Wait for running crawls, each up to the timeout."""
        for thread in list(self._running):
            thread.join(seconds)

    async def answer(self, target: str, given: bytes) -> ServiceReply:
        """The reply to StartCrawler, the only call that is forwarded here."""
        del target
        try:
            body = msgspec.json.decode(given or b"{}", type=dict[str, Any])
            await asyncio.to_thread(self.start, str(body.get("Name", "")))
        except msgspec.DecodeError as error:
            return _response({"__type": "SerializationException", "message": str(error)}, 400)
        except ClientError as error:
            known = cast("dict[str, dict[str, str]]", error.response)["Error"]
            return _response({"__type": known["Code"], "Message": known["Message"]}, 400)
        return _response({})

    def _start_scheduled(self, name: str) -> None:
        try:
            self.start(name)
        except ClientError as error:
            _log.warning("crawler %s was due and did not start: %s", name, error)

    def _run(self, definition: Definition) -> None:
        name = str(definition["Name"])
        self.counts["crawls"] += 1
        failed = True
        try:
            changes = self._crawl(definition)
            failed = False
            _log.info("crawler %s: %s", name, changes)
        except Exception:
            self.counts["failed"] += 1
            _log.exception("crawler %s failed", name)
        finally:
            self._end(name, failed=failed)
            self._running.discard(threading.current_thread())

    def _end(self, name: str, *, failed: bool) -> None:
        try:
            if failed:
                self._glue.stop_crawler(Name=name)
            self._glue.list_crawls(CrawlerName=name)
        except ClientError as error:
            _log.warning("crawler %s: its end could not be reported: %s", name, error)

    def _definitions(self) -> list[Definition]:
        pages = self._glue.get_paginator("get_crawlers").paginate()
        return [definition for page in pages for definition in page["Crawlers"]]


def _response(answer: object, status: int = 200) -> ServiceReply:
    return ServiceReply(status, [("content-type", _CONTENT_TYPE)], msgspec.json.encode(answer))


def _go_past_the_front(params: dict[str, Any], **_: object) -> None:
    params["headers"]["X-Amz-Target"] = _PAST_THE_FRONT


def _is_due(expression: str, since: datetime, until: datetime) -> bool:
    try:
        schedule = cron.parse(expression)
    except ValueError as error:
        _log.warning("a crawler's schedule cannot be read: %s", error)
        return False
    minutes = int((until - since) / timedelta(minutes=1))
    return any(schedule.matches(since + timedelta(minutes=i)) for i in range(1, minutes + 1))
