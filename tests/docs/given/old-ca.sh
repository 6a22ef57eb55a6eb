# A CA as `openssl ca` leaves it, and another of which only files are left.
folder=$PWD
make_ca() {
    mkdir -p "$1/newcerts"
    cd "$1"
    touch index.txt
    echo 1000 >serial
    echo 1000 >crlnumber
    cat >ca.cnf <<'END'
[ca]
default_ca = here
[here]
certificate = ca.crt
private_key = ca.key
new_certs_dir = newcerts
database = index.txt
serial = serial
crlnumber = crlnumber
default_md = sha256
default_days = 365
default_crl_days = 30
policy = any
[any]
commonName = supplied
END
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 3650 -subj "/CN=$2" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout alice.key -out alice.csr -subj /CN=alice 2>/dev/null
    openssl ca -batch -notext -config ca.cnf -in alice.csr -out alice.crt 2>/dev/null
    openssl ca -config ca.cnf -gencrl -out crl.pem 2>/dev/null
    cd "$folder"
}
make_ca /etc/ssl/demoCA 'Demo CA'
make_ca /srv/bare 'Bare CA'
cp /srv/bare/ca.crt /srv/bare/ca.key /srv/bare/crl.pem .
mkdir issued
cp /srv/bare/alice.crt issued/
