"""Profile jobs of AWS Glue DataBrew: computes a profile by the service's configuration, with its names and structure."""
