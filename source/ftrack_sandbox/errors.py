"""Every error a client can be answered with; each knows its wire name and HTTP status.

Source: protocol reference 1.4. The status of each name is assumed (a real server's are unknown);
it is used only when the client asks for strict mode.
"""


class SandboxError(Exception):
    """Root of all errors raised by the sandbox itself."""


class ApiError(SandboxError):
    """An error that becomes the reply `{"exception": wire_name, "content": text, ...}`."""

    wire_name = "ServerError"
    status = 400
    error_code: str | None = None

    def __init__(self, content: str) -> None:
        # `str()` of the Python client's error runs `str.format` over the text (reference 1.4).
        content = content.replace("{", "(").replace("}", ")")
        super().__init__(content)
        self.content = content


class ParseError(ApiError):
    """A query that cannot be understood: syntax, unknown type or attribute."""

    wire_name = "ParseError"
    status = 400


class UnknownAttribute(ParseError):
    """An attribute that the type does not have."""

    def __init__(self, attribute: str, entity_type: str) -> None:
        super().__init__(f"No attribute '{attribute}' exists for schema '{entity_type}'.")
        self.attribute = attribute
        self.entity_type = entity_type


class UnknownType(ParseError):
    """An entity type that the server does not have."""

    def __init__(self, entity_type: str) -> None:
        super().__init__(f"Failed to parse: no schema '{entity_type}' exists.")
        self.entity_type = entity_type


class ValidationError(ApiError):
    """A value of the wrong type, or a mandatory one that is missing."""

    wire_name = "ValidationError"
    status = 422


class DuplicateEntryError(ApiError):
    """A row that exists already."""

    wire_name = "DuplicateEntryError"
    status = 409


class IntegrityError(ApiError):
    """A reference to a row that does not exist."""

    wire_name = "IntegrityError"
    status = 409


class PermissionDenied(ApiError):
    """Not allowed to this caller."""

    wire_name = "PermissionError"
    status = 403


class InvalidCredentials(ApiError):
    """No such active user, or a key that is not theirs."""

    wire_name = "InvalidCredentialsError"
    status = 401
    error_code = "api_credentials_invalid"


class UnknownOperation(ApiError):
    """An operation this server does not know. The Python client looks for this very text."""

    wire_name = "InvalidActionError"
    status = 400

    def __init__(self, name: object) -> None:
        super().__init__(f"Invalid action u'{name}'")
