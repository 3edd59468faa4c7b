# Each slot can grow by itself. Blue begins with the traffic, and never has fewer tasks than it should; the idle slot may
# have none. From then on the deploy says which slot has how many at least.
locals {
  by_p95   = { for key, task in local.tasks : key => task if var.services[task.service].scale_p95 != null }
  by_queue = { for key, task in local.tasks : key => task if var.services[task.service].scale_queue != null }
}

resource "aws_appautoscaling_target" "this" {
  for_each           = local.tasks
  min_capacity       = each.value.slot == "blue" ? var.services[each.value.service].min : 0
  max_capacity       = var.services[each.value.service].max
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this[each.key].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"

  lifecycle { ignore_changes = [min_capacity, suspended_state] }
}

# One more task while an alarm stands: CPU, p95 and queue are each enough by themselves.
resource "aws_appautoscaling_policy" "grow" {
  for_each           = aws_appautoscaling_target.this
  name               = "${var.name}-${each.key}-grow"
  policy_type        = "StepScaling"
  resource_id        = each.value.resource_id
  scalable_dimension = each.value.scalable_dimension
  service_namespace  = each.value.service_namespace

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = 120
    metric_aggregation_type = "Average"
    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_appautoscaling_policy" "shrink" {
  for_each           = aws_appautoscaling_target.this
  name               = "${var.name}-${each.key}-shrink"
  policy_type        = "StepScaling"
  resource_id        = each.value.resource_id
  scalable_dimension = each.value.scalable_dimension
  service_namespace  = each.value.service_namespace

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    cooldown                = 300
    metric_aggregation_type = "Average"
    step_adjustment {
      metric_interval_upper_bound = 0
      scaling_adjustment          = -1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "cpu_high" {
  for_each            = local.tasks
  alarm_name          = "${var.name}-${each.key}-grow-cpu"
  alarm_description   = "CPU above ${var.services[each.value.service].scale_cpu} %: one more task"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = aws_ecs_cluster.this.name, ServiceName = "${var.name}-${each.key}" }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = var.services[each.value.service].scale_cpu_for
  threshold           = var.services[each.value.service].scale_cpu
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.grow[each.key].arn]
}

# Half of what lets it grow, so that one task more or less does not swing to and fro.
resource "aws_cloudwatch_metric_alarm" "cpu_low" {
  for_each            = local.tasks
  alarm_name          = "${var.name}-${each.key}-shrink-cpu"
  alarm_description   = "CPU below ${var.services[each.value.service].scale_cpu / 2} % for half an hour: one task less"
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = aws_ecs_cluster.this.name, ServiceName = "${var.name}-${each.key}" }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 30
  threshold           = var.services[each.value.service].scale_cpu / 2
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.shrink[each.key].arn]
}

resource "aws_cloudwatch_metric_alarm" "p95" {
  for_each            = local.by_p95
  alarm_name          = "${var.name}-${each.key}-grow-p95"
  alarm_description   = "p95 above ${var.services[each.value.service].scale_p95} s: one more task"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = { LoadBalancer = var.load_balancer_suffix, TargetGroup = var.target_group_suffixes[each.key] }
  extended_statistic  = "p95"
  period              = 60
  evaluation_periods  = 5
  threshold           = var.services[each.value.service].scale_p95
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.grow[each.key].arn]
}

# Nobody but the program knows its queue: it puts the metric there, in a namespace of the system's name.
resource "aws_cloudwatch_metric_alarm" "queue" {
  for_each            = local.by_queue
  alarm_name          = "${var.name}-${each.key}-grow-queue"
  alarm_description   = "More than ${var.services[each.value.service].scale_queue} requests wait: one more task"
  namespace           = var.name
  metric_name         = "RequestQueue"
  dimensions          = { Service = each.value.service, Slot = each.value.slot }
  statistic           = "Average"
  period              = 60
  evaluation_periods  = var.services[each.value.service].scale_queue_for
  threshold           = var.services[each.value.service].scale_queue
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.grow[each.key].arn]
}
