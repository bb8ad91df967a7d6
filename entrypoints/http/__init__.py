"""Starlette application: WebSocket sign-in and the JSON API."""
