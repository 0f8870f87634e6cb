"""What people type: `kubectl understudy …`."""
