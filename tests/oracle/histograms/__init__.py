"""HdrHistogram's own libraries as oracles of the report's percentiles.

`python -m tests.oracle.histograms JAR NODE_MODULES` encodes seeded samples with `loadgen.metrics.histogram`, decodes
them with HdrHistogram of Java (2.2.2, from Maven Central) and hdr-histogram-js (3.0.1, from npm), and writes both
results to recorded.json.
"""
