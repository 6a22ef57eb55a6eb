# A site of the system's nginx that serves everybody.
cp -r /etc/nginx /srv/nginx-as-installed
openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/nginx/example.key -out /etc/nginx/example.pem -days 30 \
    -subj /CN=app.example.test -addext subjectAltName=DNS:app.example.test,DNS:shop.example.test 2>/dev/null
cat >/etc/nginx/conf.d/app.conf <<'END'
server {
    listen 443 ssl;
    server_name app.example.test;
    ssl_certificate     /etc/nginx/example.pem;
    ssl_certificate_key /etc/nginx/example.key;
    location / { return 200 "hello\n"; }
}
END
nginx
