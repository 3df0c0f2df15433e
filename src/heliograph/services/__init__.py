"""What the product does, one verb phrase per file; services meet in rows and never import each other."""
