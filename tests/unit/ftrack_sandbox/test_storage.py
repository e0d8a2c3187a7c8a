"""The folder of component files."""

import pytest

from ftrack_sandbox.storage import Storage


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path / "files")


def files_in(folder):
    return [each for each in folder.rglob("*") if each.is_file()]


def test_what_was_written_is_found_under_its_id(storage):
    storage.write("c1", b"first")
    storage.write("c2", b"second")
    assert storage.exists("c1")
    assert storage.path("c1").read_bytes() == b"first"
    assert storage.path("c2").read_bytes() == b"second"


def test_writing_again_replaces_the_file(storage):
    storage.write("c1", b"a long first text")
    storage.write("c1", b"short")
    assert storage.path("c1").read_bytes() == b"short"


@pytest.mark.parametrize(
    "component_id",
    ["../../etc/passwd", "/etc/passwd", "..", "", "a/b", "C:\\x", "nul", "x" * 5000, "ü\x00\n", "\ud800"],
)
def test_any_id_names_a_file_below_the_folder(storage, component_id):
    storage.write(component_id, b"data")
    path = storage.path(component_id).resolve()
    assert storage.root.resolve() in path.parents
    assert path.read_bytes() == b"data"


def test_ids_that_differ_in_case_only_are_two_files(storage):
    assert storage.path("ABC").name.lower() != storage.path("abc").name.lower()


def test_an_upload_that_is_not_kept_leaves_nothing(storage):
    storage.write("c1", b"old")
    with storage.upload("c1") as upload:
        upload.write(b"half of the ne")
    assert storage.path("c1").read_bytes() == b"old"
    assert len(files_in(storage.root)) == 1


def test_an_upload_that_fails_leaves_nothing(storage):
    with pytest.raises(RuntimeError), storage.upload("c1") as upload:
        upload.write(b"half")
        raise RuntimeError
    assert files_in(storage.root) == []


def test_an_upload_is_not_seen_before_it_is_kept(storage):
    with storage.upload("c1") as upload:
        upload.write(b"one ")
        upload.write(b"two")
        assert not storage.exists("c1")
        assert upload.size == 7
        upload.keep()
        assert storage.path("c1").read_bytes() == b"one two"
    assert storage.exists("c1")


def test_two_uploads_of_one_component_do_not_mix(storage):
    with storage.upload("c1") as first, storage.upload("c1") as second:
        first.write(b"11")
        second.write(b"22")
        first.write(b"11")
        first.keep()
        second.keep()
    assert storage.path("c1").read_bytes() == b"22"


def test_removing_twice_is_no_error(storage):
    storage.write("c1", b"x")
    storage.remove("c1")
    storage.remove("c1")
    assert not storage.exists("c1")


def test_staged_files_take_the_place_of_all_others_at_one_stroke(storage):
    theirs = storage.root / "notes.txt"
    theirs.write_text("mine", encoding="utf-8")
    storage.write("old", b"x")
    storage.write("both", b"x")
    with storage.staged() as staged:
        staged.write("both", b"y")
        staged.write("new", b"y")
        assert (storage.exists("old"), storage.exists("new")) == (True, False)
        assert storage.path("both").read_bytes() == b"x"
        staged.adopt()
    assert (storage.exists("old"), storage.exists("new")) == (False, True)
    assert storage.path("both").read_bytes() == b"y"
    assert set(files_in(storage.root)) == {theirs, storage.path("both"), storage.path("new")}
    storage.write("old", b"z")
    assert storage.exists("old")


def test_staged_files_that_are_not_adopted_leave_nothing(storage):
    storage.write("old", b"x")
    with storage.staged() as staged:
        staged.write("new", b"y")
    assert files_in(storage.root) == [storage.path("old")]


@pytest.mark.parametrize("with_files", [True, False])
def test_of_two_that_are_staged_at_once_the_last_one_adopted_stays(storage, with_files):
    with storage.staged() as one, storage.staged() as other:
        other.write("other", b"x")
        other.adopt()
        if with_files:
            one.write("one", b"x")
        one.adopt()
    assert (storage.exists("one"), storage.exists("other")) == (with_files, False)


def test_what_is_on_its_way_while_others_are_adopted_ends_with_an_error_or_in_place(storage):
    with storage.staged() as staged, storage.upload("late") as upload:
        upload.write(b"x")
        staged.adopt()
        with pytest.raises(OSError):
            upload.keep()
    assert files_in(storage.root) == []


def test_what_an_interrupted_server_left_half_is_gone_at_the_next_start(storage):
    storage.write("whole", b"x")
    upload = storage.upload("half")
    upload.write(b"y")
    upload._file.close()
    again = Storage(storage.root)
    assert len(files_in(again.root)) == 1
    assert again.exists("whole")


def test_a_folder_that_cannot_be_made_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError):
        Storage(tmp_path / "file" / "below")
