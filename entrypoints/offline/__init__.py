"""``faceauth-verify``: checks what faceauth gave away, with the standard library and cryptography alone."""
