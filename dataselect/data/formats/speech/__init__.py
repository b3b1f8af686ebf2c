"""Formats of recognisers: transcripts, segments, manifests, subtitles."""
