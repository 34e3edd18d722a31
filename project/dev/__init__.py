"""What development needs beside the app: the supervisor behind `make run`, and the mail viewer."""
