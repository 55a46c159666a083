// A Better Auth server, configured in every way whose tokens the API meets.
// All configurations share one database and secret, and so one signing key: what
// differs between their tokens is only what the configuration says.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";
import pg from "pg";

const AN_HOUR_AGO = Math.floor(Date.now() / 1000) - 3600;
const inCookie = { session: { cookieCache: { enabled: true, strategy: "jwt" } } };

const configurations = {
  "/api/auth": { plugins: [jwt()] },
  "/other-audience": { plugins: [jwt({ jwt: { audience: "https://other.example" } })] },
  "/other-issuer": { plugins: [jwt({ jwt: { issuer: "https://other.example" } })] },
  "/an-hour-ago": {
    plugins: [jwt({ jwt: { definePayload: ({ user }) => ({ ...user, iat: AN_HOUR_AGO }) } })],
  },
  "/cookie": { plugins: [jwt()], ...inCookie },
  "/cookie-signed": { plugins: [jwt({ sessionCookieCache: true })], ...inCookie },
};

const database = new pg.Pool({ connectionString: process.env.DATABASE_URL });

const options = (baseURL, basePath, { plugins, ...rest }) => ({
  baseURL,
  basePath,
  secret: process.env.BETTER_AUTH_SECRET,
  database,
  emailAndPassword: { enabled: true },
  user: { deleteUser: { enabled: true } },
  plugins: [...plugins, bearer()],
  telemetry: { enabled: false },
  logger: { level: "error" },
  ...rest,
});

const server = createServer().listen(0, "127.0.0.1", async () => {
  const origin = `http://127.0.0.1:${server.address().port}`;
  const every = Object.entries(configurations).map(([path, own]) => options(origin, path, own));
  await (await getMigrations(every[0])).runMigrations();
  const handlers = every.map((one) => [`${one.basePath}/`, toNodeHandler(betterAuth(one))]);
  server.on("request", (request, response) => {
    const [, handle] = handlers.find(([path]) => request.url.startsWith(path)) ?? [];
    handle ? handle(request, response) : response.writeHead(404).end();
  });
  console.log(origin);
});

// The server ends with its standard input, so it cannot outlive whoever started it.
process.stdin.on("end", () => process.exit()).resume();
