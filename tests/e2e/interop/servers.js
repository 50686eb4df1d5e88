// Servers that others wrote, as holmes-host meets them: an STS (oauth2-mock-server) and a model service (aimock),
// both over TLS, and a port in the clear on which the scenarios say what happens next and read what was seen.
//
// aimock speaks plain HTTP, takes any bearer token for a key and knows no Claude below `/anthropic`. What stands
// in front of it adds these three: TLS, a check of tokens against the STS's published keys, and that path.

import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { LLMock } from "@copilotkit/aimock";
import { createLocalJWKSet, jwtVerify } from "jose";
import { Events, OAuth2Issuer, OAuth2Server } from "oauth2-mock-server";

const [keyFile, certificateFile] = process.argv.slice(2);
const tenant = "22222222-2222-4222-8222-222222222222";
const client = { id: "33333333-3333-4333-8333-333333333333", secret: "interop-canary-secret" };
const apiKey = "interop-canary-key";
const cluster = { issuer: "https://oidc.example/interop/", subject: "system:serviceaccount:holmes:holmes-host" };

let lifetime = 3600;
let refusal = null;
let revoked = new Set();
let seen = { sts: [], models: [] };
const issued = [client.secret, apiKey];

const keys = (issuer) => createLocalJWKSet({ keys: issuer.keys.toJSON() });

// The cluster whose projected tokens the STS trusts.
const projector = new OAuth2Issuer();
projector.url = cluster.issuer;
await projector.keys.generate("RS256");

async function project() {
  const token = await projector.buildToken({
    scopesOrTransform: (_, payload) =>
      Object.assign(payload, { sub: cluster.subject, aud: ["api://AzureADTokenExchange"] }),
  });
  issued.push(token);
  return token;
}

const sts = new OAuth2Server(keyFile, certificateFile, {
  endpoints: { token: `/${tenant}/oauth2/v2.0/token`, jwks: `/${tenant}/discovery/v2.0/keys` },
});
await sts.issuer.keys.generate("RS256");
sts.service.on(Events.BeforeTokenSigning, ({ payload }, { body }) => {
  payload.aud = body.scope.replace(/\/\.default$/, "");
  // Never before the span in the answer is over: whoever keeps to that one is not refused.
  payload.exp = Math.ceil(Date.now() / 1000) + lifetime;
  // Two tokens of one second are two tokens.
  payload.uti = `${seen.sts.length}-${Date.now()}`;
  Object.assign(payload, { appid: body.client_id, azp: body.client_id, idtyp: "app", tid: tenant, oid: tenant });
});
// The mock checks no credential; it only leaves the form here, for whoever has time to wait for a signature.
sts.service.on(Events.BeforeResponse, (response, { body }) => {
  seen.sts.push({ form: Object.keys(body).sort(), scope: body.scope, proof: body.client_assertion ?? body.client_secret });
  const known = body.client_id === client.id && body.grant_type === "client_credentials";
  const proven = body.client_assertion !== undefined || body.client_secret === client.secret;
  if (refusal !== null) {
    Object.assign(response, { statusCode: refusal.status, body: refusal.body });
  } else if (known && proven) {
    response.body.expires_in = lifetime;
    issued.push(response.body.access_token);
  } else {
    Object.assign(response, { statusCode: 401, body: { error: "invalid_client" } });
  }
});
await sts.start(0, "127.0.0.1");

const models = new LLMock({ port: 0, host: "127.0.0.1", auth: { apiKeys: [apiKey] }, strict: true });
models.onToolResult("call_interop", { content: "The **worker** exceeds its memory." });
models.onMessage("worker", {
  toolCalls: [{ id: "call_interop", name: "kubectl_find_resource", arguments: { kind: "pods", keyword: "worker" } }],
});
models.onMessage(/./, { content: "Ready." });
await models.start();

async function credential(headers) {
  const bearer = /^Bearer (.*)$/.exec(headers.authorization ?? "");
  if (bearer === null) {
    const named = ["api-key", "x-api-key"].filter((name) => headers[name] !== undefined);
    return named.length === 1 ? named[0] : `${named.length} keys`;
  }
  if (headers["api-key"] ?? headers["x-api-key"]) return "two credentials";
  if (revoked.has(bearer[1])) return "revoked bearer";
  const verified = jwtVerify(bearer[1], keys(sts.issuer), { audience: "https://cognitiveservices.azure.com" });
  return verified.then(() => "bearer", (error) => `refused bearer: ${error.code}`);
}

const front = createTlsServer(
  { key: readFileSync(keyFile), cert: readFileSync(certificateFile) },
  async (incoming, outgoing) => {
    const pieces = await incoming.toArray();
    const body = Buffer.concat(pieces);
    const proof = await credential(incoming.headers);
    const record = { path: incoming.url, credential: proof, body: body.toString() };
    seen.models.push(record);
    const headers = { ...incoming.headers };
    if (proof === "bearer") headers.authorization = `Bearer ${apiKey}`;
    const path = incoming.url.replace(/^\/anthropic\//, "/");
    const forward = request(models.url + path, { method: incoming.method, headers }, (answer) => {
      record.status = answer.statusCode;
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    forward.end(body);
  },
);
await new Promise((started) => front.listen(0, "127.0.0.1", started));

// What a scenario may ask for; each answers with JSON.
const orders = {
  "/reset": () => {
    [lifetime, refusal, revoked, seen] = [3600, null, new Set(), { sts: [], models: [] }];
    models.clearRequests();
    return {};
  },
  "/lifetime": (value) => ({ lifetime: (lifetime = value) }),
  "/refuse-tokens": (value) => ({ refusal: (refusal = value) }),
  "/revoke": () => ({ revoked: (revoked = new Set(issued)).size }),
  "/refuse-once": ({ status, body }) => ({ once: models.nextRequestError(status, body) && status }),
  "/project": async () => ({ token: await project() }),
  "/seen": async () => {
    const trust = { issuer: cluster.issuer, subject: cluster.subject, audience: "api://AzureADTokenExchange" };
    const verify = (proof) => jwtVerify(proof, keys(projector), trust).then(() => "assertion", (error) => error.code);
    const judge = async ({ form, scope, proof }) => {
      return { form, scope, proof: form.includes("client_assertion") ? await verify(proof) : "secret" };
    };
    return { sts: await Promise.all(seen.sts.map(judge)), models: seen.models };
  },
  "/issued": () => issued,
};
const control = createServer(async (incoming, outgoing) => {
  const pieces = await incoming.toArray();
  const order = JSON.parse(Buffer.concat(pieces).toString() || "null");
  outgoing.end(JSON.stringify(await orders[incoming.url](order)));
});
await new Promise((started) => control.listen(0, "127.0.0.1", started));

const port = (server) => server.address().port;
const facts = {
  control: `http://127.0.0.1:${port(control)}`,
  authority: `https://127.0.0.1:${port(sts)}`,
  models: `https://127.0.0.1:${port(front)}`,
  tenant,
  client,
  apiKey,
};
console.log(JSON.stringify(facts));
// Whoever started it holds this pipe: it ends with him.
process.stdin.resume().on("end", () => process.exit(0));
