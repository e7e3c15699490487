#!/usr/bin/env python3
"""The stateful sample service: sessions and counters in memory, which outlive their instance because an agent hands
them over. Python 3.9 and its own library only.

Requests, under any prefix:
  PUT    …/sessions/<key>     stores a JSON value      GET, DELETE …/sessions/<key>
  POST   …/counters/<key>     adds 1 (or ?by=N)        GET         …/counters/<key>
  GET    /health
A header `foreshard-slot` says which slot it is of, `foreshard-epoch` under which epoch it was sent: the agent's gateway
sets both. An answer comes after the change is in the state.

Hooks, on 127.0.0.1 only, one path for each slice (its port): see docs/agent.md.
"""

import json
import os
import signal
import socket
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from slots import Refused, Slots

# Behind the agent's gateway nobody else has to reach it.
ADDRESS = os.environ.get("FORESHARD_ADDRESS", "127.0.0.1")
HOOKS_PORT = int(os.environ.get("FORESHARD_HOOKS_PORT", "9090"))
NAME = os.environ.get("FORESHARD_NAME", socket.gethostname())
MOST_BODY = 256 * 1024
# Of this process: with another one, what was in memory is gone, and the agent has to know.
GENERATION = uuid.uuid4().hex


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 65  # a little more than the load balancer's idle time-out
    disable_nagle_algorithm = True

    def handle_any(self):
        try:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            value, *headers = self.done([unquote(one) for one in url.path.split("/") if one], query)
            self.answer(200, value, headers)
        except Refused as refused:
            self.answer(refused.status, {"error": str(refused)})
        except (ValueError, KeyError, TypeError) as error:
            self.answer(400, {"error": f"{type(error).__name__}: {error}"})

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def body(self):
        """All of the body in pieces, also where its length is not said beforehand."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            left = int(self.headers.get("Content-Length") or 0)
            while left:
                piece = self.rfile.read(min(left, 1 << 20))
                if not piece:
                    raise Refused(400, "body: it ended early")
                left -= len(piece)
                yield piece
            return
        while True:
            line = self.rfile.readline(64)
            if not line:
                raise Refused(400, "body: it ended early")
            left = int(line.split(b";")[0], 16)
            piece = self.rfile.read(left + 2)
            if len(piece) != left + 2:
                raise Refused(400, "body: it ended early")
            if not left:
                return
            yield piece[:-2]

    def json(self):
        if int(self.headers.get("Content-Length") or 0) > MOST_BODY:
            self.close_connection = True
            raise Refused(413, f"body: expected at most {MOST_BODY} bytes, got {self.headers['Content-Length']}")
        return json.loads(b"".join(self.body()) or b"null")

    def answer(self, status, value, headers=()):
        """A value as JSON, or bytes as they are."""
        body = value if isinstance(value, bytes) else (json.dumps(value) + "\n").encode()
        kind = "application/octet-stream" if isinstance(value, bytes) else "application/json"
        self.send_response(status)
        if status >= 500:
            self.send_header("Retry-After", "1")
        if status >= 400:
            # What is left of the body would be taken for the next request.
            self.send_header("Connection", "close")
        for name, one in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, one)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Requests are counted, not logged."""


class Requests(Handler):
    """What the service is there for."""

    def done(self, path, query):
        if self.server.closing:
            raise Refused(503, "this slice serves no shard")
        if path == ["health"]:
            return ({"shard": self.server.shard},)
        value = self.json()
        slots = self.server.slots
        slot, epoch = self.headers.get("foreshard-slot"), self.headers.get("foreshard-epoch")
        slot = slots.only() if slot is None else int(slot)
        with self.server.counting:
            self.server.in_flight += 1
        try:
            got, at = self.entry(slot, None if epoch is None else int(epoch), path, query, value)
        finally:
            with self.server.counting:
                self.server.in_flight -= 1
        return ({"value": got, "slot": slot, "epoch": at, "by": NAME},)

    def entry(self, slot, epoch, path, query, value):
        slots = self.server.slots
        kind, key = path[-2:] if len(path) > 1 else ("", "")
        name = f"{kind}/{key}"
        asked = f"{self.command} {kind}"
        if asked in ("GET sessions", "GET counters"):
            return slots.read(slot, name)
        if asked == "PUT sessions":
            return slots.change(slot, epoch, name, lambda _: value)
        if asked == "DELETE sessions":
            return slots.change(slot, epoch, name, lambda _: None)
        if asked == "POST counters":
            by = int(query.get("by", 1))
            return slots.change(slot, epoch, name, lambda old: (old or 0) + by)
        raise Refused(404, "there are sessions/<key> and counters/<key>")


class Slice(ThreadingHTTPServer):
    """One slice in one shard: where it listens, and the slots that it has."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, shard, port):
        super().__init__((ADDRESS, port), Requests)
        self.shard = shard
        self.slots = Slots()
        self.counting = threading.Lock()
        self.in_flight = 0
        self.closing = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.closing = True
        self.shutdown()
        self.server_close()


class Hooks(Handler):
    """`/<port of the slice>/<hook>`: what the agent asks for. Each may be repeated."""

    def done(self, path, query):
        if len(path) < 2:
            raise Refused(404, "there is /<port of the slice>/<hook>")
        of, hook, *rest = path
        asked = f"{self.command} {hook}"
        if asked == "POST activate":
            return (self.activate(of, **self.json()),)
        if asked == "POST deactivate":
            return (self.deactivate(of),)
        one = self.server.slices.get(of)
        if asked == "GET stats" and one is None:
            return ({"generation": GENERATION},)
        if one is None:
            raise Refused(409, f"slice {of}: it serves no shard")
        slots = one.slots
        if asked == "GET stats":
            stats = slots.stats()
            metrics = {**stats["metrics"], "inFlight": one.in_flight}
            return ({**stats, "metrics": metrics, "generation": GENERATION},)
        if asked == "GET slots" and rest[1:] == ["changes"]:
            token, lines = slots.served(int(rest[0])).changes(query.get("since"))
            return lines, ("foreshard-token", token)
        if asked == "POST slots" and rest[1:] == ["changes"]:
            # Whole before any of it is applied.
            slots.stage(int(rest[0])).apply(b"".join(self.body()).splitlines())
        elif asked == "DELETE slots" and len(rest) == 1:
            slots.discard(int(rest[0]))
        elif asked in ("POST quiesce", "POST resume"):
            slots.quiesce(self.json()["slots"], asked == "POST quiesce")
        elif asked in ("POST serve", "POST release"):
            of_slot = self.json()
            (slots.serve if asked == "POST serve" else slots.release)(of_slot["slot"], of_slot["epoch"])
        else:
            raise Refused(404, f"there is no hook {asked}")
        return ({},)

    def activate(self, of, shard, port):
        slices = self.server.slices
        with self.server.entering:
            if of in slices and slices[of].shard != shard:
                raise Refused(409, f"slice {of}: expected one without a shard, got one of {slices[of].shard}")
            if of not in slices:
                slices[of] = Slice(shard, port)
        return {}

    def deactivate(self, of):
        self.json()
        with self.server.entering:
            one = self.server.slices.pop(of, None)
            if one is not None:
                one.close()
        return {}


def main():
    hooks = ThreadingHTTPServer(("127.0.0.1", HOOKS_PORT), Hooks)
    hooks.daemon_threads = True
    hooks.slices = {}
    hooks.entering = threading.Lock()
    threading.Thread(target=hooks.serve_forever, daemon=True).start()
    print(f"hooks on 127.0.0.1:{hooks.server_port}", file=sys.stderr, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    hooks.shutdown()


if __name__ == "__main__":
    # Before any thread begins, so that all of them leave the signals to `sigwait`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
