"""A delivery stream's metrics.

https://docs.aws.amazon.com/firehose/latest/dev/cw-metrics.html, and from there "Data delivery", "Data ingestion",
"Data transformation" and "Format conversion" metrics. "IncomingRecords" and "IncomingBytes" are of Direct PUT alone.
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
        """Records were read from the Kinesis stream, and how far behind its end that is."""
        self._add("DataReadFromKinesisStream.Records", records)
        self._add("DataReadFromKinesisStream.Bytes", size_bytes)
        self._add("KinesisMillisBehindLatest", behind_ms)

    def processed(self, duration_ms: float, *, succeeded: bool) -> None:
        """The transform was invoked."""
        self._add("ExecuteProcessing.Duration", round(duration_ms, 1))
        self._add("ExecuteProcessing.Success", int(succeeded))

    def transformed(self, records: int, size_bytes: int) -> None:
        """Records came back from the transform, of the result Ok."""
        self._add("SucceedProcessing.Records", records)
        self._add("SucceedProcessing.Bytes", size_bytes)

    def converted(self, records: int, size_bytes: int, *, succeeded: bool) -> None:
        """Records were converted to Parquet, or could not be."""
        kind = "SucceedConversion" if succeeded else "FailedConversion"
        self._add(f"{kind}.Records", records)
        self._add(f"{kind}.Bytes", size_bytes)

    def put(self, prefix: str, records: int, size_bytes: int, age_s: float, *, succeeded: bool) -> None:
        """An object was put, or was not; `prefix` is DeliveryToS3 or BackupToS3, the age that of its oldest record."""
        self._add(f"{prefix}.Success", int(succeeded))
        self._add(f"{prefix}.DataFreshness", int(age_s))
        if succeeded:
            self._add(f"{prefix}.Records", records)
            self._add(f"{prefix}.Bytes", size_bytes)
            self._add(f"{prefix}.ObjectCount", 1)

    def waits(self, age_s: float) -> None:
        """The age of the oldest record that is not delivered."""
        self._add("DeliveryToS3.DataFreshness", int(age_s))

    def _add(self, name: str, value: float) -> None:
        series = self._series.get(name)
        if series is None:
            kind = name.rpartition(".")[2]
            unit = "Milliseconds" if name == "KinesisMillisBehindLatest" else _UNITS.get(kind, "Count")
            counted = metric(NAMESPACE, name, DeliveryStreamName=self._stream)
            series = self._series[name] = RECORDER.series(self._region, counted, unit)
        series.add(value)
