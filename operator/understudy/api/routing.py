"""How a model's requests are spread over its pool, and how milliseconds are spent: `spec.model.routing`, `.slack`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from understudy.api.base import ApiModel, DurationText, Identifier, Name, Sentence, duration_between
from understudy.api.markers import Rule


class Routing(ApiModel):
    """How requests are spread over the pool. How often one is fired again is a FallbackPlan's retries."""

    explore_percent: Annotated[float, Field(ge=0, le=50)] = 3.0
    """Percent of turns whose request is sent a second time, to where knowledge is stale, so that a deployment which
    became faster is found; the caller takes whichever answers first. 0: what is not asked stays unknown."""
    hedge: bool = True
    """Whether a request that takes too long is left running beside the next one, and the first to answer is taken: a
    request that was fired is paid for whether it is cancelled or not. Drawn from the same budget as retries and none in
    an outage: then, and with false, the first is cancelled. With true, a turn of which two requests took too long
    asks the next two at the same time, outages included; not more of them in all."""
    hold: Literal["FirstClause", "FirstByte"] = "FirstClause"
    """What the proxy waits for before it forwards an answer. FirstClause: a clause that can be spoken, or a whole tool
    call; until then a request is fired again without a seam, and agents speak in sentences anyway. FirstByte: the first
    useful byte; a stream that stalls after it cannot be replaced before the end of what was forwarded."""


class Slack(ApiModel):
    """What is done when a turn is early or late (L7)."""

    rules: ClassVar = (
        Rule(
            "has(self.betterDeployment) || has(self.betterVoiceModel) || has(self.filler)",
            "say what to do: give betterDeployment, betterVoiceModel or filler",
            reason="FieldValueRequired",
        ),
    )

    better_deployment: Name | None = None
    """One of model.deployments, with a better model: asked first when it is expected to answer within the budget."""
    better_voice_model: Identifier | None = None
    """Model of the first voice, used when the answer came early."""
    early_by: Annotated[DurationText, duration_between("50ms", "5s", "300ms")] = "300ms"
    """Slack from which on a turn is early enough for betterVoiceModel."""
    filler: Sentence | None = None
    """Said first when the answer will be late, such as One moment. Its sound is kept, so that it costs nothing."""
