// The SDK for Go v2 in its ordinary configuration, but for where it is.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func expect(holds bool, what string, more ...any) {
	if !holds {
		log.Fatalf(what, more...)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config := aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials:  credentials.NewStaticCredentialsProvider("sandbox", "sandbox", ""),
	}
	name := aws.String(fmt.Sprintf("go-%d", os.Getpid()))
	streams(ctx, kinesis.NewFromConfig(config), name)
	tables(ctx, dynamodb.NewFromConfig(config), name)
	metrics(ctx, cloudwatch.NewFromConfig(config), name)
}

func streams(ctx context.Context, client *kinesis.Client, name *string) {
	must(client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(1)}))
	data := []byte{0, 255}
	put := must(client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, PartitionKey: aws.String("a"), Data: data}))
	iterator := must(client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: name, ShardId: put.ShardId, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	}))
	read := must(client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator}))
	expect(len(read.Records) == 1 && bytes.Equal(read.Records[0].Data, data), "records: %v", read.Records)

	summary := must(client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name}))
	arn := summary.StreamDescriptionSummary.StreamARN
	made := must(client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: aws.String("c")}))
	subscribed := must(client.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN:      made.Consumer.ConsumerARN,
		ShardId:          put.ShardId,
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
	}))
	event := (<-subscribed.GetStream().Events()).(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
	expect(len(event.Value.Records) == 1 && bytes.Equal(event.Value.Records[0].Data, data), "sent: %v", event.Value.Records)
	subscribed.GetStream().Close()

	_, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("nowhere")})
	var missing *types.ResourceNotFoundException
	expect(errors.As(err, &missing), "error: %v", err)
	fmt.Println("Go: kinesis ok")
}

func tables(ctx context.Context, client *dynamodb.Client, name *string) {
	id := aws.String("id")
	must(client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            name,
		BillingMode:          dbtypes.BillingModePayPerRequest,
		KeySchema:            []dbtypes.KeySchemaElement{{AttributeName: id, KeyType: dbtypes.KeyTypeHash}},
		AttributeDefinitions: []dbtypes.AttributeDefinition{{AttributeName: id, AttributeType: dbtypes.ScalarAttributeTypeS}},
	}))
	item := map[string]dbtypes.AttributeValue{"id": &dbtypes.AttributeValueMemberS{Value: "a"}}
	must(client.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: item}))
	got := must(client.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: item}))
	expect(got.Item["id"].(*dbtypes.AttributeValueMemberS).Value == "a", "item: %v", got.Item)
	fmt.Println("Go: dynamodb ok")
}

func metrics(ctx context.Context, client *cloudwatch.Client, name *string) {
	metric := cwtypes.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1.5), Timestamp: aws.Time(time.Now())}
	must(client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: name, MetricData: []cwtypes.MetricDatum{metric}}))
	listed := must(client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: name}))
	expect(len(listed.Metrics) == 1, "metrics: %v", listed.Metrics)
	_, err := client.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: aws.String("nowhere")})
	var missing *cwtypes.DashboardNotFoundError
	expect(errors.As(err, &missing), "error: %v", err)
	fmt.Println("Go: cloudwatch ok")
}
