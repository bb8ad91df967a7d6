// Two realms of a hospital's identity provider: the npm package oidc-provider, with separate issuers and keys.
//
// Reads one JSON document from standard input:
//   {"ports": [0, 0], "ttl": 300, "username": "ana.souza", "password": "…", "clients": [CLIENT]}
// where a CLIENT is {"id", "secret", "alg", "claims", "ttl"?}; ttl is in seconds, claims go into its access tokens.
// Writes one line of JSON to standard output, {"issuers": [...]}, when both realms answer. Port 0 takes a free one. Keys
// are made anew at every start: a restart on the same ports is a rotation. Everything listens on 127.0.0.1 only.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Provider, errors } from 'oidc-provider';

const wanted = JSON.parse(await text(process.stdin));
const HOST = '127.0.0.1';

function key(kind, options, alg) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
}

function resourceServer(resource, client) {
  const { alg, ttl = wanted.ttl } = wanted.clients.find(({ id }) => id === client.clientId);
  return { audience: resource, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: ttl, jwt: { sign: { alg } } };
}

function lifetime(_ctx, token) {
  return token.resourceServer?.accessTokenTTL ?? wanted.ttl;
}

function configuration() {
  return {
    jwks: { keys: [key('ec', { namedCurve: 'P-256' }, 'ES256'), key('rsa', { modulusLength: 2048 }, 'RS256')] },
    cookies: { keys: [randomUUID()] },
    clients: wanted.clients.map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials', 'password'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_ctx, resource, client) => resourceServer(resource, client) },
    },
    ttl: { AccessToken: lifetime, ClientCredentials: lifetime, IdToken: wanted.ttl, Grant: wanted.ttl },
    extraTokenClaims: (_ctx, token) => wanted.clients.find(({ id }) => id === token.clientId).claims,
    findAccount: (_ctx, id) => (id === wanted.username ? { accountId: id, claims: () => ({ sub: id }) } : undefined),
  };
}

// RFC 6749, section 4.3: username and password for tokens; oidc-provider leaves this grant to whoever runs it.
async function passwordGrant(ctx) {
  const { client, params, provider } = ctx.oidc;
  if (params.username !== wanted.username || params.password !== wanted.password) {
    throw new errors.InvalidGrant('wrong username or password');
  }
  const grant = new provider.Grant({ clientId: client.clientId, accountId: wanted.username });
  grant.addOIDCScope('openid');
  const token = new provider.AccessToken({
    accountId: wanted.username, client, grantId: await grant.save(), gty: 'password', scope: 'openid',
  });
  if (params.resource) {
    token.resourceServer = new provider.ResourceServer(params.resource, resourceServer(params.resource, client));
    token.scope = undefined;
  }
  const identity = new provider.IdToken({ sub: wanted.username, preferred_username: wanted.username }, { ctx });
  identity.scope = 'openid';
  identity.set('sub', wanted.username);
  identity.set('preferred_username', wanted.username);
  ctx.body = {
    access_token: await token.save(),
    id_token: await identity.issue({ use: 'idtoken' }),
    expires_in: token.expiration,
    token_type: token.tokenType,
    scope: 'openid',
  };
}

async function realm(port) {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const issuer = `http://${HOST}:${server.address().port}`;
  const provider = new Provider(issuer, configuration());
  provider.registerGrantType('password', passwordGrant, ['username', 'password', 'scope', 'resource']);
  server.on('request', provider.callback());
  return issuer;
}

const issuers = await Promise.all(wanted.ports.map(realm));
process.stdout.write(`${JSON.stringify({ issuers })}\n`);
