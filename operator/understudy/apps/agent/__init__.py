"""The conversation, on Pipecat."""
