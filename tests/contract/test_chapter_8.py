"""Components, locations and thumbnails: what the unmodified client asks, and what it gets.

Named after the sections of the protocol reference. What an upload is held to, download names and
pictures of odd kinds are the matter of `test_components.py`.
"""

import base64
import hashlib
import io
import json
import time
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import PIL.Image
import pytest
import requests
from ftrack_api.event.hub import EventHub

TIMEOUT_S = 30
SERVER = ftrack_api.symbol.SERVER_LOCATION_ID

#: Source: protocol reference 8.1.
BUILT_IN = {
    "ftrack.origin": "ce9b348f-8809-11e3-821c-20c9d081909b",
    "ftrack.unmanaged": "cb268ecc-8809-11e3-a7e2-20c9d081909b",
    "ftrack.review": "cd41be70-8809-11e3-b98a-20c9d081909b",
    "ftrack.connect": "07b82a97-8cf9-11e3-9383-20c9d081909b",
    "ftrack.server": "3a372bde-05bc-11e4-8908-20c9d081909b",
}


@pytest.fixture
def location(ftrack_session):
    return ftrack_session.get("Location", SERVER)


@pytest.fixture
def file(tmp_path):
    """Write bytes into a file of its own; return its path as text."""

    def run(content=b"content of the file", name="Weekly report.xlsx"):
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        (folder / name).write_bytes(content)
        return str(folder / name)

    return run


@pytest.fixture
def asked(ftrack_sandbox):
    """The operations asked for since the test's `asked.clear()`: (number of request, operation, what)."""

    class Log:
        clear = ftrack_sandbox.requests.clear

        def __call__(self):
            found = list(ftrack_sandbox.requests)
            first = found[0].request
            return [
                (each.request - first, each.operation, each.expression or each.entity_type) for each in found
            ]

    return Log()


def until(condition, hub):
    """Let *hub* handle its events until *condition* holds."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "the condition never came to hold"
        hub.wait(duration=0)


def looked_up(*component_ids, location_id=SERVER):
    """The query by which the client asks where components are."""
    return (
        "select component_id, resource_identifier from ComponentLocation where "
        f"location_id is {location_id} and component_id in ({', '.join(component_ids)}) offset 0 limit 500"
    )


def picture(width, height):
    target = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "red").save(target, "PNG")
    return target.getvalue()


def get(url):
    return requests.get(url, timeout=TIMEOUT_S)


def size_of(url):
    reply = get(url)
    assert reply.status_code == 200
    return PIL.Image.open(io.BytesIO(reply.content)).size


def places(session, component_id):
    """Where the server knows a component to be: location name -> resource identifier."""
    (reply,) = session.call(
        [
            {
                "action": "query",
                "expression": "select location.name, resource_identifier from ComponentLocation "
                f'where component_id is "{component_id}"',
            }
        ]
    )
    return {each["location"]["name"]: each["resource_identifier"] for each in reply["data"]}


# 8.1 Built-in locations.


def test_8_1_the_built_in_locations_have_rows_of_their_known_names_and_ids(ftrack_session):
    (reply,) = ftrack_session.call([{"action": "query", "expression": "select id, name from Location"}])
    found = {each["name"]: each["id"] for each in reply["data"]}
    assert {name: found.get(name) for name in BUILT_IN} == BUILT_IN


def test_8_1_built_in_locations_cost_no_request(ftrack_sandbox, ftrack_session):
    before = ftrack_sandbox.requests.count
    found = {
        name: ftrack_session.get("Location", BUILT_IN[name]) for name in BUILT_IN if name != "ftrack.connect"
    }
    assert {name: each["name"] for name, each in found.items()} == {name: name for name in found}
    assert ftrack_sandbox.requests.count == before


@pytest.mark.parametrize("name", BUILT_IN)
def test_8_1_a_component_can_be_said_to_be_in_every_built_in_location(ftrack_session, name):
    component = ftrack_session.create("FileComponent", {"name": "main"})
    place = {
        "component_id": component["id"],
        "location_id": BUILT_IN[name],
        "resource_identifier": "/mnt/a b.exr",
    }
    ftrack_session.create("ComponentLocation", place)
    ftrack_session.commit()
    assert places(ftrack_session, component["id"]) == {name: "/mnt/a b.exr"}


def test_8_1_without_a_location_named_a_file_is_not_uploaded(ftrack_session, file, asked):
    path = file()
    asked.clear()
    component = ftrack_session.create_component(path)
    ftrack_session.commit()
    assert asked() == [
        (0, "query", "select id from Location offset 0 limit 500"),
        (1, "query", looked_up(component["id"], location_id=BUILT_IN["ftrack.unmanaged"])),
        (2, "create", "FileComponent"),
        (2, "create", "ComponentLocation"),
    ]
    assert places(ftrack_session, component["id"]) == {"ftrack.unmanaged": path}
    assert ftrack_session.pick_location(component)["name"] == "ftrack.unmanaged"


def test_8_1_a_reviewable_name_goes_to_the_review_location(ftrack_session, file):
    component = ftrack_session.create_component(file(name="a.mp4"), data={"name": "ftrackreview-mp4"})
    ftrack_session.commit()
    assert list(places(ftrack_session, component["id"])) == ["ftrack.review"]


# 8.2 Upload by Python.


def test_8_2_an_upload_asks_what_the_reference_tells_and_stores_what_it_says(
    ftrack_sandbox, ftrack_session, location, file, asked
):
    content = b"0123456789" * 532 + b"."
    path = file(content)
    asked.clear()
    component = ftrack_session.create_component(path, data={"name": "Weekly report"}, location=location)
    assert asked() == [
        (0, "query", looked_up(component["id"])),
        (1, "get_upload_metadata", None),
        (2, "create", "FileComponent"),
        (2, "create", "ComponentLocation"),
    ]
    (reply,) = ftrack_session.call(
        [
            {
                "action": "query",
                "expression": "select name, size, file_type, system_type from FileComponent "
                f"where id is {component['id']}",
            }
        ]
    )
    stored = {name: reply["data"][0][name] for name in ("name", "size", "file_type", "system_type")}
    assert stored == {
        "name": "Weekly report",
        "size": 5321,
        "file_type": ".xlsx",
        "system_type": "file",
    }
    assert places(ftrack_session, component["id"]) == {"ftrack.server": component["id"]}
    assert ftrack_sandbox.storage.path(component["id"]).read_bytes() == content


def test_8_2_the_metadata_come_before_the_component_and_the_put_needs_no_credentials(ftrack_session):
    content = b"x" * 5321
    checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    component_id = str(uuid.uuid4())
    (metadata,) = ftrack_session.call(
        [
            {
                "action": "get_upload_metadata",
                "component_id": component_id,
                "file_name": "Weekly report.xlsx",
                "file_size": 5321,
                "checksum": checksum,
            }
        ]
    )
    assert metadata["component_id"] == component_id
    assert metadata["headers"]["Content-Length"] == "5321"
    assert metadata["headers"]["Content-MD5"] == checksum
    assert metadata["headers"]["Content-Type"]
    assert ftrack_session.api_key not in metadata["url"]
    assert ftrack_session.api_user not in metadata["url"]
    sent = requests.put(metadata["url"], data=content, headers=metadata["headers"], timeout=TIMEOUT_S)
    assert sent.status_code < 400


def test_8_2_the_commit_takes_along_whatever_else_is_pending(ftrack_session, location, file, asked):
    task = ftrack_session.query("select description from Task").first()
    task["description"] = f"pending {uuid.uuid4().hex}"
    asked.clear()
    component = ftrack_session.create_component(file(), location=location)
    last = [each[1:] for each in asked() if each[0] == 2]
    assert last == [("update", "Task"), ("create", "FileComponent"), ("create", "ComponentLocation")]
    (reply,) = ftrack_session.call(
        [{"action": "query", "expression": f"select description from Task where id is {task['id']}"}]
    )
    assert reply["data"][0]["description"].startswith("pending ")
    assert places(ftrack_session, component["id"])


def test_8_2_a_size_that_is_given_is_the_one_stored(ftrack_session, location, file):
    component = ftrack_session.create_component(file(b"four"), data={"size": 12345}, location=location)
    ftrack_session.reset()
    assert ftrack_session.get("FileComponent", component["id"])["size"] == 12345


def test_8_2_a_connected_hub_tells_that_the_component_was_added_and_removed(
    ftrack_sandbox, ftrack_session, location, file
):
    listener, heard = EventHub(ftrack_sandbox.url, "kim.ek", ftrack_sandbox.make_key("kim.ek")), []
    listener.connect()
    ftrack_session.event_hub.connect()
    try:
        listener.subscribe(
            # The client tells of its own origin location too.
            f"topic=ftrack.location.* and data.location_id={SERVER}",
            lambda event: heard.append((event["topic"], event["data"])),
        )
        until(
            lambda: any("topic=ftrack.location" in str(each) for each in ftrack_sandbox.hub.connections),
            listener,
        )
        component = ftrack_session.create_component(file(), location=location)
        location.remove_component(component)
        until(lambda: len(heard) >= 2, listener)
        data = {"component_id": component["id"], "location_id": SERVER}
        assert heard == [
            ("ftrack.location.component-added", data),
            ("ftrack.location.component-removed", data),
        ]
    finally:
        listener.disconnect()


def test_8_2_a_sequence_is_made_with_its_members_and_each_is_uploaded_by_itself(
    ftrack_session, location, tmp_path, asked
):
    for number in (7, 8, 9):
        (tmp_path / f"plate.{number:04d}.exr").write_bytes(b"x" * number)
    asked.clear()
    sequence = ftrack_session.create_component(f"{tmp_path}/plate.%04d.exr [7-9]", location=location)
    batch = [
        ("create", "SequenceComponent"),
        *[("create", "FileComponent")] * 3,
        ("update", "SequenceComponent"),
        *[("create", "ComponentLocation")] * 3,
    ]
    found = asked()
    # The client asks for the members in the order of its own dictionary.
    listed = found.pop(1)[2].partition("component_id in (")[2].partition(")")[0].split(", ")
    assert sorted(listed) == sorted(each["id"] for each in sequence["members"])
    assert found == [
        (0, "query", looked_up(sequence["id"])),
        *[(number, "get_upload_metadata", None) for number in (2, 3, 4)],
        *[(5, *each) for each in batch],
        (6, "create", "ComponentLocation"),
    ]
    ftrack_session.reset()
    again = ftrack_session.query(
        "select padding, size, file_type, system_type, members.name, members.container_id, members.size "
        f"from SequenceComponent where id is {sequence['id']}"
    ).one()
    assert (again["padding"], again["size"], again["file_type"]) == (4, 24, ".exr")
    assert again["system_type"] == "sequence"
    found = {each["name"]: (each["size"], each["container_id"]) for each in again["members"]}
    assert found == {f"{number:04d}": (number, sequence["id"]) for number in (7, 8, 9)}
    server = ftrack_session.get("Location", SERVER)
    assert server.get_component_availability(again) == 100.0
    assert {get(server.get_url(each)).content for each in again["members"]} == {b"x" * n for n in (7, 8, 9)}


def test_8_2_a_container_knows_its_members_and_they_their_container(ftrack_session, location, file):
    container = ftrack_session.create("ContainerComponent", {"name": "package"})
    ftrack_session.commit()
    member = ftrack_session.create_component(
        file(b"in the box"), data={"name": "inner", "container": container}, location=location
    )
    ftrack_session.reset()
    again = ftrack_session.query(
        f"select system_type, members.name from ContainerComponent where id is {container['id']}"
    ).one()
    assert again["system_type"] == "container"
    assert [each["name"] for each in again["members"]] == ["inner"]
    found = ftrack_session.query(f"Component where container.id is {container['id']}").one()
    assert (found["id"], found.entity_type) == (member["id"], "FileComponent")
    assert get(ftrack_session.get("Location", SERVER).get_url(found)).content == b"in the box"


# 8.3 Upload by JS, in one piece.


def test_8_3_a_browser_makes_the_component_and_asks_for_the_address_in_one_call(
    ftrack_sandbox, ftrack_session
):
    component_id, content = str(uuid.uuid4()), b"from a browser"
    data = {"id": component_id, "name": "shot", "file_type": ".txt", "size": len(content)}
    created, metadata = ftrack_session.call(
        [
            {
                "action": "create",
                "entity_type": "FileComponent",
                "entity_data": {"__entity_type__": "FileComponent", **data},
            },
            {
                "action": "get_upload_metadata",
                "component_id": component_id,
                "file_name": "shot.txt",
                "file_size": len(content),
                "parts": None,
            },
        ]
    )
    assert created["data"]["id"] == component_id
    origin = {"Origin": "https://studio.example"}
    sent = requests.put(
        metadata["url"], data=content, headers={**metadata["headers"], **origin}, timeout=TIMEOUT_S
    )
    assert sent.status_code == 200
    assert sent.headers["access-control-allow-origin"] == "https://studio.example"
    assert sent.headers["etag"]
    assert "etag" in sent.headers["access-control-expose-headers"].lower()
    place = {"component_id": component_id, "resource_identifier": component_id, "location_id": SERVER}
    ftrack_session.call([{"action": "create", "entity_type": "ComponentLocation", "entity_data": place}])
    assert places(ftrack_session, component_id) == {"ftrack.server": component_id}
    component = ftrack_session.get("FileComponent", component_id)
    assert get(ftrack_session.get("Location", SERVER).get_url(component)).content == content


# 8.4 Download and removal.


def test_8_4_data_can_be_had_by_whoever_has_a_key_also_through_redirects_allowed(
    ftrack_sandbox, ftrack_session, location, file
):
    component = ftrack_session.create_component(file(b"data"), location=location)
    known = {"id": component["id"], "username": "kim.ek", "apiKey": ftrack_sandbox.make_key("kim.ek")}
    assert (
        requests.get(f"{ftrack_sandbox.url}/component/get", params=known, timeout=TIMEOUT_S).content
        == b"data"
    )


def test_8_4_data_can_be_had_without_any_component_location(ftrack_sandbox, ftrack_session, location, file):
    component = ftrack_session.create_component(file(b"data"), location=location)
    url = location.get_url(component)
    row = ftrack_session.query(f"ComponentLocation where component_id is {component['id']}").one()
    ftrack_session.delete(row)
    ftrack_session.commit()
    assert places(ftrack_session, component["id"]) == {}
    assert get(url).content == b"data"


def test_8_4_removal_takes_the_data_and_then_the_row(ftrack_sandbox, ftrack_session, location, file, asked):
    component = ftrack_session.create_component(file(b"data"), location=location)
    url = location.get_url(component)
    asked.clear()
    location.remove_component(component)
    assert asked()[-1][1:] == ("delete", "ComponentLocation")
    assert places(ftrack_session, component["id"]) == {}
    assert not ftrack_sandbox.storage.exists(component["id"])
    assert get(url).status_code >= 400
    assert location.get_component_availability(component) == 0.0
    with pytest.raises(ftrack_api.exception.ComponentNotInLocationError):
        location.get_resource_identifier(component)


def test_8_4_remove_alone_takes_the_data_and_leaves_the_row(ftrack_sandbox, ftrack_session, location, file):
    component = ftrack_session.create_component(file(b"data"), location=location)
    query = {
        "id": component["id"],
        "username": ftrack_sandbox.api_user,
        "apiKey": ftrack_sandbox.api_key,
    }
    removed = requests.get(f"{ftrack_sandbox.url}/component/remove", params=query, timeout=TIMEOUT_S)
    assert removed.status_code < 400
    assert (
        requests.get(f"{ftrack_sandbox.url}/component/get", params=query, timeout=TIMEOUT_S).status_code
        >= 400
    )
    assert list(places(ftrack_session, component["id"])) == ["ftrack.server"]


def test_8_4_the_signed_alternatives_hold_no_credentials(ftrack_sandbox, ftrack_session, location, file):
    component = ftrack_session.create_component(file(b"data"), location=location)
    author = ftrack_session.query("User where username is kim.ek").one()
    note = ftrack_session.create("Note", {"content": "see file", "author": author})
    ftrack_session.commit()
    ftrack_session.create("NoteComponent", {"component_id": component["id"], "note_id": note["id"]})
    ftrack_session.commit()
    for type_name in ("ComponentLocation", "NoteComponent"):
        row = ftrack_session.query(
            f"select url from {type_name} where component_id is {component['id']}"
        ).one()
        assert row["url"]["value"] == row["url"]["url"]
        for secret in (ftrack_sandbox.api_key, ftrack_sandbox.api_user, "apiKey", "username"):
            assert secret not in row["url"]["url"]
        assert get(row["url"]["url"]).content == b"data"


# 8.5 Thumbnails and media.


@pytest.fixture
def thumbnailed(ftrack_session):
    """New entities of the types that have a thumbnail."""
    session = ftrack_session
    project = session.query("Project where name is stem2").one()
    task = session.create("Task", {"name": f"thumb {uuid.uuid4().hex[:8]}", "parent": project})
    asset = session.create(
        "Asset", {"name": "plate", "parent": task, "type": session.query("AssetType").first()}
    )
    version = session.create("AssetVersion", {"asset": asset, "task": task})
    session.commit()
    yield {"Task": task, "AssetVersion": version}
    session.reset()
    session.delete(session.get("Task", task["id"]))
    session.commit()


@pytest.mark.parametrize("type_name", ["Task", "AssetVersion"])
def test_8_5_a_thumbnail_is_uploaded_then_set_then_read_by_a_signed_address(
    ftrack_sandbox, ftrack_session, thumbnailed, file, asked, type_name
):
    entity = thumbnailed[type_name]
    path = file(picture(640, 360), "still.png")
    asked.clear()
    component = entity.create_thumbnail(path)
    assert asked() == [
        (0, "query", looked_up(component["id"])),
        (1, "get_upload_metadata", None),
        (2, "create", "FileComponent"),
        (2, "create", "ComponentLocation"),
        (3, "update", type_name),
    ]
    ftrack_session.reset()
    again = ftrack_session.query(
        f"select thumbnail_id, thumbnail_url, thumbnail.name from {type_name} where id is {entity['id']}"
    ).one()
    assert again["thumbnail_id"] == component["id"]
    assert again["thumbnail"]["name"] == "thumbnail"
    assert again["thumbnail_url"]["value"] == again["thumbnail_url"]["url"]
    for secret in (ftrack_sandbox.api_key, ftrack_sandbox.api_user):
        assert secret not in again["thumbnail_url"]["url"]
    width, height = size_of(again["thumbnail_url"]["url"])
    assert abs(width / height - 640 / 360) < 0.02


def test_8_5_every_picture_of_the_demo_is_one_and_none_is_larger_than_asked(ftrack_session, location):
    types = ("Project", "User", "AssetVersion", "Shot")
    for type_name in types:
        row = ftrack_session.query(
            f"select thumbnail, thumbnail_url from {type_name} where thumbnail has (id is_not '')"
        ).first()
        assert max(size_of(row["thumbnail_url"]["url"])) <= 300
        for side in (16, 64):
            assert max(size_of(location.get_thumbnail_url(row["thumbnail"], size=side))) <= side


def test_8_5_a_reviewable_component_is_known_by_name_and_metadata(ftrack_session, thumbnailed):
    frames = {"frameIn": 0, "frameOut": 149, "frameRate": 25}
    component = ftrack_session.create(
        "FileComponent", {"name": "ftrackreview-mp4", "version": thumbnailed["AssetVersion"]}
    )
    component["metadata"]["ftr_meta"] = json.dumps(frames)
    ftrack_session.commit()
    ftrack_session.reset()
    found = ftrack_session.query(
        "Component where name is 'ftrackreview-mp4' and metadata any (key is ftr_meta) "
        f"and version.id is {thumbnailed['AssetVersion']['id']}"
    ).one()
    assert json.loads(found["metadata"]["ftr_meta"]) == frames


# 8.6 Storage scenario.


def test_8_6_the_scenario_is_automatic_and_a_session_starts_with_it(ftrack_session):
    assert ftrack_session.server_information["storage_scenario"] == {
        "scenario": "ftrack.automatic",
        "data": {},
    }


def test_8_6_the_setting_behind_it_says_the_same(ftrack_session):
    found = ftrack_session.query(
        'select value from Setting where name is "storage_scenario" and group is "STORAGE"'
    )
    assert json.loads(found.one()["value"]) == ftrack_session.server_information["storage_scenario"]
