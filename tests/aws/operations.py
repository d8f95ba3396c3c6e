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
        ("CatalogId", "DatabaseName", "NextToken", "MaxResults"),
        (
            "TableList.Name",
            "TableList.Description",
            "TableList.TableType",
            "TableList.TargetTable",
            "TableList.Parameters",
            "TableList.UpdateTime",
            "TableList.CreateTime",
            "TableList.VersionId",
            "TableList.StorageDescriptor.Columns.Name",
            "TableList.StorageDescriptor.Columns.Type",
            "TableList.StorageDescriptor.Columns.Comment",
            "TableList.StorageDescriptor.Columns.Parameters",
            "TableList.PartitionKeys.Name",
            "NextToken",
        ),
    ),
    "GetTable": Used(("CatalogId", "DatabaseName", "Name"), ("Table.Name", "Table.IsRegisteredWithLakeFormation")),
    "GetPartitions": Used(
        ("DatabaseName", "TableName", "NextToken", "ExcludeColumnSchema"),
        ("Partitions.Values", "Partitions.StorageDescriptor.Location", "NextToken"),
        called=False,
    ),
}

ATHENA = {
    "StartQueryExecution": Used(
        (
            "QueryString",
            "ClientRequestToken",
            "QueryExecutionContext.Catalog",
            "QueryExecutionContext.Database",
            "ResultConfiguration.OutputLocation",
            "WorkGroup",
        ),
        ("QueryExecutionId",),
    ),
    "GetQueryExecution": Used(
        ("QueryExecutionId",),
        (
            "QueryExecution.Status.State",
            "QueryExecution.Status.StateChangeReason",
            "QueryExecution.Status.AthenaError.ErrorMessage",
            "QueryExecution.Status.AthenaError.Retryable",
            "QueryExecution.ResultConfiguration.OutputLocation",
        ),
    ),
    "StopQueryExecution": Used(("QueryExecutionId",)),
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
_PAGED = (*_DOMAIN, "maxResults", "nextToken")
_REQUEST = ("id", "status", "requestReason", "createdBy", "reviewerId", "subscribedPrincipals.project.id")
_SUBSCRIPTION = (
    "id",
    "status",
    "createdAt",
    "updatedBy",
    "retainPermissions",
    "subscriptionRequestId",
    "subscribedPrincipal.project.id",
    "subscribedListing.id",
    "subscribedListing.item.assetListing.entityId",
    "subscribedListing.item.assetListing.forms",
    "subscribedListing.item.assetListing.assetScope.filterIds",
)
_ASSET_FILTER = (
    "columnConfiguration.includedColumnNames",
    "rowConfiguration.rowFilter.expression.equalTo.columnName",
    "rowConfiguration.rowFilter.expression.equalTo.value",
    "rowConfiguration.rowFilter.expression.in.values",
    *(
        f"rowConfiguration.rowFilter.expression.{each}"
        for each in ("notEqualTo", "lessThan", "greaterThan", "lessThanOrEqualTo", "greaterThanOrEqualTo")
    ),
    *(f"rowConfiguration.rowFilter.expression.{each}" for each in ("isNull", "isNotNull", "notIn", "like", "notLike")),
    "rowConfiguration.rowFilter.and",
    "rowConfiguration.rowFilter.or",
    "rowConfiguration.sensitive",
)
DATAZONE = {
    "SearchListings": Used(
        (*_PAGED, "additionalAttributes"),
        (
            "items.assetListing.listingId",
            "items.assetListing.entityId",
            "items.assetListing.additionalAttributes.forms",
            "nextToken",
        ),
    ),
    "GetListing": Used((*_DOMAIN, "identifier"), ("item.assetListing.forms",)),
    "CreateSubscriptionRequest": Used(
        (
            *_DOMAIN,
            "subscribedPrincipals.project.identifier",
            "subscribedListings.identifier",
            "requestReason",
            "clientToken",
        ),
        ("id", "status"),
    ),
    "GetSubscriptionRequestDetails": Used((*_DOMAIN, "identifier"), _REQUEST),
    "ListSubscriptionRequests": Used(
        (*_PAGED, "status", "subscribedListingId", "owningProjectId"),
        (*(f"items.{each}" for each in _REQUEST), "items.subscribedListings.id", "nextToken"),
    ),
    "AcceptSubscriptionRequest": Used(
        (*_DOMAIN, "identifier", "decisionComment", "assetScopes.assetId", "assetScopes.filterIds")
    ),
    "RejectSubscriptionRequest": Used((*_DOMAIN, "identifier", "decisionComment"), ("status",), called=False),
    "DeleteSubscriptionRequest": Used((*_DOMAIN, "identifier")),
    "GetSubscription": Used((*_DOMAIN, "identifier"), _SUBSCRIPTION),
    "ListSubscriptions": Used(
        (*_PAGED, "status", "subscribedListingId", "owningProjectId", "subscriptionRequestIdentifier"),
        (*(f"items.{each}" for each in _SUBSCRIPTION), "nextToken"),
    ),
    "RevokeSubscription": Used((*_DOMAIN, "identifier", "retainPermissions")),
    "CancelSubscription": Used((*_DOMAIN, "identifier")),
    "ListSubscriptionGrants": Used(
        (*_PAGED, "subscriptionId"),
        (
            "items.id",
            "items.status",
            "items.subscriptionId",
            "items.assets.status",
            "items.assets.assetScope.filterIds",
            "nextToken",
        ),
    ),
    "DeleteSubscriptionGrant": Used((*_DOMAIN, "identifier")),
    "CreateAssetFilter": Used(
        (*_DOMAIN, "assetIdentifier", "name", *(f"configuration.{each}" for each in _ASSET_FILTER)), ("id",)
    ),
    "GetAssetFilter": Used(
        (*_DOMAIN, "assetIdentifier", "identifier"), ("status", *(f"configuration.{each}" for each in _ASSET_FILTER))
    ),
    "ListAssetFilters": Used((*_PAGED, "assetIdentifier"), ("items.id", "items.name", "nextToken")),
    "UpdateAssetFilter": Used(
        (*_DOMAIN, "assetIdentifier", "identifier", *(f"configuration.{each}" for each in _ASSET_FILTER))
    ),
    "GetUserProfile": Used((*_DOMAIN, "userIdentifier"), ("details.sso.username", "details.iam.arn")),
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
        ),
        ("AccessGrantId", "GrantScope"),
    ),
    "GetAccessGrant": Used(("AccountId", "AccessGrantId"), _ACCESS_GRANT),
    "DeleteAccessGrant": Used(("AccountId", "AccessGrantId")),
    "ListAccessGrants": Used(
        ("AccountId", "GranteeType", "GranteeIdentifier", "NextToken"),
        (*(f"AccessGrantsList.{each}" for each in _ACCESS_GRANT), "NextToken"),
    ),
    "ListAccessGrantsLocations": Used(
        ("AccountId", "NextToken"),
        (
            "AccessGrantsLocationsList.AccessGrantsLocationId",
            "AccessGrantsLocationsList.LocationScope",
            "NextToken",
        ),
    ),
    "GetDataAccess": Used(
        ("AccountId", "Target", "Permission", "DurationSeconds", "Privilege"),
        (
            "Credentials.AccessKeyId",
            "Credentials.SecretAccessKey",
            "Credentials.SessionToken",
            "Credentials.Expiration",
            "MatchedGrantTarget",
        ),
    ),
}

# What the Lake Formation fulfiller and the vendor of sessions call.
_CELLS = ("TableData.ColumnNames", "TableData.RowFilter.FilterExpression", "TableData.RowFilter.AllRowsWildcard")
_OF_CELLS = (
    "Principal.DataLakePrincipalIdentifier",
    *(f"Resource.DataCellsFilter.{each}" for each in _FILTER),
    "Permissions",
)
LAKE_FORMATION |= {
    "GrantPermissions": Used(("CatalogId", *_OF_CELLS)),
    "RevokePermissions": Used(("CatalogId", *_OF_CELLS, "PermissionsWithGrantOption")),
    "ListPermissions": Used(
        (
            "CatalogId",
            "Resource.Table.CatalogId",
            "Resource.Table.DatabaseName",
            "Resource.Table.Name",
            "Resource.Table.TableWildcard",
            *(f"Resource.DataCellsFilter.{each}" for each in _FILTER),
            "IncludeRelated",
            "NextToken",
        ),
        (
            "PrincipalResourcePermissions.Principal.DataLakePrincipalIdentifier",
            "PrincipalResourcePermissions.Permissions",
            "PrincipalResourcePermissions.PermissionsWithGrantOption",
            "PrincipalResourcePermissions.Resource.DataCellsFilter.Name",
            "PrincipalResourcePermissions.Resource.TableWithColumns.Name",
            "PrincipalResourcePermissions.Resource.Table.TableWildcard",
            "NextToken",
        ),
    ),
    "CreateDataCellsFilter": Used((*(f"TableData.{each}" for each in _FILTER), *_CELLS)),
    "UpdateDataCellsFilter": Used((*(f"TableData.{each}" for each in _FILTER), *_CELLS)),
    "GetDataCellsFilter": Used(_FILTER, ("DataCellsFilter.ColumnNames", "DataCellsFilter.RowFilter.FilterExpression")),
    "DeleteDataCellsFilter": Used(_FILTER),
    "GetDataLakeSettings": Used(("CatalogId",), ("DataLakeSettings.DataLakeAdmins.DataLakePrincipalIdentifier",)),
}
STS |= {
    "GetCallerIdentity": Used((), ("Arn",)),
    "AssumeRole": Used(
        ("RoleArn", "RoleSessionName", "DurationSeconds", "Policy", "Tags.Key", "Tags.Value", "SourceIdentity"),
        (
            "Credentials.AccessKeyId",
            "Credentials.SecretAccessKey",
            "Credentials.SessionToken",
            "Credentials.Expiration",
        ),
    ),
}

OPERATIONS: dict[str, dict[str, Used]] = {
    "dynamodb": DYNAMODB,
    "sagemaker": SAGEMAKER,
    "lakeformation": LAKE_FORMATION,
    "glue": GLUE,
    "athena": ATHENA,
    "sts": STS,
    "datazone": DATAZONE,
    "s3control": S3_CONTROL,
}

WORDS_OF_BOTOCORE = frozenset({"Error", "Code", "Message", "ResponseMetadata", "HTTPStatusCode", "CancellationReasons"})
"""Names in the answer of a call that failed; no operation's own."""

WORDS_OF_BOTOCORE |= frozenset({"Version", "Statement", "Effect", "Action", "Condition"})
WORDS_OF_BOTOCORE |= frozenset({"DateLessThan", "StringEquals", "StringLike"})
"""And names in the documents of policies (``session_policy.py``)."""

SECRETS_MANAGER = {
    "GetSecretValue": Used(("SecretId",), ("SecretString",)),
    "CreateSecret": Used(("Name", "SecretString", "Description")),
    "PutSecretValue": Used(("SecretId", "SecretString")),
    "RestoreSecret": Used(("SecretId",)),
    "DeleteSecret": Used(("SecretId", "ForceDeleteWithoutRecovery")),
}
OPERATIONS["secretsmanager"] = SECRETS_MANAGER
