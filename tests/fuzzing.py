"""What a fuzz run sends: operations, expressions, frames and uploads, nearly right and wholly wrong.

Ids stand as placeholders until they are sent, for there is no server yet when these are made:
`<Task 3 0>` is the first part of the key of the fourth Task known, `<hidden 7 0>` an id out of reach.
"""

import copy
import json
import re

from hypothesis import strategies as st

from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.schema.model import Kind

SCHEMA = load_schema()
TYPES = sorted(SCHEMA.types)
#: Types whose rows an ordinary user writes every day.
ORDINARY = ["Task", "Shot", "Folder", "Milestone", "AssetBuild", "Note", "Timelog", "Appointment", "Asset"]
ORDINARY += ["AssetVersion", "FileComponent", "ComponentLocation", "ContainerComponent", "Metadata", "Job"]
ORDINARY += ["TypedContextList", "ListObject", "ReviewSession", "ReviewSessionObject", "CalendarEvent"]
ORDINARY += ["TypedContextLink", "ContextCustomAttributeValue", "Recipient", "NoteComponent", "Timer"]

#: What belongs to something though the schema does not tell: table, column, table of the owner.
UNTOLD = {
    ("timer", "context_id", "context"),
    ("entity_setting", "parent_id", "context"),
    ("entity_setting", "parent_id", "review_session"),
    ("metadata", "parent_id", "review_session"),
    ("custom_attribute_value", "entity_id", "list_object"),
}


def ways():
    """How rows belong to rows, up to a project: (table, column, table that the column names), sorted.

    Read off the schema, and so without the server's own notion of reach: what stands in a collection
    belongs to its owner, what ties rows together to these, and a row to whatever it cannot be without.
    """
    found = set(UNTOLD)
    for entity_type in SCHEMA.types.values():
        own = entity_type.table.name
        if "project_id" in entity_type.table.c and own != "context":
            found.add((own, "project_id", "context"))
        for each in entity_type.attributes.values():
            if each.join is not None:
                found |= _ways(entity_type, each, SCHEMA.find(each.target).table.name)
    inside, known = set(), {"context"}
    while new := {each for each in found - inside if each[2] in known}:
        inside |= new
        known |= {table for table, _, _ in new}
    return sorted(inside - {("context", "parent_id", "context")})


def _ways(entity_type, attribute, target):
    own, join = entity_type.table.name, attribute.join
    if join.link is not None:
        shown = {each.table.name for each in SCHEMA.types.values()}
        ends = {(join.link.table, join.link.near, own), (join.link.table, join.link.far, target)}
        return ends if join.link.table in shown else set()
    if attribute.kind is Kind.COLLECTION:
        return {(target, join.remote, own)} if join.local == "id" else set()
    needed = {*entity_type.required, *entity_type.primary_key}
    names_it = {join.local, attribute.name} & needed and join.local != "id" and join.remote == "id"
    return {(own, join.local, target)} if names_it else set()


WAYS = ways()
#: The tables with rows that lie in a project.
INSIDE = {"context", *(table for table, _, _ in WAYS)}


def key_of(table):
    """The columns of a table's primary key, and what they hold."""
    return {each.name: each.type.python_type for each in SCHEMA.metadata.tables[table].primary_key.columns}


HUGE = [2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30, 10**400]
WORDS = ["", " ", "none", "\0", "\ud800", "😀", "%", "{0}", "NaN", "1e999", "a" * 5000, "../../x", "a\r\nb"]
MOMENTS = [
    "2024-05-06T07:08:09",
    "2024-05-06",
    "2026-02-30",
    "24:00",
    "10000-01-01",
    "0001-01-01T00:00:00+14:00",
]
MOMENTS += ["9999-12-31T23:59:59-12:00", "2024-05-06T07:08:09.123456Z"]

PLACEHOLDERS = st.builds("<{} {} 0>".format, st.sampled_from([*TYPES, "hidden"]), st.integers(0, 9))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 100),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(HUGE),
    st.sampled_from([*WORDS, *MOMENTS]),
    PLACEHOLDERS,
)
DATES = st.builds(
    lambda kind, value: {"__type__": kind, "value": value},
    st.sampled_from(["datetime", "datetime", "date", "other"]),
    st.one_of(st.sampled_from(MOMENTS), SCALARS),
)
REFERENCES = st.builds(
    lambda name, key: {"__entity_type__": name, "id": key},
    st.one_of(st.sampled_from(TYPES), SCALARS),
    SCALARS,
)
JUNK = st.recursive(
    st.one_of(SCALARS, DATES, REFERENCES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.text(max_size=6), st.just("id")), inner, max_size=4),
    ),
    max_leaves=8,
)


def mostly(right):
    """Rather *right* than anything else."""
    return st.integers(0, 11).flatmap(lambda chance: right if chance else JUNK)


def either(*choices):
    """One of (weight, strategy) pairs. `one_of` would count what stands inside another one for itself."""
    table = [each for weight, each in choices for _ in range(weight)]
    return st.integers(0, len(table) - 1).flatmap(table.__getitem__)


@st.composite
def keys(draw, type_name):
    """The parts of a key: of a row of the type, seldom of another one or of a row out of reach."""
    chance = draw(st.integers(0, 11))
    name = "hidden" if chance == 0 else draw(st.sampled_from(TYPES)) if chance == 1 else type_name
    number = draw(st.integers(0, 9))
    return [f"<{name} {number} {part}>" for part, _ in enumerate(SCHEMA.types[type_name].primary_key)]


def references(type_name):
    """References to rows of the type."""
    primary_key = SCHEMA.types[type_name].primary_key
    return keys(type_name).map(
        lambda parts: {"__entity_type__": type_name, **dict(zip(primary_key, parts, strict=True))}
    )


def fitting(entity_type, name):
    """Values that the attribute may well have."""
    attribute = entity_type.attributes[name]
    if attribute.target is not None:
        one = references(attribute.target)
        return one if attribute.kind is Kind.RELATION else st.lists(one, max_size=3)
    if attribute.enum:
        return st.sampled_from(attribute.enum)
    for each in entity_type.attributes.values():
        if each.kind is Kind.RELATION and each.join is not None and each.join.local == name != "id":
            return keys(each.target).map(lambda parts: parts[0])
    return {
        "string": st.text(max_size=12),
        "boolean": st.booleans(),
        "integer": st.integers(-5, 5000),
        "number": st.floats(-1e6, 1e6),
        "datetime": st.builds(
            lambda text: {"__type__": "datetime", "value": text}, st.sampled_from(MOMENTS[:2])
        ),
        "json": st.just('{"a": 1}'),
    }.get(attribute.value, SCALARS)


@st.composite
def entity_data(draw, entity_type, new):
    """What may well be set on a row of the type; of a new one all that it must have."""
    fixed = {*entity_type.computed, *entity_type.classifiers, *entity_type.primary_key, "link"}
    fixed |= set() if new else entity_type.immutable
    if draw(st.integers(0, 9)) == 0:
        fixed = set()
    free = sorted(entity_type.attributes.keys() - fixed)
    names = draw(st.lists(st.sampled_from(free), max_size=4, unique=True)) if free else []
    needed = {*entity_type.required, *entity_type.primary_key} - {"id"}
    names += sorted(needed.intersection(entity_type.attributes)) if new else []
    return {"__entity_type__": entity_type.name} | {
        name: draw(mostly(fitting(entity_type, name))) for name in names
    }


@st.composite
def writes(draw, types=(*TYPES, *ORDINARY, *ORDINARY, *ORDINARY, *ORDINARY)):
    """A create, an update or a delete that may well be a good one."""
    entity_type = SCHEMA.types[draw(st.sampled_from(types))]
    action = draw(st.sampled_from(["create", "create", "create", "update", "update", "update", "delete"]))
    operation = {"action": action, "entity_type": entity_type.name}
    if action != "create" or draw(st.integers(0, 19)) == 0:
        key = draw(keys(entity_type.name))
        operation["entity_key"] = key[0] if len(key) == 1 and draw(st.booleans()) else key
    if action != "delete":
        operation["entity_data"] = draw(entity_data(entity_type, action == "create"))
    return operation


# Expressions.


@st.composite
def paths(draw, entity_type, longest=4, ending=None):
    """A walk from the type along relations and collections, to a value rather than not."""
    names = []
    for step in range(draw(st.integers(1, longest))):
        last = step == longest - 1 or draw(st.booleans())
        inner = [name for name, each in entity_type.attributes.items() if each.target is None]
        ends = last and inner and draw(st.integers(0, 9))
        names.append(draw(st.sampled_from(sorted(inner if ends else entity_type.attributes))))
        attribute = entity_type.attributes[names[-1]]
        if attribute.target is None:
            break
        entity_type = SCHEMA.types[attribute.target]
    return ".".join(names)


LITERALS = st.one_of(
    st.sampled_from(
        ["none", "true", "5", "-1.5", '"a%"', "'x'", '"2024-01-01"', '""', "2026-01-01T00:00:00"]
    ),
    st.builds('"{}"'.format, st.text(max_size=6).filter(lambda text: '"' not in text and "\\" not in text)),
    st.builds('"{}"'.format, PLACEHOLDERS),
)
OPERATORS = ["is", "is_not", "=", "!=", "like", "not_like", ">", "<", ">=", "<=", "before"]


@st.composite
def criteria(draw, entity_type, depth=2):
    kind = draw(st.integers(0, 9))
    if kind < 3 and depth:
        word = draw(st.sampled_from([" and ", " or "]))
        return f"({word.join(draw(st.lists(criteria(entity_type, depth - 1), min_size=1, max_size=3)))})"
    if kind == 3 and depth:
        return f"not {draw(criteria(entity_type, depth - 1))}"
    if kind == 4 and depth:
        related = sorted(name for name, each in entity_type.attributes.items() if each.target is not None)
        if related:
            attribute = entity_type.attributes[draw(st.sampled_from(related))]
            word = "any" if attribute.kind is Kind.COLLECTION else "has"
            return f"{attribute.name} {word} ({draw(criteria(SCHEMA.types[attribute.target], depth - 1))})"
    path = draw(paths(entity_type, 3))
    if kind == 5:
        other = SCHEMA.types[draw(st.sampled_from(TYPES))]
        return f"{path} in (select {draw(paths(other, 2))} from {other.name} limit 20)"
    if kind == 6:
        values = ", ".join(draw(st.lists(LITERALS, max_size=4)))
        return f"{path} {draw(st.sampled_from(['in', 'not_in']))} ({values})"
    return f"{path} {draw(st.sampled_from(OPERATORS))} {draw(LITERALS)}"


@st.composite
def queries(draw):
    """A query whose every name exists."""
    entity_type = SCHEMA.types[draw(st.sampled_from([*TYPES, *ORDINARY]))]
    selected = draw(st.lists(paths(entity_type), max_size=5))
    text = f"select {', '.join(selected)} from {entity_type.name}" if selected else entity_type.name
    if draw(st.booleans()):
        text += f" where {draw(criteria(entity_type))}"
    if draw(st.integers(0, 3)) == 0:
        text += f" order by {draw(paths(entity_type, 2))} {draw(st.sampled_from(['', 'desc', 'ascending']))}"
    if draw(st.booleans()):
        text += f" offset {draw(st.integers(0, 3))}"
    return f"{text} limit {draw(st.integers(0, 30))}"


VALID = [
    'select name, status.name, parent.name, assignments.resource.username from Task where name like "a%"',
    "select id, link, _link, thumbnail_url, ancestors.name from Shot order by name desc offset 2 limit 5",
    'AssetVersion where asset.parent.project.name is "open_shorts" and is_latest_version is true limit 5',
    'select custom_attributes from Task where custom_attributes any (key is "fstart" and value > 5) limit 3',
    "select metadata, notes.content from Task where metadata any (key is a) and not (bid > 3 or bid is none)",
    "select count(id), max(bid), status.name from Task where project_id is_not none group by status.name",
    "select id from Component where component_locations.location.name is_not none and size >= 0 limit 9",
    "Task where id in (select context_id from Timelog where duration > 60 limit 5) order by id limit 3",
    'select key, value from ContextCustomAttributeValue where configuration.key in (a, "b", none) limit 4',
    "User where user_security_roles.security_role.name is Administrator and created_at > 2024-01-01 limit 3",
    'Note where content like "%\\%" and author has () limit 1',
    'Project where project_schema.statuses.name like "%" and is_private is false limit 3',
    'TypedContext where descendants any (name like "%") and status has (state.short is DONE) limit 3',
    "select object_type.name, project.managers.user.username from TypedContext where parent is none limit 3",
    'select id from Task where id > "<Task 3 0>" order by id limit 7',
]
TOKENS = st.one_of(
    st.sampled_from(sorted({word for text in VALID for word in re.findall(r"\w+|[^\w\s]", text)})),
    st.sampled_from(TYPES),
    st.sampled_from(
        ["(", ")", ",", "'", '"', "\\", "%", "not", "group by", "order by", "limit", "\0", "\ud800"]
    ),
    st.sampled_from(
        ["(" * 300, "not " * 300, "9" * 30, "a." * 40 + "a", "-1", "\n", "é", "\u0130", "ſelect"]
    ),
    LITERALS,
    st.text(max_size=3),
)


@st.composite
def mutations(draw):
    """A valid expression with some of its words lost, doubled, moved or replaced."""
    words = re.findall(r'"[^"]*"|\w+|\s+|[^\w\s]', draw(st.one_of(st.sampled_from(VALID), queries())))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(words)))
        match draw(st.integers(0, 4)):
            case 0:
                del words[place : place + 1]
            case 1:
                words[place:place] = [draw(TOKENS)]
            case 2:
                words[place : place + 1] = [draw(TOKENS)]
            case 3:
                other = draw(st.integers(0, len(words)))
                words[place:place] = words[other : other + draw(st.integers(1, 5))]
            case 4:
                words = words[:place]
    return "".join(words)


EXPRESSIONS = either((3, queries()), (3, mutations()), (1, st.sampled_from(VALID)))


# The other operations.


def operation(action, /, **fields):
    """An operation with fields that are mostly right."""
    return st.fixed_dictionaries(
        {"action": st.just(action), **{name: mostly(each) for name, each in fields.items()}}
    )


def ids(type_name):
    return keys(type_name).map(lambda parts: parts[0])


@st.composite
def searches(draw):
    name = draw(st.sampled_from(["Task", "AssetVersion", "TypedContext", *ORDINARY]))
    where = f" where {draw(criteria(SCHEMA.types[name], 1))}" if draw(st.booleans()) else ""
    return draw(
        operation(
            "search",
            expression=st.just(f"select id from {name}{where} limit 20"),
            entity_type=st.just(name),
            terms=st.lists(st.text(max_size=2), max_size=2),
            context_id=st.one_of(st.none(), ids("Project"), ids("Task")),
            object_type_ids=st.one_of(st.none(), st.lists(ids("ObjectType"), max_size=3)),
        )
    )


NUMBERS = st.one_of(st.integers(0, 5), st.integers(0, 5), st.sampled_from([10_000, 10_001, 2**40]))
OTHERS = st.one_of(
    st.builds(lambda text: {"action": "query", "expression": text}, EXPRESSIONS),
    searches(),
    operation(
        "get_upload_metadata",
        component_id=ids("Component"),
        file_name=st.sampled_from(["a.png", "b.mov", "é"]),
        file_size=NUMBERS,
        checksum=st.one_of(st.none(), st.just("1B2M2Y8AsgTpgAmY7PhCfg==")),
        parts=st.one_of(st.none(), NUMBERS),
    ),
    operation(
        "complete_multipart_upload",
        component_id=ids("Component"),
        upload_id=st.text(),
        parts=st.just([{"part_number": 1, "e_tag": "x"}]),
    ),
    operation(
        "delayed_job",
        job_type=st.sampled_from(["DELETE", "DELETE", "SYNC_USERS_LDAP", "ICONIK_SYNC_STRUCTURE"]),
        data=st.one_of(writes(), st.builds(lambda key: {"context_id": key}, ids("Project"))),
    ),
    operation(
        "encode_media", component_id=ids("FileComponent"), version_id=st.none(), keep_original=st.booleans()
    ),
    operation("encode_media", component_id=ids("FileComponent"), version_id=ids("AssetVersion")),
    operation("get_widget_url", name=st.just("info"), entity_type=st.just("Task"), entity_key=ids("Task")),
    operation("send_user_invite", user_id=ids("User")),
    operation("send_review_session_invite", review_session_invitee_id=ids("ReviewSessionInvitee")),
    operation(
        "reset_remote", reset_type=st.just("api_key"), entity_type=st.just("User"), entity_key=ids("User")
    ),
    operation("query_server_information", values=st.just(["version"])),
    operation("query_schemas", junk=JUNK),
)


@st.composite
def damaged(draw):
    """An operation with one of its fields lost or replaced, at whatever depth."""
    # A copy, for what `just` holds is the same in every example.
    whole = copy.deepcopy(draw(either((1, writes()), (1, OTHERS))))
    place = whole
    while place:
        names = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if place is whole and draw(st.integers(0, 9)):
            names.remove("action")
        name = draw(st.sampled_from(names or ["action"]))
        if isinstance(place[name], dict | list) and draw(st.booleans()):
            place = place[name]
            continue
        if draw(st.booleans()):
            del place[name]
        else:
            place[name] = draw(JUNK)
        break
    return whole


SINGLE = either((6, writes()), (2, OTHERS), (2, damaged())).map(lambda one: [one])
BATCHES = either(
    (8, SINGLE),
    (4, st.lists(either((5, writes(ORDINARY)), (1, OTHERS)), min_size=2, max_size=3)),
    (1, st.lists(either((1, damaged()), (1, JUNK)), max_size=2)),
    (1, JUNK),
)


# Frames of the event hub.

EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "topic": st.one_of(
            st.sampled_from(
                ["ftrack.meta.subscribe", "ftrack.meta.unsubscribe", "ftrack.meta.reply", "a", "ftrack.*"]
            ),
            JUNK,
        ),
        "data": st.one_of(
            st.fixed_dictionaries(
                {},
                optional={
                    "subscriber": JUNK,
                    "subscription": st.one_of(
                        st.sampled_from(
                            ["topic=a", "topic=* and data.x=1", 'topic="a" or (', "x" * 3000, "(" * 500]
                        ),
                        SCALARS,
                    ),
                },
            ),
            JUNK,
        ),
        "target": st.one_of(st.sampled_from(["", "id=x", "a=b and (c=d or e!=f)", "and"]), JUNK),
        "inReplyToEvent": JUNK,
        "source": JUNK,
        "id": JUNK,
        "sent": JUNK,
    },
)


@st.composite
def frames(draw):
    arguments = draw(st.one_of(st.lists(st.one_of(EVENTS, JUNK), max_size=3), JUNK))
    name = draw(st.one_of(st.just("ftrack.event"), JUNK))
    content = json.dumps({"name": name, "args": arguments})
    kind = draw(
        st.one_of(st.just("5"), st.sampled_from(["0", "1", "2", "3", "4", "6", "7", "8", "9", "-1", "٣", ""]))
    )
    number = draw(
        st.one_of(st.sampled_from(["", "1", "7+", "+", "99999999999999999999", "x"]), st.text(max_size=3))
    )
    room = draw(st.sampled_from(["", "/room", "::"]))
    whole = f"{kind}:{number}:{room}:{content}"
    match draw(st.integers(0, 5)):
        case 0:
            return whole[: draw(st.integers(0, len(whole)))]
        case 1:
            place = draw(st.integers(0, len(whole)))
            return whole[:place] + draw(st.text(max_size=3)) + whole[place:]
        case 2:
            return draw(st.one_of(st.text(max_size=20), st.binary(max_size=20)))
    return whole


# Uploads and addresses.

SIZES = st.sampled_from([0, 1, 10, 1000])
PATHS = st.sampled_from(
    [
        "/upload",
        "/upload/part",
        "/file",
        "/thumbnail",
        "/component/get",
        "/component/thumbnail",
        "/component/remove",
        "/img/thumbnail2.png",
        "/widget",
        "/sandbox/requests",
        "/socket.io/1/",
        "/nowhere",
        "/component/get/..",
        "/user/api_credentials",
    ]
)


@st.composite
def uploads(draw):
    """What is declared, what comes, and how the address is damaged."""
    return {
        "operation": {
            "action": "get_upload_metadata",
            "component_id": draw(
                st.one_of(
                    ids("Component"),
                    st.uuids().map(str),
                    st.sampled_from(["../../x", "a/b", "\0", "a" * 300]),
                )
            ),
            "file_name": draw(st.sampled_from(["a.png", "", "../a", "é.mov", "a\r\nX: y"])),
            "file_size": draw(SIZES),
            "parts": draw(st.sampled_from([None, None, 1, 3])),
        },
        "size": draw(SIZES),
        "announced": draw(st.sampled_from([None, None, "0", "5", "-1", "x", "99999999999", "10, 10"])),
        "headers": draw(
            st.lists(
                st.sampled_from(
                    [
                        ("Content-MD5", "x"),
                        ("Content-MD5", "é"),
                        ("Transfer-Encoding", "chunked"),
                        ("Content-Type", "\t"),
                        ("Range", "bytes=5-1"),
                        ("Expect", "100-continue"),
                        ("Content-Encoding", "gzip"),
                    ]
                ),
                max_size=2,
            )
        ),
        "change": draw(
            st.one_of(
                st.none(),
                st.tuples(st.sampled_from(["id", "size", "part", "upload", "expires", "signature"]), SCALARS),
            )
        ),
    }
