"""When each write is due, and what kind of write it is: pure data, known before the run."""
