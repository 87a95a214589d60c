"""The statements about the outside and the plain computing ones; a statement's name is its path."""
