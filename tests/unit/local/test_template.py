from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from feedsmith.errors import ConfigurationError
from feedsmith_local import cloudformation, sources
from feedsmith_local.template import TEMPLATE, Template


def physical(name: str, attribute: str | None) -> str:
    return f"<{name}.{attribute}>" if attribute else f"<{name}>"


@pytest.fixture
def evaluate() -> cloudformation.Evaluator:
    document = {
        "Parameters": {"Name": {"Default": "ann"}, "Bare": {}},
        "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "Name"}, "ann"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
        "Resources": {"Queue": {}},
    }
    return cloudformation.Evaluator(document, {"AWS::Region": "here"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "ann"),
        ({"Ref": "Queue"}, "<Queue>"),
        ({"Fn::GetAtt": "Queue.Arn"}, "<Queue.Arn>"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "<Queue.Arn>"),
        ({"Fn::Sub": "${Name} ${AWS::Region} ${Queue} ${Queue.Arn} ${!text}"}, "ann here <Queue> <Queue.Arn> ${text}"),
        ({"Fn::If": ["Yes", {"Ref": "Name"}, 2]}, "ann"),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]}, True),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b"]}]}, "b"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}]]}, "a-ann"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": [1, {"Ref": "AWS::NoValue"}]}, {"b": [1]}),
        ({"Condition": {"Bool": "x"}}, {"Condition": {"Bool": "x"}}),  # a policy's condition, not a template's
    ],
)  # fmt: skip
def test_values_are_resolved(evaluate: cloudformation.Evaluator, value: object, expected: object) -> None:
    assert evaluate(value, physical) == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Ref": "Nobody"}, "Nobody"),
        ({"Ref": "Bare"}, "no parameter with a value"),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue"),
        ({"Fn::Sub": ["${x}", {"x": 1}]}, "Fn::Sub"),
    ],
)
def test_what_cannot_be_resolved_is_named(evaluate: cloudformation.Evaluator, value: object, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        evaluate(value, physical)


def test_short_forms_are_read_with_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {A: !Sub x, B: !If [IsOn, [1, !Ref C], 2], D: !GetAtt E.F, G: !Transform {Name: H}}")

    assert cloudformation.read(path)["Resources"] == {
        "A": {"Fn::Sub": "x"},
        "B": {"Fn::If": ["IsOn", [1, {"Ref": "C"}], 2]},
        "D": {"Fn::GetAtt": "E.F"},
        "G": {"Fn::Transform": {"Name": "H"}},
    }


def test_a_condition_may_not_hang_on_a_resource() -> None:
    document = {"Conditions": {"C": {"Fn::Equals": [{"Ref": "Queue"}, "x"]}}, "Resources": {"Queue": {}}}
    with pytest.raises(ConfigurationError, match="Queue"):
        cloudformation.Evaluator(document, {}).holds("C")


def test_functions_and_their_events_are_read(template: Template, folder: Path) -> None:
    functions = template.functions()

    assert set(functions) == {"GuardFunction", "WebFunction", "WorkFunction"}  # an image is none of ours
    work = functions["WorkFunction"]
    assert work.path == folder / "work" / "app.py"
    assert (work.attribute, work.timeout_s, work.retries, work.on_failure) == ("plan", 5, 1, "DeadQueue")
    upload, queue, stream, schedule = work.sources.values()
    assert upload == sources.Upload(Bucket="Uploads", Events="s3:ObjectCreated:*")
    assert isinstance(queue, sources.Queue)
    assert (queue.queue, queue.batch_size, queue.enabled, queue.partial) == ("Queue", 2, True, True)
    assert isinstance(stream, sources.Stream)
    assert (stream.stream, stream.on_failure, stream.partial) == ("Table", "DeadQueue", True)
    assert isinstance(schedule, sources.Schedule)
    assert schedule.every == timedelta(hours=2)


def test_parameters_decide_conditions(folder: Path) -> None:
    template = Template(folder / "template.yaml", {"Mode": "other"})

    assert "OtherQueue" in template.resources
    assert not template.functions()["WorkFunction"].sources["Queue"].enabled


def test_a_functions_own_variables_go_over_the_shared_ones(template: Template) -> None:
    variables = template.evaluate(dict(template.functions()["WebFunction"].variables), physical)

    assert variables == {"TABLE": "<Table>", "SHARED": "own", "KEY": "<Key.Arn>"}


def test_routes_know_whether_they_are_guarded(template: Template) -> None:
    routes = template.functions()["WebFunction"].sources

    assert {name: route.guarded for name, route in routes.items() if isinstance(route, sources.Route)} == {
        "Open": False, "One": True, "Add": True,
    }  # fmt: skip
    authorizer = template.authorizer()
    assert authorizer is not None
    assert (authorizer.function, authorizer.headers, authorizer.ttl_s) == ("GuardFunction", ("Authorization",), 60)


def test_a_cron_expression_has_no_rate() -> None:
    assert sources.Schedule(ScheduleExpression="cron(0 3 * * ? *)").every is None


@pytest.mark.parametrize(
    ("replace", "by", "said"),
    [
        ("BatchSize: 4", "BatchSize: 4\n            MaximumRecordAgeInSeconds: 60", "MaximumRecordAgeInSeconds"),
        ("Type: ScheduleV2", "Type: Schedule", "ScheduleV2"),
        ("!Ref Size", "!Ref Sizes", "Sizes"),
    ],
)
def test_what_the_local_stack_cannot_do_is_refused(folder: Path, replace: str, by: str, said: str) -> None:
    path = folder / "template.yaml"
    path.write_text(path.read_text().replace(replace, by))

    with pytest.raises(ConfigurationError, match=said):
        Template(path).functions()


@pytest.mark.parametrize("text", ["a: [", "just text", "Globals: {}"])
def test_what_is_no_template_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match="template"):
        Template(path)


def test_without_an_api_there_is_no_authorizer(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {}")

    assert Template(path).authorizer() is None


def test_the_clouds_template_is_understood() -> None:
    template = Template(TEMPLATE, {"QdrantUrl": ""})

    functions = template.functions()
    assert all(function.path.is_file() for function in functions.values())
    assert template.authorizer() is not None
    used = {type(source) for function in functions.values() for source in function.sources.values()}
    assert used == {sources.Route, sources.Upload, sources.Queue, sources.Stream, sources.Schedule}
