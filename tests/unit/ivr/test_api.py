"""The JSON API: who may read, what is there, and what is said when it is not."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest

from ivr.api import decode, encode
from tests.fake_pictures import named, picture
from tests.world import START, STRANGER, World
from tickets.queries import Cursor

BEARER = {"Authorization": "Bearer api-token"}


def get(world: World, path: str, headers: dict[str, str] | None = None) -> Any:
    return world.client.get(path, headers=BEARER if headers is None else headers)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic api-token"}])
def test_without_the_token_every_path_refuses(world: World, headers: dict[str, str]) -> None:
    for rule in world.app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.endpoint != "api.openapi":
            path = rule.rule.replace("<int:number>", "1001").replace("<sid>", "RE1").replace("<path:path>", "x")
            answer = get(world, path, headers)
            assert (rule.rule, answer.status_code) == (rule.rule, 401)
            assert answer.mimetype == "application/problem+json"
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="helpline"'


def test_every_route_is_signed_has_a_token_or_is_meant_to_be_open(world: World) -> None:
    look = {"/look/<token>", "/look/<token>/<int:position>", "/look/<token>/<int:position>/small"}
    heard = {"/listen/<token>", "/sounds/ringing.wav", "/sounds/<name>"}
    unguarded = {"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", *heard, *look}
    for rule in world.app.url_map.iter_rules():
        assert rule.rule.startswith(("/twilio/", "/api/v1/")) or rule.rule in unguarded


def test_without_a_configured_token_the_api_is_off(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, HELPLINE_API_TOKEN="")
    answer = get(world, "/api/v1/tickets")
    assert answer.status_code == 404
    assert answer.get_json()["detail"] == "The API is off. Set HELPLINE_API_TOKEN to switch it on."
    world.close()


def test_a_ticket_has_every_field_of_the_contract(world: World) -> None:
    world.call(caller=STRANGER)
    world.press("1", 1, caller=STRANGER)
    world.recorded(status="absent")
    world.hang_up(caller=STRANGER)
    world.pass_time(20)
    world.carrier.pictures["MM1", "ME1"] = ("image/png", picture())
    world.text(STRANGER, "look", sid="MM1", **named(("ME1", "image/png"), ("ME2", "")))
    world.work()
    ticket = get(world, "/api/v1/tickets/1001").get_json()
    assert [one["state"] for text in ticket["messages"] for one in text["media"]] == ["stored", "pending"]
    assert ticket["opened_at"] == "2026-11-23T14:05:11Z"
    assert ticket["subject"] == "Emergency or outage"
    assert ticket["calls"][0]["sid"] == "CA1"
    assert ticket["recordings"][0]["url"] is None
    assert {page["person"] for page in ticket["pages"]} == {"Sam", "Lee", "Robin"}
    _holds(get(world, "/api/v1/openapi.json", {}).get_json(), "Ticket", ticket)


def test_who_is_on_call_has_every_field_of_its_description(world: World) -> None:
    found = get(world, "/api/v1/oncall").get_json()
    assert found["at"] == "2026-11-23T14:05:11Z"
    assert [person["name"] for person in found["on_duty"]] == ["Sam", "Lee", "Robin"]
    assert (found["until"], found["next"]) == (None, [])
    _holds(get(world, "/api/v1/openapi.json", {}).get_json(), "OnCall", found)


@pytest.mark.parametrize(
    "at", ["", "now", "1999-12-31", "0001-01-01", "9999-12-31T23:59:59Z", "2099-06-01T00:00:00-05:00"]
)
def test_a_moment_that_no_schedule_knows_is_refused(world: World, at: str) -> None:
    answer = get(world, f"/api/v1/oncall?at={at}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.get_json()["detail"].startswith("at must be a moment as ISO 8601")


def test_the_description_is_valid_open_api(world: World) -> None:
    openapi_spec_validator.validate(get(world, "/api/v1/openapi.json", {}).get_json())


def _holds(document: dict[str, Any], name: str, value: Any) -> None:
    """The value is as the OpenAPI document describes it."""
    _check(document, document["components"]["schemas"][name], value, name)


def _check(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> None:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    types = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": int | float,
        "null": type(None),
        "boolean": bool,
    }
    assert any(isinstance(value, types[kind]) for kind in kinds), f"{where}: {value!r} is not {kinds}"
    if "enum" in schema:
        assert value in schema["enum"], where
    if isinstance(value, list):
        for item in value:
            _check(document, schema["items"], item, f"{where}[]")
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) == set(schema["properties"]) == set(schema["required"]), where
        for key, item in value.items():
            _check(document, schema["properties"][key], item, f"{where}.{key}")


def many(world: World, count: int) -> None:
    for number in range(count):
        world.text(f"+1903555{1000 + number}", f"text {number}")
        world.now.moment += timedelta(seconds=number % 2)


def test_the_list_goes_on_where_it_ended_also_when_tickets_share_a_moment(world: World) -> None:
    many(world, 7)
    seen: list[int] = []
    path = "/api/v1/tickets?limit=3"
    for _ in range(3):
        answer = get(world, path).get_json()
        seen += [ticket["number"] for ticket in answer["tickets"]]
        path = f"/api/v1/tickets?limit=3&cursor={answer['next']}"
    assert seen == [1007, 1006, 1005, 1004, 1003, 1002, 1001]
    assert answer["next"] is None


def test_filters(world: World) -> None:
    many(world, 3)
    world.text("+19035550111", "ack 1002")
    numbers = lambda query: [t["number"] for t in get(world, f"/api/v1/tickets?{query}").get_json()["tickets"]]  # noqa: E731
    assert numbers("state=claimed") == [1002]
    assert numbers("state=open") == [1003, 1001]
    assert numbers("since=2026-11-23T14:05:12Z") == [1003]
    assert numbers("since=2026-11-23T08:05:12-06:00") == [1003]
    assert numbers("limit=100000") == [1003, 1002, 1001]


@pytest.mark.parametrize(
    "query",
    ["state=lost", "limit=0", "limit=x", "limit=-1", "since=yesterday", "cursor=x", "cursor=%FF", "since=", "cursor="],
)
def test_wrong_parameters_are_named(world: World, query: str) -> None:
    answer = get(world, f"/api/v1/tickets?{query}")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["detail"].startswith(query.split("=", maxsplit=1)[0] + " must be")


@pytest.mark.parametrize(
    "path",
    [
        "tickets/7",
        "tickets/99999999999999999999",
        "recordings/RE0",
        "media/7",
        "media/99999999999/thumbnail",
        "x",
        "tickets/x",
    ],
)
def test_what_is_not_there_is_a_problem_document(world: World, path: str) -> None:
    answer = get(world, f"/api/v1/{path}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.get_json()["status"] == 404


def test_a_recording_can_be_asked_for_in_parts(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.recorded()
    world.work()
    with closing(get(world, "/api/v1/recordings/RE1")) as whole:
        assert (whole.status_code, whole.mimetype) == (200, "audio/wav")
        assert int(whole.headers["Content-Length"]) == len(whole.data) > 1000
    with closing(get(world, "/api/v1/recordings/RE1", {**BEARER, "Range": "bytes=4-99"})) as part:
        assert (part.status_code, part.data) == (206, whole.data[4:100])
        assert part.headers["Content-Range"] == f"bytes 4-99/{len(whole.data)}"
    assert get(world, "/api/v1/recordings/RE1", {**BEARER, "Range": "bytes=9999999-"}).status_code == 416


def test_writing_is_refused_as_a_problem_too(world: World) -> None:
    answer = world.client.post("/api/v1/tickets", headers=BEARER)
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")


def test_cursors_survive_the_way() -> None:
    cursor = Cursor(START + timedelta(microseconds=123), 1042)
    assert decode(encode(cursor)) == cursor


def test_probes(world: World) -> None:
    assert world.client.get("/healthz").get_json() == {"status": "up"}
    assert world.client.get("/readyz").get_json()["ready"] is True
    world.queue.down = True
    answer = world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["reason"] == "queue: Redis does not answer: test"
    many(world, 2)
    metrics = world.client.get("/metrics").text
    assert 'helpline_tickets{state="open"} 2.0' in metrics
    assert "helpline_webhooks_rejected_total" in metrics
