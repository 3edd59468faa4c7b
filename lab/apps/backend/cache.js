// A cache in Redis that is never needed: without it the answer comes from PostgreSQL. A system may have none.
'use strict';

const { within } = require('../service');

// as long as PostgreSQL's health check: a busy machine may stall for a second or two
const PROBE_TIMEOUT_MS = 3000;
// the answer is in PostgreSQL, too
const REQUEST_TIMEOUT_MS = 1000;

const used = Boolean(process.env.REDIS_HOST);

let client = null;

// Read where there is one: it takes a start as long as all the rest.
function connect() {
  const { createClient } = require('redis');
  client = createClient({
    password: process.env.REDIS_PASSWORD,
    // fail at once while Redis is away instead of keeping requests waiting for it
    disableOfflineQueue: true,
    socket: {
      host: process.env.REDIS_HOST,
      port: Number(process.env.REDIS_PORT || 6379),
      connectTimeout: PROBE_TIMEOUT_MS,
      reconnectStrategy: () => 500,
    },
  });
  client.on('error', () => {}); // the probe reports it
  const connecting = client.connect();
  connecting.catch(() => {});
  return connecting;
}

async function ping() {
  if (!used) return;
  try {
    if (!client) await within(PROBE_TIMEOUT_MS, 'Redis', connect());
    await within(PROBE_TIMEOUT_MS, 'Redis', client.ping());
  } catch (error) {
    // a connection that hangs is only noticed by the missing answer: begin a new one
    if (client.isReady) {
      const hung = client;
      connect();
      hung.disconnect().catch(() => {});
    }
    throw error;
  }
}

async function get(key) {
  if (!client || !client.isReady) return null;
  return within(REQUEST_TIMEOUT_MS, 'Redis', client.get(key)).catch(() => null);
}

async function set(key, value, seconds) {
  if (client && client.isReady) await within(REQUEST_TIMEOUT_MS, 'Redis', client.set(key, value, { EX: seconds })).catch(() => {});
}

async function forget(key) {
  if (client && client.isReady) await within(REQUEST_TIMEOUT_MS, 'Redis', client.del(key)).catch(() => {});
}

module.exports = { forget, get, ping, set, used };
