"""The OpenAPI description of the JSON API, as data. A test holds it against real answers."""

from typing import Any

from tickets.states import CallOutcome, LegState

_MOMENT = {"type": "string", "format": "date-time"}
_MOMENT_OR_NULL = {"type": ["string", "null"], "format": "date-time"}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _words(*allowed: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(allowed)}


_TRANSCRIPT = _object(
    state=_words("pending", "done", "silent", "failed"),
    text=_TEXT,
    language=_TEXT_OR_NULL,
    confidence={"type": ["number", "null"], "minimum": 0, "maximum": 1},
    callback_number=_TEXT_OR_NULL,
    segments=_list({"type": "object"}),
)
_RECORDING = _object(
    sid=_TEXT,
    seconds={"type": ["integer", "null"]},
    url=_TEXT_OR_NULL,
    media=_words("pending", "stored", "none", "missing", "refused"),
    problem=_TEXT_OR_NULL,
    transcript=_TRANSCRIPT,
)
_CALL = _object(
    sid=_TEXT,
    outcome=_words(*CallOutcome),
    choice=_TEXT_OR_NULL,
    callback_number=_TEXT_OR_NULL,
    answered_by=_TEXT_OR_NULL,
    answered_at=_MOMENT_OR_NULL,
    talked_seconds={"type": ["integer", "null"]},
    rung=_list(_object(person=_TEXT, outcome=_words(*LegState))),
    started_at=_MOMENT,
    ended_at=_MOMENT_OR_NULL,
)
_MEDIA = _object(
    id={"type": "integer"},
    type=_TEXT,
    url=_TEXT,
    thumbnail=_TEXT_OR_NULL,
    state=_words("pending", "stored", "missing", "refused"),
    bytes={"type": ["integer", "null"]},
    problem=_TEXT_OR_NULL,
)
_MESSAGE = {
    **_object(
        sid=_TEXT_OR_NULL,
        direction=_words("in", "out"),
        to=_TEXT,
        body=_TEXT,
        media=_list(_MEDIA),
        state=_TEXT,
        error=_TEXT_OR_NULL,
        at=_MOMENT,
    )
}
_MESSAGE["properties"]["from"] = _TEXT
_MESSAGE["required"].append("from")
_PAGE = _object(
    person=_TEXT,
    number=_TEXT,
    by=_words("sms", "voice"),
    state=_words("pending", "sending", "sent", "delivered", "failed"),
    error=_TEXT_OR_NULL,
    body=_TEXT,
    at=_MOMENT,
)
_INCIDENT = {
    **_object(
        leader={"type": "integer"},
        members=_list({"type": "integer"}),
        callers={"type": "integer"},
        announced={**_object(words=_TEXT, said_at=_MOMENT, over_at=_MOMENT_OR_NULL), "type": ["object", "null"]},
    ),
    "type": ["object", "null"],
}
_TICKET = _object(
    number={"type": "integer"},
    state=_words("open", "claimed", "resolved"),
    priority=_words("urgent", "normal"),
    channel=_words("call", "voicemail", "text"),
    from_number=_TEXT_OR_NULL,
    client=_TEXT_OR_NULL,
    subject=_TEXT,
    opened_at=_MOMENT,
    claimed_by=_TEXT_OR_NULL,
    claimed_at=_MOMENT_OR_NULL,
    resolved_by=_TEXT_OR_NULL,
    resolved_at=_MOMENT_OR_NULL,
    calls=_list(_CALL),
    recordings=_list(_RECORDING),
    messages=_list(_MESSAGE),
    texting=_object(possible={"type": "boolean"}, why=_TEXT_OR_NULL, since=_MOMENT_OR_NULL),
    incident=_INCIDENT,
    pages=_list(_PAGE),
    events=_list(_object(at=_MOMENT, kind=_TEXT, text=_TEXT)),
)
_PEOPLE = _list(_object(name=_TEXT, number=_TEXT))
_ON_CALL = _object(
    at=_MOMENT,
    zone=_TEXT,
    on_duty=_PEOPLE,
    paged=_PEOPLE,
    holiday=_TEXT_OR_NULL,
    overrides=_list(_TEXT),
    until=_MOMENT_OR_NULL,
    next=_PEOPLE,
)
_PROBLEM = _object(type=_TEXT, title=_TEXT, status={"type": "integer"}, detail=_TEXT)


def _json(schema: str, description: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _failure(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


_FAILURES = {"401": _failure("The token is missing or wrong"), "404": _failure("Not there, or the API is off")}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _path(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PICTURE = {
    "summary": "A picture or file that came with a text, as it came; 404 while it is not stored",
    "parameters": [_path("id", {"type": "integer"})],
    "responses": {"200": {"description": "The file", "content": {"*/*": _BYTES}}, **_FAILURES},
}
_SMALL = {
    "summary": "A small copy of a picture, without metadata; 404 when it has none",
    "parameters": [_path("id", {"type": "integer"})],
    "responses": {"200": {"description": "At most 640 pixels", "content": {"image/jpeg": _BYTES}}, **_FAILURES},
}


_LISTING = {
    "summary": "Tickets, the newest first",
    "parameters": [
        _query("state", "only tickets in this state", _words("open", "claimed", "resolved")),
        _query("since", "only tickets opened at or after this moment", _MOMENT),
        _query("limit", "how many", {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}),
        _query("cursor", "`next` of the answer before", _TEXT),
    ],
    "responses": {"200": _json("Tickets", "A page of tickets"), "400": _failure("A wrong parameter"), **_FAILURES},
}
_ONE = {
    "summary": "One ticket",
    "parameters": [_path("number", {"type": "integer"})],
    "responses": {"200": _json("Ticket", "The ticket"), **_FAILURES},
}
_SOUND = {
    "summary": "The sound of a recording; parts of it can be asked for with Range",
    "parameters": [_path("sid", _TEXT)],
    "responses": {"200": {"description": "The sound", "content": {"audio/wav": _BYTES}}, **_FAILURES},
}
_WHO = {
    "summary": "Who is on call: `on_duty`, whom a page reaches (`paged`: in a gap of the schedule everyone), "
    "until when, and who is next",
    "parameters": [_query("at", "at this moment instead of now; without a zone it is UTC", _MOMENT)],
    "responses": {"200": _json("OnCall", "Who is on call"), "400": _failure("A wrong parameter"), **_FAILURES},
}


def document(public_url: str) -> dict[str, Any]:
    """The whole description (OpenAPI 3.1)."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "helpline", "version": "1", "description": "Tickets of the help desk's call-and-text door."},
        "servers": [{"url": public_url}],
        "security": [{"token": []}],
        "paths": {
            "/api/v1/tickets": {"get": _LISTING},
            "/api/v1/tickets/{number}": {"get": _ONE},
            "/api/v1/oncall": {"get": _WHO},
            "/api/v1/recordings/{sid}": {"get": _SOUND},
            "/api/v1/media/{id}": {"get": _PICTURE},
            "/api/v1/media/{id}/thumbnail": {"get": _SMALL},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Ticket": _TICKET,
                "Tickets": _object(tickets=_list({"$ref": "#/components/schemas/Ticket"}), next=_TEXT_OR_NULL),
                "OnCall": _ON_CALL,
                "Problem": _PROBLEM,
            },
        },
    }
