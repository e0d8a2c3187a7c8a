"""The people: users, the roles they hold, the groups they are in.

All of them are made up.
"""

import dataclasses
from collections.abc import Iterator, Sequence

from ftrack_sandbox.seed.catalogue import role_id, user_type_id
from ftrack_sandbox.seed.row import Row, identify

#: The active administrator that both seeds have; the user the global key is used with.
SERVICE_USER = "pipeline.service"

#: What a role is held for, besides a list of shows.
ALL, OPEN = "all projects", "all open projects"


@dataclasses.dataclass(frozen=True)
class Person:
    """One user. *reach* is `ALL`, `OPEN`, or the keys of shows separated by blanks."""

    username: str
    first: str
    last: str
    role: str
    reach: str
    groups: tuple[str, ...] = ()
    type: str = "Artist"
    active: bool = True

    @property
    def id(self) -> str:
        """The id of the user."""
        return user_id(self.username)


SERVICE = Person(SERVICE_USER, "Pipeline", "Service", "Administrator", ALL, type="Producer")

PEOPLE = (
    SERVICE,
    Person("ada.lund", "Ada", "Lund", "Administrator", ALL, ("Pipeline",), "Supervisor"),
    Person("kim.ek", "Kim", "Ek", "Project manager", OPEN, ("Production",), "Producer"),
    Person("nina.holm", "Nina", "Holm", "Project manager", "sol_levante stem2", ("Production",), "Producer"),
    Person("joerg.weiss", "Jörg", "Weiß", "Project manager", ALL, ("Production",), "Producer"),
    Person("yuki.tanaka", "優希", "田中", "User", "sol_levante", ("2D", "Animation"), "Supervisor"),
    Person("zoe.oconnor", "Zoë", "O'Connor", "User", OPEN, ("Compositing",), "Supervisor"),
    Person("mariajose.garcia", "María-José", "García López", "User", OPEN, ("Compositing",)),
    Person("lukasz.zolc", "Łukasz", "Żółć", "User", OPEN, ("Lighting",)),
    Person("tom.becker", "Tom", "Becker", "User", OPEN, ("Lighting", "FX")),
    Person("priya.nair", "Priya", "Nair", "User", OPEN, ("FX",)),
    Person("omar.haddad", "Omar", "Haddad", "User", OPEN, ("Animation",)),
    Person("li.wei", "伟", "李", "User", "sol_levante", ("2D",)),
    Person("emma.dubois", "Emma", "Dubois", "User", OPEN, ("Assets",), "Supervisor"),
    Person("pavel.novak", "Pavel", "Novák", "User", "open_shorts", ("Assets",)),
    Person("ravi.shah", "Ravi", "Shah", "User", "stem2", ("Animation", "Assets")),
    Person("sofia.andersson", "Sofia", "Andersson", "User", "open_shorts sol_levante", ("2D", "Animation")),
    Person("hana.sato", "花", "佐藤", "Restricted user", "sol_levante", ("2D",)),
    Person("client.review", "Chris", 'Vale "Northlight"', "Restricted user", "stem2", ("Client",)),
    Person("ingrid.solberg", "Ingrid", "Solberg", "User", OPEN, ("Compositing",), active=False),
)

#: Groups: name -> the group it is part of.
GROUPS = {
    "Production": None,
    "Pipeline": None,
    "Shots": None,
    "Animation": "Shots",
    "FX": "Shots",
    "Lighting": "Shots",
    "Compositing": "Shots",
    "2D": None,
    "Assets": None,
    "Client": None,
}


def user_id(username: str) -> str:
    """Return the id of the user *username*."""
    return identify(f"user/{username}")


def group_id(name: str) -> str:
    """Return the id of the group *name*."""
    return identify(f"group/{name}")


def project_id(show: str) -> str:
    """Return the id of the project of the show under the key *show*."""
    return identify(f"project/{show}")


def team(groups: Sequence[str], show: str, private: bool) -> list[str]:
    """Return the ids of the active users in any of *groups* whose roles reach the show.

    They come in the order of `PEOPLE`. *show* is its key, *private* whether it is not open.
    """
    return [
        each.id
        for each in PEOPLE
        if each.active
        and set(each.groups) & set(groups)
        and (each.reach == ALL or (each.reach == OPEN and not private) or show in each.reach.split())
    ]


def rows(people: Sequence[Person], avatars: bool) -> Iterator[Row]:
    """Yield the rows of *people*; *avatars* gives each a thumbnail (its component is the media's to make)."""
    for person in people:
        yield "resource", _user(person, avatars)
        yield from _role(person)


def group_rows() -> Iterator[Row]:
    """Yield the groups and who is in them."""
    for name, parent in GROUPS.items():
        row = {"id": group_id(name), "resource_type": "group", "name": name, "local": False}
        yield "resource", {**row, "parent_id": group_id(parent) if parent else None}
    for person in PEOPLE:
        for name in person.groups:
            key = identify(f"membership/{name}/{person.username}")
            yield "membership", {"id": key, "group_id": group_id(name), "user_id": person.id}


def avatar_id(person: Person) -> str:
    """Return the id of the component that shows the person."""
    return identify(f"avatar/{person.username}")


def _user(person: Person, avatars: bool) -> dict[str, object]:
    return {
        "id": person.id,
        "resource_type": "user",
        "username": person.username,
        "first_name": person.first,
        "last_name": person.last,
        "email": f"{person.username}@example.com",
        "is_active": person.active,
        "is_otp_enabled": False,
        "is_totp_enabled": False,
        "require_details_update": False,
        "user_type_id": user_type_id(person.type),
        "thumbnail_id": avatar_id(person) if avatars else None,
    }


def _role(person: Person) -> Iterator[Row]:
    held = identify(f"held role/{person.username}")
    row = {"id": held, "user_id": person.id, "security_role_id": role_id(person.role)}
    yield (
        "user_security_role",
        {**row, "is_all_projects": person.reach == ALL, "is_all_open_projects": person.reach == OPEN},
    )
    if person.reach in (ALL, OPEN):
        return
    for show in person.reach.split():
        key = identify(f"held role/{person.username}/{show}")
        yield (
            "user_security_role_project",
            {"id": key, "user_security_role_id": held, "project_id": project_id(show)},
        )
