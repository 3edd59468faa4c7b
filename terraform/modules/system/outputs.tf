output "cluster" { value = module.compute.cluster }

output "services" { value = module.compute.services }

output "repositories" { value = module.compute.repositories }

output "log_groups" { value = module.compute.log_groups }

output "load_balancer" {
  value = {
    dns_name      = module.load_balancer.dns_name
    listener_arn  = module.load_balancer.listener_arn
    rule_arns     = module.load_balancer.rule_arns
    target_groups = module.load_balancer.target_groups
  }
}

output "deploys" {
  value = {
    table    = module.deploys.table
    role_arn = module.deploys.role_arn
  }
}

output "database" {
  value = try({
    identifiers     = module.database[0].identifiers
    main            = module.database[0].main
    record          = module.database[0].record
    arn             = module.database[0].arn
    address         = module.database[0].address
    replica_address = module.database[0].replica_address
  }, null)
}

output "cache_address" { value = try(module.cache[0].address, null) }

output "backup_bucket" { value = module.backup_store.bucket }

output "secret_arns" { value = module.secrets.arns }

output "alarm_topics" { value = module.monitoring.topics }

output "name_servers" { value = module.dns.name_servers }
