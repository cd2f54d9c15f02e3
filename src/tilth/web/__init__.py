"""HTTP requests to servers, and JMESPath for their answers."""
