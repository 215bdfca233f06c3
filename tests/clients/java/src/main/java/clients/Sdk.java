package clients;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.cloudwatch.CloudWatchClient;
import software.amazon.awssdk.services.cloudwatch.model.DashboardNotFoundErrorException;
import software.amazon.awssdk.services.cloudwatch.model.MetricDatum;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.StartingPosition;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** The SDK for Java v2: Kinesis in CBOR, CloudWatch in rpc-v2-cbor, DynamoDB in JSON. */
public final class Sdk {
    private Sdk() {}

    public static void main(String[] arguments) throws Exception {
        String name = "java-" + UUID.randomUUID();
        kinesis(name);
        dynamodb(name);
        cloudWatch(name);
        System.exit(0);
    }

    private static void kinesis(String name) throws Exception {
        KinesisClient kinesis = Clients.of(KinesisClient.builder());
        kinesis.createStream(r -> r.streamName(name).shardCount(1));
        SdkBytes bytes = SdkBytes.fromByteArray(new byte[] {0, (byte) 255});
        Instant before = Instant.now().minusSeconds(60);
        kinesis.putRecord(r -> r.streamName(name).partitionKey("a").data(bytes));
        String shard = kinesis.listShards(r -> r.streamName(name)).shards().get(0).shardId();
        String iterator = kinesis.getShardIterator(r ->
                        r.streamName(name).shardId(shard).shardIteratorType("AT_TIMESTAMP").timestamp(before))
                .shardIterator();
        List<Record> records = kinesis.getRecords(r -> r.shardIterator(iterator)).records();
        Clients.expect(records.size() == 1 && records.get(0).data().equals(bytes), "records: " + records);
        Clients.expect(records.get(0).approximateArrivalTimestamp().isAfter(before), "time: " + records);
        try {
            kinesis.describeStreamSummary(r -> r.streamName("nowhere"));
            Clients.expect(false, "a stream that is not there was described");
        } catch (ResourceNotFoundException expected) {
            Clients.expect(expected.awsErrorDetails().errorMessage().contains("nowhere"), "message: " + expected);
        }
        subscribe(name, shard, bytes);
        System.out.println("Java: kinesis ok");
    }

    private static void subscribe(String name, String shard, SdkBytes bytes) throws Exception {
        KinesisAsyncClient kinesis = Clients.of(KinesisAsyncClient.builder());
        String arn = kinesis.describeStreamSummary(r -> r.streamName(name)).get().streamDescriptionSummary().streamARN();
        String consumer = kinesis.registerStreamConsumer(r -> r.streamARN(arn).consumerName("c")).get().consumer().consumerARN();
        ConcurrentLinkedQueue<Record> sent = new ConcurrentLinkedQueue<>();
        SubscribeToShardResponseHandler handler = SubscribeToShardResponseHandler.builder()
                .subscriber(event -> sent.addAll(((SubscribeToShardEvent) event).records()))
                .build();
        CompletableFuture<Void> subscription = kinesis.subscribeToShard(
                r -> r.consumerARN(consumer)
                        .shardId(shard)
                        .startingPosition(StartingPosition.builder().type("TRIM_HORIZON").build()),
                handler);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (sent.isEmpty()) {
            Clients.expect(System.nanoTime() < deadline && !subscription.isDone(), "nothing was sent");
            Thread.sleep(50);
        }
        Clients.expect(sent.peek().data().equals(bytes), "sent: " + sent);
        subscription.cancel(true);
    }

    private static void dynamodb(String name) {
        DynamoDbClient dynamo = Clients.of(DynamoDbClient.builder());
        dynamo.createTable(r -> r.tableName(name)
                .billingMode("PAY_PER_REQUEST")
                .keySchema(k -> k.attributeName("id").keyType("HASH"))
                .attributeDefinitions(a -> a.attributeName("id").attributeType("S")));
        Map<String, AttributeValue> key = Map.of("id", AttributeValue.fromS("a"));
        dynamo.updateItem(r -> r.tableName(name)
                .key(key)
                .updateExpression("ADD n :one")
                .expressionAttributeValues(Map.of(":one", AttributeValue.fromN("1"))));
        Map<String, AttributeValue> item = dynamo.getItem(r -> r.tableName(name).key(key)).item();
        Clients.expect(item.get("n").n().equals("1"), "item: " + item);
        System.out.println("Java: dynamodb ok");
    }

    private static void cloudWatch(String name) {
        CloudWatchClient cloudWatch = Clients.of(CloudWatchClient.builder());
        cloudWatch.putMetricData(r -> r.namespace(name)
                .metricData(MetricDatum.builder().metricName("m").value(1.5).timestamp(Instant.now()).build()));
        int count = cloudWatch.listMetrics(r -> r.namespace(name)).metrics().size();
        Clients.expect(count == 1, "metrics: " + count);
        try {
            cloudWatch.getDashboard(r -> r.dashboardName("nowhere"));
            Clients.expect(false, "a dashboard that is not there was read");
        } catch (DashboardNotFoundErrorException expected) {
            System.out.println("Java: cloudwatch ok");
        }
    }
}
