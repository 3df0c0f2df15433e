#!/bin/sh
# Sends one message with curl and waits until the batch is finished.
set -eu
: "${HELIOGRAPH_URL:?such as http://127.0.0.1:8080}" "${HELIOGRAPH_KEY:?the API key}"
recipient=${1:-46701740605}

ask() {
    curl --silent --show-error --fail-with-body \
        --header "Authorization: Bearer $HELIOGRAPH_KEY" --header "Content-Type: application/json" "$@"
}

# One key for the order: --retry repeats the request after 429, 503 and broken connections, and it is sent once.
order=$(openssl rand -hex 16)
batch=$(ask --retry 5 --retry-connrefused --retry-all-errors \
    --header "Idempotency-Key: $order" \
    --data "{\"sender\": \"iP1\", \"recipients\": [\"$recipient\"], \"body\": \"Hello from curl\", \"datacoding\": \"gsm\"}" \
    "$HELIOGRAPH_URL/v2/batches")
id=$(printf '%s' "$batch" | sed -n 's/^{"id":"\([0-9a-f]*\)".*/\1/p')
echo "sent $id"

# 111 is ongoing; 112 says that every message has its final status.
for _ in $(seq 120); do
    status=$(ask "$HELIOGRAPH_URL/v2/batches/$id" | sed -n 's/.*"status":\([0-9]*\).*/\1/p')
    [ "$status" != 112 ] || break
    sleep 0.5
done
summary=$(ask "$HELIOGRAPH_URL/v2/batches/$id" | sed -n 's/.*"messageSummary":{\("[0-9]*"\).*/\1/p')
echo "finished $id: $summary" | tr -d '"'
[ "$status" = 112 ]
