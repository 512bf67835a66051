"""Small templates, read without sockets."""
