"""Clicks as the hub delivers them, published locally: the same callbacks without the network between."""

import threading
import uuid

import ftrack_api.event.base
import pytest

from ftrack_jobs import Action, Choice, Form, FormError, Job, Text
from ftrack_jobs.action import Desk
from ftrack_jobs.config import Config
from ftrack_jobs.errors import JobCancelled
from ftrack_jobs.host import Host
from ftrack_jobs.job_record import job_id_of


class Plain(Action):
    label = "Plain"
    variant = "One"
    description = "Does nothing"
    identifier = "test.plain"

    def run(self, job: Job) -> str:
        return "Nothing done"


class ForShots(Plain):
    identifier = "test.shots"
    allowed_types = ("Shot",)


class ForManagers(Plain):
    identifier = "test.managers"
    allowed_roles = ("Project manager",)


class AskForm(Form):
    kind = Choice("Kind", {"a": "A", "b": "B"}, default="a")
    name = Text("Name", required=True)


class Asking(Plain):
    identifier = "test.asking"
    form = AskForm

    def check(self, values, launch, schemas):
        if values.name == "bad" and schemas:
            raise FormError({"name": "is bad."}, {"name": "Name"})


class DefaultForm(Form):
    kind = Choice("Kind", {"a": "A", "b": "B"}, default="a")


class WithDefaults(Plain):
    identifier = "test.defaults"
    form = DefaultForm

    def run(self, job: Job[DefaultForm]) -> str:
        return f"Kind {job.values.kind}"


@pytest.fixture
def host(ftrack_session, ftrack_jobs_schema_cache):
    host = Host(ftrack_session)
    for each in (Plain, ForShots, ForManagers, Asking, WithDefaults):
        host.add(each)
    yield host
    host.join(20)
    host.close()


@pytest.fixture
def ask(ftrack_session, host):
    def ask(topic, user=None, source_id="a browser", event_id=None, **data):
        event = ftrack_api.event.base.Event(
            f"ftrack.action.{topic}",
            id=event_id or uuid.uuid4().hex,
            data=data,
            source={"id": source_id, "user": {"username": user or ftrack_session.api_user}},
        )
        replies = ftrack_session.event_hub.publish(event, synchronous=True)
        return event["id"], [reply for reply in replies if reply is not None]

    return ask


@pytest.fixture
def menu(ask):
    def menu(*selection, **more):
        _, replies = ask("discover", selection=list(selection), **more)
        return {item["actionIdentifier"] for reply in replies for item in reply["items"]}

    return menu


@pytest.fixture
def click(ask):
    def click(identifier, *selection, **more):
        event_id, replies = ask("launch", actionIdentifier=identifier, selection=list(selection), **more)
        return event_id, replies[0] if replies else None

    return click


def entity(entity_type, entity_id):
    return {"entityType": entity_type, "entityId": entity_id}


@pytest.fixture
def shot(ftrack_session):
    return entity("task", ftrack_session.query("select id from Shot").first()["id"])


def holder_of(session, role, *, without=False):
    word = "not user_security_roles" if without else "user_security_roles"
    users = session.query(f'User where is_active is true and {word} any (security_role.name is "{role}")')
    return users.first()["username"]


def test_the_menu_item_holds_what_was_declared(ask):
    _, replies = ask("discover", selection=[])
    items = {item["actionIdentifier"]: item for reply in replies for item in reply["items"]}
    assert items["test.plain"] == {
        "label": "Plain",
        "variant": "One",
        "description": "Does nothing",
        "actionIdentifier": "test.plain",
    }


def test_the_menu_goes_by_the_real_type(menu, shot, ftrack_session):
    task = entity("task", ftrack_session.query("select id from Task").first()["id"])
    assert "test.shots" in menu(shot)
    assert "test.shots" not in menu(task)
    assert "test.shots" not in menu(shot, task)
    assert "test.shots" not in menu()


@pytest.mark.parametrize(
    "entity_type", ["socialfeed", "list", "user", "reviewsession", "Component", "asset_version"]
)
def test_foreign_types_hide_the_action_quietly(menu, entity_type, caplog):
    shown = menu(entity(entity_type, "00000000-0000-0000-0000-000000000000"))
    assert "test.shots" not in shown
    assert "test.plain" in shown
    assert caplog.records == []


def test_the_menu_goes_by_the_users_role(menu, ftrack_session):
    manager = holder_of(ftrack_session, "Project manager")
    other = holder_of(ftrack_session, "Project manager", without=True)
    assert "test.managers" in menu(user=manager)
    assert "test.managers" not in menu(user=other)
    assert "test.managers" not in menu(user="nobody.at.all")


def test_a_warm_menu_asks_nothing(menu, shot, ftrack_sandbox):
    menu(shot)
    before = ftrack_sandbox.requests.count
    assert "test.shots" in menu(shot)
    assert ftrack_sandbox.requests.count == before


def test_roles_are_asked_again_after_a_minute(ftrack_session, host, ftrack_sandbox):
    now = [100.0]
    desk = Desk(host, clock=lambda: now[0])
    action = ForManagers(ftrack_session)
    event = {"id": "e", "data": {}, "source": {"user": {"username": ftrack_session.api_user}}}
    desk.discover(action, event)
    before = ftrack_sandbox.requests.count
    now[0] += 59
    desk.discover(action, event)
    assert ftrack_sandbox.requests.count == before
    now[0] += 2
    desk.discover(action, event)
    assert ftrack_sandbox.requests.count == before + 1


def test_a_click_is_answered_and_makes_a_job(click, host, job_row):
    event_id, reply = click("test.plain")
    assert reply == {"success": True, "message": "Plain One started. Follow it in your Jobs menu."}
    assert host.join(20)
    assert job_row(job_id_of(event_id))["status"] == "done"


def test_a_click_costs_two_requests_once_the_session_is_open(
    ftrack_session, ftrack_sandbox, ftrack_jobs_schema_cache, ask
):
    release, running = threading.Event(), threading.Semaphore(0)

    class Held(Plain):
        identifier = "test.held"

        def run(self, job: Job) -> str:
            running.release()
            assert release.wait(20)
            return ""

    # One worker, which is taken, and no reports: what is asked next is asked for the click.
    host = Host(ftrack_session, Config(workers=1, report_interval_s=3600))
    host.add(Held)
    ask("launch", actionIdentifier="test.held")
    assert running.acquire(timeout=20)
    before = ftrack_sandbox.requests.count
    _, (reply,) = ask("launch", actionIdentifier="test.held")
    asked = ftrack_sandbox.requests.count - before
    release.set()
    assert host.join(20)
    host.close()
    assert (reply["success"], asked) == (True, 2)


def test_a_full_line_refuses_with_a_sentence(ftrack_session, ftrack_jobs_schema_cache, ask):
    release = threading.Event()

    class Held(Plain):
        identifier = "test.held"

        def run(self, job: Job) -> str:
            assert release.wait(20)
            return ""

    host = Host(ftrack_session, Config(workers=1, queue_limit=1))
    host.add(Held)
    replies = [ask("launch", actionIdentifier="test.held")[1][0] for _ in range(3)]
    release.set()
    assert host.join(20)
    host.close()
    assert [reply["success"] for reply in replies] == [True, True, False]
    assert "1 waiting" in replies[2]["message"]


def test_the_same_event_twice_runs_once(click, host, ftrack_session):
    event_id = uuid.uuid4().hex
    _, first = click("test.plain", event_id=event_id)
    _, second = click("test.plain", event_id=event_id)
    assert first["success"] is True
    assert second is None


def test_other_actions_clicks_are_ignored(click):
    assert click("test.somebody.elses")[1] is None


def test_a_click_without_the_role_is_refused_whatever_the_menu_said(click, ftrack_session, job_row):
    other = holder_of(ftrack_session, "Project manager", without=True)
    event_id, reply = click("test.managers", user=other)
    assert reply["success"] is False
    assert "Project manager" in reply["message"]
    assert job_row(job_id_of(event_id)) is None


@pytest.mark.parametrize("user", ["nobody.at.all", 'a" or username like "%'])
def test_a_click_by_nobody_we_know_is_refused(click, user, job_row):
    event_id, reply = click("test.plain", user=user)
    assert reply["success"] is False
    assert user in reply["message"] or repr(user) in reply["message"]
    assert job_row(job_id_of(event_id)) is None


def test_a_click_of_an_inactive_user_is_refused(click, ftrack_session):
    inactive = ftrack_session.query("select username from User where is_active is false").first()
    assert click("test.plain", user=inactive["username"])[1]["success"] is False


def test_a_click_without_selection_is_told_to_select(click):
    _, reply = click("test.shots")
    assert reply == {
        "success": False,
        "message": "Plain One needs a selection. Select what it shall work on and start it again.",
    }


def test_a_click_on_the_wrong_type_names_found_and_wanted(click, ftrack_session):
    task = ftrack_session.query("select id from Task").first()
    _, reply = click("test.shots", entity("task", task["id"]))
    assert reply["message"] == "Plain One does not work on Task. Select Shot and start it again."


def test_a_bad_payload_is_answered_with_what_is_wrong(click):
    _, reply = click("test.plain", values=[1, 2])
    assert reply["success"] is False
    assert "data.values" in reply["message"]


def test_an_action_with_a_form_shows_it_first_and_makes_no_job(click, job_row):
    event_id, reply = click("test.asking")
    assert [item["name"] for item in reply["items"]] == ["kind", "name"]
    assert reply["title"] == "Plain One"
    assert job_row(job_id_of(event_id)) is None


@pytest.mark.parametrize(
    ("values", "reason"), [({"kind": "b", "name": ""}, "Name"), ({"kind": "b", "name": "bad"}, "is bad")]
)
def test_wrong_values_bring_the_form_back_filled_in_with_the_reason(click, job_row, values, reason):
    event_id, reply = click("test.asking", values=values)
    assert reply["items"][0]["type"] == "label"
    assert reason in reply["items"][0]["value"]
    assert [item["value"] for item in reply["items"][1:]] == [values["kind"], values["name"]]
    assert job_row(job_id_of(event_id)) is None


def test_a_launcher_without_forms_runs_with_the_defaults(click, host, job_row):
    event_id, reply = click("test.defaults", source_id=host.hub_id)
    assert reply["success"] is True
    assert host.join(20)
    assert '"Kind a"' in job_row(job_id_of(event_id))["data"]


def test_a_launcher_without_forms_is_told_which_field_has_no_default(click, host):
    _, reply = click("test.asking", source_id=host.hub_id)
    assert reply["success"] is False
    assert "Name" in reply["message"]
    assert "Kind" not in reply["message"]


def test_only_the_one_users_events_are_answered(ftrack_session, ask, host):
    host.add(Plain, limit_to_user='kim "the artist"')
    _, replies = ask("discover", selection=[])
    shown = {item["actionIdentifier"] for reply in replies for item in reply["items"]}
    assert "test.plain" not in shown
    _, replies = ask("launch", actionIdentifier="test.plain")
    assert replies == []
    _, replies = ask("discover", user='kim "the artist"', selection=[])
    shown = {item["actionIdentifier"] for reply in replies for item in reply["items"]}
    assert "test.plain" in shown


def test_a_second_load_of_an_identifier_replaces_the_first(ask, host):
    host.add(type("Newer", (Plain,), {"label": "Newer"}))
    _, replies = ask("discover", selection=[])
    labels = [
        item["label"]
        for reply in replies
        for item in reply["items"]
        if item["actionIdentifier"] == "test.plain"
    ]
    assert labels == ["Newer"]


def test_an_author_whose_check_fails_costs_the_user_no_answer(ask, host):
    def check(self, values, launch, schemas):
        raise RuntimeError(f"with the key {host.connection.api_key}")

    host.add(type("Broken", (Plain,), {"identifier": "test.broken", "check": check}))
    _, (reply,) = ask("launch", actionIdentifier="test.broken")
    assert reply == {"success": False, "message": "Plain One failed unexpectedly (RuntimeError)."}


def test_the_key_is_in_no_log_line_of_a_failing_click(ask, host, caplog):
    test_an_author_whose_check_fails_costs_the_user_no_answer(ask, host)
    assert "with the key ***" in caplog.text
    assert host.connection.api_key not in caplog.text


def test_a_host_that_is_being_closed_refuses(click, host):
    host.close()
    _, reply = click("test.plain")
    assert (
        reply["message"]
        == "Plain One was not started, because its host is being closed. Start it again in a minute."
    )


@pytest.mark.parametrize("ending", [SystemExit("bye"), JobCancelled("stop")])
def test_an_author_who_ends_the_process_while_checking_ends_nothing(ending, host, click, menu):
    class Ending(Asking):
        identifier = "test.ending"

        def check(self, values, launch, schemas):
            raise ending

    host.add(Ending)
    _, reply = click("test.ending", values={"kind": "a", "name": "x"})
    assert reply["success"] is False
    assert type(ending).__name__ in reply["message"]


def test_remembered_roles_go_when_they_are_old(ftrack_session, host):
    now = [0.0]
    desk = Desk(host, clock=lambda: now[0])
    action = ForManagers(ftrack_session)
    for number in range(5):
        now[0] = number * 61.0
        desk.discover(
            action,
            {"id": "x", "data": {"selection": []}, "source": {"user": {"username": f"nobody{number}"}}},
        )
    assert len(desk._gate._roles) == 1
