"""Chapter 6 of the protocol reference: actions, clicked on by a web page, answered by unmodified listeners.

The page says what the reference's examples say, over a bare web socket; the listeners are the official
Python client and the official action helpers. The hub between them must change nothing of either.
"""

import contextlib
import json
import logging
import threading
import uuid

import ftrack_api
import ftrack_api.symbol
import pytest

from web_page import EVENT_KEYS, Page, until

DISCOVER, LAUNCH, TRIGGER = (
    f"ftrack.action.{name}" for name in ("discover", "launch", "trigger-user-interface")
)


@pytest.fixture
def open_session(ftrack_sandbox, ftrack_schema_cache):
    """Open sessions with a connected hub, closed with the test."""
    with contextlib.ExitStack() as stack:

        def run(username=None):
            session = ftrack_api.Session(
                server_url=ftrack_sandbox.url,
                api_user=username or ftrack_sandbox.api_user,
                api_key=ftrack_sandbox.api_key,
                plugin_paths=[],
                schema_cache_path=str(ftrack_schema_cache),
            )
            stack.callback(session.close)
            session.event_hub.connect()
            return session

        yield run


@pytest.fixture
def user_ids(ftrack_session):
    return {each["username"]: each["id"] for each in ftrack_session.query("select username from User")}


@pytest.fixture
def open_page(ftrack_sandbox, user_ids):
    """Open pages of users, closed with the test."""
    with contextlib.ExitStack() as stack:

        def run(username="kim.ek"):
            page = Page(ftrack_sandbox, username, user_ids[username])
            stack.callback(page.close)
            return page

        yield run


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def listen(ftrack_sandbox):
    """Subscribe a session's hub and return once the server knows of it; returns the events it hears."""

    def run(session, expression, answer=None):
        events = []

        def heard(event):
            events.append(event)
            return answer(event) if callable(answer) else answer

        session.event_hub.subscribe(expression, heard)
        until(lambda: knows(ftrack_sandbox, expression))
        return events

    return run


def knows(sandbox, expression):
    return sum(expression in each.subscriptions for each in sandbox.hub.connections)


@pytest.fixture
def settled(listen):
    """Return when a session's hub has handled all that a page said before, and the page has its replies."""

    def run(session, page):
        topic = f"test.settled.{uuid.uuid4().hex}"
        listen(session, f"topic={topic}", {"done": True})
        page.ask(topic, {}, session.event_hub)

    return run


@pytest.fixture
def selection(ftrack_session):
    """A task, as events name it."""
    task = ftrack_session.query("Task where project.name is stem2 and parent.name like 'sq_%'").first()
    return [{"entityId": task["id"], "entityType": "task"}]


# 6.1 Course of events.


def test_6_1_from_the_menu_to_a_form_to_its_submission(page, open_session, listen, selection):
    session, item = open_session(), {"label": "Reports", "actionIdentifier": "studio.report.weekly"}
    form = {"items": [{"type": "number", "name": "week", "label": "Week", "value": 17}], "title": "Weekly"}

    def launched(event):
        values = event["data"].get("values")
        return {"success": True, "message": f"Week {values['week']}"} if values else form

    listen(session, f"topic={DISCOVER}", {"items": [item]})
    listen(session, f"topic={LAUNCH} and data.actionIdentifier=studio.report.weekly", launched)
    chosen = {"selection": selection}
    (menu,) = page.ask(DISCOVER, chosen, session.event_hub)
    assert menu == {"items": [item]}
    (dialog,) = page.ask(LAUNCH, {**menu["items"][0], **chosen}, session.event_hub)
    assert dialog == form
    (toast,) = page.ask(LAUNCH, {**item, **chosen, "values": {"week": 18}}, session.event_hub)
    assert toast == {"success": True, "message": "Week 18"}


# 6.2 Discover.


def test_6_2_the_event_arrives_as_the_web_page_sent_it(page, open_page, open_session, listen, selection):
    session = open_session()
    events = listen(session, f"topic={DISCOVER}")
    watcher = open_page("ada.lund")
    watcher.subscribe(f"topic={DISCOVER}")
    watcher.hear_itself()
    event_id = page.say(DISCOVER, {"selection": selection})
    until(lambda: events and watcher.told(DISCOVER), session.event_hub)
    (raw,) = watcher.told(DISCOVER)
    assert set(raw) == EVENT_KEYS
    assert raw == {
        "topic": "ftrack.action.discover",
        "id": event_id,
        "data": {"selection": selection},
        "source": page.source,
        "target": "",
        "inReplyToEvent": None,
        "sent": None,
    }
    (event,) = events
    assert (event["topic"], event["id"]) == ("ftrack.action.discover", event_id)
    assert event["data"] == {"selection": selection}
    assert event["source"]["applicationId"] == "ftrack.client.web"
    assert event["source"]["user"] == {"username": "kim.ek", "id": page.source["user"]["id"]}
    assert event["source"]["id"] == page.id


@pytest.mark.parametrize("data", [{"selection": []}, {}], ids=["empty", "missing"])
def test_6_2_the_selection_may_be_empty_or_missing(data, page, open_session, listen):
    session = open_session()
    events = listen(session, f"topic={DISCOVER}", {"items": []})
    assert page.ask(DISCOVER, data, session.event_hub) == [{"items": []}]
    assert events[0]["data"] == data


#: Legacy names of selected entities, and the types that the official helper makes of them.
LEGACY = {
    "task": "TypedContext",
    "show": "Project",
    "assetversion": "AssetVersion",
    "asset_version": "AssetVersion",
    "asset": "Asset",
    "list": "List",
    "user": "User",
    "reviewsession": "ReviewSession",
    "Component": "Component",
}


@pytest.mark.parametrize("name", LEGACY)
def test_6_2_a_legacy_type_leads_to_a_schema_and_a_row(name, open_session, action_base, ftrack_session):
    class Any(action_base.BaseAction):
        label, identifier = "Any", "test.any"

    entity_type = Any(ftrack_session)._get_entity_type({"entityType": name})
    assert entity_type == LEGACY[name]
    entity = ftrack_session.query(entity_type).first()
    assert ftrack_session.get(entity_type, entity["id"])["id"] == entity["id"]


def test_6_2_what_a_task_is_shows_when_it_is_loaded(ftrack_session):
    for name in ("Shot", "Task", "AssetBuild"):
        entity_id = ftrack_session.query(name).first()["id"]
        assert ftrack_session.get("TypedContext", entity_id).entity_type == name
        (row,) = ftrack_session.query(
            f"select id, object_type_id from TypedContext where id in ({entity_id})"
        )
        assert row["object_type"]["name"].replace(" ", "") == name


def test_6_2_a_listener_can_be_limited_to_one_user(open_page, open_session, listen, settled):
    session = open_session()
    events = listen(session, f'topic={DISCOVER} and source.user.username="kim.ek"')
    kim, ada = open_page("kim.ek"), open_page("ada.lund")
    ada.say(DISCOVER, {"selection": []})
    kim.say(DISCOVER, {"selection": []})
    for each in (kim, ada):
        settled(session, each)
    assert [each["source"]["user"]["username"] for each in events] == ["kim.ek"]


def test_6_2_the_reply_arrives_with_every_key_of_an_item(page, open_session, listen, selection):
    session = open_session()
    item = {
        "label": "Reports",
        "variant": "Weekly",
        "description": "Builds the weekly report",
        "icon": "https://studio.example/r.png",
        "actionIdentifier": "studio.report.weekly",
        "myKey": 1,
        "applicationIdentifier": "nuke_15",
        "host": "WS-12",
        "actionData": {"nested": [1, None, "ä"]},
    }
    listen(session, f"topic={DISCOVER}", {"items": [item]})
    event_id = page.say(DISCOVER, {"selection": selection})
    until(lambda: page.replies(event_id), session.event_hub)
    (reply,) = page.replies(event_id)
    assert set(reply) == EVENT_KEYS
    assert reply["topic"] == "ftrack.meta.reply"
    assert reply["data"] == {"items": [item]}
    assert reply["target"] == f"id={page.id}"
    assert reply["inReplyToEvent"] == event_id
    assert reply["source"]["user"] == {"username": session.api_user}


def test_6_2_a_list_is_a_reply_too_and_none_is_no_reply(page, open_session, listen, settled):
    session, item = open_session(), {"label": "A", "actionIdentifier": "a"}
    listen(session, f"topic={DISCOVER} and data.wanted=list", [item])
    listen(session, f"topic={DISCOVER} and data.wanted=none", None)
    assert page.ask(DISCOVER, {"wanted": "list"}, session.event_hub) == [[item]]
    event_id = page.say(DISCOVER, {"wanted": "none"})
    settled(session, page)
    assert page.replies(event_id) == []


# 6.3 Launch.


def test_6_3_the_event_arrives_with_the_items_keys_the_selection_and_the_values(
    page, open_session, listen, selection
):
    session = open_session()
    data = {
        "actionIdentifier": "studio.report.weekly",
        "label": "Reports",
        "variant": "Weekly",
        "myKey": 1,
        "selection": selection,
        "values": {"week": 18},
    }
    events = listen(
        session, f"topic={LAUNCH} and data.actionIdentifier=studio.report.weekly", {"success": True}
    )
    page.ask(LAUNCH, data, session.event_hub)
    page.ask(LAUNCH, {name: data[name] for name in data if name != "values"}, session.event_hub)
    submitted, first = events
    assert submitted["data"] == data
    assert "values" not in first["data"]
    assert submitted["source"] == page.source


def test_6_3_only_those_who_asked_for_the_identifier_hear_of_it(page, open_session, listen, settled):
    session = open_session()
    events = {
        name: listen(session, f'topic={LAUNCH} and data.actionIdentifier="{name}"')
        for name in ("studio.report", "studio.report.weekly", "studio: report (weekly)")
    }
    page.say(LAUNCH, {"actionIdentifier": "studio: report (weekly)"})
    page.say(LAUNCH, {"actionIdentifier": "studio.report"})
    settled(session, page)
    assert {name: len(found) for name, found in events.items()} == {
        "studio.report": 1,
        "studio.report.weekly": 0,
        "studio: report (weekly)": 1,
    }


def test_6_3_from_a_python_publisher_the_username_is_certain(open_session, listen):
    listener, connect = open_session(), open_session("kim.ek")
    events = listen(listener, f"topic={LAUNCH}")
    connect.event_hub.publish(ftrack_api.event.base.Event(LAUNCH, data={"actionIdentifier": "a"}))
    until(lambda: events, listener.event_hub)
    assert events[0]["source"]["user"]["username"] == "kim.ek"


# 6.4 Replies to launch.

REPLIES = {
    "short": {"success": True, "message": "Report is being built"},
    "failed": {"success": False, "message": "No report: <b>disk</b> {full}"},
    "message": {"type": "message", "success": True, "message": "Done"},
    "form": {
        "type": "form",
        "success": True,
        "message": "",
        "items": [{"type": "label", "value": "# Weekly\n---"}],
        "title": "Weekly",
        "submit_button_label": "Build",
    },
    "widget": {
        "type": "widget",
        "success": True,
        "message": "Opens",
        "url": "https://studio.example/w",
        "title": "W",
    },
}


@pytest.mark.parametrize("kind", REPLIES)
def test_6_4_a_reply_arrives_as_it_was_given(kind, page, open_session, listen):
    session = open_session()
    listen(session, f"topic={LAUNCH}", REPLIES[kind])
    assert page.ask(LAUNCH, {"actionIdentifier": "a"}, session.event_hub) == [REPLIES[kind]]


def test_6_4_a_bool_arrives_as_a_bool(page, open_session, listen):
    session = open_session()
    listen(session, f"topic={LAUNCH}", True)
    assert page.ask(LAUNCH, {"actionIdentifier": "a"}, session.event_hub) == [True]


# 6.5 Form items.

ITEMS = [
    {"type": "label", "value": "---"},
    {"type": "text", "label": "Name", "name": "name", "value": "comp", "empty_text": "Any name"},
    {"type": "textarea", "label": "Text", "name": "text", "value": "one\ntwo"},
    {"type": "number", "label": "Week", "name": "week", "value": 18},
    {"type": "date", "label": "Due", "name": "due", "value": "2024-05-03"},
    {"type": "boolean", "label": "Sure", "name": "sure", "value": False},
    {
        "type": "enumerator",
        "label": "Kind",
        "name": "kind",
        "value": ["a"],
        "multi_select": True,
        "data": [{"label": "A", "value": "a", "description": "First"}, {"label": "B", "value": "b"}],
    },
    {"type": "hidden", "name": "step", "value": "2"},
]
SUBMITTED = {
    "name": "anim",
    "text": "one\ntwo\n",
    "week": "19",
    "due": "2024-05-03T00:00:00",
    "sure": True,
    "kind": ["a", "b"],
    "step": "2",
    "twice": ["1", "2"],
    "left_empty": "",
    "left_null": None,
}


def test_6_5_items_and_what_is_submitted_arrive_as_they_were(page, open_session, listen):
    session = open_session()
    events = listen(session, f"topic={LAUNCH}", {"items": ITEMS})
    assert page.ask(LAUNCH, {"actionIdentifier": "a"}, session.event_hub) == [{"items": ITEMS}]
    page.ask(LAUNCH, {"actionIdentifier": "a", "values": SUBMITTED}, session.event_hub)
    assert events[-1]["data"]["values"] == SUBMITTED


# 6.6 Speaking to a user unasked.


def trigger(user_id, data):
    target = f'applicationId=ftrack.client.web and user.id="{user_id}"'
    return ftrack_api.event.base.Event(TRIGGER, data=data, target=target)


@pytest.mark.parametrize(
    "data",
    [
        {"type": "message", "success": True, "message": "Finished"},
        {
            "type": "form",
            "items": [{"type": "text", "name": "a", "label": "A", "value": ""}],
            "title": "More",
            "actionIdentifier": "studio.report.weekly",
            "submit_button_label": "Go on",
        },
        {"type": "widget", "url": "https://studio.example/w", "title": "W"},
    ],
    ids=["message", "form", "widget"],
)
def test_6_6_it_appears_on_every_page_of_that_user_and_on_no_other(data, open_page, open_session, user_ids):
    session = open_session()
    pages = [open_page("kim.ek"), open_page("kim.ek")]
    other = open_page("ada.lund")
    session.event_hub.publish(trigger(user_ids["kim.ek"], data))
    until(lambda: all(each.told(TRIGGER) for each in pages))
    for each in pages:
        (event,) = each.told(TRIGGER)
        assert set(event) == EVENT_KEYS
        assert event["data"] == data
        assert event["target"] == f'applicationId=ftrack.client.web and user.id="{user_ids["kim.ek"]}"'
    other.hear_itself()
    assert other.told(TRIGGER) == []


def test_6_6_nothing_is_stored_for_who_comes_later(open_page, open_session, user_ids):
    session, early = open_session(), open_page("kim.ek")
    session.event_hub.publish(trigger(user_ids["kim.ek"], {"type": "message", "message": "Early"}))
    until(lambda: early.told(TRIGGER))
    page = open_page("kim.ek")
    session.event_hub.publish(trigger(user_ids["kim.ek"], {"type": "message", "message": "Late"}))
    until(lambda: page.told(TRIGGER))
    assert [each["data"]["message"] for each in page.told(TRIGGER)] == ["Late"]


def test_6_6_it_works_from_a_handler_and_from_a_worker_thread(page, open_session, listen, user_ids):
    session = open_session()

    def say(text):
        session.event_hub.publish(trigger(user_ids["kim.ek"], {"type": "message", "message": text}))

    def handle(event):
        say("from the handler")
        worker = threading.Thread(target=say, args=("from a thread",))
        worker.start()
        worker.join()

    listen(session, f"topic={LAUNCH}", handle)
    page.say(LAUNCH, {"actionIdentifier": "a"})
    until(lambda: len(page.told(TRIGGER)) == 2, session.event_hub)
    texts = [each["data"]["message"] for each in page.told(TRIGGER)]
    assert texts == ["from the handler", "from a thread"]


# 6.7 ftrack_action_handler, unmodified.


@pytest.fixture(scope="module")
def action_base():
    """The official helpers; importing them sets up logging for the whole process, which is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    import ftrack_action_handler.action.advanced as advanced
    import ftrack_action_handler.action.base as base

    root.handlers[:], root.level = handlers, level

    class Official:
        BaseAction = base.BaseAction
        AdvancedBaseAction = advanced.AdvancedBaseAction

    return Official


@pytest.fixture
def register(ftrack_sandbox, open_session):
    """Register an action of the official helpers on a session of its own; returns both."""

    def run(action_class, **options):
        session = open_session()
        action = action_class(session, **options)
        before = knows(ftrack_sandbox, f"topic={DISCOVER}")
        action.register()
        launch = f"topic={LAUNCH} and data.actionIdentifier={action.identifier}"
        until(lambda: knows(ftrack_sandbox, f"topic={DISCOVER}") > before and knows(ftrack_sandbox, launch))
        return action, session

    return run


@pytest.fixture
def weekly(action_base):
    """An action as the official example shows it."""

    class Weekly(action_base.BaseAction):
        label, variant, identifier = "Reports", "Weekly", "studio.report.weekly"
        description, icon = "Builds the weekly report", "nuke"

        def discover(self, session, entities, event):
            self.entities = entities
            return bool(entities) and entities[0][0] == "TypedContext"

        def interface(self, session, entities, event):
            if event["data"].get("values"):
                return None
            return [{"type": "number", "name": "week", "label": "Week", "value": 17}]

        def launch(self, session, entities, event):
            names = [session.get(*each)["name"] for each in entities]
            if event["data"]["values"]["week"] == "true":
                return True
            return {"success": True, "message": ", ".join(names)}

    return Weekly


def test_6_7_a_base_action_is_found_asked_and_run(weekly, register, page, selection, ftrack_session):
    action, session = register(weekly)
    (menu,) = page.ask(DISCOVER, {"selection": selection}, session.event_hub)
    assert menu == {
        "items": [
            {
                "icon": "nuke",
                "label": "Reports",
                "variant": "Weekly",
                "description": "Builds the weekly report",
                "actionIdentifier": "studio.report.weekly",
            }
        ]
    }
    assert action.entities == [("TypedContext", selection[0]["entityId"])]
    data = {**menu["items"][0], "selection": selection}
    (form,) = page.ask(LAUNCH, data, session.event_hub)
    assert form == {"items": [{"type": "number", "name": "week", "label": "Week", "value": 17}]}
    (toast,) = page.ask(LAUNCH, {**data, "values": {"week": 18}}, session.event_hub)
    name = ftrack_session.get("TypedContext", selection[0]["entityId"])["name"]
    assert toast == {"success": True, "message": name}
    (toast,) = page.ask(LAUNCH, {**data, "values": {"week": "true"}}, session.event_hub)
    assert toast == {"success": True, "message": "Reports launched successfully."}


def test_6_7_a_base_action_that_does_not_fit_is_not_shown(weekly, register, page, settled, ftrack_session):
    action, session = register(weekly)
    project = ftrack_session.query("Project").first()
    for selection in (
        [],
        [{"entityId": project["id"], "entityType": "show"}],
        [{"entityId": "1", "entityType": "cloud"}],
    ):
        event_id = page.say(DISCOVER, {"selection": selection})
        settled(session, page)
        assert page.replies(event_id) == []
    assert action.entities == [("Project", project["id"])]


@pytest.fixture
def tidy(action_base):
    """An action with filters, run with a Job."""

    class Tidy(action_base.AdvancedBaseAction):
        label, identifier = "Tidy", "studio.tidy"

        def launch(self, session, entities, event):
            self.ran_as = session.api_user
            job_id = self.create_job(event, "Tidying")
            self.mark_job_as_done(job_id, "Tidied")
            return {"success": True, "message": job_id}

    return Tidy


def item_of(action):
    return {
        "icon": None,
        "label": action.label,
        "variant": None,
        "description": None,
        "actionIdentifier": action.identifier,
    }


@pytest.fixture
def shown(settled):
    """Whether an action answers a page's question for its menu."""

    def run(session, page, selection):
        event_id = page.say(DISCOVER, {"selection": selection})
        settled(session, page)
        return [each["data"]["items"] for each in page.replies(event_id)]

    return run


def test_6_7_an_advanced_action_makes_a_job_for_who_clicked(
    tidy, register, page, selection, ftrack_session, user_ids
):
    action, session = register(tidy)
    assert page.ask(DISCOVER, {"selection": selection}, session.event_hub) == [{"items": [item_of(action)]}]
    (toast,) = page.ask(LAUNCH, {**item_of(action), "selection": selection}, session.event_hub)
    (job,) = ftrack_session.query(f"select user_id, status, data from Job where id is {toast['message']}")
    assert (job["user_id"], job["status"]) == (user_ids["kim.ek"], "done")
    assert json.loads(job["data"]) == {"description": "Tidied"}


def test_6_7_an_advanced_action_attaches_a_component_and_tells_of_failures(
    tidy, register, page, ftrack_session, tmp_path, user_ids
):
    action, session = register(tidy)
    event = {"source": page.source}
    (tmp_path / "a.txt").write_text("a")
    server = session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)
    component = session.create_component(str(tmp_path / "a.txt"), location=server)
    done, failed = action.create_job(event, "First"), action.create_job(event, "Second")
    action.attach_component_to_job(done, component["id"], "Attached")
    action.mark_job_as_failed(failed, "It broke")
    found = {
        job["id"]: (job["status"], json.loads(job["data"])["description"], len(job["job_components"]))
        for job in ftrack_session.query(
            f"select status, data, job_components from Job where id in ({done}, {failed})"
        )
    }
    assert found == {done: ("done", "Attached", 1), failed: ("failed", "It broke", 0)}


@pytest.mark.parametrize(
    ("filters", "kind", "wanted"),
    [
        ({"allowed_types": ["Task"]}, "task", True),
        ({"allowed_types": ["Shot"]}, "task", False),
        ({"ignored_types": ["Task"]}, "task", False),
        ({"allowed_types": ["AssetVersion"]}, "assetversion", True),
        ({"allowed_types": ["Project"]}, "show", True),
        ({"allow_empty_context": True}, None, True),
        ({}, None, False),
        ({"allowed_roles": ["Administrator"]}, "task", False),
        ({"allowed_roles": ["User", "Project manager", "Administrator"]}, "task", True),
    ],
)
def test_6_7_an_advanced_action_filters_by_types_and_roles(
    filters, kind, wanted, tidy, register, page, shown, ftrack_session
):
    for name, value in filters.items():
        setattr(tidy, name, value)
    action, session = register(tidy)
    types = {"task": "Task", "assetversion": "AssetVersion", "show": "Project"}
    selection = []
    if kind:
        selection = [{"entityId": ftrack_session.query(types[kind]).first()["id"], "entityType": kind}]
    assert shown(session, page, selection) == ([[item_of(action)]] if wanted else [])


def test_6_7_a_group_filter_finds_no_username_in_memberships(tidy, register, page, shown, selection):
    tidy.allowed_groups = ["2D", "3D", "FX", "Production"]
    _, session = register(tidy)
    assert "username" not in session.types["Membership"].attributes.keys()
    assert session.query("select name, memberships from Group where name is FX").one()["memberships"]
    assert shown(session, page, selection) == []


def test_6_7_an_advanced_action_may_be_one_users_alone(tidy, register, open_page, shown, selection):
    action, session = register(tidy, limit_to_user="kim.ek")
    assert action.identifier.startswith("studio.tidy_")
    assert shown(session, open_page("kim.ek"), selection) == [[item_of(action)]]
    assert shown(session, open_page("ada.lund"), selection) == []


def test_6_7_an_advanced_action_may_run_as_who_clicked(
    tidy, register, page, selection, monkeypatch, ftrack_schema_cache
):
    monkeypatch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(ftrack_schema_cache))
    tidy.run_as_user = True
    action, session = register(tidy)
    (toast,) = page.ask(LAUNCH, {**item_of(action), "selection": selection}, session.event_hub)
    assert toast["success"] is True
    assert action.ran_as == "kim.ek"
    action.session.close()


def test_6_7_settings_are_kept_in_the_metadata_of_who_clicked(tidy, register, page):
    action, session = register(tidy)
    event = {"source": page.source, "data": {"values": {"week": 18}}}
    assert action.read_settings_from_user(event) == {}
    action.write_settings_to_user(event)
    session.reset()
    assert action.read_settings_from_user(event) == {"week": 18}


# 6.8 Several listeners.


def test_6_8_all_listeners_with_one_identifier_show_an_item_and_all_run(weekly, register, page, selection):
    sessions = [register(weekly)[1] for _ in range(2)]
    hubs = [each.event_hub for each in sessions]
    menus = page.ask(DISCOVER, {"selection": selection}, *hubs, replies=2)
    assert [each["items"][0]["actionIdentifier"] for each in menus] == ["studio.report.weekly"] * 2
    data = {**menus[0]["items"][0], "selection": selection, "values": {"week": 18}}
    event_id = page.say(LAUNCH, data)
    until(lambda: len(page.replies(event_id)) == 2, *hubs)
    assert [each["data"]["success"] for each in page.replies(event_id)] == [True, True]
    assert len({each["source"]["id"] for each in page.replies(event_id)}) == 2


def test_6_8_an_identifier_of_its_own_makes_one_of_them_run(tidy, register, page, selection):
    (one, first), (_, second) = (register(tidy, make_unique=True) for _ in range(2))
    menus = page.ask(DISCOVER, {"selection": selection}, first.event_hub, second.event_hub, replies=2)
    assert len({each["items"][0]["actionIdentifier"] for each in menus}) == 2
    event_id = page.say(LAUNCH, {**item_of(one), "selection": selection})
    until(lambda: page.replies(event_id), first.event_hub, second.event_hub)
    page.hear_itself(first.event_hub, second.event_hub)
    assert len(page.replies(event_id)) == 1
