#!/usr/bin/env python3
"""Writes to the stateful sample service, remembers what was acknowledged, and checks that all of it is there afterwards.

  client.py http://load-balancer/rooms [--seconds 30] [--writers 4] [--keys 16]

Each writer has keys of its own. A counter must have come to at least as much as was acknowledged (and to no more than was
sent), every answer must count on from the one before, and a session must be the one of its last acknowledged write or
one sent after it. Ends after --seconds or when standard input ends; says on standard output, as JSON, what it found;
exit code 1 when something is lost.
"""

import argparse
import http.client
import json
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

TIMEOUT = 15


class Writer(threading.Thread):
    """Adds to counters and replaces sessions, one after the other, until told to stop."""

    def __init__(self, url, name, keys, stop):
        super().__init__(daemon=True)
        self.url, self.stop = url, stop
        self.keys = [f"{name}-{i}" for i in range(keys)]
        self.sent = {key: 0 for key in self.keys}
        self.counted = {key: 0 for key in self.keys}  # acknowledged
        self.seen = {key: 0 for key in self.keys}  # the last counter that an answer told
        self.session = {key: 0 for key in self.keys}  # the last acknowledged
        self.acknowledged = 0
        self.failed = 0
        self.refusals = {}
        self.problems = []
        self.answers = []  # (when it was sent, when the answer came, slot, epoch, by whom)

    def run(self):
        turn = 0
        while not self.stop.is_set():
            key = self.keys[turn % len(self.keys)]
            turn += 1
            self.sent[key] += 1
            added = self.ask("POST", f"counters/{key}")
            if added is not None:
                self.counted[key] += 1
                if added["value"] <= self.seen[key]:
                    self.problems.append(f"counters/{key}: {added['value']} after {self.seen[key]} was acknowledged")
                self.seen[key] = added["value"]
            number = self.sent[key]
            if self.ask("PUT", f"sessions/{key}", {"n": number}) is not None:
                self.session[key] = number

    def ask(self, method, path, value=None, write=True):
        data = None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", data=data, method=method, headers=headers)
        began = time.time()
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                said = json.load(answer)
        except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
            why = f"{type(error).__name__} {getattr(error, 'code', '') or getattr(error, 'reason', '')}".strip()
            self.refusals[why] = self.refusals.get(why, 0) + 1
            self.failed += 1
            time.sleep(0.05)
            return None
        if write:
            self.acknowledged += 1
            self.answers.append((began, time.time(), said["slot"], said["epoch"], said["by"]))
        return said

    def check(self):
        """What is lost; asked until there is an answer."""
        for key in self.keys:
            count = self.sure(f"counters/{key}") or 0
            if count < self.seen[key]:
                self.problems.append(f"counters/{key}: expected at least {self.seen[key]}, got {count}")
            if not self.counted[key] <= count <= self.sent[key]:
                self.problems.append(
                    f"counters/{key}: expected {self.counted[key]} to {self.sent[key]}, got {count}"
                )
            session = (self.sure(f"sessions/{key}") or {"n": 0})["n"]
            if not self.session[key] <= session <= self.sent[key]:
                self.problems.append(
                    f"sessions/{key}: expected {self.session[key]} to {self.sent[key]}, got {session}"
                )

    def sure(self, path):
        for _ in range(200):
            said = self.ask("GET", path, write=False)
            if said is not None:
                return said["value"]
        self.problems.append(f"{path}: no answer")
        return None


def gap(answers):
    """The longest time between two answers, and when it began."""
    times = sorted(came for _, came, *_ in answers)
    gaps = [(later - before, before) for before, later in zip(times, times[1:])]
    return max(gaps, default=(0, 0))


def holders(answers):
    """Who answered, per slot and epoch: how often, and from when to when."""
    seen = {}
    for _, came, slot, epoch, by in sorted(answers, key=lambda one: one[1]):
        one = seen.setdefault((slot, epoch, by), {"slot": slot, "epoch": epoch, "by": by, "first": came, "writes": 0})
        one["writes"] += 1
        one["last"] = came
    return list(seen.values())


def main():
    parser = argparse.ArgumentParser(description="Writes, and checks what was acknowledged.")
    parser.add_argument("url", help="the shard, e.g. http://load-balancer/rooms")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--keys", type=int, default=16, help="of each writer")
    given = parser.parse_args()
    stop = threading.Event()
    # Nobody has written to these keys before.
    run = uuid.uuid4().hex[:8]
    writers = [Writer(given.url.rstrip("/"), f"{run}-{i}", given.keys, stop) for i in range(given.writers)]
    for one in writers:
        one.start()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    end = time.monotonic() + given.seconds
    while not stop.wait(1) and time.monotonic() < end:
        acknowledged, failed = (sum(getattr(one, of) for one in writers) for of in ("acknowledged", "failed"))
        print(f"{acknowledged} writes acknowledged, {failed} failed", file=sys.stderr, flush=True)
    stop.set()
    for one in writers:
        one.join()
    for one in writers:
        one.check()
    answers = [answer for one in writers for answer in one.answers]
    longest, began = gap(answers)
    problems = [problem for one in writers for problem in one.problems]
    refusals = {}
    for one in writers:
        for why, times in one.refusals.items():
            refusals[why] = refusals.get(why, 0) + times
    found = {
        "acknowledged": len(answers),
        "failed": sum(one.failed for one in writers),
        "refusals": refusals,
        "longestGap": round(longest, 3),
        "gapBegan": began,
        "holders": holders(answers),
        "lost": problems,
    }
    json.dump(found, sys.stdout)
    print(flush=True)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
