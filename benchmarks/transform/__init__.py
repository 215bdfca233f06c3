"""The transform beside its peers: `python -m benchmarks.transform`.

**Why the transform's fast path is compiled.** In Python alone, with the fastest codecs
there are (msgspec typed by the schema, pybase64), a record of this benchmark took
10.5 µs, and these codecs by themselves 5.3 µs of it: as much as an orjson round trip
of the same bytes, and so the end of that road. With transform/native, which does it in
one pass, a record takes a third of that.

What it costs, weighed:

- the zip: 25 KB, of 0.9 MB;
- 900 lines of C, where there were 250 of Python;
- a compiler where the zip is made: a package from the registry (100 MB to download), a second
  to compile for any machine on any other, the same bytes wherever that is;
- the safety of bytes from outside in C. What reads them allocates nothing, calls
  nothing, keeps nothing and decides nothing: a record of which it is not sure takes
  the slow path, in Python, which says what is right. Tests and the fuzzer compare
  the two (`python -m tests.property.transform.fuzz`), with an inaccessible page
  behind the record; `make test-native` runs them under sanitizers.

What it is worth in a whole invocation, where Lambda's runtime reads the event and writes
the answer as JSON around any handler, is the sum with the row "Lambda's own JSON".
"""
