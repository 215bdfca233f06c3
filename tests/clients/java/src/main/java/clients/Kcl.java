package clients;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;

/** The KCL in its default mode (enhanced fan-out): every record once a shard, over a split, with checkpoints. */
public final class Kcl {
    private static final int RECORDS = 400;
    private static final Set<String> SEEN = ConcurrentHashMap.newKeySet();
    private static final AtomicInteger ENDED = new AtomicInteger();

    public static void main(String[] arguments) throws Exception {
        String stream = "kcl-" + UUID.randomUUID();
        KinesisAsyncClient kinesis = Clients.of(KinesisClientUtil.adjustKinesisClientBuilder(KinesisAsyncClient.builder()));
        DynamoDbAsyncClient dynamo = Clients.of(DynamoDbAsyncClient.builder());
        CloudWatchAsyncClient cloudWatch = Clients.of(CloudWatchAsyncClient.builder());
        kinesis.createStream(r -> r.streamName(stream).shardCount(2)).get();
        put(kinesis, stream, 0, RECORDS / 2);

        InitialPositionInStreamExtended oldest =
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
        ConfigsBuilder configs = new ConfigsBuilder(
                new SingleStreamTracker(stream, oldest), stream, kinesis, dynamo, cloudWatch, "worker", Processor::new);
        Scheduler scheduler = new Scheduler(
                configs.checkpointConfig(),
                configs.coordinatorConfig().parentShardPollIntervalMillis(1000).shardConsumerDispatchPollIntervalMillis(200),
                configs.leaseManagementConfig().shardSyncIntervalMillis(2000).leasesRecoveryAuditorExecutionFrequencyMillis(3000),
                configs.lifecycleConfig(),
                configs.metricsConfig(),
                configs.processorConfig(),
                configs.retrievalConfig());
        Thread worker = new Thread(scheduler, "scheduler");
        worker.start();
        await(RECORDS / 2);
        kinesis.splitShard(r -> r.streamName(stream)
                        .shardToSplit("shardId-000000000000")
                        .newStartingHashKey("85070591730234615865843651857942052864"))
                .get();
        put(kinesis, stream, RECORDS / 2, RECORDS);
        await(RECORDS);
        for (int i = 0; i < 300 && ENDED.get() == 0; i++) {
            Thread.sleep(200);
        }
        Clients.expect(ENDED.get() == 1, "the split shard did not end");
        scheduler.startGracefulShutdown().get(60, TimeUnit.SECONDS);
        int leases = dynamo.scan(r -> r.tableName(stream)).get().count();
        Clients.expect(leases >= 3, "leases: " + leases);
        System.out.println("KCL: " + SEEN.size() + " records, " + leases + " leases, a shard ended");
        System.exit(0);
    }

    private static void put(KinesisAsyncClient kinesis, String stream, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            String key = "record-" + i;
            kinesis.putRecord(r -> r.streamName(stream).partitionKey(key).data(SdkBytes.fromUtf8String(key))).get();
        }
    }

    private static void await(int count) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (SEEN.size() < count) {
            Clients.expect(System.nanoTime() < deadline, "only " + new TreeSet<>(SEEN).size() + " of " + count);
            Thread.sleep(100);
        }
    }

    private static final class Processor implements ShardRecordProcessor {
        @Override
        public void initialize(InitializationInput input) {}

        @Override
        public void processRecords(ProcessRecordsInput input) {
            input.records().forEach(r -> SEEN.add(StandardCharsets.UTF_8.decode(r.data()).toString()));
        }

        @Override
        public void leaseLost(LeaseLostInput input) {}

        @Override
        public void shardEnded(ShardEndedInput input) {
            try {
                input.checkpointer().checkpoint();
                ENDED.incrementAndGet();
            } catch (ShutdownException | InvalidStateException error) {
                throw new IllegalStateException(error);
            }
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            try {
                input.checkpointer().checkpoint();
            } catch (ShutdownException | InvalidStateException error) {
                throw new IllegalStateException(error);
            }
        }
    }
}
