"""A service that has failed is told of, and nobody waits for it."""

from pathlib import Path

import pytest

from landfast.testing import Options, ServiceError, Stack

TEMPLATE = "Resources: {Jobs: {Type: 'AWS::SQS::Queue'}}"


def crash() -> None:
    raise RuntimeError("on purpose")


def test_a_stack_whose_service_has_failed_says_so_instead_of_being_reset(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    with Stack.start(Options(template=tmp_path / "template.yaml", state=tmp_path / "state")) as stack:
        stack.service.at(stack.now, crash)
        stack.service.failed.wait(30)
        with pytest.raises(ServiceError, match=r"^planned work: on purpose: the service has stopped$"):
            stack.reset()
