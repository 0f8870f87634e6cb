"""The conversation: a Pipecat pipeline behind a Twilio Media Streams server, one call a socket."""
