"""CEL that follows names inside one assistant: every account that is named must be there and of the right provider."""

from understudy.api.markers import Rule

_LLM = "['openai', 'azure-openai']"


def _named(one: str) -> str:
    return f"(!has({one}.account) || self.accounts.exists(a, a.name == {one}.account && a.provider == {one}.provider))"


def _implied(one: str) -> str:
    return f"(has({one}.account) || self.accounts.filter(a, a.provider == {one}.provider).size() == 1)"


def _no_account(one: str) -> str:
    return f"'spec.accounts has no account ' + {one}.account + ' with provider ' + {one}.provider"


def _which_account(one: str) -> str:
    return (
        f"'say which account: spec.accounts has ' + "
        f"string(self.accounts.filter(a, a.provider == {one}.provider).size()) + "
        f"' with provider ' + {one}.provider"
    )


def single(field: str) -> tuple[Rule, Rule]:
    """Rules for the object at spec.`field`."""
    one = f"self.{field}"
    return (
        Rule(
            _named(one),
            "account is not in spec.accounts, or has another provider",
            expression=_no_account(one),
            at=f".{field}.account",
        ),
        Rule(
            _implied(one),
            "say which account, unless exactly one in spec.accounts has this provider",
            expression=_which_account(one),
            at=f".{field}.account",
        ),
    )


def listed(field: str, items: str) -> tuple[Rule, Rule]:
    """Rules for every entry of spec.`field`.fallbackPlan.`items`."""
    entries = f"self.{field}.fallbackPlan.{items}"
    given = f"!has(self.{field}.fallbackPlan) || !has({entries})"
    at = f".{field}.fallbackPlan.{items}"
    named, implied = _named("entry"), _implied("entry")
    return (
        Rule(
            f"{given} || {entries}.all(entry, {named})",
            "an entry's account is not in spec.accounts, or has another provider",
            expression=f"{entries}.filter(entry, !{named}).map(entry, {_no_account('entry')}).join('; ')",
            at=at,
        ),
        Rule(
            f"{given} || {entries}.all(entry, {implied})",
            "say which account in each entry, unless exactly one in spec.accounts has its provider",
            expression=f"{entries}.filter(entry, !{implied}).map(entry, {_which_account('entry')}).join('; ')",
            at=at,
        ),
    )


_DEPLOYMENT = f"self.accounts.exists(a, a.name == d.account && a.provider in {_LLM})"

MODEL_RULES = (
    Rule(
        f"!has(self.model.deployments) || self.model.deployments.all(d, {_DEPLOYMENT})",
        "a deployment's account is not in spec.accounts, or has another provider than openai",
        expression=(
            f"self.model.deployments.filter(d, !{_DEPLOYMENT})"
            ".map(d, 'spec.accounts has no account ' + d.account + ' with provider openai').join('; ')"
        ),
        at=".model.deployments",
    ),
    Rule(
        f"has(self.model.deployments) || self.accounts.filter(a, a.provider in {_LLM}).size() == 1",
        "list deployments, unless exactly one account in spec.accounts has provider openai",
        expression=(
            "'list deployments: spec.accounts has ' + "
            f"string(self.accounts.filter(a, a.provider in {_LLM}).size()) + ' with provider openai'"
        ),
        at=".model.deployments",
    ),
    Rule(
        "!has(self.model.tools) || size(self.model.tools) == 0 || has(self.server)",
        "tools are carried out by a webhook: give spec.server.url",
        at=".server",
        reason="FieldValueRequired",
    ),
)
