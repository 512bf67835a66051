"""Hazards of delivery in any template, as rules of cfn-lint: what its settings will do, worked out by the simulator.

    cfn-lint -a landfast.lint -- template.yaml

cfn-lint takes the classes of this module for its rules. `landfast lint` gives the same, without cfn-lint's own rules.
"""

from landfast.lint.rules import rules

globals().update(rules())
