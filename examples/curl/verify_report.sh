#!/bin/sh
# Verifies a delivery report, whose body is on stdin exactly as received: verify_report.sh ID TIMESTAMP SIGNATURES
# The three are the headers webhook-id, webhook-timestamp and webhook-signature.
set -eu
: "${WEBHOOK_SECRET:?whsec_...}"
id=$1 timestamp=$2 signatures=$3

age=$(($(date +%s) - timestamp))
if [ "$age" -gt 300 ] || [ "$age" -lt -300 ]; then
    echo "refused: too old, or from the future" >&2
    exit 1
fi
key=$(printf '%s' "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
expected=$({ printf '%s.%s.' "$id" "$timestamp"; cat; } |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
for signature in $signatures; do
    if [ "$signature" = "v1,$expected" ]; then
        echo "genuine"
        exit 0
    fi
done
echo "refused: no signature is right" >&2
exit 1
