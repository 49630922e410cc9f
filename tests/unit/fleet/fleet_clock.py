"""A clock that tests move."""


class Clock:
    """Unix seconds, as far as the stores know."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now
