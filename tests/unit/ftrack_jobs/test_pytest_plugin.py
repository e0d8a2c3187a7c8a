from ftrack_jobs import Action, EntityRef, Form, Job, Text


class WordForm(Form):
    word = Text("Word", required=True)


class Say(Action):
    label = "Say"
    identifier = "test.say"
    form = WordForm

    def run(self, job: Job[WordForm]) -> str:
        return f"{job.values.word} {len(job.selection)}"


def test_a_click_with_values_ends_with_its_job(launch_action, project):
    ended = launch_action(
        Say, selection=[project, EntityRef("Project", project["id"])], values={"word": "hello"}
    )
    assert (ended.status, ended.description) == ("done", "hello 1")
    assert ended.reply["success"] is True


def test_values_that_do_not_do_are_refused_with_the_reason(launch_action):
    ended = launch_action(Say, values={"word": ""})
    assert ended.status == "refused"
    assert "Word" in ended.description
    assert ended.job_id == ""


def test_without_values_the_form_is_submitted_as_it_is_shown(launch_action):
    assert launch_action(Say).status == "refused"
    greeting = type("Greeting", (Say,), {"form": type("F", (Form,), {"word": Text("Word", default="hi")})})
    assert launch_action(greeting).description == "hi 0"


def test_an_action_clicked_before_goes_by_its_identifier(launch_action):
    launch_action(Say, values={"word": "a"})
    assert launch_action("test.say", values={"word": "b"}).description == "b 0"


def test_somebody_unknown_is_refused(launch_action):
    ended = launch_action(Say, values={"word": "a"}, user="nobody.at.all")
    assert ended.status == "refused"
    assert "nobody.at.all" in ended.description
