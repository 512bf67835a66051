"""No setting of the application is one by which events are lost, held up or handled again."""

from landfast.lint.hazards import findings
from tests.template.stack import TEMPLATE


def test_the_template_has_no_hazard_of_delivery() -> None:
    assert [f"{hazard.id} {finding.message}" for hazard, finding in findings(TEMPLATE)] == []
