# An nginx that has refused somebody: its log of today, and two rotations of it.
handclasp init -q --home /srv/ca --new-passphrase-file /srv/passphrase
HANDCLASP_PASSPHRASE_FILE=/srv/passphrase handclasp issue -q site.test --profile server --home /srv/ca
openssl req -x509 -newkey rsa:2048 -nodes -keyout /srv/stranger.key -out /srv/stranger.pem -days 2 -subj /CN=stranger 2>/dev/null
cat >/etc/nginx/conf.d/site.conf <<'END'
error_log /var/log/nginx/error.log info;
server {
    listen 443 ssl;
    server_name site.test;
    ssl_certificate        /srv/ca/identities/site.test/chain.pem;
    ssl_certificate_key    /srv/ca/identities/site.test/key.pem;
    ssl_client_certificate /srv/ca/ca/bundle.pem;
    ssl_verify_client      on;
    ssl_verify_depth       2;
}
END
nginx
curl -sk -o /dev/null https://127.0.0.1/
curl -sk -o /dev/null --cert /srv/stranger.pem --key /srv/stranger.key https://127.0.0.1/
cp /var/log/nginx/error.log /var/log/nginx/error.log.1
gzip -c /var/log/nginx/error.log >/var/log/nginx/error.log.2.gz
