output "regions" {
  description = "Per Region: everything that the root module puts out there. The operator's tools take the entry of the Region that they work in."
  value = {
    (var.first_region)  = module.first
    (var.second_region) = module.second
  }
}
