"""A connection's own clock, which counts the audio that it was given, and the agent's, which counts what it sent."""

from bisect import bisect_right


class ConnectionTime:
    """Seconds of a connection's audio → position in the agent's.

    The two run alike except where the connection was given silence that the agent did not send, or where audio is
    missing.

    Args:
        start: position where the connection began.
        rate: samples a second of the agent.
    """

    def __init__(self, start: int, rate: int) -> None:
        self._rate = rate
        self._starts = [0.0]
        self._positions = [start]
        self._silent = [False]
        self.position_now = start
        """Position behind the audio that was given."""
        self.seconds = 0.0
        """Seconds of audio given, silence of ours included."""

    def fed(self, samples: int) -> None:
        """The next `samples` of the agent's audio were given."""
        if self._silent[-1]:
            self._turn(silent=False)
        self.position_now += samples
        self.seconds += samples / self._rate

    def silence(self, seconds: float) -> None:
        """Silence that the agent did not send was given."""
        if not self._silent[-1]:
            self._turn(silent=True)
        self.seconds += seconds

    def skip_to(self, position: int) -> None:
        """Audio before `position` is missing."""
        self.position_now = position
        self._turn(silent=False)

    def position(self, seconds: float) -> int:
        """Where `seconds` of the connection are; never behind what was given."""
        at = max(0, bisect_right(self._starts, seconds) - 1)
        offset = 0 if self._silent[at] else round((seconds - self._starts[at]) * self._rate)
        return min(self._positions[at] + max(0, offset), self.position_now)

    def _turn(self, *, silent: bool) -> None:
        if self._starts[-1] == self.seconds:
            self._positions[-1], self._silent[-1] = self.position_now, silent
            return
        self._starts.append(self.seconds)
        self._positions.append(self.position_now)
        self._silent.append(silent)
