"""One request for a score, and its failures told in the words of the metrics."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from understudy.apps.proxy.credentials import CredentialUnavailable
from understudy.apps.proxy.egress.upstream import CONNECT_TIMEOUT_S, refuse_error_answers, told_as
from understudy.apps.proxy.http.transport import Answer, Transport
from understudy.apps.proxy.scoring.failure import Result, ScoreFailed
from understudy.base.errors import ProviderError, ProviderRefused, ProviderTimeout
from understudy.domain.calls.answers import NoScore

MAX_BODY = 262_144
"""Bytes of an answer that are read: reasons and token counts around a score are a few KB."""

SERVER_ERROR = 500
"""HTTP status from which a failure may be over at the second try."""


async def ask(
    transport: Transport, who: str, url: str, content: bytes, headers: dict[str, str]
) -> tuple[Answer, bytes]:
    """POST `content`; the answer and its body.

    Raises:
        ProviderError: there was none, or it was an error or a redirect.
    """
    with told_as(who):
        sent = {"Content-Type": "application/json", **headers}
        answer = await transport.post(url, content, sent, connect_timeout_s=CONNECT_TIMEOUT_S)
        try:
            await refuse_error_answers(who, answer)
            return answer, await answer.body(MAX_BODY)
        finally:
            answer.close()


@contextmanager
def told_as_score() -> Iterator[None]:
    """Turn what goes wrong inside into `ScoreFailed`."""
    try:
        yield
    except CredentialUnavailable as error:
        raise ScoreFailed(Result.NO_KEY, str(error)) from error
    except ProviderRefused as error:
        raise ScoreFailed(Result.REFUSED, str(error), again=(error.status or 0) >= SERVER_ERROR) from error
    except ProviderTimeout as error:
        raise ScoreFailed(Result.TIMEOUT, str(error), again=True) from error
    except ProviderError as error:
        raise ScoreFailed(Result.BROKE, str(error), again=True) from error
    except NoScore as error:
        raise ScoreFailed(Result.NO_SCORE, str(error), again=True) from error


async def twice(attempt: Callable[[], Awaitable[float]]) -> float:
    """The score that `attempt` brings, at its second try at the latest: each is paid for.

    Raises:
        ScoreFailed: it brings none.
    """
    try:
        with told_as_score():
            return await attempt()
    except ScoreFailed as failed:
        if not failed.again:
            raise
    with told_as_score():
        return await attempt()
