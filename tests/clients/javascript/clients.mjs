// The SDK for JavaScript v3 in its ordinary configuration, but for where it is: Kinesis over HTTP/2.
import assert from "node:assert/strict";
import { CloudWatchClient, GetDashboardCommand, ListMetricsCommand, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { CreateTableCommand, DeleteTableCommand, DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand as ChangesCommand, GetShardIteratorCommand as PlaceCommand } from "@aws-sdk/client-dynamodb-streams";
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from "@aws-sdk/client-kinesis";

const options = {
  endpoint: process.env.AWS_ENDPOINT_URL,
  region: "eu-west-1",
  credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
};
const name = `javascript-${process.pid}`;

async function kinesis() {
  const client = new KinesisClient(options);
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }));
  const Records = [..."abc"].map((key) => ({ PartitionKey: key, Data: Buffer.from([0, 255]) }));
  const put = await client.send(new PutRecordsCommand({ StreamName: name, Records }));
  assert.equal(put.FailedRecordCount, 0);
  const { Shards } = await client.send(new ListShardsCommand({ StreamName: name, ShardFilter: { Type: "AT_LATEST" } }));
  const shard = { StreamName: name, ShardId: Shards[0].ShardId, ShardIteratorType: "TRIM_HORIZON" };
  const { ShardIterator } = await client.send(new GetShardIteratorCommand(shard));
  const read = await client.send(new GetRecordsCommand({ ShardIterator }));
  assert.deepEqual(read.Records.map((record) => record.PartitionKey), ["a", "b", "c"]);
  assert.deepEqual([...read.Records[0].Data], [0, 255]);

  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }));
  const asked = { StreamARN: StreamDescriptionSummary.StreamARN, ConsumerName: "c" };
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand(asked));
  const subscribed = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer.ConsumerARN,
      ShardId: Shards[0].ShardId,
      StartingPosition: { Type: "TRIM_HORIZON" },
    }),
  );
  const sent = [];
  for await (const event of subscribed.EventStream) {
    sent.push(...event.SubscribeToShardEvent.Records.map((record) => record.PartitionKey));
    if (sent.length >= 3) break;
  }
  assert.deepEqual(sent, ["a", "b", "c"]);
  await assert.rejects(client.send(new DescribeStreamSummaryCommand({ StreamName: "nowhere" })), {
    name: "ResourceNotFoundException",
  });
  await client.send(new DeleteStreamCommand({ StreamName: name }));
  client.destroy();
}

async function dynamodb() {
  const client = new DynamoDBClient(options);
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
    }),
  );
  await client.send(new PutItemCommand({ TableName: name, Item: { id: { S: "a" }, n: { N: "1.50" } } }));
  const { Item } = await client.send(new GetItemCommand({ TableName: name, Key: { id: { S: "a" } } }));
  assert.equal(Item.n.N, "1.5");
  const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
  const streams = new DynamoDBStreamsClient(options);
  const StreamArn = Table.LatestStreamArn;
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const place = { StreamArn, ShardId: StreamDescription.Shards[0].ShardId, ShardIteratorType: "TRIM_HORIZON" };
  const { ShardIterator } = await streams.send(new PlaceCommand(place));
  const { Records } = await streams.send(new ChangesCommand({ ShardIterator }));
  assert.deepEqual(Records.map((record) => record.eventName), ["INSERT"]);
  await client.send(new DeleteTableCommand({ TableName: name }));
}

async function cloudwatch() {
  const client = new CloudWatchClient(options);
  await client.send(new PutMetricDataCommand({ Namespace: name, MetricData: [{ MetricName: "m", Value: 1.5, Timestamp: new Date() }] }));
  const { Metrics } = await client.send(new ListMetricsCommand({ Namespace: name }));
  assert.deepEqual(Metrics.map((metric) => metric.MetricName), ["m"]);
  await assert.rejects(client.send(new GetDashboardCommand({ DashboardName: "nowhere" })));
}

for (const part of [kinesis, dynamodb, cloudwatch]) {
  await part();
  console.log(`JavaScript: ${part.name} ok`);
}
process.exit(0);
