"""Deploying the application: what `make delete`, `make kept` and `make deploy-rehearsal` do (docs/deploy.md)."""
