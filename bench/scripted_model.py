"""A language model's stand-in: an OpenAI-compatible server on loopback that answers by rules.

What it says matters little, but it is of the right form and the same every time: each item is
annotated with its longer words, and linked to the neighbour that shares most of them; a summary is
made of the beginnings of what is to be summarised, and a portrait has no lines.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import BaseModel, ConfigDict, TypeAdapter

_WORD = re.compile(r"[^\W\d_]{5,}")
_MOST_KEYWORDS = 6
_LEAST_SHARED = 2
_MOST_CONTEXT = 120


class ShownItem(BaseModel):
    """A memory as the prompt shows it."""

    model_config = ConfigDict(extra="ignore")

    handle: int
    text: str
    speaker: str | None = None


class ShownPiece(BaseModel):
    """Something said, or a sentence of a summary, as the prompts of writers show it."""

    model_config = ConfigDict(extra="ignore")

    number: int
    text: str


class ShownPieces(BaseModel):
    """What a summary or a portrait is to be made of."""

    model_config = ConfigDict(extra="ignore")

    pieces: list[ShownPiece]
    most_sentences: int = 0
    """None are wanted for a portrait."""


class ShownWindow(BaseModel):
    """What one call is about."""

    model_config = ConfigDict(extra="ignore")

    items: list[ShownItem]
    neighbours: list[ShownItem] = []


_SHOWN: TypeAdapter[ShownWindow | ShownPieces] = TypeAdapter(ShownWindow | ShownPieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedCall:
    """What a call has brought: what a provider counts as prompt."""

    messages: Sequence[str]
    schema: str
    """Of the answer, as JSON; empty without one."""


@dataclass(slots=True)
class ScriptedModel:
    """The server as its caller sees it."""

    url: str = ""
    calls: list[ReceivedCall] = field(default_factory=list)
    """In the order of their coming."""

    def environment(self) -> Mapping[str, str]:
        """Return the settings of a service that shall ask it, with nothing else to wait for."""
        return {
            "MEMSVC_LLM__MODEL": "openai/scripted",
            "MEMSVC_LLM__API_BASE": self.url,
            "MEMSVC_LLM__API_KEY": "none",
        }


@contextmanager
def running_model() -> Iterator[ScriptedModel]:
    """Serve on a free port of this machine until the block ends."""
    model = ScriptedModel()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(model))
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer_to(shown: str) -> dict[str, object]:
    """Return what the model says of the data of a prompt, in JSON.

    Raises pydantic's ``ValidationError`` for a prompt that it does not know.
    """
    asked: ShownWindow | ShownPieces = _SHOWN.validate_json(shown)
    if isinstance(asked, ShownWindow):
        return _annotations_of(asked)
    if not asked.most_sentences:
        return {"lines": []}
    step = max(1, len(asked.pieces) // asked.most_sentences)
    told = asked.pieces[::step][: asked.most_sentences]
    return {
        "sentences": [
            {"text": each.text[:_MOST_CONTEXT], "sources": [each.number]} for each in told
        ]
    }


def _annotations_of(window: ShownWindow) -> dict[str, object]:
    words = {each.handle: _words(each.text) for each in [*window.items, *window.neighbours]}
    items: list[dict[str, object]] = []
    links: list[dict[str, object]] = []
    evolutions: list[dict[str, object]] = []
    for item in window.items:
        own = words[item.handle]
        said = item.text[:_MOST_CONTEXT]
        items.append(
            {
                "handle": item.handle,
                "keywords": own[:_MOST_KEYWORDS],
                "tags": ["talk"],
                "context": f"{item.speaker or 'Somebody'} says: {said}",
            }
        )
        shared = {
            each.handle: [word for word in words[each.handle] if word in own]
            for each in window.neighbours
        }
        best = max(shared, key=lambda handle: (len(shared[handle]), -handle), default=None)
        if best is None or len(shared[best]) < _LEAST_SHARED:
            continue
        reason = f"shares: {', '.join(shared[best][:3])}"
        links.append({"from_handle": item.handle, "to_handle": best, "reason": reason})
        if best not in {each["handle"] for each in evolutions}:
            change = {"handle": best, "because_of": item.handle, "keywords": own[:2]}
            evolutions.append({**change, "tags": ["mentioned again"], "context": ""})
    return {"items": items, "links": links, "evolutions": evolutions, "thoughts": []}


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            messages = [str(each["content"]) for each in body["messages"]]
            schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
            written = "" if schema is None else json.dumps(schema)
            model.calls.append(ReceivedCall(messages=messages, schema=written))
            said = json.dumps(answer_to(messages[1]))
            content = json.dumps(_completion(said)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — inherited name
            """Keep the terminal for the progress."""

    return Handler


def _completion(text: str) -> dict[str, object]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "scripted",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        # Tokens are counted from what was received, by one tokenizer for all.
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }
