"""A stack's settings: read once and validated together, before the first resource.

A key of the project's configuration is declared here (name, type, default and what is allowed) and in `Pulumi.yaml`
(the same, for the engine and its users); a test compares the two. A value that is not allowed, and an unknown key, stop
the program with one sentence.
"""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

import pulumi
from pulumi.runtime.config import is_config_secret

from components import host
from components.rules import Between, Flag, Hour, OneOf, Pattern, SettingRule
from components.schedule import GlueSchedule
from components.wheels import Platform

PROJECT = "sales-analytics-cdc"

CaptureMode = Literal["pipe", "native"]
TableCapacity = Literal["on-demand", "provisioned"]
LakeFormat = Literal["parquet", "json-gzip"]
KeyInsights = Literal["off", "throttled-keys", "all-keys"]

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The values that CloudWatch Logs accepts (API_PutRetentionPolicy)."""

RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
"""Lambda's managed Python runtimes that the transform's code runs on."""

ARCHITECTURES = ("arm64", "x86_64")
"""Lambda's architectures."""

MIN_PARQUET_BUFFER_MB = 64
"""Firehose's minimum buffer for record format conversion (BufferingHints)."""

MAX_PIPE_BATCH = 500
"""EventBridge refuses a Pipe whose batch exceeds the target's maximum: 500 for Kinesis (EventBridge User Guide,
"EventBridge Pipes batching and concurrency").
"""

MAX_LISTED = 300
"""The largest threshold that an event pattern can express: it lists all smaller numbers in 2,048 characters
(EventBridge quotas).
"""


TABLE_QUOTA = 40_000
"""The maximum units per second of an on-demand table without a limit, for reads and for writes: AWS's default quota for
a table.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html
"""

WARM_BY_ITSELF = 4000
"""The default warm throughput of a new on-demand table, in write units per second.

The provider reads exactly this value back as missing (internal/service/dynamodb/table.go, flattenTableWarmThroughput),
so it cannot be set.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
"""


SECRET_FIELDS = frozenset({"alarm_email"})
"""Settings that may be a secret: personal data that only one resource uses, which keeps it secret."""


class SettingsError(pulumi.RunError):
    """The stack's configuration is wrong; the message has the key, the reason and the allowed values."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stack's choices. `Settings()` is the default of every key.

    A field `kinesis_shards` is read from the key `kinesisShards`. Sizes, times and counts have their unit in the name;
    0 and the empty text mean "not set".
    """

    capture_mode: Annotated[CaptureMode, OneOf("pipe", "native")] = "pipe"
    table_capacity: Annotated[TableCapacity, OneOf("on-demand", "provisioned")] = "on-demand"
    table_min_read_units: Annotated[int, Between(1, 4_000_000)] = 5
    table_max_read_units: Annotated[int, Between(0, 4_000_000)] = 0
    table_min_write_units: Annotated[int, Between(1, 4_000_000)] = 5
    table_max_write_units: Annotated[int, Between(0, 4_000_000)] = 0
    table_warm_write_units: Annotated[int, Between(WARM_BY_ITSELF + 1, 4_000_000, or_zero=True)] = 0
    table_contributor_insights: Annotated[KeyInsights, OneOf("off", "throttled-keys", "all-keys")] = "off"
    kinesis_shards: Annotated[int, Between(0, 500)] = 0
    kinesis_retention_hours: Annotated[int, Between(24, 8760)] = 24
    pipe_batch_size: Annotated[int, Between(1, MAX_PIPE_BATCH)] = MAX_PIPE_BATCH
    pipe_batch_window_seconds: Annotated[int, Between(0, 300)] = 1
    pipe_parallelism: Annotated[int, Between(1, 10)] = 10
    # The provider leaves out a 0, and AWS's default is to retry without limit
    # (internal/service/pipes/source_parameters.go;
    # https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_PipeSourceDynamoDBStreamParameters.html).
    pipe_retries: Annotated[int, Between(1, 10_000)] = 185
    lake_format: Annotated[LakeFormat, OneOf("parquet", "json-gzip")] = "parquet"
    buffer_interval_seconds: Annotated[int, Between(0, 900)] = 60
    buffer_size_mb: Annotated[int, Between(1, 128)] = 64
    transform_buffer_mb: Annotated[int, Between(1, 3)] = 1
    transform_buffer_seconds: Annotated[int, Between(0, 900)] = 10
    transform_retries: Annotated[int, Between(0, 300)] = 3
    lambda_runtime: Annotated[str, OneOf(*RUNTIMES, "host")] = "python3.13"
    lambda_architecture: Annotated[str, OneOf(*ARCHITECTURES, "host")] = "arm64"
    lambda_memory_mb: Annotated[int, Between(128, 10_240)] = 512
    lambda_timeout_seconds: Annotated[int, Between(1, 300)] = 60
    lambda_concurrency: Annotated[int, Between(0, 10_000)] = 0
    lambda_tracing: Annotated[bool, Flag()] = True
    protect: Annotated[bool, Flag()] = False
    force_destroy: Annotated[bool, Flag()] = False
    point_in_time_recovery: Annotated[bool, Flag()] = False
    customer_managed_keys: Annotated[bool, Flag()] = False
    log_retention_days: Annotated[int, OneOf(*LOG_RETENTION_DAYS)] = 14
    lake_retention_days: Annotated[int, Between(0, 36_500)] = 0
    query_result_days: Annotated[int, Between(1, 3650)] = 7
    query_scan_limit_gb: Annotated[int, Between(0, 1_000_000)] = 0
    event_fanout: Annotated[bool, Flag()] = False
    large_order_threshold: Annotated[int, Between(2, MAX_LISTED)] = 10
    error_queue: Annotated[bool, Flag()] = True
    merge_interval_minutes: Annotated[int, Between(10, 1440, or_zero=True)] = 0
    arrival_from: Annotated[str, Hour()] = "2026-01-01-00"
    crawler_schedule: Annotated[str, GlueSchedule()] = ""
    alarm_email: Annotated[str, Pattern(r"([^@\s]+@[^@\s]+\.[^@\s]+)?", "empty, or one e-mail address")] = ""
    alarm_latency_seconds: Annotated[int, Between(60, 86_400)] = 900
    alarm_throttles_per_minute: Annotated[int, Between(0, 1_000_000)] = 0
    alarm_failures_per_minute: Annotated[int, Between(0, 1_000_000)] = 0
    secrets: frozenset[str] = frozenset()
    """Fields that the stack gives as a secret (`pulumi config set --secret`)."""

    def __post_init__(self) -> None:
        """Check the combinations of keys; raise SettingsError with their names."""
        if self.runtime not in RUNTIMES or self.architecture not in ARCHITECTURES:
            raise SettingsError(
                f"lambdaRuntime or lambdaArchitecture is host, but this machine's {self.runtime} on "
                f"{self.architecture} is not supported by Lambda ({', '.join((*RUNTIMES, *ARCHITECTURES))})."
            )
        if self.lake_format == "parquet" and self.buffer_size_mb < MIN_PARQUET_BUFFER_MB:
            raise SettingsError(
                f"bufferSizeMb is {self.buffer_size_mb}, but lakeFormat parquet needs {MIN_PARQUET_BUFFER_MB} to 128: "
                "raise bufferSizeMb, or set lakeFormat to json-gzip."
            )
        if self.table_capacity == "provisioned":
            self._check_provisioned()
        elif (most := self.table_max_write_units or TABLE_QUOTA) < self.table_warm_write_units:
            raise SettingsError(
                f"tableWarmWriteUnits is {self.table_warm_write_units}, but tableMaxWriteUnits is "
                f"{self.table_max_write_units}, which allows {most}: the warm throughput would be throttled. Lower "
                "tableWarmWriteUnits or raise tableMaxWriteUnits."
            )
        if self.alarm_email and not self.customer_managed_keys:
            raise SettingsError(
                f"alarmEmail is {self._shown('alarm_email')}, but customerManagedKeys is false: an alarm cannot "
                "publish to a topic encrypted under an AWS-managed key, so set customerManagedKeys to true or "
                "alarmEmail to ''."
            )
        if self.protect and self.force_destroy:
            raise SettingsError(
                "protect and forceDestroy are both true: a protected stack must not empty its buckets, "
                "so set one of them to false."
            )

    def _check_provisioned(self) -> None:
        if self.table_warm_write_units:
            raise SettingsError(
                f"tableWarmWriteUnits is {self.table_warm_write_units}, but tableCapacity is provisioned: a "
                "provisioned table is always warm for its capacity, so set tableWarmWriteUnits to 0 and raise "
                "tableMinWriteUnits."
            )
        bounds = {
            "Read": (self.table_min_read_units, self.table_max_read_units),
            "Write": (self.table_min_write_units, self.table_max_write_units),
        }
        for kind, (low, high) in bounds.items():
            if high < low:
                raise SettingsError(
                    f"tableMax{kind}Units is {high}, but tableCapacity provisioned needs at least the {low} of "
                    f"tableMin{kind}Units: raise tableMax{kind}Units, or set tableCapacity to on-demand."
                )

    def kept_secret(self, field: str) -> pulumi.Input[Any]:
        """A setting's value for a resource. A secret stays a secret, so the engine encrypts it in its state."""
        value = getattr(self, field)
        return pulumi.Output.secret(value) if field in self.secrets else value

    def _shown(self, field: str) -> str:
        """A setting's value in a message; a secret is not shown."""
        return "[secret]" if field in self.secrets else repr(getattr(self, field))

    @property
    def runtime(self) -> str:
        """The Lambda runtime, `host` resolved to that of this machine's Python."""
        return host.runtime() if self.lambda_runtime == "host" else self.lambda_runtime

    @property
    def architecture(self) -> str:
        """The Lambda architecture, `host` resolved to this machine's."""
        return host.architecture() if self.lambda_architecture == "host" else self.lambda_architecture

    @property
    def target(self) -> Platform:
        """The machine that the transform's zip is built for."""
        return Platform(self.runtime, self.architecture, native=self.lambda_architecture == "host")

    @classmethod
    def load(cls, config: pulumi.Config | None = None) -> Settings:
        """Read the current stack's settings; raise SettingsError for a wrong value or an unknown key."""
        config = config or pulumi.Config()
        keys = declared()
        _refuse_unknown(config.name, {key.name for key in keys})
        secrets = frozenset(key.field for key in keys if is_config_secret(config.full_key(key.name)))
        given: dict[str, Any] = {}
        for key in keys:
            text = config.get(key.name)
            if text is None:
                continue
            if key.field in secrets - SECRET_FIELDS:
                raise SettingsError(
                    f"{config.name}:{key.name} is a secret, but its value is readable in AWS and in the state: set it "
                    "without --secret."
                )
            try:
                given[key.field] = key.rule.parse(text)
            except ValueError:
                shown = "[secret]" if key.field in secrets else repr(text)
                raise SettingsError(f"{config.name}:{key.name} is {shown}; allowed: {key.rule.allowed}.") from None
        return cls(**given, secrets=secrets)


@dataclass(frozen=True)
class ConfigKey:
    """A configuration key: its name, the field of Settings that it fills, its rule and its default."""

    name: str
    field: str
    rule: SettingRule
    default: Any


@cache
def declared() -> tuple[ConfigKey, ...]:
    """Every key that the program reads."""
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(
        ConfigKey(_camel_case(field.name), field.name, hints[field.name].__metadata__[0], field.default)
        for field in dataclasses.fields(Settings)
        if field.name != "secrets"
    )


def _camel_case(field_name: str) -> str:
    first, *rest = field_name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _refuse_unknown(namespace: str, known: set[str]) -> None:
    # The SDK has no function that lists a namespace's keys; this is the map that it reads them from.
    for full in pulumi.runtime.config.CONFIG.get() or pulumi.runtime.config.get_config_env():
        prefix, _, key = full.rpartition(":")
        if prefix == namespace and key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else "Pulumi.yaml lists the settings."
            raise SettingsError(f"{full} is not a setting of this program; {hint}")
