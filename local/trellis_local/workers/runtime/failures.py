"""Error documents in the shape of Lambda's Python runtime."""

import json
import traceback


class FunctionError(Exception):
    """Something that the runtime answers with an error document instead of a result."""

    def __init__(self, error_type: str, message: str, stack: tuple[str, ...] = ()) -> None:
        """`stack` holds formatted frames, the outermost first."""
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.stack = stack

    def document(self, request_id: str) -> bytes:
        """The JSON that the caller of the function gets."""
        return json.dumps(
            {
                "errorMessage": self.message,
                "errorType": self.error_type,
                "requestId": request_id,
                "stackTrace": list(self.stack),
            }
        ).encode()


def from_exception(error: BaseException) -> FunctionError:
    """What a handler raised; frames of the runtime itself, which come first, are left out."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return FunctionError(type(error).__name__, str(error), tuple(traceback.format_list(frames)))


def import_failure(module: str, error: BaseException) -> FunctionError:
    """What went wrong while the handler's module was loaded."""
    stack = tuple(traceback.format_list(traceback.extract_tb(error.__traceback__)[1:]))
    if isinstance(error, ImportError):
        return FunctionError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
    if isinstance(error, SyntaxError):
        return FunctionError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", stack)
    return FunctionError(type(error).__name__, str(error), stack)
