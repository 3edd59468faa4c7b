// Apply the numbered migrations that the database does not have yet, all or none; safe to run twice or on two hosts.
'use strict';

const fs = require('fs');
const path = require('path');
const { Client } = require('pg');
const { settings } = require('./database');

const FOLDER = path.join(__dirname, 'migrations');
// any number, the same in every release: whoever migrates this system takes this lock
const LOCK = 7_317_710;

async function migrate(client) {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  await client.query(
    'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())'
  );
  const known = new Set((await client.query('SELECT name FROM schema_migrations')).rows.map((row) => row.name));
  const files = fs.readdirSync(FOLDER).filter((name) => name.endsWith('.sql')).sort();
  const fresh = files.filter((name) => !known.has(name));
  for (const name of fresh) {
    await client.query(fs.readFileSync(path.join(FOLDER, name), 'utf8'));
    await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [name]);
    console.log(`applied ${name}`);
  }
  await client.query('COMMIT');
  console.log(fresh.length ? `${fresh.length} applied` : `nothing to do: all ${files.length} are applied`);
}

async function main() {
  const client = new Client(settings);
  await client.connect();
  try {
    // an uncommitted transaction ends with the connection
    await migrate(client);
  } finally {
    await client.end();
  }
}

main().catch((error) => {
  console.error(`migrate: ${error.message}`);
  process.exitCode = 1;
});
