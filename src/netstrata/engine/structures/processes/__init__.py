"""Statements that make processes of templates: call, foreach, spawn, try, process_manager and their like."""
