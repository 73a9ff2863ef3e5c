"""Storage in local files: product code, held to the same promises as Google Cloud's."""
