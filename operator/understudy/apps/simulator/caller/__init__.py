"""A test caller that speaks Twilio Media Streams as the carrier does.

`place_call(url, …)` places one call; `Caller(url, …).place(dialogue, …)` any number, sharing what was synthesised.
"""

from understudy.apps.simulator.caller.call import Caller, place_call
from understudy.apps.simulator.caller.conduct import Temper
from understudy.apps.simulator.caller.dialogue import Dialogue, Line, choose, load
from understudy.apps.simulator.caller.report import CallReport, Ended, TurnReport

__all__ = ["CallReport", "Caller", "Dialogue", "Ended", "Line", "Temper", "TurnReport", "choose", "load", "place_call"]
