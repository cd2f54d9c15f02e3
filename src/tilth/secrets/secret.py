"""A value that is never shown: printing, formatting, copying or serializing it gives its reference."""

from __future__ import annotations

from typing import Any

from tilth.secrets.hiding import remember


class Secret(str):
    """A secret value, returned by `reveal`. As a string it is `Secret(REFERENCE)`, so that only this is shown or written.

    A copy is the same object. A pickle holds only the reference; another process resolves the value again.

    >>> token = Secret("env:TOKEN", "a-token")
    >>> print(token, [token], f"{token:>20}")
    Secret(env:TOKEN) [Secret(env:TOKEN)]    Secret(env:TOKEN)
    >>> import json
    >>> json.dumps({"token": token})
    '{"token": "Secret(env:TOKEN)"}'
    """

    __slots__ = ("_value", "reference")
    _value: str | None
    reference: str

    def __new__(cls, reference: str, value: str | None = None) -> Secret:
        made = str.__new__(cls, f"Secret({reference})")
        made.reference, made._value = reference, value
        if value is not None:
            remember(made, value)
        return made

    def reveal(self) -> str:
        """The value. Errors: those of `resolve`, for a secret that came from another process."""
        if self._value is None:
            from tilth.secrets.references import resolve

            return resolve(self.reference).reveal()
        remember(self, self._value)
        return self._value

    def __repr__(self) -> str:
        return str(self)

    __eq__ = object.__eq__  # secrets with the same reference may have different values
    __hash__ = object.__hash__

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, (self.reference,))
