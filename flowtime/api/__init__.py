"""The HTTP plumbing every app shares. It has no models."""
