"""Athena and Glue."""

from __future__ import annotations

from tests.integration.sandbox.provider.calls import Aws, provider, refused, role


@provider("aws:athena/workgroup:Workgroup", "athena/workgroup.go")
def workgroup(aws: Aws) -> None:
    athena, arn = aws.athena, aws.arn("athena", "workgroup/orders")
    athena.create_work_group(
        Name="orders",
        Description="first",
        Configuration={
            "EnforceWorkGroupConfiguration": True,
            "PublishCloudWatchMetricsEnabled": True,
            "BytesScannedCutoffPerQuery": 10_000_000_000,
            "EngineVersion": {"SelectedEngineVersion": "AUTO"},
            "ResultConfiguration": {
                "OutputLocation": "s3://results/a/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
            },
        },
        Tags=[{"Key": "Stage", "Value": "analytics"}],
    )
    group = athena.get_work_group(WorkGroup="orders")["WorkGroup"]
    assert (group["Name"], group["State"], group["Description"]) == ("orders", "ENABLED", "first")
    configuration = group["Configuration"]
    assert configuration["BytesScannedCutoffPerQuery"] == 10_000_000_000
    assert configuration["EngineVersion"]["SelectedEngineVersion"] == "AUTO"
    assert configuration["EngineVersion"]["EffectiveEngineVersion"].startswith("Athena engine version 3")
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "Stage", "Value": "analytics"}]
    athena.update_work_group(
        WorkGroup="orders",
        Description="second",
        ConfigurationUpdates={
            "EnforceWorkGroupConfiguration": False,
            "PublishCloudWatchMetricsEnabled": False,
            "RemoveBytesScannedCutoffPerQuery": True,
            "ResultConfigurationUpdates": {
                "OutputLocation": "s3://results/b/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:::key/1"},
            },
        },
    )
    group = athena.get_work_group(WorkGroup="orders")["WorkGroup"]
    assert group["Description"] == "second"
    del configuration["BytesScannedCutoffPerQuery"]
    assert group["Configuration"] == configuration | {
        "EnforceWorkGroupConfiguration": False,
        "PublishCloudWatchMetricsEnabled": False,
        "ResultConfiguration": {
            "OutputLocation": "s3://results/b/",
            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:::key/1"},
        },
    }
    athena.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    athena.untag_resource(ResourceARN=arn, TagKeys=["Stage"])
    assert athena.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    # An ARN without the account, which the provider builds without permission for sts, matches no resource.
    nobody = "arn:aws:athena:eu-west-1::workgroup/orders"
    refused("InvalidRequestException", athena.list_tags_for_resource, "Does Not Exist", ResourceARN=nobody)
    refused("InvalidRequestException", athena.tag_resource, "Does Not Exist", ResourceARN=nobody, Tags=[])
    athena.delete_work_group(WorkGroup="orders", RecursiveDeleteOption=True)
    refused("InvalidRequestException", athena.get_work_group, "is not found", WorkGroup="orders")


@provider("aws:athena/namedQuery:NamedQuery", "athena/named_query.go")
def named_query(aws: Aws) -> None:
    athena = aws.athena
    athena.create_work_group(Name="named", Configuration={})
    query = {"Name": "q", "Database": "d", "Description": "what", "QueryString": "SELECT 1", "WorkGroup": "named"}
    id_ = athena.create_named_query(**query)["NamedQueryId"]
    assert athena.get_named_query(NamedQueryId=id_)["NamedQuery"] == {**query, "NamedQueryId": id_}
    athena.delete_named_query(NamedQueryId=id_)
    refused("InvalidRequestException", athena.get_named_query, "does not exist", NamedQueryId=id_)
    athena.delete_work_group(WorkGroup="named", RecursiveDeleteOption=True)


@provider("aws:glue/catalogDatabase:CatalogDatabase", "glue/catalog_database.go")
def database(aws: Aws) -> None:
    glue, arn = aws.glue, aws.arn("glue", "database/lake")
    glue.create_database(
        CatalogId="123456789012", DatabaseInput={"Name": "lake", "Description": "first"}, Tags={"Stage": "catalogue"}
    )
    found = glue.get_database(CatalogId="123456789012", Name="lake")["Database"]
    assert (found["Name"], found["Description"], found["CatalogId"]) == ("lake", "first", "123456789012")
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"Stage": "catalogue"}
    glue.update_database(CatalogId="123456789012", Name="lake", DatabaseInput={"Name": "lake", "Description": "second"})
    assert glue.get_database(Name="lake")["Database"]["Description"] == "second"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"a": "b"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["Stage"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    refused("InvalidInputException", glue.get_tags, ResourceArn="arn:aws:glue:eu-west-1::database/lake")
    glue.delete_database(CatalogId="123456789012", Name="lake")
    refused("EntityNotFoundException", glue.get_tags, ResourceArn=arn)
    refused("EntityNotFoundException", glue.get_database, Name="lake")


@provider("aws:glue/catalogTable:CatalogTable", "glue/catalog_table.go")
def table(aws: Aws) -> None:
    glue = aws.glue
    glue.create_database(DatabaseInput={"Name": "tables"})
    storage = {
        "Columns": [{"Name": "a", "Type": "string", "Comment": "what"}],
        "Location": "s3://lake/changes/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe", "Parameters": {"x": "y"}},
    }
    given = {
        "Name": "changes",
        "Description": "first",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "hour", "Type": "string"}],
        "Parameters": {"projection.enabled": "true"},
        "StorageDescriptor": storage,
    }
    names = {"CatalogId": "123456789012", "DatabaseName": "tables"}
    glue.create_table(**names, TableInput=given)
    found = glue.get_table(**names, Name="changes")["Table"]
    assert {name: found[name] for name in given if name != "StorageDescriptor"} == {
        name: value for name, value in given.items() if name != "StorageDescriptor"
    }
    assert {name: found["StorageDescriptor"][name] for name in storage} == storage
    assert found["CatalogId"] == "123456789012"
    assert glue.get_partition_indexes(**names, TableName="changes")["PartitionIndexDescriptorList"] == []
    glue.update_table(**names, TableInput=given | {"Description": "second"}, SkipArchive=True)
    assert glue.get_table(**names, Name="changes")["Table"]["Description"] == "second"
    view = {"Name": "orders", "TableType": "VIRTUAL_VIEW", "ViewOriginalText": "/* x */", "ViewExpandedText": "/* y */"}
    glue.create_table(**names, TableInput=view)
    assert view.items() <= glue.get_table(**names, Name="orders")["Table"].items()
    for name in ("changes", "orders"):
        glue.delete_table(**names, Name=name)
        refused("EntityNotFoundException", glue.get_table, **names, Name=name)
    glue.delete_database(Name="tables")


@provider("aws:glue/crawler:Crawler", "glue/crawler.go")
def crawler(aws: Aws) -> None:
    glue, arn = aws.glue, aws.arn("glue", "crawler/columns")
    glue.create_database(DatabaseInput={"Name": "crawled"})
    given = {
        "Name": "columns",
        "Role": role(aws, "crawler"),
        "DatabaseName": "crawled",
        "Description": "first",
        "Targets": {"S3Targets": [{"Path": "s3://lake/", "SampleSize": 3}]},
        "TablePrefix": "observed_",
        "Configuration": '{"Version": 1.0}',
        "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
        "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
        "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
        "Schedule": "cron(15 2 * * ? *)",
        "CrawlerSecurityConfiguration": "keys",
    }
    glue.create_crawler(**given, Tags={"Stage": "catalogue"})
    found = glue.get_crawler(Name="columns")["Crawler"]
    assert found["State"] == "READY"
    assert found["Schedule"]["ScheduleExpression"] == "cron(15 2 * * ? *)"
    plain = set(given) - {"Schedule", "Role", "Targets"}
    assert {name: found[name] for name in plain} == {name: given[name] for name in plain}
    assert found["Targets"]["S3Targets"][0]["Path"] == "s3://lake/"
    assert found["Targets"]["S3Targets"][0]["SampleSize"] == 3
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"Stage": "catalogue"}
    glue.update_crawler(**given | {"Description": "second", "Schedule": ""})
    found = glue.get_crawler(Name="columns")["Crawler"]
    assert found["Description"] == "second"
    assert not found.get("Schedule", {}).get("ScheduleExpression")
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"a": "b"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["Stage"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "b"}
    glue.delete_crawler(Name="columns")
    refused("EntityNotFoundException", glue.get_crawler, Name="columns")
    glue.delete_database(Name="crawled")
