"""S3's actions on buckets and objects, which a bucket's policy may name.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html; a test compares them.
"""

from __future__ import annotations

import fnmatch

# fmt: off
ACTIONS = frozenset(
    {
        "AbortMultipartUpload", "AllowVendedLogDeliveryForResource", "BypassGovernanceRetention",
        "CreateBucket", "CreateBucketMetadataTableConfiguration", "DeleteBucket",
        "DeleteBucketMetadataTableConfiguration", "DeleteBucketPolicy", "DeleteBucketWebsite", "DeleteObject",
        "DeleteObjectAnnotation", "DeleteObjectTagging", "DeleteObjectVersion", "DeleteObjectVersionAnnotation",
        "DeleteObjectVersionTagging", "GetAccelerateConfiguration", "GetAnalyticsConfiguration",
        "GetBucketAbac", "GetBucketAcl", "GetBucketCORS", "GetBucketLocation", "GetBucketLogging",
        "GetBucketMetadataTableConfiguration", "GetBucketNotification", "GetBucketObjectLockConfiguration",
        "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPolicyStatus", "GetBucketPublicAccessBlock",
        "GetBucketRequestPayment", "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite",
        "GetEncryptionConfiguration", "GetIntelligentTieringConfiguration", "GetInventoryConfiguration",
        "GetLifecycleConfiguration", "GetMetricsConfiguration", "GetObject", "GetObjectAcl",
        "GetObjectAnnotation", "GetObjectAttributes", "GetObjectLegalHold", "GetObjectRetention",
        "GetObjectTagging", "GetObjectTorrent", "GetObjectVersion", "GetObjectVersionAcl",
        "GetObjectVersionAnnotation", "GetObjectVersionAnnotationForReplication", "GetObjectVersionAttributes",
        "GetObjectVersionForReplication", "GetObjectVersionTagging", "GetObjectVersionTorrent",
        "GetReplicationConfiguration", "InitiateReplication", "ListBucket", "ListBucketMultipartUploads",
        "ListBucketVersions", "ListMultipartUploadParts", "ListObjectAnnotations",
        "ListObjectVersionAnnotations", "ListTagsForResource", "ObjectOwnerOverrideToBucketOwner",
        "PauseReplication", "PutAccelerateConfiguration", "PutAnalyticsConfiguration", "PutBucketAbac",
        "PutBucketAcl", "PutBucketCORS", "PutBucketLogging", "PutBucketNotification",
        "PutBucketObjectLockConfiguration", "PutBucketOwnershipControls", "PutBucketPolicy",
        "PutBucketPublicAccessBlock", "PutBucketRequestPayment", "PutBucketTagging", "PutBucketVersioning",
        "PutBucketWebsite", "PutEncryptionConfiguration", "PutIntelligentTieringConfiguration",
        "PutInventoryConfiguration", "PutLifecycleConfiguration", "PutMetricsConfiguration", "PutObject",
        "PutObjectAcl", "PutObjectAnnotation", "PutObjectLegalHold", "PutObjectRetention", "PutObjectTagging",
        "PutObjectVersionAcl", "PutObjectVersionAnnotation", "PutObjectVersionTagging",
        "PutReplicationConfiguration", "ReplicateDelete", "ReplicateObject", "ReplicateObjectAnnotation",
        "ReplicateTags", "RestoreObject", "TagResource", "UntagResource",
        "UpdateBucketMetadataAnnotationTableConfiguration", "UpdateBucketMetadataInventoryTableConfiguration",
        "UpdateBucketMetadataJournalTableConfiguration", "UpdateObjectEncryption",
    }
)
# fmt: on
_LOWER = sorted(f"s3:{name}".lower() for name in ACTIONS)


def names_action(pattern: str) -> bool:
    """Return whether a policy's action is one of S3's, or matches some, as s3:Get* does; case does not matter."""
    return pattern == "*" or bool(fnmatch.filter(_LOWER, pattern.lower()))
