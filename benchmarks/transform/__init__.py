"""The transform beside its peers: `python -m benchmarks.transform`.

**Why the transform has no compiled core.** One was tried: 90 lines of C against
Python's own API, that do the whole of one plain record, from base64 to base64, in one
pass. For the records of this benchmark it gave the same bytes in 4.0 µs where
the transform took 10.7 µs, 2.7 times as fast, at 25 KB of zip for one architecture.
It is not there because:

- Lambda's runtime reads the event and writes the answer as JSON around any handler,
  which costs more again than the transform (the row "Lambda's own JSON"). A core
  would make the whole of an invocation 1.4 times as fast, no more.
- The zip is made on the user's machine for arm64 or x86_64 from the registry's
  wheels. A core of ours has no wheels: it would need a cross-compiler there, or
  binaries in the repository, and the zip's bytes would depend on either.
- It parses bytes from outside by hand. What keeps the transform safe there is the
  codecs' own fuzzing and ours; a core would add the one part where a mistake is not a
  failed record but a crash or worse, and a second way to every row.
"""
