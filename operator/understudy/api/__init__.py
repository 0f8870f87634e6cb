"""What users write and read with kubectl: the one source of the CRDs."""
