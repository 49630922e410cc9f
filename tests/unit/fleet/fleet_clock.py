"""A clock that tests move."""

NOW = 1_790_000_000.0


class Clock:
    """Unix seconds, as far as the stores know."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now
