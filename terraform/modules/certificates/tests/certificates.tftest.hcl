mock_provider "aws" {
  override_during = plan
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:ap-south-1:123456789012:certificate/x"
      domain_validation_options = [
        { domain_name = "shop.example.com", resource_record_name = "_x.shop.example.com", resource_record_type = "CNAME", resource_record_value = "y" },
      ]
    }
  }
}

variables {
  names   = ["shop.example.com"]
  zone_id = "Z1"
  prove   = true
}

run "each_name_is_proved_by_a_record" {
  command = plan
  assert {
    condition     = { for name, record in aws_route53_record.proof : name => record.name } == { "shop.example.com" = "_x.shop.example.com" }
    error_message = "a record"
  }
}

run "the_records_of_the_first_region_stay_when_the_second_goes" {
  command = plan
  variables { prove = false }
  assert {
    condition     = length(aws_route53_record.proof) == 0
    error_message = "no record here"
  }
}
