"""What others have for the same purpose, in front of the same simulated providers with the same failures.

A driver is a process that reads jobs from a file and writes what it heard and said, a line of JSON for each job; so
LiveKit's libraries, which pin others than ours, stay in an environment of their own.
"""
