package clients;

import com.amazonaws.services.dynamodbv2.streamsadapter.AmazonDynamoDBStreamsAdapterClient;
import com.amazonaws.services.dynamodbv2.streamsadapter.StreamsSchedulerFactory;
import com.amazonaws.services.dynamodbv2.streamsadapter.model.DynamoDBStreamsProcessRecordsInput;
import com.amazonaws.services.dynamodbv2.streamsadapter.polling.DynamoDBStreamsPollingConfig;
import com.amazonaws.services.dynamodbv2.streamsadapter.processor.DynamoDBStreamsShardRecordProcessor;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;

/** The DynamoDB Streams Kinesis Adapter, by which the KCL reads a table's stream. */
public final class StreamsAdapter {
    private static final int CHANGES = 100;
    private static final Set<String> SEEN = ConcurrentHashMap.newKeySet();

    private StreamsAdapter() {}

    public static void main(String[] arguments) throws Exception {
        String table = "adapter-" + UUID.randomUUID();
        DynamoDbAsyncClient dynamo = Clients.of(DynamoDbAsyncClient.builder());
        CloudWatchAsyncClient cloudWatch = Clients.of(CloudWatchAsyncClient.builder());
        DynamoDbStreamsClient streams = Clients.of(DynamoDbStreamsClient.builder());
        dynamo.createTable(r -> r.tableName(table)
                        .billingMode("PAY_PER_REQUEST")
                        .keySchema(k -> k.attributeName("id").keyType("HASH"))
                        .attributeDefinitions(a -> a.attributeName("id").attributeType("S"))
                        .streamSpecification(s -> s.streamEnabled(true).streamViewType("NEW_AND_OLD_IMAGES")))
                .get();
        put(dynamo, table, 0, CHANGES / 2);
        String arn = dynamo.describeTable(r -> r.tableName(table)).get().table().latestStreamArn();

        AmazonDynamoDBStreamsAdapterClient adapter = new AmazonDynamoDBStreamsAdapterClient(streams, Clients.REGION);
        InitialPositionInStreamExtended oldest =
                InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
        ConfigsBuilder configs = new ConfigsBuilder(
                StreamsSchedulerFactory.createSingleStreamTracker(arn, oldest),
                table + "-leases",
                adapter,
                dynamo,
                cloudWatch,
                "worker",
                Processor::new);
        Scheduler scheduler = StreamsSchedulerFactory.createScheduler(
                configs.checkpointConfig(),
                configs.coordinatorConfig(),
                configs.leaseManagementConfig(),
                configs.lifecycleConfig(),
                configs.metricsConfig(),
                configs.processorConfig(),
                configs.retrievalConfig().retrievalSpecificConfig(new DynamoDBStreamsPollingConfig(arn, adapter)),
                adapter);
        new Thread(scheduler, "scheduler").start();
        await(CHANGES / 2);
        put(dynamo, table, CHANGES / 2, CHANGES);
        await(CHANGES);
        System.out.println("Streams adapter: " + SEEN.size() + " changes");
        System.exit(0);
    }

    private static void put(DynamoDbAsyncClient dynamo, String table, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            AttributeValue id = AttributeValue.fromS("change-" + i);
            dynamo.putItem(r -> r.tableName(table).item(Map.of("id", id))).get();
        }
    }

    private static void await(int count) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (SEEN.size() < count) {
            Clients.expect(System.nanoTime() < deadline, "only " + SEEN.size() + " of " + count);
            Thread.sleep(100);
        }
    }

    private static final class Processor implements DynamoDBStreamsShardRecordProcessor {
        @Override
        public void initialize(InitializationInput input) {}

        @Override
        public void processRecords(DynamoDBStreamsProcessRecordsInput input) {
            input.records().forEach(r -> SEEN.add(r.getRecord().dynamodb().newImage().get("id").s()));
        }

        @Override
        public void leaseLost(LeaseLostInput input) {}

        @Override
        public void shardEnded(ShardEndedInput input) {}

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {}
    }
}
