"""Content and events of other systems, read row by row and sent to a running feedsmith."""
