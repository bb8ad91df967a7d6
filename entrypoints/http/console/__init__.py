"""The officer's console: server-rendered pages under /console. How to add one: docs/officer/console.md."""
