"""What a Python handler returns is told from its source, or not at all."""

from pathlib import Path

import pytest

from landfast.lint.application import Application
from landfast.lint.responses import Returns, returns
from landfast.template import declared

FAILURES = [
    'def handler(e, c):\n    return {"batchItemFailures": [{"itemIdentifier": "1"}]}',
    "def handler(e, c):\n    return process_partial_response(event=e, record_handler=f, processor=p, context=c)",
    "def handler(e, c):\n    return batch.process_partial_response(e, f, p, c)",
    'def handler(e, c):\n    answer = {"batchItemFailures": []}\n    return answer',
    '@logged\ndef handler(e, c):\n    if not e:\n        return None\n    return {"batchItemFailures": failed}',
]
NONE = [
    "def handler(e, c):\n    print(e)",
    "def handler(e, c):\n    return {'statusCode': 200}",
    "def handler(e, c):\n    def inner():\n        return work()\n    inner()\n    return 'done'",
    "def handler(e, c):\n    raise ValueError",
]
UNKNOWN = [
    "def handler(e, c):\n    return work(e)",
    "def handler(e, c):\n    return result",
    "@decorated\ndef handler(e, c):\n    return None",
    "handler = make()",
    "from elsewhere import handler",
    "def handler(e, c):\n    return {**answer}",
    "KEY = 'batchItemFailures'\ndef handler(e, c):\n    return {'a': 1}",
    "from aws_lambda_powertools.utilities.batch import BatchProcessor\ndef handler(e, c):\n    return None",
    "def handler(e, c:\n",
]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        *((source, Returns.FAILURES) for source in FAILURES),
        *((source, Returns.NO_FAILURES) for source in NONE),
        *((source, Returns.UNKNOWN) for source in UNKNOWN),
    ],
)
def test_what_a_handler_returns(source: str, told: Returns, tmp_path: Path) -> None:
    package = tmp_path / "src" / "jobs"
    package.mkdir(parents=True)
    (package / "app.py").write_text(source, encoding="utf-8")
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources: {F: {Type: AWS::Lambda::Function, Properties: "
        "{Code: src, Handler: jobs.app.handler, Runtime: python3.13, Role: r}}}",
        encoding="utf-8",
    )
    application = Application(*declared(template))
    assert returns(application, application.functions["F"]) is told


def test_code_in_the_template_is_read_too(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(
        "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: {ZipFile: 'def handler(e, c): return None'}, "
        "Handler: index.handler, Runtime: python3.13, Role: r}}}",
        encoding="utf-8",
    )
    application = Application(*declared(template))
    assert returns(application, application.functions["F"]) is Returns.NO_FAILURES
