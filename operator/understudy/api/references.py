"""CEL that follows names inside one assistant: every account that is named must be there and of the right provider.

Messages about lists are fixed texts: the API server cannot bound the length of a text picked out of a list, and refuses
the CRD for its cost.
"""

from understudy.api.markers import Rule

_LLM = "['openai', 'azure-openai']"


def _named(one: str) -> str:
    return f"(!has({one}.account) || self.accounts.exists(a, a.name == {one}.account && a.provider == {one}.provider))"


def _implied(one: str) -> str:
    return f"(has({one}.account) || self.accounts.filter(a, a.provider == {one}.provider).size() == 1)"


def _no_account(one: str) -> str:
    return f"'spec.accounts has no account ' + {one}.account + ' with provider ' + {one}.provider"


def _which_account(one: str) -> str:
    return f"'say which account: spec.accounts has none, or several, with provider ' + {one}.provider"


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
            "say which account: spec.accounts has none, or several, with this provider",
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
            "an entry's account is not in spec.accounts with the entry's provider; add it or name another",
            at=at,
        ),
        Rule(
            f"{given} || {entries}.all(entry, {implied})",
            "say which account in each entry: spec.accounts has none, or several, with its provider",
            at=at,
        ),
    )


_DEPLOYMENT = f"self.accounts.exists(a, a.name == d.account && a.provider in {_LLM})"

MODEL_RULES = (
    Rule(
        f"!has(self.model.deployments) || self.model.deployments.all(d, {_DEPLOYMENT})",
        "a deployment's account is not in spec.accounts with provider openai or azure-openai; add it or name another",
        at=".model.deployments",
    ),
    Rule(
        f"has(self.model.deployments) || self.accounts.filter(a, a.provider in {_LLM}).size() == 1",
        "list deployments: spec.accounts has no account with provider openai or azure-openai, or several",
        at=".model.deployments",
    ),
    Rule(
        "!has(self.model.deployments) || self.model.deployments.all(d, !has(d.deployment) || "
        "self.accounts.exists(a, a.name == d.account && a.provider == 'azure-openai'))",
        "deployment is Azure OpenAI's; elsewhere name what is sent to the provider in model",
        at=".model.deployments",
        reason="FieldValueForbidden",
    ),
    Rule(
        "!has(self.model.tools) || size(self.model.tools) == 0 || has(self.server)",
        "tools are carried out by a webhook: give spec.server.url",
        at=".server",
        reason="FieldValueRequired",
    ),
)
