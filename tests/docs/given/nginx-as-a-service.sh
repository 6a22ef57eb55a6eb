# The system's nginx, in the place of the one before.
chroot /srv/web nginx -s quit
while [ -e /run/nginx.pid ]; do sleep 0.1; done
service nginx start
