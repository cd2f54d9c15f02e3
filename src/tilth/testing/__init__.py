"""Public batteries: check_metric, check_measure, check_need, check_step, check_format, check_rule_type."""
