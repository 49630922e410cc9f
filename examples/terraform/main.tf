# VPC Lattice on the local stack with the Terraform AWS provider; docs/terraform.md says how to run it.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

variable "endpoint" {
  description = "URL of the local stack"
  type        = string
  default     = "http://127.0.0.1:4566"
}

variable "weights" {
  description = "Share of the requests that each version of the service gets"
  type        = map(number)
  default     = { v1 = 90, v2 = 10 }
}

provider "aws" {
  region                  = "us-west-2"
  access_key              = "test"
  secret_key              = "test"
  skip_metadata_api_check = true

  endpoints {
    ec2        = var.endpoint
    iam        = var.endpoint
    logs       = var.endpoint
    sts        = var.endpoint
    vpclattice = var.endpoint
  }

  default_tags {
    tags = { team = "shop" }
  }
}

locals {
  versions = {
    v1 = { address = "10.0.0.11", health_check_path = "/live" }
    v2 = { address = "10.0.0.12", health_check_path = "/" }
  }
}

resource "aws_vpc" "shop" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_security_group" "clients" {
  name   = "lattice-clients"
  vpc_id = aws_vpc.shop.id

  ingress {
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = [aws_vpc.shop.cidr_block]
  }
}

resource "aws_cloudwatch_log_group" "access" {
  name = "/lattice/shop"
}

resource "aws_vpclattice_service_network" "shop" {
  name      = "shop"
  auth_type = "AWS_IAM"
}

resource "aws_vpclattice_service_network_vpc_association" "shop" {
  service_network_identifier = aws_vpclattice_service_network.shop.id
  vpc_identifier             = aws_vpc.shop.id
  security_group_ids         = [aws_security_group.clients.id]
}

resource "aws_vpclattice_service" "orders" {
  name      = "orders"
  auth_type = "NONE"
}

resource "aws_vpclattice_service_network_service_association" "orders" {
  service_identifier         = aws_vpclattice_service.orders.id
  service_network_identifier = aws_vpclattice_service_network.shop.arn
}

resource "aws_vpclattice_target_group" "orders" {
  for_each = local.versions

  name = "orders-${each.key}"
  type = "IP"

  config {
    port           = 8080
    protocol       = "HTTP"
    vpc_identifier = aws_vpc.shop.id

    health_check {
      path                          = each.value.health_check_path
      health_check_interval_seconds = 5
    }
  }
}

resource "aws_vpclattice_listener" "http" {
  name               = "http"
  protocol           = "HTTP"
  service_identifier = aws_vpclattice_service.orders.id

  default_action {
    forward {
      dynamic "target_groups" {
        for_each = var.weights
        content {
          target_group_identifier = aws_vpclattice_target_group.orders[target_groups.key].id
          weight                  = target_groups.value
        }
      }
    }
  }
}

resource "aws_vpclattice_listener_rule" "popular" {
  name                = "popular"
  listener_identifier = aws_vpclattice_listener.http.listener_id
  service_identifier  = aws_vpclattice_service.orders.id
  priority            = 10

  match {
    http_match {
      method = "GET"

      path_match {
        case_sensitive = true
        match {
          prefix = "/popular"
        }
      }

      header_matches {
        name = "x-env"
        match {
          exact = "test"
        }
      }
    }
  }

  action {
    forward {
      dynamic "target_groups" {
        for_each = var.weights
        content {
          target_group_identifier = aws_vpclattice_target_group.orders[target_groups.key].id
          weight                  = target_groups.value
        }
      }
    }
  }
}

resource "aws_vpclattice_target_group_attachment" "orders" {
  for_each = local.versions

  target_group_identifier = aws_vpclattice_target_group.orders[each.key].id

  target {
    id   = each.value.address
    port = 8080
  }

  # Destroyed before the listener, so that targets drain: when their group is no longer used they are UNUSED, where
  # version 6.34 of the provider stops (https://github.com/hashicorp/terraform-provider-aws/issues/46793).
  depends_on = [aws_vpclattice_listener.http, aws_vpclattice_listener_rule.popular]
}

resource "aws_vpclattice_auth_policy" "shop" {
  resource_identifier = aws_vpclattice_service_network.shop.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "vpc-lattice-svcs:Invoke"
      Resource  = "*"
    }]
  })
}

resource "aws_vpclattice_resource_policy" "shop" {
  resource_arn = aws_vpclattice_service_network.shop.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "444455556666" }
      Action = [
        "vpc-lattice:CreateServiceNetworkVpcAssociation",
        "vpc-lattice:CreateServiceNetworkServiceAssociation",
        "vpc-lattice:GetServiceNetwork",
      ]
      Resource = aws_vpclattice_service_network.shop.arn
    }]
  })
}

resource "aws_vpclattice_access_log_subscription" "shop" {
  resource_identifier = aws_vpclattice_service_network.shop.id
  destination_arn     = aws_cloudwatch_log_group.access.arn
}

output "domain_name" {
  description = "The name that VPC Lattice made for the service"
  value       = aws_vpclattice_service.orders.dns_entry[0].domain_name
}
