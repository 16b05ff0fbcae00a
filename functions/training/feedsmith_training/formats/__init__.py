"""Public click and rating logs, read into an :class:`~feedsmith_training.log.ImpressionLog`."""
