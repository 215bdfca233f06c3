"""A delivery stream's metrics.

https://docs.aws.amazon.com/firehose/latest/dev/cw-metrics.html, and from there "Data delivery", "Data ingestion", "Data
transformation" and "Format conversion" metrics. "IncomingRecords" and "IncomingBytes" are only metrics of Direct PUT.
"""

from __future__ import annotations

from sandbox.monitoring.recorder import RECORDER, MetricSeries, metric

NAMESPACE = "AWS/Firehose"
_UNITS = {"Bytes": "Bytes", "DataFreshness": "Seconds", "Duration": "Milliseconds"}


class FirehoseMetrics:
    """The metrics of one delivery stream."""

    def __init__(self, region: str, stream: str) -> None:
        self._region = region
        self._stream = stream
        self._series: dict[str, MetricSeries] = {}

    def read(self, records: int, size_bytes: int, behind_ms: int) -> None:
        """Count records read from the Kinesis stream, and how far behind its end they are."""
        self._add("DataReadFromKinesisStream.Records", records)
        self._add("DataReadFromKinesisStream.Bytes", size_bytes)
        self._add("KinesisMillisBehindLatest", behind_ms)

    def processed(self, duration_ms: float, *, succeeded: bool) -> None:
        """Count an invocation of the transform."""
        self._add("ExecuteProcessing.Duration", round(duration_ms, 1))
        self._add("ExecuteProcessing.Success", int(succeeded))

    def transformed(self, records: int, size_bytes: int) -> None:
        """Count records with the result Ok."""
        self._add("SucceedProcessing.Records", records)
        self._add("SucceedProcessing.Bytes", size_bytes)

    def converted(self, records: int, size_bytes: int, *, succeeded: bool) -> None:
        """Count records that were converted to Parquet, or failed."""
        kind = "SucceedConversion" if succeeded else "FailedConversion"
        self._add(f"{kind}.Records", records)
        self._add(f"{kind}.Bytes", size_bytes)

    def put(self, prefix: str, records: int, size_bytes: int, age_s: float, *, succeeded: bool) -> None:
        """Count a put of an object; `prefix` is DeliveryToS3 or BackupToS3, `age_s` the age of its oldest record."""
        self._add(f"{prefix}.Success", int(succeeded))
        self._add(f"{prefix}.DataFreshness", int(age_s))
        if succeeded:
            self._add(f"{prefix}.Records", records)
            self._add(f"{prefix}.Bytes", size_bytes)
            self._add(f"{prefix}.ObjectCount", 1)

    def waits(self, age_s: float) -> None:
        """Record the age of the oldest undelivered record."""
        self._add("DeliveryToS3.DataFreshness", int(age_s))

    def _add(self, name: str, value: float) -> None:
        series = self._series.get(name)
        if series is None:
            kind = name.rpartition(".")[2]
            unit = "Milliseconds" if name == "KinesisMillisBehindLatest" else _UNITS.get(kind, "Count")
            counted = metric(NAMESPACE, name, DeliveryStreamName=self._stream)
            series = self._series[name] = RECORDER.series(self._region, counted, unit)
        series.add(value)
