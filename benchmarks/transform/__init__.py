"""The transform compared with its peers: `python -m benchmarks.transform`.

**Why the transform's fast path is compiled.** In pure Python, with the fastest codecs (msgspec typed by the schema,
pybase64), a record of this benchmark took 10.5 µs, of which the codecs alone took 5.3 µs: as much as an orjson round
trip of the same bytes, which is the limit of that approach. With transform/native, which works in one pass, a record
takes a third of that.

Its costs:

- the zip: 25 KB, of 0.9 MB;
- 1,000 lines of C, where there were 250 of Python;
- a compiler where the zip is built: a package from the registry (100 MB to download), one second to cross-compile, with
  reproducible output;
- the safety of untrusted bytes in C. The parser does not allocate, calls no other code, keeps no state and decides
  nothing: a record that it does not recognise takes the slow path, in Python, which is the specification. Tests and the
  fuzzer compare the two (`python -m tests.property.transform.fuzz`), with an inaccessible page behind the record;
  `make test-native` runs them under sanitizers.

In a whole invocation, Lambda's runtime also parses the event and serialises the response for any handler: add the row
"Lambda's own JSON". Two more rows measure both together, one of them without native/kept.h: the system then provides
about one new page a record, and clears it.
"""
