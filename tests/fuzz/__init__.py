"""Bad input on every route, from every kind of caller: `make fuzz`."""
