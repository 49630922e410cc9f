"""What stops a deployment. Every error names the logical id and the property, because that is what one fixes."""


class DeployError(Exception):
    """The template asks for something that cannot be deployed as written."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason
