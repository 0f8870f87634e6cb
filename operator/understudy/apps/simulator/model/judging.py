"""Scores of finished calls: what a judge model and a user's own scorer make of a transcript.

By a rule instead of taste, so that a test knows what to expect: the score is the share of the caller's turns that were
answered with something new that is no plea to repeat.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from understudy.apps.simulator.deployment import Deployment
from understudy.apps.simulator.model.wording import REPROMPT

HIGHEST = 10
"""Of a judge's scale."""

NOT_JSON = "I can only score a transcript that is a JSON list of objects with role and text."


def verdict(transcript: str) -> str:
    """The judge model's answer to a transcript; to anything else it says so in prose, as models do."""
    try:
        share = served([{"role": str(line["role"]), "text": str(line["text"])} for line in json.loads(transcript)])
    except (ValueError, TypeError, KeyError):
        return NOT_JSON
    reason = "Every question was answered." if share == 1 else "Some questions were not answered."
    return json.dumps({"reason": reason, "score": round(HIGHEST * share, 1)})


def served(lines: Sequence[Mapping[str, Any]]) -> float:
    """The share of the caller's turns that were served, from 0 to 1; 1 where the caller said nothing."""
    asked, good = 0, 0
    said: set[str] = set()
    waiting = False
    for line in lines:
        text = str(line["text"]).strip()
        if line["role"] == "caller":
            asked, waiting = asked + 1, True
            continue
        good += waiting and text not in said and text != REPROMPT
        waiting = False
        said.add(text)
    return good / asked if asked else 1.0


async def score(request: web.Request, _deployment: Deployment) -> web.StreamResponse:
    """`POST /score`: a user's own scorer, which answers the message of `quality.webhook`."""
    try:
        return web.json_response({"score": served((await request.json())["turns"])})
    except (ValueError, TypeError, KeyError):
        return web.json_response({"error": "the body must be a finished call with turns"}, status=400)
