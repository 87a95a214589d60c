"""Random programs that end, and what must be true of every one of them; made to be compared with any other NCD, too."""
