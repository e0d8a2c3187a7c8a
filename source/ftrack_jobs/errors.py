"""Every exception we raise, under one root, and the sentences that users are shown.

The sentences stand here, and nowhere else, so that tests and documentation read the same words as users do.
Each is a `str.format` template; each names the thing and the next step.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Reply to a click: the Job exists and will be worked on.
STARTED = "{title} started. Follow it in your Jobs menu."
#: Description of a Job that a worker takes up at once.
STARTING = "Starting"
#: Description of a Job in the queue; *place* is written as "2nd".
WAITING = "Waiting, {place} in line"
#: Description of a Job whose author reported nothing yet.
RUNNING = "Running"
#: How far a run is, of which the end is known; *percent* is a whole number.
PROGRESS_OF = "{done:,} of {total:,} ({percent} %)"
#: The same where the end is not known.
PROGRESS = "{done:,}"
#: Final description when an author returned no text.
DONE = "Done"
#: A launch without a selection of an action that needs one.
EMPTY_SELECTION = "{title} needs a selection. Select what it shall work on and start it again."
#: A launch on a kind of entity that the action does not take.
WRONG_TYPE = "{title} does not work on {found}. Select {wanted} and start it again."
#: A launch on an entity that is not there for us.
UNKNOWN_ENTITY = (
    "No {entity_type} with the id {entity_id} can be seen. It was deleted, or the service's key may not"
    " read its project. Check the selection, or ask an administrator to grant the project to the key."
)
#: A launch by somebody the server does not know.
UNKNOWN_USER = "No active user called {username!r} is known to the server, so {title} was not started."
#: A launch by somebody without the role.
NOT_ALLOWED = "{title} is for people with the role {roles}. Ask an administrator if you need it."
#: A launch from a place that shows no form, of an action whose form needs answers.
NO_DEFAULT = (
    "{title} asks for {fields}, and this launcher shows no form. Start it from the Actions menu of the"
    " web page."
)
#: A launch while the process is going down.
HOST_CLOSING = "{title} was not started, because its host is being closed. Start it again in a minute."
#: A launch while as many Jobs wait as may wait.
QUEUE_FULL = (
    "{title} was not started: the line is full ({count:,} waiting). Start it again when some are done."
)
#: A launch that could not be noted down on the server.
NOT_CLAIMED = "{title} was not started: {reason}"
#: The server refused what a run asked for.
SERVER_REFUSED = (
    "The server refused a request: {answer}. Nothing more was done; correct this and start it again."
)
#: The server could not be reached, or answered with something that is not an answer.
SERVER_LOST = "The server gave no usable answer ({answer}). Start it again when the server can be reached."
#: A run that ended because no room is left for its files.
DISK_FULL = (
    "The disk of {host} is full ({path}). Free some space there, or ask its administrator, then start"
    " it again."
)
#: A run that ended with an exception nobody expected.
UNEXPECTED = (
    "{title} failed unexpectedly ({error}). The attached text file says where; pass it on to its author."
)
#: The same where there is no Job to attach a file to.
UNEXPECTED_HEADLESS = "{title} failed unexpectedly ({error})."
#: A run that changed entities and never committed.
UNCOMMITTED = (
    "{title} left {count} change(s) uncommitted, so they were not saved. Its author must call"
    " job.session.commit()."
)
#: A Job that is asked to run an action this process does not have.
UNKNOWN_ACTION = "No action with the identifier {identifier!r} is installed here. Installed: {known}."
#: A Job whose process ends.
HOST_CLOSED = "host was closed"
#: A run that was told to stop.
CANCELLED = "Cancelled"
#: What the head of the text file says that is attached to a run nobody expected to fail.
TRACEBACK_HEAD = "{title} ({identifier}) failed at {when} on {host}, Python {python}.\n\n"
#: A file that `attach` was given and that is gone when it shall be uploaded.
ATTACHMENT_GONE = (
    "{title} made a file that is no longer there: {path}. Its author must keep it until run() has ended."
)

#: A launch on an entity of a project that is not the user's.
NOT_REACHED = (
    "Your roles do not reach the project of the selected {entity_type} ({entity_id}). Ask an"
    " administrator for access to that project, or select something else."
)

#: A form that comes back; the reasons follow below it.
CORRECT_FORM = "Please correct this and submit again:"
#: Reasons, each told after the label of its field.
FIELD_EMPTY = "needs a value."
FIELD_NO_DEFAULT = "has no default, so it must be answered."
FIELD_NOT_TEXT = "takes a text, not {value}."
FIELD_TOO_LONG = "takes {most} characters at most; these are {length}."
FIELD_NOT_NUMBER = "takes a number, not {value}."
FIELD_NOT_WHOLE = "takes a whole number, not {value}."
FIELD_TOO_SMALL = "takes {least} at least, not {value}."
FIELD_TOO_LARGE = "takes {most} at most, not {value}."
FIELD_NOT_DATE = "takes a date such as 2024-05-03, not {value}."
FIELD_NOT_BOOLEAN = "takes true or false, not {value}."
FIELD_NOT_OFFERED = "offers {offered}, not {value}."
FIELD_ONE_ONLY = "takes one value, not {count}."

#: A query for a type that the site does not have.
UNKNOWN_TYPE = "There is no entity type {name!r} here. Nearest are: {nearest}."
#: A column, or a part of one, that its type does not have.
UNKNOWN_COLUMN = (
    "The column {column!r} is unknown: {entity_type} has no attribute {name!r}. Nearest are: {nearest}."
)
#: A column that goes on behind a plain value.
NO_RELATION = (
    "The column {column!r} cannot be read: {name!r} of {entity_type} is a plain value, so nothing can"
    " follow it."
)
#: A column that ends with a related entity which has no name of its own.
BARE_RELATION = (
    "The column {column!r} is incomplete: it ends with an entity of type {entity_type}. Add one of its"
    " attributes, such as {nearest}."
)
#: A column of custom attributes or metadata that does not say which.
KEY_MISSING = "The column {column!r} is incomplete: write the key in brackets, such as {name}[fps]."
#: A key in brackets where there is nothing to take it from.
KEY_UNEXPECTED = (
    "The column {column!r} cannot be read: only custom_attributes and metadata take a key in brackets."
)
#: A column that is no path at all.
BAD_COLUMN = "The column {column!r} is not a path. Write names with dots between them, such as status.name."
#: No column at all.
NO_COLUMNS = "No column is named. Name at least one, such as name."
#: A custom attribute that no configuration has.
UNKNOWN_CUSTOM_ATTRIBUTE = (
    "The column {column!r} is unknown: no custom attribute {key!r} can be seen by the service's key."
    " Nearest are: {nearest}."
)
#: A type whose rows cannot be told apart by project.
NOT_LIMITABLE = (
    "{entity_type} cannot be limited to the projects of a user, so it cannot be read here{column}. An"
    ' action that needs it must be declared with reads = "service" and a role.'
)
#: A clause that is more than a condition, or less than one.
BAD_CLAUSE = "The condition {where!r} cannot be asked: {reason}."
#: A value that has no form in the query language.
BAD_VALUE = "The value {value!r} cannot be part of a query: {reason}."
#: A file type nobody writes.
UNKNOWN_FORMAT = "No file of type {suffix!r} can be written. Known are: {known}."

#: A setting that cannot be used.
BAD_SETTING = "The setting {name!r}, read from {source}, cannot be used: {reason}."


class JobsError(Exception):
    """Root of every error of this package."""


class JobFailed(JobsError):
    """Raise inside `run` to end the Job as failed with a message for its user.

    The message is shown word for word, without a traceback: say what is wrong and what to do next.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class JobCancelled(BaseException):
    """Raised by `Job.progress` in a run that shall stop.

    Derives from `BaseException`, so that an author's `except Exception` does not swallow it.
    """

    def __init__(self, reason: str = CANCELLED) -> None:
        super().__init__(reason)
        self.reason = reason


class FormError(JobsError):
    """Submitted values that a form does not take.

    *reasons* maps field names to what is wrong with each; a text alone speaks of the form as a whole and is
    kept under the empty name. *labels* maps field names to what users know them by.
    """

    def __init__(self, reasons: Mapping[str, str] | str, labels: Mapping[str, str] | None = None) -> None:
        self.reasons: dict[str, str] = {"": reasons} if isinstance(reasons, str) else dict(reasons)
        self.labels: dict[str, str] = dict(labels or {})
        super().__init__(" ".join(self.lines()))

    def lines(self) -> list[str]:
        """Return one sentence a field, in the order of the form."""
        return [
            f"{self.labels.get(name, name)}: {reason}" if name else reason
            for name, reason in self.reasons.items()
        ]


class LaunchError(JobsError):
    """A launch event that cannot be understood; the message says which part."""


class DeclarationError(JobsError):
    """An Action, a Form or a plugin file that is written wrongly; meant for its author."""


class LaunchRefused(JobsError):
    """A well-formed launch that is not carried out; the message is for the user who clicked."""


class QueryError(JobsError):
    """A query that cannot be asked: an unknown type, column or value; the message names it."""


class AccessError(JobsError):
    """Something the user, or the service's key, may not reach; the message says which of the two."""


class ConfigError(JobsError):
    """A setting with a value that cannot be used; the message names the setting and where it was read."""


class ServerError(JobsError):
    """An answer of the server that is no answer to what we asked.

    *answer* is the server's own text, without any key. *lost* is true when nothing can be said about whether
    the request was carried out: a timeout, a broken connection, a page in place of JSON.
    """

    def __init__(self, answer: str, *, lost: bool = False) -> None:
        self.answer = answer
        self.lost = lost
        template = SERVER_LOST if lost else SERVER_REFUSED
        super().__init__(template.format(answer=answer.rstrip(".")))
