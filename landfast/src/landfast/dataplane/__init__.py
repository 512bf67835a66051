"""The AWS emulator behind the local service, spoken to by public AWS calls only, so that any endpoint will do."""
