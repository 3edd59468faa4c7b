# One topic for each level, encrypted under a key that alarms may use: they cannot with AWS's own.
data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:the policy of a key: * is this key, and without the account nobody could ever change it
  # checkov:skip=CKV_AWS_111:the policy of a key: * is this key, and without the account nobody could ever change it
  # checkov:skip=CKV_AWS_356:the policy of a key: * is this key, and without the account nobody could ever change it
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account}:root"]
    }
  }
  statement {
    sid       = "Alarms"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: alarms"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_sns_topic" "this" {
  for_each          = toset(local.levels)
  name              = "${var.name}-${each.key}"
  kms_master_key_id = aws_kms_key.this.arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each  = { for pair in setproduct(local.levels, var.email) : "${pair[0]} ${pair[1]}" => { level = pair[0], address = pair[1] } }
  topic_arn = aws_sns_topic.this[each.value.level].arn
  protocol  = "email"
  endpoint  = each.value.address
}
