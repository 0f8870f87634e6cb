"""For every test: no examples are failed for being slow, since a busy machine proves nothing."""

from hypothesis import settings

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
