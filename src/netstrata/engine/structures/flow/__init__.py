"""Statements that say when a process goes on, goes back or ends: sleep, blocker, assert, exit and their like."""
