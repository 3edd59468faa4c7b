// The backend of a lab system: items in PostgreSQL, cached in Redis where there is one.
'use strict';

const { HOST, answer, probe, release, serve } = require('../service');
const cache = require('./cache');
const database = require('./database');
const faults = require('./faults');

const PROBE_MS = 1000;
const ITEMS = 'items';
const ITEMS_SECONDS = 1;
const BODY_BYTES = 64 * 1024;

const postgresql = probe('PostgreSQL', PROBE_MS, database.ping);
const redis = probe('Redis', PROBE_MS, cache.ping);

function health(request, response) {
  const sick = release.unhealthy_on.includes(HOST);
  const good = postgresql.ok && redis.ok && !sick;
  const body = {
    status: good ? 'ok' : 'unhealthy',
    version: release.version,
    postgresql: postgresql.ok ? 'ok' : postgresql.error,
    redis: !cache.used ? 'none' : redis.ok ? 'ok' : redis.error,
  };
  if (sick) body.reason = `${release.version} is never healthy on ${HOST}`;
  answer(response, good ? 200 : 503, body);
}

function version(request, response) {
  answer(response, 200, { version: release.version, host: HOST, slot: process.env.SLOT || null });
}

async function listItems(request, response) {
  const cached = await cache.get(ITEMS);
  if (cached) return answer(response, 200, JSON.parse(cached), { headers: { 'X-Cache': 'redis' } });
  const found = { items: await database.items() };
  await cache.set(ITEMS, JSON.stringify(found), ITEMS_SECONDS);
  answer(response, 200, found, { headers: { 'X-Cache': 'none' } });
}

async function addItem(request, response) {
  let item;
  try {
    item = JSON.parse(await body(request));
  } catch (error) {
    return answer(response, 400, { error: `not JSON: ${error.message}` });
  }
  if (!item || typeof item.name !== 'string') return answer(response, 400, { error: 'name is missing' });
  const added = await database.addItem(item.name, item.note ?? null);
  await cache.forget(ITEMS);
  answer(response, 201, added);
}

function slow(request, response, url) {
  const seconds = Number(url.searchParams.get('seconds') || 1);
  setTimeout(() => answer(response, 200, { version: release.version, seconds }), seconds * 1000);
}

async function body(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_BYTES) throw new Error('the body is too long');
  }
  return text;
}

faults.begin().then(() =>
  serve('backend', {
    'GET /health': health,
    'GET /health/ready': health,
    'GET /api/health': health,
    'GET /api/version': version,
    'GET /api/items': listItems,
    'POST /api/items': addItem,
    'GET /api/slow': slow,
  })
);
