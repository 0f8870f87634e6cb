"""The words for each act: short sentences, made to be spoken."""

from understudy.apps.simulator.model.conversation import Act, Talk
from understudy.apps.simulator.script import Persona

REPROMPT = "Sorry, could you repeat that?"
NOT_BOOKED = "I am sorry, I cannot book that table just now. Is there anything else?"

_GOOD = {
    Act.GREET: "Good evening, the Copper Kettle. How can I help you?",
    Act.HOURS: "We are open from noon to eleven, every day of the week.",
    Act.ADDRESS: "We are at twelve Mill Street, next to the old bridge.",
    Act.PRICE: "The set menu has three courses and costs thirty two dollars.",
    Act.VEGETARIAN: "Yes, we have five vegetarian dishes.",
    Act.PARKING: "There is a car park behind the house, free in the evening.",
    Act.ASK_PEOPLE: "For how many people?",
    Act.ASK_DAY: "On which day would you like to come?",
    Act.ASK_TIME: "And at what time?",
    Act.ASK_NAME: "What name shall I put it under?",
    Act.CONFIRM: "A table for {people}, {day}, {time}, under {name}. Is that right?",
    Act.BOOK: "Your table is booked. Is there anything else?",
    Act.START_OVER: "Then let us start again.",
    Act.ANYTHING_ELSE: "What else can I do for you?",
    Act.OFFER: "I can book a table, or tell you about our hours, prices and address.",
    Act.GOODBYE: "Thank you for calling. Goodbye.",
}

_OTHER = {
    Act.GREET: "Welcome to the Copper Kettle! What can I do for you?",
    Act.HOURS: "Our kitchen is open daily, from noon until eleven at night.",
    Act.ADDRESS: "You find us at twelve Mill Street, right beside the old bridge.",
    Act.PRICE: "Three courses are thirty two dollars.",
    Act.VEGETARIAN: "Of course, five of our dishes are vegetarian.",
    Act.PARKING: "You can park behind the house, and evenings are free.",
    Act.ASK_PEOPLE: "How many of you will there be?",
    Act.ASK_DAY: "Which day suits you?",
    Act.ASK_TIME: "What time shall we expect you?",
    Act.ASK_NAME: "May I have your name?",
    Act.CONFIRM: "So that is {people} people, {day}, {time}, for {name}. Correct?",
    Act.BOOK: "Done, your table is reserved. Anything else?",
    Act.START_OVER: "Let me take that again.",
    Act.ANYTHING_ELSE: "Is there something else you would like to know?",
    Act.OFFER: "Shall I reserve a table, or do you have a question about the menu, the hours or the address?",
    Act.GOODBYE: "Thanks for your call, and see you soon. Goodbye.",
}

_AGAIN = {
    Act.ASK_PEOPLE: "How many people shall I write down?",
    Act.ASK_DAY: "And which day is it to be?",
    Act.ASK_TIME: "Around what time, please?",
    Act.ASK_NAME: "And the name for it, please?",
    Act.BOOK: "That one is booked too. Anything more?",
    Act.ANYTHING_ELSE: "Anything more that you would like to know?",
    Act.OFFER: "Would you like a table, or the opening hours, the prices or the address?",
    Act.GOODBYE: "Goodbye, and have a nice evening.",
}
"""For what was said before in the call."""

_ONCE_MORE = "As I said, {}"


def words(talk: Talk, persona: Persona) -> str:
    """What the assistant says where the talk stands."""
    phrases = _OTHER if persona is Persona.OTHER_WORDS else _GOOD
    said = " ".join(_phrase(act, phrases[act], again=talk.said.count(act) % 2 == 1) for act in talk.acts)
    return said.format(people=talk.people, day=talk.day, time=talk.time, name=(talk.name or "").title())


def _phrase(act: Act, first: str, *, again: bool) -> str:
    if not again:
        return first
    return _AGAIN.get(act) or _ONCE_MORE.format(first[0].lower() + first[1:])
