"""What commands share: the registry, option groups, how they end."""
