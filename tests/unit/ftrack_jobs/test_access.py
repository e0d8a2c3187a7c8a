import uuid

import pytest

from ftrack_jobs import errors
from ftrack_jobs.access import User, find_user, look_up, may_run, reach_of
from ftrack_jobs.errors import AccessError
from ftrack_jobs.launch import EntityRef, Launch
from ftrack_jobs.query import EVERYTHING, Query, Reach


def launch(username, user_id=None):
    return Launch(identifier="an.action", event_id="e", username=username, user_id=user_id)


@pytest.fixture
def people(ftrack_session):
    return {user["username"]: user["id"] for user in Query(ftrack_session, "User", "username")}


@pytest.fixture
def projects(ftrack_session):
    """The projects that the key sees: name -> id."""
    return {row["name"]: row["id"] for row in Query(ftrack_session, "Project", "name")}


@pytest.fixture
def private_project(ftrack_sandbox, ftrack_session):
    """The private show of the studio, granted to the key for this test."""
    # A personal key of an administrator sees it without a grant.
    with_key = ftrack_session.__class__(
        server_url=ftrack_sandbox.url,
        api_user=ftrack_sandbox.api_user,
        api_key=ftrack_sandbox.make_key(ftrack_sandbox.api_user),
        plugin_paths=[],
        schema_cache_path=False,
    )
    try:
        return Query(with_key, "Project", "name", "is_private is true").first()["id"]
    finally:
        with_key.close()


def roles_by_user(ftrack_session):
    held = {}
    columns = """user.username, security_role.name, is_all_projects, is_all_open_projects,
        user_security_role_projects.project_id"""
    for row in Query(ftrack_session, "UserSecurityRole", columns):
        held.setdefault(row["user"]["username"], []).append(row)
    return held


def test_the_user_of_a_launch_is_found_with_roles_in_one_request(ftrack_sandbox, ftrack_session, people):
    for username, held in roles_by_user(ftrack_session).items():
        if username == "ingrid.solberg":
            continue
        before = ftrack_sandbox.requests.count
        user = find_user(ftrack_session, launch(username))
        assert ftrack_sandbox.requests.count == before + 1
        assert user == User(
            people[username], username, frozenset(row["security_role"]["name"] for row in held)
        )


@pytest.mark.parametrize("username", ["nobody", "", "KIM.EK", 'kim.ek" or username is_not "x', "kim%"])
def test_somebody_unknown_is_refused_by_name(username, ftrack_session):
    with pytest.raises(AccessError) as caught:
        find_user(ftrack_session, launch(username), "Export")
    assert str(caught.value) == errors.UNKNOWN_USER.format(username=username, title="Export")


def test_somebody_inactive_is_refused(ftrack_session):
    inactive = Query(ftrack_session, "User", "username", "is_active is false").first()
    with pytest.raises(AccessError, match=inactive["username"]):
        find_user(ftrack_session, launch(inactive["username"]))


def test_a_name_and_an_id_of_two_people_are_refused(ftrack_session, people):
    assert find_user(ftrack_session, launch("kim.ek", people["kim.ek"])).id == people["kim.ek"]
    with pytest.raises(AccessError, match=r"kim\.ek"):
        find_user(ftrack_session, launch("kim.ek", people["ada.lund"]))


def test_an_action_is_for_those_who_hold_one_of_its_roles(ftrack_sandbox, ftrack_session, people):
    ada = find_user(ftrack_session, launch("ada.lund"))
    omar = find_user(ftrack_session, launch("omar.haddad"))
    before = ftrack_sandbox.requests.count
    assert may_run(ftrack_session, ada, ["Project manager", "Administrator"])
    assert not may_run(ftrack_session, omar, ["Administrator"])
    assert may_run(ftrack_session, omar, ())
    assert ftrack_sandbox.requests.count == before
    assert may_run(ftrack_session, User(people["ada.lund"], "ada.lund"), ["Administrator"])
    assert not may_run(ftrack_session, User(people["omar.haddad"], "omar.haddad"), "Administrator")


def test_a_users_reach_is_what_the_roles_open(ftrack_sandbox, ftrack_session, people, projects):
    # All projects that the key sees are open ones; the private show is not granted to it.
    kinds = set()
    for username, held in roles_by_user(ftrack_session).items():
        before = ftrack_sandbox.requests.count
        reach = reach_of(ftrack_session, people[username], username)
        asked = ftrack_sandbox.requests.count - before
        if any(row["is_all_projects"] for row in held):
            assert reach == EVERYTHING
            kinds.add("all")
            assert asked == 1
        elif any(row["is_all_open_projects"] for row in held):
            assert reach.project_ids >= set(projects.values())
            kinds.add("open")
            assert asked == 2
        else:
            listed = {each["project_id"] for row in held for each in row["user_security_role_projects"]}
            assert reach.project_ids == listed
            kinds.add("listed")
            assert asked == 1
    assert kinds == {"all", "open", "listed"}


def test_a_user_may_be_named_instead_of_the_id(ftrack_session, people):
    assert reach_of(ftrack_session, "", "sofia.andersson") == reach_of(
        ftrack_session, people["sofia.andersson"]
    )


def test_a_private_project_is_within_reach_only_when_it_is_listed(
    ftrack_sandbox, ftrack_session, people, private_project
):
    ftrack_sandbox.grant_project(private_project)
    try:
        open_only = next(
            username
            for username, held in roles_by_user(ftrack_session).items()
            if any(row["is_all_open_projects"] for row in held)
            and not any(row["is_all_projects"] or row["user_security_role_projects"] for row in held)
        )
        assert private_project not in reach_of(ftrack_session, people[open_only]).project_ids
        granted = Query(
            ftrack_session,
            "UserSecurityRoleProject",
            "user_security_role.user_id",
            "project_id is {p}",
            p=private_project,
        )
        users = [row["user_security_role"]["user_id"] for row in granted]
        assert users
        for user_id in users:
            assert reach_of(ftrack_session, user_id).covers(private_project)
    finally:
        ftrack_sandbox.reset()


def test_somebody_without_roles_reaches_nothing(ftrack_session):
    assert reach_of(ftrack_session, str(uuid.uuid4())) == Reach(frozenset())


def test_a_selection_gets_its_concrete_types_in_its_order(ftrack_sandbox, ftrack_session):
    rows = [
        Query(ftrack_session, entity_type, "id").first()
        for entity_type in ("Task", "Project", "Shot", "AssetVersion", "User", "FileComponent", "Sequence")
    ]
    vague = {
        "Task": "TypedContext",
        "Shot": "TypedContext",
        "Sequence": "Context",
        "FileComponent": "Component",
    }
    selection = [
        EntityRef(vague.get(row["__entity_type__"], row["__entity_type__"]), row["id"]) for row in rows
    ]
    before = ftrack_sandbox.requests.count
    found = look_up(ftrack_session, selection, EVERYTHING)
    assert ftrack_sandbox.requests.count == before + 1
    assert found == tuple(EntityRef(row["__entity_type__"], row["id"]) for row in rows)


def test_a_large_selection_is_one_request_too(ftrack_sandbox, ftrack_session):
    ids = [row["id"] for row in Query(ftrack_session, "Task")][:1200]
    before = ftrack_sandbox.requests.count
    found = look_up(ftrack_session, [EntityRef("TypedContext", each) for each in ids], EVERYTHING)
    assert ftrack_sandbox.requests.count == before + 1
    assert [each.id for each in found] == ids


def test_nothing_selected_is_nothing_asked(ftrack_sandbox, ftrack_session):
    before = ftrack_sandbox.requests.count
    assert look_up(ftrack_session, [], EVERYTHING) == ()
    assert ftrack_sandbox.requests.count == before


def test_what_the_key_cannot_see_is_told_apart_from_what_the_user_cannot(
    ftrack_session, projects, private_project
):
    task = Query(ftrack_session, "Task", "id", "project_id is {p}", p=projects["stem2"]).first()["id"]
    reference = EntityRef("TypedContext", task)
    assert look_up(ftrack_session, [reference], Reach(frozenset({projects["stem2"]})))
    with pytest.raises(AccessError) as caught:
        look_up(ftrack_session, [reference], Reach(frozenset({projects["open_shorts"]})))
    assert str(caught.value) == errors.NOT_REACHED.format(entity_type="TypedContext", entity_id=task)
    for reach in (EVERYTHING, Reach(frozenset({private_project})), Reach(frozenset())):
        with pytest.raises(AccessError) as caught:
            look_up(ftrack_session, [EntityRef("Project", private_project)], reach)
        told = errors.UNKNOWN_ENTITY.format(entity_type="Project", entity_id=private_project)
        assert str(caught.value) == told


@pytest.mark.parametrize("entity_type", ["TypedContext", "Task", "made_up"])
def test_an_entity_that_is_not_there_is_told_by_id(entity_type, ftrack_session):
    missing = str(uuid.uuid4())
    with pytest.raises(AccessError) as caught:
        look_up(ftrack_session, [EntityRef(entity_type, missing)], EVERYTHING)
    assert str(caught.value) == errors.UNKNOWN_ENTITY.format(entity_type=entity_type, entity_id=missing)


def test_a_selected_entity_of_a_type_that_cannot_be_limited_is_refused(ftrack_session, projects):
    with pytest.raises(AccessError, match="Job cannot be limited"):
        look_up(ftrack_session, [EntityRef("Job", "j")], Reach(frozenset(projects.values())))
