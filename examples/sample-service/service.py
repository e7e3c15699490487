#!/usr/bin/env python3
"""The sample service: one tiny HTTP server for each slice of the instance. Python 3.9 and its own library only.

Slice i listens on port 8080 + i. What it serves is written in /run/foreshard/<port> by the hook `activate`; a slice
that serves no shard answers 503, also to the health check. Every other path is a request of the shard, and
`?ms=N` makes it take N milliseconds.

`/foreshard/load`, for the machine itself only, gives counters since the start:
`{"requests": requests, "seconds": their time in sum, "keys": {key: requests}}`, without health checks. Keys stand last; here they are the
first two segments of the path, e.g. `/cart/gift`: what may become a shard of its own.
"""

import json
import os
import re
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

RUN = os.environ.get("FORESHARD_RUN", "/run/foreshard")
ADDRESS = os.environ.get("FORESHARD_ADDRESS", "0.0.0.0")
FIRST_PORT = int(os.environ.get("FORESHARD_FIRST_PORT", "8080"))
SLICES = int(os.environ.get("FORESHARD_SLICES", "1"))
MOST_MS = 10_000
MOST_KEYS = 50
# Paths come from anybody: of other characters, or too long, they are no keys.
KEY = re.compile(r"(/[A-Za-z0-9._~-]+){2}")
LONGEST_KEY = 64


def shard_of(port):
    """The shard that the slice serves; None in the ready pool."""
    try:
        with open(os.path.join(RUN, str(port)), encoding="utf-8") as file:
            return file.read().strip() or None
    except FileNotFoundError:
        return None


class Slice(ThreadingHTTPServer):
    """One slice: a port, and what it has done."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port):
        super().__init__((ADDRESS, port), Handler)
        self.lock = threading.Lock()
        self.requests = 0
        self.seconds = 0.0
        self.in_flight = 0
        self.keys = {}

    def count(self, path, seconds):
        """A request is done. A key that finds no room takes that of the rarest one, from 0 on."""
        found = KEY.match(path)
        key = found and found.group()
        with self.lock:
            self.requests += 1
            self.seconds += seconds
            if key is None or len(key) > LONGEST_KEY:
                return
            if key not in self.keys and len(self.keys) >= MOST_KEYS:
                del self.keys[min(self.keys, key=self.keys.get)]
            self.keys[key] = self.keys.get(key, 0) + 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 65  # a little more than the load balancer's idle time-out

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path.startswith("/foreshard/"):
            self.inner(url.path)
            return
        port = self.server.server_port
        shard = shard_of(port)
        if shard is None:
            self.answer(503, {"error": "this slice serves no shard", "port": port})
            return
        if self.headers.get("User-Agent", "").startswith("ELB-HealthChecker"):
            self.answer(200, {"shard": shard})
            return
        began = time.monotonic()
        with self.server.lock:
            self.server.in_flight += 1
        try:
            text = parse_qs(url.query).get("ms", ["0"])[0]
            time.sleep(min(MOST_MS, int(text) if text.isdigit() else 0) / 1000)
            self.answer(200, {"shard": shard, "port": port, "path": url.path})
        finally:
            with self.server.lock:
                self.server.in_flight -= 1
            self.server.count(url.path, time.monotonic() - began)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def inner(self, path):
        """For the machine itself: nobody outside learns how busy it is."""
        if self.client_address[0] != "127.0.0.1" or "X-Forwarded-For" in self.headers:
            self.answer(403, {"error": "for the machine itself only"})
        elif path == "/foreshard/load":
            server = self.server
            with server.lock:
                load = {"requests": server.requests, "seconds": round(server.seconds, 6)}
                load["inFlight"] = server.in_flight
                load["keys"] = dict(server.keys)
            self.answer(200, load)
        else:
            self.answer(404, {"error": "there is /foreshard/load"})

    def answer(self, status, value):
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        body = (json.dumps(value) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args):
        """Requests are counted, not logged."""


def main():
    slices = [Slice(FIRST_PORT + i) for i in range(SLICES)]
    for one in slices:
        threading.Thread(target=one.serve_forever, daemon=True).start()
    print(f"slices on ports {FIRST_PORT} to {FIRST_PORT + SLICES - 1}", file=sys.stderr, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for one in slices:
        one.shutdown()


if __name__ == "__main__":
    # Before any thread begins, so that all of them leave the signals to `sigwait`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
