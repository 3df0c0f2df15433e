// Sends one message, receives and verifies its delivery reports, and waits for the end. Node alone, no packages.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const { HELIOGRAPH_URL, HELIOGRAPH_KEY, WEBHOOK_SECRET } = process.env;
const recipient = process.argv[2] ?? "46701740605";

// A send is repeated with its key until there is an answer, and is still sent once.
async function ask(path, body, idempotencyKey) {
  const options = {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${HELIOGRAPH_KEY}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  };
  if (idempotencyKey) options.headers["Idempotency-Key"] = idempotencyKey;
  for (let tries = 1; ; tries++) {
    let pause = 0.5 * 2 ** (tries - 1);
    try {
      const answer = await fetch(HELIOGRAPH_URL + path, { ...options, signal: AbortSignal.timeout(30_000) });
      const document = await answer.json();
      if (answer.ok) return document;
      if (![429, 503].includes(answer.status) || tries > 5) throw new Refused(answer.status, document);
      pause = Number(answer.headers.get("retry-after") ?? pause);
    } catch (failure) {
      if (failure instanceof Refused || tries > 5) throw failure;
    }
    await sleep(pause * 1000);
  }
}

class Refused extends Error {
  constructor(status, problem) {
    super(`${status}: ${problem.detail} ${JSON.stringify(problem.errors ?? {})}`);
  }
}

// Whether a webhook is signed with our secret and not older than five minutes (Standard Webhooks).
function isGenuine(body, headers) {
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
  const expected = Buffer.from(
    "v1," + createHmac("sha256", key).update(`${headers["webhook-id"]}.${timestamp}.`).update(body).digest("base64"),
  );
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const received = Buffer.from(signature);
    return received.length === expected.length && timingSafeEqual(received, expected);
  });
}

let sawTheFinalOne;
const finalReport = new Promise((resolve) => (sawTheFinalOne = resolve));

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!isGenuine(body, request.headers)) {
    response.writeHead(400).end();
    return;
  }
  response.writeHead(204).end();
  const report = JSON.parse(body);
  console.log(`report ${report.code}`);
  if (report.duration === 1) sawTheFinalOne(report);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const order = {
  sender: "iP1",
  recipients: [recipient],
  body: "Hello from JavaScript",
  datacoding: "gsm",
  deliveryReportUrl: `http://127.0.0.1:${server.address().port}/reports`,
};
let batch = await ask("/v2/batches", order, randomUUID());
console.log(`sent ${batch.id}`);
await finalReport;
while ((batch = await ask(`/v2/batches/${batch.id}`)).status !== 112) await sleep(500);
console.log(`finished ${batch.id}: ${Object.keys(batch.messageSummary)}`);
server.close();
server.closeAllConnections();
