# Another one, closed by hand: no CRL, and a header that every client can set.
cat >/etc/nginx/conf.d/shop.conf <<END
server {
    listen 443 ssl;
    server_name shop.example.test;
    ssl_certificate        /etc/nginx/example.pem;
    ssl_certificate_key    /etc/nginx/example.key;
    ssl_client_certificate $HANDCLASP_HOME/ca/bundle.pem;
    ssl_verify_client      on;
    ssl_verify_depth       2;
    location / {
        proxy_set_header X-User \$ssl_client_s_dn;
        proxy_pass http://127.0.0.1:8080;
    }
    location /static { proxy_pass http://127.0.0.1:8080; }
}
END
nginx -s reload
