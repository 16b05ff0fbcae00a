"""What needs torch: embedders of any sentence-transformers model."""
