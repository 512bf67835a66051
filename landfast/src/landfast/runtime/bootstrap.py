"""A runtime client of our own, for systems that have no awslambdaric, or not for the function's Python: see `launch`.

It runs inside the worker, so it knows nothing of Landfast. Protocol and error objects are those of the AWS
Lambda Developer Guide ("Using the Lambda runtime API") and S-17.
"""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import os
import site
import sys
import time
import traceback
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_BASE = "/2018-06-01/runtime"
_LOGS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Fault(Exception):  # noqa: N818 - AWS's word
    """Something wrong with the function that isn't an exception of its own code."""

    def __init__(self, error_type: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.trace = trace or []


class Context:
    """The handler's second argument (AWS Lambda Developer Guide, "context object" of Python functions)."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.aws_request_id: str = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn: str = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = _client_context(headers.get("Lambda-Runtime-Client-Context"))
        self.tenant_id = None
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Write to the function's log."""
        sys.stdout.write(str(message))


def _client_context(header: str | None) -> SimpleNamespace | None:
    if header is None:
        return None
    try:
        given = json.loads(header)
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", f"Unable to parse Client Context JSON: {error}") from error
    fields = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    client = given.get("client")
    return SimpleNamespace(
        custom=given.get("custom"),
        env=given.get("env"),
        client=client and SimpleNamespace(**{field: client.get(field) for field in fields}),
    )


class _RequestIdFilter(logging.Filter):
    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


class _JsonFormatter(logging.Formatter):
    """One object a line, with the keys of AWS's runtime client."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": getattr(record, "aws_request_id", ""),
        }
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            entry["errorType"], entry["errorMessage"] = kind.__name__, str(error)
            entry["stackTrace"] = traceback.format_tb(trace)
        return json.dumps(entry, ensure_ascii=False, default=str)


def _set_up_logging() -> _RequestIdFilter:
    formatter = (
        _JsonFormatter(datefmt=_TIME)
        if _LOGS_JSON
        else logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    )
    formatter.converter = time.gmtime
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if level:
        logging.getLogger().setLevel("DEBUG" if level == "TRACE" else level)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    identify = _RequestIdFilter()
    handler.addFilter(identify)
    logging.getLogger().addHandler(handler)
    return identify


def load_handler(name: str) -> Callable[[Any, Context], Any]:
    """Import the handler.

    Raises:
        Fault: it cannot be found; any other exception is that of its module.
    """
    module_name, dot, function = name.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            f"Syntax error in module '{module_name}': {error}",
            [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'],
        ) from error
    if not hasattr(module, function):
        raise Fault("Runtime.HandlerNotFound", f"Handler '{function}' missing on module '{module_name}'")
    handler: Callable[[Any, Context], Any] = getattr(module, function)
    return handler


def error_object(error: Exception, request_id: str) -> dict[str, Any]:
    """The S-17 object of an exception."""
    if isinstance(error, Fault):
        error_type, trace = error.error_type, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        while frames and frames[0].filename == __file__:
            del frames[0]
        plain = [(frame.filename, frame.lineno or 0, frame.name, frame.line) for frame in frames]
        error_type, trace = type(error).__name__, traceback.format_list(plain)
    return {
        "errorMessage": str(error),
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": trace,
    }


def _log(error: dict[str, Any]) -> None:
    if _LOGS_JSON:
        entry = {"timestamp": time.strftime(_TIME, time.gmtime()), "level": "ERROR", **error}
        sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    lines += [line for entry in error["stackTrace"] for line in entry.splitlines()]
    sys.stdout.write("\r".join(lines) + "\n")


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=_number).encode()


class Client:
    """Speaks the Runtime API over one connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> tuple[http.client.HTTPMessage, bytes]:
        """Wait for an event: its headers and its JSON."""
        self._connection.request("GET", f"{_BASE}/invocation/next")
        response = self._connection.getresponse()
        return response.headers, response.read()

    def post(self, path: str, body: bytes) -> None:
        """Send a result or an error."""
        self._connection.request("POST", f"{_BASE}/{path}", body)
        response = self._connection.getresponse()
        response.read()
        if response.status != http.client.ACCEPTED:
            raise RuntimeError(f"the Runtime API answered {response.status} to {path}")


def _result(handler: Callable[[Any, Context], Any], headers: http.client.HTTPMessage, event: bytes) -> bytes:
    context = Context(headers)
    try:
        decoded = json.loads(event)
    except ValueError as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
    value = handler(decoded, context)
    if isinstance(value, bytes):
        return value
    try:
        return _encode(value)
    except (TypeError, ValueError) as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def main(handler_name: str) -> None:
    """Serve invocations until the Runtime API is gone."""
    site.setquit()
    identify = _set_up_logging()
    client = Client(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(handler_name)
    except Exception as error:  # noqa: BLE001 - whatever the module raises is reported to Lambda
        failure = error_object(error, "")
        _log(failure)
        client.post("init/error", _encode(failure))
        sys.exit(1)
    while True:
        headers, event = client.next()
        request_id = identify.request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
        try:
            path, body = f"invocation/{request_id}/response", _result(handler, headers, event)
        except Exception as error:  # noqa: BLE001 - whatever the handler raises is reported to Lambda
            failure = error_object(error, request_id)
            _log(failure)
            path, body = f"invocation/{request_id}/error", _encode(failure)
        client.post(path, body)


if __name__ == "__main__":
    main(sys.argv[1])
