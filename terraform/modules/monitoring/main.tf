# Alarms by the system's thresholds: each at two levels, WARN and ALERT, as `fab check` has them.
locals {
  levels = ["warn", "alert"]
  rows = merge(
    { for key, name in var.services : "${key}-cpu" => {
      of         = "cpu", namespace = "AWS/ECS", metric = "CPUUtilization", factor = 1, below = false, statistic = "Average"
      dimensions = { ClusterName = var.cluster, ServiceName = name }
    } },
    { for key, name in var.services : "${key}-memory" => {
      of         = "memory", namespace = "AWS/ECS", metric = "MemoryUtilization", factor = 1, below = false, statistic = "Average"
      dimensions = { ClusterName = var.cluster, ServiceName = name }
    } },
    { for name in var.databases : "${name}-cpu" => {
      of         = "cpu", namespace = "AWS/RDS", metric = "CPUUtilization", factor = 1, below = false, statistic = "Average"
      dimensions = { DBInstanceIdentifier = name }
    } },
    { for name in var.databases : "${name}-connections" => {
      of         = "connections", namespace = "AWS/RDS", metric = "DatabaseConnections", factor = var.max_connections / 100, below = false, statistic = "Average"
      dimensions = { DBInstanceIdentifier = name }
    } },
    # RDS tells what is free, in bytes.
    { for name in var.databases : "${name}-disk" => {
      of         = "disk", namespace = "AWS/RDS", metric = "FreeStorageSpace", factor = var.storage_gb * 1073741824 / 100, below = true, statistic = "Minimum"
      dimensions = { DBInstanceIdentifier = name }
    } },
    # Its first node: the others are copies.
    { for name in var.caches : "${name}-memory" => {
      of         = "memory", namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", factor = 1, below = false, statistic = "Average"
      dimensions = { CacheClusterId = "${name}-001" }
    } },
  )
  alarms = { for pair in setproduct(keys(local.rows), local.levels) : "${pair[0]}-${pair[1]}" => merge(local.rows[pair[0]], {
    level   = pair[1]
    percent = var.thresholds[local.rows[pair[0]].of][pair[1]]
    minutes = var.thresholds[local.rows[pair[0]].of]["${pair[1]}_minutes"]
  }) }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.minutes
  threshold           = each.value.factor * (each.value.below ? 100 - each.value.percent : each.value.percent)
  comparison_operator = each.value.below ? "LessThanThreshold" : "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.value.level].arn]
  ok_actions          = [aws_sns_topic.this[each.value.level].arn]
}

resource "aws_cloudwatch_metric_alarm" "p95" {
  for_each            = toset(local.levels)
  alarm_name          = "${var.name}-p95-${each.key}"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = { LoadBalancer = var.load_balancer_suffix }
  extended_statistic  = "p95"
  period              = 60
  evaluation_periods  = var.thresholds["p95"]["${each.key}_minutes"]
  threshold           = var.thresholds["p95"][each.key]
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.key].arn]
  ok_actions          = [aws_sns_topic.this[each.key].arn]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = toset(local.levels)
  alarm_name          = "${var.name}-errors-${each.key}"
  evaluation_periods  = var.thresholds["errors"]["${each.key}_minutes"]
  threshold           = var.thresholds["errors"][each.key]
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[each.key].arn]
  ok_actions          = [aws_sns_topic.this[each.key].arn]

  metric_query {
    id          = "percent"
    expression  = "100 * (FILL(target, 0) + FILL(balancer, 0)) / requests"
    label       = "answers with a status of 500 or more, in percent"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = { target = "HTTPCode_Target_5XX_Count", balancer = "HTTPCode_ELB_5XX_Count", requests = "RequestCount" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        period      = 60
        stat        = "Sum"
        dimensions  = { LoadBalancer = var.load_balancer_suffix }
      }
    }
  }
}
