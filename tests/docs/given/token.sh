# A token with the label ca, and its PIN in a file.
mkdir -p /srv/tokens /etc/handclasp
export SOFTHSM2_CONF=/srv/softhsm2.conf
echo 'directories.tokendir = /srv/tokens' >"$SOFTHSM2_CONF"
softhsm2-util --init-token --free --label ca --pin 1234 --so-pin 5678 >/dev/null
(umask 077 && echo 1234 >/etc/handclasp/pin)
