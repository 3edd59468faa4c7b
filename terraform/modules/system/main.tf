# A whole system in one environment. The roots differ in their state and in what the YAML says of them, in nothing else.
locals { prefix = "${var.system.name}-${var.system.environment}" }

module "network" {
  source       = "../network"
  name         = local.prefix
  cidr         = var.system.network.cidr
  nat_gateways = var.system.network.nat_gateways
  ports        = { for name, service in var.system.services : name => service.port }
}

module "secrets" {
  source        = "../secrets"
  name          = local.prefix
  versions      = var.system.secrets
  values        = var.secrets
  recovery_days = var.system.protect ? 30 : 0
}

module "dns" {
  source        = "../dns"
  zone          = var.system.domain.zone
  create_zone   = var.system.domain.create_zone
  names         = var.system.domain.names
  role          = var.system.domain.role
  health_path   = var.system.domain.health_path
  load_balancer = { dns_name = module.load_balancer.dns_name, zone_id = module.load_balancer.zone_id }
}

module "certificates" {
  source  = "../certificates"
  names   = var.system.domain.names
  zone_id = module.dns.zone_id
  prove   = var.system.domain.role != "secondary"
}

module "load_balancer" {
  source          = "../load_balancer"
  name            = local.prefix
  account         = var.system.account
  vpc_id          = module.network.vpc_id
  subnets         = module.network.public_subnets
  security_group  = module.network.security_groups["load_balancer"]
  certificate_arn = module.certificates.arn
  protect         = var.system.protect
  log_days        = var.system.log_days
  services        = var.system.services

  certificates_brought = var.system.domain.certificates_brought
}

module "compute" {
  source                = "../compute"
  name                  = local.prefix
  protect               = var.system.protect
  region                = var.system.region
  subnets               = module.network.private_subnets
  security_group        = module.network.security_groups["services"]
  target_groups         = module.load_balancer.target_groups
  load_balancer_suffix  = module.load_balancer.arn_suffix
  target_group_suffixes = module.load_balancer.target_group_suffixes
  secret_arns           = module.secrets.arns
  secrets_key_arn       = module.secrets.key_arn
  log_days              = var.system.log_days
  services              = var.system.services
}

module "deploys" {
  source       = "../deploys"
  name         = local.prefix
  account      = var.system.account
  protect      = var.system.protect
  listener_arn = module.load_balancer.listener_arn
  rule_arns    = module.load_balancer.rule_arns
}

module "database" {
  count            = var.system.database == null ? 0 : 1
  source           = "../database"
  name             = local.prefix
  subnets          = module.network.private_subnets
  vpc_id           = module.network.vpc_id
  security_group   = module.network.security_groups["database"]
  protect          = var.system.protect
  password         = var.secrets[var.system.database.password]
  password_version = var.system.secrets[var.system.database.password]
  replicate_from   = var.system.database.replicate_from
  settings         = var.system.database
}

module "cache" {
  count          = var.system.cache == null ? 0 : 1
  source         = "../cache"
  name           = local.prefix
  subnets        = module.network.private_subnets
  security_group = module.network.security_groups["cache"]
  settings       = var.system.cache
}

module "backup_store" {
  source    = "../backup_store"
  name      = local.prefix
  account   = var.system.account
  protect   = var.system.protect
  lock_days = var.system.backup_store.lock_days
  lock_mode = var.system.backup_store.lock_mode
  classes   = var.system.backup_store.classes
}

module "monitoring" {
  source               = "../monitoring"
  name                 = local.prefix
  account              = var.system.account
  region               = var.system.region
  email                = var.system.email
  cluster              = module.compute.cluster
  services             = module.compute.services
  load_balancer_suffix = module.load_balancer.arn_suffix
  databases            = flatten(module.database[*].identifiers)
  caches               = module.cache[*].id
  max_connections      = try(var.system.database.max_connections, 0)
  storage_gb           = try(var.system.database.storage_gb, 0)
  thresholds           = var.system.thresholds
}
