"""What all rooms share: the law, the records every database carries, the edge, and the words between them."""
