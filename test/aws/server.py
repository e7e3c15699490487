"""Runs one AWS-compatible server on loopback: server.py ministack|moto PORT.

Ends itself, and all that it started, when standard input ends: a killed test run leaves nothing behind. It must be
the leader of its own process group (Lambda functions of MiniStack are children of it).
"""

import json
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
    know_what_policies_are_on()
    from ministack.app import main

    sys.argv = ["ministack"]
    main()


def know_what_policies_are_on() -> None:
    """What AWS evaluates a policy on, as its service authorization reference has it: target groups (also those yet to be
    made), rules and their tags, and the machines of task tokens, where MiniStack takes `*` and no tags; log streams, where
    it takes their group."""
    import ministack.core.iam_actions as actions
    import ministack.services.alb as alb
    import ministack.services.stepfunctions as stepfunctions
    import ministack.services.tagging as tagging

    # The machine whose execution waits for a token. AWS's AccessDenied names it; MiniStack evaluates `*`.
    machines: dict[str, str] = {}
    wait = stepfunctions._invoke_with_callback

    def remembered(resource, payload, token, state):
        machines[token] = sys._getframe(1).f_locals["ctx"]["StateMachine"]["Id"]
        return wait(resource, payload, token, state)

    stepfunctions._invoke_with_callback = remembered
    known = actions.extract_resource_arn

    def resource(service, method, path, headers, body, query, region, account):
        def given(key):
            value = query.get(key, "")
            return value[0] if isinstance(value, list) else value

        if service == "elasticloadbalancing":
            if given("Action") == "CreateTargetGroup":
                return f"arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{given('Name')}/*"
            for key in ("RuleArn", "ResourceArns.member.1"):
                if given(key):
                    return given(key)
        if service == "logs" and b'"logStreamName"' in body:
            asked = json.loads(body)
            group, stream = asked["logGroupName"], asked["logStreamName"]
            return f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{stream}"
        if service == "states" and b'"taskToken"' in body:
            return machines.get(json.loads(body)["taskToken"], "*")
        return known(service, method, path, headers, body, query, region, account)

    actions.extract_resource_arn = resource
    # The name of the SDK's model, from which MiniStack reads where a request has its tags.
    actions._BOTOCORE_SERVICE_MAP.setdefault("elasticloadbalancing", ["elbv2"])
    tagging._RESOURCE_TAG_COLLECTORS.setdefault("elasticloadbalancing", lambda: alb._tags.items())


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
