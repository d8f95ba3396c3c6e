"""Every operation of AWS that our code calls, with the members that it sends and reads.

``test_operations.py`` holds this against the installed botocore, so that a newer one cannot take something away
unseen, and against the sources of the adapters, so that they call and name nothing that is not here.

A dotted path goes into structures; lists and maps are not written: ``RequestItems.Keys.S`` is the text of a key in a
list of keys by table.
"""

from __future__ import annotations

from typing import NamedTuple


class Used(NamedTuple):
    """What is ``sent`` to an operation and ``read`` from its answer.

    ``called`` false: no adapter calls it yet, or the platform team does; it may not occur in the sources.
    """

    sent: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    called: bool = True


_WRITE = ("TableName", "ConditionExpression", "ExpressionAttributeNames")
_QUERY = (
    "TableName",
    "IndexName",
    "KeyConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues.S",
    "ConsistentRead",
    "ScanIndexForward",
    "ExclusiveStartKey.S",
)
_INDEX = ("IndexName", "KeySchema.AttributeName", "KeySchema.KeyType", "Projection.ProjectionType")
_GRANT = (
    "Principal.DataLakePrincipalIdentifier",
    "Resource.Table.CatalogId",
    "Resource.Table.DatabaseName",
    "Resource.Table.Name",
    "Resource.TableWithColumns.CatalogId",
    "Resource.TableWithColumns.DatabaseName",
    "Resource.TableWithColumns.Name",
    "Resource.TableWithColumns.ColumnNames",
    "Resource.DataCellsFilter.TableCatalogId",
    "Resource.DataCellsFilter.DatabaseName",
    "Resource.DataCellsFilter.TableName",
    "Resource.DataCellsFilter.Name",
    "Permissions",
)
_FILTER = ("TableCatalogId", "DatabaseName", "TableName", "Name")

DYNAMODB = {
    "GetItem": Used(("TableName", "Key.S", "Key.N", "ConsistentRead"), ("Item.S", "Item.N")),
    "BatchGetItem": Used(
        ("RequestItems.Keys.S", "RequestItems.ConsistentRead"), ("Responses.S", "Responses.N", "UnprocessedKeys.Keys")
    ),
    "Query": Used(_QUERY, ("Items.S", "Items.N", "LastEvaluatedKey")),
    "Scan": Used(
        ("TableName", "ConsistentRead", "FilterExpression", "ExpressionAttributeNames", "ExclusiveStartKey"),
        ("Items.S", "LastEvaluatedKey"),
    ),
    "BatchWriteItem": Used(("RequestItems.PutRequest.Item.S",), ("UnprocessedItems.PutRequest",)),
    "UpdateItem": Used((*_WRITE, "Key.S", "UpdateExpression", "ExpressionAttributeValues.N")),
    "TransactWriteItems": Used(
        (
            "ClientRequestToken",
            "TransactItems.Put.Item.S",
            *(f"TransactItems.Put.{each}" for each in _WRITE),
            *(f"TransactItems.ConditionCheck.{each}" for each in (*_WRITE, "Key")),
            *(f"TransactItems.Update.{each}" for each in (*_WRITE, "Key", "UpdateExpression")),
            "TransactItems.Put.ExpressionAttributeValues.N",
        )
    ),
    "CreateTable": Used(
        (
            "TableName",
            "BillingMode",
            "AttributeDefinitions.AttributeName",
            "AttributeDefinitions.AttributeType",
            "KeySchema.AttributeName",
            "KeySchema.KeyType",
            *(f"LocalSecondaryIndexes.{each}" for each in _INDEX),
            *(f"GlobalSecondaryIndexes.{each}" for each in _INDEX),
            "DeletionProtectionEnabled",
        ),
        called=False,
    ),
}

SAGEMAKER = {
    "DescribeApp": Used(
        ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName"),
        ("Status", "RecoveryMode", "ResourceSpec.TrainingPlanArn"),
    ),
    "DeleteApp": Used(("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")),
}

LAKE_FORMATION = {
    "GrantPermissions": Used((*_GRANT, "PermissionsWithGrantOption"), called=False),
    "RevokePermissions": Used((*_GRANT, "PermissionsWithGrantOption"), called=False),
    "BatchGrantPermissions": Used(
        ("Entries.Id", *(f"Entries.{each}" for each in _GRANT)),
        ("Failures.RequestEntry.Id", "Failures.Error.ErrorCode", "Failures.Error.ErrorMessage"),
        called=False,
    ),
    "BatchRevokePermissions": Used(
        ("Entries.Id", *(f"Entries.{each}" for each in _GRANT)),
        ("Failures.RequestEntry.Id", "Failures.Error.ErrorCode", "Failures.Error.ErrorMessage"),
        called=False,
    ),
    "ListPermissions": Used(
        ("Resource.Table.Name", "Resource.DataCellsFilter.Name", "ResourceType", "MaxResults", "NextToken"),
        (*(f"PrincipalResourcePermissions.{each}" for each in _GRANT), "NextToken"),
        called=False,
    ),
    "CreateDataCellsFilter": Used(
        (
            *(f"TableData.{each}" for each in _FILTER),
            "TableData.ColumnNames",
            "TableData.ColumnWildcard.ExcludedColumnNames",
            "TableData.RowFilter.FilterExpression",
            "TableData.RowFilter.AllRowsWildcard",
        ),
        called=False,
    ),
    "GetDataCellsFilter": Used(_FILTER, ("DataCellsFilter.RowFilter.FilterExpression",), called=False),
    "DeleteDataCellsFilter": Used(_FILTER, called=False),
    "ListDataCellsFilter": Used(
        ("Table.DatabaseName", "Table.Name", "MaxResults", "NextToken"),
        ("DataCellsFilters.Name", "DataCellsFilters.ColumnNames", "NextToken"),
        called=False,
    ),
    "GetDataLakeSettings": Used(
        ("CatalogId",),
        (
            "DataLakeSettings.DataLakeAdmins.DataLakePrincipalIdentifier",
            "DataLakeSettings.CreateTableDefaultPermissions.Permissions",
        ),
        called=False,
    ),
}

GLUE = {
    "GetDatabases": Used(("NextToken", "MaxResults"), ("DatabaseList.Name", "NextToken"), called=False),
    "GetTables": Used(
        ("DatabaseName", "NextToken", "MaxResults"),
        (
            "TableList.Name",
            "TableList.UpdateTime",
            "TableList.CreateTime",
            "TableList.VersionId",
            "TableList.StorageDescriptor.Columns.Name",
            "TableList.StorageDescriptor.Columns.Type",
            "TableList.StorageDescriptor.Location",
            "TableList.PartitionKeys.Name",
            "TableList.IsRegisteredWithLakeFormation",
            "NextToken",
        ),
        called=False,
    ),
    "GetTable": Used(("DatabaseName", "Name"), ("Table.UpdateTime", "Table.CreateTime"), called=False),
    "GetPartitions": Used(
        ("DatabaseName", "TableName", "NextToken", "ExcludeColumnSchema"),
        ("Partitions.Values", "Partitions.StorageDescriptor.Location", "NextToken"),
        called=False,
    ),
}

STS = {
    "AssumeRole": Used(
        ("RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "Tags.Key", "Tags.Value", "ExternalId"),
        (
            "Credentials.AccessKeyId",
            "Credentials.SecretAccessKey",
            "Credentials.SessionToken",
            "Credentials.Expiration",
            "AssumedRoleUser.Arn",
            "PackedPolicySize",
        ),
        called=False,
    ),
    "GetCallerIdentity": Used((), ("Account", "Arn"), called=False),
}

_DOMAIN = ("domainIdentifier",)
DATAZONE = {
    "CreateSubscriptionRequest": Used(
        (
            *_DOMAIN,
            "subscribedPrincipals.project.identifier",
            "subscribedListings.identifier",
            "requestReason",
            "clientToken",
        ),
        ("id", "status"),
        called=False,
    ),
    "GetSubscriptionRequestDetails": Used((*_DOMAIN, "identifier"), ("id", "status", "decisionComment"), called=False),
    "ListSubscriptionRequests": Used(
        (*_DOMAIN, "status", "subscribedListingId", "nextToken"),
        ("items.id", "items.status", "items.subscribedListings.id", "nextToken"),
        called=False,
    ),
    "AcceptSubscriptionRequest": Used((*_DOMAIN, "identifier", "decisionComment"), ("status",), called=False),
    "RejectSubscriptionRequest": Used((*_DOMAIN, "identifier", "decisionComment"), ("status",), called=False),
    "GetSubscription": Used((*_DOMAIN, "identifier"), ("id", "status", "retainPermissions"), called=False),
    "ListSubscriptions": Used(
        (*_DOMAIN, "status", "subscribedListingId", "nextToken"),
        ("items.id", "items.status", "items.subscriptionRequestId", "nextToken"),
        called=False,
    ),
    "RevokeSubscription": Used((*_DOMAIN, "identifier", "retainPermissions"), ("status",), called=False),
    "ListSubscriptionGrants": Used(
        (*_DOMAIN, "subscriptionId", "nextToken"),
        ("items.status", "items.subscriptionId", "items.assets.status", "nextToken"),
        called=False,
    ),
}

_ACCESS_GRANT = ("AccessGrantId", "GrantScope", "Permission", "Grantee.GranteeIdentifier", "Grantee.GranteeType")
S3_CONTROL = {
    "CreateAccessGrant": Used(
        (
            "AccountId",
            "AccessGrantsLocationId",
            "AccessGrantsLocationConfiguration.S3SubPrefix",
            "Grantee.GranteeType",
            "Grantee.GranteeIdentifier",
            "Permission",
            "S3PrefixType",
        ),
        _ACCESS_GRANT,
        called=False,
    ),
    "GetAccessGrant": Used(("AccountId", "AccessGrantId"), _ACCESS_GRANT, called=False),
    "DeleteAccessGrant": Used(("AccountId", "AccessGrantId"), called=False),
    "ListAccessGrants": Used(
        ("AccountId", "GranteeIdentifier", "GrantScope", "NextToken"),
        (*(f"AccessGrantsList.{each}" for each in _ACCESS_GRANT), "NextToken"),
        called=False,
    ),
    "GetDataAccess": Used(
        ("AccountId", "Target", "Permission", "DurationSeconds", "Privilege"),
        ("Credentials.AccessKeyId", "Credentials.Expiration", "MatchedGrantTarget"),
        called=False,
    ),
}

OPERATIONS: dict[str, dict[str, Used]] = {
    "dynamodb": DYNAMODB,
    "sagemaker": SAGEMAKER,
    "lakeformation": LAKE_FORMATION,
    "glue": GLUE,
    "sts": STS,
    "datazone": DATAZONE,
    "s3control": S3_CONTROL,
}

WORDS_OF_BOTOCORE = frozenset({"Error", "Code", "Message", "ResponseMetadata", "HTTPStatusCode", "CancellationReasons"})
"""Names in the answer of a call that failed; no operation's own."""
