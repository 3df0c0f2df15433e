<?php

// Sends one message, receives and verifies its delivery reports, and waits for the end. PHP 8 with curl.

declare(strict_types=1);

$recipient = $argv[1] ?? '46701740605';

/** One request; a send is repeated with its key until there is an answer, and is still sent once. */
function ask(string $path, ?array $body = null, ?string $idempotencyKey = null): array
{
    $headers = ['Authorization: Bearer ' . getenv('HELIOGRAPH_KEY'), 'Content-Type: application/json'];
    if ($idempotencyKey !== null) {
        $headers[] = "Idempotency-Key: $idempotencyKey";
    }
    for ($tries = 1; ; $tries++) {
        $request = curl_init(getenv('HELIOGRAPH_URL') . $path);
        curl_setopt_array($request, [
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 30,
        ]);
        if ($body !== null) {
            curl_setopt($request, CURLOPT_POSTFIELDS, json_encode($body, JSON_THROW_ON_ERROR));
        }
        $answer = curl_exec($request);
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        if ($answer !== false && $status < 300) {
            return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
        }
        $mayHeal = $answer === false || $status === 429 || $status === 503;
        if (!$mayHeal || $tries > 5) {
            throw new RuntimeException("$status: " . ($answer ?: curl_error($request)));
        }
        usleep((int) (500_000 * 2 ** ($tries - 1)));
    }
}

/** Whether a webhook is signed with our secret and not older than five minutes (Standard Webhooks). */
function is_genuine(string $body, array $headers): bool
{
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false;
    }
    $key = base64_decode(substr((string) getenv('WEBHOOK_SECRET'), strlen('whsec_')));
    $signed = ($headers['webhook-id'] ?? '') . ".$timestamp.$body";
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

/** One webhook from an accepted connection: its headers, names in lower case, and its body. */
function read_webhook($connection): array
{
    $headers = [];
    fgets($connection);
    while (($line = trim((string) fgets($connection))) !== '') {
        [$name, $value] = explode(':', $line, 2);
        $headers[strtolower($name)] = trim($value);
    }
    $length = (int) ($headers['content-length'] ?? 0);
    return [$headers, $length > 0 ? stream_get_contents($connection, $length) : ''];
}

$listener = stream_socket_server('tcp://127.0.0.1:0');
$batch = ask('/v2/batches', [
    'sender' => 'iP1',
    'recipients' => [$recipient],
    'body' => 'Hello from PHP',
    'datacoding' => 'gsm',
    'deliveryReportUrl' => 'http://' . stream_socket_get_name($listener, false) . '/reports',
], bin2hex(random_bytes(16)));
echo "sent {$batch['id']}\n";

do {
    $connection = stream_socket_accept($listener, 60);
    if ($connection === false) {
        throw new RuntimeException('no report came within a minute');
    }
    [$headers, $body] = read_webhook($connection);
    $report = is_genuine($body, $headers) ? json_decode($body, true, flags: JSON_THROW_ON_ERROR) : null;
    $status = $report === null ? '400 Bad Request' : '200 OK';
    fwrite($connection, "HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    fclose($connection);
    if ($report !== null) {
        echo "report {$report['code']}\n";
    }
} while ($report === null || $report['duration'] !== 1);

while (($batch = ask("/v2/batches/{$batch['id']}"))['status'] !== 112) {
    usleep(500_000);
}
echo "finished {$batch['id']}: " . implode(array_keys($batch['messageSummary'])) . "\n";
