# An nginx with a root of its own. What was done to the system's is gone.
nginx -s quit
while [ -e /run/nginx.pid ]; do sleep 0.1; done
rm -r /etc/nginx
cp -r /srv/nginx-as-installed /etc/nginx
mkdir -p /srv/web /run/web
mount --rbind / /srv/web
cp -r /etc/nginx /run/web/nginx
mount --bind /run/web/nginx /srv/web/etc/nginx
chroot /srv/web nginx
