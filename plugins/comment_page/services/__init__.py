"""What the routes do: nothing here knows of requests and answers."""
