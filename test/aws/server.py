"""Runs one AWS-compatible server on loopback: server.py ministack|moto PORT.

Ends itself, and all that it started, when standard input ends: a killed test run leaves nothing behind. It must be
the leader of its own process group (Lambda functions of MiniStack are children of it).
"""

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def ministack() -> None:
    # AWS itself sends `aws.*` events; PutEvents refuses them to customers, and MiniStack does so too. The test stands
    # in for AWS here, so that the product's rules keep their true sources.
    import ministack.services.eventbridge as eventbridge

    assert eventbridge._put_events.__defaults__ == (False,), "another MiniStack than the pinned one"
    eventbridge._put_events.__defaults__ = (True,)
    from ministack.app import main

    sys.argv = ["ministack"]
    main()


def moto(port: str) -> None:
    from moto.server import main

    main(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    if os.getpgrp() != os.getpid():
        sys.exit("server.py must lead its own process group")
    threading.Thread(target=end_with_parent, daemon=True).start()
    if sys.argv[1] == "ministack":
        ministack()
    else:
        moto(sys.argv[2])
