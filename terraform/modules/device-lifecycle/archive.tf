################################################################################
# The archive: what nobody can change afterwards, not even who may change everything else
################################################################################

locals {
  archive     = var.create && var.audit.archive != null
  bucket_name = coalesce(try(var.audit.archive.bucket_name, null), "${var.name_prefix}-audit-${local.account_id}-${local.region}")
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"
}

resource "aws_s3_bucket" "archive" {
  # checkov:skip=CKV_AWS_18:Access logs would need a second bucket, which is the account's to choose: CloudTrail data events tell who read an object.
  # checkov:skip=CKV_AWS_144:A copy in another region is a decision of the account: the log group holds the same entries meanwhile.
  # checkov:skip=CKV2_AWS_62:Nothing waits for the objects: whoever wants to act on an entry subscribes to the log group.
  count = local.archive ? 1 : 0

  bucket              = local.bucket_name
  object_lock_enabled = true
  force_destroy       = var.audit.archive.force_destroy

  tags = var.tags

  # A bucket that refuses to go, because objects in it are locked, keeps the key that they are encrypted with.
  depends_on = [aws_kms_key.audit]
}

resource "aws_s3_bucket_versioning" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    default_retention {
      mode = var.audit.archive.lock_mode
      days = var.audit.archive.lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.archive]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.audit_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id
  policy = jsonencode(jsondecode(templatefile("${local.policy_dir}/lifecycle-archive-bucket.json.tftpl", { bucket_arn = local.bucket_arn })))

  depends_on = [aws_s3_bucket_public_access_block.archive]
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  count = local.archive ? 1 : 0

  bucket = aws_s3_bucket.archive[0].id

  rule {
    id     = "archive"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    # A version that expires is only marked; it goes once it is not the present one, and no lock holds it.
    dynamic "expiration" {
      for_each = var.audit.archive.expiration_days == null ? [] : [var.audit.archive.expiration_days]

      content {
        days = expiration.value
      }
    }

    dynamic "noncurrent_version_expiration" {
      for_each = var.audit.archive.expiration_days == null ? [] : [1]

      content {
        noncurrent_days = noncurrent_version_expiration.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.archive]
}
