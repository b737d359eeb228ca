"""The console: the desk as an officer sees it, server-rendered, over the same public API and the same rights."""
