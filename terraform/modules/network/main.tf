# A VPC over two zones. Only the load balancer and the NAT gateways have addresses that the world can reach.
data "aws_region" "here" {}

data "aws_availability_zones" "here" {
  # checkov:skip=CKV_AWS_394:the first two by name: a zone that AWS adds comes behind them
  state = "available"
}

locals {
  zones   = slice(data.aws_availability_zones.here.names, 0, 2)
  zone_of = { for index, zone in local.zones : tostring(index) => zone }
}

resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11:flow logs are paid by the GB, and nobody here reads them: switch them on while something is looked for
  cidr_block           = var.cidr
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = { Name = var.name }
}

# Without rules: what names no security group of its own reaches nothing.
resource "aws_default_security_group" "this" { vpc_id = aws_vpc.this.id }

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  for_each          = local.zone_of
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr, 8, tonumber(each.key))
  availability_zone = each.value
  tags              = { Name = "${var.name}-public-${each.key}" }
}

resource "aws_subnet" "private" {
  for_each          = local.zone_of
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(var.cidr, 8, tonumber(each.key) + 10)
  availability_zone = each.value
  tags              = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_eip" "nat" {
  count  = var.nat_gateways
  domain = "vpc"
  tags   = { Name = "${var.name}-nat-${count.index}" }
}

resource "aws_nat_gateway" "this" {
  count         = var.nat_gateways
  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[tostring(count.index)].id
  tags          = { Name = "${var.name}-${count.index}" }
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table" "private" {
  for_each = local.zone_of
  vpc_id   = aws_vpc.this.id
  tags     = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route" "private" {
  for_each               = local.zone_of
  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[min(tonumber(each.key), var.nat_gateways - 1)].id
}

resource "aws_route_table_association" "public" {
  for_each       = local.zone_of
  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  for_each       = local.zone_of
  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

# Artifacts and backups go to S3 without passing the NAT gateways, which are paid for by the byte.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${data.aws_region.here.name}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]
  tags              = { Name = "${var.name}-s3" }
}
