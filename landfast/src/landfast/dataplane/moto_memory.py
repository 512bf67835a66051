"""What moto holds, remembered at one moment and put back at another."""

import copy
from typing import Any, Final

from moto.core.base_backend import BackendDict, backend_lock
from moto.s3.models import FakeKey, s3_backends

_COPIED: Final = frozenset({"s3", "dynamodb"})
"""The services in which a template's resources are made. What others hold is a program's, and goes at a reset."""


class MotoMemory:
    """Remembers buckets and tables, which must be empty then: what others hold is cleared."""

    def __init__(self) -> None:
        # By service, account and region.
        self._kept: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._owners: dict[str, Any] = {}

    def remember(self) -> None:
        """Remember all buckets and tables as they are now."""
        with backend_lock:
            self._owners = dict(s3_backends.bucket_accounts)
            self._kept = {
                (services.service_name, account, region): copy.deepcopy(vars(backend))
                for services in BackendDict._instances  # type: ignore[misc]  # noqa: SLF001 - moto has no other list of them
                if services.service_name in _COPIED
                for account, region, backend in services.iter_backends()
            }

    def reset(self) -> None:
        """Put them back; whatever else moto holds is gone."""
        with backend_lock:
            for services in BackendDict._instances:  # type: ignore[misc]  # noqa: SLF001 - as above
                for account, region, backend in services.iter_backends():
                    kept = self._kept.get((services.service_name, account, region))
                    if kept is None:
                        backend.reset()
                    else:
                        vars(backend).clear()
                        vars(backend).update(copy.deepcopy(kept))
            for key in FakeKey.instances_tracked:  # type: ignore[attr-defined] # moto's metaclass adds it
                key.dispose()
            FakeKey.instances_tracked.clear()  # type: ignore[attr-defined]
            s3_backends.bucket_accounts.clear()
            s3_backends.bucket_accounts.update(self._owners)
