"""The simulated model: holds a restaurant's telephone conversation by rules, on OpenAI's wire protocol."""
