"""What takes long: `make soak`, or one of them with `python -m pytest --timeout=0 tests/soak -k kill`."""
