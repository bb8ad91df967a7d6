"""Composable, pure rules: findings in, an allowance or a named refusal out."""
