"""Numbers as users write them in an account."""

import pytest

from understudy.api.accounts import count


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("200k", 200_000), ("2M", 2_000_000), ("150000", 150_000)])
def test_thousands_and_millions(text: str, number: int) -> None:
    assert count(text) == number


@pytest.mark.parametrize("text", ["", "k", "1.5M", "200K", "-1", "1 k"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    """The API server has refused it already; an object written around it is not guessed at."""
    with pytest.raises(ValueError, match="write one such as 200k or 2M"):
        count(text)
