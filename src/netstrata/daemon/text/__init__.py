"""How what runs is put into words: names, values, and no secret."""
