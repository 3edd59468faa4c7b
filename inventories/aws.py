"""Production on AWS: services on ECS behind a load balancer, PostgreSQL on RDS, Redis on ElastiCache.

Names alone: where everything is, Terraform has written into its state, and each run reads it there.
"""

cluster = ["@ecs/sanvi-aws"]

database = ["@ecs/sanvi-aws-db"]

cache = ["@ecs/sanvi-aws-cache"]
