"""Statements named sys.…"""
