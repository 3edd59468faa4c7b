locals {
  shown = {
    "CPU of the services"      = [for name in values(var.services) : ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster, "ServiceName", name]]
    "Memory of the services"   = [for name in values(var.services) : ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster, "ServiceName", name]]
    "Requests"                 = [["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancer_suffix]]
    "Answers of 500 and above" = [["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.load_balancer_suffix]]
    "Connections"              = [for name in var.databases : ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", name]]
    "Free space of databases"  = [for name in var.databases : ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", name]]
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = [
    for index, title in keys(local.shown) : {
      type       = "metric"
      x          = 12 * (index % 2)
      y          = 6 * floor(index / 2)
      width      = 12
      height     = 6
      properties = { title = title, region = var.region, period = 60, stat = "Average", metrics = local.shown[title] }
    }
  ] })
}
