from pathlib import Path

import pytest

from understudy.apps.proxy.credentials import REFUSED_FOR_S, Credentials, CredentialUnavailable
from understudy.apps.proxy.mounted import RECHECK_S
from understudy.base.clock import ManualClock
from understudy.domain.revision.snapshot import Account, Agent, Model, Snapshot, Webhook

NAME = "llm"
OWN_HOST = "https://llm.example.com/v1"


def account(*, secret: str | None = NAME, default_host: bool = True) -> Account:
    return Account(name="primary", provider="openai", base_url=OWN_HOST, secret=secret, default_host=default_host)


def snapshot(webhook: Webhook | None = None) -> Snapshot:
    return Snapshot(
        accounts={"primary": account()},
        model=Model(targets=(), system_prompt=""),
        transcribers=(),
        voices=(),
        webhook=webhook,
        agent=Agent(image="i"),
    )


def mount(root: Path, **files: str) -> None:
    """The Secret `llm` of namespace `ns` as the kubelet mounts it."""
    folder = root / "ns" / "llm"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", "-")).write_text(text)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def credentials(clock: ManualClock, tmp_path: Path) -> Credentials:
    return Credentials(clock, tmp_path)


@pytest.mark.parametrize(
    ("files", "default_host", "reason"),
    [
        (None, True, "MissingSecret"),
        ({"other": "x"}, True, "MissingKey"),
        ({"apiKey": " \n"}, True, "MissingKey"),
        ({"apiKey": "k"}, False, "HostNotAllowed"),
        ({"apiKey": "k", "allowed_hosts": "other.example.com"}, False, "HostNotAllowed"),
    ],
)
def test_no_key_without_a_complete_secret_that_allows_the_host(
    credentials: Credentials,
    tmp_path: Path,
    files: dict[str, str] | None,
    default_host: bool,  # noqa: FBT001
    reason: str,
) -> None:
    if files is not None:
        mount(tmp_path, **files)
    with pytest.raises(CredentialUnavailable) as raised:
        credentials.key_for("ns", account(default_host=default_host))
    assert raised.value.problem.reason == reason
    assert raised.value.problem.account == "primary"


@pytest.mark.parametrize("hosts", ["llm.example.com", "a.example.org,\n*.example.com"])
def test_a_listed_host_gets_the_key(credentials: Credentials, tmp_path: Path, hosts: str) -> None:
    mount(tmp_path, apiKey="k\n", allowed_hosts=hosts)
    assert credentials.key_for("ns", account(default_host=False)) == "k"


def test_an_account_without_a_secret_needs_no_key(credentials: Credentials) -> None:
    assert credentials.key_for("ns", account(secret=None)) is None


def test_a_secret_of_another_namespace_is_not_there(credentials: Credentials, tmp_path: Path) -> None:
    mount(tmp_path, apiKey="k")
    with pytest.raises(CredentialUnavailable):
        credentials.key_for("other", account())


def test_a_rotated_key_is_used_within_a_second(credentials: Credentials, clock: ManualClock, tmp_path: Path) -> None:
    mount(tmp_path, apiKey="old")
    assert credentials.key_for("ns", account()) == "old"
    mount(tmp_path, apiKey="new")
    clock.advance(RECHECK_S)
    assert credentials.key_for("ns", account()) == "new"


def test_a_refused_key_is_reported_until_it_changes_or_time_passes(
    credentials: Credentials, clock: ManualClock, tmp_path: Path
) -> None:
    mount(tmp_path, apiKey="old")
    credentials.report_refused("ns", account())
    assert [each.reason for each in credentials.problems("ns", [snapshot()])] == ["Refused"]
    assert credentials.key_for("ns", account()) == "old", "a refusal is reported, and the provider asked again"
    clock.advance(REFUSED_FOR_S)
    assert credentials.problems("ns", [snapshot()]) == ()
    credentials.report_refused("ns", account())
    mount(tmp_path, apiKey="new")
    clock.advance(RECHECK_S)
    assert credentials.problems("ns", [snapshot()]) == ()


def test_a_webhook_gets_its_key_only_with_an_allowed_host(
    credentials: Credentials, clock: ManualClock, tmp_path: Path
) -> None:
    """Whoever writes the URL must not be able to read the Secret with it."""
    hook = Webhook(url="https://hooks.example.org/x", secret=NAME)
    mount(tmp_path, apiKey="k")
    assert [each.account for each in credentials.problems("ns", [snapshot(hook)])] == ["webhook"]
    mount(tmp_path, allowed_hosts="hooks.example.org")
    clock.advance(RECHECK_S)
    assert credentials.secret_for("ns", "llm", hook.url) == "k"


@pytest.mark.parametrize(
    ("provider", "expected"),
    [("openai", {"Authorization": "Bearer k"}), ("azure-openai", {"api-key": "k"})],
)
async def test_a_model_request_carries_the_key_as_its_provider_wants_it(
    credentials: Credentials, tmp_path: Path, provider: str, expected: dict[str, str]
) -> None:
    mount(tmp_path, apiKey="k")
    wanted = account().model_copy(update={"provider": provider})
    assert await credentials.headers_for("ns", wanted) == expected
    assert await credentials.headers_for("ns", account(secret=None)) == {}


def test_a_version_changes_with_the_content_of_the_secret_only(
    credentials: Credentials, clock: ManualClock, tmp_path: Path
) -> None:
    """An ejection for a bad key lasts until then; reading it again or writing the same ends nothing."""
    seen = [credentials.version("ns", account())]
    for key in ("old", "old", "new"):
        mount(tmp_path, apiKey=key)
        clock.advance(RECHECK_S)
        seen.append(credentials.version("ns", account()))
    absent, old, same, new = seen
    assert old == same
    assert len({absent, old, new}) == 3
    assert "new" not in new
    assert not credentials.version("ns", account(secret=None))


def test_messages_name_the_secret_and_never_its_content(credentials: Credentials, tmp_path: Path) -> None:
    mount(tmp_path, apiKey="k3y-of-mine")
    with pytest.raises(CredentialUnavailable) as raised:
        credentials.key_for("ns", account(default_host=False))
    assert "llm" in str(raised.value)
    assert "k3y" not in raised.value.problem.model_dump_json()
