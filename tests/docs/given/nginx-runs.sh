# An nginx that runs already.
nginx
