"""Functions made from a model's shapes, each once: walking the model anew for each message would cost more."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from landfast.protocols.models import Model, Ref, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F")


class Compiled(ABC, Generic[F]):
    """The functions for the shapes of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._made: dict[tuple[str, bool], F] = {}

    def of(self, ref: Ref) -> F:
        """The function for a shape where it is used."""
        shape = self.model.shapes[ref.shape]
        key = (ref.shape, ref.flattened or shape.flattened)
        if key not in self._made:

            def later(*arguments: Any) -> Any:  # noqa: ANN401 - as the true one
                """Stand for a shape that contains itself; nobody calls it before the true one is there."""
                return cast("Callable[..., Any]", self._made[key])(*arguments)

            self._made[key] = cast("F", later)
            self._made[key] = self._make(shape, flattened=key[1])
        return self._made[key]

    def _make(self, shape: Shape, *, flattened: bool) -> F:
        if shape.type == "structure":
            return self.structure(shape)
        if shape.type == "list" and shape.member:
            return self.listing(shape, shape.member, flattened=flattened)
        if shape.type == "map" and shape.key and shape.value:
            return self.mapping(shape, shape.key, shape.value, flattened=flattened)
        return self.scalar(shape)

    @abstractmethod
    def structure(self, shape: Shape) -> F:
        """For a structure."""

    @abstractmethod
    def listing(self, shape: Shape, member: Ref, *, flattened: bool) -> F:
        """For a list of `member`."""

    @abstractmethod
    def mapping(self, shape: Shape, key: Ref, value: Ref, *, flattened: bool) -> F:
        """For a map from `key` to `value`."""

    @abstractmethod
    def scalar(self, shape: Shape) -> F:
        """For any other type."""
