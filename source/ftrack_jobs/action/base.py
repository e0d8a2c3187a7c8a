"""`Action`: identity and work of an action, on top of `ftrack_action_handler.BaseAction`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from ..errors import DeclarationError, FormError, QueryError
from ..form import Form, FormContext
from ..job import Job
from ..launch import Launch
from ..session import Hub

if TYPE_CHECKING:

    class BaseAction:
        """What the type checker shall know of the untyped base class, `ftrack_action_handler.action.base`."""

        def __init__(self, session: Any) -> None:
            self._session: Any = session
            self.logger: logging.Logger
else:
    # Importing the action handler calls `logging.basicConfig`, which leaves a root logger alone that has a
    # handler. *Source*: protocol reference 6.7.
    _shield = logging.NullHandler()
    logging.getLogger().addHandler(_shield)
    try:
        from ftrack_action_handler.action import BaseAction
    finally:
        logging.getLogger().removeHandler(_shield)

logger = logging.getLogger(__name__)

#: What an identifier may be made of: quotes would end a subscription, a star at its end would match more than
#: itself.
_IDENTIFIER = re.compile(r"[\w.:/@+-]+(?: [\w.:/@+-]+)*")
#: Methods of the base class that work inside the event callback, where long work holds up everybody.
_REPLACED = ("discover", "interface", "launch", "_discover", "_interface", "_launch")


class Answers(Protocol):
    """Who answers the events of a registered action."""

    def discover(self, action: Action, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the menu entry, or None."""

    def launch(self, action: Action, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the reply to a click, or None."""


class Action(BaseAction):
    """An action whose clicks run as Jobs: subclass it, name it, write `run`.

        class CountShots(Action):
            label = "Count shots"
            identifier = "com.example.count-shots"
            allowed_types = ("Project",)

            def run(self, job: Job) -> str:
                shots = job.query("Shot", "id", "project_id is {project}", project=job.selection[0].id)
                return f"{len(shots)} shots"

        register = plugin(CountShots)

    Each run gets an instance of its own, in a thread of its own. The instance that answers menus never runs.
    """

    #: Text of the menu entry; entries with the same one become one tile with variants.
    label: ClassVar[str]
    #: What tells entries of the same label apart.
    variant: ClassVar[str | None] = None
    #: Unique name; a second action of the same name replaces the first.
    identifier: ClassVar[str]
    #: A longer text for the menu.
    description: ClassVar[str | None] = None
    #: URL of a picture, or a predefined name. *Source*: protocol reference 6.2.
    icon: ClassVar[str | None] = None
    #: Name in sentences and on forms; label and variant unless given.
    title: ClassVar[str] = ""
    #: Schema names (`Shot`; `TypedContext` for any) of what may be selected, at least one of it. Empty:
    #: anything.
    allowed_types: ClassVar[Sequence[str]] = ()
    #: Names of security roles of which a user must have one. Empty: everybody.
    allowed_roles: ClassVar[Sequence[str]] = ()
    #: What is asked before a run; see `Form`.
    form: ClassVar[type[Form] | None] = None
    #: Whose projects `job.query` is limited to. "service" lifts the limit, and needs `allowed_roles`.
    reads: ClassVar[Literal["user", "service"]] = "user"

    #: The only user whose events are answered; everybody's when None.
    limit_to_user: str | None = None
    _answers: Answers | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in _REPLACED:
            if name in vars(cls):
                raise DeclarationError(
                    f"{cls.__name__} overrides {name}(), which would work while everybody's menus wait."
                    " Write run(job); declare allowed_types, allowed_roles and form for the rest."
                )

    def __init__(self, session: Any) -> None:
        super().__init__(session)

    @property
    def session(self) -> Any:
        """The run's own session, the same as `job.session` and under the same condition."""
        if self._session is None:
            raise DeclarationError("self.session is there only while run() works.")
        if self.reads != "service":
            raise DeclarationError(
                "self.session is not limited to what the user may reach. Use job.query, or declare the action"
                ' with reads = "service" and allowed_roles.'
            )
        return self._session

    def run(self, job: Job[Any]) -> str | None:
        """Do the work; return the sentence that the Job shall end with.

        Raise `JobFailed` with a message for the user when it cannot be done.
        """
        raise NotImplementedError

    def check(self, values: Any, launch: Launch, schemas: Sequence[Mapping[str, Any]]) -> None:
        """Override to check the form's *values* against the site's *schemas*; called before the Job is made.

        Raise `FormError` or `QueryError`: the form comes back with the reason on top. Must be quick and must
        ask the server nothing.
        """

    def register(self, standalone: bool = False) -> None:
        """Say how it is done here: an action needs a host beside its session."""
        logger.error(
            "%s is not registered: end its file with `register = plugin(%s)` and call no register().",
            type(self).__name__,
            type(self).__name__,
        )

    def subscribe(self, hub: Hub, answers: Answers) -> list[str]:
        """Let *answers* answer this action's events on *hub*; return the ids of the subscribers.

        The instance lets go of its session, which is the listener's and nothing for an author.
        """
        self._answers = answers
        self._session = None
        return [
            hub.subscribe("topic=ftrack.action.discover", self._discover),
            hub.subscribe(
                f'topic=ftrack.action.launch and data.actionIdentifier="{self.identifier}"', self._launch
            ),
        ]

    def _discover(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        return None if self._answers is None else self._answers.discover(self, event)

    def _launch(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        return None if self._answers is None else self._answers.launch(self, event)


def title_of(action: Action | type[Action]) -> str:
    """Return what an action is called in sentences: its title, or its label and variant."""
    return action.title or " ".join(part for part in (action.label, action.variant) if part)


def read_values(action: Action, launch: Launch, client_schemas: Sequence[Mapping[str, Any]]) -> Form:
    """Return the checked form of *launch*; its defaults when no form was submitted.

    Raises `FormError`.
    """
    context = FormContext(client_schemas)
    form = action.form or Form
    values = form.from_defaults(context) if launch.values is None else form.read(launch.values, context)
    try:
        action.check(values, launch, client_schemas)
    except QueryError as error:
        raise FormError(str(error)) from error
    return values


def check_declaration(action_class: type[Action]) -> None:
    """Raise `DeclarationError` saying what is wrong with the class attributes of *action_class*."""
    name = getattr(action_class, "__name__", repr(action_class))
    if not (isinstance(action_class, type) and issubclass(action_class, Action)):
        raise DeclarationError(f"plugin() takes subclasses of Action, not {name}.")
    for attribute in ("label", "identifier"):
        value = getattr(action_class, attribute, None)
        if not isinstance(value, str) or not value.strip():
            raise DeclarationError(f"{name} needs a text as {attribute}.")
    if not _IDENTIFIER.fullmatch(action_class.identifier):
        raise DeclarationError(
            f"The identifier of {name} is {action_class.identifier!r};"
            " it may hold letters, digits and . _ - : / @ +."
        )
    for attribute in ("allowed_types", "allowed_roles"):
        value = getattr(action_class, attribute)
        if isinstance(value, str) or not all(isinstance(each, str) and each for each in value):
            raise DeclarationError(
                f'{name}.{attribute} must be a tuple of texts, such as ("Shot",), not {value!r}.'
            )
    _check_work(action_class, name)


def _check_work(action_class: type[Action], name: str) -> None:
    form: Any = action_class.form
    if form is not None and not (isinstance(form, type) and issubclass(form, Form)):
        raise DeclarationError(f"{name}.form must be a subclass of Form, not {form!r}.")
    if action_class.run is Action.run:
        raise DeclarationError(f"{name} needs a method run(self, job).")
    if action_class.reads not in ("user", "service"):
        raise DeclarationError(f'{name}.reads is {action_class.reads!r}; it can be "user" or "service".')
    if action_class.reads == "service" and not action_class.allowed_roles:
        raise DeclarationError(
            f'{name} reads all that the service may read (reads = "service"), so it must name allowed_roles.'
        )
