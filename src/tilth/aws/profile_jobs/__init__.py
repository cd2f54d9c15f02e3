"""Profile jobs of AWS Glue DataBrew: a configuration drives a profile whose result has the service's names and shape."""
