"""The STS API, as far as Landfast answers it: whom credentials belong to. Anything else is the engine's."""

from dataclasses import dataclass

from landfast.eventplane.plane import Result
from landfast.protocols import Call


@dataclass(frozen=True, slots=True)
class StsApi:
    """Answers `GetCallerIdentity`: whatever credentials are given, they are the account's own.

    Attributes:
        account: The account, twelve digits.
        partition: For example ``aws``.
    """

    service = "sts"

    account: str
    partition: str

    def takes(self, call: Call) -> bool:
        """Tell whether Landfast answers a call itself."""
        return call.operation == "GetCallerIdentity"

    def answer(self, call: Call) -> Result:
        """The account that a call is from."""
        del call
        return {
            "UserId": self.account,
            "Account": self.account,
            "Arn": f"arn:{self.partition}:iam::{self.account}:root",
        }
