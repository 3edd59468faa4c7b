// What a bad release does at its start, as its release.json says.
'use strict';

const database = require('./database');
const { fail, release } = require('../service');

const CHUNK_BYTES = 8 * 1024 * 1024;
// a small machine must survive it when nothing stops the release
const EATEN_BYTES = 1024 * 1024 * 1024;
const LINE_BYTES = 100;

async function begin() {
  if (release.log_bytes) log(release.log_bytes);
  const name = release.needs_variable;
  if (name && !process.env[name]) fail(`missing environment variable ${name}`);
  if (release.needs_database) await database.ping().catch((error) => fail(`PostgreSQL: ${error.message || error.code}`));
  if (release.eats_memory) eat();
}

// Buffers lie outside of Node's own limits, so only the host's limit ends this.
function eat(eaten = []) {
  eaten.push(Buffer.alloc(CHUNK_BYTES, 1));
  if (eaten.length * CHUNK_BYTES < EATEN_BYTES) setImmediate(eat, eaten);
  else setInterval(() => eaten.length, 60_000).unref();
}

// Every tenth line holds bytes that are no UTF-8.
function log(bytes) {
  for (let number = 1; number * LINE_BYTES <= bytes; number += 1) {
    const line = Buffer.from(`line ${number} `.padEnd(LINE_BYTES - 1, '.') + '\n');
    if (number % 10 === 0) line.set([0xff, 0xc3, 0x28, 0x80], LINE_BYTES - 10);
    process.stdout.write(line);
  }
}

module.exports = { begin };
