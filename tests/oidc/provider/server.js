// The OpenID provider of the tests: the certified one of npm, told what agencies and people of a network
// need. Below /control the test makes clients, rotates keys and lets the provider misbehave; nothing there
// is any protocol's.
//
//   node server.js FOLDER [PORT]      FOLDER holds node_modules; prints "listening on ISSUER"

import * as crypto from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, port = '0'] = process.argv.slice(2);
const lib = path.join(folder, 'node_modules/oidc-provider/lib');
const load = (file) => import(pathToFileURL(path.join(lib, file)).href);
const [{ Provider }, { default: MemoryAdapter }] = await Promise.all([
  load('index.js'), load('adapters/memory_adapter.js'),
]);

// The resources that a token may be asked for, and what `aud` then says.
const RESOURCES = {
  'https://trellis.test/': 'trellis-dev',
  'https://elsewhere.test/': 'https://elsewhere.test/',
};
const SCOPE = 'system/*.rs';
// Longer than the last good key set serves, shorter than a token may live.
const LIFETIME = 12 * 3600;

const clients = new Map();

class Adapter extends MemoryAdapter {
  constructor(model) {
    super(model);
    this.clients = model === 'Client';
  }

  async find(id) {
    return this.clients ? clients.get(id) : super.find(id);
  }
}

const newKey = () => {
  const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' });
  return { ...privateKey.export({ format: 'jwk' }), kid: crypto.randomUUID(), alg: 'ES384', use: 'sig' };
};

// What the registration says of a client is what its tokens say of who holds them.
const said = (client) => {
  const { agency, roles, purposes, cnf } = client.metadata();
  return { agency, roles, purposes, cnf };
};

// UDAP: the business-to-business object is the client's own word, in its assertion.
const b2b = (assertion) => {
  const [, payload] = assertion.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url')).extensions?.['hl7-b2b'];
};

function complete(ctx, token, { payload }) {
  const client = token.client ?? ctx.oidc.client;
  Object.assign(payload, said(client), { nbf: payload.iat });
  const { client_assertion: assertion } = ctx.oidc.params;
  const object = assertion && b2b(assertion);
  if (object !== undefined) payload.extensions = { 'hl7-b2b': object };
}

const configuration = (keys) => ({
  adapter: Adapter,
  jwks: { keys },
  scopes: ['openid', SCOPE],
  // An ID token that says all that an access token does, for who takes one for the other.
  claims: { openid: ['sub', 'roles', 'purposes', 'nbf', 'jti'] },
  conformIdTokenClaims: false,
  clientAuthMethods: ['private_key_jwt', 'none'],
  enabledJWA: {
    clientAuthSigningAlgValues: ['RS384', 'ES384'],
    idTokenSigningAlgValues: ['ES384'],
  },
  clientDefaults: { id_token_signed_response_alg: 'ES384' },
  extraClientMetadata: { properties: ['agency', 'roles', 'purposes', 'cnf'] },
  cookies: { keys: [crypto.randomUUID()] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, indicator) => ({
        scope: SCOPE,
        audience: RESOURCES[indicator],
        accessTokenFormat: 'jwt',
        accessTokenTTL: LIFETIME,
        jwt: { sign: { alg: 'ES384' } },
      }),
    },
  },
  formats: { customizers: { jwt: complete } },
  pkce: { required: () => true },
  interactions: { url: (ctx, { uid }) => `/interaction/${uid}` },
  findAccount: (ctx, accountId) => ({
    accountId,
    claims: () => {
      const { roles, purposes } = said(ctx.oidc.client);
      const now = Math.floor(Date.now() / 1000);
      return { sub: accountId, roles, purposes, nbf: now, jti: crypto.randomUUID() };
    },
  }),
  ttl: {
    AccessToken: LIFETIME, ClientCredentials: LIFETIME, Grant: LIFETIME, IdToken: 3600,
    Interaction: 600, Session: 600,
  },
});

// The person is who the client says, and agrees to all: what is tested is what comes after.
async function interaction(provider, req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  if (prompt.name === 'login') {
    return provider.interactionFinished(req, res, { login: { accountId: params.login_hint } });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(`openid ${SCOPE}`);
  grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
  for (const indicator of Object.keys(RESOURCES)) grant.addResourceScope(indicator, SCOPE);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(req, res, { consent }, { mergeWithLastSubmission: true });
}

// A token of a key that no provider should have.
function weak({ bits, claims }) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: bits });
  const named = { kid: crypto.randomUUID(), alg: 'RS384' };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const message = `${part({ ...named, typ: 'at+jwt' })}.${part(claims)}`;
  const signature = crypto.sign('sha384', Buffer.from(message), privateKey).toString('base64url');
  const jwk = { ...publicKey.export({ format: 'jwk' }), ...named, use: 'sig' };
  return { token: `${message}.${signature}`, jwk };
}

const server = http.createServer();
await new Promise((resolve) => { server.listen(Number(port), '127.0.0.1', resolve); });
const issuer = `http://127.0.0.1:${server.address().port}`;

let keys = [newKey()];
let provider;
let serve;
const restart = () => {
  provider = new Provider(issuer, configuration(keys));
  serve = provider.callback();
};
restart();
// Path to what is answered there instead.
let instead = {};

const controls = {
  client: (client) => { clients.set(client.client_id, client); },
  rotate: ({ keep }) => {
    keys = [newKey(), ...(keep ? keys : [])];
    restart();
  },
  instead: (answers) => { instead = answers; },
  weak,
};

async function answer(req, res) {
  const { pathname } = new URL(req.url, issuer);
  const control = pathname.match(/^\/control\/(\w+)$/)?.[1];
  if (control) {
    let body = '';
    for await (const chunk of req) body += chunk;
    const reply = controls[control](JSON.parse(body));
    res.setHeader('content-type', 'application/json');
    return res.end(JSON.stringify(reply ?? {}));
  }
  if (instead[pathname]) {
    const { status = 200, headers = {}, body = '', times = 1, hang = false } = instead[pathname];
    res.writeHead(status, headers);
    for (let n = 0; n < times && !res.destroyed; n += 1) {
      if (!res.write(body)) await new Promise((next) => { res.once('drain', next); res.once('close', next); });
    }
    return hang ? undefined : res.end();
  }
  if (pathname.startsWith('/interaction/')) return interaction(provider, req, res);
  return serve(req, res);
}

server.on('request', (req, res) => {
  answer(req, res).catch((error) => {
    console.error(error);
    res.destroy();
  });
});
console.log(`listening on ${issuer}`);
