"""The simulated voices: espeak-ng behind OpenAI's speech endpoint and Cartesia's WebSocket."""
