"""The fault suite of the whole application: everything real, broken on purpose, and an account."""
