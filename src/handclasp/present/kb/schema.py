"""The JSON Schema of an entry, published beside the entries."""

from handclasp.catalogue.symptoms import SymptomKind

_STRING = {"type": "string"}
_NUMBER = {"type": ["integer", "null"]}
_TEXT = {
    "description": "By language; English and Chinese always.",
    "type": "object",
    "properties": {"en": _STRING, "zh": _STRING},
    "required": ["en", "zh"],
    "additionalProperties": _STRING,
}
_MAYBE_TEXT = {**_TEXT, "type": ["object", "null"]}
_STRINGS = {"type": "array", "items": _STRING}
_STEP = {
    "type": "object",
    "properties": {"text": _TEXT, "first": _STRINGS, "commands": _STRINGS},
    "required": ["text", "first", "commands"],
    "additionalProperties": False,
}
_GENERATED = {
    **_STRINGS,
    "description": "Fields made of the lab's runs and of other entries by a program; the rest is written.",
}
_COUNT = {
    "description": "Lab runs; null: not measured.",
    "type": ["object", "null"],
    "properties": {
        "fixed": {"type": "integer"},
        "runs": {"type": "integer"},
        "let_strangers_in": {"type": "integer"},
        "builds": _STRINGS,
    },
    "required": ["fixed", "runs", "let_strangers_in", "builds"],
}


def _rows(**properties: object) -> dict[str, object]:
    return {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False},
    }


_REFERENCES = _rows(kind=_STRING, title=_STRING, url={"type": ["string", "null"], "format": "uri"})
_COMMON: dict[str, object] = {"schema": {"const": "handclasp/kb-entry/1"}, "slug": _STRING, "title": _TEXT}

_CAUSE: dict[str, object] = {
    **_COMMON,
    "kind": {"const": "cause"},
    "area": _STRING,
    "side": {"enum": ["client", "upstream", None]},
    "status": {"enum": ["reproduced", "reported"]},
    "summary": _TEXT,
    "check": _TEXT,
    "shown_as": _STRINGS,
    "symptoms": {"type": "array", "items": {"type": "object"}},
    "remedies": _rows(
        id=_STRING,
        applicability={"enum": ["safe", "review", "manual"]},
        text=_TEXT,
        directives=_STRINGS,
        commands=_STRINGS,
        needs=_MAYBE_TEXT,
        risk=_MAYBE_TEXT,
        verify=_STEP,
        undo=_STEP,
        lab=_COUNT,
    ),
    "dead_ends": _rows(
        id={"type": ["string", "null"]},
        action=_TEXT,
        why=_TEXT,
        danger={"enum": ["none", "availability", "security"]},
        lab=_COUNT,
    ),
    "next_causes": _STRINGS,
    "versions": _rows(on=_STRING, text=_TEXT),
    "looks_the_same": _STRINGS,
    "references": _REFERENCES,
    "lab": {"type": ["object", "null"]},
    "reproduce": {"type": ["string", "null"]},
    "generated": _GENERATED,
}

_SYMPTOM: dict[str, object] = {
    **_COMMON,
    "kind": {"enum": [kind.value for kind in SymptomKind]},
    "says": _TEXT,
    "usually": _MAYBE_TEXT,
    "confused_with": _rows(entry=_STRING, text=_TEXT),
    "side": {"enum": ["client", "upstream", None]},
    "number": _NUMBER,
    "names": _rows(openssl=_STRING, number={"type": "integer"}, symbol=_STRING, text=_STRING),
    "page": {"type": ["string", "null"]},
    "logs": _STRINGS,
    "said": _STRINGS,
    "causes": _rows(
        cause=_STRING,
        rank={"type": "integer"},
        check=_TEXT,
        runs={"type": "integer"},
        of={"type": "integer"},
        look_alike={"type": "boolean"},
    ),
    "came_from": {"type": ["object", "null"]},
    "seen_on": _rows(build=_STRING, runs={"type": "integer"}, causes=_rows(cause=_STRING, runs={"type": "integer"})),
    "documentation": _REFERENCES,
    "generated": _GENERATED,
}


def entry_schema() -> dict[str, object]:
    """JSON Schema 2020-12 of one entry, of a cause or of a symptom."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Handclasp knowledge base entry",
        "oneOf": [
            {"type": "object", "properties": shape, "required": list(shape), "additionalProperties": False}
            for shape in (_CAUSE, _SYMPTOM)
        ],
    }
