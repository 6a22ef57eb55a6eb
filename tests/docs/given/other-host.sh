# The host web1: its nginx, which runs already, the files that were carried there, and the name of the CA.
echo '127.0.0.1 ca.example.test' >>/etc/hosts
cp home/identities/web1/chain.pem home/identities/web1/key.pem home/ca/bundle.pem .
curl -s --retry 9 --retry-all-errors --cacert bundle.pem --cert chain.pem --key key.pem -o /dev/null https://ca.example.test:8556/api/v1/openapi.json
