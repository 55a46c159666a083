"""Vercel on this machine: the function that it would build, and the runtime that it would run."""
