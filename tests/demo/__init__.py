"""The main job, end to end: `python -m tests.demo`. The e2e tests run the same acts and assert what they return."""
