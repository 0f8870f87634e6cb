"""kubectl understudy."""
