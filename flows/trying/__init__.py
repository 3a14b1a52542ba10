"""Walking through a flow without a telephone, and tests that walk by themselves."""
