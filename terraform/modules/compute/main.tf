# The cluster; for each service an image repository, a log group and two ECS services, blue and green. Blue begins with
# the traffic. From then on the deploy brings task definitions and counts, and Terraform leaves both alone.
locals {
  tasks = {
    for pair in setproduct(keys(var.services), ["blue", "green"]) :
    "${pair[0]}-${pair[1]}" => { service = pair[0], slot = pair[1] }
  }
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecr_repository" "this" {
  for_each             = var.services
  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  # AWS keeps a repository as long as images are in it.
  force_delete = !var.protect
  encryption_configuration { encryption_type = "KMS" }
  image_scanning_configuration { scan_on_push = true }
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158:CloudWatch encrypts with its own key; secrets are in no log
  for_each          = var.services
  name              = "/ecs/${var.name}/${each.key}"
  retention_in_days = var.log_days
}

resource "aws_ecs_task_definition" "this" {
  for_each                 = local.tasks
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.services[each.value.service].cpu
  memory                   = var.services[each.value.service].memory
  execution_role_arn       = aws_iam_role.execution[each.value.service].arn
  task_role_arn            = aws_iam_role.task[each.value.service].arn

  # What the first deploy replaces: it has an image, and variables from the system's YAML.
  container_definitions = jsonencode([{
    name                   = each.value.service
    image                  = "${aws_ecr_repository.this[each.value.service].repository_url}:none"
    essential              = true
    readonlyRootFilesystem = true
    stopTimeout            = var.services[each.value.service].stop_seconds
    portMappings           = [{ containerPort = var.services[each.value.service].port, hostPort = var.services[each.value.service].port, protocol = "tcp" }]
    environment            = [{ name = "SLOT", value = each.value.slot }]
    secrets = [
      for variable, secret in var.services[each.value.service].secrets :
      { name = variable, valueFrom = var.secret_arns[secret] }
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this[each.value.service].name
        awslogs-region        = var.region
        awslogs-stream-prefix = each.value.slot
      }
    }
  }])

  lifecycle { ignore_changes = [container_definitions] }
}

resource "aws_ecs_service" "this" {
  for_each        = local.tasks
  name            = "${var.name}-${each.key}"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this[each.key].arn
  # No image is there yet; the first deploy starts the tasks.
  desired_count                     = 0
  launch_type                       = "FARGATE"
  health_check_grace_period_seconds = var.services[each.value.service].grace_seconds
  propagate_tags                    = "SERVICE"

  network_configuration {
    subnets          = var.subnets
    security_groups  = [var.security_group]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = var.target_groups[each.key]
    container_name   = each.value.service
    container_port   = var.services[each.value.service].port
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = false
  }

  lifecycle { ignore_changes = [task_definition, desired_count] }
}
