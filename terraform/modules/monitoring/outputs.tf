output "topics" { value = { for level, topic in aws_sns_topic.this : level => topic.arn } }

output "dashboard" { value = aws_cloudwatch_dashboard.this.dashboard_name }
