"""What a provider's failure means to the pool."""

import pytest

from understudy.apps.proxy.credentials import CredentialUnavailable
from understudy.apps.proxy.egress.chat_failures import failure_of
from understudy.apps.proxy.http.errors import NotHttp
from understudy.base.errors import ProviderBroke, ProviderRefused, ProviderTimeout
from understudy.domain.calls.observation import CredentialProblem
from understudy.domain.routing.completion import EmptyAnswer, Malformed, NoAnswer
from understudy.domain.routing.pool.step import Failure
from understudy.domain.routing.sse import EventTooLong

NO_KEY = CredentialUnavailable(CredentialProblem(account="a", secret="", reason="MissingKey", message="m"))


@pytest.mark.parametrize(
    ("status", "retry_after_s", "failure"),
    [
        (429, None, Failure.RATE_LIMITED),
        (503, 2.0, Failure.RATE_LIMITED),
        (529, 2.0, Failure.RATE_LIMITED),
        (503, None, Failure.SERVER),
        (500, 2.0, Failure.SERVER),
        (401, None, Failure.AUTH),
        (403, None, Failure.AUTH),
        (400, None, Failure.REQUEST),
        (404, None, Failure.REQUEST),
        (302, None, Failure.REQUEST),
    ],
)
def test_statuses(status: int, retry_after_s: float | None, failure: Failure) -> None:
    assert failure_of(ProviderRefused("a", "no", status), retry_after_s) is failure


@pytest.mark.parametrize(
    ("cause", "failure"),
    [
        (NO_KEY, Failure.AUTH),
        (EmptyAnswer("x"), Failure.EMPTY),
        (NoAnswer("x"), Failure.BROKE),
        (Malformed("x"), Failure.MALFORMED),
        (EventTooLong("x"), Failure.MALFORMED),
        (NotHttp("x"), Failure.MALFORMED),
        (ConnectionError("x"), Failure.BROKE),
    ],
)
def test_causes(cause: Exception, failure: Failure) -> None:
    error = ProviderBroke("a", "x")
    error.__cause__ = cause
    assert failure_of(error, None) is failure


def test_silence_is_a_break() -> None:
    assert failure_of(ProviderTimeout("a", "x"), None) is Failure.BROKE
