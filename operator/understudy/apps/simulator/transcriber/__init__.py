"""The simulated transcriber: Deepgram's streaming protocol over real recognition."""
