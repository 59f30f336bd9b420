"""Questions over HTTP: an OpenAI-compatible server with a web page."""
