// Items in PostgreSQL. Works before the first migration and with the schema of the release before or after.
'use strict';

const { Pool } = require('pg');
const { within } = require('../service');

// A health check must know soon, but a busy machine may stall for a second or two. A request may wait for a connection
// of a slot that has only just got all the traffic; a health check has its own and waits for none.
const PROBE_TIMEOUT_MS = 3000;
const REQUEST_TIMEOUT_MS = 10_000;
const POOL_SIZE = Number(process.env.DATABASE_POOL_SIZE || 10);

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_COLUMN = '42703';

const settings = {
  host: process.env.DATABASE_HOST,
  port: Number(process.env.DATABASE_PORT || 5432),
  database: process.env.DATABASE_NAME,
  user: process.env.DATABASE_USER,
  password: process.env.DATABASE_PASSWORD,
  connectionTimeoutMillis: REQUEST_TIMEOUT_MS,
};

const pools = {};

function pool(name, size) {
  if (!pools[name]) {
    pools[name] = new Pool({ ...settings, max: size, query_timeout: REQUEST_TIMEOUT_MS });
    // an idle connection that the server closed is replaced by the pool; without a listener it would end the process
    pools[name].on('error', () => {});
  }
  return pools[name];
}

const query = (text, values) => pool('requests', POOL_SIZE).query(text, values);

async function ping() {
  await within(PROBE_TIMEOUT_MS, 'PostgreSQL', pool('health', 1).query('SELECT 1'));
}

async function items() {
  try {
    return (await query('SELECT * FROM items ORDER BY id DESC LIMIT 20')).rows;
  } catch (error) {
    if (error.code === UNDEFINED_TABLE) return [];
    throw error;
  }
}

async function addItem(name, note) {
  try {
    return (await query('INSERT INTO items (name, note) VALUES ($1, $2) RETURNING *', [name, note])).rows[0];
  } catch (error) {
    if (error.code !== UNDEFINED_COLUMN) throw error;
    return (await query('INSERT INTO items (name) VALUES ($1) RETURNING *', [name])).rows[0];
  }
}

module.exports = { addItem, items, ping, settings };
