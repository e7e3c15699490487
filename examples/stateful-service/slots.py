"""State of the sample service: what each slot holds, in memory, and what changed in it since when.

A slot is here in one of three ways: served (requests change it), quiesced (served, but nothing changes), or staged
(its state is being copied here; nobody is answered from it). Each change has a number; entries are kept in the order
of their last change, so that the changes since a number are read without looking at the rest.
"""

import json
import threading
import time
import uuid
from collections import OrderedDict

# Deleted entries of which it is remembered that they are gone; before the oldest of them, all of a slot is copied.
MOST_GRAVES = 10_000
# Seconds over which the rate of changes is measured.
WINDOW = 10


class Refused(Exception):
    """A request or hook that does not fit what is here: HTTP status and why."""

    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


class Slot:
    def __init__(self):
        self.lock = threading.Lock()
        self.token = uuid.uuid4().hex
        self.entries = OrderedDict()  # "kind/key" → (number of its last change, value or None, bytes)
        self.number = 0
        self.floor = 0  # changes since an older number are not known any more
        self.graves = 0
        self.bytes = 0
        self.sessions = 0
        self.epoch = 0  # 0: staged
        self.quiesced = False
        self.written = OrderedDict()  # second → bytes changed in it

    def put(self, name, value):
        """The value is what the entry is from now on; None removes it. Under the lock."""
        self.keep(name, self.number + 1, value)
        second = int(time.monotonic())
        self.written[second] = self.written.get(second, 0) + self.entries[name][2]
        while next(iter(self.written)) < second - WINDOW:
            self.written.popitem(last=False)

    def keep(self, name, number, value):
        size = len(name) + (0 if value is None else len(json.dumps(value)))
        _, old, old_size = self.entries.get(name, (0, None, 0))
        self.graves += (value is None) - (name in self.entries and old is None)
        self.bytes += size - old_size
        if name.startswith("sessions/"):
            self.sessions += (value is not None) - (old is not None)
        self.entries[name] = (number, value, size)
        self.entries.move_to_end(name)
        self.number = number
        if self.graves > MOST_GRAVES:
            for grave in [one for one, entry in self.entries.items() if entry[1] is None]:
                self.floor = max(self.floor, self.entries[grave][0])
                self.bytes -= self.entries.pop(grave)[2]
            self.graves = 0

    def get(self, name):
        return self.entries.get(name, (0, None, 0))[1]

    def changes(self, since):
        """`(token, lines)` since a token, or of all where that is unknown; taken in one moment, without copying values."""
        with self.lock:
            token, _, number = (since or "").partition(".")
            begin = int(number) if token == self.token and number.isdigit() else 0
            begin = begin if self.floor <= begin <= self.number else 0
            changed = []
            for name in reversed(self.entries):
                entry = self.entries[name]
                if entry[0] <= begin:
                    break
                if begin or entry[1] is not None:
                    changed.append((entry[0], name, entry[1]))
            end = self.number
        head = {"from": begin, "to": end, "changes": len(changed)}
        lines = [json.dumps(one) for one in (head, *reversed(changed))]
        return f"{self.token}.{end}", "".join(f"{line}\n" for line in lines).encode()

    def apply(self, lines):
        """A whole set of changes, on top of the set before; one from 0 on replaces everything."""
        head, *changed = [json.loads(line) for line in lines]
        if len(changed) != head["changes"]:
            raise Refused(400, f"changes: expected {head['changes']}, got {len(changed)}")
        with self.lock:
            if self.epoch:
                raise Refused(409, f"slot: expected one that is not served, got one under epoch {self.epoch}")
            if head["from"] == 0:
                self.entries = OrderedDict()
                self.bytes = self.sessions = self.graves = self.floor = 0
            elif head["from"] != self.number:
                raise Refused(409, f"from: expected {self.number}, got {head['from']}")
            for number, name, value in changed:
                self.keep(name, number, value)
            self.number = head["to"]

    def rate(self):
        with self.lock:
            second = int(time.monotonic())
            return sum(size for at, size in self.written.items() if at >= second - WINDOW) / WINDOW


class Slots:
    """All slots of one slice in one shard."""

    def __init__(self):
        self.lock = threading.Lock()
        self.here = {}  # slot → Slot
        self.passed = {}  # slot → epoch from which on another one holds it

    def served(self, slot):
        """@raise Refused when the slot is not served here"""
        one = self.here.get(slot)
        if one is None or not one.epoch:
            raise Refused(503, f"slot {slot}: not served here")
        return one

    def only(self):
        """The only slot that is served, for a request that names none."""
        served = [slot for slot, one in list(self.here.items()) if one.epoch]
        if len(served) != 1:
            raise Refused(400 if served else 503, f"foreshard-slot: expected one of {served}, got nothing")
        return served[0]

    def change(self, slot, epoch, name, change):
        """Replaces an entry by `change(entry)`. When it returns, the change is in the state."""
        one = self.served(slot)
        with one.lock:
            if epoch is not None and epoch != one.epoch:
                raise Refused(409, f"epoch of slot {slot}: expected {one.epoch}, got {epoch}")
            if one.quiesced or not one.epoch:
                raise Refused(503, f"slot {slot}: it is being handed over")
            one.put(name, change(one.get(name)))
            return one.get(name), one.epoch

    def read(self, slot, name):
        one = self.served(slot)
        with one.lock:
            return one.get(name), one.epoch

    def stage(self, slot):
        with self.lock:
            return self.here.setdefault(slot, Slot())

    def serve(self, slot, epoch):
        passed = self.passed.get(slot, 0)
        if epoch <= passed:
            raise Refused(409, f"epoch of slot {slot}: expected more than {passed}, got {epoch}")
        one = self.stage(slot)
        with one.lock:
            if epoch < one.epoch:
                raise Refused(409, f"epoch of slot {slot}: expected at least {one.epoch}, got {epoch}")
            one.epoch, one.quiesced = epoch, False

    def quiesce(self, slots, quiesced):
        """Under each slot's lock: no change is half-way in when it returns."""
        for slot in slots:
            one = self.served(slot)
            with one.lock:
                one.quiesced = quiesced

    def release(self, slot, epoch):
        """Another one holds the slot from `epoch` on."""
        one = self.here.get(slot)
        if one is not None and one.epoch >= epoch:
            raise Refused(409, f"epoch of slot {slot}: expected more than {one.epoch}, got {epoch}")
        self.passed[slot] = max(epoch, self.passed.get(slot, 0))
        self.forget(slot)

    def discard(self, slot):
        one = self.here.get(slot)
        if one is not None and one.epoch:
            raise Refused(409, f"slot {slot}: expected one that is not served")
        self.forget(slot)

    def forget(self, slot):
        with self.lock:
            one = self.here.pop(slot, None)
        if one is not None:
            with one.lock:
                one.epoch = 0

    def stats(self):
        here = [(slot, one) for slot, one in sorted(self.here.items())]
        return {
            "slots": [
                {"slot": slot, "stateBytes": one.bytes, "dirtyBytesPerSecond": one.rate()} for slot, one in here
            ],
            "metrics": {"sessions": sum(one.sessions for _, one in here if one.epoch)},
        }
