"""In a function's process: every AWS call is checked against the function's policy, and recorded.

Hooks of botocore are used, so the function's own code runs as it is. A call the policy does not
grant fails as it would in AWS. A test may ask that the process dies around a call, or that a call
is throttled.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from local.actions import Place, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.iam import Policy

_PARAMETERS = "samklang_local_parameters"
_DENIED = {
    "s3": ("AccessDenied", 403),
    "sqs": ("AccessDenied", 403),
    "sesv2": ("AccessDeniedException", 403),
}
_DENIED_ELSEWHERE = ("AccessDeniedException", 400)


class Fault:
    """Something a test wants to go wrong in one invocation."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.id: str = description["id"]
        self.kind: str = description["kind"]
        self._operation: str | None = description.get("operation")
        self._countdown: int = description.get("call", 1)

    def concerns(self, operation: str) -> bool:
        """Count a call; True for the one it was made for."""
        if self._operation not in {None, operation}:
            return False
        self._countdown -= 1
        return self._countdown == 0


class Watch:
    """Checks and records the AWS calls of one process."""

    def __init__(self, policy: Policy, place: Place, dying: Callable[[], None]) -> None:
        """Watch a process.

        Args:
            policy: What the function is granted.
            place: The account and region.
            dying: Called just before a fault ends the process.
        """
        self._policy = policy
        self._place = place
        self._dying = dying
        self._faults: list[Fault] = []
        self.used: set[tuple[str, str]] = set()
        self.refused: set[tuple[str, str]] = set()
        self.fired: list[str] = []
        self.calls = 0

    def begin(self, faults: list[dict[str, Any]]) -> None:
        """Start anew for one invocation."""
        self.used, self.refused, self.fired, self.calls = set(), set(), [], 0
        self._faults = [Fault(description) for description in faults]

    def report(self) -> dict[str, Any]:
        """What the invocation did, for the runner."""
        return {
            "used": sorted(self.used),
            "refused": sorted(self.refused),
            "fired": self.fired,
            "calls": self.calls,
        }

    def install(self) -> None:
        """Hook into every session that will be made in this process."""
        import botocore.handlers  # noqa: PLC0415 - only once the process's environment is complete

        botocore.handlers.BUILTIN_HANDLERS += [
            ("before-parameter-build", _keep_parameters),
            ("before-call", self._before_call),
            ("after-call", self._after_call),
            ("creating-client-class", self._watch_signing, botocore.handlers.REGISTER_LAST),
        ]

    # -------------------------------------------------------------------------------------- hooks

    def _before_call(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        service, operation = model.service_model.service_name, model.name
        parameters = context.get(_PARAMETERS, {})
        refusal = self._check(service, operation, parameters)
        if refusal:
            return refusal
        self.calls += 1
        context["samklang_local_faults"] = firing = [
            fault for fault in self._faults if fault.concerns(operation)
        ]
        for fault in firing:
            if fault.kind == "crash_before":
                self._die(fault)
            if fault.kind == "throttle":
                self.fired.append(fault.id)
                return _throttled(service, operation, parameters)
        return None

    def _after_call(self, context: dict[str, Any], **_: Any) -> None:
        for fault in context.get("samklang_local_faults", []):
            if fault.kind == "crash_after":
                self._die(fault)

    def _watch_signing(self, class_attributes: dict[str, Any], **_: Any) -> None:
        """Signing happens in the process, but the signature is worth no more than its signer's grants."""
        sign_post = class_attributes.get("generate_presigned_post")
        sign_url = class_attributes.get("generate_presigned_url")
        watch = self

        if sign_post:

            def generate_presigned_post(client: Any, Bucket: str, Key: str, *rest: Any, **more: Any) -> Any:  # noqa: N803 - boto3's names
                watch.require(client, "PutObject", {"Bucket": Bucket, "Key": Key})
                return sign_post(client, Bucket, Key, *rest, **more)

            class_attributes["generate_presigned_post"] = generate_presigned_post

        if sign_url:

            def generate_presigned_url(
                client: Any,
                ClientMethod: str,  # noqa: N803
                Params: dict[str, Any] | None = None,  # noqa: N803
                *rest: Any,
                **more: Any,
            ) -> Any:
                operation = client.meta.method_to_api_mapping.get(ClientMethod, ClientMethod)
                watch.require(client, operation, Params or {})
                return sign_url(client, ClientMethod, Params, *rest, **more)

            class_attributes["generate_presigned_url"] = generate_presigned_url

    # -------------------------------------------------------------------------------------- inner

    def require(self, client: Any, operation: str, parameters: dict[str, Any]) -> None:
        """Check something that makes no call; raises the error the call would meet."""
        refusal = self._check(client.meta.service_model.service_name, operation, parameters)
        if refusal:
            raise client.exceptions.ClientError(refusal[1], operation)

    def _check(self, service: str, operation: str, parameters: dict[str, Any]) -> Any:
        for action, arn in needed(service, operation, parameters, self._place):
            grants = self._policy.allows(action, arn)
            if not grants:
                self.refused.add((action, arn))
                code, status = _DENIED.get(service, _DENIED_ELSEWHERE)
                message = f"User is not authorized to perform: {action} on resource: {arn}"
                return _answer(status, {"Error": {"Code": code, "Message": message}})
            self.used.update(grants)
        return None

    def _die(self, fault: Fault) -> None:
        self.fired.append(fault.id)
        self._dying()
        os._exit(137)


def _keep_parameters(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    context[_PARAMETERS] = params


def _throttled(service: str, operation: str, parameters: dict[str, Any]) -> Any:
    """What a function sees when it was throttled and the SDK has given up."""
    if service == "sesv2":
        code = "TooManyRequestsException"
        return _answer(429, {"Error": {"Code": code, "Message": "Maximum sending rate exceeded."}})
    if operation != "TransactWriteItems":
        code = "ProvisionedThroughputExceededException"
        return _answer(400, {"Error": {"Code": code, "Message": "Rate exceeded (local fault)"}})
    count = len(parameters["TransactItems"])
    reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in range(count - 1))]
    message = "Transaction cancelled, please refer cancellation reasons for specific reasons"
    error = {"Code": "TransactionCanceledException", "Message": message}
    return _answer(400, {"Error": error, "message": message, "CancellationReasons": reasons})


def _answer(status: int, parsed: dict[str, Any]) -> Any:
    from botocore.awsrequest import AWSResponse  # noqa: PLC0415
    from botocore.compat import HTTPHeaders  # noqa: PLC0415

    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RequestId": "local", "RetryAttempts": 0}
    return AWSResponse("", status, HTTPHeaders(), None), parsed | {"ResponseMetadata": metadata}
