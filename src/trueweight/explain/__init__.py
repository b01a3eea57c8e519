"""What a check is, in words and by example: a reply that breaks its law, with the bytes that show it."""
