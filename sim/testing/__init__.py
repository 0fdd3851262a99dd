"""Test suites that parts of other projects can run: needs pytest and hypothesis."""
