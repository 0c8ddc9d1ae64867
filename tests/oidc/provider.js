// An OpenID provider on loopback for the sign-in tests: npm's oidc-provider, with whoever a test names signed in at once.
//
// It prints its issuer, then takes one JSON object a line on standard input and answers each with "ok":
//   {"redirect": URL}           where our client may lead people back to
//   {"person": {...}}           who signs in next: sub, name, email, email_verified, groups
//   {"alg": "ES256"}            what ID tokens are signed by (RS256 at first)
//   {"claims_in": "userinfo"}   where a person's claims are told: "id_token" (at first) or "userinfo"
//   {"keys": "new"}             other signing keys from now on
//   {"forge": {...}}            claims put into the next ID tokens, signed by "by": "key" (at first), "none", "secret" or "stranger"
// It ends when standard input does.
import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

// Standard output is for the test alone.
console.info = console.warn = console.error;

const CLIENT = { client_id: "huecry", client_secret: "an-invented-secret-of-some-length" };
const settings = { redirect: "http://127.0.0.1/none", alg: "RS256", claims_in: "id_token", person: { sub: "nobody" }, forge: null };

const generate = () => ({
  RS256: { ...generateKeyPairSync("rsa", { modulusLength: 2048 }), kid: randomUUID() },
  ES256: { ...generateKeyPairSync("ec", { namedCurve: "P-256" }), kid: randomUUID() },
});
let keys = generate();
let answer;

function jwk(alg) {
  return { ...keys[alg].privateKey.export({ format: "jwk" }), kid: keys[alg].kid, alg, use: "sig" };
}

// A token like the one that was made, but for what the test wants wrong with it.
function forged(token) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const read = (text) => JSON.parse(Buffer.from(text, "base64url").toString());
  const [head, body] = token.split(".");
  const { by = "key", ...claims } = settings.forge;
  const header = { ...read(head), alg: { none: "none", secret: "HS256" }[by] ?? settings.alg };
  const payload = { ...read(body), ...claims };
  for (const name of Object.keys(payload)) if (payload[name] === null) delete payload[name];
  const signed = `${part(header)}.${part(payload)}`;
  if (by === "none") return `${signed}.`;
  if (by === "secret") return `${signed}.${createHmac("sha256", CLIENT.client_secret).update(signed).digest("base64url")}`;
  const { privateKey } = (by === "stranger" ? generate() : keys)[settings.alg];
  return `${signed}.${sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function build() {
  const provider = new Provider(issuer, {
    clients: [{ ...CLIENT, redirect_uris: [settings.redirect], grant_types: ["authorization_code"], id_token_signed_response_alg: settings.alg }],
    jwks: { keys: [jwk("RS256"), jwk("ES256")] },
    cookies: { keys: ["invented"] },
    claims: { openid: ["sub"], profile: ["name", "groups"], email: ["email", "email_verified"] },
    conformIdTokenClaims: settings.claims_in === "userinfo",
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...settings.person, sub }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope("openid profile email");
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (settings.forge && ctx.body?.id_token) ctx.body = { ...ctx.body, id_token: forged(ctx.body.id_token) };
  });
  const serve = provider.callback();
  answer = (request, response) => {
    if (request.url.startsWith("/interaction/")) {
      provider.interactionFinished(request, response, { login: { accountId: settings.person.sub } }).catch((error) => {
        response.statusCode = 500;
        response.end(String(error));
      });
    } else serve(request, response);
  };
}

const server = createServer((request, response) => answer(request, response));
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
build();
process.stdout.write(`${issuer}\n`);

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { keys: anew, ...changes } = JSON.parse(line);
  Object.assign(settings, changes);
  if (anew) keys = generate();
  build();
  process.stdout.write("ok\n");
});
lines.on("close", () => process.exit(0));
