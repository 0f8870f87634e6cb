"""Golden calls: scripted callers that speak with a canary before any live caller does."""
