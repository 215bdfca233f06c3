"""Opens the console's page and reports its memory each minute: `python browser.py URL BROWSER MINUTES`.

It needs an environment with Playwright. It prints a line of JSON per minute, in bytes: JavaScript's heap after a
collection, and the renderer's private memory, RssAnon and VmSwap, as Chromium's task manager counts it
(https://chromium.googlesource.com/chromium/src/+/main/docs/memory/key_concepts.md).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

_VIEWS = ("dashboard", "alarms", "order", "changes", "failures", "query", "faults", "pipeline")
_VISIT_EVERY = 5
_VISIT_MS = 3000


def main() -> None:
    """Watch the page."""
    url, browser_path, minutes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=[*options, "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.goto(url, wait_until="domcontentloaded")
        page.locator(".stage").first.wait_for()
        of_page, of_browser = page.context.new_cdp_session(page), browser.new_browser_cdp_session()
        of_page.send("Performance.enable")
        of_page.send("HeapProfiler.enable")
        began_s = time.monotonic()
        for minute in range(minutes + 1):
            page.wait_for_timeout(max(0.0, began_s + minute * 60 - time.monotonic()) * 1000)
            if minute % _VISIT_EVERY == _VISIT_EVERY - 1:
                for view in _VIEWS:
                    page.evaluate("view => { location.hash = view; }", view)
                    page.wait_for_timeout(_VISIT_MS)
            processes = of_browser.send("SystemInfo.getProcessInfo")["processInfo"]
            footprint = max(_footprint(process["id"]) for process in processes if process["type"] == "renderer")
            of_page.send("HeapProfiler.collectGarbage")
            heap = page_heap(of_page.send("Performance.getMetrics"))
            print(json.dumps({"minute": minute, "heap": heap, "footprint": footprint}), flush=True)
        browser.close()


def page_heap(answer: dict[str, list[dict[str, object]]]) -> int:
    """Return the used heap from a response of Performance.getMetrics."""
    return next(int(str(metric["value"])) for metric in answer["metrics"] if metric["name"] == "JSHeapUsedSize")


def _footprint(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in status if ":" in line)
    return sum(int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "VmSwap"))


if __name__ == "__main__":
    main()
